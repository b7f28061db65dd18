//! Answers to the world: OCSP, LDAP and the web repository.

pub mod ldap;
pub mod ocsp;
pub mod query_log;
