//! What can be done to a repository: each act checks who may, changes the state, and returns what
//! happened. REST, GraphQL, the jobs and the control surface all come through here.

pub(crate) mod commits;
pub(crate) mod marks;
pub(crate) mod merge;
pub(crate) mod pulls;
pub(crate) mod pushes;
pub(crate) mod reviews;

use super::accounts::{Account, Permission};
use super::refusal::Refusal;
use super::state::{Pull, RepositoryState};

/// Refuses those who may not write.
pub(crate) fn require_write(by: &Account) -> Result<(), Refusal> {
    if by.permission < Permission::Write {
        return Err(Refusal::forbidden());
    }
    Ok(())
}

/// The pull request of a number.
pub(crate) fn pull(state: &RepositoryState, number: u64) -> Result<&Pull, Refusal> {
    state.pulls.get(&number).ok_or_else(Refusal::not_found)
}

/// The pull request of a number, to be changed.
pub(crate) fn pull_mut(state: &mut RepositoryState, number: u64) -> Result<&mut Pull, Refusal> {
    state.pulls.get_mut(&number).ok_or_else(Refusal::not_found)
}
