//! Issuance: six steps, each consuming the last, from a checked request to a certificate.

mod broken_off;
mod draft;
mod expect;
mod issue;
mod period;
mod sketch;
mod steps;
mod subject;
mod vouch;

pub(crate) use draft::{Order, no_key, profile};
pub(crate) use issue::{Issuance, Vouched};
pub(crate) use period::{own_period, years};
pub(crate) use sketch::sketch;
pub(crate) use steps::CERTIFIED_ONCE;
pub use steps::Issued;
pub(crate) use subject::of_user as subject_of_user;
