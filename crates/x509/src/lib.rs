//! Certificates, CRLs, OCSP, PKCS#10 and CMS as bytes, and the lints that re-read them.
//!
//! # Architecture invariant
//! This crate holds no private key, knows no policy file, no database and no clock. Everything is
//! *written* by [`der_writer`] and everything is *read* by the `der` and `x509-cert` crates, so
//! that a lint never repeats the mistake of the writer.

pub mod algorithm;
pub mod certificate;
pub mod cms;
pub mod crl;
pub mod der_writer;
pub mod error;
pub mod extension;
pub mod fingerprint;
pub mod general_name;
pub mod key_check;
pub mod lint;
pub mod name;
pub mod ocsp;
pub mod oid;
pub mod path;
pub mod pem;
pub mod pkcs10;
pub mod public_key;
pub mod read;
pub mod signature;
pub mod time;

mod der_reader;
mod foreign_signature;

pub use error::Error;
