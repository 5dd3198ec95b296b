//! Starting a release from a terminal.

use crate::world::{World, git};

/// The number of the pull request that was opened.
fn opened(said: &str) -> u64 {
    let (_, rest) = said.split_once("Opened #").unwrap();
    rest.split(':').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_dry_run_shows_the_four_edits_and_changes_nothing() {
    let world = World::start().await;
    let said = world.weft("nobody", &["release", "--dry-run"]).await;
    let said = said.out();
    for line in [
        "Release podinfo 1.1.8: chart 1.1.7 → 1.1.8, container 5.1.8 → 5.1.9",
        "cmd/podinfo/main.go  The container shows itself in",
        "  - const color = \"#b8791f\"",
        "pkg/version/version.go  The container calls itself 5.1.9.",
        "  + var VERSION = \"5.1.9\"",
        "charts/podinfo/values.yaml  The chart deploys the container 5.1.9.",
        "charts/podinfo/Chart.yaml  The chart is released as 1.1.8.",
        "  + version: 1.1.8",
        "  + appVersion: 5.1.9",
        "Nothing was changed.",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
    let edited = said.lines().filter(|line| line.starts_with("  + "));
    assert_eq!(edited.count(), 5);
    assert!(!said.contains('\u{1b}'), "no colours where nobody looks");
    assert_eq!(git(&world.clone(), &["status", "--porcelain"]).await, "");
}

#[tokio::test]
async fn a_release_is_pushed_opened_checked_and_leaves_the_clone_as_it_was() {
    let world = World::start().await;
    let before = git(&world.clone(), &["rev-parse", "HEAD"]).await;
    let said = world.weft("ana", &["release", "--color", "#112233"]).await;
    let said = said.out();
    let number = opened(&said);
    let page = format!("/demo/podinfo/pull/{number}\n");
    assert!(said.contains(&page), "{said}");
    assert!(said.contains("What happens next"), "{said}");
    let pull = world.lab.forge().pull(number).await.unwrap();
    assert_eq!(pull.title, "Release podinfo 1.1.8");
    assert_eq!(git(&world.clone(), &["rev-parse", "HEAD"]).await, before);
    assert_eq!(git(&world.clone(), &["status", "--porcelain"]).await, "");
    git(&world.clone(), &["fetch", "-q", "origin"]).await;
    let diff = ["diff", "--stat", "HEAD", "origin/release-1.1.8"];
    let changed = git(&world.clone(), &diff).await;
    let expected = "4 files changed, 5 insertions(+), 5 deletions(-)";
    assert!(changed.contains(expected), "{changed}");

    let forge = world.lab.forge();
    forge.review(number, "li", "APPROVE", "").await.unwrap();
    world
        .eventually("the checks pass and it can be merged", async || {
            forge.merge(number, "li").await.ok()
        })
        .await;
    world
        .eventually("the chart is released", async || {
            let charts = forge.charts();
            charts.contains(&"1.1.8".to_owned()).then_some(())
        })
        .await;
}

#[tokio::test]
async fn what_cannot_be_released_is_refused_in_one_sentence_and_nothing_is_pushed() {
    let world = World::start().await;
    let refused = async |login: &str, arguments: &[&str], words: &str| {
        let said = world.weft(login, arguments).await;
        said.assert_fails(2, words);
        assert_eq!(said.err.trim().lines().count(), 1, "{}", said.err);
    };
    for (option, value, words) in [
        ("--color", "red", "red"),
        ("--version", "5.1.8", "take 5.1.9"),
        ("--chart-version", "v2.0.0", "could be 1.1.8"),
        ("--chart-version", "2.0.0+x", "build metadata"),
    ] {
        refused("ana", &["release", option, value], words).await;
    }
    refused("nobody", &["release"], "set GITHUB_TOKEN").await;

    let chart = world.clone().join("charts/podinfo/Chart.yaml");
    let text = std::fs::read_to_string(&chart).unwrap();
    std::fs::write(&chart, text.replace("name: podinfo", "name: other")).unwrap();
    refused("ana", &["release"], "git stash").await;
    git(&world.clone(), &["checkout", "-q", "."]).await;

    git(&world.clone(), &["switch", "-q", "-c", "mine"]).await;
    refused("ana", &["release"], "git switch main").await;
    git(&world.clone(), &["switch", "-q", "main"]).await;

    git(&world.clone(), &["branch", "release-1.1.8"]).await;
    refused("ana", &["release"], "--chart-version 1.1.9").await;
    git(&world.clone(), &["push", "-q", "origin", "release-1.1.8"]).await;
    git(&world.clone(), &["branch", "-q", "-D", "release-1.1.8"]).await;
    let exists = "the branch release-1.1.8 exists already";
    refused("ana", &["release"], exists).await;

    let mut pulls = world.lab.forge().pulls().await.unwrap().into_iter();
    assert!(pulls.all(|pull| pull.title != "Release podinfo 1.1.8"));
    let said = world.weft("ana", &["release", "--directory", "/"]).await;
    assert!(said.err.contains("in no git repository"), "{}", said.err);
}

#[tokio::test]
async fn without_rights_nothing_is_pushed() {
    let world = World::start().await;
    let token = world.lab.forge().token_for("kim").unwrap();
    let url = git(&world.clone(), &["remote", "get-url", "origin"]).await;
    let (_, host) = url.trim().rsplit_once('@').unwrap();
    let url = format!("http://x-access-token:{token}@{host}");
    git(&world.clone(), &["remote", "set-url", "origin", &url]).await;
    let said = world.weft("kim", &["release"]).await;
    said.assert_fails(2, "git push failed");
    assert!(!said.err.contains(&token), "{}", said.err);
}

#[tokio::test]
async fn a_release_goes_into_the_branch_that_is_named() {
    let world = World::start().await;
    let named = ["release", "--branch", "trunk"];
    let said = world.weft("ana", &named).await;
    said.assert_fails(2, "git switch trunk");
    world.switch_to_trunk().await;
    let number = opened(&world.weft("ana", &named).await.out());
    assert_eq!(world.base_of(number).await, "trunk");
}
