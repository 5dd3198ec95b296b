//! The forge's git side: ordinary clones and pushes, protected branches, and the chart repository.

use sha2::{Digest as _, Sha256};

use crate::world::{World, eventually, git};

#[tokio::test]
async fn a_clone_has_the_week_and_a_push_to_a_branch_is_built() {
    let world = World::seeded().await;
    let clone = world.clone_as("ana").await;
    let git = async |args: &[&str]| git(&clone, args).await.unwrap();
    let log = git(&["log", "--oneline", "--first-parent"]).await;
    assert!(log.lines().count() > 10, "{log}");

    git(&["checkout", "-q", "-b", "my-branch"]).await;
    let main_go = clone.join("cmd/podinfo/main.go");
    let text = std::fs::read_to_string(&main_go).unwrap();
    std::fs::write(&main_go, text.replace("#b8791f", "#112233")).unwrap();
    git(&["commit", "-qam", "Try another colour"]).await;
    git(&["push", "-q", "origin", "my-branch"]).await;

    let sha = git(&["rev-parse", "HEAD"]).await;
    let start = format!("my-branch-{}-", &sha[..7]);
    let tag = eventually("the image is built", async || {
        let images = world.forge.images();
        images.into_iter().find(|tag| tag.starts_with(&start))
    })
    .await;
    let manifest = world.get(&format!("v2/demo/podinfo/manifests/{tag}")).await;
    let annotations = &manifest.json["annotations"];
    assert_eq!(annotations["dev.weft.color"], "#112233");
    let revision = &annotations["org.opencontainers.image.revision"];
    assert_eq!(revision, sha.trim());
}

#[tokio::test]
async fn main_is_protected_from_everyone_but_image_automation() {
    let world = World::fresh().await;
    let clone = world.clone_as("ana").await;
    let git = async |args: &[&str]| git(&clone, args).await;
    std::fs::write(clone.join("notes.txt"), "hello\n").unwrap();
    git(&["add", "."]).await.unwrap();
    let commit = ["commit", "-qm", "Straight to main"];
    git(&commit).await.unwrap();
    let refused = git(&["push", "origin", "main"]).await.unwrap_err();
    assert!(refused.contains("GH006"), "{refused}");

    let url = world.clone_url(world.forge.flux_token());
    git(&["push", "-q", &url, "main"]).await.unwrap();
    let sha = git(&["rev-parse", "HEAD"]).await.unwrap();
    assert_eq!(world.forge.branch("main").unwrap(), sha.trim());
}

#[tokio::test]
async fn a_push_without_a_token_or_with_a_readers_token_is_refused() {
    let world = World::fresh().await;
    let clone = world.clone_as("ana").await;
    for token in ["nonsense", &world.token("kim")] {
        let url = world.clone_url(token);
        let pushed = git(&clone, &["push", &url, "HEAD:refs/heads/mine"]).await;
        assert!(pushed.is_err());
    }
}

#[tokio::test]
async fn a_large_push_comes_compressed_and_is_understood() {
    let world = World::fresh().await;
    let clone = world.clone_as("ana").await;
    let git = async |args: &[&str]| git(&clone, args).await.unwrap();
    git(&["checkout", "-q", "-b", "large"]).await;
    for number in 0..40 {
        let message = format!("Commit {number}");
        git(&["commit", "-q", "--allow-empty", "-m", &message]).await;
        git(&["branch", &format!("large-{number}")]).await;
    }
    git(&["push", "-q", "--all", "origin"]).await;
    git(&["fetch", "-q", "--all"]).await;
    assert!(world.forge.branch("large-39").is_ok());
}

#[tokio::test]
async fn the_chart_index_lists_every_release_newest_first_with_packages_that_match() {
    let world = World::seeded().await;
    let index = world.get("pages/demo/podinfo/index.yaml").await;
    let index: serde_json::Value = serde_saphyr::from_str(&index.text).unwrap();
    let entries = index["entries"]["podinfo"].as_array().unwrap();
    let versions = entries.iter().map(|entry| &entry["version"]);
    assert!(versions.eq(["1.1.7", "1.1.6", "1.1.5", "1.1.4"]), "{index}");

    let url = entries[0]["urls"][0].as_str().unwrap();
    let package = reqwest::get(url).await.unwrap().bytes().await.unwrap();
    let digest = hex::encode(Sha256::digest(&package));
    assert_eq!(entries[0]["digest"], digest);
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(package.as_ref()));
    let files = archive.entries().unwrap();
    let files = files.map(|file| file.unwrap().path().unwrap().display().to_string());
    let files: Vec<String> = files.collect();
    for file in ["podinfo/Chart.yaml", "podinfo/templates/deployment.yaml"] {
        assert!(files.iter().any(|name| name == file), "{files:?}");
    }
}

#[tokio::test]
async fn a_forced_push_moves_the_pull_request_and_dismisses_its_approvals() {
    let world = World::seeded().await;
    let pull = world.promotion("stg").await.unwrap();
    world.approve(pull.number).await;
    let clone = world.clone_as("li").await;
    let git = async |args: &[&str]| git(&clone, args).await.unwrap();
    git(&["checkout", "-q", &pull.head_ref]).await;
    let message = "Promote with other words";
    git(&["commit", "-q", "--amend", "-m", message]).await;
    git(&["push", "-q", "--force", "origin", "HEAD"]).await;
    let moved = world.pull(pull.number).await;
    assert_ne!(moved.head, pull.head);
    assert!(moved.approved_by.is_empty());
}
