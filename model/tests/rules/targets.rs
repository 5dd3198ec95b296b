//! Several targets in one environment, and the tick beside the proof.

use crate::world::{
    FactList as _, HEAD, OLD, answer, conditions, declared, deployed, environment, helm,
    kustomization, kustomization_of, live, proven, ranged, rolled_back, silent, status, target,
    view_of,
};
use model::chain::{LinkName, VerdictState};
use model::environment::EnvironmentView;
use model::observation::{Desired, Fact};
use serde_json::json;

/// How the facts of a case are spoilt.
type Spoil = fn(&mut Vec<Fact>);

/// prod with the targets `prod` and `prod-us`, both at 1.1.7, after their facts were changed. Those of
/// `prod-us` are the last three: applied, deployed, serving.
fn prod(change: impl Fn(&mut Vec<Fact>)) -> EnvironmentView {
    let mut spec = environment("prod");
    spec.targets.push(target("prod", "prod-us"));
    let mut facts = proven("prod", "1.1.7");
    facts.put(kustomization("prod-us", "prod", HEAD));
    facts.put(helm("prod-us", &deployed("1.1.7")));
    facts.put(live("prod", "prod-us", "1.1.7"));
    change(&mut facts);
    view_of(spec, &facts)
}

#[test]
fn the_worst_target_speaks_for_all_of_them() {
    use VerdictState::{Drifted, Failed, Proven, Rolling, Unknown};
    let cases: Vec<(&str, Spoil, VerdictState, &str)> = vec![
        ("both agree", |_| (), Proven, ""),
        (
            "nothing is known of one",
            |facts| facts.truncate(5),
            Unknown,
            "prod-us: No Kustomization",
        ),
        (
            "one rolls",
            |facts| facts.put(kustomization("prod-us", "prod", OLD)),
            Rolling,
            "prod-us: Flux has yet to fetch",
        ),
        (
            "one failed, the other is only drifted",
            |facts| {
                facts.put(live("prod", "prod", "5.0.0"));
                facts.put(helm("prod-us", &rolled_back("1.1.7", "1.1.6")));
            },
            Failed,
            "prod-us: Helm upgrade to 1.1.7 failed",
        ),
        (
            "one is silent",
            |facts| facts.put(silent("prod", "prod-us", 60)),
            Failed,
            "prod-us: The app has not answered for 1 min",
        ),
        (
            "one is silent only just",
            |facts| facts.put(silent("prod", "prod-us", 2)),
            Unknown,
            "prod-us: The app has not answered for 2 s",
        ),
        (
            "one was changed by hand",
            |facts| facts.put(helm("prod-us", &deployed("1.1.6"))),
            Drifted,
            "prod-us: git says 1.1.7, the HelmRelease in the cluster says 1.1.6.",
        ),
    ];
    for (what, change, state, words) in cases {
        let view = prod(change);
        let verdict = &view.verdict;
        assert_eq!(verdict.state, state, "{what}: {}", verdict.sentence);
        assert!(
            verdict.sentence.contains(words),
            "{what}: {}",
            verdict.sentence
        );
        assert_eq!(view.targets.len(), 2, "{what}");
        if state != Proven {
            let broken = view
                .links
                .iter()
                .find(|link| Some(link.name) == verdict.breaks_at);
            let said = &broken.expect("the link").sentence;
            assert!(verdict.sentence.ends_with(said), "{what}");
        }
    }
}

#[test]
fn what_is_served_is_told_for_each_target_where_they_differ() {
    assert_eq!(prod(|_| ()).note, "");
    let behind = prod(|facts| {
        facts.put(helm("prod-us", &rolled_back("1.1.7", "1.1.6")));
        facts.put(live("prod", "prod-us", "1.1.6"));
    });
    assert_eq!(behind.note, "prod serves 1.1.7, prod-us serves 1.1.6");
    assert_eq!(behind.release.label(), "1.1.6", "the worst one is shown");
    let quiet = prod(|facts| facts.put(silent("prod", "prod-us", 60)));
    assert_eq!(quiet.note, "prod serves 1.1.7, prod-us does not answer");
    let never = prod(|facts| facts.truncate(7));
    assert_eq!(
        never.seen_at, None,
        "one that never answered is not covered by one that did"
    );
    let coloured = prod(|facts| {
        for (name, colour) in [("prod", "#112233"), ("prod-us", "#445566")] {
            let answer = answer("app-1.1.7", None, Some(colour));
            facts.put(Fact::Live("prod".into(), name.into(), answer));
        }
    });
    assert_eq!(coloured.verdict.state, VerdictState::Proven);
    assert_eq!(
        coloured.note,
        "prod serves 1.1.7 in #112233, prod-us serves 1.1.7 in #445566"
    );
}

#[test]
fn a_target_whose_range_resolved_to_less_than_anothers_is_not_proven() {
    let view = prod(|facts| {
        facts.declaration().desired = Ok(Desired::Range(">=0.0.3".into()));
        for (cluster, version) in [("prod", "1.1.7"), ("prod-us", "1.1.6")] {
            for fact in ranged(cluster, version) {
                facts.put(fact);
            }
        }
        facts.put(live("prod", "prod-us", "1.1.6"));
    });
    let verdict = &view.verdict;
    assert_eq!(
        (verdict.state, verdict.breaks_at),
        (VerdictState::Rolling, Some(LinkName::Deployed))
    );
    assert_eq!(
        verdict.sentence,
        "prod-us: Helm holds 1.1.6 here; 1.1.7 was found for another target."
    );
    assert_eq!(view.desired.as_deref(), Some("1.1.7"));
}

#[test]
fn the_tick_is_shown_beside_the_proof_wherever_the_two_disagree() {
    let spoilt: Vec<(&str, Spoil, Option<LinkName>)> = vec![
        ("proven", |_| (), None),
        (
            "git cannot be read",
            |facts| {
                facts.declaration().desired = Err("it is not valid YAML".into());
            },
            Some(LinkName::Declared),
        ),
        (
            "the Kustomization failed",
            |facts| {
                let object = json!({
                    "metadata": {"generation": 1},
                    "status": {
                        "lastAttemptedRevision": format!("main@sha1:{HEAD}"),
                        "conditions": conditions(["Ready=False (BuildFailed) no"], 1),
                    },
                });
                facts.put(kustomization_of("uat", "uat", &object));
            },
            Some(LinkName::Applied),
        ),
        (
            "Helm failed",
            |facts| facts.put(helm("uat", &rolled_back("1.1.7", "1.1.6"))),
            Some(LinkName::Deployed),
        ),
        (
            "the app is gone",
            |facts| facts.put(silent("uat", "uat", 60)),
            Some(LinkName::Serving),
        ),
        (
            "on its way",
            |facts| facts.put(declared("uat", "1.1.8")),
            Some(LinkName::Applied),
        ),
    ];
    for (what, spoil, breaks_at) in spoilt {
        for tick in ["success", "failure", "error", "pending"] {
            for commit in [HEAD, OLD] {
                let mut facts = proven("uat", "1.1.7");
                spoil(&mut facts);
                facts.put(status(tick, commit));
                let view = view_of(environment("uat"), &facts);
                assert_eq!(view.verdict.breaks_at, breaks_at, "{what}");
                let says = match (view.verdict.state, tick, breaks_at) {
                    _ if commit != HEAD => None,
                    (
                        VerdictState::Failed,
                        "success",
                        Some(LinkName::Deployed | LinkName::Serving),
                    ) => Some(
                        "GitHub shows a green tick on 1111111: it speaks of the Kustomization only.",
                    ),
                    (VerdictState::Failed, "success", _) => {
                        Some("GitHub shows a green tick on 1111111, though this failed.")
                    }
                    (VerdictState::Proven, "failure" | "error", _) => {
                        Some("GitHub shows a red cross on 1111111, though every link holds.")
                    }
                    _ => None,
                };
                assert_eq!(view.commit_status.as_deref(), says, "{what}, {tick}");
                assert_eq!(
                    view.status_is_misleading,
                    says.is_some() && tick == "success",
                    "{what}, {tick}"
                );
            }
        }
    }
}
