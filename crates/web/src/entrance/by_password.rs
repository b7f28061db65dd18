//! Coming in with an id and a password, or the secret of an enrolment in its place.

use domain::act::{Act, Actor, Basis};
use domain::id::ActorId;
use domain::journal::EventKind;
use domain::staff::{CredentialKind, PASSWORD_DAYS};
use jiff::{SignedDuration, Timestamp};
use store::{Entry, PersonRow, Unit};
use x509::digest::sha256;

use super::Entrance;
use crate::entrance::door::{Door, unproven};
use crate::entrance::evenly::Evenly;
use crate::entrance::grounds::Made;
use crate::entrance::password::{Judged, LOCKED, Tried, hash};
use crate::entrance::principal::{Entrant, Proof};
use crate::entrance::refusals::Kind;
use crate::entrance::registry::may_come_in;
use crate::hashing::Caller;
use crate::problem::Problem;
use crate::wire::SecretText;

/// The one answer to everything that is wrong: it must not tell which ids exist or are locked.
const WRONG: &str = "id and password do not go together, or were wrong too often";

/// The rule of an enrolment that opens no more sessions.
const USED_TOO_OFTEN: &str = "the enrolment has opened too many sessions";

impl Entrance {
    /// Who this id and password belong to. Success and failure are in the journal before the answer, and
    /// whatever was wrong is answered after the same time ([`Evenly`]).
    pub(crate) fn by_password(
        &self,
        act: &Act,
        id: &str,
        password: &SecretText,
        door: &Door,
    ) -> Result<Entrant, Problem> {
        let evenly = Evenly::default();
        let entrant = self.tried(act, id, password, door, &evenly);
        if entrant.is_err() {
            evenly.wait();
        }
        entrant
    }

    fn tried(
        &self,
        act: &Act,
        id: &str,
        password: &SecretText,
        door: &Door,
        evenly: &Evenly,
    ) -> Result<Entrant, Problem> {
        let id: Option<ActorId> = id.parse().ok();
        let person = id.as_ref().map(|id| self.people.person(id)).transpose()?.flatten();
        let person = person.filter(may_come_in);
        if let Some(person) = &person
            && let Some(sha256) = self.by_enrolment(person, password, act.at)?
        {
            return self.enrolled(act, person, sha256, door);
        }
        let known = match person {
            Some(person) => self.people.password(&person.id)?.map(|row| (person, row.set)),
            None => None,
        };
        let Some((person, set)) = known else {
            // The same work as for an id that exists; the wait makes up for the commit.
            hash(Caller::Entrance, password.expose())?;
            evenly.hashed();
            // Who is no person of the registry may have typed anything, a password too.
            let rule = "there is no such person with a password";
            self.refusals.refuse(act, Kind::new(EventKind::LoggedIn, door, rule), door.from)?;
            return Err(unproven(WRONG));
        };
        let entry = logged_in(act, &person).detail("by", "password");
        let rests_on = self.grounds.rests_on(&Made::Password(&person.id, set), act.at);
        let entry = match &rests_on {
            Err(problem) if problem.is_refusal() => entry.refused((*problem.rule).clone()),
            _ => entry,
        };
        let tried = Tried { caller: Caller::Entrance, password, entry, wanted: true, evenly };
        let row = match self.passwords.judge(&person.id, act.at, tried)? {
            Judged::Fits(row) => row,
            Judged::Locked => {
                let kind = Kind::new(EventKind::LoggedIn, door, LOCKED);
                let kind = Kind { person: Some(person.id), ..kind };
                self.refusals.refuse(act, kind, door.from)?;
                return Err(unproven(WRONG));
            }
            Judged::Differs(_) | Judged::Not => return Err(unproven(WRONG)),
        };
        let basis = Basis::Password(row.set);
        let proof = match expired(row.set, act.at) {
            true => Proof::ExpiredPassword,
            false => Proof::Weak,
        };
        // Whoever knows the password may know why it opens nothing.
        Ok(Entrant { person, proof, basis, certificates: rests_on? })
    }

    fn enrolled(
        &self,
        act: &Act,
        person: &PersonRow,
        sha256: [u8; 32],
        door: &Door,
    ) -> Result<Entrant, Problem> {
        if !self.sessions.may_open_by(&sha256) {
            let kind = Kind::new(EventKind::LoggedIn, door, USED_TOO_OFTEN);
            let kind = Kind { person: Some(person.id.clone()), ..kind };
            self.refusals.refuse(act, kind, door.from)?;
            return Err(unproven(USED_TOO_OFTEN));
        }
        self.ledger.commit(Unit::new(logged_in(act, person).detail("by", "enrolment")))?;
        let (proof, basis) = (Proof::Enrolment(sha256), Basis::Credential(sha256));
        Ok(Entrant { person: person.clone(), proof, basis, certificates: Vec::new() })
    }

    /// The person's enrolment, if what stands for a password is its secret.
    fn by_enrolment(
        &self,
        person: &PersonRow,
        password: &SecretText,
        now: Timestamp,
    ) -> Result<Option<[u8; 32]>, Problem> {
        let sha256 = sha256(password.expose().as_bytes());
        let found = self.people.credential(&sha256)?.filter(|row| {
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::net::IpAddr;
    use std::sync::Arc;

    use domain::staff::{Attempts, PersonState, Role};
    use store::reads::ReadPeople;
    use store::{Change, PasswordRow, Store};
    use testkit::{Clock, Scratch, act};

    use super::*;
    use crate::desk::Desk;

    /// Somebody of the registry, with a password.
    fn register(scratch: &Scratch, clock: &Clock) {
        let now = clock.now();
        let id: ActorId = "staff".parse().expect("an id");
        let (state, roles) = (PersonState::Active, vec![Role::SeniorOperator]);
        let name = "見本".to_owned();
        let row = PersonRow {
            id: id.clone(),
            name,
            state,
            roles,
            municipality: None,
            proposal: None,
            since: now,
        };
        let hash = hash(Caller::Known, "what nobody guesses").expect("a hash");
        let to = PasswordRow { person: id, hash, set: now, attempts: Attempts::default() };
        let changes =
            [Change::AddPerson(row.into()), Change::SetPassword { from: None, to: to.into() }];
        for change in changes {
            let entry = Entry::new(EventKind::StaffChanged, &act(clock));
            scratch.store.commit(Unit::new(entry).change(change)).expect("committed");
        }
    }

    /// What is counted in memory, and what in a commit, were once told apart by how long they took.
    #[test]
    fn e1_an_id_that_nobody_has_a_wrong_password_and_a_locked_one_are_answered_by_one_path() {
        let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-30T03:00:00Z"));
        register(&scratch, &clock);
        let (store, now): (Arc<dyn Store>, _) = (scratch.store.clone(), clock.now());
        let clock = Arc::new(move || now);
        let desk = Desk::builder(store, BTreeMap::new(), Arc::default(), clock).build();
        let door = Door { name: "log-in".to_owned(), from: IpAddr::from([192, 0, 2, 1]) };
        let guess = |id: &str, number: usize| {
            let operation = format!("op-{id}-{number}").parse().expect("an id");
            let act = Act::new(Actor::Anonymous, now, operation);
            let typed: SecretText = serde_json::from_str("\"a guess\"").expect("a text");
            let evenly = Evenly::default();
            let told = desk.entrance().tried(&act, id, &typed, &door, &evenly);
            (told.expect_err("a wrong guess").detail, evenly.waits())
        };
        let of_nobody = guess("nobody", 0);
        assert!(of_nobody.1, "it waits");
        // The last of them is not looked at any more.
        for number in 0..7 {
            assert_eq!(guess("staff", number), of_nobody, "{number}");
        }
        let password = scratch.store.password(&"staff".parse().expect("an id"));
        let attempts = password.expect("read").expect("a row").attempts;
        assert!(attempts.is_locked(now), "{attempts:?}");
    }
}
