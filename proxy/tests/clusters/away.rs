//! For each way a cluster can be away: a sentence, nothing green, and the others go on.

use serde_json::json;

use crate::script::{Answer, Server, by_token};
use crate::weft::{Weft, release};

const RELEASES: &str = "helmreleases";

/// What a Weft says of a cluster that answers the list of the releases so.
async fn said_of(answer: Answer) -> String {
    let server = Server::start().await;
    server.put(RELEASES, release("1.1.6"));
    server.lists(&[], answer);
    let weft = server.weft().await;
    let why = weft.until_failing().await;
    let link = weft.link("prod");
    assert_eq!(link["state"], "unknown", "{link}");
    let sentence = link["sentence"].as_str().unwrap();
    assert!(sentence.contains(&why), "{sentence}");
    why
}

#[tokio::test]
async fn each_answer_that_is_none_is_said_in_a_sentence() {
    for (code, sentence) in [
        (
            403,
            "the token may not list HelmRelease in the namespace web",
        ),
        (
            404,
            "the API server does not know HelmRelease of helm.toolkit.fluxcd.io/v2",
        ),
        (429, "the API server has too much to do (429)"),
        (503, "the API server answers 503: as scripted"),
    ] {
        assert_eq!(said_of(Answer::Status(code, json!({}))).await, sentence);
    }
}

#[tokio::test]
async fn a_token_that_is_not_accepted_is_said() {
    let server = Server::start().await;
    server.accept("another");
    let weft = server.weft().await;
    assert_eq!(
        weft.until_failing().await,
        "the API server does not accept the token"
    );
}

#[tokio::test]
async fn a_cluster_that_cannot_be_reached_is_said_by_the_way_it_cannot() {
    let said = async |server: &str| {
        let weft = Weft::beside(&[("prod", &by_token(server))], &[]).await;
        weft.until_failing().await
    };
    assert_eq!(
        said("http://127.0.0.1:1").await,
        "the API server cannot be reached: nothing listens there"
    );
    assert_eq!(
        said("http://no-such-host.invalid").await,
        "the name of the API server is not found"
    );
    // It speaks, but not TLS.
    let server = Server::start().await;
    let said = said(&server.url().replace("http:", "https:")).await;
    assert!(said.starts_with("no TLS with the API server"), "{said}");
}

#[tokio::test]
async fn one_cluster_that_is_away_does_not_touch_the_others() {
    let (uat, prod) = (Server::start().await, Server::start().await);
    for server in [&uat, &prod] {
        server.put(RELEASES, release("1.1.6"));
    }
    let clusters = [
        ("uat", by_token(uat.url())),
        ("prod", by_token(prod.url())),
        ("stg", "{kubeconfig: broken}".to_owned()),
    ];
    let clusters: Vec<(&str, &str)> = clusters.iter().map(|(a, b)| (*a, b.as_str())).collect();
    let weft = Weft::beside(&clusters, &[("broken", "clusters: [")]).await;
    weft.until("two are well", |weft| {
        weft.is_well("uat") && weft.is_well("prod")
    })
    .await;
    uat.lists(&[], Answer::Never);
    uat.watches(&[], Answer::Status(500, json!({})));
    uat.cut();
    weft.until("uat is away", |weft| weft.failing("uat").is_some())
        .await;
    prod.put(RELEASES, release("1.1.7"));
    weft.until_deployed("1.1.7").await;
    assert!(weft.is_well("prod"));
    assert!(
        weft.failing("stg")
            .unwrap()
            .starts_with("its kubeconfig cannot be used")
    );
}

#[tokio::test]
async fn a_cluster_that_comes_back_is_well_and_up_to_date() {
    let server = Server::start().await;
    server.put(RELEASES, release("1.1.6"));
    let weft = server.weft().await;
    weft.until_well().await;
    let down = Answer::Status(503, json!({}));
    server.watches(&[down.clone(), down], Answer::Well);
    server.cut();
    weft.until_failing().await;
    server.put(RELEASES, release("1.1.7"));
    weft.until_well().await;
    weft.until_deployed("1.1.7").await;
}
