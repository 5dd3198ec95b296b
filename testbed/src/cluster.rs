//! A cluster by itself: an API server over a store of its own, in a folder that is removed with it.

use std::path::Path;

use tempfile::TempDir;

use crate::control_plane::{ControlPlane, Etcd};
use crate::definitions;

/// A cluster without Flux's controllers. What is declared first ends first: an API server without its
/// store takes a minute to end.
pub struct Cluster {
    pub plane: ControlPlane,
    pub etcd: Etcd,
    folder: TempDir,
}

impl Cluster {
    /// Starts a cluster that knows Kubernetes' own objects only.
    pub fn bare(name: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let etcd = Etcd::start(folder.path())?;
        let plane = ControlPlane::start(etcd.url(), name, &folder.path().join(name))?;
        Ok(Self {
            plane,
            etcd,
            folder,
        })
    }

    /// Starts a cluster that knows Flux's objects.
    pub fn with_flux(name: &str) -> anyhow::Result<Self> {
        let cluster = Self::bare(name)?;
        cluster.plane.define(&definitions::flux()?)?;
        Ok(cluster)
    }

    /// The folder of everything that it writes, and for its user's own files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}
