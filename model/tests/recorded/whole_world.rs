//! `testdata/world.jsonl.gz` is what happened in five environments on real API servers with real Flux, Helm
//! and podinfo, while releases went to prod and everything that can go wrong did: each change of Flux's
//! objects, of what git declared and of what the apps answered. `cargo xtask test --real` can write it
//! anew (`WEFT_RECORD`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Read as _;

use flate2::read::GzDecoder;
use model::board::Board;
use model::chain::VerdictState;
use model::observation::Desired;
use model::pipeline::{Deployer, EnvironmentSpec, FluxSpec, GateKind, ImageAutomation, ObjectName};
use model::{ChartVersion, CommitId, Timestamp};
use serde_json::Value;

use crate::replay::{Replay, pipeline, target};

/// One recorded change.
struct Row {
    at: Timestamp,
    step: String,
    cluster: String,
    value: Value,
}

fn rows() -> Vec<Row> {
    let mut text = String::new();
    GzDecoder::new(&include_bytes!("../../testdata/world.jsonl.gz")[..])
        .read_to_string(&mut text)
        .expect("a gzipped text");
    text.lines()
        .map(|line| {
            let value: Value = serde_json::from_str(line).expect("a recorded line is JSON");
            let text = |key: &str| value[key].as_str().expect(key).to_owned();
            Row {
                at: Timestamp::parse(&text("at")).expect("a time"),
                step: text("step"),
                cluster: text("cluster"),
                value,
            }
        })
        .collect()
}

fn environment(environment: &'static str) -> EnvironmentSpec {
    let app = ObjectName::new("app-podinfo", "podinfo");
    let is_dev = environment == "dev";
    let deployer = if is_dev {
        Deployer::Deployment(app.clone())
    } else {
        Deployer::HelmRelease(app.clone())
    };
    let mut target = target(environment, deployer);
    target.flux = FluxSpec {
        image_automation: is_dev.then(|| ImageAutomation {
            policy: app.clone(),
            automation: app,
        }),
        ..FluxSpec::default()
    };
    EnvironmentSpec {
        name: environment.into(),
        gate: if ["dev", "dev-test"].contains(&environment) {
            GateKind::Automatic
        } else {
            GateKind::Approval
        },
        user_facing: environment == "prod",
        path: format!("environments/{environment}"),
        link: None,
        targets: vec![target],
    }
}

/// The commits under which each environment's folder has stood as it is.
#[derive(Default)]
struct Trees(BTreeMap<String, (String, Vec<CommitId>, Timestamp)>);

impl Trees {
    fn declare(&mut self, row: &Row, replay: &mut Replay) {
        let git = &row.value["git"];
        let text = |key: &str| git[key].as_str().expect(key);
        let head = CommitId::new(text("head"));
        let fresh = (text("tree").to_owned(), Vec::new(), row.at);
        let (tree, commits, since) = self.0.entry(row.cluster.clone()).or_insert(fresh);
        if tree != text("tree") {
            (*tree, *commits, *since) = (text("tree").to_owned(), Vec::new(), row.at);
        }
        commits.insert(0, head);
        let want = match git["wants"].as_str() {
            None => Err("the file says no version".to_owned()),
            Some(tag) if row.cluster == "dev" => Ok(Desired::Image(tag.to_owned())),
            Some(version) => Ok(ChartVersion::parse(version)
                .map_or_else(|_| Desired::Range(version.to_owned()), Desired::Chart)),
        };
        replay.declared(&row.cluster, want, commits.clone(), *since);
    }
}

/// Replays everything and calls `look` after each change.
fn replay(mut look: impl FnMut(&Row, &Board)) {
    let environments = ["dev", "dev-test", "uat", "stg", "prod"].map(environment);
    let mut replay = Replay::of(pipeline("app-podinfo", environments.into()));
    let mut trees = Trees::default();
    for row in rows() {
        if row.value["object"].is_object() {
            replay.object(&row.cluster, &row.value["object"], row.at);
        } else if row.value["git"].is_object() {
            trees.declare(&row, &mut replay);
        } else {
            replay.served(&row.cluster, &row.value["served"], row.at);
        }
        look(&row, replay.board(row.at));
    }
}

/// The same world in raw JSON, and whether that contradicts a proof: it shares nothing with the readings.
#[derive(Default)]
struct Raw(BTreeMap<(String, String), Value>);

impl Raw {
    fn note(&mut self, row: &Row) {
        for key in ["git", "served"] {
            if let Some(value) = row.value.get(key) {
                self.0
                    .insert((row.cluster.clone(), key.to_owned()), value.clone());
            }
        }
        if let Some(kind) = row.value["object"]["kind"].as_str() {
            let key = (row.cluster.clone(), kind.to_owned());
            self.0.insert(key, row.value["object"].clone());
        }
    }

    fn contradiction(&self, cluster: &str) -> Option<String> {
        let get = |key: &str| {
            let key = (cluster.to_owned(), key.to_owned());
            self.0.get(&key).unwrap_or(&Value::Null)
        };
        let not_ready = |object: &Value| {
            let conditions = object["status"]["conditions"].as_array();
            let mut conditions = conditions.into_iter().flatten();
            conditions.any(|one| one["type"] == "Ready" && one["status"] == "False")
        };
        let (served, wants) = (get("served"), get("git")["wants"].as_str()?);
        let Some(version) = served["version"].as_str() else {
            return Some("the app is silent".into());
        };
        for kind in ["Kustomization", "HelmRelease"] {
            if not_ready(get(kind)) {
                return Some(format!("{kind} is not ready"));
            }
            if get(kind)["spec"]["suspend"] == true {
                return Some(format!("{kind} is suspended"));
            }
        }
        if cluster == "dev" {
            let pods = &get("Deployment")["spec"]["template"]["spec"];
            let image = pods["containers"][0]["image"].as_str()?;
            return (!image.ends_with(&format!(":{wants}"))).then(|| format!("runs {image}"));
        }
        let history = get("HelmRelease")["status"]["history"].as_array()?;
        let newest = history.iter().max_by_key(|one| one["version"].as_i64())?;
        let chart = newest["chartVersion"].as_str()?.split('+').next()?;
        if newest["status"] != "deployed" {
            return Some(format!("Helm's newest is {}", newest["status"]));
        }
        if !wants.starts_with('>') && chart != wants {
            return Some(format!("Helm has {chart}, git wants {wants}"));
        }
        (newest["appVersion"] != version).then(|| format!("the app is {version}"))
    }
}

#[test]
fn nothing_is_proven_while_the_world_says_otherwise() {
    let mut raw = Raw::default();
    let mut proven = 0;
    replay(|row, board| {
        raw.note(row);
        for view in &board.environments {
            if view.verdict.state != VerdictState::Proven {
                continue;
            }
            proven += 1;
            let contradiction = raw.contradiction(view.name.as_str());
            assert_eq!(
                contradiction, None,
                "{} at {} in {}",
                view.name, row.at, row.step
            );
        }
    });
    assert!(proven > 1000, "the recording proves little: {proven}");
}

#[test]
fn the_story_is_told_as_a_person_would_tell_it() {
    let mut story = String::new();
    let mut last: BTreeMap<String, String> = BTreeMap::new();
    let mut step = String::new();
    replay(|row, board| {
        if step != row.step {
            step.clone_from(&row.step);
            let _ = writeln!(story, "\n# {}", step.replace('_', " "));
        }
        for view in &board.environments {
            let verdict = &view.verdict;
            let link = verdict
                .breaks_at
                .map(|link| format!(" at {link:?}").to_lowercase());
            let said = format!("{:?}{}", verdict.state, link.unwrap_or_default()).to_lowercase();
            let known = last.insert(view.name.to_string(), said.clone());
            if known.as_ref() != Some(&said) {
                let _ = writeln!(
                    story,
                    "{:8} {said}: {}",
                    view.name.as_str(),
                    verdict.sentence
                );
            }
        }
    });
    insta::assert_snapshot!(story);
}

#[test]
fn what_is_said_of_the_environment_before_is_so() {
    let mut said = BTreeSet::new();
    replay(|row, board| {
        for pair in board.environments.windows(2) {
            let Some(behind) = pair[1].note.strip_prefix("behind: ") else {
                continue;
            };
            let (chart, how) = behind.split_once(' ').expect("a chart and a word");
            let held = pair[0].release.chart.as_ref();
            let is_there = held.is_some_and(|held| held.to_string() == chart);
            assert_eq!(
                how.starts_with("is in "),
                is_there,
                "{behind} at {}",
                row.at
            );
            said.insert(how.to_owned());
        }
    });
    for how in [
        "is in dev-test",
        "failed in dev-test",
        "is on its way into uat",
    ] {
        assert!(said.contains(how), "{how} was never said: {said:?}");
    }
}

#[test]
fn a_release_that_failed_is_not_on_its_way() {
    let mut said = BTreeSet::new();
    replay(|row, board| {
        let failed = row.step == "a_failing_chart_test"
            && board.environments[1].verdict.state == VerdictState::Failed;
        if failed {
            said.insert(board.subtitle.clone());
        }
    });
    assert_eq!(said, ["1.1.10 failed in dev-test".to_owned()].into());
}
