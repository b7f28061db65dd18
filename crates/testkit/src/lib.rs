//! Fixtures, simulated clock, token, card and register; helpers for foreign clients (tests only).
