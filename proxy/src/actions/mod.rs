//! What people do, as themselves: look at a promotion, approve it, merge it, refuse it; start a release;
//! have Flux look now.
//!
//! `reading` reads a promotion anew, `card` shows it, `protocol` is what every write goes through,
//! `approve` and `refuse` are the two writes. GitHub's rules decide; these refuse earlier, never later.

mod approve;
mod card;
mod error;
mod evidence;
mod permits;
mod promote;
mod protocol;
mod reading;
mod reconcile;
mod refuse;
mod release;

pub use approve::approve;
pub use card::card;
pub use error::ActionError;
pub use promote::promote;
pub use reconcile::{reconcile, reconcile_view};
pub use refuse::refuse;
pub use release::{release_plan, start_release};
