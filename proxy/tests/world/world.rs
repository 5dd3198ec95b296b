//! The lab and Weft's own parts over real sockets, for tests: sources, boards and actions without the
//! HTTP interface in front.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lab::clusters::Timings;
use lab::faults::Fault;
use lab::{Lab, LabOptions, PullSummary};
use model::api::{
    ActionResult, Approve, Board, EnvironmentView, Promote, Promoted, PromotionCard, Viewer,
};
use model::chain::{Tolerances, VerdictState};
use model::gate::Gate;
use model::journal::Entry;
use model::pipeline::{PipelineName, RepositoryName};
use model::{ChartVersion, EnvironmentName};
use proxy::actions::ActionError;
use proxy::app::AppState;
use proxy::auth::Person;
use proxy::board::PipelineState;
use proxy::config::{ClusterAccess, Config};
use proxy::github::Credentials;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

/// How long anything may take before a test gives up.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A lab, and a Weft that watches it.
pub struct World {
    pub lab: Lab,
    pub app: AppState,
    ending: tokio_util::sync::DropGuard,
    tasks: TaskTracker,
    data: tempfile::TempDir,
}

pub fn pipeline_name() -> PipelineName {
    PipelineName::new("app-podinfo", "podinfo")
}

pub fn repository() -> RepositoryName {
    RepositoryName::new("demo", "podinfo")
}

impl World {
    /// A lab with its seeded week, at the pace of tests, and a Weft that has just been started beside it.
    pub async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    /// The same with a configuration that the test changes first.
    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::beside(Self::lab().await, change).await
    }

    /// A lab with its seeded week, at the pace of tests.
    pub async fn lab() -> Lab {
        Lab::start(LabOptions {
            timings: Timings::instant(),
            ..LabOptions::default()
        })
        .await
        .expect("the lab starts")
    }

    /// A Weft that has just been started beside a lab.
    pub async fn beside(lab: Lab, change: impl FnOnce(&mut Config)) -> Self {
        let data = tempfile::tempdir().expect("a folder for Weft");
        let mut config = config(&lab, data.path());
        change(&mut config);
        Self::with(lab, data, config).await
    }

    /// Ends Weft and starts it again beside the same lab, with what it has written.
    pub async fn restart(self) -> Self {
        self.restart_with(|_| ()).await
    }

    /// The same with a configuration that the test changes first.
    pub async fn restart_with(self, change: impl FnOnce(&mut Config)) -> Self {
        self.ending.disarm().cancel();
        self.tasks.wait().await;
        let mut config = Config::clone(&self.app.config);
        change(&mut config);
        Self::with(self.lab, self.data, config).await
    }

    async fn with(lab: Lab, data: tempfile::TempDir, config: Config) -> Self {
        let app = AppState::build(config, Arc::new(lab.clock().clone()))
            .await
            .expect("Weft is put together");
        let ending = CancellationToken::new();
        let tasks = proxy::sources::start(&app, &ending);
        Self {
            lab,
            app,
            ending: ending.drop_guard(),
            tasks,
            data,
        }
    }

    /// Ends Weft, then the lab, and waits for both.
    pub async fn end(self) {
        self.ending.disarm().cancel();
        self.tasks.wait().await;
        self.lab.shutdown().await;
    }

    /// Serves the HTTP interface; the address of the page.
    pub async fn serve(&self) -> Url {
        let router = proxy::http::router(&self.app, None).expect("the routes");
        let address = serve(router).await;
        address
            .join(&self.app.config.base_path)
            .expect("an address")
    }

    pub fn board(&self) -> Arc<Board> {
        self.app.boards.get(&pipeline_name()).expect("the pipeline")
    }

    /// Waits until the board is as wanted, and says how it is where that does not come.
    pub async fn board_until(&self, what: &str, desired: impl Fn(&Board) -> bool) -> Arc<Board> {
        let mut changes = self.app.boards.subscribe();
        let seen = async {
            loop {
                let board = self.board();
                if desired(&board) {
                    return board;
                }
                changes.recv().await.expect("boards are published");
            }
        };
        match tokio::time::timeout(TIMEOUT, seen).await {
            Ok(board) => board,
            Err(_) => panic!("waited in vain until {what}; {:#?}", self.board()),
        }
    }

    /// Waits until something outside the board is as wanted.
    pub async fn eventually<T>(&self, what: &str, look: impl AsyncFn() -> Option<T>) -> T {
        let seen = async {
            loop {
                if let Some(found) = look().await {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(TIMEOUT, seen)
            .await
            .unwrap_or_else(|_| panic!("waited in vain until {what}"))
    }

    /// A demo account, signed in.
    pub async fn person(&self, login: &str) -> Person {
        let token = self.lab.forge().token_for(login).expect("the account");
        let token = SecretString::from(token);
        let user = self
            .app
            .github
            .user(Credentials::Person(&token))
            .await
            .expect("the token is good");
        Person {
            viewer: Viewer {
                login: user.login,
                id: user.id,
                avatar_url: user.avatar_url,
            },
            token,
        }
    }

    /// The number of the promotion that waits before an environment, as soon as its checks have passed.
    pub async fn waiting(&self, environment: &str) -> u64 {
        let board = self
            .board_until(
                &format!("a promotion waits before {environment}"),
                |board| gate(board, environment).is_some_and(Gate::waits_for_people),
            )
            .await;
        let promotion = gate(&board, environment).and_then(|gate| gate.promotion.as_ref());
        promotion.expect("its promotion").number
    }

    /// Waits until the verdict of an environment is this one.
    pub async fn until(&self, environment: &str, state: VerdictState) -> Arc<Board> {
        let what = format!("{environment} is {}", state.word());
        self.board_until(&what, |board| is(board, environment, state))
            .await
    }

    /// Waits until an environment is proven to serve a release.
    pub async fn until_serving(&self, environment: &str, release: &str) -> Arc<Board> {
        let what = format!("{environment} is proven to serve {release}");
        let serves = |board: &Board| {
            let serves = view(board, environment).release.label() == release;
            serves && is(board, environment, VerdictState::Proven)
        };
        self.board_until(&what, serves).await
    }

    pub fn fault(&self, fault: Fault, environment: Option<&str>) {
        let faults = self.lab.faults();
        faults
            .order(fault.as_str(), environment)
            .expect("the fault");
    }

    /// Approves and merges a pull request at the forge.
    pub async fn merge(&self, number: u64, login: &str) {
        let forge = self.lab.forge();
        let approved = forge.review(number, login, "APPROVE", "").await;
        approved.expect("approved");
        forge.merge(number, login).await.expect("merged");
    }

    /// Has stg serve what waits before it, while the dispatch about that is lost.
    pub async fn stg_without_its_dispatch(&self) {
        let number = self.waiting("stg").await;
        self.fault(Fault::DispatchLost, None);
        self.merge(number, "sam").await;
        self.until_serving("stg", "1.1.7").await;
    }

    pub fn pipeline(&self) -> &Arc<PipelineState> {
        let pipeline = self.app.boards.pipeline(&pipeline_name());
        pipeline.expect("the pipeline")
    }

    /// The pull request as the forge has it.
    pub async fn pull(&self, number: u64) -> PullSummary {
        let pull = self.lab.forge().pull(number).await;
        pull.expect("the pull request")
    }

    pub async fn entries(&self) -> Vec<Entry> {
        let name = pipeline_name();
        let entries = self.app.journal.page(&name, None, 500).await;
        entries.expect("the journal")
    }

    /// Has a person promote a release into prod.
    pub async fn promote(&self, login: &str, release: &str) -> Result<Promoted, ActionError> {
        let person = self.person(login).await;
        let (pipeline, prod) = (self.pipeline(), EnvironmentName::from("prod"));
        let release = ChartVersion::parse(release).expect("a version");
        proxy::actions::promote(&self.app, &person, pipeline, &prod, &Promote { release }).await
    }

    /// Has a person approve what a card shows.
    pub async fn approve(
        &self,
        person: &Person,
        card: &PromotionCard,
        merge: bool,
    ) -> Result<ActionResult, ActionError> {
        let order = Approve {
            intent: card.intent.clone().expect("a session has an intent"),
            comment: None,
            merge,
        };
        proxy::actions::approve(&self.app, person, &repository(), card.number, order).await
    }

    pub async fn card(&self, person: &Person, number: u64) -> PromotionCard {
        proxy::actions::card(&self.app, Some(person), &repository(), number)
            .await
            .expect("the card")
    }
}

/// The configuration of the demo with a token that only reads, at the pace of tests.
fn config(lab: &Lab, data_dir: &Path) -> Config {
    let origin = "http://127.0.0.1/".parse().expect("an address");
    let mut config = proxy::demo::config(lab, &origin, data_dir.to_owned(), None)
        .expect("the lab has all of its apps");
    for (cluster, config) in lab.clusters().iter().zip(&mut config.clusters) {
        config.access = ClusterAccess::Server {
            server: cluster.url().clone(),
            token: cluster.viewer_token().into(),
            ca: None,
        };
    }
    config.github.poll = Duration::from_millis(200);
    Config {
        weave_gitops: None,
        tolerances: Tolerances::default(),
        live_poll: Duration::from_millis(200),
        demo: false,
        ..config
    }
}

/// Serves a router; the address that it is at.
pub async fn serve(router: axum::Router) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/").parse().expect("an address")
}

fn is(board: &Board, environment: &str, state: VerdictState) -> bool {
    view(board, environment).verdict.state == state
}

/// The gate before an environment.
pub fn gate<'a>(board: &'a Board, environment: &str) -> Option<&'a Gate> {
    let mut gates = board.gates.iter();
    gates.find(|gate| gate.to.as_str() == environment)
}

/// Whether every environment is proven.
pub fn all_proven(board: &Board) -> bool {
    let mut views = board.environments.iter();
    views.all(|view| view.verdict.state == VerdictState::Proven)
}

pub fn view<'a>(board: &'a Board, environment: &str) -> &'a EnvironmentView {
    let mut views = board.environments.iter();
    let view = views.find(|view| view.name.as_str() == environment);
    view.expect("the environment")
}
