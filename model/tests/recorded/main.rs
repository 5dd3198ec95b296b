//! The rules held against what really happened: two recordings of real Flux on real API servers, replayed
//! update by update.
#![allow(
    clippy::expect_used,
    reason = "a recording that cannot be read fails its test"
)]

mod replay;
mod twelve_steps;
mod whole_world;
