//! Webhooks over HTTP: who is not signed is not heard, and who is makes Weft look at once.

use http::StatusCode;
use lab::sign;

use crate::world::World;

pub async fn deliver(url: &str, header: &str, signature: &str, body: &str) -> StatusCode {
    let request = reqwest::Client::new().post(url).header(header, signature);
    let answer = request.body(body.to_owned()).send().await;
    answer.expect("an answer").status()
}

const BODY: &str = r#"{"repository": {"name": "podinfo", "owner": {"login": "demo"}}}"#;

#[tokio::test]
async fn only_what_is_signed_is_taken_and_unknown_clusters_are_not_found() {
    let world = World::start().await;
    let home = world.serve().await;
    let secret = &world.lab.forge().app().webhook_secret;
    let (github, flux) = (
        sign(secret, BODY.as_bytes()),
        sign(world.lab.hook_secret(), b"{}"),
    );
    let another = sign("another", BODY.as_bytes());
    let (hub, header) = ("X-Hub-Signature-256", "X-Signature");
    for (path, header, signature, body, expected) in [
        ("github", hub, github.as_str(), BODY, StatusCode::ACCEPTED),
        ("github", hub, "", BODY, StatusCode::UNAUTHORIZED),
        ("github", hub, "sha256=00", BODY, StatusCode::UNAUTHORIZED),
        ("github", hub, &another, BODY, StatusCode::UNAUTHORIZED),
        ("flux/uat", header, &flux, "{}", StatusCode::ACCEPTED),
        ("flux/uat", header, &flux, "{ }", StatusCode::UNAUTHORIZED),
        ("flux/nowhere", header, &flux, "{}", StatusCode::NOT_FOUND),
    ] {
        let status = deliver(&format!("{home}hooks/{path}"), header, signature, body).await;
        assert_eq!(status, expected, "{path} with {signature}: {body}");
    }
    world.end().await;
}
