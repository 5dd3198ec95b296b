//! What people do to promotions, as themselves: look at one, approve it, merge it, refuse it.
//!
//! `reading` reads a promotion anew, `card` shows it, `protocol` is what every write goes through,
//! `approve` and `refuse` are the two writes. GitHub's rules decide; these refuse earlier, never later.

mod approve;
mod card;
mod error;
mod evidence;
mod permits;
mod protocol;
mod reading;
mod refuse;

pub use approve::approve;
pub use card::card;
pub use error::ActionError;
pub use refuse::refuse;
