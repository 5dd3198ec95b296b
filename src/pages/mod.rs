//! What one can go to. Each page reads its own data and puts components together.

#![allow(
    clippy::needless_pass_by_value,
    reason = "components own what they are given"
)]

use stylers_macro::style_sheet;

mod board;
mod embed;
mod not_found;
mod pipeline;
mod promotion;
mod release;

pub use board::BoardPage;
pub use embed::EmbedPage;
pub use not_found::NotFoundPage;
pub use pipeline::PipelinePage;
pub use promotion::PromotionPage;
pub use release::ReleasePage;

/// The looks of the bar at a page's foot: one sheet for the pages that have one. The build finds sheets
/// in `let` only.
fn foot() -> &'static str {
    let class = style_sheet!("style/bar.css");
    class
}
