//! The exact-commit protocol: what every write to a pull request goes through.
//!
//! An order carries an intent that is bound to what its person saw. It is used once; what it is bound to
//! is read again before anything is sent; intent and outcome are journaled. Nothing is sent twice.

use std::time::Duration;

use model::api::{ActionResult, PromotionCard};
use model::journal::{Entry, Event};
use model::pipeline::RepositoryName;
use model::promotion::{Actor, PromotionState, RepositoryPermission};
use serde_json::Value;

use super::permits::is_author;
use super::reading::Reading;
use super::{ActionError, card};
use crate::app::App;
use crate::auth::Person;
use crate::auth::intent::{Intent, IntentError};
use crate::github::Acting;
use crate::journal::ActionKey;

/// How long a second tap waits for the outcome of the first one, which may still be under way.
const PATIENCE: Duration = Duration::from_secs(20);
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// One order of one person, whose intent is theirs and has not been used before.
pub(super) struct Order<'a> {
    pub(super) app: &'a App,
    pub(super) person: &'a Person,
    pub(super) intent: Intent,
    /// `approve`, `approve_and_merge`, `merge` or `refuse`.
    pub(super) action: &'static str,
}

/// What became of an intent that a tap carries.
pub(super) enum Taken<'a> {
    /// It is this tap's to act on.
    Now(Box<Order<'a>>),
    /// It was used before, and this is what came of it.
    Before(Box<ActionResult>),
}

impl<'a> Order<'a> {
    /// Verifies and uses up the intent of a tap.
    pub(super) async fn take(
        app: &'a App,
        person: &'a Person,
        repository: &RepositoryName,
        number: u64,
        intent: &str,
        action: &'static str,
    ) -> Result<Taken<'a>, ActionError> {
        let intent = match app.access.intents.verify(intent, app.clock.now()) {
            Ok(intent) => intent,
            Err(IntentError::Forged) => return Err(ActionError::ForgedIntent),
            Err(IntentError::Expired) => {
                return Err(ActionError::Changed {
                    code: "intent_expired",
                    why: "You looked at this more than five minutes ago. Look again, then decide."
                        .into(),
                    card: Box::new(card(app, Some(person), repository, number).await?),
                });
            }
        };
        let subject = &intent.subject;
        let is_theirs = subject.user == person.viewer.id
            && subject.repository == *repository
            && subject.number == number;
        if !is_theirs {
            return Err(ActionError::ForgedIntent);
        }
        let order = Self {
            app,
            person,
            intent,
            action,
        };
        let intent = &order.intent;
        let first = app
            .journal
            .consume_intent(&intent.id, person.viewer.id, intent.expires_at)
            .await?;
        if first {
            return Ok(Taken::Now(Box::new(order)));
        }
        match order.outcome().await? {
            Some(result) => Ok(Taken::Before(Box::new(result))),
            None => Err(ActionError::Changed {
                code: "intent_used",
                why: "This was tapped before, and it was not done then. This is how it stands."
                    .into(),
                card: Box::new(card(app, Some(person), repository, number).await?),
            }),
        }
    }

    /// Reads again, refuses where anything changed, and writes the intent down before anything is sent.
    pub(super) async fn begin(&self) -> Result<Reading, ActionError> {
        let reading = self.unchanged(self.read().await?).await?;
        self.note_intended(&reading).await?;
        Ok(reading)
    }

    /// Keeps what the order came to, so that a second tap gets the same answer.
    pub(super) async fn end(
        &self,
        result: Result<ActionResult, ActionError>,
    ) -> Result<ActionResult, ActionError> {
        let outcome = match &result {
            Ok(result) => serde_json::to_value(result)?,
            Err(_) => Value::Null,
        };
        // GitHub has answered; a journal that fails now must not make done look like not done. What was
        // intended is written down already, and reading GitHub tells what came of it.
        if let Err(error) = self.app.journal.store_outcome(&self.key(), &outcome).await {
            tracing::error!(%error, intent = %self.intent.id, "an outcome cannot be kept");
        }
        let repository = &self.intent.subject.repository;
        self.app.boards.look_at_repository(repository);
        result
    }

    /// As whom the order is carried out.
    pub(super) fn acting(&self) -> Acting<'a> {
        Acting::Person(&self.person.token)
    }

    /// Reads the pull request again.
    pub(super) async fn read(&self) -> Result<Reading, ActionError> {
        let subject = &self.intent.subject;
        Reading::new(
            self.app,
            Some(self.person),
            &subject.repository,
            subject.number,
        )
        .await
    }

    /// The card of what was just read.
    pub(super) async fn card(&self, reading: Reading) -> Box<PromotionCard> {
        Box::new(card::of(self.app, Some(self.person), reading).await)
    }

    /// Gives the reading back unless anything that the person saw has changed.
    ///
    /// The commit of the base branch is not compared: it moves whenever another environment is promoted.
    /// What counts is where this goes and what it changes there, and a moved base that changes that
    /// changes the diff.
    pub(super) async fn unchanged(&self, reading: Reading) -> Result<Reading, ActionError> {
        let (subject, promotion) = (&self.intent.subject, &reading.promotion);
        let (code, why) = if promotion.state != PromotionState::Open {
            let how = if promotion.state == PromotionState::Merged {
                "merged"
            } else {
                "closed"
            };
            ("not_open", format!("It has been {how} in the meantime."))
        } else if promotion.head != subject.head {
            (
                "head_moved",
                format!(
                    "You saw {}; now it is {}. Nothing was done: look at what is new.",
                    subject.head.short(),
                    promotion.head.short()
                ),
            )
        } else if promotion.base_ref != subject.base_ref {
            (
                "base_changed",
                format!(
                    "It was to go into {}; now it would go into {}. Nothing was done.",
                    subject.base_ref, promotion.base_ref
                ),
            )
        } else if reading.digest() != subject.diff_digest {
            (
                "diff_changed",
                "It now changes something else than you saw. Nothing was done.".to_owned(),
            )
        } else {
            return Ok(reading);
        };
        let card = self.card(reading).await;
        Err(ActionError::Changed { code, why, card })
    }

    /// The person with regard to the repository, as just read.
    pub(super) fn actor(&self, reading: &Reading) -> Actor {
        reading.actor.clone().unwrap_or_else(|| Actor {
            login: self.person.viewer.login.clone(),
            permission: RepositoryPermission::None,
        })
    }

    /// The refusal of something that the person may not, or that nobody may now.
    pub(super) async fn refused(&self, why: String, reading: Reading) -> ActionError {
        let actor = self.actor(&reading);
        if is_author(&reading.promotion, &actor) {
            let code = "own_pull_request";
            return ActionError::NotPermitted { code, why };
        }
        if actor.permission < RepositoryPermission::Write {
            let code = "no_write_access";
            return ActionError::NotPermitted { code, why };
        }
        let card = self.card(reading).await;
        ActionError::RulesUnmet { why, card }
    }

    fn key(&self) -> ActionKey {
        let subject = &self.intent.subject;
        ActionKey {
            user: subject.user,
            repository: subject.repository.clone(),
            number: subject.number,
            head: subject.head.clone(),
            // One key for each intent: who is refused today may try again with a new one.
            action: format!("intent {}", self.intent.id),
        }
    }

    /// What came of the first tap, waiting for it while it is under way; `None` where it was not done.
    async fn outcome(&self) -> Result<Option<ActionResult>, ActionError> {
        let stalled = tokio::time::Instant::now() + PATIENCE;
        while tokio::time::Instant::now() < stalled {
            match self.app.journal.outcome(&self.key()).await? {
                Some(Value::Null) => return Ok(None),
                Some(outcome) => return Ok(Some(serde_json::from_value(outcome)?)),
                None => tokio::time::sleep(BETWEEN_LOOKS).await,
            }
        }
        Ok(None)
    }

    async fn note_intended(&self, reading: &Reading) -> Result<(), ActionError> {
        let subject = &self.intent.subject;
        let sentence = format!(
            "@{} ordered: {} #{} at {}.",
            self.person.viewer.login,
            self.action.replace('_', " "),
            subject.number,
            subject.head.short()
        );
        let event = Event::Intended {
            action: self.action.into(),
            number: subject.number,
            head: subject.head.to_string(),
        };
        self.note(Some(reading), event, sentence, "intended").await
    }

    /// Writes down how the order ended, after GitHub answered.
    pub(super) async fn note_done(&self, result: &Result<ActionResult, ActionError>) {
        let sentence = match result {
            Ok(result) => result.sentence.clone(),
            Err(error) => format!("Not done: {error}"),
        };
        let event = Event::Done {
            action: self.action.into(),
            number: self.intent.subject.number,
            ok: result.is_ok(),
        };
        // As in `end`: what GitHub did stands, whether the journal takes it or not.
        if let Err(error) = self.note(None, event, sentence, "done").await {
            tracing::error!(%error, intent = %self.intent.id, "how an order ended cannot be journaled");
        }
    }

    async fn note(
        &self,
        reading: Option<&Reading>,
        event: Event,
        sentence: String,
        key: &str,
    ) -> Result<(), ActionError> {
        let now = self.app.clock.now();
        let subject = &self.intent.subject;
        let lane = self
            .app
            .boards
            .lanes()
            .find(|lane| lane.spec().repository == subject.repository);
        let pipeline = reading.map(|reading| &reading.lane).or(lane);
        let Some(pipeline) = pipeline.map(|lane| lane.spec().name.clone()) else {
            return Ok(());
        };
        let entry = Entry {
            id: 0,
            at: now,
            written_at: now,
            pipeline,
            environment: reading.map(|reading| reading.environment().name.clone()),
            release: reading.and_then(|reading| reading.promotion.release.clone()),
            colour: None,
            who: Some(self.person.viewer.login.clone()),
            source: "weft".into(),
            sentence,
            event,
            key: format!("{key} {}", self.intent.id),
        };
        self.app.journal.append(&[entry]).await?;
        Ok(())
    }
}
