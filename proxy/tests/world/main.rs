//! Sources, boards and actions of Weft beside a whole lab, over real sockets.

mod actions;
mod board;
mod hooks;
mod sources;
mod world;
