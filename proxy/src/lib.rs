//! The server of Weft: sources, journal, board, actions, and the HTTP interface.
//!
//! `app` puts the parts together; facts flow `sources` → `board` → `http`, and commands `http` → `actions`.

pub mod actions;
pub mod app;
pub mod auth;
pub mod board;
pub mod cli;
pub mod clock;
pub mod config;
#[cfg(feature = "demo")]
pub mod demo;
mod flux;
pub mod github;
pub mod http;
pub mod journal;
mod kubernetes;
mod run;
pub mod sources;
mod tls;
