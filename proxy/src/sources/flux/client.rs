//! Opening a cluster, and what is wrong with it in words.

use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::config::ClusterAccess;

/// Opens a cluster; nothing is sent to it yet.
pub(super) async fn open(access: &ClusterAccess) -> Result<kube::Client, String> {
    let mut config = config(access).await?;
    config.connect_timeout = Some(Duration::from_secs(5));
    // The watches and the ping try again by themselves, and say what is wrong meanwhile.
    config.default_retry = false;
    kube::Client::try_from(config).map_err(|error| why(&error))
}

async fn config(access: &ClusterAccess) -> Result<kube::Config, String> {
    match access {
        ClusterAccess::Server { server, token, ca } => {
            let address = server
                .as_str()
                .parse()
                .map_err(|_| "its address cannot be used".to_owned())?;
            let mut config = kube::Config::new(address);
            config.auth_info.token = Some(token.clone());
            config.root_cert = ca.as_deref().map(certificates).transpose()?;
            Ok(config)
        }
        ClusterAccess::Kubeconfig {
            kubeconfig,
            context,
        } => {
            let file = Kubeconfig::read_from(kubeconfig).map_err(|error| short(&error))?;
            let options = KubeConfigOptions {
                context: context.clone(),
                ..KubeConfigOptions::default()
            };
            kube::Config::from_custom_kubeconfig(file, &options)
                .await
                .map_err(|error| short(&error))
        }
        ClusterAccess::InCluster => kube::Config::incluster().map_err(|error| short(&error)),
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    CertificateDer::pem_slice_iter(pem)
        .map(|certificate| certificate.map(|der| der.as_ref().to_vec()))
        .collect::<Result<_, _>>()
        .map_err(|_| "its certificate authority is not in PEM".to_owned())
}

/// What an error of the Kubernetes API means, in the end of a sentence.
pub(super) fn why(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => match status.code {
            401 => "the API server does not accept the token".into(),
            403 => format!("the token may not read it: {}", cut(&status.message)),
            code => format!("the API server answers {code}: {}", cut(&status.message)),
        },
        kube::Error::HyperError(_) | kube::Error::Service(_) => {
            "the API server cannot be reached".into()
        }
        other => short(other),
    }
}

/// What a broken watch means.
pub(super) fn why_broken(error: &kube::runtime::watcher::Error) -> String {
    use kube::runtime::watcher::Error;
    match error {
        Error::InitialListFailed(error)
        | Error::WatchStartFailed(error)
        | Error::WatchFailed(error) => why(error),
        Error::WatchError(status) => {
            format!("the API server ended the watch: {}", cut(&status.message))
        }
        Error::NoResourceVersion => "the API server cannot be watched".into(),
    }
}

fn short(error: &impl std::fmt::Display) -> String {
    cut(&error.to_string())
}

fn cut(text: &str) -> String {
    model::flux::cut(text, 120)
}
