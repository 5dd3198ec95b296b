//! Lists and watches: nothing is forgotten, doubled or left standing, whatever the API server does.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::script::{Answer, Asked, Server, by_token};
use crate::weft::{Weft, release};

const RELEASES: &str = "helmreleases";

/// How many pages of lists were asked for; a single object is asked for to learn the version only.
fn lists(asked: &[Asked]) -> usize {
    let pages = asked.iter().filter(|asked| !asked.is_watch());
    pages.filter(|asked| asked.query["limit"] != "1").count()
}

/// The versions from which the watches of the releases were asked for.
fn watched_from(server: &Server) -> Vec<String> {
    let asked = server.asked(RELEASES);
    let watches = asked.iter().filter(|asked| asked.is_watch());
    let versions = watches.map(|asked| asked.query["resourceVersion"].clone());
    versions.collect()
}

/// Puts so many other releases there.
fn put_others(server: &Server, count: usize) {
    for at in 0..count {
        let mut other = release("0.0.1");
        other["metadata"]["name"] = json!(format!("other-{at:04}"));
        server.put(RELEASES, other);
    }
}

async fn well() -> (Server, Weft) {
    let server = Server::start().await;
    server.put(RELEASES, release("1.1.6"));
    let weft = server.weft().await;
    weft.until_well().await;
    assert_eq!(weft.deployed("prod").as_deref(), Some("1.1.6"));
    (server, weft)
}

#[tokio::test]
async fn each_kind_has_one_watch_with_pages_and_bookmarks() {
    let server = Server::start().await;
    let weft = Weft::beside_everything(&by_token(server.url()), &[]).await;
    weft.until_well().await;
    for plural in [
        "gitrepositories",
        "kustomizations",
        "helmreleases",
        "helmcharts",
        "deployments",
        "helmrepositories",
        "ocirepositories",
        "imagerepositories",
        "imagepolicies",
        "imageupdateautomations",
    ] {
        let asked = server.asked(plural);
        let (list, watch) = (&asked[0], &asked[1]);
        assert_eq!(list.query["limit"], "500", "{plural}");
        assert_eq!(watch.query["allowWatchBookmarks"], "true", "{plural}");
        assert_eq!(asked.len(), 2, "{plural}: {asked:?}");
        assert_eq!(asked[0].token, "good");
    }
}

#[tokio::test]
async fn a_list_of_many_pages_is_read_to_its_end() {
    let server = Server::start().await;
    put_others(&server, 1200);
    // The last in the list's order.
    server.put(RELEASES, release("1.1.6"));
    let weft = server.weft().await;
    weft.until("it is seen", |weft| weft.deployed("prod").is_some())
        .await;
    let asked = server.asked(RELEASES);
    let pages = asked.iter().filter(|asked| !asked.is_watch());
    let places: Vec<Option<String>> = pages
        .map(|asked| asked.query.get("continue").cloned())
        .collect();
    assert_eq!(places, [None, Some("500".into()), Some("1000".into())]);
}

#[tokio::test]
async fn a_list_that_expires_between_two_pages_begins_again() {
    let server = Server::start().await;
    put_others(&server, 600);
    server.put(RELEASES, release("1.1.6"));
    server.lists(
        &[Answer::Well, Answer::Status(410, json!({}))],
        Answer::Well,
    );
    let weft = server.weft().await;
    weft.until("it is seen", |weft| weft.is_well("prod")).await;
    assert_eq!(weft.deployed("prod").as_deref(), Some("1.1.6"));
    assert_eq!(lists(&server.asked(RELEASES)), 4);
}

#[tokio::test]
async fn a_connection_that_breaks_goes_on_from_the_last_change() {
    let (server, weft) = well().await;
    server.put(RELEASES, release("1.1.7"));
    weft.until_deployed("1.1.7").await;
    server.cut();
    server.put(RELEASES, release("1.1.8"));
    weft.until_deployed("1.1.8").await;
    assert_eq!(lists(&server.asked(RELEASES)), 1, "nothing is listed anew");
    assert_eq!(watched_from(&server)[..2], ["101", "102"]);
}

#[tokio::test]
async fn changes_that_are_gone_are_listed_anew_when_an_event_says_so() {
    let (server, weft) = well().await;
    server.compact();
    server.cut();
    server.put(RELEASES, release("1.1.7"));
    weft.until_deployed("1.1.7").await;
    weft.until_well().await;
    assert_eq!(lists(&server.asked(RELEASES)), 2);
}

#[tokio::test]
async fn changes_that_are_gone_are_listed_anew_when_the_answer_or_a_line_of_it_says_so() {
    for gone in [Answer::Status(410, json!({})), Answer::Line(410)] {
        let (server, weft) = well().await;
        server.watches(&[gone], Answer::Well);
        server.cut();
        weft.until("a second list", |_| lists(&server.asked(RELEASES)) == 2)
            .await;
        server.put(RELEASES, release("1.1.7"));
        weft.until_deployed("1.1.7").await;
        assert_eq!(lists(&server.asked(RELEASES)), 2);
    }
}

#[tokio::test]
async fn an_object_that_went_while_the_watch_was_away_is_gone_after_it() {
    let (server, weft) = well().await;
    // By the changes, which are still known …
    server.cut();
    server.take(RELEASES, "podinfo");
    weft.until("it is gone", |weft| weft.deployed("prod").is_none())
        .await;
    server.put(RELEASES, release("1.1.7"));
    weft.until("1.1.7", |weft| weft.deployed("prod").is_some())
        .await;
    // … and by the list, when they are not.
    server.take(RELEASES, "podinfo");
    server.compact();
    server.cut();
    weft.until("it is gone", |weft| weft.deployed("prod").is_none())
        .await;
}

#[tokio::test]
async fn a_store_that_was_restored_is_listed_anew_and_believed() {
    let (server, weft) = well().await;
    server.put(RELEASES, release("1.1.7"));
    weft.until_deployed("1.1.7").await;
    server.turn_back(50);
    server.put(RELEASES, release("1.1.5"));
    // What follows a restart: the stream breaks, and for a moment nothing answers.
    server.watches(&[Answer::Status(503, json!({}))], Answer::Well);
    server.cut();
    weft.until_deployed("1.1.5").await;
}

#[tokio::test]
async fn tries_come_slower_and_slower_until_one_is_well() {
    let server = Server::start().await;
    server.put(RELEASES, release("1.1.6"));
    let busy = Answer::Status(500, json!({}));
    server.lists(
        &[busy.clone(), busy.clone(), busy.clone(), busy],
        Answer::Well,
    );
    let weft = server.weft().await;
    weft.until_well().await;
    let asked = server.asked(RELEASES);
    let pauses: Vec<Duration> = asked[..5]
        .windows(2)
        .map(|two| two[1].at - two[0].at)
        .collect();
    for (pause, least) in pauses.iter().zip([250, 500, 1000, 2000]) {
        assert!(*pause >= Duration::from_millis(least), "{pauses:?}");
    }
    // Well again: the next failure is followed by the first pause.
    server.watches(&[Answer::Status(500, json!({}))], Answer::Well);
    let before = asked.len();
    server.cut();
    weft.until("another watch", |_| watched_from(&server).len() >= 3)
        .await;
    let asked = server.asked(RELEASES);
    let pause = asked[before + 1].at - asked[before].at;
    assert!(pause < Duration::from_secs(1), "{pause:?}");
}

#[tokio::test]
async fn a_watch_that_ends_at_once_is_not_asked_for_again_and_again() {
    let (server, weft) = well().await;
    server.watches(&[], Answer::Nothing);
    let (before, began) = (server.asked(RELEASES).len(), Instant::now());
    server.cut();
    let many = |_: &Weft| server.asked(RELEASES).len() >= before + 6;
    weft.until("some tries", many).await;
    let took = began.elapsed();
    assert!(took > Duration::from_secs(1), "{took:?}");
    let why = weft.failing("prod").unwrap();
    assert_eq!(why, "the API server ends the watch of HelmRelease at once");
}

#[tokio::test]
async fn a_cluster_that_asks_for_time_gets_it() {
    let server = Server::start().await;
    let busy = Answer::Status(429, json!({"retryAfterSeconds": 2}));
    server.lists(&[busy], Answer::Well);
    let weft = server.weft().await;
    weft.until_well().await;
    let asked = server.asked(RELEASES);
    assert!(asked[1].at - asked[0].at >= Duration::from_secs(2));
}

#[tokio::test]
async fn an_error_in_the_stream_that_is_not_about_the_version_goes_on_from_there() {
    let (server, weft) = well().await;
    server.watches(&[Answer::Event(500)], Answer::Well);
    server.cut();
    server.put(RELEASES, release("1.1.7"));
    weft.until_deployed("1.1.7").await;
    weft.until_well().await;
}

#[tokio::test]
async fn a_watch_that_is_silently_dead_is_found_out() {
    let (server, weft) = well().await;
    server.watches(&[Answer::Silence], Answer::Well);
    server.cut();
    let silent = |_: &Weft| watched_from(&server).len() == 2;
    weft.until("a second watch", silent).await;
    server.put(RELEASES, release("1.1.7"));
    // The server was asked to end the watch after 30 s, and does not.
    weft.until_within(Duration::from_secs(45), "1.1.7", |weft| {
        weft.deployed("prod").as_deref() == Some("1.1.7")
    })
    .await;
}
