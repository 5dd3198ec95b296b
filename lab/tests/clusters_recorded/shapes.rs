//! Sequences of updates, reduced to what can be compared, and compared.

use std::collections::BTreeMap;
use std::io::Read as _;

use flate2::read::GzDecoder;
use serde_json::{Value, json};

pub const KINDS: [&str; 5] = [
    "GitRepository",
    "Kustomization",
    "HelmRepository",
    "HelmChart",
    "HelmRelease",
];

/// The shape of one update: what it says, without the names and times of the day it was recorded on.
fn shape(object: &Value, artifacts: &mut Vec<String>) -> String {
    let generation = object["metadata"]["generation"].as_i64().unwrap();
    let status = &object["status"];
    let mut conditions: Vec<String> = status["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|condition| {
            let text = |name: &str| condition[name].as_str().unwrap();
            let behind = generation - condition["observedGeneration"].as_i64().unwrap();
            format!(
                "{}={}/{}-{behind}",
                text("type"),
                text("status"),
                text("reason")
            )
        })
        .collect();
    conditions.sort();
    let mut ordinal = |pointer: &str| {
        let Some(revision) = object.pointer(pointer).and_then(Value::as_str) else {
            return "-".to_owned();
        };
        if !artifacts.iter().any(|known| known == revision) {
            artifacts.push(revision.to_owned());
        }
        format!(
            "#{}",
            artifacts
                .iter()
                .position(|known| known == revision)
                .unwrap()
        )
    };
    let revisions = match object["kind"].as_str().unwrap() {
        "Kustomization" => format!(
            "attempted {} applied {}",
            ordinal("/status/lastAttemptedRevision"),
            ordinal("/status/lastAppliedRevision")
        ),
        "HelmRelease" => {
            let entries = status["history"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|entry| {
                    let text = |name: &str| entry[name].as_str().unwrap_or("-");
                    let tests = entry["testHooks"].as_object().map(|hooks| {
                        let phases = hooks.values();
                        let mut phases: Vec<_> =
                            phases.map(|hook| hook["phase"].as_str().unwrap()).collect();
                        // How many tests a chart has is not what is compared.
                        phases.dedup();
                        phases
                    });
                    format!(
                        "{}:{}:{}:{tests:?}",
                        text("chartVersion"),
                        text("status"),
                        text("action")
                    )
                });
            format!(
                "attempted {} failures {} history {}",
                status["lastAttemptedRevision"],
                status["failures"],
                entries.collect::<Vec<_>>().join(" ")
            )
        }
        _ => format!("artifact {}", ordinal("/status/artifact/revision")),
    };
    let observed = status["observedGeneration"].as_i64().unwrap_or(-1);
    let suspended = object["spec"]["suspend"] == json!(true);
    format!(
        "generation {generation} observed {observed} suspended {suspended} {revisions} | {}",
        conditions.join(" ")
    )
}

/// The updates of one object, each heartbeat once: a run of updates that repeats is one.
pub fn collapse(updates: Vec<String>) -> Vec<String> {
    let mut collapsed: Vec<String> = Vec::new();
    for update in updates {
        if collapsed.last() != Some(&update) {
            collapsed.push(update);
        }
        for length in 1..=4 {
            let count = collapsed.len();
            if count >= 2 * length
                && collapsed[count - length..] == collapsed[count - 2 * length..count - length]
            {
                collapsed.truncate(count - length);
            }
        }
    }
    collapsed
}

pub type Updates = BTreeMap<&'static str, Vec<String>>;

/// A step and an object that changed in it.
pub type Row = (String, Value);

/// The twelve steps.
pub fn recorded() -> Vec<Row> {
    let text = include_str!("../../../model/testdata/objects.jsonl");
    text.lines().map(|line| row(&read(line))).collect()
}

/// The same of one cluster in the recording of the whole world.
pub fn recorded_in(cluster: &str) -> Vec<Row> {
    let file = &include_bytes!("../../../model/testdata/world.jsonl.gz")[..];
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).unwrap();
    text.lines()
        .map(read)
        .filter(|line| line["cluster"] == json!(cluster) && line["object"].is_object())
        .map(|line| row(&line))
        .collect()
}

fn read(line: &str) -> Value {
    serde_json::from_str(line).unwrap()
}

fn row(line: &Value) -> Row {
    (
        line["step"].as_str().unwrap().to_owned(),
        line["object"].clone(),
    )
}

/// The updates of a kind in some steps that follow each other, after the last one before them, as if their
/// first generation were 1.
pub fn segment(rows: &[Row], steps: &[&str], kind: &str) -> Vec<String> {
    let of_kind = rows
        .iter()
        .filter(|(_, object)| object["kind"] == json!(kind));
    let of_kind: Vec<&Row> = of_kind.collect();
    let Some(first) = of_kind
        .iter()
        .position(|(step, _)| steps.contains(&step.as_str()))
    else {
        return Vec::new();
    };
    let base = of_kind[first].1["metadata"]["generation"].as_i64().unwrap() - 1;
    let within = of_kind[first..]
        .iter()
        .take_while(|(step, _)| steps.contains(&step.as_str()));
    let before = first.checked_sub(1).map(|before| &of_kind[before]);
    let rebased: Vec<Row> = before
        .into_iter()
        .chain(within)
        .map(|(step, object)| (step.clone(), rebased(object.clone(), base)))
        .collect();
    collapse(updates(&rebased).remove(kind).unwrap_or_default())
}

fn rebased(mut object: Value, base: i64) -> Value {
    let shift = |value: &mut Value| {
        if let Some(generation) = value.as_i64() {
            // How many generations ago something before the step was is not what is compared.
            *value = json!((generation - base).max(0));
        }
    };
    shift(&mut object["metadata"]["generation"]);
    shift(&mut object["status"]["observedGeneration"]);
    let conditions = object["status"]["conditions"].as_array_mut();
    for condition in conditions.into_iter().flatten() {
        shift(&mut condition["observedGeneration"]);
    }
    object
}

pub fn updates(rows: &[Row]) -> Updates {
    let mut updates = Updates::new();
    let mut artifacts: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (_, object) in rows {
        let Some(kind) = KINDS.into_iter().find(|kind| object["kind"] == json!(kind)) else {
            continue;
        };
        let shaped = shape(object, artifacts.entry(kind).or_default());
        updates.entry(kind).or_default().push(shaped);
    }
    updates
}

/// Both sequences side by side: ` ` in both, `-` recorded only, `+` in the lab only.
pub fn compare(expected: &str, found: &str) -> String {
    let (left, right): (Vec<&str>, Vec<&str>) =
        (expected.lines().collect(), found.lines().collect());
    let mut lengths = vec![vec![0; right.len() + 1]; left.len() + 1];
    for i in (0..left.len()).rev() {
        for j in (0..right.len()).rev() {
            lengths[i][j] = if left[i] == right[j] {
                lengths[i + 1][j + 1] + 1
            } else {
                lengths[i + 1][j].max(lengths[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, String::new());
    while i < left.len() || j < right.len() {
        if i < left.len() && j < right.len() && left[i] == right[j] {
            lines.push_str(&format!("  {}\n", left[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == right.len() || (i < left.len() && lengths[i + 1][j] >= lengths[i][j + 1]) {
            lines.push_str(&format!("- {}\n", left[i]));
            i += 1;
        } else {
            lines.push_str(&format!("+ {}\n", right[j]));
            j += 1;
        }
    }
    lines
}
