//! Certificates, CRLs, OCSP, PKCS#10 and CMS as bytes, and the lints that re-read them.
//!
//! What is received is read by [`read`] (certificates), [`crl`], [`ocsp`], [`pkcs10`] and [`cms`], each bounded in size
//! before it is parsed; [`path`] says whether a certificate is to be believed. What is issued is drafted as a
//! [`certificate::CertificateTemplate`] or a list, written, and read once more by [`lint`] before anybody signs it.
//!
//! ```
//! use domain::name::{Attribute, AttributeKind, DistinguishedName, StringType};
//! use jitsuin_x509::name::Name;
//!
//! let of = |string_type| {
//!     let attribute = |kind, value: &str| Attribute { kind, string_type, value: value.into() };
//!     let (country, organisation) = (AttributeKind::Country, AttributeKind::Organization);
//!     let country = Attribute { string_type: StringType::Printable, ..attribute(country, "JP") };
//!     Name::write(&DistinguishedName(vec![country, attribute(organisation, "JPKI")]))
//! };
//! let (printable, utf8) = (of(StringType::Printable)?, of(StringType::Utf8)?);
//! assert_eq!(printable.to_string(), "O=JPKI,C=JP");
//! // The same name in other octets: RFC 5280 7.1 compares what it says.
//! assert!(printable != utf8 && printable.matches(&utf8));
//! # Ok::<(), jitsuin_x509::Error>(())
//! ```
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
pub mod digest;
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
