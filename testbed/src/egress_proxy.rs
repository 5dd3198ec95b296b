//! What the controllers take for the internet: a proxy that leads the public addresses of the
//! promotion repository into the forge, over TLS, with a certificate that only they trust. So git, the
//! charts and the manifests stay as they are everywhere else.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderName, StatusCode, header};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use lab::faults::{Fault, Faults};
use parking_lot::Mutex;
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use url::Url;

/// The hosts that lead into this world.
const HOSTS: [&str; 4] = [
    "github.com",
    "api.github.com",
    "demo.github.io",
    "weft.example.com",
];
/// The head of a CONNECT request is one short line and a few headers.
const MOST_HEAD: usize = 8 * 1024;

/// The running proxy; it ends when it is dropped.
pub struct EgressProxy {
    port: u16,
    certificate: PathBuf,
    weft: Arc<Mutex<Option<Url>>>,
    serving: JoinHandle<()>,
}

/// Where requests go.
struct Routes {
    http: reqwest::Client,
    forge: Url,
    weft: Arc<Mutex<Option<Url>>>,
    faults: Faults,
}

impl EgressProxy {
    /// Starts it; its certificate is written below `folder`. Of the faults it knows the lost dispatch.
    pub async fn start(folder: &Path, forge: Url, faults: Faults) -> anyhow::Result<Self> {
        // Fails only when the process has chosen a provider already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let made = rcgen::generate_simple_self_signed(HOSTS.map(str::to_owned))?;
        let certificate = folder.join("egress_proxy.pem");
        std::fs::write(&certificate, made.cert.pem())?;
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let mut tls = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], PrivateKeyDer::Pkcs8(key))?;
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let weft = Arc::new(Mutex::new(None));
        let routes = Arc::new(Routes {
            http: reqwest::Client::builder().no_proxy().build()?,
            forge,
            weft: Arc::clone(&weft),
            faults,
        });
        let (listener, address) = any_port().await?;
        let tls = TlsAcceptor::from(Arc::new(tls));
        let serving = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    continue;
                };
                let (tls, routes) = (tls.clone(), Arc::clone(&routes));
                tokio::spawn(async move {
                    if let Err(error) = tunnel(stream, tls, routes).await {
                        tracing::debug!("a connection ended: {error:#}");
                    }
                });
            }
        });
        Ok(Self {
            port: address.port(),
            certificate,
            weft,
            serving,
        })
    }

    /// Where `https://weft.example.com` leads from now on.
    pub fn route_weft_to(&self, url: Url) {
        *self.weft.lock() = Some(url);
    }

    /// Gives a program this outside, and nothing else of one.
    pub fn lead(&self, command: &mut Command) {
        command
            .env("HTTPS_PROXY", format!("http://127.0.0.1:{}", self.port))
            .env("NO_PROXY", "127.0.0.1")
            .env("SSL_CERT_FILE", &self.certificate);
    }
}

impl Drop for EgressProxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Takes one CONNECT and serves what comes through it.
async fn tunnel(
    mut stream: TcpStream,
    tls: TlsAcceptor,
    routes: Arc<Routes>,
) -> anyhow::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        anyhow::ensure!(head.len() < MOST_HEAD, "no end to the request's head");
        // Byte by byte, since what follows the head belongs to TLS; a head is short.
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let host = head
        .strip_prefix("CONNECT ")
        .and_then(|rest| rest.split_once(':'))
        .map(|(host, _)| host.to_owned())
        .context("this is no CONNECT")?;
    if !HOSTS.contains(&host.as_str()) {
        stream
            .write_all(b"HTTP/1.1 502 No such host\r\n\r\n")
            .await?;
        anyhow::bail!("nothing here is called {host}");
    }
    stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await?;
    let stream = tls.accept(stream).await?;
    let host: Arc<str> = host.into();
    let handler = move |request: Request| {
        let (host, routes) = (Arc::clone(&host), Arc::clone(&routes));
        async move { routes.forward(&host, request).await }
    };
    let service = TowerToHyperService::new(Router::new().fallback(handler));
    auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await
        .map_err(|error| anyhow::anyhow!("{error}"))
}

impl Routes {
    async fn forward(&self, host: &str, request: Request) -> Response {
        let path = request
            .uri()
            .path_and_query()
            .map_or("/", |path| path.as_str());
        if path.ends_with("/dispatches") && self.faults.take(Fault::DispatchLost, None) {
            // The sender is told that all is well.
            return StatusCode::NO_CONTENT.into_response();
        }
        let (base, path) = match host {
            "api.github.com" => (Some(self.forge.clone()), format!("api/v3{path}")),
            "demo.github.io" => (Some(self.forge.clone()), format!("pages/demo{path}")),
            "weft.example.com" => (self.weft.lock().clone(), path.to_owned()),
            _ => (Some(self.forge.clone()), path.to_owned()),
        };
        let Some(Ok(url)) = base.map(|base| base.join(path.trim_start_matches('/'))) else {
            return StatusCode::BAD_GATEWAY.into_response();
        };
        forward(&self.http, url, request)
            .await
            .unwrap_or_else(|error| {
                tracing::warn!("nothing answers for {host}: {error}");
                StatusCode::BAD_GATEWAY.into_response()
            })
    }
}

/// Sends a request on to `url` and its answer back, both as they come.
pub(crate) async fn forward(
    http: &reqwest::Client,
    url: Url,
    request: Request,
) -> Result<Response, reqwest::Error> {
    let (parts, body) = request.into_parts();
    let mut headers = parts.headers;
    for name in [header::HOST, header::CONNECTION, PROXY_CONNECTION] {
        headers.remove(name);
    }
    let body = reqwest::Body::wrap_stream(body.into_data_stream());
    let answer = http
        .request(parts.method, url)
        .headers(headers)
        .body(body)
        .send()
        .await?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = answer.status();
    *response.headers_mut() = answer.headers().clone();
    for name in [header::CONNECTION, header::TRANSFER_ENCODING] {
        response.headers_mut().remove(name);
    }
    *response.body_mut() = Body::from_stream(answer.bytes_stream());
    Ok(response)
}

const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// A listener on a free port of loopback.
pub(crate) async fn any_port() -> anyhow::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}
