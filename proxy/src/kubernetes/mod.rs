//! The client of a cluster: list, watch, read, annotate, access review, events, and what can go wrong.
//!
//! What the objects mean to the server is in `flux`.

mod api_resource;
mod client;
mod cluster;
mod error;
mod events;
mod list;
mod object;
mod reflector;
mod requests;

pub(crate) use cluster::{Cluster, Clusters};
pub(crate) use error::{Error, Reason};
pub(crate) use list::ResourceClient;
pub(crate) use object::ObjectJson;
pub(crate) use reflector::{Reflector, ReflectorEvent};
