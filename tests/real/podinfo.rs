//! Three podinfos, the real one, the lab's, and the Go program of the promotion repository, asked the
//! same: they answer alike, but for what is listed here.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use lab::apps::{App, Serving};
use reqwest::header::CONTENT_TYPE;
use serde_json::{Map, Value};
use tempfile::TempDir;

use crate::files::folder;
use testbed::process::{Server, free_ports};

use crate::programs::{Complaints, go, program, run};

/// What all three are told to show.
const COLOR: &str = "#34577c";
const MESSAGE: &str = "hello <there> & \"you\"";

/// Where they may differ, and why.
const MAY_DIFFER: [(&str, &str); 8] = [
    ("hostname", "each runs under a name of its own"),
    ("version", "each is its own release"),
    ("revision", "each is built from its own commit"),
    ("commit", "each is built from its own commit"),
    ("goarch", "the lab's is always an amd64"),
    ("runtime", "the lab's is none"),
    ("num_goroutine", "changes from moment to moment"),
    ("num_cpu", "the lab's are two, whatever the machine has"),
];

/// An answer, as far as clients may care.
struct Answer {
    status: u16,
    content_type: String,
    body: String,
}

/// The three of them.
struct World {
    /// Each by its name and where it answers; the real one first.
    podinfos: Vec<(&'static str, String)>,
    lab: App,
    client: reqwest::Client,
    _servers: [Server; 2],
    _folder: TempDir,
}

impl World {
    /// Starts them with the colour and the greeting that all are told to show, or with none.
    async fn start(told: bool) -> Self {
        // Fails when another test of this process was first, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let [real, metrics, ours] = free_ports().unwrap();
        let mut real_podinfo = Command::new(program("WEFT_REAL_PODINFO"));
        real_podinfo
            .arg(format!("--port={real}"))
            .arg(format!("--port-metrics={metrics}"))
            .arg(format!(
                "--ui-path={}",
                program("WEFT_REAL_PODINFO_UI").display()
            ))
            .args(["--ui-logo=", "--level=error"]);
        let mut our_podinfo = Command::new(built(folder.path()));
        our_podinfo.arg(format!("--port={ours}"));
        let (color, message) = if told { (COLOR, MESSAGE) } else { ("", "") };
        let mut servers = [(real_podinfo, real), (our_podinfo, ours)].map(|(mut command, port)| {
            command
                .env("PODINFO_UI_COLOR", color)
                .env("PODINFO_UI_MESSAGE", message);
            let log = folder.path().join(port.to_string());
            (Server::start(command, &log).unwrap(), port)
        });
        for (server, port) in &mut servers {
            server.listens(*port).unwrap();
        }
        let lab = App::start("uat").await.unwrap();
        lab.serve(Serving {
            version: "5.1.8".to_owned(),
            color: COLOR.to_owned(),
            message: message.to_owned(),
            revision: "a".repeat(40),
        });
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let podinfos = vec![
            ("the real podinfo", format!("http://127.0.0.1:{real}")),
            ("our podinfo", format!("http://127.0.0.1:{ours}")),
            (
                "the lab's podinfo",
                lab.url().as_str().trim_end_matches('/').to_owned(),
            ),
        ];
        let world = Self {
            podinfos,
            lab,
            client,
            _servers: servers.map(|(server, _)| server),
            _folder: folder,
        };
        world.ready().await;
        world
    }

    /// Waits until the real one is ready: it listens some moments before.
    async fn ready(&self) {
        let began = std::time::Instant::now();
        while self
            .get(&self.podinfos[0].1, "/readyz", "curl")
            .await
            .status
            != 200
        {
            assert!(began.elapsed().as_secs() < 30, "podinfo does not get ready");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    async fn get(&self, base: &str, path: &str, agent: &str) -> Answer {
        let request = self.client.get(format!("{base}{path}"));
        let response = request.header("User-Agent", agent).send().await.unwrap();
        let content_type = response.headers().get(CONTENT_TYPE);
        Answer {
            status: response.status().as_u16(),
            content_type: content_type
                .map_or("none", |kind| kind.to_str().unwrap())
                .to_owned(),
            body: response.text().await.unwrap(),
        }
    }

    /// What each answers.
    async fn ask(&self, path: &str, agent: &str) -> Vec<(&'static str, Answer)> {
        let mut answers = Vec::new();
        for (name, base) in &self.podinfos {
            answers.push((*name, self.get(base, path, agent).await));
        }
        answers
    }
}

/// The Go program of the promotion repository.
fn built(folder_for_it: &Path) -> std::path::PathBuf {
    let program = folder_for_it.join("our-podinfo");
    run(go(&folder("gitops"))
        .args(["build", "-buildvcs=false", "-o"])
        .arg(&program)
        .arg("./cmd/podinfo"));
    program
}

/// A JSON object without its values: what must be alike to the byte, keys, their order, the kind of
/// each value, indentation, and how it ends.
fn form(body: &str) -> String {
    let fields: Map<String, Value> = serde_json::from_str(body).unwrap();
    let mut form = body.to_owned();
    for (key, value) in &fields {
        let kind = if value.is_string() { "text" } else { "other" };
        let written = form.find(&format!("\"{key}\": ")).unwrap() + key.len() + 4;
        let length = form[written..].find('\n').unwrap();
        let comma = if form[written..written + length].ends_with(',') {
            ","
        } else {
            ""
        };
        form.replace_range(written..written + length, &format!("<{kind}>{comma}"));
    }
    form
}

fn values(body: &str) -> BTreeMap<String, String> {
    let fields: BTreeMap<String, Value> = serde_json::from_str(body).unwrap();
    let text = |value: Value| value.as_str().map_or(value.to_string(), str::to_owned);
    fields
        .into_iter()
        .filter(|(key, _)| !MAY_DIFFER.iter().any(|(differing, _)| differing == key))
        .map(|(key, value)| (key, text(value)))
        .collect()
}

#[tokio::test]
#[ignore = "needs the real programs: cargo xtask test --real"]
async fn all_answer_the_same_json_in_the_same_form() {
    let world = World::start(true).await;
    let mut complaints = Complaints::default();
    for path in ["/", "/api/info", "/version", "/healthz", "/readyz"] {
        let answers = world.ask(path, "curl/8").await;
        let real = &answers[0].1;
        assert_eq!(real.status, 200, "{path}");
        assert!(!form(&real.body).contains("<other>"), "{}", real.body);
        for (name, answer) in &answers[1..] {
            let place = format!("{path} of {name}");
            let mut compare = |what: &str, got: &str, desired: &str| {
                if got != desired {
                    complaints.add(&place, &format!("{what} {got:?}, really {desired:?}"));
                }
            };
            compare("status", &answer.status.to_string(), "200");
            compare("content type", &answer.content_type, &real.content_type);
            compare("form", &form(&answer.body), &form(&real.body));
            let [got, desired] =
                [&answer.body, &real.body].map(|body| format!("{:?}", values(body)));
            compare("values", &got, &desired);
        }
    }
    complaints.none();
}

#[tokio::test]
#[ignore = "needs the real programs: cargo xtask test --real"]
async fn untold_all_greet_with_their_version() {
    let world = World::start(false).await;
    for (name, answer) in world.ask("/api/info", "curl/8").await {
        let info: Value = serde_json::from_str(&answer.body).unwrap();
        let greeting = format!(
            "greetings from podinfo v{}",
            info["version"].as_str().unwrap()
        );
        assert_eq!(info["message"], greeting.as_str(), "{name}");
    }
}

#[tokio::test]
#[ignore = "needs the real programs: cargo xtask test --real"]
async fn to_a_browser_all_answer_a_page_and_to_it_only() {
    let world = World::start(true).await;
    let agent = "Mozilla/5.0 (X11; Linux x86_64)";
    let mut complaints = Complaints::default();
    for (name, answer) in world.ask("/", agent).await {
        if (answer.status, &answer.content_type[..]) != (200, "text/html; charset=utf-8") {
            complaints.add(name, &format!("{} {}", answer.status, answer.content_type));
        }
        if !answer.body.contains("<html") {
            complaints.add(name, &answer.body);
        }
    }
    let infos = world.ask("/api/info", agent).await;
    for (name, answer) in &infos {
        if answer.content_type != infos[0].1.content_type {
            complaints.add(name, &answer.content_type);
        }
    }
    complaints.none();
}

#[tokio::test]
#[ignore = "needs the real programs: cargo xtask test --real"]
async fn one_that_is_not_ready_says_so_and_nothing_else() {
    let world = World::start(true).await;
    let real = &world.podinfos[0].1;
    let disable = world.client.post(format!("{real}/readyz/disable"));
    disable.send().await.unwrap().error_for_status().unwrap();
    world.lab.down(true);
    let said = |answer: Answer| (answer.status, answer.content_type, answer.body);
    let real = said(world.get(real, "/readyz", "curl/8").await);
    let lab = said(world.get(&world.podinfos[2].1, "/readyz", "curl/8").await);
    assert_eq!(real.0, 503);
    assert_eq!(lab, real);
}
