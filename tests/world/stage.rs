//! The world with Weft in front of it, and the words that scenes are written in.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use testbed::process::{program, run};
use testbed::record::Recorder;
use testbed::{Environment, Weft, World};
use tokio::runtime::Runtime;

use crate::witness::Witness;

/// The accounts that approve: nobody approves what is their own.
const APPROVERS: [&str; 2] = ["sam", "li"];
/// The account that develops.
const DEVELOPER: &str = "ana";
/// How long Flux may take over one step, on a machine that has much else to do.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks at the board.
const LOOK: Duration = Duration::from_millis(200);

/// What scenes are played on. What is declared first ends first.
pub struct Stage {
    /// Where `WEFT_RECORD` names a file: what happens, for fast tests to replay.
    recorder: Option<Recorder>,
    pub witness: Witness,
    pub weft: Weft,
    pub world: World,
    pub runtime: Runtime,
    /// The chart version that everything is at, as its last number: `1.1.N`.
    newest: u64,
    /// How many changes were made to main besides releases and promotions.
    changes: u64,
    _folder: TempDir,
}

/// What a release changes besides its versions: a file, and what is replaced by what in it.
pub type Edit<'a> = (&'a str, &'a str, &'a str);

impl Stage {
    /// Starts it; how long that took and how much memory it holds is said.
    pub fn set() -> Self {
        let runtime = Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let began = Instant::now();
        let world = runtime.block_on(World::start(folder.path())).unwrap();
        let recorder = env::var_os("WEFT_RECORD").map(|file| {
            let _runtime = runtime.enter();
            Recorder::start(&world, Path::new(&file)).unwrap()
        });
        let program = program("WEFT_BIN").unwrap();
        let dist = env::var_os("WEFT_DIST").map(PathBuf::from);
        let weft = Weft::start(&world, &program, dist.as_deref(), None).unwrap();
        let witness = Witness::start(&runtime, &world, weft.home());
        let stage = Self {
            recorder,
            witness,
            weft,
            world,
            runtime,
            newest: 4,
            changes: 0,
            _folder: folder,
        };
        stage.all_proven();
        say(&format!(
            "everything was proven {:.1?} after the start, with {} MB in all",
            began.elapsed(),
            stage.world.resident() / 1_000_000
        ));
        stage
    }

    /// A scene begins.
    pub fn scene(&self, name: &str) {
        if let Some(recorder) = &self.recorder {
            recorder.step(name);
        }
    }

    /// The newest chart version that was released here.
    pub fn newest(&self) -> String {
        format!("1.1.{}", self.newest)
    }

    /// What the board says of the pipeline now.
    pub fn board(&self) -> Value {
        let path = "api/v1/pipelines/app-podinfo/podinfo";
        let url = self.weft.home().join(path).unwrap();
        self.runtime
            .block_on(async { reqwest::get(url).await?.json().await })
            .unwrap()
    }

    /// What the board says of an environment now.
    pub fn environment_view(&self, name: &str) -> Value {
        self.on_board("environments", "name", name)
    }

    /// What the board says of the gate into an environment now.
    pub fn gate(&self, to: &str) -> Value {
        self.on_board("gates", "to", to)
    }

    /// The one of a list of the board of which a field is this.
    fn on_board(&self, list: &str, field: &str, value: &str) -> Value {
        let board = self.board();
        let mut all = board[list].as_array().unwrap().iter();
        all.find(|one| one[field] == value).unwrap().clone()
    }

    /// Waits until the board says of an environment what is wanted; gives what it says.
    #[track_caller]
    pub fn until(&self, name: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        wait(|| {
            let environment = self.environment_view(name);
            if holds(&environment) {
                return Ok(environment);
            }
            Err(format!("{name}: {what}; it says {environment:#}"))
        })
    }

    /// Waits until the gate into an environment says what is wanted.
    #[track_caller]
    pub fn until_gate(&self, to: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        wait(|| {
            let gate = self.gate(to);
            if holds(&gate) {
                return Ok(gate);
            }
            Err(format!("the gate to {to}: {what}; it says {gate:#}"))
        })
    }

    /// Waits until the board shows a verdict.
    #[track_caller]
    pub fn until_verdict(&self, name: &str, verdict: &str) -> Value {
        self.until(name, verdict, |environment| {
            environment["verdict"]["state"] == verdict
        })
    }

    /// Waits until an environment is proven to serve a chart version.
    #[track_caller]
    pub fn until_proven(&self, name: &str, chart: &str) {
        self.until(name, &format!("proven at {chart}"), |environment| {
            environment["verdict"]["state"] == "proven" && environment["release"]["chart"] == chart
        });
    }

    /// The chart version that the board says an environment serves.
    pub fn held(&self, name: &str) -> String {
        let environment = self.environment_view(name);
        environment["release"]["chart"].as_str().unwrap().to_owned()
    }

    /// Waits until every environment is proven.
    #[track_caller]
    pub fn all_proven(&self) {
        for name in testbed::ENVIRONMENTS {
            self.until_verdict(name, "proven");
        }
    }

    /// Releases the next version with these edits to the chart, and merges it; gives its version.
    pub fn release(&mut self, edits: &[Edit<'_>]) -> String {
        let next = self.newest + 1;
        let chart = format!("1.1.{next}");
        let app = format!("5.1.{}", next + 1);
        let colour = format!("#{:06x}", next * 0x0011_2233 % 0x00ff_ffff);
        let forge = &self.world.forge;
        let branch = format!("release-{chart}");
        let number = self.runtime.block_on(async {
            let number = forge
                .open_release(&colour, &app, &chart, DEVELOPER)
                .await
                .unwrap();
            for (path, from, to) in edits {
                let text = forge.file(&branch, path).await.unwrap();
                assert!(text.contains(from), "{path} has no {from}");
                let changed = text.replace(from, to);
                let files = [(*path, Some(changed.as_str()))];
                forge
                    .commit(&branch, "Change the chart", &files, DEVELOPER)
                    .await
                    .unwrap();
            }
            number
        });
        self.approve(number);
        self.newest = next;
        chart
    }

    /// Approves and merges a pull request once its checks have passed.
    pub fn approve(&self, number: u64) {
        let forge = &self.world.forge;
        self.runtime.block_on(async {
            let began = Instant::now();
            while !forge.pull(number).await.unwrap().checks_passed {
                assert!(began.elapsed() < PATIENCE, "the checks of #{number}");
                tokio::time::sleep(LOOK).await;
            }
            let author = forge.pull(number).await.unwrap().author;
            let by = APPROVERS.into_iter().find(|by| *by != author).unwrap();
            forge.review(number, by, "APPROVE", "").await.unwrap();
            forge.merge(number, by).await.unwrap();
        });
    }

    /// Waits for the promotion of a chart version into an environment; gives its number.
    #[track_caller]
    pub fn promotion(&self, into: &str, chart: &str) -> u64 {
        wait(|| {
            let open = self.world.forge.open_promotion(into);
            let open = self.runtime.block_on(open).unwrap();
            open.filter(|open| open.title.ends_with(chart))
                .map(|open| open.number)
                .ok_or_else(|| format!("no promotion of {chart} into {into} was opened"))
        })
    }

    /// Approves a version into these environments, one after the other, each proven before the next.
    #[track_caller]
    pub fn promote_through(&self, chart: &str, environments: &[&str]) {
        for into in environments {
            self.approve(self.promotion(into, chart));
            self.until_proven(into, chart);
        }
    }

    /// A version that waits for its way into an environment: the newest, and where that is there already
    /// (as in a scene that is played alone) the next, carried up to the environment before it.
    #[track_caller]
    pub fn ahead_of(&mut self, name: &str) -> String {
        let newest = self.newest();
        if self.held(name) != newest {
            return newest;
        }
        let next = self.release(&[]);
        self.until_proven("dev-test", &next);
        let before = ["uat", "stg", "prod"].into_iter();
        let before: Vec<&str> = before.take_while(|one| *one != name).collect();
        self.promote_through(&next, &before);
        next
    }

    /// Has whoever looks after releases merge the next one that is opened, while `meanwhile` happens.
    pub fn merging_the_release_of<T>(
        &mut self,
        chart: &str,
        meanwhile: impl FnOnce(&Self) -> T,
    ) -> T {
        let branch = format!("release-{chart}");
        let result = std::thread::scope(|scope| {
            let reviewing = scope.spawn(|| {
                let number = wait(|| {
                    let pulls = self.runtime.block_on(self.world.forge.pulls()).unwrap();
                    let opened = pulls.iter().find(|pull| pull.head_ref == branch);
                    opened
                        .map(|pull| pull.number)
                        .ok_or_else(|| format!("nobody opened {branch}"))
                });
                self.approve(number);
            });
            let result = meanwhile(self);
            reviewing.join().unwrap();
            result
        });
        self.newest += 1;
        result
    }

    /// Promotes by hand, with the same program that workflows use.
    #[track_caller]
    pub fn promote_by_hand(&self, from: &str, to: &str, chart: &str) {
        let forge = &self.world.forge;
        let mut weft = Command::new(program("WEFT_BIN").unwrap());
        weft.args(["promote", "--from", from, "--to", to, "--version", chart])
            .env_remove("GH_TOKEN")
            .env_remove("GITHUB_API_URL")
            .env_remove("GITHUB_GRAPHQL_URL")
            .env_remove("GITHUB_STEP_SUMMARY")
            .env("GITHUB_TOKEN", forge.bot_token())
            .env(
                "GITHUB_SERVER_URL",
                forge.url().as_str().trim_end_matches('/'),
            )
            .env("GITHUB_REPOSITORY", "demo/podinfo");
        run(&mut weft, "").unwrap().ok().unwrap();
    }

    /// Replaces something in a file on main, by a pull request that another approves.
    pub fn on_main(&mut self, path: &str, from: &str, to: &str) {
        self.changes += 1;
        let branch = format!("change-{}", self.changes);
        let forge = &self.world.forge;
        let token = forge.token_for(DEVELOPER).unwrap();
        let pulls = forge.url().join("api/v3/repos/demo/podinfo/pulls").unwrap();
        let opening = json!({ "title": path, "head": branch, "base": "main" });
        let number = self.runtime.block_on(async {
            let text = forge.file("main", path).await.unwrap();
            assert!(text.contains(from), "{path} has no {from}");
            let changed = text.replace(from, to);
            let files = [(path, Some(changed.as_str()))];
            forge
                .commit(&branch, path, &files, DEVELOPER)
                .await
                .unwrap();
            let request = reqwest::Client::new().post(pulls).bearer_auth(token);
            let opened = request.json(&opening).send().await.unwrap();
            let opened: Value = opened.json().await.unwrap();
            opened["number"].as_u64().unwrap()
        });
        self.approve(number);
    }

    /// One environment's real parts.
    pub fn environment(&mut self, name: &str) -> &mut Environment {
        self.world.environment(name).unwrap()
    }

    /// Runs kubectl in an environment as its administrator; gives what it says.
    #[track_caller]
    pub fn kubectl(&mut self, name: &str, words: &[&str]) -> String {
        self.environment(name)
            .plane
            .run(words, "")
            .unwrap()
            .ok()
            .unwrap()
    }

    /// What kubectl gets in an environment, raw: an object or a list.
    #[track_caller]
    pub fn get(&mut self, name: &str, what: &[&str]) -> Value {
        let words = [&["get", "--output=json"], what].concat();
        serde_json::from_str(&self.kubectl(name, &words)).unwrap()
    }

    /// Changes an object in an environment.
    #[track_caller]
    pub fn patch(&mut self, name: &str, what: &[&str], patch: &Value) {
        let patch = patch.to_string();
        let how = ["patch", "--type=merge", "--patch", &patch];
        self.kubectl(name, &[&how, what].concat());
    }

    /// An object of the application, raw.
    #[track_caller]
    pub fn raw(&mut self, name: &str, kind: &str) -> Value {
        self.get(name, &[kind, "podinfo", "--namespace=app-podinfo"])
    }
}

/// Looks again and again until there is something; when the patience is over, says why there is not.
#[track_caller]
fn wait<T>(look: impl Fn() -> Result<T, String>) -> T {
    let began = Instant::now();
    loop {
        match look() {
            Ok(found) => return found,
            Err(why) => assert!(began.elapsed() < PATIENCE, "in vain: {why}"),
        }
        std::thread::sleep(LOOK);
    }
}

/// Tells whoever reads the test's output.
#[allow(clippy::print_stdout, reason = "a test's figures are for people")]
pub fn say(sentence: &str) {
    println!("    {sentence}");
}
