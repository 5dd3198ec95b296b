//! What one can go to. Each page reads its own data and puts components together.

#![allow(
    clippy::needless_pass_by_value,
    reason = "components own what they are given"
)]

mod board;
mod embed;
mod not_found;
mod pipeline;
mod promotion;

pub use board::BoardPage;
pub use embed::EmbedPage;
pub use not_found::NotFoundPage;
pub use pipeline::PipelinePage;
pub use promotion::PromotionPage;
