//! Clusters whose API server behaves as a script says, for what a real one cannot be made to do.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

mod access;
mod away;
mod script;
mod watch;
mod weft;
