//! What is asked of a cluster for one kind: pages of a list, and changes from a version on.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use kube::api::{ListParams, WatchParams};
use kube::core::{Request, Status, WatchEvent};
use model::flux::Kind;
use tokio::time::timeout;

use super::client::Access;
use super::kinds::Namespaces;
use super::object::{Object, Page};
use super::trouble::{Asking, Trouble, short};

/// How long one page may take.
const LISTING: Duration = Duration::from_secs(30);
/// How long a watch may take to begin.
const OPENING: Duration = Duration::from_secs(10);

/// The changes of a kind.
pub(super) type Stream = BoxStream<'static, kube::Result<WatchEvent<Object>>>;

/// One kind of a cluster, and the way to it.
pub(super) struct Ask {
    pub(super) access: Arc<Access>,
    pub(super) namespaces: Namespaces,
    pub(super) kind: Kind,
}

impl Ask {
    /// Asks for one page of what is there, as of now.
    pub(super) async fn list(&self, limit: u32, next: Option<String>) -> Result<Page, Trouble> {
        let client = self.access.client().await.map_err(Trouble::said)?;
        let path = self.path(&client);
        let params = ListParams {
            limit: Some(limit),
            continue_token: next,
            ..ListParams::default()
        };
        let request = Request::new(path.as_str())
            .list(&params)
            .map_err(|error| Trouble::said(short(&error)))?;
        let answer = async {
            let text = client.request_text(request).await?;
            serde_json::from_str(&text).map_err(kube::Error::SerdeError)
        };
        match timeout(LISTING, answer).await {
            Ok(page) => page.map_err(|error| Trouble::of(&error, self.asking("list", &path))),
            Err(_) => Err(self.late("list", LISTING)),
        }
    }

    /// Whether the cluster was restored from an earlier copy of itself: it would let us wait for ever
    /// for the changes after a version that it has yet to reach.
    pub(super) async fn turned_back(&self, version: &str) -> Result<bool, Trouble> {
        let now = self.list(1, None).await?.metadata.resource_version;
        let number = |version: &str| version.parse::<u64>().ok();
        let now = now.as_deref().and_then(number);
        Ok(now
            .zip(number(version))
            .is_some_and(|(now, known)| now < known))
    }

    /// Asks for every change after a version, for so many seconds, with bookmarks.
    pub(super) async fn watch(&self, life: u32, version: &str) -> Result<Stream, Trouble> {
        let client = self.access.client().await.map_err(Trouble::said)?;
        let path = self.path(&client);
        let params = WatchParams {
            timeout: Some(life),
            bookmarks: true,
            ..WatchParams::default()
        };
        let request = Request::new(path.as_str())
            .watch(&params, version)
            .map_err(|error| Trouble::said(short(&error)))?;
        match timeout(OPENING, client.request_events::<Object>(request)).await {
            Ok(Ok(stream)) => Ok(stream.boxed()),
            Ok(Err(error)) => Err(Trouble::of(&error, self.asking("watch", &path))),
            Err(_) => Err(self.late("watch", OPENING)),
        }
    }

    /// What an answer means that came in place of a change.
    pub(super) fn answered(&self, status: &Status) -> Trouble {
        Trouble::answered(status, self.asking("watch", ""))
    }

    fn path(&self, client: &kube::Client) -> String {
        let api = self.namespaces.api(client.clone(), self.kind);
        api.resource_url().to_owned()
    }

    fn asking<'a>(&self, verb: &'a str, path: &'a str) -> Asking<'a> {
        Asking {
            verb,
            kind: self.kind.as_str(),
            path,
        }
    }

    fn late(&self, verb: &str, after: Duration) -> Trouble {
        Trouble::said(format!(
            "the API server did not begin to {verb} {} within {} s",
            self.kind.as_str(),
            after.as_secs()
        ))
    }
}
