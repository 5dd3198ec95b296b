//! The rules of the board as tables and properties, over a small world that a test can spoil.

mod chain;
mod conditions;
mod dispatch;
mod gate;
mod heard;
mod images;
mod kustomizations;
mod properties;
mod supply;
mod targets;
mod told;
mod world;
