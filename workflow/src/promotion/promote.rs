//! Opens the pull request of a promotion, or brings the open one up to date. A second run changes nothing;
//! no run goes back to an older version.

use model::ChartVersion;

use super::PromotionRequest;
use super::text::{body, title};
use crate::forge::{Context, Forge, NewCommit, NewPullRequest, PromotionError, PullRequest};
use crate::{InvalidRelease, PROMOTION_FILE, PromotionOrder, is_range, pin_of, pin_path, set_pin};

/// The result of [`promote`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PromotionOutcome {
    Opened(PullRequest),
    /// The open pull request now promotes the requested version instead of `older`.
    Superseded {
        pull: PullRequest,
        older: ChartVersion,
    },
    /// Nothing was done, for this reason.
    Nothing(String),
}

impl PromotionOutcome {
    /// Returns the outcome as a sentence, without a full stop.
    #[must_use]
    pub fn sentence(&self, request: &PromotionRequest) -> String {
        let PromotionRequest { to, version, .. } = request;
        match self {
            Self::Opened(pull) => format!("#{} would promote {version} into {to}", pull.number),
            Self::Superseded { pull, older } => format!(
                "#{} now promotes {version} into {to}; {older} is superseded",
                pull.number
            ),
            Self::Nothing(why) => why.clone(),
        }
    }
}

/// Reads the promotion order at the head of the forge's branch; returns it with that head.
///
/// # Errors
/// `Invalid` without the branch, without the file, or for a file that cannot be read; else `Forge`.
pub async fn promotion_order<F: Forge>(
    forge: &F,
) -> Result<(String, PromotionOrder), PromotionError<F::Error>> {
    let branch = forge.branch();
    let head = forge
        .head(branch)
        .await
        .context(format!("reading {branch}"))?;
    let head =
        head.ok_or_else(|| InvalidRelease::new(format!("the repository has no branch {branch}")))?;
    let text = forge.file(&head, PROMOTION_FILE).await;
    let text = text.context(format!("reading {PROMOTION_FILE}"))?;
    let text = text.ok_or_else(|| InvalidRelease::new(format!("{PROMOTION_FILE} is missing")))?;
    let order = PromotionOrder::read(&text)?;
    Ok((head, order))
}

/// Promotes a release into the next environment.
///
/// # Errors
/// `Invalid` where the promotion order, the request or the manifest forbids it (nothing was changed then);
/// `Forge` where a call fails.
pub async fn promote<F: Forge>(
    forge: &F,
    request: &PromotionRequest,
) -> Result<PromotionOutcome, PromotionError<F::Error>> {
    let (base, order) = promotion_order(forge).await?;
    let PromotionRequest {
        from, to, version, ..
    } = request;
    if order.after(from.as_str()) != Some(to) {
        return Err(InvalidRelease::new(format!(
            "{to} does not follow {from} on the lane; {PROMOTION_FILE} says what does"
        ))
        .into());
    }
    let path = pin_path(to);
    let manifest = forge.file(&base, &path).await;
    let manifest = manifest.context("reading what is pinned")?;
    let manifest = manifest.ok_or_else(|| InvalidRelease::new(format!("{path} is missing")))?;
    let pinned = pin_of(&path, &manifest)?.text;
    if is_range(&pinned) {
        let why = format!("{to} follows {pinned} by itself");
        return Ok(PromotionOutcome::Nothing(why));
    }
    let pinned = ChartVersion::parse(&pinned)
        .map_err(|error| InvalidRelease::new(format!("{path}: {error}")))?;
    if let Some(why) = no_increase(&format!("{to} has"), &pinned, version) {
        return Ok(PromotionOutcome::Nothing(why));
    }
    let change = Change {
        path: &path,
        text: set_pin(&path, &manifest, version)?,
        new: NewPullRequest {
            branch: order.branch(to),
            title: title(&order, to, version),
            body: body(&forge.page(), &order, request, &pinned),
        },
        base: &base,
    };
    let open_one = forge.pull_request(&change.new.branch).await;
    if let Some(pull) = open_one.context("looking for the pull request")? {
        return supersede(forge, request, &manifest, pull, change).await;
    }
    let declined = forge.declined(&change.new.branch, &change.new.title).await;
    let declined = declined.context("looking for what was declined")?;
    if let (Some(number), false) = (declined, request.reopen_declined) {
        return Ok(PromotionOutcome::Nothing(format!(
            "#{number} with {version} was closed without a merge; open it again if that was a mistake"
        )));
    }
    Ok(PromotionOutcome::Opened(open(forge, change).await?))
}

/// The new text of the environment's file, and the pull request that carries it.
struct Change<'a> {
    path: &'a str,
    text: String,
    new: NewPullRequest,
    base: &'a str,
}

impl Change<'_> {
    fn on(&self, expected_head: &str) -> NewCommit {
        NewCommit {
            branch: self.new.branch.clone(),
            expected_head: expected_head.to_owned(),
            message: self.new.title.clone(),
            files: vec![(self.path.to_owned(), self.text.clone())],
        }
    }
}

async fn open<F: Forge>(
    forge: &F,
    change: Change<'_>,
) -> Result<PullRequest, PromotionError<F::Error>> {
    let branch = &change.new.branch;
    // Left behind by an earlier promotion.
    if forge
        .head(branch)
        .await
        .context("looking for the branch")?
        .is_some()
    {
        forge
            .delete_branch(branch)
            .await
            .context("removing the old branch")?;
    }
    forge
        .create_branch(branch, change.base)
        .await
        .context("creating the branch")?;
    forge
        .commit(change.on(change.base))
        .await
        .context("committing the version")?;
    forge
        .open(change.new)
        .await
        .context("opening the pull request")
}

async fn supersede<F: Forge>(
    forge: &F,
    request: &PromotionRequest,
    manifest: &str,
    pull: PullRequest,
    change: Change<'_>,
) -> Result<PromotionOutcome, PromotionError<F::Error>> {
    let version = &request.version;
    let path = change.path;
    let there = forge
        .file(&pull.head, path)
        .await
        .context("reading the pull request")?;
    let older = there.and_then(|text| {
        let pin = pin_of(path, &text).ok()?;
        ChartVersion::parse(&pin.text).ok()
    });
    let Some(older) = older else {
        return Err(InvalidRelease::new(format!(
            "#{} changes {path} into something that pins no version; close it",
            pull.number
        ))
        .into());
    };
    if let Some(why) = no_increase(&format!("#{} promotes", pull.number), &older, version) {
        return Ok(PromotionOutcome::Nothing(why));
    }
    let words = format!(
        "{older} is superseded by **{version}**, which is proven in {} now. What was approved here \
         until now was {older}: please look again.",
        request.from.as_str()
    );
    let base = forge
        .merge_base(change.base, &pull.head)
        .await
        .context(format!("comparing with {}", forge.branch()))?;
    let was = forge
        .file(&base, path)
        .await
        .context("reading where it began")?;
    let pull = if was.as_deref() == Some(manifest) {
        let head = forge
            .commit(change.on(&pull.head))
            .await
            .context("committing the version")?;
        forge
            .rewrite(pull.number, &change.new)
            .await
            .context("rewriting the pull request")?;
        forge
            .comment(pull.number, &words)
            .await
            .context("commenting the pull request")?;
        PullRequest { head, ..pull }
    } else {
        // It began from another state of the file than the branch has, and could not be merged.
        forge
            .comment(pull.number, &words)
            .await
            .context("commenting the pull request")?;
        forge
            .close(pull.number)
            .await
            .context("closing the old pull request")?;
        open(forge, change).await?
    };
    Ok(PromotionOutcome::Superseded { pull, older })
}

/// Returns why `version` does not replace `there`; `holder` begins the sentence, as in `stg has`.
fn no_increase(holder: &str, there: &ChartVersion, version: &ChartVersion) -> Option<String> {
    if version == there {
        Some(format!("{holder} {version} already"))
    } else if version < there {
        Some(format!(
            "{holder} {there}, which is newer than {version}; nothing goes back by itself"
        ))
    } else {
        None
    }
}
