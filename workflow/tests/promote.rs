//! Promotions over a repository in memory, and over what real Flux sent: each release whose tests
//! passed is promoted, once, and nothing else ever is.
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
use workflow::forge::{Forge, NewCommit, NewPullRequest, PullRequest};
use workflow::promotion::{Decision, PromotionOutcome, PromotionRequest, promote, read_event};
use workflow::{PROMOTION_FILE, PromotionOrder, pin_of, pin_path};

const ORDER_TEXT: &str = "namespace: podinfo\nname: podinfo\nenvironments: [uat, stg]\n";

type Files = BTreeMap<String, String>;

/// A repository whose commits are numbers.
struct Memory(Mutex<State>);

struct State {
    commits: Vec<(Option<usize>, Files)>,
    branches: BTreeMap<String, usize>,
    pulls: Vec<(NewPullRequest, bool, Vec<String>)>,
}

impl Memory {
    fn new(pinned: &str) -> Self {
        let files = Files::from([
            (PROMOTION_FILE.to_owned(), ORDER_TEXT.to_owned()),
            (path(), manifest(pinned)),
        ]);
        Self(Mutex::new(State {
            commits: vec![(None, files)],
            branches: BTreeMap::from([(BASE.to_owned(), 0)]),
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
        let (new, open, _) = state.pulls.iter_mut().find(|(_, open, _)| *open).unwrap();
        *open = false;
        let branch = new.branch.clone();
        let head = state.branches[&branch];
        state.branches.insert(BASE.to_owned(), head);
    }

    /// Commits to main behind the promotion's back.
    fn declare(&self, pinned: &str) {
        let mut state = self.state();
        let main = state.branches[BASE];
        let mut files = state.commits[main].1.clone();
        files.insert(path(), manifest(pinned));
        state.commits.push((Some(main), files));
        let at = state.commits.len() - 1;
        state.branches.insert(BASE.to_owned(), at);
    }

    fn promote(&self, version: &str) -> PromotionOutcome {
        block_on(promote(self, &request(version))).unwrap()
    }

    fn comments(&self, number: usize) -> Vec<String> {
        self.state().pulls[number - 1].2.clone()
    }
}

impl Forge for Memory {
    type Error = String;

    fn page(&self) -> String {
        "https://github.com/demo/podinfo".to_owned()
    }

    fn branch(&self) -> &str {
        BASE
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

    async fn pull_request(&self, branch: &str) -> Result<Option<PullRequest>, String> {
        let state = self.state();
        let at = state
            .pulls
            .iter()
            .position(|(new, open, _)| *open && new.branch == branch);
        Ok(at.map(|at| PullRequest {
            number: at as u64 + 1,
            url: String::new(),
            head: state.branches[branch].to_string(),
        }))
    }

    async fn declined(&self, branch: &str, title: &str) -> Result<Option<u64>, String> {
        let state = self.state();
        let main = state.branches[BASE];
        let head = state.branches.get(branch).copied();
        let at = state.pulls.iter().position(|(new, open, _)| {
            !open && new.branch == branch && new.title == title && head != Some(main)
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

    async fn commit(&self, commit: NewCommit) -> Result<String, String> {
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

    async fn open(&self, new: NewPullRequest) -> Result<PullRequest, String> {
        let branch = new.branch.clone();
        self.state().pulls.push((new, true, Vec::new()));
        self.pull_request(&branch)
            .await?
            .ok_or_else(|| "it is gone".to_owned())
    }

    async fn rewrite(&self, number: u64, new: &NewPullRequest) -> Result<(), String> {
        let at = usize::try_from(number).unwrap() - 1;
        self.state().pulls[at].0 = new.clone();
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

fn nothing(why: &str) -> PromotionOutcome {
    PromotionOutcome::Nothing(why.to_owned())
}

fn request(version: &str) -> PromotionRequest {
    PromotionRequest {
        from: EnvironmentName("uat".into()),
        to: EnvironmentName("stg".into()),
        version: ChartVersion::parse(version).unwrap(),
        evidence: None,
        reopen_declined: false,
    }
}

/// No promotion depends on the name of the branch.
const BASE: &str = "trunk";
const BRANCH: &str = "promotion-podinfo-podinfo-stg";

#[test]
fn what_real_flux_sent_promotes_exactly_the_tested_releases_each_once() {
    let forge = Memory::new("5.9.9");
    let order = PromotionOrder::read(ORDER_TEXT).unwrap();
    let mut opened = Vec::new();
    for line in include_str!("../testdata/dispatches.jsonl").lines() {
        let call: serde_json::Value = serde_json::from_str(line).unwrap();
        let event = serde_json::json!({
            "action": call["body"]["event_type"], "client_payload": call["body"]["client_payload"],
        });
        // As GitHub would deliver it, twice.
        for _ in 0..2 {
            let Decision::Promote(request) = read_event(&event.to_string()).unwrap().decide(&order)
            else {
                continue;
            };
            if let PromotionOutcome::Opened(_) = block_on(promote(&forge, &request)).unwrap() {
                opened.push(request.version.to_string());
            }
        }
        let is_open = forge.state().pulls.iter().any(|(_, open, _)| *open);
        if is_open {
            forge.merge();
        }
    }
    // Not 6.0.5, whose upgrade "succeeded" before its test failed; nothing for any rollback; and not
    // 6.0.1 a second time, which uat went back to.
    assert_eq!(opened, ["6.0.0", "6.0.1", "6.0.2", "6.0.6"]);
    assert_eq!(forge.pin_on(BASE), "6.0.6");
}

#[test]
fn run_twice_it_does_nothing_twice() {
    let forge = Memory::new("1.1.6");
    let PromotionOutcome::Opened(pull) = forge.promote("1.1.7") else {
        panic!("nothing was opened");
    };
    let again = forge.promote("1.1.7");
    assert_eq!(again, nothing("#1 promotes 1.1.7 already"));
    assert_eq!((pull.number, forge.state().commits.len()), (1, 2));
    forge.merge();
    assert_eq!(forge.promote("1.1.7"), nothing("stg has 1.1.7 already"));
}

#[test]
fn a_newer_release_supersedes_the_open_one_out_loud() {
    let forge = Memory::new("1.1.6");
    forge.promote("1.1.7");
    let outcome = forge.promote("1.1.8");
    assert!(
        matches!(&outcome, PromotionOutcome::Superseded { pull, older } if pull.number == 1 && older.to_string() == "1.1.7")
    );
    assert_eq!(forge.pin_on(BRANCH), "1.1.8");
    let state = forge.state();
    let (new, open, comments) = &state.pulls[0];
    assert!(*open && new.title.ends_with("in stg to 1.1.8"));
    assert!(new.body.contains("**1.1.6** → **1.1.8**"));
    assert!(comments[0].contains("1.1.7 is superseded by **1.1.8**"));
}

#[test]
fn nothing_goes_back_by_itself() {
    let forge = Memory::new("1.1.8");
    let lower = forge.promote("1.1.7");
    assert!(matches!(&lower, PromotionOutcome::Nothing(why) if why.contains("newer than 1.1.7")));
    forge.promote("1.2.0");
    let newer = "#1 promotes 1.2.0, which is newer than 1.1.9; nothing goes back by itself";
    assert_eq!(forge.promote("1.1.9"), nothing(newer));
    assert_eq!(forge.pin_on(BRANCH), "1.2.0");
}

#[test]
fn a_promotion_that_could_not_be_merged_any_more_is_opened_anew() {
    let forge = Memory::new("1.1.6");
    forge.promote("1.1.7");
    forge.declare("1.1.5");
    let outcome = forge.promote("1.1.8");
    assert!(matches!(&outcome, PromotionOutcome::Superseded { pull, .. } if pull.number == 2));
    assert!(forge.comments(1)[0].contains("superseded"));
    let state = forge.state();
    assert!(!state.pulls[0].1 && state.pulls[1].1);
    assert!(state.pulls[1].0.body.contains("**1.1.5** → **1.1.8**"));
}

#[test]
fn what_somebody_closed_is_not_opened_again_by_itself() {
    let forge = Memory::new("1.1.6");
    forge.promote("1.1.7");
    block_on(forge.close(1)).unwrap();
    let outcome = forge.promote("1.1.7");
    assert!(
        matches!(outcome, PromotionOutcome::Nothing(why) if why.contains("#1 with 1.1.7 was closed"))
    );
    let insisting = PromotionRequest {
        reopen_declined: true,
        ..request("1.1.7")
    };
    let outcome = block_on(promote(&forge, &insisting)).unwrap();
    assert!(matches!(outcome, PromotionOutcome::Opened(pull) if pull.number == 2));
}

#[test]
fn a_branch_that_was_left_behind_is_no_obstacle() {
    let forge = Memory::new("1.1.6");
    forge.promote("1.1.7");
    forge.merge();
    let outcome = forge.promote("1.1.8");
    assert!(matches!(outcome, PromotionOutcome::Opened(pull) if pull.number == 2));
    assert_eq!(forge.pin_on(BRANCH), "1.1.8");
}

#[test]
fn what_cannot_be_promoted_is_refused_and_nothing_changes() {
    let sideways = PromotionRequest {
        from: EnvironmentName("stg".into()),
        to: EnvironmentName("uat".into()),
        ..request("1.1.7")
    };
    let forge = Memory::new("1.1.6");
    let error = block_on(promote(&forge, &sideways))
        .unwrap_err()
        .to_string();
    assert!(error.contains("uat does not follow stg"), "{error}");
    let forge = Memory::new("v1.1");
    let outcome = forge.promote("1.1.7");
    assert_eq!(outcome, nothing("stg follows v1.1 by itself"));
    assert_eq!(forge.state().commits.len(), 1);
}

#[test]
fn a_branch_that_is_not_there_is_named() {
    let forge = Memory::new("1.1.6");
    forge.state().branches.remove(BASE);
    let error = block_on(promote(&forge, &request("1.1.7"))).unwrap_err();
    assert_eq!(error.to_string(), "the repository has no branch trunk");
}
