//! Everything this crate writes, read by programs nobody here wrote; everything it reads, broken.
#![allow(clippy::unwrap_used)]

mod cms;
mod crl;
mod crl_stream;
mod foreign_defects;
mod hostile;
mod keys;
mod lints;
mod ocsp;
mod paths;
mod pkcs10;
mod profiles;
mod support;
