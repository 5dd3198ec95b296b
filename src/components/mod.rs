//! The components that pages are made of: one per file, with one sheet each in `style/`.
//!
//! A component imports no page. It fetches only data of its own (evidence, journeys, record, demo drawer).

#![allow(
    clippy::needless_pass_by_value,
    reason = "components own what they are given"
)]

mod alert;
mod bottom_bar;
mod chain;
mod demo;
mod diff;
mod dora_metrics;
mod environment;
mod evidence;
mod gate;
mod header;
mod headline;
mod help;
mod journey_chart;
mod journey_table;
mod journeys;
mod pipeline_row;
mod reconcile;
mod record;
mod release_card;
mod rollout_steps;

pub use alert::{Alert, Announcer};
pub use bottom_bar::bar_class;
pub use demo::DemoDrawer;
pub use diff::Diff;
pub use gate::card_href;
pub use header::Header;
pub use headline::HeadlineBar;
pub use journeys::JourneysPanel;
pub use pipeline_row::PipelineRow;
pub use record::RecordList;
pub use release_card::ReleaseCard;
pub use rollout_steps::RolloutSteps;
