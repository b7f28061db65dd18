//! Passwords: hashed with Argon2id, counted when they are wrong, locked when they are too often.

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Argon2, PasswordHash};
use domain::act::{Act, Actor, Basis};
use domain::id::ActorId;
use domain::journal::EventKind;
use domain::staff::{Attempts, CredentialKind, PASSWORD_DAYS};
use jiff::{SignedDuration, Timestamp};
use store::{Change, Entry, PasswordRow, PersonRow, Unit};
use x509::fingerprint::sha256;

use super::principal::{Entrant, Proof};
use super::{Desk, entrance};
use crate::problem::Problem;
use crate::wire::SecretText;

/// The one answer to everything that is wrong: it must not tell which ids exist or are locked.
const WRONG: &str = "id and password do not go together, or were wrong too often";

impl Desk {
    /// Who this id and password belong to. Success and failure are in the journal before the answer.
    pub(super) fn by_password(
        &self,
        act: &Act,
        id: &str,
        password: &SecretText,
    ) -> Result<Entrant, Problem> {
        // One at a time: each takes 19 MiB, and a guess must be counted before the next is heard.
        let _turn = self.passwords.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let id: Option<ActorId> = id.parse().ok();
        let person = id.as_ref().map(|id| self.store.person(id)).transpose()?.flatten();
        let person = person.filter(entrance::may_come_in);
        if let Some(person) = &person
            && let Some(sha256) = self.by_enrolment(person, password, act.at)?
        {
            self.store.commit(Unit::new(logged_in(act, person).detail("by", "enrolment")))?;
            let (proof, basis) = (Proof::Enrolment(sha256), Basis::Credential(sha256));
            return Ok(Entrant { person: person.clone(), proof, basis });
        }
        let row = person.as_ref().map(|person| self.store.password(&person.id)).transpose()?;
        let (Some(person), Some(row)) = (person, row.flatten()) else {
            // The same work as for an id that exists, so that the time does not tell.
            let _ = hash(password.expose());
            return Err(self.wrong(act, None)?);
        };
        self.judge(act, person, row, password)
    }

    fn judge(
        &self,
        act: &Act,
        person: PersonRow,
        row: PasswordRow,
        password: &SecretText,
    ) -> Result<Entrant, Problem> {
        let fits = fits(password.expose().as_bytes(), &row.hash);
        if row.attempts.is_locked(act.at) {
            return Err(self.wrong(act, Some(&person.id))?);
        }
        let attempts = if fits { Attempts::default() } else { row.attempts.after_failure(act.at) };
        let entry = logged_in(act, &person).detail("by", "password");
        let entry = match (fits, attempts.is_locked(act.at)) {
            (true, _) => entry,
            (false, false) => entry.refused("the password is wrong"),
            (false, true) => entry.refused("the password is wrong, and locked from now on"),
        };
        let basis = Basis::Password(row.set);
        let proof = match expired(row.set, act.at) {
            true => Proof::ExpiredPassword,
            false => Proof::Weak,
        };
        let to = PasswordRow { attempts, ..row.clone() };
        let change = Change::SetPassword { from: Some(row.into()), to: to.into() };
        match self.store.commit(Unit::new(entry).change(change)) {
            Ok(_) if fits => Ok(Entrant { person, proof, basis }),
            // Another process counted a guess meanwhile: this one is not heard.
            Ok(_) | Err(store::Error::Stale { .. }) => Err(entrance::unproven(WRONG)),
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

    /// The refusal, once the journal has it.
    fn wrong(&self, act: &Act, person: Option<&ActorId>) -> Result<Problem, Problem> {
        let entry = Entry::new(EventKind::LoggedIn, act).detail("by", "password");
        // Who is no person of the registry may have typed anything, a password too.
        let entry = match person {
            Some(person) => entry.subject(person).refused("the password is locked"),
            None => entry.refused("there is no such person with a password"),
        };
        self.store.commit(Unit::new(entry))?;
        Ok(entrance::unproven(WRONG))
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

/// The hash of a password, PHC string form (Argon2id, the crate's defaults of RFC 9106).
///
/// # Errors
/// The random generator failed.
pub fn hash(password: &str) -> Result<String, Problem> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| Problem::broke(&error))
}

/// Whether a password belongs to a hash.
pub fn fits(password: &[u8], hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|hash| Argon2::default().verify_password(password, &hash).is_ok())
}
