//! Starting a release as the signed-in person: the plan, and the pull request made of it.
//!
//! What is pushed is planned anew over the commit that the person saw, so it is what they saw or nothing.

use model::api::{
    Permission, ReleaseEdit, ReleasePlan, ReleaseStarted, ReleaseValues, StartRelease,
};
use model::journal::{Entry, Event};
use model::pipeline::PipelineSpec;
use model::{ChartVersion, CommitId};
use similar::TextDiff;
use workflow::host::{Commit, Host, MAIN, Opening};
use workflow::release::{Edit, Plan, Wish, plan};
use workflow::{CHART, MAIN_GO, VALUES, VERSION_GO};

use super::ActionError;
use super::permits::why_not_write;
use super::reading::acting;
use crate::app::App;
use crate::auth::Person;
use crate::github::{self, Repository};

/// The lines that a diff shows around a change.
const CONTEXT: usize = 2;

/// The release that would be started.
///
/// # Errors
/// `Refused` where a value or a file is not as it must be, else what GitHub answered.
pub async fn release_plan(
    app: &App,
    person: Option<&Person>,
    spec: &PipelineSpec,
    wish: &Wish,
) -> Result<ReleasePlan, ActionError> {
    let host = host(app, person, spec);
    let base = main(&host).await?;
    let plan = planned(&host, &base, wish).await?;
    Ok(ReleasePlan {
        pipeline: spec.name.clone(),
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
            None => exists(&host, &plan).await?,
        }),
    })
}

/// Pushes a release and opens its pull request.
///
/// # Errors
/// `OutOfDate` where the branch moved under the plan or the release exists, `Refused`, `NotPermitted`, or
/// what GitHub answered.
pub async fn start_release(
    app: &App,
    person: &Person,
    spec: &PipelineSpec,
    order: &StartRelease,
) -> Result<ReleaseStarted, ActionError> {
    if let Some(why) = why_not(app, Some(person), spec).await? {
        let code = "no_write_access";
        return Err(ActionError::NotPermitted { code, why });
    }
    let host = host(app, Some(person), spec);
    let base = main(&host).await?;
    let wish = Wish {
        colour: Some(order.colour.clone()),
        version: Some(order.version.clone()),
        chart_version: Some(order.chart_version.clone()),
    };
    let plan = planned(&host, &base, &wish).await?;
    // main moves often, as with each branch build in dev; what counts is what the person saw of it.
    let saw = if CommitId::new(&base) == order.base {
        true
    } else {
        let seen = planned(&host, order.base.as_str(), &wish).await;
        seen.is_ok_and(|seen| seen.edits == plan.edits)
    };
    if !saw {
        return Err(ActionError::OutOfDate {
            code: "base_moved",
            why: format!("{MAIN} moved while you were reading. Nothing was pushed."),
        });
    }
    if let Some(why) = exists(&host, &plan).await? {
        return Err(ActionError::OutOfDate {
            code: "exists",
            why,
        });
    }
    let branch = plan.branch();
    let record = Record {
        app,
        person,
        spec,
        chart: &plan.chart_version,
        key: format!("{branch} {base}"),
    };
    let event = Event::ReleaseOrdered {
        branch: branch.clone(),
    };
    let sentence = format!(
        "@{} ordered: release {}.",
        person.viewer.login, plan.chart_version
    );
    record.note("ordered", event, sentence).await?;
    let pull = push(&host, &base, &plan).await?;
    let sentence = format!(
        "Opened #{} for {}: once it is approved and merged, the container and the chart are released.",
        pull.number, plan.chart_version
    );
    let event = Event::ReleaseOpened {
        number: pull.number,
    };
    // What GitHub did stands, whether the journal takes it or not.
    if let Err(error) = record.note("opened", event, sentence.clone()).await {
        tracing::error!(%error, number = pull.number, "a release that was opened cannot be journaled");
    }
    Ok(ReleaseStarted {
        number: pull.number,
        url: pull.url,
        sentence,
    })
}

/// Why a release that has been pushed cannot be pushed again, if so.
async fn exists(host: &Repository<'_>, plan: &Plan) -> Result<Option<String>, github::Error> {
    let branch = plan.branch();
    let found = host.head(&branch).await?;
    Ok(found.map(|_| {
        format!(
            "The branch {branch} exists already: finish that release, or take the chart version {}.",
            plan.chart_version.next_patch()
        )
    }))
}

/// What is pushed stays where the pull request cannot be opened: the words say where to go on.
async fn push(
    host: &Repository<'_>,
    base: &str,
    plan: &Plan,
) -> Result<workflow::host::Pull, ActionError> {
    let branch = plan.branch();
    host.create_branch(&branch, base).await?;
    let file = |edit: &Edit| (edit.path.to_owned(), edit.after.clone());
    let commit = Commit {
        branch: branch.clone(),
        expected_head: base.to_owned(),
        message: plan.title(),
        files: plan.edits.iter().map(file).collect(),
    };
    host.commit(commit).await?;
    let opening = Opening {
        branch: branch.clone(),
        title: plan.title(),
        body: plan.body(),
    };
    host.open(opening)
        .await
        .map_err(|error| ActionError::OutOfDate {
            code: "not_opened",
            why: format!(
                "{branch} is pushed, but its pull request could not be opened: {error}. Open it at {}/compare/{branch}.",
                host.page()
            ),
        })
}

fn host<'a>(app: &'a App, person: Option<&'a Person>, spec: &'a PipelineSpec) -> Repository<'a> {
    Repository {
        github: &app.github,
        acting: acting(person),
        name: &spec.repository,
    }
}

async fn main(host: &Repository<'_>) -> Result<String, ActionError> {
    let head = host.head(MAIN).await?;
    head.ok_or_else(|| ActionError::Refused(format!("The repository has no branch {MAIN}.")))
}

async fn planned(host: &Repository<'_>, base: &str, wish: &Wish) -> Result<Plan, ActionError> {
    let (main_go, version_go, values, chart) = tokio::try_join!(
        host.file(base, MAIN_GO),
        host.file(base, VERSION_GO),
        host.file(base, VALUES),
        host.file(base, CHART)
    )?;
    let read = |path: &str| match path {
        MAIN_GO => main_go.clone(),
        VERSION_GO => version_go.clone(),
        VALUES => values.clone(),
        CHART => chart.clone(),
        _ => None,
    };
    plan(read, wish).map_err(|refused| {
        let fields = wrong(read, wish);
        if fields.is_empty() {
            // It is the files that are not as they must be.
            return ActionError::Refused(refused.0);
        }
        let why = refused.0;
        ActionError::Wrong { why, fields }
    })
}

/// The values that cannot be, each tried alone.
fn wrong(read: impl Fn(&str) -> Option<String> + Copy, wish: &Wish) -> Vec<&'static str> {
    if plan(read, &Wish::default()).is_err() {
        return Vec::new();
    }
    let alone = [
        (
            "colour",
            Wish {
                colour: wish.colour.clone(),
                ..Wish::default()
            },
        ),
        (
            "version",
            Wish {
                version: wish.version.clone(),
                ..Wish::default()
            },
        ),
        (
            "chart_version",
            Wish {
                chart_version: wish.chart_version.clone(),
                ..Wish::default()
            },
        ),
    ];
    let refused = |(_, wish): &(_, Wish)| plan(read, wish).is_err();
    let alone = alone.into_iter().filter(refused);
    alone.map(|(field, _)| field).collect()
}

/// Why the viewer may not start a release, if so.
async fn why_not(
    app: &App,
    person: Option<&Person>,
    spec: &PipelineSpec,
) -> Result<Option<String>, github::Error> {
    match person {
        Some(person) => why_not_write(app, person, &spec.repository, "push a release").await,
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

/// Where the order and its outcome are written down.
struct Record<'a> {
    app: &'a App,
    person: &'a Person,
    spec: &'a PipelineSpec,
    chart: &'a ChartVersion,
    key: String,
}

impl Record<'_> {
    async fn note(&self, step: &str, event: Event, sentence: String) -> Result<(), ActionError> {
        let now = self.app.clock.now();
        let entry = Entry {
            id: 0,
            at: now,
            written_at: now,
            pipeline: self.spec.name.clone(),
            environment: None,
            release: Some(self.chart.clone()),
            colour: None,
            who: Some(self.person.viewer.login.clone()),
            source: "weft".into(),
            sentence,
            event,
            // Two orders of the same release are two.
            key: format!("release {step} {} {}", self.key, now.millis()),
        };
        self.app.journal.append(&[entry]).await?;
        Ok(())
    }
}
