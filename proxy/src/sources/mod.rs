//! The outside turned into observations: GitHub, the clusters' Flux objects, and the live apps.
//!
//! Each source writes into the boards and says when it is lost; webhooks only make it look at once.

mod declaration;
mod flux;
mod github;
mod live;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::AppState;

pub(crate) use declaration::release_in;
pub(crate) use flux::{Access, why};

/// Starts all sources and the boards that they feed. They run until `ending`; the tracker tells when
/// the last of them is done.
pub fn start(app: &AppState, ending: &CancellationToken) -> TaskTracker {
    let tasks = TaskTracker::new();
    app.boards.run(&app.journal, &tasks, ending);
    github::start(app, &tasks, ending);
    flux::start(app, &tasks, ending);
    live::start(app, &tasks, ending);
    tasks.close();
    tasks
}
