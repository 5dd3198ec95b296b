//! The embedded world of Weft: a forge, clusters, live applications and a dashboard, over real sockets
//! and real git. Nothing outside this crate knows that it is not the real thing.

pub mod apps;
pub mod clock;
pub mod clusters;
mod dashboard;
pub mod faults;
pub mod github;
pub mod jobs;
mod loopback;
pub mod scenario;
pub mod seed;
mod signature;
mod templates;
mod world;

use loopback::http_client;

pub use jobs::ENVIRONMENTS;
pub use signature::sign;
pub use world::{BranchBuild, Forge, ForgeOptions, Lab, LabOptions, PullState, PullSummary};
