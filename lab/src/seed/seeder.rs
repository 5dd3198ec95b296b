//! Seeds a history into a new repository: commits, pull requests with their reviews and checks,
//! statuses, images and charts, as if each event had happened at its time.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use model::{ChartVersion, Colour, EnvironmentName};
use parking_lot::Mutex;
use time::{Duration, OffsetDateTime};
use workflow::{
    MAIN_GO, PROMOTION_FILE, PromotionOrder, ReleaseFiles, pin_of, pin_path, promotion, release,
    set_colour, set_pin,
};

use super::history::{Deployed, DeployedStatus, FILES, Seed, status_context};
use super::import::{Import, Imported};
use super::week::{self, Release, SeedEvent};
use crate::github::accounts::{Account, account, actions_bot, flux_bot, promotion_bot};
use crate::github::git::{Edit, Git};
use crate::github::operations::pulls::request_owners;
use crate::github::repository::{
    Chart, CheckRun, DEFAULT_BRANCH, Image, Merged, Phase, Pull, Repository, RepositoryState,
    Review, ReviewState, Status, Workflow, WorkflowRun,
};
use crate::jobs::{self, ENVIRONMENTS};

/// A seeded repository.
pub(crate) struct Seeded {
    pub(crate) repository: Repository,
    /// The ids that are still free.
    pub(crate) ids: AtomicU64,
    pub(crate) history: Vec<Deployed>,
}

/// Creates `demo/podinfo` below `dir` and seeds it, so that its history ends at `now`.
pub(crate) fn seed(dir: &Path, seed: Seed, now: OffsetDateTime) -> anyhow::Result<Seeded> {
    let git = Git::create(&dir.join("demo/podinfo.git"), DEFAULT_BRANCH)?;
    let ids = AtomicU64::new(10_000);
    let events: &'static [(i64, SeedEvent)] = match seed {
        Seed::Fresh => &week::FRESH,
        Seed::Week => &week::WEEK,
    };
    let mut seeder = Seeder {
        import: Import::start(git.dir())?,
        ids: &ids,
        state: RepositoryState::default(),
        files: BTreeMap::new(),
        main: None,
        branches: BTreeMap::new(),
        released: Vec::new(),
        opened: None,
    };
    for (ago, event) in events {
        seeder.apply(event, now - Duration::minutes(*ago))?;
    }
    let Seeder {
        import,
        mut state,
        released,
        ..
    } = seeder;
    import.finish()?;
    git.refresh()?;
    for (release, oid, at) in released {
        let chart = Chart {
            version: release.chart.to_owned(),
            created_at: at,
            archive: Arc::new(jobs::release::package(&git, &oid)?),
        };
        state.charts.insert(0, chart);
    }
    let created = events.first().map_or(0, |(ago, _)| *ago);
    let repository = Repository {
        id: 6001,
        owner: "demo".to_owned(),
        name: "podinfo".to_owned(),
        created_at: now - Duration::minutes(created),
        git,
        moving: Mutex::default(),
        promoting: Mutex::default(),
        state: Mutex::new(state),
    };
    Ok(Seeded {
        repository,
        ids,
        history: week::deployments(events, now),
    })
}

struct Seeder<'a> {
    import: Import,
    ids: &'a AtomicU64,
    state: RepositoryState,
    /// The files of main's tip, by path.
    files: BTreeMap<String, String>,
    main: Option<Imported>,
    /// The open branches, with their edits.
    branches: BTreeMap<String, (Imported, Vec<Edit>)>,
    released: Vec<(&'static Release, String, OffsetDateTime)>,
    /// The release whose pull request is open.
    opened: Option<&'static Release>,
}

impl Seeder<'_> {
    fn apply(&mut self, event: &'static SeedEvent, at: OffsetDateTime) -> anyhow::Result<()> {
        match event {
            SeedEvent::Begin => self.begin(at),
            SeedEvent::PushBranch(branch, color) => self.push_branch(branch, color, at),
            SeedEvent::AutomateImage(branch) => self.automate_image(branch, at),
            SeedEvent::OpenRelease(release) => self.open_release(release, at),
            SeedEvent::MergeRelease(by) => self.merge(None, person(by)?, at),
            SeedEvent::Promote(to, release) => self.open_promotion(to, release, at),
            SeedEvent::Merge(to, by) => self.merge(Some(to), person(by)?, at),
            SeedEvent::Helm(environment, _, status) => {
                self.dispatched(environment, *status, at);
                Ok(())
            }
        }
    }

    fn id(&self) -> u64 {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    fn main(&self) -> anyhow::Result<&Imported> {
        self.main.as_ref().context("the week has begun")
    }

    fn file(&self, path: &str) -> anyhow::Result<&str> {
        let text = self.files.get(path);
        text.map(String::as_str)
            .with_context(|| format!("gitops has no {path}"))
    }

    fn begin(&mut self, at: OffsetDateTime) -> anyhow::Result<()> {
        let edits = FILES.iter().map(|(path, contents)| Edit {
            path: (*path).to_owned(),
            contents: Some(contents.to_vec()),
        });
        let (edits, message) = (edits.collect::<Vec<_>>(), "Begin the promotion repository");
        self.commit_to_main(&[], &edits, message, person("li")?, at)?;
        self.publish(&week::FIRST, at)
    }

    /// Commits to main, and records the status of every environment's Flux on the commit.
    fn commit_to_main(
        &mut self,
        others: &[&Imported],
        edits: &[Edit],
        message: &str,
        by: &'static Account,
        at: OffsetDateTime,
    ) -> anyhow::Result<String> {
        let old = self.main.take();
        let parents: Vec<&Imported> = old.iter().chain(others.iter().copied()).collect();
        let import = &mut self.import;
        let commit = import.commit("main", &parents, edits, message, by, at)?;
        for edit in edits {
            if let Some(contents) = &edit.contents {
                let text = String::from_utf8_lossy(contents).into_owned();
                self.files.insert(edit.path.clone(), text);
            }
        }
        let oid = commit.oid.clone();
        self.main = Some(commit);
        for (index, environment) in ENVIRONMENTS.into_iter().enumerate() {
            let status = Status {
                id: self.id(),
                state: "success".to_owned(),
                context: status_context(environment),
                description: Some("reconciliation succeeded".to_owned()),
                target_url: None,
                creator: flux_bot(),
                created_at: at + Duration::seconds(20 + 4 * index as i64),
            };
            let statuses = self.state.statuses.entry(oid.clone());
            statuses.or_default().push(status);
        }
        Ok(oid)
    }

    /// Publishes the image and the chart of main's tip, as the release job does.
    fn publish(&mut self, release: &'static Release, at: OffsetDateTime) -> anyhow::Result<()> {
        let oid = self.main()?.oid.clone();
        let at = at + Duration::seconds(25);
        self.add_image(release.app.to_owned(), &oid, release.color, release.app, at);
        self.released.push((release, oid, at));
        Ok(())
    }

    fn add_image(
        &mut self,
        tag: String,
        sha: &str,
        color: &str,
        version: &str,
        at: OffsetDateTime,
    ) {
        let image = Image {
            tag: tag.clone(),
            revision: sha.to_owned(),
            color: color.to_owned(),
            version: version.to_owned(),
            created_at: at,
        };
        self.state.images.insert(tag, image);
    }

    fn push_branch(
        &mut self,
        branch: &'static str,
        color: &str,
        at: OffsetDateTime,
    ) -> anyhow::Result<()> {
        let path = MAIN_GO;
        let changed = set_colour(self.file(path)?, Colour::parse(color)?)?;
        let edits = vec![Edit::text(path, &changed)];
        let by = person("ana")?;
        let main = self.main()?.clone();
        let message = format!("Try {color}");
        let import = &mut self.import;
        let commit = import.commit(branch, &[&main], &edits, &message, by, at)?;
        let version = self.version()?;
        let at = at + Duration::seconds(30);
        let tag = jobs::branch_tag(branch, &commit.oid, at.unix_timestamp());
        self.add_image(tag, &commit.oid, color, &version, at);
        self.ran(&jobs::BRANCH, branch, &commit.oid, by, at);
        self.branches.insert(branch.to_owned(), (commit, edits));
        Ok(())
    }

    fn version(&self) -> anyhow::Result<String> {
        let facts = ReleaseFiles::read(|path| self.files.get(path).cloned())?;
        Ok(facts.image_tag)
    }

    fn automate_image(&mut self, branch: &str, at: OffsetDateTime) -> anyhow::Result<()> {
        let start = format!("{branch}-");
        let mut tags = self.state.images.keys();
        let tag = tags.find(|tag| tag.starts_with(&start)).cloned();
        let tag = tag.context("the branch was built")?;
        let path = "environments/dev/podinfo.yaml";
        let text = self.file(path)?;
        let mut marked = text.lines().filter(|line| line.contains("$imagepolicy"));
        let old = marked.next().context("dev has an image")?;
        let image = old.split_once("image: ");
        let before = image.and_then(|(_, rest)| rest.split(' ').next());
        let before = before.context("dev names its image")?;
        let after = format!("ghcr.io/demo/podinfo:{tag}");
        let message = format!("dev: {before} -> {after}");
        let edits = vec![Edit::text(path, &text.replace(before, &after))];
        self.commit_to_main(&[], &edits, &message, flux_bot(), at)?;
        Ok(())
    }

    fn open_release(
        &mut self,
        release: &'static Release,
        at: OffsetDateTime,
    ) -> anyhow::Result<()> {
        let request = release::ReleaseRequest {
            colour: Some(release.color.to_owned()),
            version: Some(release.app.to_owned()),
            chart_version: Some(release.chart.to_owned()),
        };
        let plan = release::plan(|path| self.files.get(path).cloned(), &request)?;
        let edits = jobs::release::edits(&plan);
        self.open(
            &plan.branch(),
            &plan.title(),
            &plan.body(),
            edits,
            person("ana")?,
            at,
        )?;
        self.opened = Some(release);
        Ok(())
    }

    fn open_promotion(
        &mut self,
        to: &'static str,
        release: &'static Release,
        at: OffsetDateTime,
    ) -> anyhow::Result<()> {
        let order = PromotionOrder::read(self.file(PROMOTION_FILE)?)?;
        let to = EnvironmentName(to.to_owned());
        let path = pin_path(&to);
        let text = self.file(&path)?;
        let before = ChartVersion::parse(&pin_of(&path, text)?.text)?;
        let place = order
            .at(to.as_str())
            .context("an environment of the lane")?;
        let request = promotion::PromotionRequest {
            from: order.environments[place - 1].clone(),
            to,
            version: ChartVersion::parse(release.chart)?,
            evidence: None,
            reopen_declined: false,
        };
        let changed = set_pin(&path, text, &request.version)?;
        let title = promotion::title(&order, &request.to, &request.version);
        let body = promotion::body("https://github.com/demo/podinfo", &order, &request, &before);
        let edits = vec![Edit::text(&path, &changed)];
        let number = self.open(
            &order.branch(&request.to),
            &title,
            &body,
            edits,
            promotion_bot(),
            at,
        )?;
        if let Some(pull) = self.state.pulls.get_mut(&number) {
            request_owners(pull);
        }
        Ok(())
    }

    fn open(
        &mut self,
        branch: &str,
        title: &str,
        body: &str,
        edits: Vec<Edit>,
        by: &'static Account,
        at: OffsetDateTime,
    ) -> anyhow::Result<u64> {
        let main = self.main()?.clone();
        let head = self
            .import
            .commit(branch, &[&main], &edits, title, by, at)?;
        let number = self.state.next_number();
        let pull = Pull {
            id: self.id(),
            number,
            title: title.to_owned(),
            body: body.to_owned(),
            author: by,
            head_ref: branch.to_owned(),
            base_ref: "main".to_owned(),
            head: head.oid.clone(),
            base: main.oid.clone(),
            draft: false,
            created_at: at,
            updated_at: at,
            closed_at: None,
            merged: None,
            reviews: Vec::new(),
            requested: BTreeSet::new(),
            requested_team: false,
            comments: Vec::new(),
        };
        self.state.pulls.insert(number, pull);
        self.ran(&jobs::PULL_REQUEST, branch, &head.oid, by, at);
        self.branches.insert(branch.to_owned(), (head, edits));
        Ok(number)
    }

    fn merge(
        &mut self,
        to: Option<&'static str>,
        by: &'static Account,
        at: OffsetDateTime,
    ) -> anyhow::Result<()> {
        let wanted = to.map(jobs::promotion_branch);
        let number = self
            .state
            .pulls
            .values()
            .find(|pull| {
                pull.is_open()
                    && match &wanted {
                        Some(branch) => pull.head_ref == *branch,
                        None => pull.head_ref.starts_with("release-"),
                    }
            })
            .map(|pull| pull.number)
            .context("what is merged was opened")?;
        let branch = self.state.pulls[&number].head_ref.clone();
        let title = self.state.pulls[&number].title.clone();
        let (head, edits) = self
            .branches
            .remove(&branch)
            .context("its branch is there")?;
        let base = self.main()?.oid.clone();
        let message = format!("Merge pull request #{number} from demo/{branch}\n\n{title}");
        let commit = self.commit_to_main(&[&head], &edits, &message, by, at)?;
        self.import.delete(&branch)?;
        let review = self.id();
        if let Some(pull) = self.state.pulls.get_mut(&number) {
            pull.reviews.push(Review {
                id: review,
                author: by,
                state: ReviewState::Approved,
                body: String::new(),
                commit: head.oid.clone(),
                submitted_at: at - Duration::seconds(45),
            });
            pull.requested.remove(by.login);
            pull.requested_team = false;
            pull.base = base;
            pull.closed_at = Some(at);
            pull.updated_at = at;
            pull.merged = Some(Merged {
                by,
                at,
                commit: commit.clone(),
            });
        }
        if to.is_none() {
            let release = self.opened.take().context("a release is open")?;
            self.publish(release, at)?;
            self.ran(&jobs::RELEASE, "main", &commit, actions_bot(), at);
        }
        Ok(())
    }

    /// Records the promotion workflow that a succeeded test starts; prod's starts none.
    fn dispatched(&mut self, environment: &str, status: DeployedStatus, at: OffsetDateTime) {
        let upgraded = status == DeployedStatus::Upgraded;
        if let (true, true, Some(main)) = (upgraded, environment != "prod", &self.main) {
            let head = main.oid.clone();
            let by = promotion_bot();
            self.ran(&jobs::PROMOTION, "main", &head, by, at);
        }
    }

    /// Records a run, with its checks, that succeeded half a minute after it started.
    fn ran(
        &mut self,
        workflow: &'static Workflow,
        branch: &str,
        head: &str,
        actor: &'static Account,
        at: OffsetDateTime,
    ) {
        let id = || self.ids.fetch_add(1, Ordering::Relaxed);
        let run = id();
        let end = at + Duration::seconds(30);
        let number = self.state.next_run_number(workflow);
        self.state.runs.push(WorkflowRun {
            id: run,
            number,
            workflow,
            title: format!("{} on {branch}", workflow.name),
            head_branch: branch.to_owned(),
            head: head.to_owned(),
            actor,
            phase: Phase::Success,
            created_at: at,
            updated_at: end,
        });
        let checks = self.state.checks.entry(head.to_owned()).or_default();
        checks.extend(workflow.checks.iter().map(|check| CheckRun {
            id: id(),
            run,
            name: (*check).to_owned(),
            head: head.to_owned(),
            phase: Phase::Success,
            title: None,
            started_at: at,
            completed_at: Some(end),
        }));
    }
}

fn person(login: &str) -> anyhow::Result<&'static Account> {
    account(login).with_context(|| format!("nobody is called {login}"))
}
