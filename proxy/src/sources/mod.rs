//! The outside turned into observations: GitHub and the live apps; `flux` does the same for clusters.
//!
//! Each source records observations on the boards and reports when it is lost; webhooks have it read at once.

mod github;
mod live;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::AppState;
use crate::flux::ClusterTask;

/// Starts all sources and the tasks of the boards. They run until `ending`; the tracker waits for the last
/// of them.
pub fn start(app: &AppState, ending: &CancellationToken) -> TaskTracker {
    let tasks = TaskTracker::new();
    app.boards.run(&app.journal, &tasks, ending);
    github::start(app, &tasks, ending);
    for config in &app.config.clusters {
        if let Some(cluster) = app.clusters.get(&config.name) {
            let task = ClusterTask {
                name: config.name.clone(),
                cluster: Arc::clone(cluster),
                boards: Arc::clone(&app.boards),
                reconcile_requests: Arc::clone(&app.reconcile_requests),
                journal: Arc::clone(&app.journal),
                clock: Arc::clone(&app.clock),
            };
            task.spawn(&tasks, ending);
        }
    }
    live::start(app, &tasks, ending);
    tasks.close();
    tasks
}
