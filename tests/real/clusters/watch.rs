//! What a real API server does to a watch, and that nothing is forgotten or left standing by it.

use super::gate::Gate;
use super::prod::{Prod, by_token};
use super::weft::Weft;

async fn beside(prod: &Prod, gate: &Gate) -> Weft {
    let (token, ca) = (prod.token(), prod.certificate());
    let files = [("token", token.as_str()), ("ca", &ca)];
    let weft = Weft::beside(&[("prod", &by_token(&gate.url()))], &files).await;
    weft.until_well().await;
    weft
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the real programs: cargo xtask test --real"]
async fn a_watch_outlives_what_happens_to_a_real_api_server() {
    let mut prod = Prod::start();
    prod.put("1.1.6");
    let gate = Gate::to(prod.port()).await;
    let weft = beside(&prod, &gate).await;
    weft.until_deployed("1.1.6").await;

    // A connection that breaks: what happened meanwhile is told.
    gate.shut();
    weft.until_failing().await;
    prod.put("1.1.7");
    gate.open();
    weft.until_deployed("1.1.7").await;
    weft.until_well().await;

    // The API server is restarted, as an upgrade does.
    prod.cluster.plane.restart_api_server().unwrap();
    prod.put("1.1.8");
    weft.until_deployed("1.1.8").await;
    weft.until_well().await;

    // What was seen last is gone from the store, and so is the object.
    gate.shut();
    weft.until_failing().await;
    prod.delete();
    prod.forget_the_past().await;
    gate.open();
    weft.until("it is gone", |weft| weft.deployed("prod").is_none())
        .await;
    weft.until_well().await;
    prod.put("1.1.9");
    weft.until_deployed("1.1.9").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the real programs: cargo xtask test --real"]
async fn a_token_that_ends_is_followed_by_the_one_that_its_file_holds_then() {
    let prod = Prod::start();
    prod.put("1.1.6");
    let gate = Gate::to(prod.port()).await;
    let weft = beside(&prod, &gate).await;
    // The account is made anew: its old tokens end, as they do by themselves after an hour.
    let account = ["serviceaccount", "weft", "--namespace", "weft"];
    prod.said(&[&["delete"], &account[..]].concat());
    weft.until("it is refused", |weft| weft.failing("prod").is_some())
        .await;
    assert_eq!(
        weft.failing("prod").unwrap(),
        "the API server does not accept the token"
    );
    prod.install("rbac.yaml");
    weft.write("token", &prod.token());
    weft.until_well().await;
    prod.put("1.1.7");
    weft.until("1.1.7", |weft| {
        weft.deployed("prod").as_deref() == Some("1.1.7")
    })
    .await;
}
