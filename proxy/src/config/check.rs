//! From the file's shape to a configuration that holds together, or the first thing wrong with it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use model::PipelineSpec;
use model::chain::Tolerances;
use secrecy::SecretString;
use serde_saphyr::{Location, Spanned};
use url::Url;

use super::error::{ConfigError, repeated};
use super::file;
use super::pipeline::ClusterNames;
use super::secret::Source;
use super::settings::{
    ClusterAccess, ClusterConfig, Config, GitHubConfig, NotifyingCluster, WeaveGitOpsConfig,
};

const DEFAULT_BASE_PATH: &str = "/promotions/";
const DEFAULT_PORT: u16 = 8080;
const DEFAULT_POLL: Duration = Duration::from_secs(30);
const DEFAULT_LIVE_POLL: Duration = Duration::from_secs(2);

/// Checks the whole file.
pub(super) fn checked(path: &Path, file: file::File) -> Result<Config, ConfigError> {
    let reader = Reader {
        file: path,
        folder: path.parent().unwrap_or(Path::new(".")),
    };
    let (clusters, notifying_clusters) = reader.clusters(file.clusters)?;
    let seen = clusters.iter().map(|cluster| cluster.name.clone());
    let notifying = notifying_clusters
        .iter()
        .map(|cluster| cluster.name.clone());
    let names = ClusterNames {
        seen: seen.collect(),
        notifying: notifying.collect(),
    };
    let weave_gitops = file.weave_gitops.map(|dashboard| {
        Ok(WeaveGitOpsConfig {
            upstream: reader.web(dashboard.upstream, "weave_gitops.upstream")?,
            clusters: dashboard.clusters.unwrap_or_else(|| shown(&clusters)),
        })
    });
    let static_dir = file.static_dir.map(|dir| {
        let found = reader.folder.join(&dir.value);
        if found.join("index.html").is_file() {
            return Ok(found);
        }
        let sentence = format!("static_dir {} holds no index.html", found.display());
        Err(reader.wrong(dir.defined, sentence))
    });
    Ok(Config {
        listen: file
            .listen
            .unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT))),
        base_path: reader.base_path(file.base_path)?,
        public_url: reader.public_url(file.public_url)?,
        data_dir: reader.folder.join(file.data_dir),
        static_dir: static_dir.transpose()?,
        github: reader.github(file.github)?,
        weave_gitops: weave_gitops.transpose()?,
        clusters,
        notifying_clusters,
        pipelines: reader.pipelines(file.pipelines, &names)?,
        tolerances: reader.tolerances(file.tolerances)?,
        live_poll: reader
            .seconds(file.live_poll, "live_poll")?
            .unwrap_or(DEFAULT_LIVE_POLL),
        demo: false,
    })
}

/// The cluster that the dashboard shows where nothing is said: the one that both run in.
fn shown(clusters: &[ClusterConfig]) -> BTreeMap<String, String> {
    let only = clusters.len() == 1;
    let here = clusters
        .iter()
        .find(|cluster| only || matches!(cluster.access, ClusterAccess::InCluster));
    here.map(|cluster| (cluster.name.clone(), "Default".to_owned()))
        .into_iter()
        .collect()
}

/// What a check needs to say where something is wrong.
struct Reader<'a> {
    file: &'a Path,
    folder: &'a Path,
}

impl Reader<'_> {
    fn wrong(&self, at: Location, sentence: impl Into<String>) -> ConfigError {
        ConfigError::at(self.file, at, sentence)
    }

    fn secret(&self, source: &Spanned<Source>) -> Result<SecretString, ConfigError> {
        source
            .value
            .load(self.folder)
            .map_err(|sentence| self.wrong(source.defined, sentence))
    }

    fn web(&self, url: Spanned<Url>, key: &str) -> Result<Url, ConfigError> {
        if matches!(url.value.scheme(), "http" | "https") && url.value.has_host() {
            return Ok(url.value);
        }
        let sentence = format!("{key} must begin with http:// or https://");
        Err(self.wrong(url.defined, sentence))
    }

    fn web_or(
        &self,
        url: Option<Spanned<Url>>,
        key: &str,
        default: &str,
    ) -> Result<Url, ConfigError> {
        match url {
            Some(url) => self.web(url, key),
            None => Url::parse(default)
                .map_err(|error| self.wrong(Location::UNKNOWN, error.to_string())),
        }
    }

    fn public_url(&self, url: Spanned<Url>) -> Result<Url, ConfigError> {
        let at = url.defined;
        let url = self.web(url, "public_url")?;
        if url.path() != "/" || url.query().is_some() {
            let sentence = "public_url must have no path; base_path says where Weft lives";
            return Err(self.wrong(at, sentence));
        }
        Ok(url)
    }

    fn base_path(&self, path: Option<Spanned<String>>) -> Result<String, ConfigError> {
        let Some(path) = path else {
            return Ok(DEFAULT_BASE_PATH.to_owned());
        };
        let text = &path.value;
        let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.".contains(c);
        let good = text.len() > 1
            && text.starts_with('/')
            && text.ends_with('/')
            && !text.contains("//")
            && text.chars().all(plain);
        if good {
            return Ok(path.value);
        }
        let sentence =
            format!("base_path '{text}' must begin and end with a slash, such as /promotions/");
        Err(self.wrong(path.defined, sentence))
    }

    fn seconds(
        &self,
        seconds: Option<Spanned<f64>>,
        key: &str,
    ) -> Result<Option<Duration>, ConfigError> {
        let Some(seconds) = seconds else {
            return Ok(None);
        };
        Duration::try_from_secs_f64(seconds.value)
            .ok()
            .filter(|duration| *duration >= Duration::from_millis(100))
            .map(Some)
            .ok_or_else(|| {
                let sentence = format!("{key} must be a number of seconds, 0.1 or more");
                self.wrong(seconds.defined, sentence)
            })
    }

    fn tolerances(&self, file: file::Tolerances) -> Result<Tolerances, ConfigError> {
        let usual = Tolerances::default();
        let or =
            |seconds, key, default| self.seconds(seconds, key).map(|set| set.unwrap_or(default));
        Ok(Tolerances {
            github: or(file.github, "tolerances.github", usual.github)?,
            flux: or(file.flux, "tolerances.flux", usual.flux)?,
            notifications: or(
                file.notifications,
                "tolerances.notifications",
                usual.notifications,
            )?,
            live: or(file.live, "tolerances.live", usual.live)?,
            settle: or(file.settle, "tolerances.settle", usual.settle)?,
            silence: or(file.silence, "tolerances.silence", usual.silence)?,
            promotion: or(file.promotion, "tolerances.promotion", usual.promotion)?,
        })
    }

    fn github(&self, file: file::GitHub) -> Result<GitHubConfig, ConfigError> {
        Ok(GitHubConfig {
            rest_url: self.web_or(file.rest_url, "github.rest_url", "https://api.github.com")?,
            graphql_url: self.web_or(
                file.graphql_url,
                "github.graphql_url",
                "https://api.github.com/graphql",
            )?,
            web_url: self.web_or(file.web_url, "github.web_url", "https://github.com")?,
            client_id: file.client_id,
            client_secret: self.secret(&file.client_secret)?,
            token: self.secret(&file.token)?,
            webhook_secret: self.optional_secret(file.webhook_secret.as_ref())?,
            poll: self
                .seconds(file.poll, "github.poll")?
                .unwrap_or(DEFAULT_POLL),
        })
    }

    fn optional_secret(
        &self,
        source: Option<&Spanned<Source>>,
    ) -> Result<Option<SecretString>, ConfigError> {
        source.map(|source| self.secret(source)).transpose()
    }

    fn clusters(
        &self,
        files: Vec<file::Cluster>,
    ) -> Result<(Vec<ClusterConfig>, Vec<NotifyingCluster>), ConfigError> {
        if let Some(name) = repeated(files.iter().map(|file| &file.name)) {
            let sentence = format!("the cluster '{}' is there twice", name.value);
            return Err(self.wrong(name.defined, sentence));
        }
        let mut clusters = Vec::with_capacity(files.len());
        let mut notifying = Vec::new();
        for file in files {
            let name = file.name.value;
            let hook_secret = self.optional_secret(file.hook_secret.as_ref())?;
            let at = file.access.defined;
            match (self.access(file.access)?, hook_secret) {
                (Some(access), hook_secret) => clusters.push(ClusterConfig {
                    name,
                    access,
                    hook_secret,
                }),
                (None, Some(hook_secret)) => {
                    notifying.push(NotifyingCluster { name, hook_secret });
                }
                (None, None) => {
                    let sentence = format!(
                        "the cluster '{name}' is known by its notifications only: it needs a hook_secret"
                    );
                    return Err(self.wrong(at, sentence));
                }
            }
        }
        Ok((clusters, notifying))
    }

    /// The way into a cluster; none where it is known by its notifications only.
    fn access(&self, access: Spanned<file::Access>) -> Result<Option<ClusterAccess>, ConfigError> {
        let at = access.defined;
        let access = access.value;
        match (
            access.server,
            access.kubeconfig,
            access.in_cluster,
            access.notifications,
        ) {
            (Some(server), None, false, false) => {
                let token = access
                    .token
                    .ok_or_else(|| self.wrong(at, "access by server needs a token"))?
                    .token(self.folder)
                    .map_err(|sentence| self.wrong(at, sentence))?;
                let ca = access.ca.map(|ca| {
                    let path = self.folder.join(ca);
                    std::fs::read(&path).map_err(|error| {
                        let sentence = format!("{} cannot be read: {error}", path.display());
                        self.wrong(at, sentence)
                    })
                });
                let ca = ca.transpose()?;
                Ok(Some(ClusterAccess::Server { server, token, ca }))
            }
            (None, Some(kubeconfig), false, false) => {
                let kubeconfig = self.folder.join(kubeconfig);
                if !kubeconfig.is_file() {
                    let sentence = format!("there is no file {}", kubeconfig.display());
                    return Err(self.wrong(at, sentence));
                }
                Ok(Some(ClusterAccess::Kubeconfig {
                    kubeconfig,
                    context: access.context,
                }))
            }
            (None, None, true, false) => Ok(Some(ClusterAccess::InCluster)),
            (None, None, false, true) => Ok(None),
            _ => {
                let sentence =
                    "access needs exactly one of server, kubeconfig, in_cluster and notifications";
                Err(self.wrong(at, sentence))
            }
        }
    }

    fn pipelines(
        &self,
        files: Spanned<Vec<super::pipeline::Pipeline>>,
        clusters: &ClusterNames,
    ) -> Result<Vec<PipelineSpec>, ConfigError> {
        if files.value.is_empty() {
            return Err(self.wrong(files.defined, "there are no pipelines to show"));
        }
        let mut pipelines: Vec<PipelineSpec> = Vec::with_capacity(files.value.len());
        for file in files.value {
            let at = file.name.defined;
            let pipeline = file.checked(self.file, clusters)?;
            if pipelines.iter().any(|known| known.name == pipeline.name) {
                let sentence = format!("the pipeline {} is there twice", pipeline.name);
                return Err(self.wrong(at, sentence));
            }
            pipelines.push(pipeline);
        }
        Ok(pipelines)
    }
}
