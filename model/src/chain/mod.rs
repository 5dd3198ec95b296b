//! The four links that must agree, and the verdict that they add up to.
//!
//! A verdict is decided by the first link that does not hold. It is `proven` only if all four hold, each
//! by its own source and each fresh; no other rule may set it.

mod applied;
mod charts;
mod context;
mod declared;
mod deployed;
mod images;
mod link;
mod notification;
mod serving;
mod target_context;

pub(crate) use charts::found;
pub use context::{Context, Tolerances};
pub use link::{Chain, Evidence, Link, LinkName, LinkState, Verdict, VerdictState};
pub use target_context::chain;
