//! The rules of the board as tables and properties, over a small world that a test can spoil.

mod cases;
mod chain;
mod conditions;
mod dispatch;
mod gate;
mod images;
mod kustomizations;
mod membership;
mod notification_history;
mod notifications;
mod promotion;
mod properties;
mod sources;
mod targets;
mod world;
