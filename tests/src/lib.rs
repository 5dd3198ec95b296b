//! Whole-system tests of Weft.
