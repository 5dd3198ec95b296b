//! The lab and Weft's own parts over real sockets, for tests: sources, boards and actions without the
//! HTTP interface in front.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use lab::clusters::Timings;
use lab::faults::Fault;
use lab::{ENVIRONMENTS, Lab, LabOptions, PullSummary};
use model::api::{Board, EnvironmentView, PromotionCard, Viewer};
use model::chain::{Tolerances, VerdictState};
use model::pipeline::{
    Deployer, EnvironmentSpec, FluxSpec, GateKind, ImageAutomation, ObjectName, PipelineName,
    PipelineSpec, RepositoryName, TargetSpec,
};
use model::{EnvironmentName, Timestamp};
use proxy::app::AppState;
use proxy::auth::Person;
use proxy::board::PipelineState;
use proxy::clock::Clock;
use proxy::config::{ClusterAccess, ClusterConfig, Config, GitHubConfig};
use proxy::github::Credentials;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

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

struct LabClock(lab::clock::Clock);

impl Clock for LabClock {
    fn now(&self) -> Timestamp {
        self.0.now().into()
    }
}

fn object(namespace: &str, name: &str) -> ObjectName {
    ObjectName {
        namespace: namespace.into(),
        name: name.into(),
    }
}

pub fn pipeline_name() -> PipelineName {
    PipelineName {
        namespace: "app-podinfo".into(),
        name: "podinfo".into(),
    }
}

pub fn repository() -> RepositoryName {
    RepositoryName {
        owner: "demo".into(),
        name: "podinfo".into(),
    }
}

fn environment(name: &str, live_url: &str) -> EnvironmentSpec {
    let podinfo = object("app-podinfo", "podinfo");
    let flux = FluxSpec {
        image_automation: (name == "dev").then(|| ImageAutomation {
            policy: podinfo.clone(),
            automation: podinfo.clone(),
        }),
        ..FluxSpec::default()
    };
    let (path, deployer) = if name == "dev" {
        ("podinfo.yaml", Deployer::Deployment(podinfo))
    } else {
        ("podinfo-helmrelease.yaml", Deployer::HelmRelease(podinfo))
    };
    EnvironmentSpec {
        name: name.into(),
        gate: if name.starts_with("dev") {
            GateKind::Automatic
        } else {
            GateKind::Approval
        },
        user_facing: name == "prod",
        path: format!("environments/{name}/{path}"),
        link: None,
        targets: vec![TargetSpec {
            name: name.into(),
            cluster: name.into(),
            git_repository: object("flux-system", "podinfo"),
            kustomization: object("flux-system", &format!("app-promo-podinfo-{name}")),
            deployer,
            live_url: live_url.trim_end_matches('/').into(),
            flux,
        }],
    }
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
        let clock = Arc::new(LabClock(lab.clock().clone()));
        let app = AppState::build(config, clock)
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
            Err(_) => panic!(
                "waited in vain until {what}; the board is\n{}",
                describe(&self.board())
            ),
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
                |board| {
                    board
                        .gates
                        .iter()
                        .any(|gate| gate.to.as_str() == environment && gate.waits_for_people())
                },
            )
            .await;
        let gate = board
            .gates
            .iter()
            .find(|gate| gate.to.as_str() == environment);
        gate.and_then(|gate| gate.promotion.as_ref())
            .expect("its promotion")
            .number
    }

    /// Has stg serve what waits before it, while the dispatch about that is lost.
    pub async fn stg_without_its_dispatch(&self) {
        let number = self.waiting("stg").await;
        self.lab
            .faults()
            .order(Fault::DispatchLost.as_str(), None)
            .expect("the fault");
        let forge = self.lab.forge();
        forge
            .review(number, "sam", "APPROVE", "")
            .await
            .expect("approved");
        forge.merge(number, "sam").await.expect("merged");
        self.board_until("stg is proven to serve 1.1.7", |board| {
            let stg = view(board, "stg");
            stg.verdict.state == VerdictState::Proven && stg.release.label() == "1.1.7"
        })
        .await;
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

    pub async fn card(&self, person: &Person, number: u64) -> PromotionCard {
        proxy::actions::card(&self.app, Some(person), &repository(), number)
            .await
            .expect("the card")
    }
}

fn config(lab: &Lab, data_dir: &std::path::Path) -> Config {
    let forge = lab.forge();
    let at = |path: &str| forge.url().join(path).expect("an address of the forge");
    let clusters = lab.clusters().iter().map(|cluster| ClusterConfig {
        name: cluster.environment().to_owned(),
        access: ClusterAccess::Server {
            server: cluster.url().clone(),
            token: cluster.viewer_token().into(),
            ca: None,
        },
        hook_secret: Some(lab.hook_secret().into()),
    });
    Config {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        base_path: "/promotions/".into(),
        public_url: "http://127.0.0.1/".parse().expect("an address"),
        data_dir: data_dir.to_owned(),
        static_dir: None,
        github: GitHubConfig {
            rest_url: at("api/v3"),
            graphql_url: at("api/graphql"),
            web_url: forge.url().clone(),
            client_id: forge.app().client_id.clone(),
            client_secret: forge.app().client_secret.clone().into(),
            token: forge.bot_token().into(),
            webhook_secret: Some(forge.app().webhook_secret.clone().into()),
            poll: Duration::from_millis(200),
        },
        weave_gitops: None,
        clusters: clusters.collect(),
        notifying_clusters: Vec::new(),
        pipelines: vec![PipelineSpec {
            name: pipeline_name(),
            repository: repository(),
            branch: "main".into(),
            environments: ENVIRONMENTS
                .iter()
                .map(|name| {
                    let app = lab.app(name).expect("its app");
                    environment(name, app.url().as_str())
                })
                .collect(),
        }],
        tolerances: Tolerances::default(),
        live_poll: Duration::from_millis(200),
        demo: false,
    }
}

pub fn view<'a>(board: &'a Board, environment: &str) -> &'a EnvironmentView {
    board
        .environments
        .iter()
        .find(|view| view.name == EnvironmentName::from(environment))
        .expect("the environment")
}

fn describe(board: &Board) -> String {
    let environments = board.environments.iter().map(|view| {
        let links: Vec<String> = view
            .links
            .iter()
            .map(|link| format!("    {} {:?}: {}", link.label, link.state, link.sentence))
            .collect();
        format!(
            "{} {} (wants {:?}): {}\n{}",
            view.name,
            view.verdict.state.word(),
            view.desired,
            view.verdict.sentence,
            links.join("\n")
        )
    });
    let gates = board
        .gates
        .iter()
        .map(|gate| format!("before {}: {:?} {}", gate.to, gate.state, gate.sentence));
    let sources = board
        .sources
        .iter()
        .map(|source| format!("{} {:?} {:?}", source.name, source.ok_at, source.failing));
    environments
        .chain(gates)
        .chain(sources)
        .collect::<Vec<_>>()
        .join("\n")
}
