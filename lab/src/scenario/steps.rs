//! The steps: the state of each, and the action behind each button.

use semver::Version;

use super::readings::{Progress, built_at, progress, rolled_out_tag};
use super::state::StepStatus::{self, Blocked, Done, Ready, Running};
use super::state::{AccountState, ClockState, ScenarioState, StepState};
use super::{DemoRelease, Scenario, ScenarioError};
use crate::github::{ACCOUNTS, AccountKind};
use crate::jobs::ENVIRONMENTS;
use crate::world::{PullState, PullSummary};

pub(super) const GATED: [&str; 3] = ["uat", "stg", "prod"];

/// The colours that take turns: far enough from one another to be told apart on a projector.
const COLORS: [&str; 6] = [
    "#0e7c86", "#8e3b62", "#c2571a", "#3f6fb5", "#5b7f2b", "#6b4fa3",
];

type Noted = (StepStatus, String);

impl Scenario {
    /// The state of everything; fails when the forge's git does.
    pub async fn state(&self) -> Result<ScenarioState, ScenarioError> {
        let pulls = self.lab.forge().pulls().await?;
        let mut steps = vec![
            self.branch_build()?,
            self.release(&pulls),
            self.merge_release(&pulls),
        ];
        for (number, environment) in (4..).zip(GATED) {
            steps.push(self.approval(number, environment, &pulls)?);
        }
        let people = ACCOUNTS.iter();
        let people = people.filter(|account| account.kind == AccountKind::User);
        let accounts = people.map(|account| AccountState {
            login: account.login,
            name: account.name,
            role: account.role,
        });
        let clock = self.lab.clock();
        Ok(ScenarioState {
            steps,
            faults: self.faults(&pulls),
            accounts: accounts.collect(),
            clock: ClockState {
                now: clock.now(),
                ahead_seconds: clock.offset().as_secs(),
            },
        })
    }

    /// Takes a step; what follows from it goes on when this has returned. Fails when there is no such
    /// step, its turn has not come, or the forge refuses.
    pub async fn run_step(&self, id: &str) -> Result<(), ScenarioError> {
        let forge = self.lab.forge();
        match id {
            "branch-build" => {
                let build = forge.push_branch_build(self.next_color(), "ana").await?;
                self.taken.lock().branch_build = Some(build);
                Ok(())
            }
            "release" => self.open_release().await,
            "merge-release" => self.approve_and_merge().await,
            _ if GATED.iter().any(|gated| id == approval_id(gated)) => {
                not_now("this step is taken in Weft, by whoever is signed in there")
            }
            _ => Err(ScenarioError::NoSuchStep(id.to_owned())),
        }
    }

    fn branch_build(&self) -> Result<StepState, ScenarioError> {
        let step = StepState {
            id: "branch-build".into(),
            number: 1,
            title: "Ana pushes a branch".into(),
            watch_for: "A container is built, Flux writes its tag into git, and dev answers in the new colour.".into(),
            button: "Push a branch".into(),
            ..StepState::default()
        };
        let Some(build) = self.taken.lock().branch_build.clone() else {
            return Ok(step);
        };
        let images = self.lab.forge().images();
        let tag = images.iter().find(|tag| tag.contains(&build.sha[..7]));
        let serving = self.lab.cluster("dev").and_then(rolled_out_tag);
        let branch = build.branch;
        let (state, note) = match (tag.and_then(|tag| built_at(tag)), &serving) {
            (None, _) => (Running, format!("the container of {branch} is built")),
            (_, Some(serving)) if Some(serving) == tag => (Done, format!("dev serves {branch}")),
            // All branches share one order: whoever builds last is served.
            (built, Some(serving)) if built_at(serving) >= built => {
                (Done, format!("dev has gone on to {serving}"))
            }
            _ => (Running, format!("{branch} is on its way to dev")),
        };
        Ok(StepState {
            state,
            note: Some(note),
            ..step
        })
    }

    fn release(&self, pulls: &[PullSummary]) -> StepState {
        let shown = self.shown(pulls);
        StepState {
            id: "release".into(),
            number: 2,
            title: "Ana opens the release".into(),
            watch_for: "One pull request changes four files: colour, version, image tag, chart version. Three checks run.".into(),
            button: "Open the release".into(),
            state: shown.as_ref().map_or(Ready, |_| Done),
            note: shown.map(|(_, pull)| format!("#{} {}", pull.number, pull.title)),
            ..StepState::default()
        }
    }

    fn merge_release(&self, pulls: &[PullSummary]) -> StepState {
        let (state, note) = match self.shown(pulls) {
            None => (Blocked, "the release is not open yet".to_owned()),
            Some((release, pull)) => match pull.state {
                PullState::Closed => (Blocked, "it was closed without a merge".to_owned()),
                PullState::Open if pull.checks_passed => {
                    (Ready, format!("the checks of #{} have passed", pull.number))
                }
                PullState::Open => (Blocked, format!("the checks of #{} run", pull.number)),
                PullState::Merged => self.after_merge("dev-test", &release.chart_version),
            },
        };
        StepState {
            id: "merge-release".into(),
            number: 3,
            title: "Li approves and merges it".into(),
            watch_for: "Container and chart are released, dev-test follows by its range, and the promotion into uat opens by itself.".into(),
            button: "Approve and merge as Li".into(),
            state,
            note: Some(note),
            ..StepState::default()
        }
    }

    fn approval(
        &self,
        number: u8,
        environment: &str,
        pulls: &[PullSummary],
    ) -> Result<StepState, ScenarioError> {
        let wanted = match self.shown(pulls) {
            Some((release, _)) => Some(release.chart_version),
            None => self.lab.forge().charts().into_iter().next(),
        };
        let version = wanted.unwrap_or_default();
        let title = format!("Promote app-podinfo/podinfo in {environment} to {version}");
        let promotion = pulls.iter().find(|pull| pull.title == title);
        let deployed = self.progress(environment, &version) == Progress::Deployed;
        let (state, note) = match promotion.map(|pull| (pull.state, pull.number)) {
            _ if deployed => (Done, format!("{environment} serves {version}")),
            Some((PullState::Open, number)) => (Ready, format!("#{number} waits for an approval")),
            Some((PullState::Merged, _)) => self.after_merge(environment, &version),
            Some((PullState::Closed, number)) => {
                (Blocked, format!("#{number} was closed without a merge"))
            }
            None => {
                let note = format!("the promotion of {version} is not open yet");
                (Blocked, note)
            }
        };
        let open = promotion.filter(|pull| pull.state == PullState::Open);
        Ok(StepState {
            id: approval_id(environment),
            number,
            title: format!("Approve {version} into {environment}"),
            watch_for: format!(
                "Sign in as Sam or Li and approve with one tap; {environment} fetches, applies, upgrades and answers."
            ),
            button: "Open it in Weft".into(),
            href: open.map(|pull| format!("pr/demo/podinfo/{}", pull.number)),
            state,
            note: Some(note),
        })
    }

    fn progress(&self, environment: &str, version: &str) -> Progress {
        let cluster = self.lab.cluster(environment);
        cluster.map_or(Progress::NotAskedFor, |cluster| progress(cluster, version))
    }

    /// The state of a step whose pull request was merged.
    fn after_merge(&self, environment: &str, version: &str) -> Noted {
        match self.progress(environment, version) {
            Progress::Deployed => (Done, format!("{environment} serves {version}")),
            Progress::Failed(message) => (Blocked, message),
            Progress::UnderWay => (Running, format!("{environment} upgrades to {version}")),
            Progress::NotAskedFor => (Running, format!("{version} is on its way to {environment}")),
        }
    }

    /// The release that is being shown: the one opened here, or one that someone else has open.
    fn shown(&self, pulls: &[PullSummary]) -> Option<(DemoRelease, PullSummary)> {
        if let Some(release) = self.taken.lock().release.clone() {
            let pull = pulls.iter().find(|pull| pull.number == release.number)?;
            return Some((release, pull.clone()));
        }
        let mut open = pulls.iter().filter(|pull| pull.state == PullState::Open);
        open.find_map(|pull| {
            let release = DemoRelease {
                number: pull.number,
                chart_version: pull.head_ref.strip_prefix("release-")?.to_owned(),
            };
            Some((release, pull.clone()))
        })
    }

    async fn open_release(&self) -> Result<(), ScenarioError> {
        let forge = self.lab.forge();
        if let Some((_, pull)) = self.shown(&forge.pulls().await?)
            && pull.state == PullState::Open
        {
            return not_now(format!("#{} {} is open already", pull.number, pull.title));
        }
        let chart_version = next(&forge.charts());
        let version = next(&forge.images());
        let opened = forge.open_release(self.next_color(), &version, &chart_version, "ana");
        let number = opened.await?;
        self.taken.lock().release = Some(DemoRelease {
            number,
            chart_version,
        });
        Ok(())
    }

    async fn approve_and_merge(&self) -> Result<(), ScenarioError> {
        let forge = self.lab.forge();
        let Some((release, pull)) = self.shown(&forge.pulls().await?) else {
            return not_now("no release is open");
        };
        if pull.state != PullState::Open {
            return not_now(format!("#{} is not open", pull.number));
        }
        if !pull.checks_passed {
            return not_now(format!("the checks of #{} run", pull.number));
        }
        if pull.approved_by.is_empty() {
            forge.review(pull.number, "li", "APPROVE", "").await?;
        }
        forge.merge(pull.number, "li").await?;
        self.taken.lock().release = Some(release);
        Ok(())
    }

    /// A colour that no environment shows now.
    fn next_color(&self) -> &'static str {
        let apps = ENVIRONMENTS.iter().filter_map(|name| self.lab.app(name));
        let shown: Vec<_> = apps.filter_map(|app| Some(app.serving()?.color)).collect();
        let mut colors = COLORS.into_iter();
        let free = colors.find(|color| !shown.iter().any(|shown| shown == color));
        free.unwrap_or(COLORS[0])
    }
}

fn not_now<T>(sentence: impl Into<String>) -> Result<T, ScenarioError> {
    Err(ScenarioError::NotNow(sentence.into()))
}

fn approval_id(environment: &str) -> String {
    format!("approve-{environment}")
}

/// The highest version with its last part raised by one; tags that are no version do not count.
fn next(tags: &[String]) -> String {
    let versions = tags.iter().filter_map(|tag| Version::parse(tag).ok());
    let mut next = versions.max().unwrap_or(Version::new(0, 0, 0));
    next.patch += 1;
    next.to_string()
}

#[cfg(test)]
mod tests {
    use super::next;

    #[test]
    fn the_next_version_follows_the_highest_release_and_no_branch_build() {
        let tags = ["5.1.8", "5.1.10", "fix-ui-1a2b3c4-1700000000"];
        assert_eq!(next(&tags.map(str::to_owned)), "5.1.11");
        assert_eq!(next(&[]), "0.0.1");
    }
}
