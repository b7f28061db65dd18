//! Passwords: hashed with Argon2id, counted when they are wrong, locked when they are too often.

use domain::act::{Act, Actor, Basis};
use domain::id::ActorId;
use domain::journal::EventKind;
use domain::staff::{Attempts, CredentialKind, PASSWORD_DAYS};
use jiff::{SignedDuration, Timestamp};
use store::{Change, Entry, PasswordRow, PersonRow, Unit};
use x509::fingerprint::sha256;

use super::principal::{Entrant, Proof};
use super::refusals::Kind;
use super::shown::Made;
use super::{Desk, Door, entrance};
use crate::hashing::{self, Busy, Caller};
use crate::problem::{Fault, Problem};
use crate::wire::SecretText;

/// The one answer to everything that is wrong: it must not tell which ids exist or are locked.
const WRONG: &str = "id and password do not go together, or were wrong too often";

/// What somebody typed for a password.
pub(super) struct Tried<'a> {
    /// In which queue it waits.
    pub(super) caller: Caller,
    /// What they typed.
    pub(super) password: &'a SecretText,
    /// The entry of it, which becomes a refusal where it is not as wanted.
    pub(super) entry: Entry,
    /// Whether it should fit; what should not and does is a guess that found the password.
    pub(super) wanted: bool,
}

/// What is told of a password that was tried.
pub(super) enum Judged {
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
pub(super) const LOCKED: &str = "the password is locked";

/// The rule of an enrolment that opens no more sessions.
const USED_TOO_OFTEN: &str = "the enrolment has opened too many sessions";

impl Desk {
    /// Who this id and password belong to. Success and failure are in the journal before the answer.
    pub(super) fn by_password(
        &self,
        act: &Act,
        id: &str,
        password: &SecretText,
        door: &Door,
    ) -> Result<Entrant, Problem> {
        let id: Option<ActorId> = id.parse().ok();
        let person = id.as_ref().map(|id| self.store.person(id)).transpose()?.flatten();
        let person = person.filter(entrance::may_come_in);
        if let Some(person) = &person
            && let Some(sha256) = self.by_enrolment(person, password, act.at)?
        {
            if !self.sessions.may_open_by(&sha256) {
                let kind = Kind::new(EventKind::LoggedIn, door, USED_TOO_OFTEN);
                let kind = Kind { person: Some(person.id.clone()), ..kind };
                self.refuse_stranger(act, kind, door.from)?;
                return Err(entrance::unproven(USED_TOO_OFTEN));
            }
            self.store.commit(Unit::new(logged_in(act, person).detail("by", "enrolment")))?;
            let (proof, basis) = (Proof::Enrolment(sha256), Basis::Credential(sha256));
            return Ok(Entrant { person: person.clone(), proof, basis, certificates: Vec::new() });
        }
        let known = match person {
            Some(person) => self.store.password(&person.id)?.map(|row| (person, row.set)),
            None => None,
        };
        let Some((person, set)) = known else {
            // The same work as for an id that exists, so that the time does not tell.
            hash(Caller::Entrance, password.expose())?;
            // Who is no person of the registry may have typed anything, a password too.
            let rule = "there is no such person with a password";
            self.refuse_stranger(act, Kind::new(EventKind::LoggedIn, door, rule), door.from)?;
            return Err(entrance::unproven(WRONG));
        };
        let entry = logged_in(act, &person).detail("by", "password");
        let rests_on = self.rests_on(&Made::Password(&person.id, set), act.at);
        let entry = match &rests_on {
            Err(problem) if problem.is_refusal() => entry.refused((*problem.rule).clone()),
            _ => entry,
        };
        let tried = Tried { caller: Caller::Entrance, password, entry, wanted: true };
        let row = match self.judge(&person.id, act.at, tried)? {
            Judged::Fits(row) => row,
            Judged::Locked => {
                let kind = Kind::new(EventKind::LoggedIn, door, LOCKED);
                let kind = Kind { person: Some(person.id), ..kind };
                self.refuse_stranger(act, kind, door.from)?;
                return Err(entrance::unproven(WRONG));
            }
            Judged::Differs(_) | Judged::Not => return Err(entrance::unproven(WRONG)),
        };
        let basis = Basis::Password(row.set);
        let proof = match expired(row.set, act.at) {
            true => Proof::ExpiredPassword,
            false => Proof::Weak,
        };
        // Whoever knows the password may know why it opens nothing.
        Ok(Entrant { person, proof, basis, certificates: rests_on? })
    }

    /// Compares what somebody typed with a person's password: the one place that does. A wrong one
    /// is counted, enough of them lock, and while it is locked nothing is told of what was typed.
    pub(super) fn judge(
        &self,
        person: &ActorId,
        at: Timestamp,
        tried: Tried<'_>,
    ) -> Result<Judged, Problem> {
        // A guess must be counted before the next is heard.
        let _turn = self.passwords.take(person.as_str());
        let Some(row) = self.store.password(person)? else { return Ok(Judged::Not) };
        let Tried { caller, password, entry, wanted } = tried;
        let fits = hashing::fits(caller, password.expose().as_bytes(), &row.hash)?;
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
        match self.store.commit(Unit::new(entry).change(change)) {
            Ok(_) if fits => Ok(Judged::Fits(to)),
            Ok(_) => Ok(Judged::Differs(to)),
            // Another process counted a guess meanwhile: this one is not heard.
            Err(store::Error::Stale { .. }) => Ok(Judged::Not),
            Err(error) => Err(error.into()),
        }
    }

    /// The person's enrolment, if what stands for a password is its secret.
    fn by_enrolment(
        &self,
        person: &PersonRow,
        password: &SecretText,
        now: Timestamp,
    ) -> Result<Option<[u8; 32]>, Problem> {
        let sha256 = sha256(password.expose().as_bytes());
        let found = self.store.credential(&sha256)?.filter(|row| {
            row.person == person.id
                && row.kind == CredentialKind::Enrolment
                && row.expires.is_none_or(|expires| now < expires)
        });
        Ok(found.map(|_| sha256))
    }
}

/// The entry of somebody's coming in.
fn logged_in(act: &Act, person: &PersonRow) -> Entry {
    debug_assert_eq!(act.actor, Actor::Anonymous);
    Entry::new(EventKind::LoggedIn, act).subject(&person.id)
}

fn expired(set: Timestamp, now: Timestamp) -> bool {
    now.duration_since(set) >= SignedDuration::from_hours(24 * PASSWORD_DAYS)
}

/// The hash of a password, PHC string form ([`hashing::hash`]).
///
/// # Errors
/// The random generator failed, or too many wait.
pub(super) fn hash(caller: Caller, password: &str) -> Result<String, Problem> {
    hashing::hash(caller, password)?.ok_or_else(|| Problem::broke(&"no randomness"))
}

impl From<Busy> for Problem {
    fn from(_: Busy) -> Self {
        Self::new(Fault::Unavailable, "too many passwords wait to be checked: try again shortly")
    }
}
