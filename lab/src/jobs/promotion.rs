//! The promotion: when Flux reports that a release's tests succeeded in one environment, the next one's
//! pull request is opened or brought up to date, as `weft promote` does it.

use std::sync::Arc;

use anyhow::Context;
use futures::executor::block_on;
use serde_json::{Value, json};
use workflow::promotion::{self, Decision, PromotionOutcome, read_event};
use workflow::{PROMOTION_FILE, PromotionOrder};

use super::forge::RepoForge;
use super::runner::{Outcome, Runner};
use crate::github::accounts::promotion_bot;
use crate::github::operations::pulls;
use crate::github::operations::statuses::NewRun;
use crate::github::repository::{DEFAULT_BRANCH, Workflow};
use crate::github::state::Repo;

pub(crate) static PROMOTION: Workflow = Workflow {
    name: "promotion",
    path: ".github/workflows/promotion.yaml",
    event: "repository_dispatch",
    checks: &["promote"],
};

pub(super) fn start(runner: &Arc<Runner>, repo: &Repo, event_type: &str, payload: &Value) {
    // The workflow's `on: repository_dispatch: types:`.
    if event_type != "HelmRelease/podinfo.app-podinfo" {
        return;
    }
    let Some(head) = repo.git.branch(DEFAULT_BRANCH) else {
        return;
    };
    let run = NewRun {
        workflow: &PROMOTION,
        title: event_type.to_owned(),
        head_branch: DEFAULT_BRANCH.to_owned(),
        head: head.clone(),
        actor: promotion_bot(),
    };
    let event = json!({ "action": event_type, "client_payload": payload }).to_string();
    let job = move |repo: &Repo| promote(repo, &head, &event);
    runner.run(repo, run, vec![Box::new(job)]);
}

fn promote(repo: &Repo, head: &str, event: &str) -> anyhow::Result<Outcome> {
    // One promotion is written at a time, as a workflow's concurrency group would have it.
    let _promoting = repo.promoting.lock();
    let order = repo.git.text(head, PROMOTION_FILE)?;
    let order = order.with_context(|| format!("{PROMOTION_FILE} is missing"))?;
    let order = PromotionOrder::read(&order)?;
    let request = match read_event(event)?.decide(&order) {
        Decision::Promote(request) => request,
        Decision::Nothing(why) => return Ok(Outcome::skipped(why)),
    };
    let by = promotion_bot();
    let outcome = block_on(promotion::promote(&RepoForge { repo, by }, &request))?;
    let sentence = outcome.sentence(&request);
    let pull = match outcome {
        PromotionOutcome::Nothing(why) => return Ok(Outcome::skipped(why)),
        PromotionOutcome::Opened(pull) | PromotionOutcome::Superseded { pull, .. } => pull,
    };
    pulls::request_review(repo, by, pull.number)?;
    Ok(Outcome::success(sentence))
}
