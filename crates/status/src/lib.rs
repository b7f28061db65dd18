//! Answers to the world: OCSP, LDAP and the web repository.

pub mod ldap;
