//! The single-page app of Weft.
