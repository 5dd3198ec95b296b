//! Actions of signed-in people, with their own credentials: approve, merge and refuse a promotion, start a
//! release, promote what a lost dispatch did not, and reconcile an environment.
//!
//! `reading` reads a promotion, `card` shows it, `approval` acts on it. GitHub's rules decide; the rules here
//! reject earlier, never later.

mod approval;
mod card;
mod error;
mod evidence;
mod permissions;
mod promote;
mod reading;
mod reconcile;
mod release;

pub use approval::{approve, refuse};
pub use card::card;
pub use error::ActionError;
pub use promote::promote;
pub use reconcile::{reconcile, reconcile_view};
pub use release::{release_plan, start_release};
