//! The holders' page, visited with curl and openssl.

mod at_work;
pub(super) mod cards;
mod foreign_issuers;
mod handshake;
mod refusals;
mod revocation;
mod states;
