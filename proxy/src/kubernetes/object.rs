//! An object of Kubernetes as it comes over the wire, without what nobody reads.

use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ListMeta;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Who wrote which field: as long as all the rest of an object, and read by nobody here.
const MANAGED_FIELDS: &str = "managedFields";

/// The JSON of an object, without `metadata.managedFields`.
#[derive(Clone, Debug)]
pub(crate) struct ObjectJson(pub(crate) Value);

/// One page of a list.
#[derive(Debug, Deserialize)]
pub(super) struct ListPage {
    pub(super) metadata: ListMeta,
    /// Unparsed: read one by one, they take a tenth of the memory.
    pub(super) items: Vec<Box<RawValue>>,
}

impl<'de> Deserialize<'de> for ObjectJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Part::Whole.deserialize(deserializer).map(Self)
    }
}

impl ObjectJson {
    pub(super) fn resource_version(&self) -> Option<String> {
        let version = self.0.pointer("/metadata/resourceVersion")?;
        version.as_str().map(str::to_owned)
    }
}

/// The part of an object that is read.
#[derive(Clone, Copy)]
enum Part {
    Whole,
    Metadata,
}

impl<'de> DeserializeSeed<'de> for Part {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Part {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of Kubernetes")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut read = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = match self {
                Self::Whole if key == "metadata" => map.next_value_seed(Self::Metadata)?,
                Self::Metadata if key == MANAGED_FIELDS => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
                _ => map.next_value()?,
            };
            read.insert(key, value);
        }
        Ok(Value::Object(read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_object_is_read_whole_but_for_its_managed_fields() {
        let wire = json!({
            "metadata": {"name": "podinfo", "managedFields": [{"manager": "helm"}], "uid": "1"},
            "spec": {"metadata": {"managedFields": "the app's own"}},
            "status": {"history": [{"version": 1}]},
        });
        let ObjectJson(read) = serde_json::from_str(&wire.to_string()).unwrap();
        let expected = json!({
            "metadata": {"name": "podinfo", "uid": "1"},
            "spec": {"metadata": {"managedFields": "the app's own"}},
            "status": {"history": [{"version": 1}]},
        });
        assert_eq!(read, expected);
    }

    #[test]
    fn the_last_page_has_no_next_one() {
        let page: ListPage =
            serde_json::from_str(r#"{"metadata": {"resourceVersion": "7"}, "items": []}"#).unwrap();
        assert_eq!(page.metadata.resource_version.as_deref(), Some("7"));
        assert_eq!(page.metadata.continue_, None);
    }
}
