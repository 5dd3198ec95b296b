//! The forge's REST answers, held against GitHub's published API description. Needs the packages of
//! `forge_contract/` (`cargo xtask test` fetches them), so it runs only when asked for.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

mod forge_world;

use std::path::Path;

use forge_world::World;
use reqwest::Method;
use serde_json::{Value, json};

/// The answers collected so far, each with GitHub's name of the operation.
struct Answers<'a> {
    world: &'a World,
    list: Vec<Value>,
}

impl Answers<'_> {
    async fn ask(
        &mut self,
        operation: &str,
        login: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Value {
        let answer = self.world.api(login, method, path, body).await;
        self.list.push(json!({
            "operation": operation, "status": answer.status, "body": answer.json,
        }));
        answer.json
    }

    async fn read(&mut self, operation: &str, path: &str) -> Value {
        self.ask(operation, "sam", Method::GET, path, None).await
    }
}

#[tokio::test]
#[ignore = "needs the packages of its folder; `cargo xtask test` fetches them"]
async fn every_answer_is_as_github_describes_it() {
    let world = World::seeded().await;
    let mut answers = Answers {
        world: &world,
        list: Vec::new(),
    };
    let stg = world.forge.open_promotion("stg").await.unwrap().unwrap();
    let (number, head) = (stg.number, stg.head.clone());
    let one = |rest: &str| format!("pulls/{number}{rest}");

    answers.read("repos/get", "").await;
    answers.read("pulls/list", "pulls?state=all").await;
    answers.read("pulls/get", &one("")).await;
    answers.read("pulls/get", "pulls/1").await;
    answers.read("pulls/get", "pulls/999").await;
    answers.read("pulls/list-files", &one("/files")).await;
    answers.read("pulls/list-commits", &one("/commits")).await;
    answers
        .read(
            "pulls/list-requested-reviewers",
            &one("/requested_reviewers"),
        )
        .await;
    let runs = format!("commits/{head}/check-runs");
    answers.read("checks/list-for-ref", &runs).await;
    answers
        .read("repos/get-combined-status-for-ref", "commits/main/status")
        .await;
    answers
        .read(
            "repos/list-commit-statuses-for-ref",
            "commits/main/statuses",
        )
        .await;
    answers
        .read("repos/get-branch-rules", "rules/branches/main")
        .await;
    answers
        .read("repos/compare-commits", "compare/main...HEAD")
        .await;
    let basehead = format!("compare/main...{}", stg.head_ref);
    answers.read("repos/compare-commits", &basehead).await;
    answers
        .read("repos/list-commits", "commits?path=environments/prod")
        .await;
    answers.read("repos/get-commit", "commits/main").await;
    answers
        .read("git/get-commit", &format!("git/commits/{head}"))
        .await;
    answers
        .read("repos/get-content", "contents/README.md")
        .await;
    answers
        .read("repos/get-content", "contents/environments")
        .await;
    answers.read("git/get-ref", "git/ref/heads/main").await;
    answers
        .read("actions/list-workflow-runs-for-repo", "actions/runs")
        .await;

    let post = Method::POST;
    let own = json!({ "event": "APPROVE" });
    let path = one("/reviews");
    answers
        .ask(
            "pulls/create-review",
            "weft-demo[bot]",
            post.clone(),
            &path,
            Some(own.clone()),
        )
        .await;
    let review = answers
        .ask("pulls/create-review", "sam", post.clone(), &path, Some(own))
        .await;
    answers.read("pulls/list-reviews", &path).await;
    let dismissal = format!("pulls/{number}/reviews/{}/dismissals", review["id"]);
    let message = json!({ "message": "Not yet" });
    answers
        .ask(
            "pulls/dismiss-review",
            "sam",
            Method::PUT,
            &dismissal,
            Some(message),
        )
        .await;
    let merge = one("/merge");
    answers
        .ask("pulls/merge", "sam", Method::PUT, &merge, Some(json!({})))
        .await;
    let stale = json!({ "sha": "0".repeat(40) });
    answers
        .ask("pulls/merge", "sam", Method::PUT, &merge, Some(stale))
        .await;
    let body = json!({ "body": "Looks good" });
    let issue = format!("issues/{number}/comments");
    answers
        .ask(
            "issues/create-comment",
            "kim",
            post.clone(),
            &issue,
            Some(body),
        )
        .await;
    let wanted = json!({ "reviewers": ["li"], "team_reviewers": ["approvers"] });
    let path = one("/requested_reviewers");
    answers
        .ask(
            "pulls/request-reviewers",
            "ana",
            post.clone(),
            &path,
            Some(wanted),
        )
        .await;
    let status = json!({ "state": "success", "context": "kustomization/uat/1234abcd" });
    let path = format!("statuses/{head}");
    answers
        .ask(
            "repos/create-commit-status",
            "fluxcdbot",
            post.clone(),
            &path,
            Some(status),
        )
        .await;
    let reference = json!({ "ref": "refs/heads/another", "sha": head });
    answers
        .ask(
            "git/create-ref",
            "ana",
            post.clone(),
            "git/refs",
            Some(reference),
        )
        .await;
    let opening = json!({ "title": "Another", "head": "another", "base": "main" });
    answers
        .ask(
            "pulls/create",
            "ana",
            post.clone(),
            "pulls",
            Some(opening.clone()),
        )
        .await;
    answers
        .ask("pulls/create", "ana", post.clone(), "pulls", Some(opening))
        .await;
    let closed = json!({ "state": "closed" });
    answers
        .ask(
            "pulls/update",
            "sam",
            Method::PATCH,
            &one(""),
            Some(closed.clone()),
        )
        .await;
    answers
        .ask(
            "pulls/merge-async",
            "sam",
            Method::PUT,
            &one("/merge-async"),
            Some(json!({})),
        )
        .await;
    answers
        .ask(
            "pulls/merge",
            "kim",
            Method::PUT,
            "pulls/1/merge",
            Some(json!({})),
        )
        .await;

    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/forge_contract");
    let file = tempfile::NamedTempFile::new().unwrap();
    serde_json::to_writer(file.as_file(), &answers.list).unwrap();
    let output = tokio::process::Command::new("node")
        .arg(dir.join("check.mjs"))
        .arg(file.path())
        .output()
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
