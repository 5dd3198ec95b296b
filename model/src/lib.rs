//! The vocabulary of Weft and the rules over it.
//!
//! Everything here is a value or a function from values to values: no I/O, no clock, no randomness.
//! The server and the browser share these types; `chain`, `gate` and `board` hold the product's truth.

pub mod api;
pub mod board;
pub mod chain;
pub mod colour;
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
