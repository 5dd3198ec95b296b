//! The clusters: their API, what their controllers do by themselves, and that it is what real Flux did.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod api;
mod process;
mod recorded;
mod world;
