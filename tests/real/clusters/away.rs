//! What is said of a real API server that cannot be read.

use super::prod::{Prod, by_token};
use super::weft::Weft;

/// Waits until Weft says this of a cluster that it reaches so. Each kind's watch fails in its own time, and
/// the first kind that failed speaks for all.
async fn says(url: &str, token: &str, ca: &str, sentence: &str) {
    let files = [("token", token), ("ca", ca)];
    let weft = Weft::beside(&[("prod", &by_token(url))], &files).await;
    weft.until(sentence, |weft| {
        weft.failing("prod").as_deref() == Some(sentence)
    })
    .await;
    assert_eq!(weft.link("prod")["state"], "unknown");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the real programs: cargo xtask test --real"]
async fn each_way_to_be_away_has_its_sentence() {
    let (prod, other) = (Prod::start(), Prod::bare());
    let (url, ca) = (prod.cluster.plane.url(), prod.certificate());
    says(&url, &prod.token(), &other.certificate(), "the API server's certificate is not trusted: its authority is not the one that is configured").await;
    says(
        &url.replace("127.0.0.1", "127.0.0.2"),
        &prod.token(),
        &ca,
        "the API server cannot be reached: nothing listens there",
    )
    .await;
    says(
        &url,
        "not-a-token",
        &ca,
        "the API server does not accept the token",
    )
    .await;
    says(
        &other.cluster.plane.url(),
        &other.token(),
        &other.certificate(),
        "the API server does not know GitRepository of source.toolkit.fluxcd.io/v1",
    )
    .await;
    let binding = ["clusterrolebinding", "weft-reader"];
    prod.said(&[&["delete"], &binding[..]].concat());
    says(
        &url,
        &prod.token(),
        &ca,
        "the token may not list GitRepository in the namespace flux",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the real programs: cargo xtask test --real"]
async fn a_kubeconfig_leads_into_a_real_cluster() {
    let prod = Prod::start();
    prod.put("1.1.6");
    let access = format!(
        "{{kubeconfig: '{}', context: prod}}",
        prod.cluster.plane.kubeconfig().display()
    );
    let weft = Weft::beside(&[("prod", &access)], &[]).await;
    weft.until_well().await;
    assert_eq!(weft.deployed("prod").as_deref(), Some("1.1.6"));
}
