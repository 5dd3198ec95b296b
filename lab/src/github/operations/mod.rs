//! The writes: each operation checks who may, changes the state, and publishes events. REST, GraphQL,
//! the jobs and the demo's steps all come through here.

pub(crate) mod commits;
pub(crate) mod merge;
pub(crate) mod pulls;
pub(crate) mod pushes;
pub(crate) mod reviews;
pub(crate) mod statuses;

use super::accounts::{Account, Permission};
use super::error::ApiError;
use super::repository::{Pull, RepositoryState};

/// Fails with 403 for accounts that may not write.
pub(crate) fn require_write(by: &Account) -> Result<(), ApiError> {
    if by.permission < Permission::Write {
        return Err(ApiError::forbidden());
    }
    Ok(())
}

/// Looks up a pull request, or fails with 404.
pub(crate) fn pull(state: &RepositoryState, number: u64) -> Result<&Pull, ApiError> {
    state.pulls.get(&number).ok_or_else(ApiError::not_found)
}

/// Looks up a pull request to change it, or fails with 404.
pub(crate) fn pull_mut(state: &mut RepositoryState, number: u64) -> Result<&mut Pull, ApiError> {
    state.pulls.get_mut(&number).ok_or_else(ApiError::not_found)
}
