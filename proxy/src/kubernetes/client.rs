//! The client of a cluster: by a token, by a kubeconfig, or as the Pod that Weft runs in.
//!
//! Files are read again before each use, so that a token that is rotated is never missed.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kube::config::{KubeConfigOptions, Kubeconfig};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use super::error::{Error, no_client, short};
use crate::config::{ClusterAccess, Token};

/// The folder of a Pod's own service account.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a command that a kubeconfig names for its token may take.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);
/// The least age of a client that is made again because the cluster does not accept it.
const LEAST_AGE: Duration = Duration::from_secs(10);

/// Makes the client of a cluster, and makes it again when its credentials change.
pub(crate) struct ClusterClient {
    access: ClusterAccess,
    cached: Mutex<Option<CachedClient>>,
}

#[derive(Clone)]
struct CachedClient {
    client: kube::Client,
    /// Of the [`ConnectionConfig`] that it was made from.
    digest: [u8; 32],
    made_at: Instant,
}

impl ClusterClient {
    pub(super) fn new(access: ClusterAccess) -> Self {
        Self {
            access,
            cached: Mutex::default(),
        }
    }

    /// Returns the client, made again where a file that it was made from has changed. Sends nothing.
    pub(super) async fn current(&self) -> Result<kube::Client, Error> {
        let mut cached = self.cached.lock().await;
        let made = self.make(cached.as_ref()).await;
        made.map_err(Error::unavailable).map(|made| {
            let client = made.client.clone();
            *cached = Some(made);
            client
        })
    }

    async fn make(&self, cached: Option<&CachedClient>) -> Result<CachedClient, String> {
        let config = match (ConnectionConfig::read(&self.access), cached) {
            (Ok(config), _) => config,
            // A file that is just being replaced ends nothing that works.
            (Err(_), Some(cached)) => return Ok(cached.clone()),
            (Err(why), None) => return Err(why),
        };
        let digest = config.digest();
        if let Some(cached) = cached.filter(|cached| cached.digest == digest) {
            return Ok(cached.clone());
        }
        Ok(CachedClient {
            client: connect(config.resolve().await?).await?,
            digest,
            made_at: Instant::now(),
        })
    }

    /// Drops a client that the cluster did not accept: a token that is not in a file may have changed.
    pub(super) async fn invalidate(&self) {
        let mut cached = self.cached.lock().await;
        if cached
            .as_ref()
            .is_some_and(|cached| cached.made_at.elapsed() >= LEAST_AGE)
        {
            *cached = None;
        }
    }
}

/// The inputs of a client, read from their files.
enum ConnectionConfig {
    Server {
        address: String,
        token: SecretString,
        ca: Option<Vec<u8>>,
    },
    Kubeconfig {
        file: Box<Kubeconfig>,
        context: Option<String>,
        /// Of the file and of those that it names.
        contents: Vec<Vec<u8>>,
    },
}

impl ConnectionConfig {
    fn read(access: &ClusterAccess) -> Result<Self, String> {
        match access {
            ClusterAccess::Server { server, token, ca } => Ok(Self::Server {
                address: server.to_string(),
                token: match token {
                    Token::Given(token) => token.clone(),
                    Token::File(path) => token_in(path)?,
                },
                ca: ca.clone(),
            }),
            ClusterAccess::Kubeconfig {
                kubeconfig,
                context,
            } => {
                let own = std::fs::read(kubeconfig).map_err(|error| unread(kubeconfig, &error))?;
                let file = Kubeconfig::read_from(kubeconfig)
                    .map_err(|error| format!("its kubeconfig cannot be used: {}", short(&error)))?;
                // Those of other contexts may be missing.
                let named = files_of(&file);
                let named = named.iter().filter_map(|path| std::fs::read(path).ok());
                Ok(Self::Kubeconfig {
                    contents: std::iter::once(own).chain(named).collect(),
                    context: context.clone(),
                    file: Box::new(file),
                })
            }
            ClusterAccess::InCluster => {
                let folder = Path::new(SERVICE_ACCOUNT);
                let ca = folder.join("ca.crt");
                Ok(Self::Server {
                    address: address_in_pod()?,
                    token: token_in(&folder.join("token"))?,
                    ca: Some(std::fs::read(&ca).map_err(|error| unread(&ca, &error))?),
                })
            }
        }
    }

    fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        match self {
            Self::Server { address, token, ca } => {
                digest.update(address);
                digest.update(token.expose_secret());
                digest.update(ca.as_deref().unwrap_or_default());
            }
            Self::Kubeconfig { contents, .. } => {
                for content in contents {
                    digest.update(content);
                }
            }
        }
        digest.finalize().into()
    }

    async fn resolve(self) -> Result<kube::Config, String> {
        match self {
            Self::Server { address, token, ca } => {
                let address = address
                    .parse()
                    .map_err(|_| "its address cannot be used".to_owned())?;
                let mut config = kube::Config::new(address);
                config.auth_info.token = Some(token);
                config.root_cert = ca.as_deref().map(certificates).transpose()?;
                Ok(config)
            }
            Self::Kubeconfig { file, context, .. } => {
                let options = KubeConfigOptions {
                    context,
                    ..KubeConfigOptions::default()
                };
                let mut config = kube::Config::from_custom_kubeconfig(*file, &options)
                    .await
                    .map_err(|error| format!("its kubeconfig cannot be used: {}", short(&error)))?;
                // Read here, since the client would take the end of its line for a part of it.
                if let Some(path) = config.auth_info.token_file.take() {
                    let given = config.auth_info.token.take();
                    config.auth_info.token = Some(match given {
                        Some(token) => token,
                        None => token_in(Path::new(&path))?,
                    });
                }
                Ok(config)
            }
        }
    }
}

/// Returns the files that a kubeconfig names.
fn files_of(file: &Kubeconfig) -> Vec<PathBuf> {
    let users = file.auth_infos.iter().filter_map(|user| {
        let user = user.auth_info.as_ref()?;
        Some([
            user.token_file.as_ref(),
            user.client_certificate.as_ref(),
            user.client_key.as_ref(),
        ])
    });
    let clusters = file
        .clusters
        .iter()
        .filter_map(|cluster| cluster.cluster.as_ref()?.certificate_authority.as_ref());
    users
        .flatten()
        .flatten()
        .chain(clusters)
        .map(PathBuf::from)
        .collect()
}

fn token_in(path: &Path) -> Result<SecretString, String> {
    let token = std::fs::read_to_string(path).map_err(|error| unread(path, &error))?;
    match token.trim_end() {
        "" => Err(format!("the token's file {} is empty", path.display())),
        token => Ok(token.into()),
    }
}

fn unread(path: &Path, error: &io::Error) -> String {
    format!("{} cannot be read: {error}", path.display())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a Pod is told by its environment where its API server is"
)]
fn address_in_pod() -> Result<String, String> {
    let variable = |name: &str| {
        std::env::var(name).map_err(|_| format!("Weft does not run in a Pod: {name} is not set"))
    };
    let host = variable("KUBERNETES_SERVICE_HOST")?;
    let port = variable("KUBERNETES_SERVICE_PORT")?;
    Ok(if host.contains(':') {
        format!("https://[{host}]:{port}")
    } else {
        format!("https://{host}:{port}")
    })
}

fn certificates(pem: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    CertificateDer::pem_slice_iter(pem)
        .map(|certificate| certificate.map(|der| der.as_ref().to_vec()))
        .collect::<Result<Vec<_>, _>>()
        .ok()
        .filter(|found| !found.is_empty())
        .ok_or_else(|| "its certificate authority is not in PEM".to_owned())
}

async fn connect(mut config: kube::Config) -> Result<kube::Client, String> {
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    // The watches and the ping retry by themselves, and report the error meanwhile.
    config.default_retry = false;
    if config.auth_info.exec.is_none() {
        return kube::Client::try_from(config).map_err(|error| no_client(&error));
    }
    // A kubeconfig's command is run by this, and may hang: on a thread that nobody waits for.
    let (done, opened) = tokio::sync::oneshot::channel();
    let runtime = tokio::runtime::Handle::current();
    std::thread::spawn(move || {
        let _inside = runtime.enter();
        // The receiver is gone when it took too long.
        drop(done.send(kube::Client::try_from(config)));
    });
    match tokio::time::timeout(COMMAND_TIMEOUT, opened).await {
        Ok(Ok(opened)) => opened.map_err(|error| no_client(&error)),
        Ok(Err(_)) => Err("the command of its kubeconfig broke off".into()),
        Err(_) => Err(format!(
            "the command of its kubeconfig gave no token within {} s",
            COMMAND_TIMEOUT.as_secs()
        )),
    }
}
