//! What is said of a real API server that cannot be read.

use super::prod::{Prod, by_token};
use super::weft::Weft;

/// What Weft says of a cluster that it reaches so.
async fn said(url: &str, token: &str, ca: &str) -> String {
    let files = [("token", token), ("ca", ca)];
    let weft = Weft::beside(&[("prod", &by_token(url))], &files).await;
    weft.until("a sentence", |weft| weft.failing("prod").is_some())
        .await;
    assert_eq!(weft.link("prod")["state"], "unknown");
    weft.failing("prod").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs real peers: cargo xtask test --real"]
async fn each_way_to_be_away_has_its_sentence() {
    let (prod, other) = (Prod::start(), Prod::bare());
    let (url, ca) = (prod.plane.url(), prod.certificate());
    assert_eq!(
        said(&url, &prod.token(), &other.certificate()).await,
        "the API server's certificate is not trusted: its authority is not the one that is configured"
    );
    assert_eq!(
        said(&url.replace("127.0.0.1", "127.0.0.2"), &prod.token(), &ca).await,
        "the API server cannot be reached: nothing listens there"
    );
    assert_eq!(
        said(&url, "not-a-token", &ca).await,
        "the API server does not accept the token"
    );
    assert_eq!(
        said(&other.plane.url(), &other.token(), &other.certificate()).await,
        "the API server does not know GitRepository of source.toolkit.fluxcd.io/v1"
    );
    let binding = ["clusterrolebinding", "weft-reader"];
    prod.said(&[&["delete"], &binding[..]].concat());
    assert_eq!(
        said(&url, &prod.token(), &ca).await,
        "the token may not list GitRepository in the namespace flux"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs real peers: cargo xtask test --real"]
async fn a_kubeconfig_leads_into_a_real_cluster() {
    let prod = Prod::start();
    prod.put("1.1.6");
    let access = format!(
        "{{kubeconfig: '{}', context: prod}}",
        prod.plane.kubeconfig().display()
    );
    let weft = Weft::beside(&[("prod", &access)], &[]).await;
    weft.until("it is well", |weft| weft.is_well("prod")).await;
    assert_eq!(weft.deployed("prod").as_deref(), Some("1.1.6"));
}
