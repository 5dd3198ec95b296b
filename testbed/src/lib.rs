//! The real world of Weft beside the lab: etcd, Kubernetes' API server and controller manager, Flux's
//! controllers, Helm and podinfo as they are, with a stand-in for the kubelet and for the one
//! controller that cannot be built, all on loopback. `cargo xtask` builds these programs and says by
//! variables where they are.

pub mod control_plane;
pub mod definitions;
pub mod egress_proxy;
pub mod flux;
pub mod node;
mod objects;
pub mod process;
pub mod record;
mod reflection;
pub mod weft;
pub mod world;

pub use weft::Weft;
pub use world::{ENVIRONMENTS, Environment, World};
