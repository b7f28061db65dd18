//! Whose certificate it is: one of ours, byte for byte, and how it stands.

use domain::certificate::{CertificateKind, CertificateState};
use domain::id::{CaId, ResidentCode, SerialNumber};
use domain::revocation::RevocationReason;
use jiff::Timestamp;
use store::CertificateRow;
use x509::extension::KeyUsage;
use x509::read::Certificate;

use super::{Holders, Refusal, Result};
use crate::Issued;
use crate::error::WindowError;

/// A user certificate that a CA of this installation issued.
#[derive(Debug, Clone)]
pub struct KnownCertificate {
    /// The CA.
    pub ca: CaId,
    /// The serial.
    pub serial: SerialNumber,
    pub(super) holder: ResidentCode,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
    state: CertificateState,
    der: Vec<u8>,
}

/// How a certificate stands at a time, for its holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// In force.
    Good,
    /// Held at the holder's word (A 4.9.13).
    Held {
        /// Since when.
        since: Timestamp,
    },
    /// Revoked for good.
    Revoked {
        /// Since when.
        at: Timestamp,
        /// Why.
        reason: RevocationReason,
    },
    /// Its validity is over, and it was not revoked before.
    Expired,
    /// On its way to the holder.
    Undelivered {
        /// Since when.
        since: Timestamp,
    },
}

impl Standing {
    /// Its name, for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Held { .. } => "held",
            Self::Revoked { .. } => "revoked",
            Self::Expired => "expired",
            Self::Undelivered { .. } => "undelivered",
        }
    }
}

impl Holders {
    /// The certificate, if a CA of this installation issued exactly it to a user.
    pub(super) fn known(&self, der: &[u8]) -> Result<KnownCertificate> {
        let certificate = Certificate::parse(der).map_err(|_| Refusal::CertificateUnreadable)?;
        match Issued::look_up(&*self.store, &*self.store, &certificate, der)? {
            Issued::Here(row) => {
                KnownCertificate::of(*row).ok_or_else(|| Refusal::CertificateNotUsers.into())
            }
            Issued::Altered => Err(Refusal::CertificateAltered.into()),
            Issued::Elsewhere => Err(Refusal::CertificateForeign.into()),
        }
    }
}

impl KnownCertificate {
    /// Of a row; of a user's certificate that exists alone.
    pub(super) fn of(row: CertificateRow) -> Option<Self> {
        if row.intent.kind != CertificateKind::User {
            return None;
        }
        Some(Self {
            ca: row.intent.ca,
            serial: row.intent.serial,
            holder: row.intent.holder?,
            not_before: row.intent.not_before,
            not_after: row.intent.not_after,
            state: row.state,
            der: row.der?,
        })
    }

    /// How it stands at `at`.
    pub fn standing(&self, at: Timestamp) -> Standing {
        match self.state {
            CertificateState::Revoked { at, reason } => Standing::Revoked { at, reason },
            // The last second belongs to the period (RFC 5280 4.1.2.5).
            _ if self.not_after < at => Standing::Expired,
            CertificateState::Good => Standing::Good,
            CertificateState::Held { since } => Standing::Held { since },
            CertificateState::Undelivered { since } => Standing::Undelivered { since },
            // Not reached: an intent has no certificate yet.
            CertificateState::Intended => Standing::Undelivered { since: self.not_before },
        }
    }

    /// Refuses a certificate whose validity has not begun.
    pub(super) fn expect_begun(&self, at: Timestamp) -> Result<()> {
        match self.not_before <= at {
            true => Ok(()),
            false => Err(Refusal::CertificateNotYetValid.into()),
        }
    }

    /// Whether it is for signatures that bind its holder (keyUsage nonRepudiation, S 7-1).
    pub(super) fn is_for_signatures(&self) -> Result<bool> {
        let usage = Certificate::parse(&self.der).and_then(|read| read.tbs.key_usage());
        let usage = usage.map_err(|error| WindowError::Unreadable {
            what: "a certificate of ours",
            problem: error.to_string(),
        })?;
        Ok(usage.is_some_and(|usage| usage.contains(KeyUsage::NON_REPUDIATION)))
    }
}
