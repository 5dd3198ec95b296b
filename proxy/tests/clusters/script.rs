//! An API server that lists and watches as Kubernetes says it should, until it is told to misbehave.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::weft::Weft;

/// Access by a token that is in the file `token`.
pub fn by_token(server: &str) -> String {
    format!("{{server: '{server}', token: {{file: token}}}}")
}

/// What a list or a watch is answered with.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Answer {
    /// As Kubernetes would.
    #[default]
    Well,
    /// With this status instead, and this in its `details`.
    Status(u16, Value),
    /// With this status as an event of a stream that begins well.
    Event(u16),
    /// With this status as a line of a stream that begins well, which is no event.
    Line(u16),
    /// A stream that ends at once; an empty list.
    Nothing,
    /// Never: the connection is taken, and nothing comes.
    Never,
    /// A stream that begins well, and in which nothing ever comes.
    Silence,
}

/// One question, as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub at: Instant,
    pub plural: String,
    pub query: HashMap<String, String>,
    pub token: String,
}

impl Asked {
    pub fn is_watch(&self) -> bool {
        self.query.contains_key("watch")
    }
}

struct Change {
    version: u64,
    plural: &'static str,
    event: Value,
}

/// The next answers, and what every one after those is.
#[derive(Default)]
struct Script {
    next: VecDeque<Answer>,
    then: Answer,
}

impl Script {
    fn new(next: &[Answer], then: Answer) -> Self {
        let next = next.to_vec().into();
        Self { next, then }
    }

    fn answer(&mut self) -> Answer {
        let next = self.next.pop_front();
        next.unwrap_or_else(|| self.then.clone())
    }
}

#[derive(Default)]
struct World {
    version: u64,
    objects: BTreeMap<(&'static str, String), Value>,
    changes: Vec<Change>,
    lists: Script,
    watches: Script,
    asked: Vec<Asked>,
    token: Option<String>,
}

/// The server; it ends with its last handle.
pub struct Server {
    shared: Arc<Shared>,
    url: String,
    serving: AbortHandle,
}

struct Shared {
    world: Mutex<World>,
    /// The newest version, and how many times all streams were cut.
    moved: watch::Sender<(u64, u64)>,
}

impl Shared {
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }
}

impl Server {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            world: Mutex::new(World {
                version: 100,
                ..World::default()
            }),
            moved: watch::channel((100, 0)).0,
        });
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            shared,
            url,
            serving: serving.abort_handle(),
        }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// A Weft that this is the one cluster of, `prod`, with a token that a file holds.
    pub async fn weft(&self) -> Weft {
        Weft::beside(&[("prod", &by_token(&self.url))], &[]).await
    }

    /// Only this token is accepted from now on.
    pub fn accept(&self, token: &str) {
        self.shared.world().token = Some(token.into());
    }

    /// Puts an object there, as new or changed.
    pub fn put(&self, plural: &'static str, mut object: Value) {
        self.change(plural, |world| {
            object["metadata"]["resourceVersion"] = json!(world.version.to_string());
            let key = (plural, object["metadata"]["name"].to_string());
            let known = world.objects.insert(key, object.clone()).is_some();
            let kind = if known { "MODIFIED" } else { "ADDED" };
            json!({"type": kind, "object": object})
        });
    }

    /// Takes an object away.
    pub fn take(&self, plural: &'static str, name: &str) {
        self.change(plural, |world| {
            let key = (plural, json!(name).to_string());
            let mut object = world.objects.remove(&key).unwrap();
            object["metadata"]["resourceVersion"] = json!(world.version.to_string());
            json!({"type": "DELETED", "object": object})
        });
    }

    /// Makes a change at the next version, and tells it to the streams.
    fn change(&self, plural: &'static str, change: impl FnOnce(&mut World) -> Value) {
        let mut world = self.shared.world();
        world.version += 1;
        let event = change(&mut world);
        let version = world.version;
        world.changes.push(Change {
            version,
            plural,
            event,
        });
        drop(world);
        let moved = &self.shared.moved;
        moved.send_modify(|(newest, _)| *newest = version);
    }

    /// Forgets all changes: who asks for those after an earlier version is told that they are gone.
    pub fn compact(&self) {
        let mut world = self.shared.world();
        world.version += 1;
        world.changes.clear();
    }

    /// Goes back to an earlier version, as a store that is restored from a copy does.
    pub fn turn_back(&self, version: u64) {
        let mut world = self.shared.world();
        world.version = version;
        world.changes.clear();
    }

    /// The next lists are answered so, then all as the last.
    pub fn lists(&self, next: &[Answer], then: Answer) {
        self.shared.world().lists = Script::new(next, then);
    }

    /// The next watches are answered so, then all as the last.
    pub fn watches(&self, next: &[Answer], then: Answer) {
        self.shared.world().watches = Script::new(next, then);
    }

    /// Breaks every stream off.
    pub fn cut(&self) {
        self.shared.moved.send_modify(|(_, cuts)| *cuts += 1);
    }

    /// All questions about a resource so far.
    pub fn asked(&self, plural: &str) -> Vec<Asked> {
        let world = self.shared.world();
        let of = |asked: &&Asked| asked.plural == plural;
        world.asked.iter().filter(of).cloned().collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl World {
    /// The changes after a version; `None` where they are no longer known.
    fn after(&self, plural: &str, version: u64) -> Option<Vec<String>> {
        let oldest = self.changes.first().map_or(self.version, |c| c.version - 1);
        let of = |change: &&Change| change.plural == plural && change.version > version;
        let lines = self.changes.iter().filter(of);
        (version >= oldest).then(|| lines.map(|c| format!("{}\n", c.event)).collect())
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<HashMap<String, String>>,
    request: Request,
) -> Response {
    let token = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .unwrap_or_default()
        .to_owned();
    let accepted = shared.world().token.clone();
    if accepted.is_some_and(|accepted| accepted != token) {
        return status(401, &json!({}));
    }
    let path = request.uri().path().to_owned();
    if path == "/version" {
        return axum::Json(json!({
            "major": "1", "minor": "36", "gitVersion": "v1.36.3", "gitCommit": "", "gitTreeState": "",
            "buildDate": "", "goVersion": "", "compiler": "", "platform": "",
        }))
        .into_response();
    }
    let plural = path.rsplit('/').next().unwrap().to_owned();
    let asked = Asked {
        at: Instant::now(),
        plural: plural.clone(),
        query: query.clone(),
        token,
    };
    let watching = asked.is_watch();
    // What is scripted is scripted for the releases; the other kinds are always well.
    let how = {
        let mut world = shared.world();
        world.asked.push(asked);
        match plural.as_str() {
            "helmreleases" if watching => world.watches.answer(),
            "helmreleases" => world.lists.answer(),
            _ => Answer::Well,
        }
    };
    match how {
        Answer::Status(code, details) => status(code, &details),
        Answer::Never => std::future::pending().await,
        Answer::Event(code) => ended(Some(expired(code))),
        Answer::Line(code) => ended(Some(failure(code))),
        Answer::Nothing if watching => ended(None),
        Answer::Silence => lines(vec![], stream::pending().boxed()),
        Answer::Well | Answer::Nothing if watching => followed(&shared, &plural, &query),
        Answer::Well | Answer::Nothing => listed(&shared.world(), &plural, &query),
    }
}

fn status(code: u16, details: &Value) -> Response {
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
        "message": "as scripted", "details": details,
    });
    let code = StatusCode::from_u16(code).unwrap();
    (code, axum::Json(body)).into_response()
}

fn expired(code: u16) -> Value {
    json!({"type": "ERROR", "object": failure(code)})
}

fn failure(code: u16) -> Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
        "message": "too old resource version", "reason": "Expired",
    })
}

/// A page: `continue` is the place in the list, and the version that it is as of.
fn listed(world: &World, plural: &str, query: &HashMap<String, String>) -> Response {
    let limit: usize = query.get("limit").unwrap().parse().unwrap();
    let token = query.get("continue");
    let from: usize = token.map_or(0, |token| token.parse().unwrap());
    let all = world.objects.iter();
    let mut all = all.filter(|((kind, _), _)| *kind == plural).skip(from);
    let page: Vec<&Value> = all.by_ref().take(limit).map(|(_, object)| object).collect();
    let next = all.next().map(|_| (from + page.len()).to_string());
    let version = world.version.to_string();
    axum::Json(json!({
        "kind": "List", "apiVersion": "v1", "items": page,
        "metadata": {"resourceVersion": version, "continue": next.unwrap_or_default()},
    }))
    .into_response()
}

fn followed(shared: &Arc<Shared>, plural: &str, query: &HashMap<String, String>) -> Response {
    let version: u64 = query["resourceVersion"].parse().unwrap();
    let mut moved = shared.moved.subscribe();
    let world = shared.world();
    let Some(first) = world.after(plural, version) else {
        return ended(Some(expired(410)));
    };
    let mut at = world.version.max(version);
    drop(world);
    let (shared, plural) = (Arc::clone(shared), plural.to_owned());
    let life: u64 = query["timeoutSeconds"].parse().unwrap();
    let rest = async_stream::stream! {
        let cuts = moved.borrow_and_update().1;
        while moved.changed().await.is_ok() {
            if moved.borrow_and_update().1 != cuts {
                break;
            }
            let (more, newest) = {
                let world = shared.world();
                (world.after(&plural, at).unwrap_or_default(), world.version)
            };
            at = newest;
            for line in more {
                yield line;
            }
        }
    };
    let rest = rest.take_until(tokio::time::sleep(Duration::from_secs(life)));
    lines(first, rest.boxed())
}

/// A stream of one line or none.
fn ended(line: Option<Value>) -> Response {
    let line = line.map(|line| format!("{line}\n"));
    lines(line.into_iter().collect(), stream::empty().boxed())
}

fn lines(first: Vec<String>, rest: BoxStream<'static, String>) -> Response {
    let all = stream::iter(first).chain(rest).map(Ok::<_, Infallible>);
    Body::from_stream(all).into_response()
}
