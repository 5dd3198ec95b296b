//! The state of the promotion page, and its requests.

use crate::data::{ActionResult, PromotionCard};
use model::api::{Approve, Refuse};
use serde::Serialize;

use crate::api::{self, ApiError};
use crate::erased::{ErasedSignal, spawn_local};

/// The card, the decision in progress, and how the last one ended.
#[derive(Clone, Copy, Default)]
pub struct Approval {
    /// The path of the promotion in the HTTP interface.
    path: ErasedSignal<String>,
    /// The newest card; `None` until one was read.
    pub card: ErasedSignal<Option<PromotionCard>>,
    /// The error of the last request, where it failed.
    pub error: ErasedSignal<Option<ApiError>>,
    /// The outcome of the last decision, for screen readers.
    pub message: ErasedSignal<String>,
    /// Whether the last decision was for an older head than the card's.
    pub head_moved: ErasedSignal<bool>,
    /// Whether a decision is being sent.
    pub busy: ErasedSignal<bool>,
    /// Whether the reason for a refusal is being written. Outlives the bar, which is rendered again with every card.
    pub refusing: ErasedSignal<bool>,
    /// The reason, as far as it is written.
    pub comment: ErasedSignal<String>,
}

impl Approval {
    /// Nothing has been read yet.
    pub fn new(path: String) -> Self {
        Self {
            path: ErasedSignal::new(path),
            ..Self::default()
        }
    }

    /// Reads the card.
    pub fn read(self) {
        let path = self.path.get_untracked();
        spawn_local(async move {
            match api::get::<PromotionCard>(&path).await {
                Ok(card) => {
                    self.error.set(None);
                    self.card.set(Some(card));
                }
                Err(error) => self.error.set(Some(error)),
            }
        });
    }

    /// Approves the card's head, and merges it if `merge` is set.
    pub fn approve(self, intent: String, merge: bool, csrf: Option<String>) {
        let body = Approve {
            intent,
            comment: None,
            merge,
        };
        self.send("approve", body, csrf);
    }

    /// Refuses the card's head with the comment.
    pub fn refuse(self, intent: String, csrf: Option<String>) {
        let comment = self.comment.get_untracked();
        self.send("refuse", Refuse { intent, comment }, csrf);
    }

    fn send(self, action: &str, body: impl Serialize + 'static, csrf: Option<String>) {
        let path = format!("{}/{action}", self.path.read_untracked());
        self.busy.set(true);
        spawn_local(async move {
            let answer = api::send("POST", &path, csrf.as_deref(), &body).await;
            self.finish(answer);
        });
    }

    fn finish(self, answer: Result<ActionResult, ApiError>) {
        self.busy.set(false);
        match answer {
            Ok(result) => {
                self.head_moved.set(false);
                self.refusing.set(false);
                self.error.set(None);
                self.message.set(result.sentence);
                if let Some(card) = result.card {
                    self.card.set(Some(*card));
                }
            }
            Err(ApiError::Problem(problem)) if problem.card.is_some() => {
                self.head_moved.set(true);
                self.message.set(problem.detail.clone());
                self.card.set(problem.card.map(|card| *card));
            }
            Err(error) => {
                self.message.set(error.sentence());
                self.error.set(Some(error));
            }
        }
    }
}
