//! `weft demo`: starts the embedded lab and serves it like any other configuration.
//!
//! The configuration is read off the running lab; apart from the presenter's controls the server does
//! not know that it is one. The feature `demo` compiles this in; the shipped binary is without it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, ValueEnum};
use lab::scenario::{self, Scenario};
use lab::{ENVIRONMENTS, Lab, LabOptions};
use model::chain::Tolerances;
use model::pipeline::{
    Deployer, EnvironmentSpec, FluxSpec, GateKind, ImageAutomation, ObjectName, PipelineName,
    PipelineSpec, RepositoryName, TargetSpec,
};
use model::{EnvironmentName, Timestamp};
use url::Url;

use crate::app::AppState;
use crate::clock::Clock;
use crate::config::{ClusterAccess, ClusterConfig, Config, GitHubConfig, WeaveGitOpsConfig};
use crate::http;
use crate::run::{RunError, listen, serve_until_shutdown};

const BASE_PATH: &str = "/promotions/";
const NAMESPACE: &str = "app-podinfo";
const APP: &str = "podinfo";
/// The environment of branch builds, without a chart.
const DEV: &str = "dev";

/// The options of `weft demo`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The port on 127.0.0.1; a free one unless said.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub port: u16,
    /// Do not open the page in a browser.
    #[arg(long)]
    pub no_open: bool,
    /// How long deployments take.
    #[arg(long, value_enum, default_value_t = Timing::Real)]
    pub pace: Timing,
    /// The folder of the built page; `dist` unless said, where it is there.
    #[arg(long, value_name = "DIR")]
    pub static_dir: Option<PathBuf>,
}

/// How long deployments take in the demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Timing {
    /// As fast as one can follow.
    Fast,
    /// As long as a presenter can talk.
    Real,
}

/// The lab's clock, which a presenter can advance.
impl Clock for lab::clock::Clock {
    fn now(&self) -> Timestamp {
        lab::clock::Clock::now(self).into()
    }
}

/// Starts the lab and serves until SIGINT or SIGTERM. Everything is written to a temporary directory
/// that is removed at the end.
pub(crate) async fn run(options: Options) -> Result<(), RunError> {
    // First, since the lab's webhooks and the sign-in need to know the port.
    let listener = listen(SocketAddr::from((Ipv4Addr::LOCALHOST, options.port))).await?;
    let origin = format!("http://{}/", listener.local_addr()?);
    let origin = Url::parse(&origin).map_err(|error| RunError::Lab(error.into()))?;
    let folder = tempfile::tempdir()?;
    let lab = lab(&options, folder.path(), &origin)
        .await
        .map_err(RunError::Lab)?;
    let static_dir = options.static_dir.or_else(built_page);
    let config =
        config(&lab, &origin, folder.path().join("weft"), static_dir).map_err(RunError::Lab)?;
    let home = config.home_url();
    let app = AppState::build(config, Arc::new(lab.clock().clone())).await?;
    let controls = scenario::http::routes(Scenario::new(Arc::clone(&lab)));
    let router = http::router(&app, Some(controls))?;
    if !options.no_open
        && let Err(error) = opener::open_browser(&home)
    {
        tracing::info!(%error, "no browser could be opened; open the page by hand");
    }
    serve_until_shutdown(&app, listener, router, &home).await
}

async fn lab(options: &Options, folder: &Path, origin: &Url) -> anyhow::Result<Arc<Lab>> {
    let lab = Lab::start(LabOptions {
        data_dir: Some(folder.join("lab")),
        timings: match options.pace {
            Timing::Fast => lab::clusters::Timings::fast(),
            Timing::Real => lab::clusters::Timings::demo(),
        },
        weft_url: Some(origin.clone()),
        ..LabOptions::default()
    })
    .await?;
    let hook = origin.join(&format!("{BASE_PATH}hooks/github"))?;
    let secret = lab.forge().app().webhook_secret.clone();
    lab.forge().add_webhook(hook, &secret);
    Ok(Arc::new(lab))
}

/// Returns the configuration that an operator would write for the lab.
///
/// # Errors
/// When an environment has no app in the lab.
pub fn config(
    lab: &Lab,
    origin: &Url,
    data_dir: PathBuf,
    static_dir: Option<PathBuf>,
) -> anyhow::Result<Config> {
    let forge = lab.forge();
    let environments = ENVIRONMENTS.map(|name| environment(lab, name));
    let clusters = lab.clusters().iter().map(|cluster| ClusterConfig {
        name: cluster.environment().to_owned(),
        access: ClusterAccess::Server {
            server: cluster.url().clone(),
            token: cluster.token().into(),
            ca: None,
        },
        hook_secret: Some(lab.hook_secret().into()),
    });
    Ok(Config {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        base_path: BASE_PATH.into(),
        public_url: origin.clone(),
        data_dir,
        static_dir,
        github: GitHubConfig {
            rest_url: forge.url().join("api/v3")?,
            graphql_url: forge.url().join("api/graphql")?,
            web_url: forge.url().clone(),
            client_id: forge.app().client_id.clone(),
            client_secret: forge.app().client_secret.clone().into(),
            token: forge.bot_token().into(),
            webhook_secret: Some(forge.app().webhook_secret.clone().into()),
            poll: Duration::from_secs(10),
        },
        weave_gitops: Some(WeaveGitOpsConfig {
            upstream: lab.dashboard_url().clone(),
            clusters: ENVIRONMENTS
                .map(|name| (name.to_owned(), name.to_owned()))
                .into(),
        }),
        clusters: clusters.collect(),
        notifying_clusters: Vec::new(),
        pipelines: vec![PipelineSpec {
            name: PipelineName::new(NAMESPACE, APP),
            repository: RepositoryName::new("demo", APP),
            branch: "main".into(),
            environments: environments.into_iter().collect::<anyhow::Result<_>>()?,
        }],
        // Everything is near and quick here, so what is late is told sooner.
        tolerances: Tolerances {
            live: Duration::from_secs(10),
            promotion: Duration::from_secs(20),
            ..Tolerances::default()
        },
        live_poll: Duration::from_secs(2),
        demo: true,
    })
}

fn environment(lab: &Lab, name: &str) -> anyhow::Result<EnvironmentSpec> {
    let app = lab
        .app(name)
        .with_context(|| format!("the lab has no app in {name}"))?;
    let in_flux = |object: &str| ObjectName::new("flux-system", object);
    let workload = ObjectName::new(NAMESPACE, APP);
    let mut flux = FluxSpec::default();
    let (file, deployer) = if name == DEV {
        flux.image_automation = Some(ImageAutomation {
            policy: workload.clone(),
            automation: workload.clone(),
        });
        ("podinfo.yaml", Deployer::Deployment(workload))
    } else {
        ("podinfo-helmrelease.yaml", Deployer::HelmRelease(workload))
    };
    let automatic = [DEV, "dev-test"].contains(&name);
    Ok(EnvironmentSpec {
        name: EnvironmentName::from(name),
        gate: if automatic {
            GateKind::Automatic
        } else {
            GateKind::Approval
        },
        user_facing: name == "prod",
        path: format!("environments/{name}/{file}"),
        link: Some(app.url().to_string()),
        targets: vec![TargetSpec {
            name: name.into(),
            cluster: name.into(),
            git_repository: in_flux(APP),
            kustomization: in_flux(&format!("app-promo-{APP}-{name}")),
            deployer,
            live_url: app.url().as_str().trim_end_matches('/').to_owned(),
            flux,
        }],
    })
}

/// The built page in the current directory, if there is one.
fn built_page() -> Option<PathBuf> {
    let dist = PathBuf::from("dist");
    dist.join("index.html").is_file().then_some(dist)
}
