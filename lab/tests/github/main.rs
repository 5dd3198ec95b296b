//! The GitHub-shaped server over HTTP and by git: reviews, merges, sign-in, GraphQL, and the jobs.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod git;
mod graphql;
mod jobs;
mod oauth;
mod pulls;
mod world;
