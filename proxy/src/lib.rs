//! The server of Weft: sources, journal, board, actions, and the HTTP interface.
//!
//! `app` holds the seams; facts flow `sources` → `board` → `front`, and commands `front` → `actions`.

pub mod actions;
pub mod app;
pub mod auth;
pub mod board;
pub mod cli;
pub mod clock;
mod clusters;
pub mod config;
mod demo;
pub mod github;
pub mod http;
pub mod journal;
pub mod problem;
pub mod sources;
mod tls;
