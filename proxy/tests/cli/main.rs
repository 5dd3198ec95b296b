//! `weft release`, `weft promote` and `weft verify` as a person and as a workflow run them: the program
//! itself, ordinary clones, and the lab's forge over sockets.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

mod promote;
mod release;
mod serve;
mod verify;
mod world;
