//! The single-page app of Weft: pages, components and the state that they share.
//!
//! What is a rule lives in `model`; what is a plain function here is tested on the host.

mod api;
mod app;
mod chart;
mod components;
mod held;
mod json;
mod keys;
mod pages;
mod router;
mod seam;
mod state;
mod words;

pub use app::start;
