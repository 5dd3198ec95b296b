//! The steps: how each stands, and the deed behind each button.

use semver::Version;

use super::readings::{Standing, built_at, rolled_out, standing};
use super::state::{
    AccountState, ClockState, FaultState, HEAD_MOVES, ScenarioState, StepState, StepStatus,
    described,
};
use super::{Release, Scenario, ScenarioError};
use crate::faults::Fault;
use crate::github::{ACCOUNTS, AccountKind};
use crate::jobs::ENVIRONMENTS;
use crate::world::{PullState, PullSummary};

/// The environments that a person approves.
const GATED: [&str; 3] = ["uat", "stg", "prod"];

/// The colours that take turns: far enough from one another to be told apart on a projector.
const COLORS: [&str; 6] = [
    "#0e7c86", "#8e3b62", "#c2571a", "#3f6fb5", "#5b7f2b", "#6b4fa3",
];

impl Scenario {
    /// How everything stands.
    ///
    /// # Errors
    /// When the forge's git fails.
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
        let people = ACCOUNTS
            .iter()
            .filter(|account| account.kind == AccountKind::User);
        let clock = self.lab.clock();
        Ok(ScenarioState {
            steps,
            faults: self.faults(&pulls),
            accounts: people
                .map(|account| AccountState {
                    login: account.login.to_owned(),
                    name: account.name.to_owned(),
                    role: account.role.to_owned(),
                })
                .collect(),
            clock: ClockState {
                now: clock.now(),
                ahead_seconds: clock.offset().as_secs(),
            },
        })
    }

    /// Takes a step; what follows from it goes on when this has returned.
    ///
    /// # Errors
    /// When there is no such step, its turn has not come, or the forge refuses.
    pub async fn run_step(&self, id: &str) -> Result<(), ScenarioError> {
        let forge = self.lab.forge();
        match id {
            "branch-build" => {
                let build = forge.push_branch_build(self.next_color(), "ana").await?;
                self.done.lock().branch_build = Some(build);
                Ok(())
            }
            "release" => self.open_release().await,
            "merge-release" => self.approve_and_merge().await,
            _ if GATED.iter().any(|gated| id == approval_id(gated)) => {
                let sentence = "this step is taken in Weft, by whoever is signed in there";
                Err(ScenarioError::NotNow(sentence.to_owned()))
            }
            _ => Err(ScenarioError::NoSuchStep(id.to_owned())),
        }
    }

    fn branch_build(&self) -> Result<StepState, ScenarioError> {
        let build = self.done.lock().branch_build.clone();
        let step = StepState {
            id: "branch-build".into(),
            number: 1,
            title: "Ana pushes a branch".into(),
            watch_for: "A container is built, Flux writes its tag into git, and dev answers in the new colour.".into(),
            button: "Push a branch".into(),
            href: None,
            state: StepStatus::Ready,
            note: None,
        };
        let Some(build) = build else {
            return Ok(step);
        };
        let images = self.lab.forge().images();
        let tag = images.iter().find(|tag| tag.contains(&build.sha[..7]));
        let serving = self.lab.cluster("dev").and_then(rolled_out);
        let (state, note) = match (tag.and_then(|tag| built_at(tag)), &serving) {
            (None, _) => (
                StepStatus::Running,
                format!("the container of {} is built", build.branch),
            ),
            (_, Some(serving)) if Some(serving) == tag => {
                (StepStatus::Done, format!("dev serves {}", build.branch))
            }
            // All branches share one order: whoever builds last is served.
            (built, Some(serving)) if built_at(serving) >= built => {
                (StepStatus::Done, format!("dev has gone on to {serving}"))
            }
            _ => (
                StepStatus::Running,
                format!("{} is on its way to dev", build.branch),
            ),
        };
        Ok(StepState {
            state,
            note: Some(note),
            ..step
        })
    }

    fn release(&self, pulls: &[PullSummary]) -> StepState {
        let (state, note) = match self.shown(pulls) {
            Some((_, pull)) => (
                StepStatus::Done,
                Some(format!("#{} {}", pull.number, pull.title)),
            ),
            None => (StepStatus::Ready, None),
        };
        StepState {
            id: "release".into(),
            number: 2,
            title: "Ana opens the release".into(),
            watch_for: "One pull request changes four files: colour, version, image tag, chart version. Three checks run.".into(),
            button: "Open the release".into(),
            href: None,
            state,
            note,
        }
    }

    fn merge_release(&self, pulls: &[PullSummary]) -> StepState {
        let (state, note) = match self.shown(pulls) {
            None => (
                StepStatus::Blocked,
                "the release is not open yet".to_owned(),
            ),
            Some((release, pull)) => match pull.state {
                PullState::Closed => (
                    StepStatus::Blocked,
                    "it was closed without a merge".to_owned(),
                ),
                PullState::Open if pull.checks_passed => (
                    StepStatus::Ready,
                    format!("the checks of #{} have passed", pull.number),
                ),
                PullState::Open => (
                    StepStatus::Blocked,
                    format!("the checks of #{} run", pull.number),
                ),
                PullState::Merged => self.followed("dev-test", &release.chart_version),
            },
        };
        StepState {
            id: "merge-release".into(),
            number: 3,
            title: "Li approves and merges it".into(),
            watch_for: "Container and chart are released, dev-test follows by its range, and the promotion into uat opens by itself.".into(),
            button: "Approve and merge as Li".into(),
            href: None,
            state,
            note: Some(note),
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
        let (mut state, mut note) = match promotion.map(|pull| (pull.state, pull.number)) {
            Some((PullState::Open, number)) => (
                StepStatus::Ready,
                format!("#{number} waits for an approval"),
            ),
            Some((PullState::Merged, _)) => self.followed(environment, &version),
            Some((PullState::Closed, number)) => (
                StepStatus::Blocked,
                format!("#{number} was closed without a merge"),
            ),
            None => (
                StepStatus::Blocked,
                format!("the promotion of {version} is not open yet"),
            ),
        };
        let cluster = self.lab.cluster(environment);
        let there =
            cluster.is_some_and(|cluster| standing(cluster, &version) == Standing::Deployed);
        if there {
            (state, note) = (StepStatus::Done, format!("{environment} serves {version}"));
        }
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

    /// How an environment follows what was merged.
    fn followed(&self, environment: &str, version: &str) -> (StepStatus, String) {
        let cluster = self.lab.cluster(environment);
        let standing = cluster.map_or(Standing::Elsewhere, |cluster| standing(cluster, version));
        match standing {
            Standing::Deployed => (StepStatus::Done, format!("{environment} serves {version}")),
            Standing::Failed(message) => (StepStatus::Blocked, message),
            Standing::Under => (
                StepStatus::Running,
                format!("{environment} upgrades to {version}"),
            ),
            Standing::Elsewhere => (
                StepStatus::Running,
                format!("{version} is on its way to {environment}"),
            ),
        }
    }

    /// The release that is being shown: the one opened here, or one that someone else has open.
    fn shown(&self, pulls: &[PullSummary]) -> Option<(Release, PullSummary)> {
        let opened = self.done.lock().release.clone();
        if let Some(release) = opened {
            let pull = pulls.iter().find(|pull| pull.number == release.number)?;
            return Some((release, pull.clone()));
        }
        let open = pulls.iter().filter(|pull| pull.state == PullState::Open);
        open.filter_map(|pull| {
            let release = Release {
                number: pull.number,
                chart_version: pull.head_ref.strip_prefix("release-")?.to_owned(),
            };
            Some((release, pull.clone()))
        })
        .next()
    }

    async fn open_release(&self) -> Result<(), ScenarioError> {
        let forge = self.lab.forge();
        let pulls = forge.pulls().await?;
        if let Some((_, pull)) = self.shown(&pulls)
            && pull.state == PullState::Open
        {
            let sentence = format!("#{} {} is open already", pull.number, pull.title);
            return Err(ScenarioError::NotNow(sentence));
        }
        let charts = forge.charts();
        let chart_version = next(charts.iter().map(String::as_str));
        let images = forge.images();
        let version = next(images.iter().map(String::as_str));
        let number = forge
            .open_release(self.next_color(), &version, &chart_version, "ana")
            .await?;
        self.done.lock().release = Some(Release {
            number,
            chart_version,
        });
        Ok(())
    }

    async fn approve_and_merge(&self) -> Result<(), ScenarioError> {
        let forge = self.lab.forge();
        let pulls = forge.pulls().await?;
        let Some((release, pull)) = self.shown(&pulls) else {
            return Err(ScenarioError::NotNow("no release is open".to_owned()));
        };
        if pull.state != PullState::Open {
            return Err(ScenarioError::NotNow(format!(
                "#{} is not open",
                pull.number
            )));
        }
        if !pull.checks_passed {
            return Err(ScenarioError::NotNow(format!(
                "the checks of #{} run",
                pull.number
            )));
        }
        if pull.approved_by.is_empty() {
            forge.review(pull.number, "li", "APPROVE", "").await?;
        }
        forge.merge(pull.number, "li").await?;
        self.done.lock().release = Some(release);
        Ok(())
    }

    /// A colour that no environment shows now.
    fn next_color(&self) -> &'static str {
        let shown: Vec<String> = ENVIRONMENTS
            .iter()
            .filter_map(|environment| self.lab.app(environment)?.serving())
            .map(|serving| serving.color)
            .collect();
        let free = COLORS
            .into_iter()
            .find(|color| !shown.iter().any(|shown| shown == color));
        free.unwrap_or(COLORS[0])
    }

    fn faults(&self, pulls: &[PullSummary]) -> Vec<FaultState> {
        let standing = self.lab.faults().list();
        let mut faults: Vec<FaultState> = Fault::ALL
            .into_iter()
            .map(|fault| {
                let (title, explains) = described(fault);
                let ordered = standing.iter().filter(|ordered| ordered.fault == fault);
                let places: &[&str] = match fault {
                    Fault::HelmUpgradeFails => &ENVIRONMENTS[1..],
                    _ if fault.needs_environment() => &ENVIRONMENTS,
                    _ => &[],
                };
                FaultState {
                    id: fault.as_str().to_owned(),
                    title: title.to_owned(),
                    explains: explains.to_owned(),
                    environments: places.iter().map(|place| (*place).to_owned()).collect(),
                    ordered: ordered.clone().next().is_some(),
                    ordered_in: ordered
                        .filter_map(|ordered| ordered.environment.clone())
                        .collect(),
                    at_once: false,
                }
            })
            .collect();
        let open = |environment: &&&str| {
            let promotion = format!("promotion-app-podinfo-podinfo-{environment}");
            pulls
                .iter()
                .any(|pull| pull.state == PullState::Open && pull.head_ref == promotion)
        };
        let moves = FaultState {
            id: HEAD_MOVES.to_owned(),
            title: "The promotion moves now".to_owned(),
            explains: "Someone pushes onto the open promotion while an approver reads it; the tap must be refused.".to_owned(),
            environments: GATED.iter().filter(open).map(|place| (*place).to_owned()).collect(),
            ordered: false,
            ordered_in: Vec::new(),
            at_once: true,
        };
        faults.insert(2, moves);
        faults
    }
}

fn approval_id(environment: &str) -> String {
    format!("approve-{environment}")
}

/// The highest version, its last part raised by one; what is no version does not count.
fn next<'a>(versions: impl Iterator<Item = &'a str>) -> String {
    let highest = versions
        .filter_map(|version| Version::parse(version).ok())
        .max();
    let mut next = highest.unwrap_or(Version::new(0, 0, 0));
    next.patch += 1;
    next.to_string()
}

#[cfg(test)]
mod tests {
    use super::next;

    #[test]
    fn the_next_version_follows_the_highest_release_and_no_branch_build() {
        let tags = ["5.1.8", "5.1.10", "fix-ui-1a2b3c4-1700000000"];
        assert_eq!(next(tags.into_iter()), "5.1.11");
        assert_eq!(next(std::iter::empty()), "0.0.1");
    }
}
