//! The start of the lab: the embedded promotion repository with the history of a week, so that the page
//! is alive at the first look.

mod history;
mod import;
mod seeder;
mod week;

#[cfg(test)]
pub(crate) use self::history::FILES;
pub use self::history::{Deployed, DeployedStatus, Seed, provider_uid, status_context};
pub(crate) use self::seeder::seed;
