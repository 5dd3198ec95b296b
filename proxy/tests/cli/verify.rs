//! The version checks, as the pull request's workflow runs them.

use crate::world::{World, git};

async fn change(world: &World, path: &str, from: &str, to: &str) {
    let file = world.clone().join(path);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{path}");
    std::fs::write(&file, text.replacen(from, to, 1)).unwrap();
    git(&world.clone(), &["commit", "-qam", "change"]).await;
}

#[tokio::test]
async fn versions_that_agree_pass_and_each_that_does_not_is_annotated() {
    let world = World::start().await;
    let said = world
        .weft("nobody", &["verify", "--base", "origin/main"])
        .await;
    assert_eq!(
        (said.code, said.out.as_str()),
        (0, "weft: the versions agree\n"),
        "{}",
        said.err
    );
    change(
        &world,
        "charts/podinfo/values.yaml",
        "tag: 5.1.8",
        "tag: 5.1.9",
    )
    .await;
    let verify = ["verify", "--base", "origin/main", "--format", "github"];
    let said = world.weft("nobody", &verify).await;
    assert_eq!(said.code, 1);
    assert!(
        said.err.contains("2 things must be put right"),
        "{}",
        said.err
    );
    let mut lines = said.out.lines();
    let first = lines.next().unwrap();
    assert!(
        first.starts_with("::error file=charts/podinfo/values.yaml,line=")
            && first.ends_with("::the image tag is 5.1.9, but VERSION is 5.1.8; make them agree"),
        "{first}"
    );
    let second = lines.next().unwrap();
    assert!(
        second.ends_with("must be greater than 1.1.7; take 1.1.8"),
        "{second}"
    );
    let said = world.weft("nobody", &["verify", "--base", "nowhere"]).await;
    assert_eq!(said.code, 2);
    assert!(said.err.contains("fetch it first"), "{}", said.err);
}
