//! `weft promote`: promotes a release into the next environment. The workflow of the promotion repository
//! passes the event's file, so that no payload goes through a shell.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use model::api::Board;
use model::chain::VerdictState;
use model::{ChartVersion, EnvironmentName};
use url::Url;
use workflow::PromotionOrder;
use workflow::promotion::{Decision, PromotionRequest, promote, promotion_order, read_event};

use super::CommandError;
use super::remote::{RemoteRepository, variable};
use crate::github::Repository;

/// Opens the pull request that carries a release into an environment, or brings it up to date.
///
/// Acts on GITHUB_REPOSITORY with GITHUB_TOKEN. Run twice it does nothing twice; it never goes back.
#[derive(Debug, Args)]
pub(crate) struct Promote {
    /// The environment that has the release.
    #[arg(long, value_name = "ENV", requires = "to")]
    from: Option<EnvironmentName>,
    /// The environment that follows it.
    #[arg(long, value_name = "ENV", requires = "version")]
    to: Option<EnvironmentName>,
    /// The chart's exact version.
    #[arg(long, value_name = "VERSION", requires = "from")]
    version: Option<String>,
    /// The file of a `repository_dispatch` event: GITHUB_EVENT_PATH.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["from", "catch_up"])]
    event: Option<PathBuf>,
    /// Weft's own address: promote what it has proven and no dispatch has promoted.
    #[arg(long, value_name = "URL", conflicts_with = "from")]
    catch_up: Option<Url>,
    /// The repository, unless GITHUB_REPOSITORY says it.
    #[arg(long, value_name = "OWNER/NAME")]
    repository: Option<String>,
    /// The branch that declares the environments; the repository's default branch unless said.
    #[arg(long, value_name = "BRANCH")]
    branch: Option<String>,
}

impl Promote {
    pub(crate) async fn run(&self) -> Result<(), CommandError> {
        if self.from.is_none() && self.event.is_none() && self.catch_up.is_none() {
            return Err(CommandError::refused(
                "what is to be promoted? Give --from, --to and --version, or --event, or --catch-up",
            ));
        }
        let remote = RemoteRepository::of_workflow(self.repository.as_deref())?;
        let branch = match &self.branch {
            Some(branch) => branch.clone(),
            None => remote.default_branch().await?,
        };
        let forge = remote.forge(&branch);
        for decision in self.decisions(&forge).await? {
            match decision {
                Decision::Promote(request) => {
                    let outcome = promote(&forge, &request).await?;
                    say(&outcome.sentence(&request))?;
                }
                Decision::Nothing(why) => say(&why)?,
            }
        }
        Ok(())
    }

    async fn decisions(&self, forge: &Repository<'_>) -> Result<Vec<Decision>, CommandError> {
        if let Some(path) = &self.event {
            let text = std::fs::read_to_string(path).map_err(|error| {
                CommandError::refused(format!("{} cannot be read: {error}", path.display()))
            })?;
            let event = read_event(&text)?;
            let (_, order) = promotion_order(forge).await?;
            return Ok(vec![event.decide(&order)]);
        }
        if let Some(weft) = &self.catch_up {
            let (_, order) = promotion_order(forge).await?;
            return proven(weft, &order).await;
        }
        let (Some(from), Some(to), Some(version)) = (&self.from, &self.to, &self.version) else {
            return Ok(Vec::new());
        };
        let version = ChartVersion::parse(version)
            .map_err(|error| CommandError::refused(error.to_string()))?;
        Ok(vec![Decision::Promote(PromotionRequest {
            from: from.clone(),
            to: to.clone(),
            version,
            evidence: None,
            reopen_declined: true,
        })])
    }
}

/// Asks a running Weft which releases it has proven, in each environment that has a next one.
async fn proven(weft: &Url, order: &PromotionOrder) -> Result<Vec<Decision>, CommandError> {
    let away = |why: String| CommandError::GitHub(format!("Weft at {weft}: {why}"));
    let path = format!("api/v1/pipelines/{}/{}", order.namespace, order.name);
    let base = Url::parse(&format!("{}/", weft.as_str().trim_end_matches('/')))
        .and_then(|base| base.join(&path))
        .map_err(|error| away(error.to_string()))?;
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(15))
        .build()
        .map_err(|error| away(error.to_string()))?;
    let board = async {
        let answer = client.get(base).send().await?.error_for_status()?;
        answer.json::<Board>().await
    };
    let board = board.await;
    let board = board.map_err(|error: reqwest::Error| away(error.without_url().to_string()))?;
    let decisions = board.environments.iter().filter_map(|view| {
        let to = order.after(view.name.as_str())?;
        let is_proven = view.verdict.state == VerdictState::Proven;
        let version = view.release.chart.clone().filter(|_| is_proven)?;
        Some(Decision::Promote(PromotionRequest {
            from: view.name.clone(),
            to: to.clone(),
            version,
            evidence: Some(view.verdict.sentence.clone()),
            reopen_declined: false,
        }))
    });
    Ok(decisions.collect())
}

/// Prints a sentence, and appends it to the summary of the workflow run where there is one.
fn say(sentence: &str) -> Result<(), CommandError> {
    writeln!(anstream::stdout(), "weft: {sentence}")?;
    if let Some(path) = variable("GITHUB_STEP_SUMMARY") {
        let mut summary = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)?;
        writeln!(summary, "{sentence}")?;
    }
    Ok(())
}
