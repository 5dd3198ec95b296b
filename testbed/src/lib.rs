//! The real world of Weft beside the lab: etcd, Kubernetes' API server and controller manager, Flux's
//! controllers, Helm and podinfo as they are, with a stand-in for the kubelet and for the one
//! controller that cannot be built, all on loopback. `cargo xtask` builds these programs and says by
//! variables where they are.

mod cluster;
mod control_plane;
mod definitions;
mod egress_proxy;
mod flux;
mod node;
mod objects;
pub mod process;
pub mod record;
mod reflection;
mod weft;
mod world;

pub use cluster::Cluster;
pub use weft::Weft;
pub use world::{ENVIRONMENTS, Environment, World};
