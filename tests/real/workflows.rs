//! The workflows as GitHub would read them: actionlint takes them, and they keep the three rules that
//! it does not know: third parties pinned, nothing from outside pasted into a script, least rights.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::files::{below, copy, document, folder, shown};
use crate::programs::{Complaints, program, run, run_with};

const YAML: [&str; 2] = [".yaml", ".yml"];

fn workflows() -> Vec<PathBuf> {
    let found = below(&folder("gitops/.github/workflows"), &YAML);
    assert!(!found.is_empty(), "there are no workflows");
    found
}

/// Actions of our own, which the workflows use.
fn actions() -> Vec<PathBuf> {
    below(&folder("gitops/.github"), &["action.yaml", "action.yml"])
}

/// The workflows and our own actions.
fn all() -> Vec<PathBuf> {
    workflows().into_iter().chain(actions()).collect()
}

/// Calls `visit` for every string in these files, with the file and the key that holds it.
fn strings_of(paths: Vec<PathBuf>, mut visit: impl FnMut(&str, &str, &str)) {
    for path in paths {
        let place = shown(&path);
        let content = document(&fs::read_to_string(&path).unwrap());
        strings(&content, "", &mut |key, text| visit(&place, key, text));
    }
}

/// Calls `visit` for every string in a value, with the key that holds it.
fn strings(value: &Value, key: &str, visit: &mut impl FnMut(&str, &str)) {
    match value {
        Value::String(text) => visit(key, text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, key, visit)),
        Value::Object(fields) => fields
            .iter()
            .for_each(|(key, field)| strings(field, key, visit)),
        _ => {}
    }
}

/// What stands between `${{` and `}}`.
fn expressions(text: &str) -> impl Iterator<Item = &str> {
    text.split("${{")
        .skip(1)
        .map(|rest| rest.split("}}").next().unwrap_or(rest).trim())
}

/// Whether somebody outside chooses what an expression gives: payloads, inputs, names of branches.
fn from_outside(expression: &str) -> bool {
    let outside = [
        "github.event",
        "inputs",
        "github.head_ref",
        "github.ref_name",
    ];
    let part_of_name =
        |letter: char| letter.is_ascii_alphanumeric() || ['_', '-', '.'].contains(&letter);
    outside.iter().any(|name| {
        expression.match_indices(name).any(|(at, _)| {
            let before = expression[..at].chars().next_back();
            let after = expression[at + name.len()..].chars().next();
            !before.is_some_and(part_of_name)
                && !after.is_some_and(|letter| letter != '.' && part_of_name(letter))
        })
    })
}

/// Whether an action that is used is our own, or can never become another one.
fn is_pinned(uses: &str) -> bool {
    let hex = |text: &str, length| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    if uses.starts_with("./") {
        return true;
    }
    match uses.strip_prefix("docker://") {
        Some(image) => image
            .rsplit_once("@sha256:")
            .is_some_and(|(_, digest)| hex(digest, 64)),
        None => uses.rsplit_once('@').is_some_and(|(_, sha)| hex(sha, 40)),
    }
}

#[test]
#[ignore = "needs the real programs: cargo xtask test --real"]
fn actionlint_and_shellcheck_take_every_workflow() {
    // Actionlint knows a repository by its `.git`; in the checkout it would find another one's.
    let repository = tempfile::tempdir().unwrap();
    copy(
        &folder("gitops/.github"),
        &repository.path().join(".github"),
    );
    fs::create_dir(repository.path().join(".git")).unwrap();
    run(Command::new(program("WEFT_REAL_ACTIONLINT"))
        .current_dir(repository.path())
        .arg("-no-color")
        .arg("-shellcheck")
        .arg(program("WEFT_REAL_SHELLCHECK")));
    assert!(workflows().len() > 1);
}

#[test]
#[ignore = "needs the real programs: cargo xtask test --real"]
fn shellcheck_takes_the_scripts_of_our_own_actions() {
    let mut complaints = Complaints::default();
    strings_of(actions(), |place, key, script| {
        if key == "run" {
            let mut shellcheck = Command::new(program("WEFT_REAL_SHELLCHECK"));
            let ended = run_with(shellcheck.args(["--shell=bash", "-"]), script);
            if !ended.success {
                complaints.add(place, &ended.stdout);
            }
        }
    });
    complaints.none();
}

#[test]
#[ignore = "needs the real programs: cargo xtask test --real"]
fn what_others_wrote_is_pinned_by_its_digest() {
    let mut complaints = Complaints::default();
    let mut used = 0;
    strings_of(all(), |place, key, uses| {
        used += usize::from(key == "uses");
        if key == "uses" && !is_pinned(uses) {
            complaints.add(place, &format!("not pinned: {uses}"));
        }
    });
    assert!(used > 0, "no workflow uses anything");
    complaints.none();
}

#[test]
#[ignore = "needs the real programs: cargo xtask test --real"]
fn nothing_from_outside_is_pasted_into_a_script() {
    let mut complaints = Complaints::default();
    strings_of(all(), |place, key, script| {
        if ["run", "script"].contains(&key) {
            let expressions = expressions(script);
            for expression in expressions.filter(|expression| from_outside(expression)) {
                complaints.add(place, &format!("pasted: {expression}"));
            }
        }
    });
    complaints.none();
}

#[test]
#[ignore = "needs the real programs: cargo xtask test --real"]
fn every_workflow_says_which_rights_it_needs() {
    let mut complaints = Complaints::default();
    for path in workflows() {
        let workflow = document(&fs::read_to_string(&path).unwrap());
        match &workflow["permissions"] {
            Value::Null => complaints.add(&shown(&path), "no `permissions` at the top"),
            Value::String(all) if all == "write-all" => {
                complaints.add(&shown(&path), "all permissions");
            }
            _ => {}
        }
    }
    complaints.none();
}

#[test]
fn the_rules_tell_bad_from_good() {
    for outside in [
        "github.event.client_payload.metadata.revision",
        "toJSON(github.event)",
        "inputs.version",
        "github.event.inputs.version",
        "format('{0}', github.head_ref)",
    ] {
        assert!(from_outside(outside), "{outside}");
    }
    for ours in [
        "github.event_name",
        "secrets.GITHUB_TOKEN",
        "env.my_inputs",
        "steps.inputs.outputs.version",
        "github.repository",
    ] {
        assert!(!from_outside(ours), "{ours}");
    }
    assert!(is_pinned(&format!("actions/checkout@{}", "a".repeat(40))));
    assert!(is_pinned("./.github/actions/build"));
    assert!(!is_pinned("actions/checkout@v5"));
    assert!(!is_pinned("docker://alpine:3"));
    assert!(!is_pinned("actions/checkout"));
    let pasted = "echo ${{ inputs.version }} ${{github.event_name}}";
    assert_eq!(
        expressions(pasted).collect::<Vec<_>>(),
        ["inputs.version", "github.event_name"]
    );
}
