//! The CA against a real database and real keys, with a simulated clock.

extern crate jitsuin_ca as ca;

mod suite;
