//! What holds in every world.

use crate::world::{
    FactList as _, HEAD, OLD, board_of, declared, deployed, environment, helm, kustomization, live,
    now, observed, pipeline, proven, rolled_back, state_of,
};
use model::chain::{Tolerances, VerdictState};
use model::observation::{Fact, SourceName};
use model::{EnvironmentName, Observation};
use proptest::prelude::*;
use serde_json::json;
use std::time::Duration;

/// A world of facts, each of which may be absent, old, or say something else.
fn any_world() -> impl Strategy<Value = Vec<Observation>> {
    let versions = prop::sample::select(vec!["1.1.6", "1.1.7"]);
    let commits = prop::sample::select(vec![HEAD, OLD]);
    let helm_states = prop::sample::select(vec![0u8, 1, 2]);
    let ages = prop::collection::vec(0u64..400, 5);
    let kept = prop::collection::vec(any::<bool>(), 5);
    (versions.clone(), commits, helm_states, versions.clone(), versions, ages, kept).prop_map(
        |(want, commit, helm_state, helm_version, live_version, ages, kept)| {
            let object = match helm_state {
                0 => deployed(helm_version),
                1 => rolled_back(helm_version, "1.1.6"),
                _ => json!({"metadata": {"generation": 2}, "spec": {"chart": {"spec": {"version": helm_version}}}}),
            };
            let facts = vec![
                declared("uat", want),
                Fact::Promotion("uat".into(), None),
                kustomization("uat", "uat", commit),
                helm("uat", &object),
                live("uat", "uat", live_version),
            ];
            let mut observations = observed(&facts, now());
            for (observation, age) in observations.iter_mut().zip(ages) {
                observation.at = now() - Duration::from_secs(age);
            }
            observations.into_iter().zip(kept).filter_map(|(observation, kept)| kept.then_some(observation)).collect()
        },
    )
}

fn fresh(observations: &[Observation], source: &SourceName, limit: Duration) -> bool {
    observations
        .iter()
        .any(|held| held.source == *source && now().since(held.at) <= limit)
}

proptest! {
    #[test]
    fn nothing_is_proven_without_a_fresh_answer_that_agrees(world in any_world()) {
        let view = board_of(&pipeline(vec![environment("uat")]), &world).environments.remove(0);
        if view.verdict.state == VerdictState::Proven {
            let desired = view.desired.clone().expect("proven means declared");
            let answers = world.iter().any(|held| held.fact == live("uat", "uat", &desired));
            prop_assert!(answers && fresh(&world, &SourceName::live("uat"), Tolerances::default().live));
            prop_assert_eq!(view.release.chart.map(|chart| chart.to_string()), Some(desired));
        }
    }

    #[test]
    fn a_rollback_is_never_a_success(new in "1\\.[0-9]\\.[0-9]", old in "1\\.[0-9]\\.[0-9]", same_app: bool) {
        let mut facts = proven("uat", &new);
        facts.put(helm("uat", &rolled_back(&new, &old)));
        if !same_app {
            facts.put(live("uat", "uat", &old));
        }
        prop_assert_eq!(state_of(&facts), VerdictState::Failed);
    }

    #[test]
    fn a_board_does_not_depend_on_the_order_in_which_observations_arrive(
        world in any_world(), later in any_world(), seed in any::<prop::sample::Index>(),
    ) {
        let mut all = world;
        // The later world supersedes the first one, thing by thing.
        all.extend(later.into_iter().map(|mut held| { held.sequence += 100; held }));
        let spec = pipeline(vec![environment("uat")]);
        let expected = board_of(&spec, &all);
        let turn = if all.is_empty() { 0 } else { seed.index(all.len()) };
        let mut shuffled = all.clone();
        shuffled.rotate_left(turn);
        prop_assert_eq!(&board_of(&spec, &shuffled), &expected);
        shuffled.reverse();
        prop_assert_eq!(&board_of(&spec, &shuffled), &expected);
    }

    #[test]
    fn proof_needs_every_link(world in any_world()) {
        let view = board_of(&pipeline(vec![environment("uat")]), &world).environments.remove(0);
        let all_hold = view.links.iter().all(|link| link.state == model::chain::LinkState::Holds);
        prop_assert_eq!(view.verdict.state == VerdictState::Proven, all_hold && view.links.len() == 4);
        prop_assert_eq!(view.verdict.breaks_at.is_none(), all_hold);
        let _: &EnvironmentName = &view.name;
    }
}
