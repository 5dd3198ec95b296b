//! The parts that pages are made of: one per file, one sheet each in `style/`. No fetching here but
//! where a part has data of its own (journeys, record, demo drawer).

#![allow(
    clippy::needless_pass_by_value,
    reason = "components own what they are given"
)]

mod chain;
mod demo;
mod diff;
mod environment;
mod evidence;
mod figures;
mod gate;
mod header;
mod help;
mod journeys;
mod lane;
mod notice;
mod reconcile;
mod record;
mod says;
mod side;

pub use demo::DemoDrawer;
pub use diff::Diff;
pub use gate::{Steps, card_href};
pub use header::Header;
pub use journeys::Journeys;
pub use lane::Lane;
pub use notice::{Announcer, Notice};
pub use record::RecordList;
pub use says::Says;
pub use side::Side;
