//! The server over real sockets: its interface, sign-in, the page's files, the dashboard's proxy, and
//! what it is built on (configuration, journal). The forge is the lab's.

#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers take what they know to be there, as tests do"
)]

mod access;
mod approval;
mod config;
mod dashboard;
mod demo;
mod interface;
mod journal;
mod objects;
mod openapi;
mod release;
mod site;
mod stream;
mod world;
