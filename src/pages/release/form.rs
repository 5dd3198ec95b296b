//! The state of the release page, and its requests.

use gloo_timers::future::TimeoutFuture;
use model::Colour;
use model::api::{ReleasePlan, ReleaseStarted, ReleaseValues, StartRelease};
use model::pipeline::PipelineName;

use crate::api::{self, ApiError};
use crate::erased::{ErasedSignal, spawn_local};
use crate::format::capitalize;
use crate::router::{Router, encode_query};

/// How long to wait for more input before the plan is read, in milliseconds.
pub const DEBOUNCE: u32 = 250;

/// The fields, by their names in the server's query.
pub const FIELDS: [&str; 3] = ["colour", "version", "chart_version"];
/// The index of the colour in `FIELDS`.
pub const COLOUR: usize = 0;
/// The index of the app's version in `FIELDS`.
pub const VERSION: usize = 1;
/// The index of the chart's version in `FIELDS`.
pub const CHART_VERSION: usize = 2;

/// The text of a field.
pub fn field_text(values: &ReleaseValues, field: usize) -> String {
    match field {
        COLOUR => values.colour.to_string(),
        VERSION => values.version.clone(),
        _ => values.chart_version.to_string(),
    }
}

/// What is entered, the plan for it, and the request that starts it.
#[derive(Clone, Copy)]
pub struct ReleaseForm {
    router: Router,
    /// The path of the pipeline in the HTTP interface.
    path: ErasedSignal<String>,
    /// What is entered for each field; the server proposes a value for `None`.
    entered: [ErasedSignal<Option<String>>; FIELDS.len()],
    /// The last valid plan.
    pub plan: ErasedSignal<Option<ReleasePlan>>,
    /// Why the present values are not valid; empty where they are.
    pub invalid: ErasedSignal<String>,
    /// The fields that are not valid, by their names in the query.
    pub invalid_fields: ErasedSignal<Vec<String>>,
    /// The environment whose colour was taken; empty where none was.
    pub taken_from: ErasedSignal<String>,
    /// Counts the reads, so that the answer to an older one is dropped.
    last_request: ErasedSignal<u32>,
    /// Whether the plan is being read.
    pub reading: ErasedSignal<bool>,
    /// Whether the release is being started.
    pub busy: ErasedSignal<bool>,
    /// Why starting it failed; empty where it did not.
    pub error: ErasedSignal<String>,
    /// The last outcome, for screen readers.
    pub message: ErasedSignal<String>,
    /// The pull request, once there is one.
    pub started: ErasedSignal<Option<ReleaseStarted>>,
}

impl ReleaseForm {
    /// A form with the values of the address's query.
    pub fn new(pipeline: &PipelineName, router: Router) -> Self {
        let path = format!("api/v1/pipelines/{pipeline}");
        Self {
            router,
            path: ErasedSignal::new(path),
            entered: FIELDS.map(|field| ErasedSignal::new(router.query_value(field))),
            plan: ErasedSignal::new(None),
            invalid: ErasedSignal::new(String::new()),
            invalid_fields: ErasedSignal::new(Vec::new()),
            taken_from: ErasedSignal::new(String::new()),
            last_request: ErasedSignal::new(0),
            reading: ErasedSignal::new(false),
            busy: ErasedSignal::new(false),
            error: ErasedSignal::new(String::new()),
            message: ErasedSignal::new(String::new()),
            started: ErasedSignal::new(None),
        }
    }

    /// What a field shows.
    pub fn value(self, field: usize) -> String {
        let entered = self.entered[field].get();
        entered.unwrap_or_else(|| self.planned(field))
    }

    /// The value of a field in the plan.
    pub fn planned(self, field: usize) -> String {
        let planned = self.plan.map(|plan| field_text(&plan.values, field));
        planned.unwrap_or_default()
    }

    /// The colour that is entered, or the planned one as long as that is not a colour.
    pub fn colour(self) -> Option<Colour> {
        let entered = Colour::parse(&self.value(COLOUR)).ok();
        entered.or_else(|| self.plan.map(|plan| plan.values.colour))
    }

    /// Enters a value for a field.
    pub fn enter(self, field: usize, value: String) {
        self.entered[field].set(Some(value));
        self.error.set(String::new());
        self.read(DEBOUNCE);
    }

    /// What is entered, as a query.
    fn query(self) -> String {
        let entered = self
            .entered
            .map(|field| field.get_untracked().unwrap_or_default());
        encode_query(FIELDS.into_iter().zip(entered.iter().map(String::as_str)))
    }

    /// Reads the plan after `delay` milliseconds, unless it is read again in the meantime.
    pub fn read(self, delay: u32) {
        // What is being pushed, or was pushed, stays on the page.
        if self.busy.get_untracked() || self.started.with_untracked(Option::is_some) {
            return;
        }
        let request = self.last_request.get_untracked() + 1;
        self.last_request.set(request);
        self.reading.set(true);
        spawn_local(async move {
            let outdated = move || {
                self.last_request.is_disposed() || self.last_request.get_untracked() != request
            };
            TimeoutFuture::new(delay).await;
            if outdated() {
                return;
            }
            let query = self.query();
            let path = format!("{}/release?{query}", self.path.read_untracked());
            let answer = api::get::<ReleasePlan>(&path).await;
            if outdated() {
                return;
            }
            self.reading.set(false);
            self.router.replace_query(&query);
            match answer {
                Ok(plan) => {
                    let first = plan.edits.first();
                    let why = first.map(|edit| edit.why.clone()).unwrap_or_default();
                    self.message.set(format!("{}: {why}", plan.branch));
                    self.invalid.set(String::new());
                    self.invalid_fields.set(Vec::new());
                    self.plan.set(Some(plan));
                }
                // An invalid value is no failure of the server: there is no request id to quote.
                Err(ApiError::Problem(problem)) if problem.code == "refused" => {
                    self.invalid.set(capitalize(&problem.detail));
                    self.invalid_fields.set(problem.fields);
                }
                Err(error) => self.invalid.set(error.sentence()),
            }
        });
    }

    /// Starts the release as it is planned.
    pub fn start(self, csrf: Option<String>) {
        let plan = self.plan.read_untracked();
        let Some(ReleasePlan { base, values, .. }) = plan.as_ref() else {
            return;
        };
        let body = StartRelease {
            base: base.clone(),
            colour: values.colour.to_string(),
            version: values.version.clone(),
            chart_version: values.chart_version.to_string(),
        };
        let path = format!("{}/releases", self.path.read_untracked());
        self.busy.set(true);
        self.error.set(String::new());
        spawn_local(async move {
            let answer = api::send::<ReleaseStarted>("POST", &path, csrf.as_deref(), &body).await;
            if self.busy.is_disposed() {
                return;
            }
            self.busy.set(false);
            match answer {
                Ok(started) => {
                    self.message.set(started.sentence.clone());
                    self.started.set(Some(started));
                }
                Err(ApiError::Problem(problem)) if problem.code == "base_moved" => {
                    let why = problem.detail.trim_end_matches('.');
                    self.error.set(format!("{why}; this is the new plan."));
                    self.read(0);
                }
                Err(error) => self.error.set(error.sentence()),
            }
        });
    }
}
