//! A lab with its seeded week, a clone of its repository, and the program.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use lab::clusters::Timings;
use lab::{Lab, LabOptions, PullSummary};
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::Instant;

/// How long anything may take before a test gives up.
const TIMEOUT: Duration = Duration::from_secs(20);

pub struct World {
    pub lab: Lab,
    folder: tempfile::TempDir,
}

/// What the program said and how it ended.
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    /// What the program said where it succeeded.
    #[track_caller]
    pub fn out(self) -> String {
        assert_eq!(self.code, 0, "{}", self.err);
        self.out
    }

    /// The number of the first pull request that it names, where it succeeded.
    #[track_caller]
    pub fn number(self) -> u64 {
        let out = self.out();
        let (_, rest) = out.split_once('#').unwrap();
        let number = rest.split([':', ' ']).next().unwrap();
        number.parse().unwrap()
    }

    /// Holds that it ended with this code and these words.
    #[track_caller]
    pub fn assert_fails(&self, code: i32, words: &str) {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        assert!(self.err.contains(words), "{words}\n{}", self.err);
    }
}

impl World {
    pub async fn start() -> Self {
        let options = LabOptions {
            timings: Timings::instant(),
            ..LabOptions::default()
        };
        let world = Self {
            lab: Lab::start(options).await.unwrap(),
            folder: tempfile::tempdir().unwrap(),
        };
        let url = world.url_with(&world.lab.forge().token_for("ana").unwrap());
        git(world.folder.path(), &["clone", "-q", &url, "clone"]).await;
        for (name, value) in [("user.name", "Ana"), ("user.email", "ana@example.com")] {
            git(&world.clone(), &["config", name, value]).await;
        }
        world
    }

    /// The folder of the clone.
    pub fn clone(&self) -> PathBuf {
        self.folder.path().join("clone")
    }

    /// A file outside of the clone.
    pub fn scratch(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn server(&self) -> String {
        let url = self.lab.forge().url().as_str();
        url.trim_end_matches('/').to_owned()
    }

    fn url_with(&self, token: &str) -> String {
        let credentials = format!("://x-access-token:{token}@");
        let server = self.server().replace("://", &credentials);
        format!("{server}/demo/podinfo.git")
    }

    /// Runs the program in the clone with the token of this account; `bot` is the promotion's.
    pub async fn weft(&self, login: &str, arguments: &[&str]) -> Said {
        let token = match login {
            "bot" => self.lab.forge().bot_token().to_owned(),
            "nobody" => String::new(),
            login => self.lab.forge().token_for(login).unwrap(),
        };
        let output = Command::new(env!("CARGO_BIN_EXE_weft"))
            .args(arguments)
            .current_dir(self.clone())
            .env_remove("GH_TOKEN")
            .env_remove("GITHUB_API_URL")
            .env_remove("GITHUB_GRAPHQL_URL")
            .env_remove("GITHUB_STEP_SUMMARY")
            .env("GITHUB_TOKEN", token)
            .env("GITHUB_SERVER_URL", self.server())
            .env("GITHUB_REPOSITORY", "demo/podinfo")
            .output()
            .await
            .unwrap();
        said(output)
    }

    /// The branch that a pull request goes into.
    pub async fn base_of(&self, number: u64) -> String {
        let url = format!("{}/api/v3/repos/demo/podinfo/pulls/{number}", self.server());
        let request = reqwest::Client::new().get(url).header("User-Agent", "test");
        let request = request.bearer_auth(self.lab.forge().bot_token());
        let pull: Value = request.send().await.unwrap().json().await.unwrap();
        pull["base"]["ref"].as_str().unwrap().to_owned()
    }

    /// Has the repository another branch where `main` is, and checks it out.
    pub async fn switch_to_trunk(&self) {
        git(&self.clone(), &["switch", "-q", "-c", "trunk"]).await;
        git(&self.clone(), &["push", "-q", "origin", "trunk"]).await;
    }

    /// What a condition gives, once it gives something.
    pub async fn eventually<T>(&self, what: &str, wished: impl AsyncFn() -> Option<T>) -> T {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            if let Some(found) = wished().await {
                return found;
            }
            assert!(Instant::now() < deadline, "it never came that {what}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Promotes as the workflow does that a `repository_dispatch` with this payload starts.
    pub async fn promote_event(&self, payload: &Value) -> Said {
        let action = "HelmRelease/podinfo.app-podinfo";
        let event = json!({"action": action, "client_payload": payload});
        self.promote_file(&event.to_string()).await
    }

    /// Promotes by the file of an event.
    pub async fn promote_file(&self, event: &str) -> Said {
        let path = self.scratch("event.json");
        std::fs::write(&path, event).unwrap();
        let path = path.display().to_string();
        self.weft("bot", &["promote", "--event", &path]).await
    }

    /// The open promotion into an environment.
    pub async fn promotion(&self, environment: &str) -> PullSummary {
        let open = self.lab.forge().open_promotion(environment).await.unwrap();
        open.unwrap()
    }
}

/// Runs git and gives what it wrote.
pub async fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    let output = command.arg("-C").arg(folder).args(arguments).output();
    let said = said(output.await.unwrap());
    assert_eq!(said.code, 0, "git {arguments:?}: {}", said.err);
    said.out
}

fn said(output: Output) -> Said {
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}
