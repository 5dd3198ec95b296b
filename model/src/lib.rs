//! The vocabulary of Weft and the rules over it.
