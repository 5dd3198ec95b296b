//! What real Flux did, written down: each change of Flux's objects in a cluster, in order, for fast tests
//! to replay. Nothing of the machine is in it: ports are left out, and who managed which field.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use futures::StreamExt as _;
use kube::Api;
use kube::core::{DynamicObject, GroupVersionKind};
use kube::discovery::ApiResource;
use kube::runtime::{WatchStreamExt as _, watcher};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio_util::task::AbortOnDropHandle;

use crate::objects;
use crate::world::Cell;

/// The kinds that are written down: `(group, version, kind, plural)`.
const KINDS: [(&str, &str, &str, &str); 6] = [
    (
        "source.toolkit.fluxcd.io",
        "v1",
        "GitRepository",
        "gitrepositories",
    ),
    (
        "source.toolkit.fluxcd.io",
        "v1",
        "HelmRepository",
        "helmrepositories",
    ),
    ("source.toolkit.fluxcd.io", "v1", "HelmChart", "helmcharts"),
    (
        "kustomize.toolkit.fluxcd.io",
        "v1",
        "Kustomization",
        "kustomizations",
    ),
    (
        "helm.toolkit.fluxcd.io",
        "v2",
        "HelmRelease",
        "helmreleases",
    ),
    ("apps", "v1", "Deployment", "deployments"),
];
const LOOPBACK: &str = "127.0.0.1:";

/// A running recording; it ends when it is dropped.
pub struct Recorder {
    book: Arc<Mutex<Book>>,
    _watching: Vec<AbortOnDropHandle<()>>,
}

struct Book {
    file: BufWriter<File>,
    step: String,
}

impl Recorder {
    /// Writes what happens in these cells into a file, a line of JSON for each change: `at`, `step`,
    /// `cluster` and the whole `object`.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn start<'a>(cells: impl Iterator<Item = &'a Cell>, path: &Path) -> anyhow::Result<Self> {
        let file = File::create(path).with_context(|| format!("{}", path.display()))?;
        let book = Arc::new(Mutex::new(Book {
            file: BufWriter::new(file),
            step: "start".to_owned(),
        }));
        let mut watching = Vec::new();
        for cell in cells {
            for (group, version, kind, plural) in KINDS {
                let kind = GroupVersionKind::gvk(group, version, kind);
                let resource = ApiResource::from_gvk_with_plural(&kind, plural);
                let objects: Api<DynamicObject> = Api::all_with(cell.client(), &resource);
                let (book, cluster) = (Arc::clone(&book), cell.name);
                let changes = watcher(objects, watcher::Config::default()).default_backoff();
                let writing = changes.applied_objects().for_each(move |change| {
                    if let Ok(object) = change
                        && let Err(error) = book.lock().write(cluster, &object)
                    {
                        tracing::error!("a change was not written down: {error:#}");
                    }
                    std::future::ready(())
                });
                watching.push(AbortOnDropHandle::new(tokio::spawn(writing)));
            }
        }
        Ok(Self {
            book,
            _watching: watching,
        })
    }

    /// What happens from now on belongs to this step.
    pub fn step(&self, name: &str) {
        name.clone_into(&mut self.book.lock().step);
    }
}

impl Book {
    fn write(&mut self, cluster: &str, object: &DynamicObject) -> anyhow::Result<()> {
        let mut object = serde_json::to_value(object)?;
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.remove("managedFields");
        }
        without_ports(&mut object);
        let line = json!({
            "at": objects::now(), "step": self.step, "cluster": cluster, "object": object,
        });
        writeln!(self.file, "{line}")?;
        Ok(self.file.flush()?)
    }
}

/// Takes the port from every address on loopback.
fn without_ports(value: &mut Value) {
    match value {
        Value::String(text) => {
            let mut parts = text.split(LOOPBACK);
            let mut clean = parts.next().unwrap_or_default().to_owned();
            for part in parts {
                clean.push_str(LOOPBACK.trim_end_matches(':'));
                clean.push_str(part.trim_start_matches(|letter: char| letter.is_ascii_digit()));
            }
            *text = clean;
        }
        Value::Array(items) => items.iter_mut().for_each(without_ports),
        Value::Object(fields) => fields.values_mut().for_each(without_ports),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_left_out_and_nothing_else() {
        let mut object = json!({"url": "http://127.0.0.1:20123/a", "port": 20123, "list": ["127.0.0.1:1 and 127.0.0.1:2"]});
        without_ports(&mut object);
        assert_eq!(
            object,
            json!({"url": "http://127.0.0.1/a", "port": 20123, "list": ["127.0.0.1 and 127.0.0.1"]})
        );
    }
}
