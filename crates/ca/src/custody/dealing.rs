//! To whom shares of the CAs' keys were dealt: told by the database, and never by the file of the
//! shares, which whoever writes the disk writes.

use domain::act::Act;
use domain::hexadecimal::hex;
use domain::id::{ActorId, OperationId, SystemOperation};
use domain::journal::EventKind;
use domain::rule;
use domain::rule::OfTheInstallation;
use keys::quorum::{CustodianId, CustodySet};
use serde::{Deserialize, Serialize};
use store::{Change, Entry, Store, Unit};
use x509::digest::sha256;

use crate::error::{Error, Result, system_operation};

/// The way out where the file of the shares is not what was written.
const CURE: &str = "put back the copy that lies beside the backups on the custodians' media";

/// One dealing of shares, as the database has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dealing {
    set: String,
    threshold: u8,
    holders: Vec<String>,
    /// Of the file of the sealed shares, in hexadecimal.
    file_sha256: String,
}

impl Dealing {
    /// The last one that was recorded.
    ///
    /// # Errors
    /// [`Error::Store`]; [`Error::Unreadable`] for a record that is none.
    pub fn recorded(store: &dyn Store) -> Result<Option<Self>> {
        let mut last = None;
        for number in 1.. {
            let Some(answer) = store.operation(&operation(number)?)? else { break };
            last = Some(answer);
        }
        let unreadable = |error: serde_json::Error| Error::Unreadable(error.to_string());
        last.map(|answer| serde_json::from_slice(&answer).map_err(unreadable)).transpose()
    }

    /// The one of these shares, whose file has these octets.
    pub(super) fn of(set: &CustodySet, file: &[u8]) -> Self {
        Self {
            set: set.id(),
            threshold: set.threshold(),
            holders: set.custodians().map(ToString::to_string).collect(),
            file_sha256: hex(&sha256(file)),
        }
    }

    /// Records the first dealing of an installation, before anything opens with it.
    ///
    /// # Errors
    /// [`Error::Refused`] where shares were dealt before, or keys lie open to another secret already;
    /// [`Error::Store`].
    pub(super) fn record(&self, store: &dyn Store, act: &Act) -> Result<()> {
        Self::expect_none(store)?;
        let unreadable = |error: serde_json::Error| Error::Unreadable(error.to_string());
        let answer = serde_json::to_vec(self).map_err(unreadable)?;
        let entry = Entry::new(EventKind::CustodyEstablished, act)
            .subject(OfTheInstallation(&self.set))
            .detail("threshold", self.threshold)
            .detail("custodians", OfTheInstallation(&self.holders.join(" ")))
            .detail("file_sha256", OfTheInstallation(&self.file_sha256));
        let change = Change::RecordOperation { id: operation(1)?, answer };
        store.commit(Unit::new(entry).change(change))?;
        Ok(())
    }

    /// Refuses to deal shares where there are some, or a CA has keys that open to others.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Store`].
    pub fn expect_none(store: &dyn Store) -> Result<()> {
        if let Some(dealt) = Self::recorded(store)? {
            let rule = rule!("shares were dealt before: {}", CURE);
            let rule = rule.telling(format!("to {}", dealt.holders.join(" ")));
            return Err(Error::refused("custodians", rule));
        }
        match has_keys(store)? {
            true => Err(unrecorded(store)),
            false => Ok(()),
        }
    }

    /// The shares in a file, if it is the one that was written when they were dealt.
    ///
    /// # Errors
    /// What is wrong with the file and what to do, in words for the operator.
    pub fn hold(&self, file: &[u8]) -> std::result::Result<CustodySet, String> {
        let Self { set, file_sha256, .. } = self;
        let told = match file {
            [] => "it is empty".to_owned(),
            file if hex(&sha256(file)) == *file_sha256 => {
                return CustodySet::from_json(file).map_err(|error| error.to_string());
            }
            _ => format!(
                "it is not the file of the shares that were dealt (set {set}, SHA-256 {file_sha256})"
            ),
        };
        Err(format!("{told}: {CURE}"))
    }

    /// The words for a file that cannot be read at all.
    pub fn unread(why: impl ToString) -> String {
        format!("{}: {CURE}", why.to_string())
    }

    /// The name of the set of shares.
    pub fn set(&self) -> &str {
        &self.set
    }

    /// How many holders open the keys.
    pub fn threshold(&self) -> u8 {
        self.threshold
    }

    /// To whom a share was dealt, in the order of the shares.
    ///
    /// # Errors
    /// [`Error::Unreadable`] for a name that is none.
    pub fn holders(&self) -> Result<Vec<CustodianId>> {
        let holder = |name: &String| {
            let id: std::result::Result<ActorId, _> = name.parse();
            id.map(CustodianId::from).map_err(|error| Error::Unreadable(error.to_string()))
        };
        self.holders.iter().map(holder).collect()
    }
}

/// Where nothing was recorded: before the first dealing, or by an earlier program.
pub(super) fn unrecorded(store: &dyn Store) -> Error {
    let rule = match has_keys(store) {
        Ok(true) => {
            "the database does not tell to whom shares of the CAs' keys were dealt: an earlier program \
             set this installation up, and it has to be set up anew"
        }
        Ok(false) => {
            "no shares of the CAs' keys were dealt yet: the set-up broke off; run `jitsuin init`"
        }
        Err(error) => return error,
    };
    Error::refused("custodians", rule)
}

fn has_keys(store: &dyn Store) -> Result<bool> {
    for ca in store.cas()? {
        if !store.authorities(&ca.id)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The operation under which a dealing is recorded: the first, and each that takes its place.
fn operation(number: u32) -> Result<OperationId> {
    system_operation(SystemOperation::SharesDealt, &number.to_string())
}
