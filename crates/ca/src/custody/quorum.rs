//! Custodians who come for an act that needs them and not their keys.

use domain::act::Act;
use domain::journal::EventKind;
use domain::rule;
use domain::rule::OfTheInstallation;
use keys::quorum::{CustodianId, Passphrase};
use keys::{ExpectedKeys, KeyError};
use store::{Entry, Unit};

use super::{Custody, names};
use crate::error::{Error, Result};

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
    /// As [`secret_of_all`](Self::secret_of_all); [`Error::Refused`], journaled, where the key store that
    /// their secret opens does not sign with the CAs' keys.
    pub fn quorum(&self, act: &Act, custodians: &[(CustodianId, Passphrase)]) -> Result<Quorum> {
        let secret = self.secret_of_all(act, custodians)?;
        let keys = ExpectedKeys::some_of(self.expected_keys()?);
        match self.keys.prove(&secret, &keys) {
            Ok(_) => {}
            Err(error @ (KeyError::OtherKey(_) | KeyError::NoneOfThem)) => {
                let rule = rule!("their secret is not that of the CAs' keys: {}", error);
                let error = Error::refused("custodians", rule);
                let entry = Entry::new(EventKind::CustodianPresent, act);
                let entry =
                    entry.subject(OfTheInstallation(self.dealing.set())).refused(error.rule());
                self.store.commit(Unit::new(entry))?;
                return Err(error);
            }
            Err(error) => return Err(error.into()),
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
