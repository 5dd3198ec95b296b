//! One attempt of one person: its intent, which is used once, its place in the journal, and its outcome.

use std::time::Duration;

use model::api::{ActionResult, PromotionCard};
use model::journal::{Entry, Event};
use model::pipeline::RepositoryName;
use model::promotion::{Actor, RepositoryPermission};
use serde_json::Value;
use tokio::time::Instant;

use super::super::reading::Reading;
use super::super::{ActionError, card};
use super::decide::{AbortReason, Action};
use crate::app::AppState;
use crate::auth::Person;
use crate::auth::intent::{Intent, IntentError, Subject};
use crate::github::Credentials;
use crate::journal::ActionKey;

/// How long a repeated request waits for the outcome of the first one, which may still be under way.
const REPLAY_TIMEOUT: Duration = Duration::from_secs(20);
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// A request whose intent is authentic, the person's own, and was consumed by this request.
pub(super) struct ApprovalAttempt<'a> {
    pub(super) app: &'a AppState,
    pub(super) action: Action,
    person: &'a Person,
    intent: Intent,
}

/// The first use of an intent, or a repeated one.
pub(super) enum IntentUse<'a> {
    Fresh(Box<ApprovalAttempt<'a>>),
    /// The intent was used before, with this outcome.
    Replayed(Box<ActionResult>),
}

impl<'a> ApprovalAttempt<'a> {
    /// Verifies and consumes an intent. A repeated use waits for the outcome of the first one.
    pub(super) async fn begin(
        app: &'a AppState,
        person: &'a Person,
        repository: &RepositoryName,
        number: u64,
        intent: &str,
        action: Action,
    ) -> Result<IntentUse<'a>, ActionError> {
        let changed = async |code, why: &str| {
            let card = card(app, Some(person), repository, number).await?;
            Err(ActionError::Changed {
                code,
                why: why.to_owned(),
                card: Box::new(card),
            })
        };
        let intent = match app.auth.intents.verify(intent, app.clock.now()) {
            Ok(intent) => intent,
            Err(IntentError::Forged) => return Err(ActionError::ForgedIntent),
            Err(IntentError::Expired) => {
                let why = "You looked at this more than five minutes ago. Look again, then decide.";
                return changed("intent_expired", why).await;
            }
        };
        if !is_for(&intent.subject, person.viewer.id, repository, number) {
            return Err(ActionError::ForgedIntent);
        }
        let user = person.viewer.id;
        let consumed = app
            .journal
            .consume_intent(&intent.id, user, intent.expires_at);
        let is_first = consumed.await?;
        let attempt = Self {
            app,
            action,
            person,
            intent,
        };
        if is_first {
            return Ok(IntentUse::Fresh(Box::new(attempt)));
        }
        match attempt.outcome().await? {
            Some(result) => Ok(IntentUse::Replayed(Box::new(result))),
            None => {
                let why =
                    "This was tapped before, and it was not done then. This is how it stands.";
                changed("intent_used", why).await
            }
        }
    }

    /// Returns what the person saw.
    pub(super) fn subject(&self) -> &Subject {
        &self.intent.subject
    }

    pub(super) fn credentials(&self) -> Credentials<'a> {
        Credentials::Person(&self.person.token)
    }

    /// Reads the pull request from GitHub.
    pub(super) async fn read(&self) -> Result<Reading, ActionError> {
        let (app, subject) = (self.app, self.subject());
        Reading::new(app, Some(self.person), &subject.repository, subject.number).await
    }

    /// Returns the person with their permission at the time of the reading.
    pub(super) fn actor(&self, reading: &Reading) -> Actor {
        reading.actor.clone().unwrap_or_else(|| Actor {
            login: self.person.viewer.login.clone(),
            permission: RepositoryPermission::None,
        })
    }

    pub(super) async fn card(&self, reading: Reading) -> Box<PromotionCard> {
        Box::new(card::of(self.app, Some(self.person), reading).await)
    }

    /// Returns the result of an attempt that ends with its review.
    pub(super) async fn reviewed(&self, sentence: String, reading: Reading) -> ActionResult {
        ActionResult {
            sentence,
            reviewed: true,
            merged: false,
            merge_commit: None,
            card: Some(self.card(reading).await),
        }
    }

    /// Returns the error of an attempt that is aborted, with the card of the last reading.
    pub(super) async fn abort(&self, reason: AbortReason, reading: Reading) -> ActionError {
        match reason {
            AbortReason::Changed { code, why } => {
                let card = self.card(reading).await;
                ActionError::Changed { code, why, card }
            }
            AbortReason::RulesUnmet(why) => {
                let card = self.card(reading).await;
                ActionError::RulesUnmet { why, card }
            }
            AbortReason::NotPermitted { code, why } => ActionError::NotPermitted { code, why },
            AbortReason::GitHub(error) => error.into(),
        }
    }

    /// Journals what the person ordered, before anything is sent to GitHub.
    pub(super) async fn journal_intended(&self, reading: &Reading) -> Result<(), ActionError> {
        let (action, subject) = (self.action.name(), self.subject());
        let sentence = format!(
            "@{} ordered: {} #{} at {}.",
            self.person.viewer.login,
            action.replace('_', " "),
            subject.number,
            subject.head.short()
        );
        let event = Event::Intended {
            action: action.into(),
            number: subject.number,
            head: subject.head.to_string(),
        };
        let pipeline = &reading.pipeline.spec().name;
        let entry = Entry::new(pipeline, event, self.app.clock.now())
            .environment(reading.environment().name.clone())
            .release(reading.promotion.release.clone())
            .by(self.person.viewer.login.clone())
            .sentence(sentence)
            .key(format!("intended {}", self.intent.id));
        self.app.journal.append(&[entry]).await?;
        Ok(())
    }

    /// Journals how the attempt ended. GitHub has acted: a journal that fails now changes nothing about the
    /// result.
    pub(super) async fn journal_done(&self, result: &Result<ActionResult, ActionError>) {
        let subject = self.subject();
        let event = Event::Done {
            action: self.action.name().into(),
            number: subject.number,
            ok: result.is_ok(),
        };
        let sentence = match result {
            Ok(result) => result.sentence.clone(),
            Err(error) => format!("Not done: {error}"),
        };
        let mut pipelines = self.app.boards.pipelines();
        let pipeline = pipelines.find(|pipeline| pipeline.spec().repository == subject.repository);
        let Some(pipeline) = pipeline else { return };
        let entry = Entry::new(&pipeline.spec().name, event, self.app.clock.now())
            .by(self.person.viewer.login.clone())
            .sentence(sentence)
            .key(format!("done {}", self.intent.id));
        if let Err(error) = self.app.journal.append(&[entry]).await {
            tracing::error!(%error, intent = %self.intent.id, "how an order ended cannot be journaled");
        }
    }

    /// Stores the outcome, so that a repeated request gets the same answer. As in [`Self::journal_done`], a
    /// journal that fails must not make done look like not done.
    pub(super) async fn store_outcome(
        &self,
        result: &Result<ActionResult, ActionError>,
    ) -> Result<(), ActionError> {
        let outcome = match result {
            Ok(result) => serde_json::to_value(result)?,
            Err(_) => Value::Null,
        };
        if let Err(error) = self.app.journal.store_outcome(&self.key(), &outcome).await {
            tracing::error!(%error, intent = %self.intent.id, "an outcome cannot be kept");
        }
        let repository = &self.subject().repository;
        self.app.boards.look_at_repository(repository);
        Ok(())
    }

    /// Waits for the outcome of the first request; `None` where it was not done.
    async fn outcome(&self) -> Result<Option<ActionResult>, ActionError> {
        let deadline = Instant::now() + REPLAY_TIMEOUT;
        while Instant::now() < deadline {
            match self.app.journal.outcome(&self.key()).await? {
                Some(Value::Null) => return Ok(None),
                Some(outcome) => return Ok(Some(serde_json::from_value(outcome)?)),
                None => tokio::time::sleep(POLL_INTERVAL).await,
            }
        }
        Ok(None)
    }

    fn key(&self) -> ActionKey {
        let subject = self.subject();
        ActionKey {
            user: subject.user,
            repository: subject.repository.clone(),
            number: subject.number,
            head: subject.head.clone(),
            // One key for each intent: a person who was rejected may try again with a new one.
            action: format!("intent {}", self.intent.id),
        }
    }
}

/// Whether an intent was given to this user for this pull request.
fn is_for(subject: &Subject, user: u64, repository: &RepositoryName, number: u64) -> bool {
    subject.user == user && subject.repository == *repository && subject.number == number
}

#[cfg(test)]
mod tests {
    use model::CommitId;

    use super::*;

    #[test]
    fn an_intent_is_for_one_user_and_one_pull_request() {
        let home = |name: &str| RepositoryName {
            owner: "demo".into(),
            name: name.into(),
        };
        let subject = Subject {
            user: 7,
            repository: home("podinfo"),
            number: 64,
            head: CommitId::new("a"),
            base_ref: "main".into(),
            base: CommitId::new("b"),
            diff_digest: String::new(),
            method: "merge".into(),
        };
        assert!(is_for(&subject, 7, &home("podinfo"), 64));
        assert!(!is_for(&subject, 8, &home("podinfo"), 64));
        assert!(!is_for(&subject, 7, &home("other"), 64));
        assert!(!is_for(&subject, 7, &home("podinfo"), 65));
    }
}
