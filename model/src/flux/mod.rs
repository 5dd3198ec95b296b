//! The objects of Flux: their kinds, what their JSON says, and which of them a target is made of.
//!
//! Each update is read together with the reading before it, because the heartbeats of Flux overwrite an
//! outcome that still holds. The recordings in `testdata` show what Flux 2.9 really writes.

mod chart;
mod deployment;
mod event;
mod git_repository;
mod helm;
mod kind;
mod kustomization;
pub mod membership;
mod object;
mod object_ref;
mod source;
mod text;

pub use chart::HelmChartReading;
pub use deployment::{DeploymentReading, image_tag};
pub use event::{FluxEvent, Stage};
pub use git_repository::GitRepositoryReading;
pub(crate) use helm::is_helms;
pub use helm::{HelmReleaseReading, Snapshot};
pub use kind::{Kind, SourceKind};
pub use kustomization::KustomizationReading;
pub use object::{Condition, Outcome, name_of, sequence_of};
pub use object_ref::{ClusterObject, ObjectRef};
pub use source::SourceReading;
pub use text::{cut, say};
