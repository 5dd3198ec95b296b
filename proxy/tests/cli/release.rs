//! Starting a release from a terminal.

use crate::world::{World, git};

#[tokio::test]
async fn a_dry_run_shows_the_four_edits_and_changes_nothing() {
    let world = World::start().await;
    let said = world.weft("nobody", &["release", "--dry-run"]).await;
    assert_eq!(said.code, 0, "{}", said.err);
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
        assert!(said.out.contains(line), "{line}\n{}", said.out);
    }
    let edited = said.out.lines().filter(|line| line.starts_with("  + "));
    assert_eq!(edited.count(), 5);
    assert!(
        !said.out.contains('\u{1b}'),
        "no colours where nobody looks"
    );
    assert_eq!(git(&world.clone(), &["status", "--porcelain"]).await, "");
}

#[tokio::test]
async fn a_release_is_pushed_opened_checked_and_leaves_the_clone_as_it_was() {
    let world = World::start().await;
    let before = git(&world.clone(), &["rev-parse", "HEAD"]).await;
    let said = world.weft("ana", &["release", "--color", "#112233"]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let number: u64 = said
        .out
        .split_once("Opened #")
        .and_then(|(_, rest)| rest.split(':').next()?.parse().ok())
        .unwrap();
    assert!(
        said.out.contains(&format!("/demo/podinfo/pull/{number}\n")),
        "{}",
        said.out
    );
    assert!(said.out.contains("What happens next"), "{}", said.out);
    let pull = world.lab.forge().pull(number).await.unwrap();
    assert_eq!(pull.title, "Release podinfo 1.1.8");
    assert_eq!(git(&world.clone(), &["rev-parse", "HEAD"]).await, before);
    assert_eq!(git(&world.clone(), &["status", "--porcelain"]).await, "");
    git(&world.clone(), &["fetch", "-q", "origin"]).await;
    let changed = git(
        &world.clone(),
        &["diff", "--stat", "HEAD", "origin/release-1.1.8"],
    )
    .await;
    assert!(
        changed.contains("4 files changed, 5 insertions(+), 5 deletions(-)"),
        "{changed}"
    );

    world
        .lab
        .forge()
        .review(number, "li", "APPROVE", "")
        .await
        .unwrap();
    world
        .eventually("the checks pass and it can be merged", async || {
            world.lab.forge().merge(number, "li").await.ok()
        })
        .await;
    world
        .eventually("the chart is released", async || {
            let charts = world.lab.forge().charts();
            charts.contains(&"1.1.8".to_owned()).then_some(())
        })
        .await;
}

#[tokio::test]
async fn what_cannot_be_released_is_refused_in_one_sentence_and_nothing_is_pushed() {
    let world = World::start().await;
    let refused = async |login: &str, arguments: &[&str], words: &str| {
        let said = world.weft(login, arguments).await;
        assert_eq!(said.code, 2, "{arguments:?}: {}{}", said.out, said.err);
        assert!(said.err.contains(words), "{words}\n{}", said.err);
        assert_eq!(said.err.trim().lines().count(), 1, "{}", said.err);
    };
    refused("ana", &["release", "--color", "red"], "red").await;
    refused("ana", &["release", "--version", "5.1.8"], "take 5.1.9").await;
    refused(
        "ana",
        &["release", "--chart-version", "v2.0.0"],
        "could be 1.1.8",
    )
    .await;
    refused(
        "ana",
        &["release", "--chart-version", "2.0.0+x"],
        "build metadata",
    )
    .await;
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
    refused(
        "ana",
        &["release"],
        "the branch release-1.1.8 exists already",
    )
    .await;

    let pulls = world.lab.forge().pulls().await.unwrap();
    assert!(
        pulls
            .iter()
            .all(|pull| pull.title != "Release podinfo 1.1.8")
    );
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
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(said.err.contains("git push failed"), "{}", said.err);
    assert!(!said.err.contains(&token), "{}", said.err);
}

#[tokio::test]
async fn a_release_goes_into_the_branch_that_is_named() {
    let world = World::start().await;
    let named = ["release", "--branch", "trunk"];
    let said = world.weft("ana", &named).await;
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(said.err.contains("git switch trunk"), "{}", said.err);
    world.switch_to_trunk().await;
    let said = world.weft("ana", &named).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let (_, rest) = said.out.split_once("Opened #").unwrap();
    let number = rest.split(':').next().unwrap().parse().unwrap();
    assert_eq!(world.base_of(number).await, "trunk");
}
