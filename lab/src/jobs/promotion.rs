//! The promotion: when Flux says that a release's tests succeeded in one environment, the next one's
//! pull request is opened or brought up to date, as `weft promote` does it.

use std::sync::Arc;

use anyhow::Context;
use futures::executor::block_on;
use serde_json::{Value, json};
use workflow::promotion::{self, Decision, PromotionOutcome, read_event};
use workflow::{PROMOTION_FILE, PromotionOrder};

use super::host::Inside;
use super::{Job, Outcome, run};
use crate::forge::acts::marks::NewRun;
use crate::forge::acts::pulls;
use crate::forge::engine::Engine;
use crate::forge::promotion_bot;
use crate::forge::state::{DEFAULT_BRANCH, Repository};

/// Starts the promotion.
pub(super) fn start(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    event_type: &str,
    payload: &Value,
) {
    // The workflow's `on: repository_dispatch: types:`.
    if event_type != "HelmRelease/podinfo.app-podinfo" {
        return;
    }
    let Some(head) = repository.git.branch(DEFAULT_BRANCH) else {
        return;
    };
    let new = NewRun {
        name: "promotion",
        path: ".github/workflows/promotion.yaml",
        event: "repository_dispatch",
        title: event_type.to_owned(),
        head_branch: DEFAULT_BRANCH.to_owned(),
        head: head.clone(),
        actor: promotion_bot(),
    };
    let event = json!({ "action": event_type, "client_payload": payload }).to_string();
    let work = move |engine: &Arc<Engine>, repository: &Arc<Repository>| {
        promote(engine, repository, &head, &event)
    };
    let job = Job {
        name: "promote",
        work: Box::new(work),
    };
    run(engine, repository, new, vec![job]);
}

fn promote(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    head: &str,
    event: &str,
) -> anyhow::Result<Outcome> {
    // One promotion is written at a time, as a workflow's concurrency group would have it.
    let _promoting = repository.promoting.lock();
    let lane = repository.git.text(head, PROMOTION_FILE)?;
    let lane =
        PromotionOrder::read(&lane.with_context(|| format!("{PROMOTION_FILE} is missing"))?)?;
    let request = match read_event(event)?.decide(&lane) {
        Decision::Promote(request) => request,
        Decision::Nothing(why) => return Ok(Outcome::skipped(why)),
    };
    let by = promotion_bot();
    let host = Inside {
        engine,
        repository,
        by,
    };
    let outcome = block_on(promotion::promote(&host, &request))?;
    let sentence = outcome.sentence(&request);
    let pull = match outcome {
        PromotionOutcome::Nothing(why) => return Ok(Outcome::skipped(why)),
        PromotionOutcome::Opened(pull) | PromotionOutcome::Superseded { pull, .. } => pull,
    };
    // On GitHub the file CODEOWNERS asks them.
    let team = [crate::forge::APPROVERS.to_owned()];
    let people = crate::forge::APPROVER_LOGINS.map(str::to_owned);
    pulls::request_reviewers(engine, repository, by, pull.number, &people, &team)?;
    Ok(Outcome::success(sentence))
}
