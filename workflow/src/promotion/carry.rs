//! Opens the pull request of a promotion, or brings the open one up to date. Run twice it does nothing
//! twice; it never goes back to an older version.

use model::ChartVersion;

use super::Wish;
use super::text::{body, title};
use crate::host::{Commit, Failed, Host, MAIN, Opening, Pull, While};
use crate::{LANE, Lane, Refused, is_range, pin_of, pin_path, set_pin};

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carried {
    /// A pull request was opened.
    Opened(Pull),
    /// The open one now carries this version instead of the older one.
    Superseded {
        /// The pull request.
        pull: Pull,
        /// What it carried until now.
        older: ChartVersion,
    },
    /// Nothing, and why.
    Nothing(String),
}

impl Carried {
    /// It, in a sentence.
    #[must_use]
    pub fn sentence(&self, wish: &Wish) -> String {
        let Wish { to, version, .. } = wish;
        let to = to.as_str();
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

/// Carries a release into an environment.
///
/// # Errors
/// When the lane, the wish or the manifest is not as it must be (nothing was changed then), or the host
/// fails.
pub async fn carry<H: Host>(host: &H, wish: &Wish) -> Result<Carried, Failed<H::Error>> {
    let main = host.head(MAIN).await.while_("reading main")?;
    let main = main.ok_or_else(|| Refused::new("the repository has no branch main"))?;
    let lane = host.file(&main, LANE).await.while_("reading the lane")?;
    let lane = lane.ok_or_else(|| Refused::new(format!("{LANE} is missing")))?;
    let lane = Lane::read(&lane)?;
    let Wish {
        from, to, version, ..
    } = wish;
    if lane.after(from.as_str()) != Some(to) {
        return Err(Refused::new(format!(
            "{} does not follow {} on the lane; {LANE} says what does",
            to.as_str(),
            from.as_str()
        ))
        .into());
    }
    let path = pin_path(to);
    let manifest = host
        .file(&main, &path)
        .await
        .while_("reading what is pinned")?;
    let manifest = manifest.ok_or_else(|| Refused::new(format!("{path} is missing")))?;
    let pinned = pin_of(&path, &manifest)?.text;
    if is_range(&pinned) {
        return Ok(Carried::Nothing(format!(
            "{} follows {pinned} by itself",
            to.as_str()
        )));
    }
    let pinned =
        ChartVersion::parse(&pinned).map_err(|error| Refused::new(format!("{path}: {error}")))?;
    if let Some(why) = no_increase(&format!("{to} has"), &pinned, version) {
        return Ok(Carried::Nothing(why));
    }
    let change = Change {
        path: &path,
        text: set_pin(&path, &manifest, version)?,
        opening: Opening {
            branch: lane.branch(to),
            title: title(&lane, to, version),
            body: body(&host.page(), &lane, wish, &pinned),
        },
        main: &main,
    };
    match host
        .pull(&change.opening.branch)
        .await
        .while_("looking for the pull request")?
    {
        Some(pull) => supersede(host, wish, &manifest, pull, change).await,
        None => {
            let Opening { branch, title, .. } = &change.opening;
            let declined = host
                .declined(branch, title)
                .await
                .while_("looking for what was declined")?;
            if let (Some(number), false) = (declined, wish.insists) {
                return Ok(Carried::Nothing(format!(
                    "#{number} with {version} was closed without a merge; open it again if that was a mistake"
                )));
            }
            Ok(Carried::Opened(open(host, change).await?))
        }
    }
}

struct Change<'a> {
    path: &'a str,
    text: String,
    opening: Opening,
    main: &'a str,
}

impl Change<'_> {
    fn on(&self, expected_head: &str) -> Commit {
        Commit {
            branch: self.opening.branch.clone(),
            expected_head: expected_head.to_owned(),
            message: self.opening.title.clone(),
            files: vec![(self.path.to_owned(), self.text.clone())],
        }
    }
}

async fn open<H: Host>(host: &H, change: Change<'_>) -> Result<Pull, Failed<H::Error>> {
    let branch = &change.opening.branch;
    // What an earlier promotion left behind.
    if host
        .head(branch)
        .await
        .while_("looking for the branch")?
        .is_some()
    {
        host.delete_branch(branch)
            .await
            .while_("removing the old branch")?;
    }
    host.create_branch(branch, change.main)
        .await
        .while_("creating the branch")?;
    host.commit(change.on(change.main))
        .await
        .while_("committing the version")?;
    host.open(change.opening)
        .await
        .while_("opening the pull request")
}

async fn supersede<H: Host>(
    host: &H,
    wish: &Wish,
    manifest: &str,
    pull: Pull,
    change: Change<'_>,
) -> Result<Carried, Failed<H::Error>> {
    let version = &wish.version;
    let path = change.path;
    let there = host
        .file(&pull.head, path)
        .await
        .while_("reading the pull request")?;
    let older = there.and_then(|text| {
        let pin = pin_of(path, &text).ok()?;
        ChartVersion::parse(&pin.text).ok()
    });
    let Some(older) = older else {
        return Err(Refused::new(format!(
            "#{} changes {path} into something that pins no version; close it",
            pull.number
        ))
        .into());
    };
    if let Some(why) = no_increase(&format!("#{} promotes", pull.number), &older, version) {
        return Ok(Carried::Nothing(why));
    }
    let words = format!(
        "{older} is superseded by **{version}**, which is proven in {} now. What was approved here \
         until now was {older}: please look again.",
        wish.from.as_str()
    );
    let base = host
        .merge_base(change.main, &pull.head)
        .await
        .while_("comparing with main")?;
    let was = host
        .file(&base, path)
        .await
        .while_("reading where it began")?;
    let pull = if was.as_deref() == Some(manifest) {
        let head = host
            .commit(change.on(&pull.head))
            .await
            .while_("committing the version")?;
        host.rewrite(pull.number, &change.opening)
            .await
            .while_("rewriting the pull request")?;
        host.comment(pull.number, &words)
            .await
            .while_("commenting the pull request")?;
        Pull { head, ..pull }
    } else {
        // It began from another state of the file than main has, and could not be merged.
        host.comment(pull.number, &words)
            .await
            .while_("commenting the pull request")?;
        host.close(pull.number)
            .await
            .while_("closing the old pull request")?;
        open(host, change).await?
    };
    Ok(Carried::Superseded { pull, older })
}

/// Why a version is not carried over another; `holder` begins the sentence, such as `stg has`.
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
