//! Webhooks over HTTP: who is not signed is not heard, and who is makes Weft look at once.

use http::StatusCode;
use lab::sign;

use crate::world::World;

/// Serves the HTTP interface; the address that the webhooks are under.
pub async fn serve(world: &World) -> String {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .expect("a free port");
    let address = listener.local_addr().expect("its address");
    let router = proxy::http::router(&world.app, None).expect("the routes");
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}{}hooks", world.app.config.base_path)
}

pub async fn deliver(url: &str, header: &str, signature: &str, body: &str) -> StatusCode {
    reqwest::Client::new()
        .post(url)
        .header(header, signature)
        .body(body.to_owned())
        .send()
        .await
        .expect("an answer")
        .status()
}

const BODY: &str = r#"{"repository": {"name": "podinfo", "owner": {"login": "demo"}}}"#;

#[tokio::test]
async fn only_what_is_signed_is_taken_and_unknown_clusters_are_not_found() {
    let world = World::start().await;
    let hooks = serve(&world).await;
    let secret = &world.lab.forge().app().webhook_secret;
    let good = sign(secret, BODY.as_bytes());
    let to_github = format!("{hooks}/github");
    let name = "X-Hub-Signature-256";
    assert_eq!(
        deliver(&to_github, name, &good, BODY).await,
        StatusCode::ACCEPTED
    );
    for bad in ["", "sha256=00", &sign("another", BODY.as_bytes())] {
        assert_eq!(
            deliver(&to_github, name, bad, BODY).await,
            StatusCode::UNAUTHORIZED
        );
    }
    let good = sign(world.lab.hook_secret(), b"{}");
    let to_uat = format!("{hooks}/flux/uat");
    assert_eq!(
        deliver(&to_uat, "X-Signature", &good, "{}").await,
        StatusCode::ACCEPTED
    );
    assert_eq!(
        deliver(&to_uat, "X-Signature", &good, "{ }").await,
        StatusCode::UNAUTHORIZED
    );
    let nowhere = format!("{hooks}/flux/nowhere");
    assert_eq!(
        deliver(&nowhere, "X-Signature", &good, "{}").await,
        StatusCode::NOT_FOUND
    );
    world.end().await;
}
