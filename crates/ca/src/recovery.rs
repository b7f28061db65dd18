//! Start-up: what a crash between steps 4 and 6 of issuance left is settled, and said so.

use domain::act::Act;
use domain::certificate::{CertificateEvent, CertificateKind, CertificateState};
use domain::id::SerialNumber;
use domain::identity::RevocationCause;
use domain::journal::EventKind;
use store::{Entry, IntentRow, Unit};

use crate::authority::{CertificationAuthority, Generation};
use crate::error::Result;
use crate::issuance::Intended;

/// How one left-over intent was settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// The committed bytes were signed (again, perhaps) and the issue committed.
    Finished(SerialNumber),
    /// Nobody can use the certificate any more, so its serial was revoked: it may have been signed.
    Revoked(SerialNumber),
}

impl CertificationAuthority {
    /// Settles every intent of this CA that has no issue.
    ///
    /// A certificate whose private key the CA made is revoked: the wrapped key was lost with the
    /// process. Every other is finished over the committed bytes, which gives one serial one TBS.
    ///
    /// # Errors
    /// What keys and store say; what was settled until then stays settled.
    pub fn recover(&self, act: &Act) -> Result<Vec<Settled>> {
        let open = self.store.open_intents()?;
        open.iter().filter(|row| row.ca == *self.id()).map(|row| self.settle(act, row)).collect()
    }

    fn settle(&self, act: &Act, row: &IntentRow) -> Result<Settled> {
        let settled = match self.signer_of(row)? {
            Some(signer) if !self.key_was_lost(row) => {
                let into = match row.kind {
                    CertificateKind::User => CertificateEvent::Issue,
                    _ => CertificateEvent::IssueInForce,
                };
                let request = self.confirmed_for(row)?;
                Intended::found(self, row, request).sign(&signer)?.commit_issue(act, into)?;
                Settled::Finished(row.serial)
            }
            _ => {
                let intent = store::CertificateRow {
                    intent: row.clone(),
                    der: None,
                    state: CertificateState::Intended,
                    changed: 0,
                    issued: 0,
                };
                self.end(act, &intent, RevocationCause::DestroyedBeforeDelivery, None)?;
                Settled::Revoked(row.serial)
            }
        };
        let how = match settled {
            Settled::Finished(_) => "finished",
            Settled::Revoked(_) => "revoked",
        };
        let entry = Entry::new(EventKind::IntentRecovered, act)
            .ca(self.id())
            .subject(row.serial)
            .detail("kind", row.kind)
            .detail("settled", how);
        self.store.commit(Unit::new(entry))?;
        Ok(settled)
    }

    /// Whether the private key was in the memory of the process that died.
    fn key_was_lost(&self, row: &IntentRow) -> bool {
        let made_here = self
            .policy
            .keys
            .user
            .as_ref()
            .is_some_and(|user| user.made_by == domain::policy::KeyMaker::Authority);
        row.kind == CertificateKind::User && made_here
    }

    pub(crate) fn signer_of(&self, row: &IntentRow) -> Result<Option<std::sync::Arc<Generation>>> {
        Ok(self.generations().into_iter().find(|generation| generation.number == row.generation))
    }
}
