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
    let verify = ["verify", "--base", "origin/main", "--format", "github"];
    let said = world.weft("nobody", &verify[..3]).await;
    assert_eq!(said.out(), "weft: the versions agree\n");
    let values = "charts/podinfo/values.yaml";
    change(&world, values, "tag: 5.1.8", "tag: 5.1.9").await;
    let said = world.weft("nobody", &verify).await;
    said.assert_fails(1, "2 things must be put right");
    let mut lines = said.out.lines();
    let first = lines.next().unwrap();
    assert!(
        first.starts_with("::error file=charts/podinfo/values.yaml,line=")
            && first.ends_with("::the image tag is 5.1.9, but VERSION is 5.1.8; make them agree"),
        "{first}"
    );
    let second = lines.next().unwrap();
    let advice = "must be greater than 1.1.7; take 1.1.8";
    assert!(second.ends_with(advice), "{second}");
    let said = world.weft("nobody", &["verify", "--base", "nowhere"]).await;
    said.assert_fails(2, "fetch it first");
}
