//! Weft in front of the world: the product as an operator would install it, told of the clusters and of
//! GitHub by nothing but its configuration file.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use url::Url;

use crate::process::{Server, free_ports, write_secret};
use crate::world::{Environment, World};

const BASE_PATH: &str = "/promotions/";

/// A running Weft.
pub struct Weft {
    home: Url,
    _server: Server,
}

impl Weft {
    /// Starts the program `weft` for a world, with the page in `dist` where there is one; on this port,
    /// or on a free one.
    pub fn start(
        world: &World,
        program: &Path,
        dist: Option<&Path>,
        port: Option<u16>,
    ) -> anyhow::Result<Self> {
        let port = match port {
            Some(port) => port,
            None => free_ports::<1>()?[0],
        };
        let url = Url::parse(&format!("http://127.0.0.1:{port}/"))?;
        let folder = world.folder.join("weft");
        std::fs::create_dir_all(&folder)?;
        let file = folder.join("weft.yaml");
        let config = configuration(world, &folder, &url, dist)?;
        std::fs::write(&file, serde_saphyr::to_string(&config)?)?;
        let mut command = Command::new(program);
        command.arg("serve").arg("--config").arg(&file);
        let mut server = Server::start(command, &folder.join("weft"))?;
        server.listens(port)?;
        world.egress_proxy.route_weft_to(url.clone());
        let home = url.join(BASE_PATH)?;
        let secret = &world.forge.app().webhook_secret;
        world.forge.add_webhook(home.join("hooks/github")?, secret);
        Ok(Self {
            home,
            _server: server,
        })
    }

    /// Where it answers, `http://127.0.0.1:PORT/promotions/`.
    #[must_use]
    pub fn home(&self) -> &Url {
        &self.home
    }
}

fn configuration(
    world: &World,
    folder: &Path,
    url: &Url,
    dist: Option<&Path>,
) -> anyhow::Result<Value> {
    let secret = |name: &str, value: &str| -> anyhow::Result<Value> {
        write_secret(&folder.join(name), value)?;
        Ok(json!({ "file": name }))
    };
    let forge = &world.forge;
    let app = forge.app();
    let mut clusters = Vec::new();
    for environment in &world.environments {
        clusters.push(json!({
            "name": environment.name,
            "access": access(environment, folder)?,
            "hook_secret": secret("hook", &world.hook_secret)?,
        }));
    }
    let mut config = json!({
        "listen": format!("127.0.0.1:{}", url.port().unwrap_or(80)),
        "base_path": BASE_PATH,
        "public_url": url,
        "data_dir": "data",
        "github": {
            "rest_url": forge.url().join("api/v3")?,
            "graphql_url": forge.url().join("api/graphql")?,
            "web_url": forge.url(),
            "client_id": app.client_id,
            "client_secret": secret("github-client", &app.client_secret)?,
            "token": secret("github-reader", forge.bot_token())?,
            "webhook_secret": secret("github-hook", &app.webhook_secret)?,
            "poll": 10,
        },
        "clusters": clusters,
        "pipelines": [{
            "namespace": "app-podinfo", "name": "podinfo", "repository": "demo/podinfo",
            "environments": world.environments.iter().map(environment).collect::<Vec<_>>(),
        }],
        // Everything is near here, so what is late is told sooner.
        "tolerances": { "live": 10, "promotion": 20 },
    });
    if let Some(dist) = dist {
        config["static_dir"] = dist.display().to_string().into();
    }
    Ok(config)
}

/// The first cluster by a kubeconfig, the others by their address: both are what operators have.
fn access(environment: &Environment, folder: &Path) -> anyhow::Result<Value> {
    let certificate = environment.plane.certificate();
    if environment.name != "dev" {
        let token: PathBuf = format!("token-{}", environment.name).into();
        write_secret(&folder.join(&token), &environment.weft_token)?;
        return Ok(json!({
            "server": environment.plane.url(), "ca": certificate, "token": { "file": token },
        }));
    }
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config",
        "clusters": [{ "name": environment.name, "cluster": {
            "server": environment.plane.url(), "certificate-authority": certificate,
        } }],
        "users": [{ "name": "weft", "user": { "token": environment.weft_token } }],
        "contexts": [{ "name": "weft", "context": { "cluster": environment.name, "user": "weft" } }],
    });
    write_secret(&folder.join("kubeconfig"), &kubeconfig.to_string())?;
    Ok(json!({ "kubeconfig": "kubeconfig", "context": "weft" }))
}

fn environment(environment: &Environment) -> Value {
    let name = environment.name;
    let app = json!({ "namespace": "app-podinfo", "name": "podinfo" });
    let mut target = json!({
        "cluster": name,
        "git_repository": { "namespace": "flux-system", "name": "podinfo" },
        "kustomization": {
            "namespace": "flux-system", "name": format!("app-promo-podinfo-{name}"),
        },
        "live_url": environment.live.as_str().trim_end_matches('/'),
    });
    let branch_builds = name == "dev";
    let deployer = if branch_builds {
        "deployment"
    } else {
        "helm_release"
    };
    target[deployer] = app.clone();
    if branch_builds {
        target["image_policy"] = app.clone();
        target["image_update_automation"] = app;
    }
    let file = if branch_builds {
        "podinfo.yaml"
    } else {
        "podinfo-helmrelease.yaml"
    };
    let by_itself = ["dev", "dev-test"].contains(&name);
    json!({
        "name": name,
        "gate": if by_itself { "automatic" } else { "approval" },
        "user_facing": name == "prod",
        "path": format!("environments/{name}/{file}"),
        "link": environment.live,
        "targets": [target],
    })
}
