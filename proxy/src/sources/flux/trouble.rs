//! What is wrong with a cluster, in the end of a sentence.

use std::error::Error;
use std::io;
use std::time::Duration;

use kube::client::AuthError;
use kube::core::Status;
use rustls::CertificateError;

/// A cluster that asks to be left alone is left alone, but not for longer than this.
const LONGEST: Duration = Duration::from_secs(30);

/// What was asked of a cluster.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asking<'a> {
    /// `list` or `watch`.
    pub(super) verb: &'a str,
    /// As Kubernetes spells it.
    pub(super) kind: &'a str,
    /// The path of the resource, such as `/apis/apps/v1/namespaces/web/deployments`.
    pub(super) path: &'a str,
}

/// Why a question was not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    /// In the end of a sentence.
    pub(super) why: String,
    /// What was listed cannot be followed any longer: only a new list tells what is.
    pub(super) expired: bool,
    /// The cluster does not accept who asks.
    pub(super) refused: bool,
    /// How long the cluster asks to be left alone.
    pub(super) after: Option<Duration>,
}

impl Trouble {
    pub(super) fn said(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            expired: false,
            refused: false,
            after: None,
        }
    }

    pub(super) fn of(error: &kube::Error, asking: Asking<'_>) -> Self {
        match error {
            kube::Error::Api(status) => Self::answered(status, asking),
            other => Self::said(why(other)),
        }
    }

    /// What an answer means that is none.
    pub(super) fn answered(status: &Status, asking: Asking<'_>) -> Self {
        let details = status.details.as_ref();
        let after = details
            .map(|details| Duration::from_secs(details.retry_after_seconds.into()))
            .filter(|after| !after.is_zero())
            .map(|after| after.min(LONGEST));
        // A store that was restored counts from an earlier number on, and never reaches ours.
        let ahead = details
            .iter()
            .flat_map(|details| &details.causes)
            .any(|cause| cause.reason == "ResourceVersionTooLarge");
        let Asking { verb, kind, path } = asking;
        let why = match status.code {
            403 => format!("the token may not {verb} {kind} {}", place(path)),
            404 => format!("the API server does not know {kind} of {}", group(path)),
            _ => answer(status),
        };
        Self {
            why,
            expired: status.code == 410 || ahead,
            refused: status.code == 401,
            after,
        }
    }
}

fn answer(status: &Status) -> String {
    match status.code {
        401 => "the API server does not accept the token".into(),
        410 => "the API server no longer knows the changes since the last one that was seen".into(),
        429 => "the API server has too much to do (429)".into(),
        code if status.message.is_empty() => format!("the API server answers {code}"),
        code => format!("the API server answers {code}: {}", cut(&status.message)),
    }
}

/// `in the namespace web`, of a resource's path.
fn place(path: &str) -> String {
    match path.split_once("/namespaces/") {
        Some((_, rest)) => {
            let namespace = rest.split('/').next().unwrap_or_default();
            format!("in the namespace {namespace}")
        }
        None => "in all namespaces".into(),
    }
}

/// `helm.toolkit.fluxcd.io/v2`, of a resource's path.
fn group(path: &str) -> String {
    let parts = path.trim_start_matches("/apis/").split('/');
    parts.take(2).collect::<Vec<_>>().join("/")
}

/// What an error of the Kubernetes API means.
pub(crate) fn why(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => answer(status),
        kube::Error::Auth(error) => unproven(error),
        kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => {
            "the API server answers what is not Kubernetes' JSON".into()
        }
        other => unreached(other),
    }
}

/// Why no client could be made.
pub(super) fn cannot_open(error: &kube::Error) -> String {
    match error {
        kube::Error::Auth(error) => unproven(error),
        kube::Error::RustlsTls(error) => {
            format!("its certificates cannot be used: {}", short(error))
        }
        other => short(other),
    }
}

/// Why there is no token. Neither the command nor what it wrote is shown: they may hold one.
fn unproven(error: &AuthError) -> String {
    match error {
        AuthError::AuthExecStart(error) => {
            format!("the command of its kubeconfig cannot be run: {error}")
        }
        AuthError::AuthExecRun { out, .. } => {
            format!("the command of its kubeconfig failed ({})", out.status)
        }
        AuthError::AuthExecParse(_) | AuthError::ExecPluginFailed => {
            "the command of its kubeconfig gave no token".into()
        }
        other => format!("its kubeconfig gives no token: {}", short(other)),
    }
}

/// Why there was no answer: the innermost cause that has a name.
fn unreached(error: &(dyn Error + 'static)) -> String {
    let mut next = Some(error);
    let mut deepest = None;
    while let Some(error) = next {
        if let Some(why) = named(error) {
            deepest = Some(why);
        }
        next = match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            // What an `io::Error` wraps is not among the causes that it tells.
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        };
    }
    deepest.unwrap_or_else(|| format!("the API server cannot be reached: {}", short(&error)))
}

fn named(error: &(dyn Error + 'static)) -> Option<String> {
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some(match error {
            rustls::Error::InvalidCertificate(wrong) => untrusted(wrong),
            other => format!("no TLS with the API server: {}", short(other)),
        });
    }
    if error.to_string().starts_with("dns error") {
        return Some("the name of the API server is not found".into());
    }
    let kind = error.downcast_ref::<io::Error>()?.kind();
    let why = match kind {
        io::ErrorKind::ConnectionRefused => {
            "the API server cannot be reached: nothing listens there"
        }
        io::ErrorKind::TimedOut => "the API server cannot be reached: no answer in time",
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => "the API server broke the connection off",
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            "the API server cannot be reached: there is no way to it"
        }
        _ => return None,
    };
    Some(why.into())
}

fn untrusted(wrong: &CertificateError) -> String {
    let why = match wrong {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "its authority is not the one that is configured"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired",
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is for another name"
        }
        other => return format!("the API server's certificate is not trusted: {other}"),
    };
    format!("the API server's certificate is not trusted: {why}")
}

pub(super) fn short(error: &dyn std::fmt::Display) -> String {
    cut(&error.to_string())
}

fn cut(text: &str) -> String {
    model::flux::cut(text, 120)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKING: Asking<'_> = Asking {
        verb: "list",
        kind: "HelmRelease",
        path: "/apis/helm.toolkit.fluxcd.io/v2/namespaces/app-podinfo/helmreleases",
    };

    fn said(code: u16) -> String {
        let status = Status::failure("etcd is away", "Why").with_code(code);
        Trouble::answered(&status, ASKING).why
    }

    #[test]
    fn each_answer_has_its_sentence() {
        assert_eq!(
            said(403),
            "the token may not list HelmRelease in the namespace app-podinfo"
        );
        assert_eq!(
            said(404),
            "the API server does not know HelmRelease of helm.toolkit.fluxcd.io/v2"
        );
        assert_eq!(said(503), "the API server answers 503: etcd is away");
        let everywhere = Asking {
            verb: "watch",
            kind: "Deployment",
            path: "/apis/apps/v1/deployments",
        };
        let status = Status::failure("", "Forbidden").with_code(403);
        assert_eq!(
            Trouble::answered(&status, everywhere).why,
            "the token may not watch Deployment in all namespaces"
        );
    }

    #[test]
    fn only_what_is_gone_or_too_new_must_be_listed_anew() {
        let expired = |json: serde_json::Value| {
            let status: Status = serde_json::from_value(json).unwrap();
            Trouble::answered(&status, ASKING).expired
        };
        assert!(expired(serde_json::json!({"code": 410})));
        assert!(expired(serde_json::json!({
            "code": 504, "details": {"causes": [{"reason": "ResourceVersionTooLarge"}]},
        })));
        assert!(!expired(serde_json::json!({"code": 504})));
    }

    #[test]
    fn a_cluster_that_asks_for_a_pause_gets_one_within_reason() {
        let after = |seconds: u32| {
            let json = serde_json::json!({"code": 429, "details": {"retryAfterSeconds": seconds}});
            let status: Status = serde_json::from_value(json).unwrap();
            Trouble::answered(&status, ASKING).after
        };
        assert_eq!(after(0), None);
        assert_eq!(after(2), Some(Duration::from_secs(2)));
        assert_eq!(after(86_400), Some(LONGEST));
    }
}
