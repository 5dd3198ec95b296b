//! The server of Weft: sources, journal, board, actions, and the HTTP interface.
//!
//! `app` holds the seams; facts flow `sources` → `board` → `front`, and commands `front` → `actions`.

pub mod access;
pub mod app;
pub mod clock;
pub mod config;
pub mod github;
pub mod journal;
pub mod problem;
