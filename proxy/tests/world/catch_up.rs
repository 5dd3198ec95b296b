//! The promotion workflow's schedule: `weft promote --catch-up` asks Weft what is proven and promotes what
//! no dispatch has.

use std::process::Output;

use tokio::process::Command;

use crate::world::World;

async fn catch_up(world: &World, weft: &str) -> (bool, String) {
    let forge = world.lab.forge();
    let Output { status, stdout, .. } = Command::new(env!("CARGO_BIN_EXE_weft"))
        .args(["promote", "--catch-up", weft])
        .env("GITHUB_TOKEN", forge.bot_token())
        .env("GITHUB_SERVER_URL", forge.url().as_str())
        .env("GITHUB_REPOSITORY", "demo/podinfo")
        .env_remove("GITHUB_API_URL")
        .env_remove("GITHUB_GRAPHQL_URL")
        .env_remove("GITHUB_STEP_SUMMARY")
        .output()
        .await
        .expect("the program starts");
    let said = String::from_utf8(stdout).expect("text");
    (status.success(), said)
}

#[tokio::test]
async fn what_is_proven_and_was_not_promoted_is_caught_up_with_once() {
    let world = World::start().await;
    let weft = world.serve().await;
    world.stg_without_its_dispatch().await;
    let forge = world.lab.forge();
    assert!(forge.open_promotion("prod").await.expect("git").is_none());

    let (done, said) = catch_up(&world, weft.as_str()).await;
    let opened = forge.open_promotion("prod").await.expect("git");
    let number = opened.expect("opened").number;
    assert!(done, "{said}");
    let expected = format!(
        "weft: uat has 1.1.7 already\nweft: stg has 1.1.7 already\n\
         weft: #{number} would promote 1.1.7 into prod\n"
    );
    assert_eq!(said, expected);
    let (_, said) = catch_up(&world, weft.as_str()).await;
    let already = format!("#{number} promotes 1.1.7 already\n");
    assert!(said.ends_with(&already), "{said}");

    // What somebody closed stays closed.
    forge.close(number, "sam").await.expect("closed");
    let (_, said) = catch_up(&world, weft.as_str()).await;
    assert!(said.contains("was closed without a merge"), "{said}");
    assert!(forge.open_promotion("prod").await.expect("git").is_none());
    let (done, _) = catch_up(&world, "http://127.0.0.1:1/promotions/").await;
    assert!(!done, "without Weft nothing is promoted");
    world.end().await;
}
