//! Custodians who come for an act that needs them and not their keys.

use domain::act::Act;
use domain::journal::EventKind;
use keys::quorum::{CustodianId, Passphrase};
use store::{Entry, Unit};

use super::{Custody, names};
use crate::error::{Error, Result};
use crate::generation::label;

/// Enough custodians, each proven by their share, for one act.
#[derive(Debug)]
pub struct Quorum {
    custodians: Vec<CustodianId>,
}

impl Quorum {
    /// Who was present, for the journal.
    pub fn names(&self) -> String {
        names(self.custodians.iter())
    }
}

impl Custody {
    /// Lets custodians in for one act. Each of them proves themselves by their share, so this works
    /// when nothing else lets them in any more; the keys stay as awake as they were.
    ///
    /// # Errors
    /// As [`secret_of_all`](Self::secret_of_all); [`Error::Refused`], journaled, where their secret
    /// does not open the CAs' keys: a record of shares proves nothing by itself, because whoever
    /// writes another chooses its passphrases.
    pub fn quorum(&self, act: &Act, custodians: &[(CustodianId, Passphrase)]) -> Result<Quorum> {
        let secret = self.secret_of_all(act, custodians)?;
        let mut keys = Vec::new();
        for ca in self.store.cas()? {
            for generation in self.store.authorities(&ca.id)? {
                keys.push((label(&generation.key_label)?, generation.spki));
            }
        }
        if !self.keys.is_opened_by(&secret, &keys)? {
            let error = Error::refused("custodians", "their secret is not that of the CAs' keys");
            let entry = Entry::new(EventKind::CustodianPresent, act).subject(self.set.id());
            self.store.commit(Unit::new(entry.refused(&error)))?;
            return Err(error);
        }
        let custodians = custodians.iter().map(|(custodian, _)| custodian.clone()).collect();
        Ok(Quorum { custodians })
    }

    /// `unit`, which holds only while everybody of the quorum is in office.
    ///
    /// # Errors
    /// [`Error::Refused`] once somebody is not; [`Error::Store`].
    pub fn borne_by(&self, quorum: &Quorum, unit: Unit) -> Result<Unit> {
        self.requiring_all(unit, &quorum.custodians)
    }
}
