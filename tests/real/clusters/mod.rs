//! Weft's watches beside a real API server: the ways into it, what happens to it, and the rights.

mod away;
mod gate;
mod pod;
mod prod;
mod rights;
mod watch;
#[path = "../../../proxy/tests/clusters/weft.rs"]
mod weft;
