//! Why a request to a cluster failed, as the end of a sentence.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use kube::client::AuthError;
use kube::core::Status;
use model::flux::Kind;
use rustls::CertificateError;

/// The longest pause that an API server may ask for.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(30);

/// What an error was the answer to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operation<'a> {
    /// A list or a watch.
    Collection {
        /// `list` or `watch`.
        verb: &'a str,
        kind: Kind,
        /// `None` for all namespaces.
        namespace: Option<&'a str>,
    },
    /// A request about one object.
    Object,
    /// A request about the API server itself, or a stream.
    Other,
}

/// What a caller can do about an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Weft's account has no right to it.
    Forbidden,
    /// There is no such object, or no such kind.
    NotFound,
    /// The API server does not accept the credentials.
    Unauthorized,
    /// A watch cannot go on from its version: only a new list tells the present state.
    Expired,
    /// Anything else; a later try may succeed.
    Unavailable,
}

/// Why a cluster did not do what it was asked; displayed as the end of a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Error {
    pub(crate) reason: Reason,
    message: String,
    /// How long the API server asks to be left alone.
    pub(super) retry_after: Option<Duration>,
}

impl Error {
    pub(super) fn unavailable(message: impl Into<String>) -> Self {
        Self {
            reason: Reason::Unavailable,
            message: message.into(),
            retry_after: None,
        }
    }

    pub(super) fn not_found() -> Self {
        Self {
            reason: Reason::NotFound,
            ..Self::unavailable("there is no such object")
        }
    }

    pub(super) fn new(error: &kube::Error, operation: Operation<'_>) -> Self {
        match error {
            kube::Error::Api(status) => Self::from_status(status, operation),
            other => Self::unavailable(no_answer(other)),
        }
    }

    pub(super) fn from_status(status: &Status, operation: Operation<'_>) -> Self {
        let details = status.details.as_ref();
        let retry_after = details
            .map(|details| Duration::from_secs(details.retry_after_seconds.into()))
            .filter(|after| !after.is_zero())
            .map(|after| after.min(LONGEST_RETRY_AFTER));
        // A store that was restored counts from an earlier number on, and never reaches ours.
        let is_ahead = details
            .iter()
            .flat_map(|details| &details.causes)
            .any(|cause| cause.reason == "ResourceVersionTooLarge");
        let reason = match status.code {
            410 => Reason::Expired,
            _ if is_ahead => Reason::Expired,
            401 => Reason::Unauthorized,
            403 => Reason::Forbidden,
            404 => Reason::NotFound,
            _ => Reason::Unavailable,
        };
        let message = match (operation, status.code) {
            (
                Operation::Collection {
                    verb,
                    kind,
                    namespace,
                },
                403,
            ) => {
                let place = match namespace {
                    Some(namespace) => format!("in the namespace {namespace}"),
                    None => "in all namespaces".into(),
                };
                format!("the token may not {verb} {} {place}", kind.as_str())
            }
            (Operation::Collection { kind, .. }, 404) => {
                let (group, version) = (kind.group(), kind.version());
                let kind = kind.as_str();
                format!("the API server does not know {kind} of {group}/{version}")
            }
            (Operation::Object, 403) => "its role does not allow it".into(),
            (Operation::Object, 404) => "there is no such object".into(),
            _ => answer(status),
        };
        Self {
            reason,
            message,
            retry_after,
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

/// Describes an error that is not the API server's own answer.
pub(super) fn no_answer(error: &kube::Error) -> String {
    match error {
        kube::Error::Auth(error) => no_token(error),
        kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => {
            "the API server answers what is not Kubernetes' JSON".into()
        }
        other => unreachable(other),
    }
}

/// Describes why no client could be made.
pub(super) fn no_client(error: &kube::Error) -> String {
    match error {
        kube::Error::Auth(error) => no_token(error),
        kube::Error::RustlsTls(error) => {
            format!("its certificates cannot be used: {}", short(error))
        }
        other => short(other),
    }
}

/// Describes why there is no token. Neither the command nor what it wrote is shown: they may hold one.
fn no_token(error: &AuthError) -> String {
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

/// Describes the innermost cause that has a name.
fn unreachable(error: &(dyn StdError + 'static)) -> String {
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
            // What an `io::Error` wraps is not its `source`.
            Some(inner) => Some(inner as &(dyn StdError + 'static)),
            None => error.source(),
        };
    }
    deepest.unwrap_or_else(|| format!("the API server cannot be reached: {}", short(&error)))
}

fn named(error: &(dyn StdError + 'static)) -> Option<String> {
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

    const LIST: Operation<'_> = Operation::Collection {
        verb: "list",
        kind: Kind::HelmRelease,
        namespace: Some("app-podinfo"),
    };

    fn message(code: u16) -> String {
        let status = Status::failure("etcd is away", "Why").with_code(code);
        Error::from_status(&status, LIST).message
    }

    #[test]
    fn each_answer_has_its_sentence() {
        assert_eq!(
            message(403),
            "the token may not list HelmRelease in the namespace app-podinfo"
        );
        assert_eq!(
            message(404),
            "the API server does not know HelmRelease of helm.toolkit.fluxcd.io/v2"
        );
        assert_eq!(message(503), "the API server answers 503: etcd is away");
        let everywhere = Operation::Collection {
            verb: "watch",
            kind: Kind::Deployment,
            namespace: None,
        };
        let status = Status::failure("", "Forbidden").with_code(403);
        assert_eq!(
            Error::from_status(&status, everywhere).message,
            "the token may not watch Deployment in all namespaces"
        );
    }

    #[test]
    fn only_what_is_gone_or_too_new_must_be_listed_anew() {
        let expired = |json: serde_json::Value| {
            let status: Status = serde_json::from_value(json).unwrap();
            Error::from_status(&status, LIST).reason == Reason::Expired
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
            Error::from_status(&status, LIST).retry_after
        };
        assert_eq!(after(0), None);
        assert_eq!(after(2), Some(Duration::from_secs(2)));
        assert_eq!(after(86_400), Some(LONGEST_RETRY_AFTER));
    }
}
