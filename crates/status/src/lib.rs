//! Answers to the world: OCSP, LDAP and the web repository.

mod askers;
pub mod crowd;
pub mod directory;
pub mod html;
pub mod http;
pub mod known;
pub mod ldap;
pub mod ocsp;
pub mod query_log;
pub mod room;
pub mod subscriber;
pub mod verifier_auth;
