//! The server of Weft.
