//! Sources, boards and actions of Weft beside a whole lab, over real sockets.

mod actions;
mod between;
mod board;
mod catch_up;
mod github;
mod hooks;
mod mishaps;
mod replay;
mod sources;
mod timetable;
mod told;
mod trunk;
mod world;
