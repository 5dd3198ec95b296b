//! Opening a promotion that never came, as the signed-in person: what the lost dispatch would have done.

use model::EnvironmentName;
use model::api::{Promote, Promoted};
use model::chain::VerdictState;
use model::gate::GateState;
use model::journal::{Entry, Event};
use workflow::host::Failed;
use workflow::promotion::{Carried, Wish, carry};

use super::ActionError;
use super::permits::why_not_write;
use super::reading::acting;
use crate::app::App;
use crate::auth::Person;
use crate::board::Lane;
use crate::github::Repository;

/// Opens the pull request that carries what the person saw proven into an environment.
///
/// # Errors
/// `OutOfDate` where that is not what is proven now or nothing is missing, `NotPermitted`, `Refused`, or
/// what GitHub answered.
pub async fn promote(
    app: &App,
    person: &Person,
    lane: &Lane,
    to: &EnvironmentName,
    order: &Promote,
) -> Result<Promoted, ActionError> {
    let spec = lane.spec();
    if let Some(why) = why_not_write(app, person, &spec.repository, "promote").await? {
        let code = "no_write_access";
        return Err(ActionError::NotPermitted { code, why });
    }
    let wish = wish(lane, to, order)?;
    let now = app.clock.now();
    let entry = Entry {
        id: 0,
        at: now,
        written_at: now,
        pipeline: spec.name.clone(),
        environment: Some(to.clone()),
        release: Some(order.release.clone()),
        colour: None,
        who: Some(person.viewer.login.clone()),
        source: "weft".into(),
        sentence: format!(
            "@{} ordered: promote {} into {to}.",
            person.viewer.login, order.release
        ),
        event: Event::PromotionOrdered,
        key: format!("promote {to} {} {}", order.release, now.millis()),
    };
    app.journal.append(&[entry]).await?;
    let host = Repository {
        github: &app.github,
        acting: acting(Some(person)),
        name: &spec.repository,
    };
    let carried = carry(&host, &wish).await.map_err(|failed| match failed {
        Failed::Refused(refused) => ActionError::Refused(refused.0),
        Failed::Host { doing, why } => {
            tracing::warn!(%why, doing, "a promotion was not opened");
            ActionError::GitHub(why)
        }
    })?;
    lane.look_at_github();
    let sentence = format!("{}.", carried.sentence(&wish));
    match carried {
        Carried::Opened(pull) | Carried::Superseded { pull, .. } => Ok(Promoted {
            number: pull.number,
            url: pull.url,
            sentence,
        }),
        Carried::Nothing(why) => Err(ActionError::OutOfDate {
            code: "nothing_to_do",
            why: format!("Nothing was done: {why}."),
        }),
    }
}

/// What the person saw, held against the board as it is now.
fn wish(lane: &Lane, to: &EnvironmentName, order: &Promote) -> Result<Wish, ActionError> {
    let board = lane.board();
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
    Ok(Wish {
        from: gate.from.clone(),
        to: to.clone(),
        version: order.release.clone(),
        evidence: before.map(|before| before.verdict.sentence.clone()),
        insists: true,
    })
}
