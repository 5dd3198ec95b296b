//! Sequences of updates, reduced to what can be compared, and compared.

use std::collections::BTreeMap;
use std::io::Read as _;

use flate2::read::GzDecoder;
use serde_json::{Value, json};
use similar::TextDiff;

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
    let list = |name: &str| status[name].as_array().into_iter().flatten();
    let conditions = list("conditions").map(|condition| {
        let [ty, status, reason] = texts(condition, ["type", "status", "reason"]);
        let behind = generation - condition["observedGeneration"].as_i64().unwrap();
        format!("{ty}={status}/{reason}-{behind}")
    });
    let mut conditions: Vec<String> = conditions.collect();
    conditions.sort();
    let mut ordinal = |pointer: &str| {
        let Some(revision) = object.pointer(pointer).and_then(Value::as_str) else {
            return "-".to_owned();
        };
        let known = artifacts.iter().position(|known| known == revision);
        let place = known.unwrap_or_else(|| {
            artifacts.push(revision.to_owned());
            artifacts.len() - 1
        });
        format!("#{place}")
    };
    let revisions = match object["kind"].as_str().unwrap() {
        "Kustomization" => format!(
            "attempted {} applied {}",
            ordinal("/status/lastAttemptedRevision"),
            ordinal("/status/lastAppliedRevision")
        ),
        "HelmRelease" => {
            let entries = list("history").map(|entry| {
                let [version, status, action] = texts(entry, ["chartVersion", "status", "action"]);
                let tests = entry["testHooks"].as_object().map(|hooks| {
                    let phases = hooks.values().map(|hook| hook["phase"].as_str().unwrap());
                    let mut phases: Vec<_> = phases.collect();
                    // How many tests a chart has is not what is compared.
                    phases.dedup();
                    phases
                });
                format!("{version}:{status}:{action}:{tests:?}")
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
    let suspended = object["spec"]["suspend"] == true;
    format!(
        "generation {generation} observed {observed} suspended {suspended} {revisions} | {}",
        conditions.join(" ")
    )
}

/// Fields of an object, `-` for those that it lacks.
fn texts<'a>(object: &'a Value, names: [&str; 3]) -> [&'a str; 3] {
    names.map(|name| object[name].as_str().unwrap_or("-"))
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
    let text = include_str!("../../../../model/testdata/objects.jsonl");
    text.lines().map(|line| row(&read(line))).collect()
}

/// The same of one cluster in the recording of the whole world.
pub fn recorded_in(cluster: &str) -> Vec<Row> {
    let file = &include_bytes!("../../../../model/testdata/world.jsonl.gz")[..];
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let lines = text.lines().map(read);
    let rows = lines.filter(|line| line["cluster"] == cluster && line["object"].is_object());
    rows.map(|line| row(&line)).collect()
}

fn read(line: &str) -> Value {
    serde_json::from_str(line).unwrap()
}

fn row(line: &Value) -> Row {
    let step = line["step"].as_str().unwrap();
    (step.to_owned(), line["object"].clone())
}

/// The updates of a kind in some steps that follow each other, after the last one before them, as if their
/// first generation were 1.
pub fn segment(rows: &[Row], steps: &[&str], kind: &str) -> Vec<String> {
    let is_within = |row: &&Row| steps.contains(&row.0.as_str());
    let of_kind = rows.iter().filter(|(_, object)| object["kind"] == kind);
    let of_kind: Vec<&Row> = of_kind.collect();
    let Some(first) = of_kind.iter().position(is_within) else {
        return Vec::new();
    };
    let base = of_kind[first].1["metadata"]["generation"].as_i64().unwrap() - 1;
    let within = of_kind[first..].iter().copied().take_while(is_within);
    let before = first.checked_sub(1).map(|before| of_kind[before]);
    let segment = before.into_iter().chain(within);
    let rebased = segment.map(|(step, object)| (step.clone(), rebased(object.clone(), base)));
    let rebased: Vec<Row> = rebased.collect();
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
        let Some(kind) = KINDS.into_iter().find(|kind| object["kind"] == *kind) else {
            continue;
        };
        let shaped = shape(object, artifacts.entry(kind).or_default());
        updates.entry(kind).or_default().push(shaped);
    }
    updates
}

/// Both sequences: ` ` before what is in both, `-` recorded only, `+` in the lab only.
pub fn compare(expected: &[String], found: &[String]) -> String {
    let (expected, found) = (expected.join("\n"), found.join("\n"));
    TextDiff::from_lines(&expected, &found)
        .unified_diff()
        .to_string()
}
