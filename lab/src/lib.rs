//! The embedded world of Weft.
