//! One page per route. A page reads its own data and puts components together.

#![allow(
    clippy::needless_pass_by_value,
    reason = "components own what they are given"
)]

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
