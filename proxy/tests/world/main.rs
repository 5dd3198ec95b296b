//! Sources, boards and actions of Weft beside a whole lab, over real sockets.

mod actions;
mod between;
mod board;
mod catch_up;
mod github;
mod hooks;
mod mishaps;
mod notifications;
mod replay;
mod sources;
mod timetable;
mod trunk;
mod world;
