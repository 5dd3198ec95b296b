//! The rules of the board as tables and properties, over a small world that a test can spoil.

mod chain;
mod conditions;
mod gate;
mod properties;
mod supply;
mod targets;
mod world;
