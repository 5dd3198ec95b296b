//! The embedded world of Weft: a forge, clusters, live applications and a dashboard, over real sockets
//! and real git. Nothing outside this crate knows that it is not the real thing.

pub mod clock;
pub mod clusters;
pub mod faults;
mod http_client;

use http_client::http_client;
