//! The domain of Weft and the rules over it.
//!
//! All functions are pure: no I/O, no clock, no randomness. The server and the page share these types. The
//! rules are in `chain` (links and verdicts), `gate`, `rollout` and `board`; `api` holds the other bodies of
//! the HTTP interface, and no rule imports it.

pub mod api;
pub mod board;
pub mod chain;
pub mod colour;
pub mod environment;
pub mod flux;
pub mod gate;
pub mod journal;
pub mod observation;
#[cfg(feature = "openapi")]
mod openapi;
pub mod pipeline;
pub mod promotion;
pub mod release;
pub mod release_history;
pub mod rollout;
pub mod time;

pub use colour::Colour;
pub use observation::{Observation, Observations};
pub use pipeline::{EnvironmentName, PipelineName, PipelineSpec};
pub use release::{AppVersion, ChartVersion, CommitId, Release};
pub use time::Timestamp;
