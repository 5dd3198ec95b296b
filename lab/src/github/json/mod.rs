//! The JSON of REST answers and webhook bodies, in the shapes of GitHub's published API description.

mod checks;
mod commits;
mod format;
mod people;
mod pulls;
mod repositories;

pub(crate) use self::checks::{check_run, status, workflow_run};
pub(crate) use self::commits::{commit, file, git_ref};
pub(crate) use self::format::stamp;
pub(crate) use self::people::user;
pub(crate) use self::pulls::{comment, pull, pull_detail, review};
pub(crate) use self::repositories::{full_repository, repository};
