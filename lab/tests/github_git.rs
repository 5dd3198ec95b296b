//! The forge's git side: ordinary clones and pushes, protected branches, and the chart repository.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

mod github_world;

use github_world::{World, git};

#[tokio::test]
async fn a_clone_has_the_week_and_a_push_to_a_branch_is_built() {
    let world = World::seeded().await;
    let clone = world.clone_as("ana").await;
    let log = git(&clone, &["log", "--oneline", "--first-parent"]).await;
    assert!(log.stdout.lines().count() > 10, "{}", log.stdout);

    git(&clone, &["checkout", "-q", "-b", "my-branch"])
        .await
        .ok();
    let main_go = clone.join("cmd/podinfo/main.go");
    let text = std::fs::read_to_string(&main_go).unwrap();
    std::fs::write(&main_go, text.replace("#b8791f", "#112233")).unwrap();
    git(&clone, &["commit", "-qam", "Try another colour"])
        .await
        .ok();
    git(&clone, &["push", "-q", "origin", "my-branch"])
        .await
        .ok();

    let sha = git(&clone, &["rev-parse", "HEAD"]).await.stdout;
    let start = format!("my-branch-{}-", &sha[..7]);
    let tag = world
        .eventually("the image is built", async || {
            let images = world.forge.images();
            images.into_iter().find(|tag| tag.starts_with(&start))
        })
        .await;
    let manifest = world.get(&format!("v2/demo/podinfo/manifests/{tag}")).await;
    assert_eq!(manifest.json["annotations"]["dev.weft.color"], "#112233");
    assert_eq!(
        manifest.json["annotations"]["org.opencontainers.image.revision"],
        sha.trim()
    );
}

#[tokio::test]
async fn main_is_protected_from_everyone_but_image_automation() {
    let world = World::fresh().await;
    let clone = world.clone_as("ana").await;
    std::fs::write(clone.join("notes.txt"), "hello\n").unwrap();
    git(&clone, &["add", "."]).await.ok();
    git(&clone, &["commit", "-qm", "Straight to main"])
        .await
        .ok();
    let refused = git(&clone, &["push", "origin", "main"]).await;
    assert!(!refused.success);
    assert!(refused.stderr.contains("GH006"), "{}", refused.stderr);

    let url = world.clone_url(world.forge.flux_token());
    git(&clone, &["push", "-q", &url, "main"]).await.ok();
    let sha = git(&clone, &["rev-parse", "HEAD"]).await.stdout;
    assert_eq!(world.forge.branch("main").unwrap(), sha.trim());
}

#[tokio::test]
async fn a_push_without_a_token_or_with_a_readers_token_is_refused() {
    let world = World::fresh().await;
    let clone = world.clone_as("ana").await;
    for url in [
        world.clone_url("nonsense"),
        world.clone_url(&world.token("kim")),
    ] {
        let refused = git(&clone, &["push", &url, "HEAD:refs/heads/mine"]).await;
        assert!(!refused.success);
    }
}

#[tokio::test]
async fn a_large_push_comes_compressed_and_is_understood() {
    let world = World::fresh().await;
    let clone = world.clone_as("ana").await;
    git(&clone, &["checkout", "-q", "-b", "large"]).await.ok();
    for number in 0..40 {
        git(
            &clone,
            &[
                "commit",
                "-q",
                "--allow-empty",
                "-m",
                &format!("Commit {number}"),
            ],
        )
        .await
        .ok();
        git(&clone, &["branch", &format!("large-{number}")])
            .await
            .ok();
    }
    git(&clone, &["push", "-q", "--all", "origin"]).await.ok();
    let fetched = git(&clone, &["fetch", "-q", "--all"]).await;
    assert!(fetched.success, "{}", fetched.stderr);
    assert!(world.forge.branch("large-39").is_ok());
}

#[tokio::test]
async fn the_chart_index_lists_every_release_newest_first_with_packages_that_match() {
    let world = World::seeded().await;
    let index = world.get("pages/demo/podinfo/index.yaml").await;
    let index: serde_json::Value = serde_saphyr::from_str(&index.text).unwrap();
    let entries = index["entries"]["podinfo"].as_array().unwrap();
    let versions: Vec<_> = entries
        .iter()
        .map(|entry| entry["version"].as_str().unwrap())
        .collect();
    assert_eq!(versions, ["1.1.7", "1.1.6", "1.1.5", "1.1.4"]);
    assert_eq!(entries[0]["appVersion"], "5.1.8");

    let url = entries[0]["urls"][0].as_str().unwrap();
    let package = reqwest::get(url).await.unwrap().bytes().await.unwrap();
    use sha2::Digest;
    assert_eq!(
        entries[0]["digest"],
        hex::encode(sha2::Sha256::digest(&package))
    );
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(package.as_ref()));
    let names: Vec<String> = archive
        .entries()
        .unwrap()
        .map(|entry| entry.unwrap().path().unwrap().display().to_string())
        .collect();
    assert!(
        names.contains(&"podinfo/Chart.yaml".to_owned()),
        "{names:?}"
    );
    assert!(
        names.contains(&"podinfo/templates/deployment.yaml".to_owned()),
        "{names:?}"
    );
}

#[tokio::test]
async fn a_forced_push_moves_the_pull_request_and_dismisses_its_approvals() {
    let world = World::seeded().await;
    let pull = world.forge.open_promotion("stg").await.unwrap().unwrap();
    world
        .forge
        .review(pull.number, "sam", "APPROVE", "")
        .await
        .unwrap();
    let clone = world.clone_as("li").await;
    git(&clone, &["checkout", "-q", &pull.head_ref]).await.ok();
    let message = ["commit", "-q", "--amend", "-m", "Promote with other words"];
    git(&clone, &message).await.ok();
    git(&clone, &["push", "-q", "--force", "origin", "HEAD"])
        .await
        .ok();
    let moved = world.forge.pull(pull.number).await.unwrap();
    assert_ne!(moved.head, pull.head);
    assert!(moved.approved_by.is_empty());
}
