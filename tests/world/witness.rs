//! Who looks on throughout: several times a second it asks the clusters' APIs, git and the apps
//! themselves, and holds the board against them. It shares no code with Weft and reads JSON only.

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::{Certificate, Client};
use serde_json::Value;
use testbed::World;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use url::Url;

/// Between two rounds.
const ROUND: Duration = Duration::from_millis(250);
/// How long the board may go on saying `proven` after the world has changed: Weft asks an app every two
/// seconds and gives it two to answer, and a round itself takes its time.
const GRACE: Duration = Duration::from_secs(5);

/// What was seen so far.
#[derive(Default)]
struct Findings {
    rounds: u64,
    /// Since when an environment has contradicted what `proven` says, and how.
    wrong_since: BTreeMap<&'static str, (Instant, String)>,
    /// The longest that `proven` outlived the truth, and where.
    longest: (Duration, String),
    lies: Vec<String>,
}

/// The running witness.
pub struct Witness {
    seen: Arc<Mutex<Findings>>,
    looking: JoinHandle<()>,
}

/// One environment, and how its parts are reached.
struct WatchedEnvironment {
    name: &'static str,
    server: String,
    token: String,
    http: Client,
    live: Url,
}

impl Witness {
    /// Begins to look on.
    pub fn start(runtime: &Runtime, world: &World, weft: &Url) -> Self {
        let places: Vec<WatchedEnvironment> = world
            .environments
            .iter()
            .map(WatchedEnvironment::of)
            .collect();
        let board = weft.join("api/v1/pipelines/app-podinfo/podinfo").unwrap();
        let pins = world.forge.url().clone();
        let seen: Arc<Mutex<Findings>> = Arc::default();
        let writing = Arc::clone(&seen);
        let plain = Client::builder().no_proxy().build().unwrap();
        let looking = runtime.spawn(async move {
            let mut rounds = tokio::time::interval(ROUND);
            rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                rounds.tick().await;
                let truths = places
                    .iter()
                    .map(|place| place.contradiction(&plain, &pins));
                let truths = futures::future::join_all(truths).await;
                let Some(board) = json(plain.get(board.clone())).await else {
                    continue;
                };
                let mut seen = writing.lock().unwrap_or_else(PoisonError::into_inner);
                seen.rounds += 1;
                for (place, wrong) in places.iter().zip(truths) {
                    seen.note(place.name, verdict(&board, place.name), wrong);
                }
            }
        });
        Self { seen, looking }
    }

    /// How often it has looked, the longest that `proven` outlived the truth, and every lie.
    pub fn statement(&self) -> (u64, String, Vec<String>) {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (longest, how) = &seen.longest;
        let longest = format!("{longest:.1?} ({how})");
        (seen.rounds, longest, seen.lies.clone())
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.looking.abort();
    }
}

impl Findings {
    fn note(&mut self, name: &'static str, verdict: &str, wrong: Option<String>) {
        let Some(wrong) = wrong else {
            self.wrong_since.remove(name);
            return;
        };
        let now = Instant::now();
        let (since, how) = self.wrong_since.entry(name).or_insert((now, wrong));
        let lasted = now.duration_since(*since);
        if verdict != "proven" {
            return;
        }
        let sentence = format!("{name}: {how}");
        if lasted > self.longest.0 {
            self.longest = (lasted, sentence.clone());
        }
        if lasted > GRACE && !self.lies.contains(&sentence) {
            self.lies.push(sentence);
        }
    }
}

impl WatchedEnvironment {
    fn of(environment: &testbed::Environment) -> Self {
        let config = fs::read_to_string(environment.plane.kubeconfig()).unwrap();
        let config: Value = serde_json::from_str(&config).unwrap();
        let certificate = fs::read(environment.plane.certificate()).unwrap();
        let http = Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(2))
            .tls_certs_merge(Certificate::from_pem_bundle(&certificate).unwrap())
            .build()
            .unwrap();
        Self {
            name: environment.name,
            server: environment.plane.url(),
            token: config["users"][0]["user"]["token"].as_str().unwrap().into(),
            http,
            live: environment.live.join("api/info").unwrap(),
        }
    }

    async fn object(&self, path: &str) -> Option<Value> {
        let url = format!("{}/{path}", self.server);
        json(self.http.get(url).bearer_auth(&self.token)).await
    }

    /// Why this environment cannot be proven, if the world itself says so. What the world does not say,
    /// since an API is away, is no contradiction.
    async fn contradiction(&self, plain: &Client, forge: &Url) -> Option<String> {
        let asked = plain.get(self.live.clone()).timeout(Duration::from_secs(2));
        let Some(app) = json(asked).await else {
            return Some("the app did not answer".into());
        };
        let version = app["version"].as_str().unwrap_or_default();
        let kustomization = format!(
            "apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/\
             app-promo-podinfo-{}",
            self.name
        );
        let kustomization = self.object(&kustomization).await?;
        if kustomization["spec"]["suspend"] == true {
            return Some("the Kustomization was suspended".into());
        }
        if ready(&kustomization).is_some_and(|ready| ready["status"] == "False") {
            return Some("the Kustomization was not ready".into());
        }
        let pin = self.pin(plain, forge).await?;
        if self.name == "dev" {
            return self.dev(&pin, &app).await;
        }
        let path = "apis/helm.toolkit.fluxcd.io/v2/namespaces/app-podinfo/helmreleases/podinfo";
        let release = self.object(path).await?;
        if release["spec"]["suspend"] == true {
            return Some("the HelmRelease was suspended".into());
        }
        if release["spec"]["chart"]["spec"]["version"] != pin {
            return Some(format!("git asked for {pin}, the HelmRelease for another"));
        }
        let ready = ready(&release)?;
        if ready["status"] == "False" {
            return Some(format!(
                "the HelmRelease was not ready: {}",
                ready["reason"]
            ));
        }
        let history = release["status"]["history"].as_array()?;
        let newest = history
            .iter()
            .max_by_key(|entry| entry["version"].as_i64())?;
        if newest["status"] != "deployed" {
            return Some(format!("Helm's newest was {}", newest["status"]));
        }
        let chart = newest["chartVersion"].as_str()?.split('+').next()?;
        let is_exact = pin.starts_with(|first: char| first.is_ascii_digit());
        if is_exact && chart != pin {
            return Some(format!("git asked for {pin}, Helm held {chart}"));
        }
        if newest["appVersion"] != version {
            return Some(format!("Helm held {chart}, the app answered {version}"));
        }
        None
    }

    /// What git asks for: a chart's version or range, in dev an image.
    async fn pin(&self, plain: &Client, forge: &Url) -> Option<String> {
        let (file, key) = if self.name == "dev" {
            ("podinfo.yaml", "image: ghcr.io/demo/podinfo:")
        } else {
            ("podinfo-helmrelease.yaml", "      version: ")
        };
        let path = format!(
            "api/v3/repos/demo/podinfo/contents/environments/{}/{file}?ref=main",
            self.name
        );
        let request = plain
            .get(forge.join(&path).unwrap())
            .header("Accept", "application/vnd.github.raw+json");
        let text = request.send().await.ok()?.text().await.ok()?;
        let line = text.lines().find(|line| line.contains(key))?;
        let (_, value) = line.split_once(key)?;
        let value = value.split('#').next()?.trim().trim_matches('"');
        Some(value.to_owned())
    }

    async fn dev(&self, pin: &str, app: &Value) -> Option<String> {
        let path = "apis/apps/v1/namespaces/app-podinfo/deployments/podinfo";
        let deployment = self.object(path).await?;
        let image = deployment["spec"]["template"]["spec"]["containers"][0]["image"].as_str()?;
        if !image.ends_with(&format!(":{pin}")) {
            return Some(format!("git asked for {pin}, the Deployment for {image}"));
        }
        let revision = app["revision"].as_str().unwrap_or_default();
        let mut parts = pin.rsplit('-').skip(1);
        let commit = parts.next()?;
        (!revision.starts_with(commit))
            .then(|| format!("git asked for {pin}, the app was built from {revision}"))
    }
}

fn ready(object: &Value) -> Option<&Value> {
    let conditions = object["status"]["conditions"].as_array()?;
    conditions.iter().find(|one| one["type"] == "Ready")
}

fn verdict<'a>(board: &'a Value, name: &str) -> &'a str {
    let environments = board["environments"].as_array();
    environments
        .into_iter()
        .flatten()
        .find(|environment| environment["name"] == name)
        .and_then(|environment| environment["verdict"]["state"].as_str())
        .unwrap_or_default()
}

async fn json(request: reqwest::RequestBuilder) -> Option<Value> {
    let answer = request.send().await.ok()?;
    answer.status().is_success().then_some(())?;
    answer.json().await.ok()
}
