//! Promoting a release whose dispatch was lost, with the credentials of the signed-in person.

use model::EnvironmentName;
use model::api::{Promote, Promoted};
use model::chain::VerdictState;
use model::gate::GateState;
use model::journal::{Entry, Event};
use workflow::forge::PromotionError;
use workflow::promotion::{self, PromotionOutcome, PromotionRequest};

use super::ActionError;
use super::permissions::require_write;
use super::reading::repository;
use crate::app::AppState;
use crate::auth::Person;
use crate::board::PipelineState;

/// Opens the pull request that promotes the release that the person saw proven.
///
/// # Errors
/// `OutOfDate` where another release is proven now or nothing is missing, `NotPermitted`, `Refused`, or the
/// error of a call to GitHub.
pub async fn promote(
    app: &AppState,
    person: &Person,
    pipeline: &PipelineState,
    to: &EnvironmentName,
    order: &Promote,
) -> Result<Promoted, ActionError> {
    let spec = pipeline.spec();
    require_write(app, person, &spec.repository, "promote").await?;
    let request = request(pipeline, to, order)?;
    let (login, now) = (&person.viewer.login, app.clock.now());
    let release = &order.release;
    let entry = Entry::new(&spec.name, Event::PromotionOrdered, now)
        .environment(to.clone())
        .release(release.clone())
        .by(login.clone())
        .sentence(format!("@{login} ordered: promote {release} into {to}."))
        .key(format!("promote {to} {release} {}", now.millis()));
    app.journal.append(&[entry]).await?;
    let forge = repository(app, Some(person), spec);
    let outcome = promotion::promote(&forge, &request).await;
    let outcome = outcome.map_err(|error| match error {
        PromotionError::Invalid(invalid) => ActionError::Refused(invalid.0),
        PromotionError::Forge { doing, why } => {
            tracing::warn!(%why, doing, "a promotion was not opened");
            ActionError::GitHub(why)
        }
    })?;
    pipeline.look_at_github();
    let sentence = format!("{}.", outcome.sentence(&request));
    match outcome {
        PromotionOutcome::Opened(pull) | PromotionOutcome::Superseded { pull, .. } => {
            Ok(Promoted {
                number: pull.number,
                url: pull.url,
                sentence,
            })
        }
        PromotionOutcome::Nothing(why) => Err(ActionError::OutOfDate {
            code: "nothing_to_do",
            why: format!("Nothing was done: {why}."),
        }),
    }
}

/// Compares what the person saw with the board as it is now.
fn request(
    pipeline: &PipelineState,
    to: &EnvironmentName,
    order: &Promote,
) -> Result<PromotionRequest, ActionError> {
    let board = pipeline.board();
    let gate = board.gates.iter().find(|gate| gate.to == *to);
    let gate = gate.ok_or_else(|| ActionError::NoPromotion(format!("No gate leads to {to}.")))?;
    let before = board
        .environments
        .iter()
        .find(|view| view.name == gate.from);
    let holds = before.is_some_and(|before| {
        before.verdict.state == VerdictState::Proven
            && before.release.chart.as_ref() == Some(&order.release)
    });
    if !holds {
        return Err(ActionError::OutOfDate {
            code: "not_proven",
            why: format!(
                "Nothing was done: {} is not proven in {} now.",
                order.release, gate.from
            ),
        });
    }
    if !matches!(gate.state, GateState::Lost | GateState::WaitsForPromotion) {
        return Err(ActionError::OutOfDate {
            code: "nothing_to_do",
            why: format!("Nothing was done: {}", gate.sentence),
        });
    }
    Ok(PromotionRequest {
        from: gate.from.clone(),
        to: to.clone(),
        version: order.release.clone(),
        evidence: before.map(|before| before.verdict.sentence.clone()),
        reopen_declined: true,
    })
}
