//! What the objects of Flux mean to the server: observations, journal entries, requests to reconcile.
//!
//! A [`ClusterTask`] holds one watch for each kind of a cluster. The HTTP to the API server is in
//! `kubernetes`.

mod deployments;
mod health;
mod journal_writer;
mod reconcile_requests;
mod task;
mod watch;
mod weave_gitops;

pub(crate) use reconcile_requests::{
    EnvironmentKey, ReconcileRequests, is_handled, is_suspended, request_reconciliation, text,
};
pub(crate) use task::ClusterTask;
pub(crate) use weave_gitops::dashboard_page;
