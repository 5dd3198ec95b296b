//! `weft demo`: the lab, and the product in front of it by the same code as everywhere.
//!
//! What an operator would write into a configuration is read off the running lab here; from then on
//! nothing knows that it is one, but the presenter's own controls.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use lab::scenario::{self, Scenario};
use lab::{ENVIRONMENTS, Lab, LabOptions};
use model::chain::Tolerances;
use model::pipeline::{
    Deployer, EnvironmentSpec, FluxSpec, GateKind, ImageAutomation, ObjectName, PipelineName,
    PipelineSpec, RepositoryName, TargetSpec,
};
use model::{EnvironmentName, Timestamp};
use secrecy::SecretString;
use url::Url;

use crate::app::AppState;
use crate::cli::{Demo, Pace, RunError, listen, until_told_to_end};
use crate::clock::Clock;
use crate::config::{ClusterAccess, ClusterConfig, Config, GitHubConfig, WeaveGitOpsConfig};
use crate::http;

const BASE_PATH: &str = "/promotions/";
const NAMESPACE: &str = "app-podinfo";
const APP: &str = "podinfo";
/// The environment of branch builds, without a chart.
const DEV: &str = "dev";

/// Lab time, which a presenter can advance.
struct LabClock(lab::clock::Clock);

impl Clock for LabClock {
    fn now(&self) -> Timestamp {
        self.0.now().into()
    }
}

/// Starts the lab and serves until told to end. All that it writes is in a folder that ends with it.
pub(crate) async fn run(options: Demo) -> Result<(), RunError> {
    // First of all, since the lab's hooks and the sign-in need to know the port.
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
    let app = AppState::build(config, Arc::new(LabClock(lab.clock().clone()))).await?;
    let controls = scenario::http::routes(Scenario::new(Arc::clone(&lab)));
    let router = http::router(&app, Some(controls))?;
    if !options.no_open {
        open(&home);
    }
    until_told_to_end(&app, listener, router, &home).await
}

async fn lab(options: &Demo, folder: &Path, origin: &Url) -> anyhow::Result<Arc<Lab>> {
    let lab = Lab::start(LabOptions {
        data_dir: Some(folder.join("lab")),
        timings: match options.pace {
            Pace::Fast => lab::clusters::Timings::fast(),
            Pace::Real => lab::clusters::Timings::demo(),
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

/// What an operator would have written.
fn config(
    lab: &Lab,
    origin: &Url,
    data_dir: PathBuf,
    static_dir: Option<PathBuf>,
) -> anyhow::Result<Config> {
    let forge = lab.forge();
    let mut environments = Vec::with_capacity(ENVIRONMENTS.len());
    for name in ENVIRONMENTS {
        environments.push(environment(lab, name)?);
    }
    let clusters = lab.clusters().iter().map(|cluster| ClusterConfig {
        name: cluster.environment().to_owned(),
        access: ClusterAccess::Server {
            server: cluster.url().clone(),
            token: cluster.token().into(),
            ca: None,
        },
        hook_secret: Some(SecretString::from(lab.hook_secret())),
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
            client_secret: SecretString::from(forge.app().client_secret.as_str()),
            token: SecretString::from(forge.bot_token()),
            webhook_secret: Some(SecretString::from(forge.app().webhook_secret.as_str())),
            poll: Duration::from_secs(10),
        },
        weave_gitops: Some(WeaveGitOpsConfig {
            upstream: lab.dashboard_url().clone(),
            clusters: ENVIRONMENTS
                .map(|name| (name.to_owned(), name.to_owned()))
                .into(),
        }),
        clusters: clusters.collect(),
        told_clusters: Vec::new(),
        pipelines: vec![PipelineSpec {
            name: PipelineName {
                namespace: NAMESPACE.into(),
                name: APP.into(),
            },
            repository: RepositoryName {
                owner: "demo".into(),
                name: APP.into(),
            },
            branch: "main".into(),
            environments,
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
    let in_flux = |object: &str| ObjectName {
        namespace: "flux-system".into(),
        name: object.into(),
    };
    let workload = ObjectName {
        namespace: NAMESPACE.into(),
        name: APP.into(),
    };
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

/// The page beside the current folder, where it was built.
fn built_page() -> Option<PathBuf> {
    let dist = PathBuf::from("dist");
    dist.join("index.html").is_file().then_some(dist)
}

/// Opens the page in the person's browser, as far as there is one.
fn open(url: &str) {
    let (program, before): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("cmd", &["/C", "start", ""])
    } else {
        ("xdg-open", &[])
    };
    let started = tokio::process::Command::new(program)
        .args(before)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if let Err(error) = started {
        tracing::info!(%error, "no browser could be opened; open the page by hand");
    }
}
