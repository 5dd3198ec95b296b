//! A running server with the lab's forge behind it, and a browser that keeps cookies.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lab::faults::Faults;
use lab::seed::Seed;
use lab::{Forge, ForgeOptions};
use model::PipelineName;
use proxy::app::AppState;
use proxy::config::Config;
use proxy::http;
use proxy::journal::Journal;
use reqwest::header::{COOKIE, HeaderMap, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{Method, RequestBuilder, Response, Url};
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::task::TaskTracker;

/// How a world is made.
#[derive(Default)]
pub struct World {
    pub index: Option<&'static str>,
    pub dashboard: Option<SocketAddr>,
    /// Where the clusters `dev-test` and `uat` are, with the token for them; else they are nowhere.
    pub clusters: Vec<(String, String)>,
    /// The branch of the pipeline; `main` unless said.
    pub branch: Option<&'static str>,
    /// More of the configuration.
    pub more: &'static str,
}

/// A running server.
pub struct TestApp {
    pub app: AppState,
    pub forge: Forge,
    pub clock: lab::clock::Clock,
    pub origin: String,
    folder: TempDir,
}

impl World {
    /// Starts it. No source runs: tests observe what they need by themselves.
    pub async fn start(self) -> TestApp {
        let folder = tempfile::tempdir().unwrap();
        let clock = lab::clock::Clock::new();
        let data = folder.path().join("forge");
        let mut options = ForgeOptions::new(data, clock.clone(), Faults::default());
        options.seed = Seed::Fresh;
        let forge = Forge::start(options).await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let config = self.config(folder.path(), &forge, &origin);
        let app = AppState::build(config, Arc::new(clock.clone()));
        let app = app.await.unwrap();
        let router = http::router(&app, None).unwrap();
        app.boards
            .run(&app.journal, &TaskTracker::new(), &app.shutdown);
        let serving = app.shutdown.clone();
        tokio::spawn(async move { http::serve(&serving, listener, router).await.unwrap() });
        TestApp {
            app,
            forge,
            clock,
            origin,
            folder,
        }
    }

    fn config(&self, folder: &Path, forge: &Forge, origin: &str) -> Config {
        std::fs::write(folder.join("client"), &forge.app().client_secret).unwrap();
        std::fs::write(folder.join("token"), forge.bot_token()).unwrap();
        let mut text = include_str!("weft.yaml")
            .replace("{origin}", origin)
            .replace("{forge}", forge.url().as_str())
            .replace("{client}", &forge.app().client_id);
        for (at, (server, token)) in self.clusters.iter().enumerate() {
            let file = format!("cluster-{at}");
            std::fs::write(folder.join(&file), token).unwrap();
            text = text.replacen(
                "server: 'http://127.0.0.1:1', token: {file: token}",
                &format!("server: '{server}', token: {{file: {file}}}"),
                1,
            );
        }
        if let Some(branch) = self.branch {
            let repository = "    repository: demo/podinfo\n";
            text = text.replace(repository, &format!("{repository}    branch: {branch}\n"));
        }
        text.push_str(self.more);
        if let Some(index) = self.index {
            let site = folder.join("site");
            std::fs::create_dir(&site).unwrap();
            std::fs::write(site.join("index.html"), index).unwrap();
            text.push_str("static_dir: site\n");
        }
        if let Some(dashboard) = self.dashboard {
            text += &format!("weave_gitops: {{upstream: 'http://{dashboard}'}}\n");
        }
        Config::parse(&folder.join("weft.yaml"), &text).unwrap()
    }
}

impl TestApp {
    /// The folder that the configuration's paths are relative to.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn journal(&self) -> &dyn Journal {
        &*self.app.journal
    }

    /// Somebody who is not signed in.
    pub fn stranger(&self) -> Browser {
        Browser::at(&self.origin)
    }

    /// Somebody who went through the forge's sign-in page.
    pub async fn signed_in(&self, login: &str) -> Browser {
        Browser::signed_in(&self.origin, login).await
    }

    /// What a stranger gets at an address.
    pub async fn get(&self, address: &str) -> Response {
        self.stranger().get(address).send().await.unwrap()
    }

    /// The JSON of that.
    pub async fn json(&self, address: &str) -> Value {
        self.stranger().json(address).await
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.app.shutdown.cancel();
    }
}

/// What a browser is to the server: cookies that it keeps, and headers that tell where it comes from. Its
/// addresses are relative to Weft's home, as the links of a page are.
pub struct Browser {
    http: reqwest::Client,
    home: Url,
    pub origin: String,
    pub cookies: Vec<(String, String)>,
    pub csrf: String,
}

impl Browser {
    /// One that has no cookies yet.
    pub fn at(origin: &str) -> Self {
        Self {
            http: client(),
            home: Url::parse(origin).unwrap().join("/promotions/").unwrap(),
            origin: origin.to_owned(),
            cookies: Vec::new(),
            csrf: String::new(),
        }
    }

    /// One that went through the forge's sign-in page.
    pub async fn signed_in(origin: &str, login: &str) -> Self {
        let mut browser = Self::at(origin);
        let callback = browser.ask_the_forge(login, "auth/github/login").await;
        let answer = browser.get(&callback).send().await.unwrap();
        assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap());
        browser.keep(answer.headers());
        let session = browser.json("api/v1/session").await;
        assert_eq!(session["viewer"]["login"], login);
        browser.csrf = session["csrf_token"].as_str().unwrap().to_owned();
        browser
    }

    pub fn get(&self, address: &str) -> RequestBuilder {
        self.request(Method::GET, address)
    }

    /// A write as the page makes it.
    pub fn post(&self, address: &str) -> RequestBuilder {
        self.request(Method::POST, address)
            .header(ORIGIN, &self.origin)
            .header("Sec-Fetch-Site", "same-origin")
            .header("X-Weft-CSRF", &self.csrf)
    }

    pub fn request(&self, method: Method, address: &str) -> RequestBuilder {
        let url = self.home.join(address).unwrap();
        self.http
            .request(method, url)
            .header(COOKIE, self.cookie_header())
    }

    /// All cookies, as a request carries them.
    pub fn cookie_header(&self) -> String {
        let cookies = self.cookies.iter();
        let pairs = cookies.map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    pub async fn json(&self, address: &str) -> Value {
        let answer = self.get(address).send().await.unwrap();
        answer.json().await.unwrap()
    }

    /// Begins a sign-in, chooses an account at the forge, and gives the address to return to.
    pub async fn ask_the_forge(&mut self, login: &str, address: &str) -> String {
        let answer = self.get(address).send().await.unwrap();
        assert_eq!(answer.status(), 303);
        self.keep(answer.headers());
        let page = Url::parse(&location(&answer)).unwrap();
        let mut form: Vec<(String, String)> = page.query_pairs().into_owned().collect();
        form.push(("login".into(), login.into()));
        let authorize = page.join("/login/oauth/authorize").unwrap();
        let chosen = self.http.post(authorize).form(&form).send().await.unwrap();
        assert_eq!(chosen.status(), 303);
        location(&chosen)
    }

    /// Keeps and drops cookies as the answer says.
    pub fn keep(&mut self, headers: &HeaderMap) {
        for cookie in headers.get_all(SET_COOKIE) {
            let (pair, attributes) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.retain(|(kept, _)| kept != name);
            if !attributes.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }
}

/// The status of a response and its JSON.
pub async fn status_and_json(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

/// Holds that a response has this status and is a problem of this code, which it returns.
#[track_caller]
pub fn assert_problem((found, problem): (u16, Value), status: u16, code: &str) -> Value {
    assert_eq!(found, status, "{problem:#}");
    assert_eq!(problem["code"], code, "{problem:#}");
    problem
}

/// Serves a router on a free port.
pub async fn serve(router: axum::Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

/// A client that follows no redirects.
pub fn client() -> reqwest::Client {
    // Fails where a provider is set already, which serves as well.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap()
}

pub fn location(answer: &Response) -> String {
    answer.headers()[LOCATION].to_str().unwrap().to_owned()
}

/// A path under the pipeline's.
pub fn pipeline(rest: &str) -> String {
    format!("api/v1/pipelines/app-podinfo/podinfo{rest}")
}

/// The pipeline of `weft.yaml`.
pub fn podinfo() -> PipelineName {
    PipelineName::new("app-podinfo", "podinfo")
}
