//! The embedded world of Weft.

pub mod clock;
pub mod faults;
