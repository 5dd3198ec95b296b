//! Promotions over a repository in memory, and over what real Flux sent: each release whose tests
//! passed is carried on, once, and nothing else ever is.
//!
//! `testdata/dispatches.jsonl` is every dispatch that a real notification-controller (Flux 2.9) posted
//! during a run with good upgrades, rollbacks, a failing test, and a step back.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use futures::executor::block_on;
use model::{ChartVersion, EnvironmentName};
use workflow::host::{Commit, Host, Opening, Pull};
use workflow::promotion::{Carried, Decision, Wish, carry, read_event};
use workflow::{LANE, Lane, pin_of, pin_path};

const LANE_TEXT: &str = "namespace: podinfo\nname: podinfo\nenvironments: [uat, stg]\n";

type Files = BTreeMap<String, String>;

/// A repository whose commits are numbers.
struct Memory(Mutex<State>);

struct State {
    commits: Vec<(Option<usize>, Files)>,
    branches: BTreeMap<String, usize>,
    pulls: Vec<(Opening, bool, Vec<String>)>,
}

impl Memory {
    fn new(pinned: &str) -> Self {
        let files = Files::from([
            (LANE.to_owned(), LANE_TEXT.to_owned()),
            (path(), manifest(pinned)),
        ]);
        Self(Mutex::new(State {
            commits: vec![(None, files)],
            branches: BTreeMap::from([("main".to_owned(), 0)]),
            pulls: Vec::new(),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn pin_on(&self, branch: &str) -> String {
        let state = self.state();
        let files = &state.commits[state.branches[branch]].1;
        pin_of(&path(), &files[&path()]).unwrap().text
    }

    /// Merges the one open pull request.
    fn merge(&self) {
        let mut state = self.state();
        let (opening, open, _) = state.pulls.iter_mut().find(|(_, open, _)| *open).unwrap();
        *open = false;
        let branch = opening.branch.clone();
        let head = state.branches[&branch];
        state.branches.insert("main".to_owned(), head);
    }

    /// Commits to main behind the promotion's back.
    fn declare(&self, pinned: &str) {
        let mut state = self.state();
        let main = state.branches["main"];
        let mut files = state.commits[main].1.clone();
        files.insert(path(), manifest(pinned));
        state.commits.push((Some(main), files));
        let at = state.commits.len() - 1;
        state.branches.insert("main".to_owned(), at);
    }

    fn comments(&self, number: usize) -> Vec<String> {
        self.state().pulls[number - 1].2.clone()
    }
}

impl Host for Memory {
    type Error = String;

    fn page(&self) -> String {
        "https://github.com/demo/podinfo".to_owned()
    }

    async fn head(&self, branch: &str) -> Result<Option<String>, String> {
        Ok(self.state().branches.get(branch).map(ToString::to_string))
    }

    async fn file(&self, commit: &str, path: &str) -> Result<Option<String>, String> {
        let at: usize = commit.parse().unwrap();
        Ok(self.state().commits[at].1.get(path).cloned())
    }

    async fn merge_base(&self, one: &str, other: &str) -> Result<String, String> {
        let state = self.state();
        let line = |start: &str| {
            let start: usize = start.parse().unwrap();
            std::iter::successors(Some(start), |at| state.commits[*at].0).collect::<Vec<_>>()
        };
        let other = line(other);
        let common = line(one).into_iter().find(|at| other.contains(at));
        Ok(common.unwrap().to_string())
    }

    async fn pull(&self, branch: &str) -> Result<Option<Pull>, String> {
        let state = self.state();
        let at = state
            .pulls
            .iter()
            .position(|(opening, open, _)| *open && opening.branch == branch);
        Ok(at.map(|at| Pull {
            number: at as u64 + 1,
            url: String::new(),
            head: state.branches[branch].to_string(),
        }))
    }

    async fn declined(&self, branch: &str, title: &str) -> Result<Option<u64>, String> {
        let state = self.state();
        let main = state.branches["main"];
        let head = state.branches.get(branch).copied();
        let at = state.pulls.iter().position(|(opening, open, _)| {
            !open && opening.branch == branch && opening.title == title && head != Some(main)
        });
        Ok(at.map(|at| at as u64 + 1))
    }

    async fn create_branch(&self, branch: &str, at: &str) -> Result<(), String> {
        let before = self
            .state()
            .branches
            .insert(branch.to_owned(), at.parse().unwrap());
        before.map_or(Ok(()), |_| Err("it exists".to_owned()))
    }

    async fn delete_branch(&self, branch: &str) -> Result<(), String> {
        let gone = self.state().branches.remove(branch);
        gone.map(|_| ())
            .ok_or_else(|| "it does not exist".to_owned())
    }

    async fn commit(&self, commit: Commit) -> Result<String, String> {
        let mut state = self.state();
        let head = state.branches[&commit.branch];
        if head.to_string() != commit.expected_head {
            return Err("it moved".to_owned());
        }
        let mut files = state.commits[head].1.clone();
        files.extend(commit.files);
        state.commits.push((Some(head), files));
        let at = state.commits.len() - 1;
        state.branches.insert(commit.branch, at);
        Ok(at.to_string())
    }

    async fn open(&self, opening: Opening) -> Result<Pull, String> {
        let branch = opening.branch.clone();
        self.state().pulls.push((opening, true, Vec::new()));
        self.pull(&branch)
            .await?
            .ok_or_else(|| "it is gone".to_owned())
    }

    async fn rewrite(&self, number: u64, opening: &Opening) -> Result<(), String> {
        let at = usize::try_from(number).unwrap() - 1;
        self.state().pulls[at].0 = opening.clone();
        Ok(())
    }

    async fn comment(&self, number: u64, text: &str) -> Result<(), String> {
        let at = usize::try_from(number).unwrap() - 1;
        self.state().pulls[at].2.push(text.to_owned());
        Ok(())
    }

    async fn close(&self, number: u64) -> Result<(), String> {
        let at = usize::try_from(number).unwrap() - 1;
        self.state().pulls[at].1 = false;
        Ok(())
    }
}

fn path() -> String {
    pin_path(&EnvironmentName("stg".into()))
}

fn manifest(pinned: &str) -> String {
    format!(
        "# stg\nkind: HelmRelease\nspec:\n  chart:\n    spec:\n      version: {pinned} # kept\n"
    )
}

fn wish(version: &str) -> Wish {
    Wish {
        from: EnvironmentName("uat".into()),
        to: EnvironmentName("stg".into()),
        version: ChartVersion::parse(version).unwrap(),
        evidence: None,
        insists: false,
    }
}

const BRANCH: &str = "promotion-podinfo-podinfo-stg";

#[test]
fn what_real_flux_sent_promotes_exactly_the_tested_releases_each_once() {
    let host = Memory::new("5.9.9");
    let lane = Lane::read(LANE_TEXT).unwrap();
    let mut opened = Vec::new();
    for line in include_str!("../testdata/dispatches.jsonl").lines() {
        let call: serde_json::Value = serde_json::from_str(line).unwrap();
        let event = serde_json::json!({
            "action": call["body"]["event_type"], "client_payload": call["body"]["client_payload"],
        });
        // As GitHub would deliver it, twice.
        for _ in 0..2 {
            let Decision::Promote(wish) = read_event(&event.to_string()).unwrap().decide(&lane)
            else {
                continue;
            };
            if let Carried::Opened(_) = block_on(carry(&host, &wish)).unwrap() {
                opened.push(wish.version.to_string());
            }
        }
        let is_open = host.state().pulls.iter().any(|(_, open, _)| *open);
        if is_open {
            host.merge();
        }
    }
    // Not 6.0.5, whose upgrade "succeeded" before its test failed; nothing for any rollback; and not
    // 6.0.1 a second time, which uat went back to.
    assert_eq!(opened, ["6.0.0", "6.0.1", "6.0.2", "6.0.6"]);
    assert_eq!(host.pin_on("main"), "6.0.6");
}

#[test]
fn run_twice_it_does_nothing_twice() {
    let host = Memory::new("1.1.6");
    let Carried::Opened(pull) = block_on(carry(&host, &wish("1.1.7"))).unwrap() else {
        panic!("nothing was opened");
    };
    let again = block_on(carry(&host, &wish("1.1.7"))).unwrap();
    assert_eq!(
        again,
        Carried::Nothing("#1 promotes 1.1.7 already".to_owned())
    );
    assert_eq!((pull.number, host.state().commits.len()), (1, 2));
    host.merge();
    let again = block_on(carry(&host, &wish("1.1.7"))).unwrap();
    assert_eq!(again, Carried::Nothing("stg has 1.1.7 already".to_owned()));
}

#[test]
fn a_newer_release_supersedes_the_open_one_out_loud() {
    let host = Memory::new("1.1.6");
    block_on(carry(&host, &wish("1.1.7"))).unwrap();
    let carried = block_on(carry(&host, &wish("1.1.8"))).unwrap();
    assert!(
        matches!(&carried, Carried::Superseded { pull, older } if pull.number == 1 && older.to_string() == "1.1.7")
    );
    assert_eq!(host.pin_on(BRANCH), "1.1.8");
    let state = host.state();
    let (opening, open, comments) = &state.pulls[0];
    assert!(*open && opening.title.ends_with("in stg to 1.1.8"));
    assert!(opening.body.contains("**1.1.6** → **1.1.8**"));
    assert!(comments[0].contains("1.1.7 is superseded by **1.1.8**"));
}

#[test]
fn nothing_goes_back_by_itself() {
    let host = Memory::new("1.1.8");
    let lower = block_on(carry(&host, &wish("1.1.7"))).unwrap();
    assert!(matches!(&lower, Carried::Nothing(why) if why.contains("newer than 1.1.7")));
    block_on(carry(&host, &wish("1.2.0"))).unwrap();
    let between = block_on(carry(&host, &wish("1.1.9"))).unwrap();
    assert_eq!(
        between,
        Carried::Nothing(
            "#1 promotes 1.2.0, which is newer than 1.1.9; nothing goes back by itself".to_owned()
        )
    );
    assert_eq!(host.pin_on(BRANCH), "1.2.0");
}

#[test]
fn a_promotion_that_could_not_be_merged_any_more_is_opened_anew() {
    let host = Memory::new("1.1.6");
    block_on(carry(&host, &wish("1.1.7"))).unwrap();
    host.declare("1.1.5");
    let carried = block_on(carry(&host, &wish("1.1.8"))).unwrap();
    assert!(matches!(&carried, Carried::Superseded { pull, .. } if pull.number == 2));
    assert!(host.comments(1)[0].contains("superseded"));
    let state = host.state();
    assert!(!state.pulls[0].1 && state.pulls[1].1);
    assert!(state.pulls[1].0.body.contains("**1.1.5** → **1.1.8**"));
}

#[test]
fn what_somebody_closed_is_not_opened_again_by_itself() {
    let host = Memory::new("1.1.6");
    block_on(carry(&host, &wish("1.1.7"))).unwrap();
    block_on(host.close(1)).unwrap();
    let carried = block_on(carry(&host, &wish("1.1.7"))).unwrap();
    assert!(matches!(carried, Carried::Nothing(why) if why.contains("#1 with 1.1.7 was closed")));
    let insisting = Wish {
        insists: true,
        ..wish("1.1.7")
    };
    let carried = block_on(carry(&host, &insisting)).unwrap();
    assert!(matches!(carried, Carried::Opened(pull) if pull.number == 2));
}

#[test]
fn a_branch_that_was_left_behind_is_no_obstacle() {
    let host = Memory::new("1.1.6");
    block_on(carry(&host, &wish("1.1.7"))).unwrap();
    host.merge();
    let carried = block_on(carry(&host, &wish("1.1.8"))).unwrap();
    assert!(matches!(carried, Carried::Opened(pull) if pull.number == 2));
    assert_eq!(host.pin_on(BRANCH), "1.1.8");
}

#[test]
fn what_cannot_be_carried_is_refused_and_nothing_changes() {
    let sideways = Wish {
        from: EnvironmentName("stg".into()),
        to: EnvironmentName("uat".into()),
        ..wish("1.1.7")
    };
    let host = Memory::new("1.1.6");
    let error = block_on(carry(&host, &sideways)).unwrap_err().to_string();
    assert!(error.contains("uat does not follow stg"), "{error}");
    let host = Memory::new("v1.1");
    let carried = block_on(carry(&host, &wish("1.1.7"))).unwrap();
    assert_eq!(
        carried,
        Carried::Nothing("stg follows v1.1 by itself".to_owned())
    );
    assert_eq!(host.state().commits.len(), 1);
}
