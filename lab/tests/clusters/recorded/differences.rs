//! Where the lab differs from what was recorded, on purpose: `differences.yaml` says where, and why.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Deserialize)]
pub struct Difference {
    kind: String,
    #[serde(flatten)]
    change: Change,
    because: String,
}

/// How the updates differ, as the head of the file explains.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Change {
    Reads { recorded: String, lab: String },
    Absent(Vec<String>),
    FirstAbsent(Vec<String>),
    Added(Vec<String>),
}

/// The differences in the steps that begin with `step`.
pub fn differences(step: &str) -> Vec<Difference> {
    let text = include_str!("differences.yaml");
    let mut all: BTreeMap<String, _> = serde_saphyr::from_str(text).unwrap();
    all.remove(step).unwrap()
}

/// The recorded updates as the differences let one expect them of the lab.
pub fn expected(differences: &[Difference], kind: &str, mut updates: Vec<String>) -> Vec<String> {
    let of_kind = |difference: &&Difference| difference.kind == kind;
    for Difference {
        change, because, ..
    } in differences.iter().filter(of_kind)
    {
        let before = updates.clone();
        match change {
            Change::Reads { recorded, lab } => {
                for update in &mut updates {
                    *update = update.replace(recorded, lab);
                }
            }
            Change::Absent(parts) => updates.retain(|update| !has_all(update, parts)),
            Change::FirstAbsent(parts) => remove_first(&mut updates, parts, because),
            Change::Added(_) => continue,
        }
        assert_ne!(before, updates, "this difference is none: {because}");
    }
    updates
}

/// The lab's updates without those that are known to be more than were recorded.
pub fn found(differences: &[Difference], kind: &str, mut updates: Vec<String>) -> Vec<String> {
    for difference in differences {
        if let Change::Added(parts) = &difference.change
            && difference.kind == kind
        {
            remove_first(&mut updates, parts, &difference.because);
        }
    }
    updates
}

fn remove_first(updates: &mut Vec<String>, parts: &[String], because: &str) {
    let first = updates.iter().position(|update| has_all(update, parts));
    updates.remove(first.expect(because));
}

fn has_all(update: &str, parts: &[String]) -> bool {
    parts.iter().all(|part| update.contains(part))
}
