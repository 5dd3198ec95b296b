//! Starting a release with the credentials of the signed-in person: the plan, and its pull request.
//!
//! The release is planned again when it is started; unless it equals what the person saw, nothing is pushed.

use model::CommitId;
use model::api::{
    Permission, ReleaseEdit, ReleasePlan, ReleaseStarted, ReleaseValues, StartRelease,
};
use model::journal::{Entry, Event};
use model::pipeline::PipelineSpec;
use similar::TextDiff;
use workflow::forge::{Forge, NewCommit, NewPullRequest, PullRequest};
use workflow::release::{Edit, Plan, ReleaseRequest, plan};
use workflow::{CHART, MAIN_GO, VALUES, VERSION_GO};

use super::ActionError;
use super::permissions::{require_write, why_not_write};
use super::reading::repository;
use crate::app::AppState;
use crate::auth::Person;
use crate::github::{self, Repository};

/// The unchanged lines that a diff shows around a change.
const CONTEXT: usize = 2;
const PUSH: &str = "push a release";

/// Plans a release; `start` of the plan says whether the person may start it.
///
/// # Errors
/// `Refused` and `Wrong` for invalid files and values, else the error of a call to GitHub.
pub async fn release_plan(
    app: &AppState,
    person: Option<&Person>,
    spec: &PipelineSpec,
    request: &ReleaseRequest,
) -> Result<ReleasePlan, ActionError> {
    let forge = repository(app, person, spec);
    let base = base(&forge).await?;
    let plan = planned(&forge, &base, request).await?;
    Ok(ReleasePlan {
        pipeline: spec.name.clone(),
        base_ref: spec.branch.clone(),
        base: CommitId::new(&base),
        was: ReleaseValues {
            colour: plan.was.colour,
            version: plan.was.version.0.clone(),
            chart_version: plan.was.chart_version.clone(),
        },
        values: ReleaseValues {
            colour: plan.colour,
            version: plan.version.0.clone(),
            chart_version: plan.chart_version.clone(),
        },
        branch: plan.branch(),
        edits: plan.edits.iter().map(shown).collect(),
        start: Permission::unless(match why_not(app, person, spec).await? {
            Some(why) => Some(why),
            None => exists(&forge, &plan).await?,
        }),
    })
}

/// Pushes a release and opens its pull request.
///
/// # Errors
/// `OutOfDate` where the branch moved and the plan with it, or the release exists; `Refused`, `NotPermitted`,
/// or the error of a call to GitHub.
pub async fn start_release(
    app: &AppState,
    person: &Person,
    spec: &PipelineSpec,
    order: &StartRelease,
) -> Result<ReleaseStarted, ActionError> {
    require_write(app, person, &spec.repository, PUSH).await?;
    let forge = repository(app, Some(person), spec);
    let base = base(&forge).await?;
    let request = ReleaseRequest {
        colour: Some(order.colour.clone()),
        version: Some(order.version.clone()),
        chart_version: Some(order.chart_version.clone()),
    };
    let plan = planned(&forge, &base, &request).await?;
    // The branch moves often, as with each branch build in dev; only the planned files count.
    let saw = if CommitId::new(&base) == order.base {
        true
    } else {
        let seen = planned(&forge, order.base.as_str(), &request).await;
        seen.is_ok_and(|seen| seen.edits == plan.edits)
    };
    if !saw {
        return Err(ActionError::OutOfDate {
            code: "base_moved",
            why: format!(
                "{} moved while you were reading. Nothing was pushed.",
                spec.branch
            ),
        });
    }
    if let Some(why) = exists(&forge, &plan).await? {
        return Err(ActionError::OutOfDate {
            code: "exists",
            why,
        });
    }
    let (branch, chart) = (plan.branch(), &plan.chart_version);
    let login = &person.viewer.login;
    let entry = |step: &str, event, sentence: &str| {
        let now = app.clock.now();
        Entry::new(&spec.name, event, now)
            .release(chart.clone())
            .by(login.clone())
            .sentence(sentence)
            // Two orders of the same release are two entries.
            .key(format!("release {step} {branch} {base} {}", now.millis()))
    };
    let event = Event::ReleaseOrdered {
        branch: branch.clone(),
    };
    let ordered = entry(
        "ordered",
        event,
        &format!("@{login} ordered: release {chart}."),
    );
    app.journal.append(&[ordered]).await?;
    let pull = push(&forge, &base, &plan).await?;
    let sentence = format!(
        "Opened #{} for {chart}: once it is approved and merged, the container and the chart are released.",
        pull.number
    );
    let event = Event::ReleaseOpened {
        number: pull.number,
    };
    // What GitHub did stands, whether the journal takes it or not.
    let opened = entry("opened", event, &sentence);
    if let Err(error) = app.journal.append(&[opened]).await {
        tracing::error!(%error, number = pull.number, "a release that was opened cannot be journaled");
    }
    Ok(ReleaseStarted {
        number: pull.number,
        url: pull.url,
        sentence,
    })
}

/// Returns why a release cannot be pushed where its branch exists.
async fn exists(forge: &Repository<'_>, plan: &Plan) -> Result<Option<String>, github::Error> {
    let branch = plan.branch();
    let found = forge.head(&branch).await?;
    Ok(found.map(|_| {
        format!(
            "The branch {branch} exists already: finish that release, or take the chart version {}.",
            plan.chart_version.next_patch()
        )
    }))
}

/// Pushes the release and opens its pull request. The branch stays where that fails; the error says how to
/// go on.
async fn push(forge: &Repository<'_>, base: &str, plan: &Plan) -> Result<PullRequest, ActionError> {
    let branch = plan.branch();
    forge.create_branch(&branch, base).await?;
    let file = |edit: &Edit| (edit.path.to_owned(), edit.after.clone());
    let commit = NewCommit {
        branch: branch.clone(),
        expected_head: base.to_owned(),
        message: plan.title(),
        files: plan.edits.iter().map(file).collect(),
    };
    forge.commit(commit).await?;
    let new = NewPullRequest {
        branch: branch.clone(),
        title: plan.title(),
        body: plan.body(),
    };
    forge.open(new)
        .await
        .map_err(|error| ActionError::OutOfDate {
            code: "not_opened",
            why: format!(
                "{branch} is pushed, but its pull request could not be opened: {error}. Open it at {}/compare/{branch}.",
                forge.page()
            ),
        })
}

/// Returns the head of the branch that releases go into.
async fn base(forge: &Repository<'_>) -> Result<String, ActionError> {
    let branch = forge.branch;
    let head = forge.head(branch).await?;
    head.ok_or_else(|| ActionError::Refused(format!("The repository has no branch {branch}.")))
}

async fn planned(
    forge: &Repository<'_>,
    base: &str,
    request: &ReleaseRequest,
) -> Result<Plan, ActionError> {
    let (main_go, version_go, values, chart) = tokio::try_join!(
        forge.file(base, MAIN_GO),
        forge.file(base, VERSION_GO),
        forge.file(base, VALUES),
        forge.file(base, CHART)
    )?;
    let read = |path: &str| match path {
        MAIN_GO => main_go.clone(),
        VERSION_GO => version_go.clone(),
        VALUES => values.clone(),
        CHART => chart.clone(),
        _ => None,
    };
    plan(read, request).map_err(|invalid| {
        let fields = wrong(read, request);
        if fields.is_empty() {
            // The files are invalid, not the values.
            return ActionError::Refused(invalid.0);
        }
        let why = invalid.0;
        ActionError::Wrong { why, fields }
    })
}

/// Returns the names of the invalid values; each is tried alone.
fn wrong(
    read: impl Fn(&str) -> Option<String> + Copy,
    request: &ReleaseRequest,
) -> Vec<&'static str> {
    if plan(read, &ReleaseRequest::default()).is_err() {
        return Vec::new();
    }
    let alone = [
        (
            "colour",
            ReleaseRequest {
                colour: request.colour.clone(),
                ..ReleaseRequest::default()
            },
        ),
        (
            "version",
            ReleaseRequest {
                version: request.version.clone(),
                ..ReleaseRequest::default()
            },
        ),
        (
            "chart_version",
            ReleaseRequest {
                chart_version: request.chart_version.clone(),
                ..ReleaseRequest::default()
            },
        ),
    ];
    let is_invalid = |(_, request): &(_, ReleaseRequest)| plan(read, request).is_err();
    let alone = alone.into_iter().filter(is_invalid);
    alone.map(|(field, _)| field).collect()
}

/// Returns why the viewer may not start a release.
async fn why_not(
    app: &AppState,
    person: Option<&Person>,
    spec: &PipelineSpec,
) -> Result<Option<String>, github::Error> {
    match person {
        Some(person) => why_not_write(app, person, &spec.repository, PUSH).await,
        None => Ok(Some("Sign in with GitHub first.".to_owned())),
    }
}

fn shown(edit: &Edit) -> ReleaseEdit {
    let diff = TextDiff::from_lines(&edit.before, &edit.after);
    let patch = diff.unified_diff().context_radius(CONTEXT).to_string();
    ReleaseEdit {
        path: edit.path.to_owned(),
        why: edit.why.clone(),
        patch,
    }
}
