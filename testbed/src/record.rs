//! What really happened, written down for fast tests to replay: each change of Flux's objects, of what git
//! declares and of what the app answers, in order. Nothing of the machine is in it: ports are left out, and
//! who managed which field.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::StreamExt as _;
use kube::Api;
use kube::core::DynamicObject;
use kube::runtime::{WatchStreamExt as _, watcher};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use crate::objects;
use crate::process::run;
use crate::world::{Environment, World};

/// The kinds that are written down: `(group, version, kind, plural)`.
const KINDS: [(&str, &str, &str, &str); 9] = [
    (SOURCE, "v1", "GitRepository", "gitrepositories"),
    (SOURCE, "v1", "HelmRepository", "helmrepositories"),
    (SOURCE, "v1", "HelmChart", "helmcharts"),
    (KUSTOMIZE, "v1", "Kustomization", "kustomizations"),
    (HELM, "v2", "HelmRelease", "helmreleases"),
    (IMAGE, "v1", "ImageRepository", "imagerepositories"),
    (IMAGE, "v1", "ImagePolicy", "imagepolicies"),
    (
        IMAGE,
        "v1",
        "ImageUpdateAutomation",
        "imageupdateautomations",
    ),
    ("apps", "v1", "Deployment", "deployments"),
];
const HELM: &str = "helm.toolkit.fluxcd.io";
const KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io";
const SOURCE: &str = "source.toolkit.fluxcd.io";
const IMAGE: &str = "image.toolkit.fluxcd.io";
const LOOPBACK: &str = "127.0.0.1:";
/// Between two looks at git and at the apps.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// What an app may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// A running recording; it ends when it is dropped.
pub struct Recorder {
    book: Arc<Mutex<Recording>>,
    _watching: Vec<AbortOnDropHandle<()>>,
}

struct Recording {
    file: GzEncoder<File>,
    step: String,
    /// What was written last of each thing.
    last: BTreeMap<String, Value>,
}

impl Recorder {
    /// Writes what happens in this world into a file, gzipped, a line of JSON for each change: `at`,
    /// `step`, `cluster`, and one of `object` (whole), `git` (`head`, `tree` of the environment's folder,
    /// `wants`: the version or tag that its file asks for) and `served` (the app's own answer, or null).
    pub fn start(world: &World, path: &Path) -> anyhow::Result<Self> {
        let file = File::create(path).with_context(|| format!("{}", path.display()))?;
        let book = Arc::new(Mutex::new(Recording {
            file: GzEncoder::new(file, Compression::best()),
            step: "start".to_owned(),
            last: BTreeMap::new(),
        }));
        let mut watching = Vec::new();
        for environment in &world.environments {
            for kind in KINDS {
                watching.push(spawn(watch(Arc::clone(&book), environment, kind)));
            }
            let live = environment.live.join("api/info")?;
            watching.push(spawn(ask(Arc::clone(&book), environment.name, live)));
        }
        let repository = world.folder.join("forge/demo/podinfo.git");
        watching.push(spawn(read(Arc::clone(&book), repository)));
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

impl Drop for Recorder {
    fn drop(&mut self) {
        if let Err(error) = self.book.lock().file.try_finish() {
            tracing::error!("the recording has no end: {error}");
        }
    }
}

fn spawn(task: impl Future<Output = ()> + Send + 'static) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(task))
}

/// Writes down each change of a kind's objects.
fn watch(
    book: Arc<Mutex<Recording>>,
    environment: &Environment,
    (group, version, kind, plural): (&str, &str, &str, &str),
) -> impl Future<Output = ()> + use<> {
    let resource = objects::resource(group, version, kind, plural);
    let objects: Api<DynamicObject> = Api::all_with(environment.client(), &resource);
    let cluster = environment.name;
    watcher(objects, watcher::Config::default())
        .applied_objects()
        .for_each(move |change| {
            let away = change.is_err();
            if let Ok(Ok(mut object)) = change.map(serde_json::to_value) {
                clean(&mut object);
                let key = format!("{} {}", object["kind"], object["metadata"]["name"]);
                book.lock().note(cluster, &key, "object", object);
            }
            async move {
                // Where the API is away it is asked again soon: nothing is to be missed.
                if away {
                    tokio::time::sleep(POLL_INTERVAL).await;
                }
            }
        })
}

/// Asks an app again and again what it is.
async fn ask(book: Arc<Mutex<Recording>>, cluster: &'static str, url: Url) {
    let http = reqwest::Client::new();
    let mut looks = tokio::time::interval(POLL_INTERVAL);
    loop {
        looks.tick().await;
        let answer = async {
            let answer = http.get(url.clone()).timeout(ANSWER_TIMEOUT).send().await?;
            answer.error_for_status()?.json::<Value>().await
        };
        let served = answer.await.map_or(Value::Null, |answer| {
            json!({ "version": answer["version"], "revision": answer["revision"], "color": answer["color"] })
        });
        book.lock().note(cluster, "served", "served", served);
    }
}

/// Reads from the repository again and again what it declares for each environment.
async fn read(book: Arc<Mutex<Recording>>, repository: PathBuf) {
    let mut looks = tokio::time::interval(POLL_INTERVAL);
    let mut known = String::new();
    loop {
        looks.tick().await;
        let repository = repository.clone();
        let before = known.clone();
        let declared = tokio::task::spawn_blocking(move || declared(&repository, &before)).await;
        match declared {
            Ok(Ok(Some((head, declared)))) => {
                known = head;
                let mut book = book.lock();
                for (cluster, declared) in declared {
                    book.note(cluster, "git", "git", declared);
                }
            }
            Ok(Ok(None)) => {}
            Ok(Err(error)) => tracing::error!("git was not read: {error:#}"),
            Err(error) => tracing::error!("git was not read: {error}"),
        }
    }
}

/// The head of main, where it is another than before, and what it declares for each environment.
#[allow(clippy::type_complexity, reason = "a pair and a list, used once")]
fn declared(
    repository: &Path,
    before: &str,
) -> anyhow::Result<Option<(String, Vec<(&'static str, Value)>)>> {
    let git = |words: &[&str]| {
        let mut git = Command::new("git");
        git.arg("-C").arg(repository).args(words);
        run(&mut git, "")?.ok()
    };
    let head = git(&["rev-parse", "main"])?.trim().to_owned();
    if head == before {
        return Ok(None);
    }
    let mut declared = Vec::new();
    for name in crate::ENVIRONMENTS {
        let (file, key) = if name == "dev" {
            ("podinfo.yaml", "image: ghcr.io/demo/podinfo:")
        } else {
            ("podinfo-helmrelease.yaml", "      version: ")
        };
        let tree = git(&["rev-parse", &format!("{head}:environments/{name}")])?;
        let text = git(&["show", &format!("{head}:environments/{name}/{file}")])?;
        let wants = text.lines().find_map(|line| line.split_once(key));
        let wants = wants.and_then(|(_, rest)| rest.split('#').next());
        let wants = wants.map(|wants| wants.trim().trim_matches('"'));
        declared.push((
            name,
            json!({ "head": head, "tree": tree.trim(), "wants": wants }),
        ));
    }
    Ok(Some((head, declared)))
}

impl Recording {
    /// Writes something down, if it is not what was written of it last.
    fn note(&mut self, cluster: &str, thing: &str, kind: &str, value: Value) {
        let key = format!("{cluster} {thing}");
        if self.last.get(&key) == Some(&value) {
            return;
        }
        let line = json!({
            "at": objects::instant(), "step": self.step, "cluster": cluster, kind: value,
        });
        self.last.insert(key, value);
        if let Err(error) = writeln!(self.file, "{line}") {
            tracing::error!("a change was not written down: {error}");
        }
    }
}

/// Leaves out what says nothing of what happened.
fn clean(object: &mut Value) {
    if let Some(metadata) = object["metadata"].as_object_mut() {
        for nothing in ["managedFields", "resourceVersion", "uid"] {
            metadata.remove(nothing);
        }
    }
    without_ports(object);
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
