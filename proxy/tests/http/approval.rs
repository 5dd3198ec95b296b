//! An approval over HTTP, in front of the whole lab: who may tap, what a tap is bound to, and what is
//! answered where it cannot be done.

use reqwest::Method;
use serde_json::{Value, json};

use crate::demo::Demo;
use crate::world::{Browser, assert_problem, pipeline, status_and_json};

/// The demo with the promotion into stg that its seeded week leaves waiting.
struct Waiting {
    demo: Demo,
    number: u64,
}

impl Waiting {
    async fn start() -> Self {
        let demo = Demo::start().await;
        let waits = |board: &Value| board["gates"][2]["state"] == "waits_for_approval";
        let board = demo.board(waits).await;
        let number = board["gates"][2]["promotion"]["number"].as_u64().unwrap();
        Self { demo, number }
    }

    fn promotion(&self, verb: &str) -> String {
        format!("api/v1/promotions/demo/podinfo/{}{verb}", self.number)
    }

    /// The promotion's card as somebody sees it.
    async fn card(&self, browser: &Browser) -> Value {
        browser.json(&self.promotion("")).await
    }

    /// The pipeline's journal as text.
    async fn journal(&self, browser: &Browser) -> String {
        browser.json(&pipeline("/journal")).await.to_string()
    }

    /// The intent of a card that somebody looks at now.
    async fn intent(&self, browser: &Browser) -> Value {
        let card = self.card(browser).await;
        assert_eq!(card["environment"], "stg");
        card["intent"].clone()
    }

    async fn approve(&self, browser: &Browser, intent: &Value) -> (u16, Value) {
        let order = json!({"intent": intent, "merge": true});
        status_and_json(browser.post(&self.promotion("/approve")).json(&order)).await
    }
}

#[tokio::test]
async fn one_tap_approves_and_merges_and_the_second_gets_the_same_answer() {
    let waiting = Waiting::start().await;
    let sam = waiting.demo.signed_in("sam").await;
    let intent = waiting.intent(&sam).await;
    let (status, done) = waiting.approve(&sam, &intent).await;
    assert_eq!(status, 200, "{done:#}");
    assert_eq!(done["merged"], true);
    let (status, again) = waiting.approve(&sam, &intent).await;
    assert_eq!((status, &again["sentence"]), (200, &done["sentence"]));
    let serves = |board: &Value| {
        let stg = &board["environments"][3];
        stg["release"]["chart"] == "1.1.7" && stg["verdict"]["state"] == "proven"
    };
    waiting.demo.board(serves).await;
    let record = waiting.journal(&sam).await;
    assert!(record.contains("\"intended\"") && record.contains("\"done\""));
}

#[tokio::test]
async fn an_order_is_carried_out_to_its_end_where_the_browser_goes_away() {
    let waiting = Waiting::start().await;
    let sam = waiting.demo.signed_in("sam").await;
    let intent = waiting.intent(&sam).await;
    let intended = async { while !waiting.journal(&sam).await.contains("\"intended\"") {} };
    // Whichever comes first: the answer, or the record that the order is under way. The other is dropped,
    // and with it the connection.
    tokio::select! {
        (status, _) = waiting.approve(&sam, &intent) => assert_eq!(status, 200),
        () = intended => {}
    }
    let serves = |board: &Value| board["environments"][3]["release"]["chart"] == "1.1.7";
    waiting.demo.board(serves).await;
}

#[tokio::test]
async fn who_may_not_approve_is_told_why_and_nothing_happens() {
    let waiting = Waiting::start().await;
    let stranger = waiting.demo.stranger();
    let card = waiting.card(&stranger).await;
    assert_eq!(card["intent"], Value::Null, "a stranger reads only");
    let found = waiting.approve(&stranger, &json!("none")).await;
    assert_problem(found, 401, "not_signed_in");

    let kim = waiting.demo.signed_in("kim").await;
    let card = waiting.card(&kim).await;
    assert_eq!(card["approve"]["allowed"], false);
    let why = card["approve"]["why"].as_str().unwrap();
    assert!(why.contains("write access"), "{why}");
    let intent = card["intent"].clone();
    if intent.is_string() {
        let (status, problem) = waiting.approve(&kim, &intent).await;
        assert_eq!(status, 403, "{problem:#}");
    }

    let sam = waiting.demo.signed_in("sam").await;
    let li = waiting.demo.signed_in("li").await;
    let (status, problem) = waiting.approve(&sam, &json!("forged.intent")).await;
    assert_eq!(status, 403, "{problem:#}");
    let sams = waiting.intent(&sam).await;
    let (status, problem) = waiting.approve(&li, &sams).await;
    assert_eq!(status, 403, "another person's intent: {problem:#}");
    let card = waiting.card(&sam).await;
    assert_eq!(card["state"], "open");
    assert_eq!(card["reviews"], json!([]));
}

#[tokio::test]
async fn a_moved_head_refuses_the_tap_and_shows_the_new_state() {
    let waiting = Waiting::start().await;
    let sam = waiting.demo.signed_in("sam").await;
    let before = waiting.card(&sam).await;
    let fault = sam.request(Method::PUT, "lab/v1/faults/head-moves");
    let ordered = fault.json(&json!({"environment": "stg"})).send().await;
    assert_eq!(ordered.unwrap().status(), 200);
    let found = waiting.approve(&sam, &before["intent"]).await;
    let problem = assert_problem(found, 409, "head_moved");
    let card = &problem["card"];
    assert_ne!(card["head"], before["head"], "the new state is shown");
    assert_eq!(card["state"], "open");
    assert_eq!(card["reviews"], json!([]), "nothing was approved");
}
