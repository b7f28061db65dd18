//! Lints: what is about to be signed is re-read by other code and held against its draft (P9).
//!
//! One lint is one file with one clause and the date from which it holds. Nothing a lint looks at
//! comes from [`crate::der_writer`]: the bytes are parsed anew by `der` and `x509-cert`. A lint
//! never repairs; who drafts must not sign what has findings.

use std::fmt;

use jiff::civil::Date;
use jiff::{Timestamp, tz::Offset};

mod certificate;
mod crl;
mod ocsp;

pub use certificate::{CERTIFICATE_LINTS, CertificateDraft, Expectation, lint_certificate};
pub use crl::{CRL_LINTS, CrlDraft, CrlExpectation, lint_crl_header};
pub use ocsp::{OCSP_LINTS, OcspDraft, OcspExpectation, lint_ocsp};

/// A rule that a draft of kind `D` must keep.
#[derive(Debug, Clone, Copy)]
pub struct Lint<D> {
    /// Its name in findings and reports.
    pub name: &'static str,
    /// The clause it enforces.
    pub clause: &'static str,
    /// The first day for whose drafts it holds.
    pub effective: Date,
    /// Says what is wrong, if anything is.
    check: fn(&D) -> Result<(), String>,
}

/// A rule that a draft broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The lint.
    pub lint: &'static str,
    /// The clause.
    pub clause: &'static str,
    /// What is wrong.
    pub detail: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.lint, self.clause, self.detail)
    }
}

/// Runs every lint of `registry` that holds at `dated`.
fn run<D>(registry: &[Lint<D>], draft: &D, dated: Timestamp) -> Result<(), Vec<Finding>> {
    let day = Offset::UTC.to_datetime(dated).date();
    let findings: Vec<Finding> = registry
        .iter()
        .filter(|lint| lint.effective <= day)
        .filter_map(|lint| {
            let detail = (lint.check)(draft).err()?;
            Some(Finding { lint: lint.name, clause: lint.clause, detail })
        })
        .collect();
    if findings.is_empty() { Ok(()) } else { Err(findings) }
}

/// The finding for bytes that cannot even be read.
fn unreadable(detail: impl fmt::Display) -> Vec<Finding> {
    vec![Finding { lint: "readable", clause: "X.690", detail: detail.to_string() }]
}

/// `Ok` if `holds`, else what `detail` says.
fn ensure(holds: bool, detail: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(detail()) }
}

/// `Ok` if both are equal, else both.
fn same<T: PartialEq + fmt::Debug>(what: &str, found: &T, wanted: &T) -> Result<(), String> {
    ensure(found == wanted, || format!("{what} is {found:?}, the draft wants {wanted:?}"))
}
