//! A real run of the original process, replayed: the board shows it right, step by step.

use std::time::Duration;

use anyhow::ensure;
use lab::clusters::Timings;
use lab::{Lab, LabOptions};
use model::EnvironmentName;
use model::api::Board;
use model::chain::VerdictState;
use model::release_history::{figures, journeys};
use model::{ChartVersion, Timestamp};

use crate::replay::{TIMETABLE, replay};
use crate::world::{World, gate, pipeline_name, view};

/// GitHub and Kubernetes tell times in whole seconds, and the lab takes some itself.
const TOLERANCE: Duration = Duration::from_secs(4);

fn serves(board: &Board, environment: &str, release: &ChartVersion) -> bool {
    let view = view(board, environment);
    view.verdict.state == VerdictState::Proven && view.release.chart.as_ref() == Some(release)
}

fn about(found: Option<Timestamp>, desired: Timestamp, what: &str) {
    let found = found.unwrap_or_else(|| panic!("{what} is not known"));
    let off = found.since(desired).max(desired.since(found));
    assert!(off <= TOLERANCE, "{what}: {found}, not {desired}");
}

#[tokio::test]
async fn a_real_run_of_the_process_is_shown_right_hop_by_hop() {
    let options = LabOptions {
        timings: Timings::instant(),
        seeded: false,
        ..LabOptions::default()
    };
    let lab = Lab::start(options).await.expect("the lab starts");
    let world = World::beside(lab, |_| ()).await;
    let release = ChartVersion::parse("1.1.5").expect("a version");
    let (replayed, merged_at) = replay(&world.lab, async |step, merged| {
        let environment = step.environment;
        if merged {
            world.until_serving(environment, "1.1.5").await;
        } else {
            let number = world.waiting(environment).await;
            let board = world.board();
            let gate = gate(&board, environment).expect("the gate");
            let open = gate.promotion.as_ref();
            ensure!(open.is_some_and(|open| open.number == number));
            ensure!(gate.release.as_ref() == Some(&release), "{gate:?}");
            ensure!(
                !serves(&board, environment, &release),
                "not before it is merged"
            );
        }
        Ok(())
    })
    .await
    .expect("the lab keeps up with the original");
    assert_eq!(replayed, release);
    let merged_at = Timestamp::from(merged_at);

    let environments = ["dev-test", "uat", "stg", "prod"].map(EnvironmentName::from);
    let journey = world
        .eventually("the whole journey is in the journal", async || {
            let until = world.app.clock.now() + TOLERANCE;
            let pipeline = pipeline_name();
            let since = merged_at - TOLERANCE;
            let entries = world.app.journal.between(&pipeline, since, until).await;
            let entries = entries.expect("the journal");
            let journeys = journeys(&entries, &environments);
            let journey = journeys
                .into_iter()
                .find(|journey| journey.release == release)?;
            let last = journey.stops.last()?;
            let whole = last.environment.as_str() == "prod" && last.stop.arrived_at.is_some();
            (whole && journey.released_at.is_some() && last.stop.merged_at.is_some())
                .then_some(journey)
        })
        .await;
    about(journey.released_at, merged_at, "the release's merge");
    for step in TIMETABLE {
        let named = journey
            .stops
            .iter()
            .find(|stop| stop.environment.as_str() == step.environment);
        let stop = &named.expect("a stop").stop;
        about(
            stop.opened_at,
            merged_at + step.opened,
            "a pull request's opening",
        );
        about(
            stop.merged_at,
            merged_at + step.merged,
            "a pull request's merge",
        );
        about(stop.arrived_at, merged_at + step.merged, "a deployment");
        assert_eq!(stop.approved_by.as_deref(), Some("sam"));
        assert_eq!(stop.failed_at, None);
    }
    let span = Duration::from_secs(3600);
    let lead_time = figures(&[journey], &environments, span).lead_time;
    assert_eq!(lead_time.expect("a lead time").value, "5 min");
    world.end().await;
}
