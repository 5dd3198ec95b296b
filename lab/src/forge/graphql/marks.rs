//! Statuses and check runs of a commit.

use std::sync::Arc;

use super::object::{Answer, Failure, Object, connection};
use super::{Context, commits, people};
use crate::forge::present::{node_id, stamp};
use crate::forge::rules;
use crate::forge::state::{CheckRun, Repository, Status};

/// A check run or a status.
#[derive(Clone)]
enum Mark {
    Check(CheckRun),
    Status(Status),
}

/// `StatusCheckRollup`, or null when the commit has no marks.
pub(super) fn rollup(context: &Context, repository: &Arc<Repository>, sha: &str) -> Option<Object> {
    let (state, marks) = {
        let all = repository.state.lock();
        let checks = all.latest_checks(sha).into_iter().cloned().map(Mark::Check);
        let statuses = all
            .latest_statuses(sha)
            .into_iter()
            .cloned()
            .map(Mark::Status);
        (
            rules::rollup(&all, sha)?,
            checks.chain(statuses).collect::<Vec<_>>(),
        )
    };
    let of = (context.clone(), repository.clone(), sha.to_owned());
    let each = (context.clone(), repository.clone());
    let object = Object::new("StatusCheckRollup")
        .leaf("id", node_id("SCR", sha))
        .leaf("state", state.as_str())
        .field("commit", move |_| {
            let (context, repository, sha) = &of;
            Ok(commits::by_oid(context, repository, sha)?.into())
        })
        .field("contexts", move |args| {
            let (context, repository) = each.clone();
            let kind = "StatusCheckRollupContextConnection";
            let page = connection(kind, &marks, args, move |mark| match mark {
                Mark::Check(check) => Ok(check_run(&context, &repository, check)),
                Mark::Status(status) => Ok(status_context(&context, &repository, status)),
            });
            Ok(Answer::Object(page))
        });
    Some(object)
}

/// `Status`, or null when the commit has no statuses.
pub(super) fn status(context: &Context, repository: &Arc<Repository>, sha: &str) -> Option<Object> {
    let statuses: Vec<Status> = {
        let all = repository.state.lock();
        all.latest_statuses(sha).into_iter().cloned().collect()
    };
    let worst = statuses
        .iter()
        .find(|status| !matches!(status.state.as_str(), "success" | "pending"))
        .or_else(|| statuses.iter().find(|status| status.state == "pending"))
        .or_else(|| statuses.first())?;
    let state = worst.state.to_uppercase();
    let (context, repository) = (context.clone(), repository.clone());
    let object = Object::new("Status")
        .leaf("id", node_id("S", sha))
        .leaf("state", state)
        .field("contexts", move |_| {
            let make = |status: &Status| status_context(&context, &repository, status);
            Ok(Answer::List(statuses.iter().map(make).collect()))
        });
    Some(object)
}

/// `isRequired`: whether the base of a pull request asks for this mark.
fn required(
    repository: &Repository,
    name: &str,
    args: &super::object::Args,
) -> Result<Answer, Failure> {
    let state = repository.state.lock();
    let pull = match (args.number("pullRequestNumber"), args.text("pullRequestId")) {
        (Some(number), _) => state.pulls.get(&number),
        (None, Some(id)) => state
            .pulls
            .values()
            .find(|pull| node_id("PR", pull.id) == id),
        (None, None) => {
            let sentence = "Either pullRequestId or pullRequestNumber must be given";
            return Err(Failure::Invalid(sentence.to_owned()));
        }
    };
    let required = pull
        .and_then(|pull| rules::protection(&pull.base_ref))
        .is_some_and(|protection| protection.checks.contains(&name));
    Ok(Answer::Leaf(required.into()))
}

/// `CheckRun`.
fn check_run(context: &Context, repository: &Arc<Repository>, check: &CheckRun) -> Object {
    let web = context.engine.links().web;
    let page = format!(
        "{web}/{}/actions/runs/{}",
        repository.full_name(),
        check.run
    );
    let conclusion = check.phase.conclusion().map(str::to_uppercase);
    let (place, name) = (repository.clone(), check.name.clone());
    let suite = (context.clone(), repository.clone(), check.run);
    Object::new("CheckRun")
        .leaf("id", node_id("CR", check.id))
        .leaf("databaseId", check.id)
        .leaf("name", check.name.as_str())
        .leaf("status", check.phase.status().to_uppercase())
        .leaf("conclusion", conclusion)
        .leaf("detailsUrl", page.as_str())
        .leaf("permalink", page.as_str())
        .leaf("url", page)
        .leaf("title", check.title.as_deref())
        .leaf("summary", check.title.as_deref())
        .leaf("startedAt", stamp(check.started_at))
        .leaf("completedAt", check.completed_at.map(stamp))
        .field("isRequired", move |args| required(&place, &name, args))
        .object("checkSuite", move || {
            let (context, repository, run) = suite.clone();
            Some(check_suite(&context, &repository, run))
        })
}

/// `CheckSuite`.
fn check_suite(context: &Context, repository: &Arc<Repository>, run: u64) -> Object {
    let (context, repository) = (context.clone(), repository.clone());
    let app = || {
        Object::new("App")
            .leaf("id", node_id("A", 15368))
            .leaf("databaseId", 15368)
            .leaf("name", "GitHub Actions")
            .leaf("slug", "github-actions")
    };
    Object::new("CheckSuite")
        .leaf("id", node_id("CS", run))
        .object("app", move || Some(app()))
        .object("workflowRun", move || {
            let web = context.engine.links().web;
            let all = repository.state.lock();
            let found = all.runs.iter().find(|other| other.id == run)?;
            let (name, path) = (found.name, found.path);
            let object = Object::new("WorkflowRun")
                .leaf("id", node_id("WFR", found.id))
                .leaf("databaseId", found.id)
                .leaf("runNumber", found.number)
                .leaf("event", found.event)
                .leaf(
                    "url",
                    format!("{web}/{}/actions/runs/{}", repository.full_name(), found.id),
                )
                .object("workflow", move || {
                    Some(
                        Object::new("Workflow")
                            .leaf("name", name)
                            .leaf("resourcePath", path),
                    )
                });
            Some(object)
        })
}

/// `StatusContext`.
fn status_context(context: &Context, repository: &Arc<Repository>, status: &Status) -> Object {
    let web = context.engine.links().web;
    let creator = status.creator;
    let (place, name, context) = (repository.clone(), status.context.clone(), context.clone());
    Object::new("StatusContext")
        .leaf("id", node_id("SC", status.id))
        .leaf("context", status.context.as_str())
        .leaf("state", status.state.to_uppercase())
        .leaf("description", status.description.as_deref())
        .leaf("targetUrl", status.target_url.as_deref())
        .leaf("avatarUrl", format!("{web}/avatars/{}.svg", creator.slug()))
        .leaf("createdAt", stamp(status.created_at))
        .field("isRequired", move |args| required(&place, &name, args))
        .object("creator", move || Some(people::account(&context, creator)))
}
