//! Passwords: hashed with Argon2id, counted when they are wrong, locked when they are too often.

use std::sync::Arc;

use domain::id::ActorId;
use domain::staff::Attempts;
use jiff::Timestamp;
use store::reads::ReadPeople;
use store::{Change, Entry, PasswordRow, Unit};

use crate::entrance::evenly::Evenly;
use crate::hashing::{self, Busy, Caller};
use crate::ledger::Ledger;
use crate::problem::{Fault, Problem};
use crate::turns::Turns;
use crate::wire::SecretText;

/// What somebody typed for a password.
pub(crate) struct Tried<'a> {
    /// In which queue it waits.
    pub(crate) caller: Caller,
    /// What they typed.
    pub(crate) password: &'a SecretText,
    /// The entry of it, which becomes a refusal where it is not as wanted.
    pub(crate) entry: Entry,
    /// Whether it should fit; what should not and does is a guess that found the password.
    pub(crate) wanted: bool,
    /// Is told when what they typed is hashed.
    pub(crate) evenly: &'a Evenly,
}

/// What is told of a password that was tried.
pub(crate) enum Judged {
    /// It is the one of this row.
    Fits(PasswordRow),
    /// It is another than this row's.
    Differs(PasswordRow),
    /// Nothing, for it is locked; the entry is the caller's.
    Locked,
    /// Nothing: there is none, or another guess came first.
    Not,
}

/// The rule of a guess that is not looked at.
pub(crate) const LOCKED: &str = "the password is locked";

/// The passwords of people, as they are tried.
pub(crate) struct Passwords {
    people: Arc<dyn ReadPeople>,
    ledger: Ledger,
    turns: Turns,
}

impl Passwords {
    pub(crate) fn new(people: Arc<dyn ReadPeople>, ledger: &Ledger) -> Self {
        Self { people, ledger: ledger.clone(), turns: Turns::default() }
    }

    /// Compares what somebody typed with a person's password: the one place that does. A wrong one
    /// is counted, enough of them lock, and while it is locked nothing is told of what was typed.
    pub(crate) fn judge(
        &self,
        person: &ActorId,
        at: Timestamp,
        tried: Tried<'_>,
    ) -> Result<Judged, Problem> {
        // A guess must be counted before the next is heard.
        let _turn = self.turns.take(person.as_str());
        let Some(row) = self.people.password(person)? else { return Ok(Judged::Not) };
        let Tried { caller, password, entry, wanted, evenly } = tried;
        let fits = hashing::fits(caller, password.expose().as_bytes(), &row.hash)?;
        evenly.hashed();
        if row.attempts.is_locked(at) {
            return Ok(Judged::Locked);
        }
        let as_wanted = fits == wanted;
        if as_wanted && !wanted {
            return Ok(Judged::Differs(row));
        }
        let attempts = if as_wanted { Attempts::default() } else { row.attempts.after_failure(at) };
        let entry = match (as_wanted, attempts.is_locked(at)) {
            (true, _) => entry,
            (false, false) => entry.refused("the password is wrong"),
            (false, true) => entry.refused("the password is wrong, and locked from now on"),
        };
        let to = PasswordRow { attempts, ..row.clone() };
        let change = Change::SetPassword { from: Some(row.into()), to: to.clone().into() };
        match self.ledger.commit(Unit::new(entry).change(change)) {
            Ok(_) if fits => Ok(Judged::Fits(to)),
            Ok(_) => Ok(Judged::Differs(to)),
            // Another process counted a guess meanwhile: this one is not heard.
            Err(store::Error::Stale { .. }) => Ok(Judged::Not),
            Err(error) => Err(error.into()),
        }
    }
}

/// The hash of a password, PHC string form ([`hashing::hash`]).
///
/// # Errors
/// The random generator failed, or too many wait.
pub(crate) fn hash(caller: Caller, password: &str) -> Result<String, Problem> {
    hashing::hash(caller, password)?.ok_or_else(|| Problem::broke(&"no randomness"))
}

impl From<Busy> for Problem {
    fn from(_: Busy) -> Self {
        Self::new(Fault::Unavailable, "too many passwords wait to be checked: try again shortly")
    }
}
