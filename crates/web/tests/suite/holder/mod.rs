//! The holders' page, visited with curl and openssl.

mod at_work;
mod cards;
mod handshake;
mod refusals;
mod revocation;
mod states;
