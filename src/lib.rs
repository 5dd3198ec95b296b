//! The single-page app of Weft: pages, components and the state that they share.
//!
//! Rules live in `model`. Plain functions of this crate are tested on the host.

mod api;
mod app;
mod chart;
mod components;
mod data;
mod erased;
mod format;
mod json;
mod keys;
mod pages;
mod router;
mod state;
mod view_ext;

pub use app::start;
