//! The promotion: when Flux says that a release's tests succeeded in one environment, the next one's
//! pull request is opened or brought up to date. Decides by the reason alone, never by the words.

use std::sync::Arc;

use anyhow::Context;
use serde_json::Value;

use super::facts::{pin_of, set_pin, strict};
use super::{ENVIRONMENTS, Job, Outcome, pin_path, promotion_branch, run};
use crate::forge::acts::commits::{self, Change};
use crate::forge::acts::marks::NewRun;
use crate::forge::acts::pulls::{self, Opening, Update};
use crate::forge::engine::Engine;
use crate::forge::git::Edit;
use crate::forge::promotion_bot;
use crate::forge::state::{DEFAULT_BRANCH, Repository};

/// The dispatch that starts a promotion.
const EVENT_TYPE: &str = "HelmRelease/podinfo.app-podinfo";

/// What a dispatch asks for.
#[derive(Debug, PartialEq, Eq)]
enum Wish {
    /// Carry `version` from `from` to `to`.
    Promote {
        from: String,
        to: String,
        version: String,
    },
    /// Nothing, and why.
    Nothing(String),
}

/// Starts the promotion.
pub(super) fn start(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    event_type: &str,
    payload: Value,
) {
    if event_type != EVENT_TYPE {
        return;
    }
    let Some(head) = repository.git.branch(DEFAULT_BRANCH) else {
        return;
    };
    let new = NewRun {
        name: "promotion",
        path: ".github/workflows/promotion.yaml",
        event: "repository_dispatch",
        title: event_type.to_owned(),
        head_branch: DEFAULT_BRANCH.to_owned(),
        head,
        actor: promotion_bot(),
    };
    let work = move |engine: &Arc<Engine>, repository: &Arc<Repository>| match wish(&payload) {
        Wish::Nothing(why) => Ok(Outcome::skipped(why)),
        Wish::Promote { from, to, version } => promote(engine, repository, &from, &to, &version),
    };
    let job = Job {
        name: "promote",
        work: Box::new(work),
    };
    run(engine, repository, new, vec![job]);
}

fn wish(payload: &Value) -> Wish {
    let reason = payload["reason"].as_str().unwrap_or_default();
    if reason != "TestSucceeded" {
        return Wish::Nothing(format!(
            "{reason:?} promotes nothing, only \"TestSucceeded\" does"
        ));
    }
    let from = payload["metadata"]["env"].as_str().unwrap_or_default();
    let Some(at) = ENVIRONMENTS.iter().position(|name| *name == from) else {
        return Wish::Nothing(format!("{from:?} is no environment of this pipeline"));
    };
    let Some(to) = ENVIRONMENTS.get(at + 1).filter(|_| from != "dev") else {
        return Wish::Nothing(format!("nothing follows {from}"));
    };
    let revision = payload["metadata"]["revision"].as_str().unwrap_or_default();
    match strict(revision) {
        Some(version) => Wish::Promote {
            from: from.to_owned(),
            to: (*to).to_owned(),
            version: version.to_string(),
        },
        None => Wish::Nothing(format!("{revision:?} is not a semantic version")),
    }
}

/// The title of a promotion.
pub(crate) fn title(to: &str, version: &str) -> String {
    format!("Promote app-podinfo/podinfo in {to} to {version}")
}

/// The text of a promotion.
pub(crate) fn body(from: &str, to: &str, before: &str, version: &str) -> String {
    format!(
        "Chart **{before}** → **{version}** in **{to}**.\n\n\
         Chart {version} was deployed in {from} and its tests succeeded there.\n\
         Merging this deploys it in {to}."
    )
}

fn promote(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    from: &str,
    to: &str,
    version: &str,
) -> anyhow::Result<Outcome> {
    // One promotion is written at a time, as a workflow's concurrency group would have it.
    let _promoting = repository.promoting.lock();
    let by = promotion_bot();
    let (path, branch) = (pin_path(to), promotion_branch(to));
    let git = &repository.git;
    let main = git.branch(DEFAULT_BRANCH).context("there is no main")?;
    let manifest = git
        .text(&main, &path)?
        .with_context(|| format!("{path} is missing"))?;
    let before = pin_of(&manifest).with_context(|| format!("{path} pins no version"))?;
    if let Some(why) = no_increase(&before, version, to) {
        return Ok(Outcome::skipped(why));
    }
    let open = repository
        .state
        .lock()
        .pulls
        .values()
        .find(|pull| pull.is_open() && pull.head_ref == branch)
        .map(|pull| (pull.number, pull.head.clone()));
    if let Some((number, head)) = &open {
        let pinned = git.text(head, &path)?.as_deref().and_then(pin_of);
        let pinned = pinned.unwrap_or_default();
        if pinned == version {
            return Ok(Outcome::skipped(format!(
                "#{number} promotes {version} into {to} already"
            )));
        }
        if let Some(why) = no_increase(&pinned, version, to) {
            return Ok(Outcome::skipped(why));
        }
    }
    let changed = set_pin(&manifest, version).with_context(|| format!("pinning {path}"))?;
    let title = title(to, version);
    let text = body(from, to, &before, version);
    let change = Change {
        branch: &branch,
        parent: &main,
        message: &title,
        edits: vec![Edit::text(&path, &changed)],
        force: true,
    };
    commits::commit(engine, repository, by, change)?;
    let number = match open {
        Some((number, _)) => {
            let update = Update {
                title: Some(&title),
                body: Some(&text),
                state: None,
            };
            pulls::update(engine, repository, by, number, &update)?;
            let said =
                format!("A newer release overtook this promotion: it now carries {version}.");
            pulls::comment(engine, repository, by, number, &said)?;
            number
        }
        None => {
            let opening = Opening {
                title: &title,
                body: &text,
                head: &branch,
                base: DEFAULT_BRANCH,
                draft: false,
            };
            pulls::open(engine, repository, by, &opening)?
        }
    };
    let team = [crate::forge::APPROVERS.to_owned()];
    let people = crate::forge::APPROVER_LOGINS.map(str::to_owned);
    pulls::request_reviewers(engine, repository, by, number, &people, &team)?;
    Ok(Outcome::success(format!(
        "#{number} promotes {version} into {to}"
    )))
}

/// Why going from `before` to `version` is no step forward, or `None` when it is one.
fn no_increase(before: &str, version: &str, to: &str) -> Option<String> {
    match (strict(before), strict(version)) {
        (Some(old), Some(new)) if new > old => None,
        (Some(old), Some(new)) if new == old => Some(format!("{to} has {version} already")),
        (Some(_), Some(_)) => Some(format!("{to} has {before}, which is newer than {version}")),
        (None, _) => Some(format!("{to} pins {before:?}, which is no version")),
        (_, None) => Some(format!("{version:?} is no version")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(reason: &str, env: &str, revision: &str) -> Value {
        json!({
            "reason": reason, "severity": "info", "message": "Helm test succeeded",
            "metadata": { "env": env, "revision": revision },
        })
    }

    #[test]
    fn a_succeeded_test_promotes_into_the_next_environment() {
        assert_eq!(
            wish(&event("TestSucceeded", "dev-test", "1.1.5+0cc9a8446c95")),
            Wish::Promote {
                from: "dev-test".to_owned(),
                to: "uat".to_owned(),
                version: "1.1.5".to_owned()
            }
        );
    }

    #[test]
    fn no_other_reason_promotes_whatever_its_words_and_severity() {
        for reason in [
            "RollbackSucceeded",
            "UpgradeSucceeded",
            "UpgradeFailed",
            "DriftCorrected",
            "",
        ] {
            let wish = wish(&event(reason, "uat", "1.1.5"));
            assert!(matches!(wish, Wish::Nothing(_)), "{reason}: {wish:?}");
        }
    }

    #[test]
    fn prod_dev_and_unknown_environments_promote_nothing() {
        for env in ["prod", "dev", "moon", ""] {
            assert!(matches!(
                wish(&event("TestSucceeded", env, "1.1.5")),
                Wish::Nothing(_)
            ));
        }
    }

    #[test]
    fn a_version_that_is_not_strict_promotes_nothing() {
        for version in ["", "1.1", "v1.1.5", "1.1.5; true", "latest"] {
            assert!(matches!(
                wish(&event("TestSucceeded", "uat", version)),
                Wish::Nothing(_)
            ));
        }
    }

    #[test]
    fn a_version_never_decreases() {
        assert_eq!(no_increase("1.1.4", "1.1.5", "uat"), None);
        assert!(no_increase("1.1.5", "1.1.5", "uat").is_some());
        assert!(no_increase("1.1.10", "1.1.9", "uat").is_some());
        assert!(no_increase(">=0.0.3", "1.1.9", "uat").is_some());
    }
}
