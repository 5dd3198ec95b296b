//! Approve, merge or refuse a promotion: a state machine, in the order of its transitions.
//!
//! ```text
//! intent ── verify, consume ──► ApprovalAttempt            (replayed: the stored outcome)
//!        ── read GitHub ──────► Read
//!        ── compare, journal ─► Checked
//!        ── review ───────────► Reviewed ── read again ──► Confirmed
//!        ── merge ────────────► Merged   ── verify ──────► ActionResult
//! ```
//!
//! Approving ends at `Confirmed`, refusing at `Reviewed`; a merge without a review enters `Confirmed`
//! from `Checked`. Each transition consumes the state before, so that no step can be left out. What decides
//! is in `decide`, as functions of values; the intent, the journal and the outcome are in `attempt`. Nothing
//! is sent twice: an answer that was lost is replaced by reading.

mod attempt;
mod decide;

use model::CommitId;
use model::api::{ActionResult, Approve, Refuse};
use model::pipeline::RepositoryName;
use model::promotion::Actor;

use self::attempt::{ApprovalAttempt, IntentUse};
use self::decide::{Action, ApprovalPath};
use super::ActionError;
use super::reading::Reading;
use crate::app::AppState;
use crate::auth::Person;
use crate::github;

/// Approves a pull request, and merges it where the request says so.
///
/// # Errors
/// `Changed` where GitHub shows something else than the person saw, `NotPermitted`, `RulesUnmet`, or the
/// error of a call to GitHub.
pub async fn approve(
    app: &AppState,
    person: &Person,
    repository: &RepositoryName,
    number: u64,
    request: Approve,
) -> Result<ActionResult, ActionError> {
    let action = if request.merge {
        Action::ApproveAndMerge
    } else {
        Action::Approve
    };
    let comment = request.comment.unwrap_or_default();
    let used = ApprovalAttempt::begin(app, person, repository, number, &request.intent, action);
    carry_out(used.await?, &comment).await
}

/// Refuses a promotion: a review that asks for changes, with the reason.
///
/// # Errors
/// `Incomplete` without a reason; else as [`approve`].
pub async fn refuse(
    app: &AppState,
    person: &Person,
    repository: &RepositoryName,
    number: u64,
    request: Refuse,
) -> Result<ActionResult, ActionError> {
    let comment = request.comment.trim();
    if comment.is_empty() {
        let why = "Say why: the words are shown on the pull request.";
        return Err(ActionError::Incomplete(why.into()));
    }
    let intent = &request.intent;
    let used = ApprovalAttempt::begin(app, person, repository, number, intent, Action::Refuse);
    carry_out(used.await?, comment).await
}

/// Runs an attempt to its end and stores the outcome, which answers every later use of the intent.
async fn carry_out(used: IntentUse<'_>, comment: &str) -> Result<ActionResult, ActionError> {
    let attempt = match used {
        IntentUse::Replayed(result) => return Ok(*result),
        IntentUse::Fresh(attempt) => attempt,
    };
    let result = match check(&attempt).await {
        Ok(checked) => {
            let result = checked.follow_path(comment).await;
            attempt.journal_done(&result).await;
            result
        }
        Err(error) => Err(error),
    };
    attempt.store_outcome(&result).await?;
    result
}

async fn check<'a>(attempt: &'a ApprovalAttempt<'a>) -> Result<Checked<'a>, ActionError> {
    Read::new(attempt).await?.check().await
}

/// The pull request as GitHub shows it after the intent was consumed.
struct Read<'a> {
    attempt: &'a ApprovalAttempt<'a>,
    reading: Reading,
}

/// GitHub shows what the person saw, and the journal holds what they ordered.
struct Checked<'a> {
    attempt: &'a ApprovalAttempt<'a>,
    reading: Reading,
    actor: Actor,
}

/// The review was given, and the pull request was read again.
struct Reviewed<'a> {
    attempt: &'a ApprovalAttempt<'a>,
    reading: Reading,
    /// `None` where the answer was lost and the review was found by reading.
    review: Option<u64>,
}

/// The head is still the one that the person saw, after the review or without one.
struct Confirmed<'a> {
    attempt: &'a ApprovalAttempt<'a>,
    reading: Reading,
    reviewed: bool,
}

/// GitHub merged the pull request.
struct Merged<'a> {
    attempt: &'a ApprovalAttempt<'a>,
    /// The reading before the merge.
    before: Reading,
    reviewed: bool,
    commit: CommitId,
}

impl<'a> Read<'a> {
    async fn new(attempt: &'a ApprovalAttempt<'a>) -> Result<Self, ActionError> {
        let reading = attempt.read().await?;
        Ok(Self { attempt, reading })
    }

    /// Compares with what the person saw, and journals the order before anything is sent.
    async fn check(self) -> Result<Checked<'a>, ActionError> {
        let Self { attempt, reading } = self;
        let digest = reading.digest();
        if let Err(reason) = decide::unchanged(attempt.subject(), &reading.promotion, &digest) {
            return Err(attempt.abort(reason, reading).await);
        }
        attempt.journal_intended(&reading).await?;
        Ok(Checked {
            attempt,
            actor: attempt.actor(&reading),
            reading,
        })
    }
}

impl<'a> Checked<'a> {
    async fn follow_path(self, comment: &str) -> Result<ActionResult, ActionError> {
        match decide::path(self.attempt.action, &self.reading.promotion, &self.actor) {
            Ok(ApprovalPath::Approve) => {
                let confirmed = self.review(true, comment).await?.confirm().await?;
                Ok(confirmed.approved().await)
            }
            Ok(ApprovalPath::ApproveAndMerge) => {
                let confirmed = self.review(true, comment).await?.confirm().await?;
                Ok(confirmed.merge().await?.verify().await)
            }
            Ok(ApprovalPath::Merge) => Ok(self.without_review().merge().await?.verify().await),
            Ok(ApprovalPath::Refuse) => Ok(self.review(false, comment).await?.refused().await),
            Err(reason) => Err(self.attempt.abort(reason, self.reading).await),
        }
    }

    /// Gives the review, bound to the head that the person saw, and reads again.
    async fn review(self, approves: bool, comment: &str) -> Result<Reviewed<'a>, ActionError> {
        let (attempt, subject) = (self.attempt, self.attempt.subject());
        let given = attempt.app.github.review(
            attempt.credentials(),
            &subject.repository,
            subject.number,
            &subject.head,
            approves,
            comment,
        );
        // Only a lost answer leaves open whether the review was given.
        let given = match given.await {
            Ok(id) => Ok(id),
            Err(lost @ github::Error::Unavailable { .. }) => Err(lost),
            Err(error) => return Err(error.into()),
        };
        let reading = attempt.read().await?;
        let head = approves.then_some(&subject.head);
        let login = &self.actor.login;
        let review = decide::review_given(given, &reading.promotion, login, head)?;
        Ok(Reviewed {
            attempt,
            reading,
            review,
        })
    }

    fn without_review(self) -> Confirmed<'a> {
        Confirmed {
            attempt: self.attempt,
            reading: self.reading,
            reviewed: false,
        }
    }
}

impl<'a> Reviewed<'a> {
    /// Takes the approval back where the head moved: it may count for newer code than the person saw.
    async fn confirm(self) -> Result<Confirmed<'a>, ActionError> {
        let Self {
            attempt,
            reading,
            review,
        } = self;
        let (subject, now) = (attempt.subject(), &reading.promotion.head);
        if *now == subject.head {
            return Ok(Confirmed {
                attempt,
                reading,
                reviewed: true,
            });
        }
        let dismissed = match review {
            Some(review) => {
                let why = decide::why_dismissed(&subject.head, now);
                let (repository, number) = (&subject.repository, subject.number);
                let github = &attempt.app.github;
                github
                    .dismiss(attempt.credentials(), repository, number, review, &why)
                    .await
                    .inspect_err(|error| tracing::error!(%error, number, "an approval of an older head cannot be taken back"))
                    .is_ok()
            }
            None => false,
        };
        let reason = decide::moved_while_approving(now, dismissed);
        Err(attempt.abort(reason, reading).await)
    }

    async fn refused(self) -> ActionResult {
        let subject = self.attempt.subject();
        let sentence = format!("Refused #{} at {}.", subject.number, subject.head.short());
        self.attempt.reviewed(sentence, self.reading).await
    }
}

impl<'a> Confirmed<'a> {
    async fn approved(self) -> ActionResult {
        let subject = self.attempt.subject();
        let sentence = format!("Approved #{} at {}.", subject.number, subject.head.short());
        self.attempt.reviewed(sentence, self.reading).await
    }

    /// Merges exactly the head that the person saw. An answer that was lost is replaced by reading.
    async fn merge(self) -> Result<Merged<'a>, ActionError> {
        let (attempt, subject) = (self.attempt, self.attempt.subject());
        let answer = attempt.app.github.merge(
            attempt.credentials(),
            &subject.repository,
            subject.number,
            &subject.head,
            &subject.method,
        );
        let commit = match answer.await {
            Ok(commit) => commit,
            Err(error) => {
                let now = attempt.read().await?;
                match decide::merge_found(error, &now.promotion, &subject.head, self.reviewed) {
                    Ok(commit) => commit,
                    Err(reason) => return Err(attempt.abort(reason, now).await),
                }
            }
        };
        Ok(Merged {
            attempt,
            before: self.reading,
            reviewed: self.reviewed,
            commit,
        })
    }
}

impl Merged<'_> {
    /// Verifies that the merge joined what the person saw with the branch, and reads the card again.
    async fn verify(self) -> ActionResult {
        let doubt = self.doubt().await;
        let done = if self.reviewed {
            "Approved and merged"
        } else {
            "Merged"
        };
        let (what, into) = (self.before.what(), &self.before.environment().name);
        let sentence = format!("{done}: {what} is on its way into {into}.{doubt}");
        let card = match self.attempt.read().await {
            Ok(reading) => Some(self.attempt.card(reading).await),
            // The merge stands, whether its card can be shown or not.
            Err(error) => {
                tracing::warn!(%error, "the card after a merge cannot be read");
                None
            }
        };
        ActionResult {
            sentence,
            reviewed: self.reviewed,
            merged: true,
            merge_commit: Some(self.commit),
            card,
        }
    }

    /// Compares the parents of a merge commit with head and base: GitHub guards the head, but nothing guards
    /// the base. Returns a sentence for the person where the head is another, else nothing.
    async fn doubt(&self) -> String {
        let (subject, commit) = (self.attempt.subject(), &self.commit);
        if subject.method != "merge" {
            return String::new();
        }
        let credentials = self.attempt.credentials();
        let github = &self.attempt.app.github;
        let parents = github.parents(credentials, &subject.repository, commit);
        let parents = match parents.await {
            Ok(parents) => parents,
            Err(error) => {
                tracing::warn!(%commit, %error, "the parents of a merge cannot be checked");
                return String::new();
            }
        };
        let (head, base) = (&subject.head, &self.before.promotion.base);
        if let Some(doubt) = decide::merge_doubt(&parents, head, commit) {
            tracing::error!(%commit, ?parents, %head, "a merge did not join what was approved");
            return doubt;
        }
        if parents.first() != Some(base) {
            // Normal when another environment was promoted in between; the diff was compared.
            tracing::info!(%commit, ?parents, %base, "the base moved before the merge");
        }
        String::new()
    }
}
