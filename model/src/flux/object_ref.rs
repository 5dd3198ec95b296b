//! References to objects of a cluster by kind and name.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Kind;
use crate::pipeline::ObjectName;

/// An object by its kind and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ObjectRef {
    pub kind: Kind,
    pub name: ObjectName,
}

impl ObjectRef {
    /// Creates a reference to an object of a kind.
    #[must_use]
    pub fn new(kind: Kind, name: &ObjectName) -> Self {
        let name = name.clone();
        Self { kind, name }
    }

    /// Reads `Kind/namespace/name`; `None` for other shapes and for kinds that Weft does not read.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let (kind, namespace, name) = (parts.next()?, parts.next()?, parts.next()?);
        let object = Self {
            kind: Kind::named(kind)?,
            name: ObjectName::new(namespace, name),
        };
        parts.next().is_none().then_some(object)
    }
}

/// `HelmRelease app-podinfo/podinfo`, as in sentences.
impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.as_str(), self.name)
    }
}

/// An object of a named cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClusterObject {
    pub cluster: String,
    pub object: ObjectRef,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_named_by_three_parts_and_no_more() {
        let object = ObjectRef::parse("HelmRelease/app-podinfo/podinfo").unwrap();
        assert_eq!(object.to_string(), "HelmRelease app-podinfo/podinfo");
        for wrong in [
            "",
            "HelmRelease",
            "HelmRelease/a",
            "HelmRelease/a/b/c",
            "Secret/a/b",
        ] {
            assert_eq!(ObjectRef::parse(wrong), None, "{wrong}");
        }
    }
}
