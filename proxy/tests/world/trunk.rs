//! A pipeline whose branch is not `main`: a promotion goes into the branch that it names.

use model::chain::VerdictState;
use proxy::github::{Credentials, Repository};
use workflow::forge::Forge;

use crate::world::{World, repository};

#[tokio::test]
async fn a_promotion_goes_into_the_branch_of_the_pipeline() {
    let world = World::start().await;
    world.stg_without_its_dispatch().await;
    let name = repository();
    let github = world.app.github.clone();
    let forge = Repository {
        github: &github,
        credentials: Credentials::Reader,
        name: &name,
        branch: "trunk",
    };
    let head = forge.head("main").await.expect("GitHub").expect("main");
    forge.create_branch("trunk", &head).await.expect("created");
    let world = world
        .restart_with(|config| config.pipelines[0].branch = "trunk".into())
        .await;
    world.until("stg", VerdictState::Proven).await;
    let promoted = world.promote("sam", "1.1.7").await;
    let number = promoted.expect("promoted").number;
    let path = "environments/prod/podinfo-helmrelease.yaml";
    let opened = github.promotion(Credentials::Reader, &name, number, path);
    let opened = opened.await.expect("the pull request").promotion;
    assert_eq!(opened.base_ref, "trunk");
    assert_eq!(opened.base.as_str(), head);
    world.end().await;
}
