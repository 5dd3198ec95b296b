//! What we wrote, held against what we did not write: Kubernetes' API server with Flux's own
//! definitions, Helm, podinfo, and the linters of the formats that we use. `cargo xtask test --real`
//! builds these and says where they are; without it the tests here are left out.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

mod api_server;
mod clusters;
mod files;
mod go;
mod helm;
mod podinfo;
mod programs;
mod shell;
mod workflows;
