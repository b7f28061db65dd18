//! What somebody sets for themselves: a password, a client certificate, a token.
//!
//! The secret of an enrolment is used up by the first of them, in the same unit.

use std::net::IpAddr;

use domain::id::ActorId;
use domain::journal::EventKind;
use domain::rule;
use domain::staff::{
    Attempts, CredentialKind, MAX_TOKEN_DAYS, PASSWORD_DAYS, TOKEN_DAYS, check_password,
    credential_rule,
};
use jiff::{SignedDuration, Timestamp};
use store::{Change, CredentialRow, Entry, PasswordRow, PersonRow, Unit};
use x509::fingerprint::sha256;

use super::password::{Judged, Tried};
use super::permission::Operation;
use super::principal::{Principal, Proof};
use super::repeat::Done;
use super::shown::{Made, resting};
use super::{Desk, entrance, password};
use crate::hashing::Caller;
use crate::problem::{Fault, Problem};
use crate::wire::{
    ChangedBody, ClientCertificateBody, PasswordBody, SecretText, TokenBody, TokenWishBody,
};

impl Desk {
    /// Sets one's own password.
    ///
    /// # Errors
    /// 422 for a password that breaks a rule, is the one until now, or without the one until now
    /// where that is what one came in with.
    pub fn set_password(
        &self,
        act: &Principal,
        body: &PasswordBody,
    ) -> Result<ChangedBody, Problem> {
        let operation = Operation::SetPassword;
        self.admit(act, operation)?;
        let person = self.own(act, operation, CredentialKind::Password)?;
        let rule = check_password(body.new.expose(), person.id.as_str());
        self.checked(act, operation, rule.map_err(|rule| Problem::refused("new", rule)))?;
        let kind = CredentialKind::Password;
        // What a password is has no place in what recognises a repetition: whether it is one is seen by
        // the password that was set.
        let done = self.once_in_a_unit(act, operation, &[], || {
            let from = self.shown_again(act, operation, person, body)?;
            let hash = password::hash(Caller::Known, body.new.expose())?;
            let attempts = Attempts::default();
            let to = PasswordRow { person: person.id.clone(), hash, set: act.at, attempts };
            let change = Change::SetPassword { from: from.map(Box::new), to: to.into() };
            let expires = Some(after_days(act.at, PASSWORD_DAYS)?.to_string());
            let unit = own_unit(act, person, kind, change);
            let unit = resting(unit, act, &Made::Password(&person.id, act.at))?;
            Ok((unit, done(person, kind, expires)))
        })?;
        if let Done::Before(_) = done {
            // A guess like any other, though whoever makes it is in.
            let entry = Entry::new(operation.kind(), act).subject(&person.id);
            let tried = Tried {
                caller: Caller::Known,
                password: &body.new,
                entry: entry.detail("compared", "repeated"),
                wanted: true,
            };
            let judged = self.judge(&person.id, act.at, tried)?;
            let another =
                Problem::new(Fault::Conflict, "operation: it set another password before");
            let is_repeated = matches!(judged, Judged::Fits(_));
            self.checked(act, operation, if is_repeated { Ok(()) } else { Err(another) })?;
        }
        // Whoever else was in with the old password is out.
        self.sessions.end_all_of(&person.id);
        Ok(done.answer())
    }

    /// Registers a client certificate of one's own, `proven` by the handshake of the very connection
    /// that asks: it lets one in until it expires, and for 366 days at most.
    ///
    /// # Errors
    /// 422 for what is no certificate, not the one that was proven, not in force, too weak, or
    /// registered already.
    pub fn register_certificate(
        &self,
        act: &Principal,
        body: &ClientCertificateBody,
        proven: Option<&[u8]>,
    ) -> Result<ChangedBody, Problem> {
        let operation = Operation::RegisterCertificate;
        self.admit(act, operation)?;
        let kind = CredentialKind::ClientCertificate;
        let person = self.own(act, operation, kind)?;
        let read = self.expect_fit(&body.certificate_pem, proven, act.at);
        let (der, expires) = self.checked(act, operation, read)?;
        let row = credential(act, person, kind, sha256(&der), expires);
        let digest = x509::fingerprint::hex(&row.sha256);
        let done = self.once_in_a_unit(act, operation, &[&digest], || {
            let free = match self.store.credential(&row.sha256)? {
                None => Ok(()),
                Some(_) => Err(Problem::refused("certificate_pem", "it is registered already")),
            };
            self.checked(act, operation, free)?;
            let unit = own_unit(act, person, kind, Change::AddCredential(row.clone().into()));
            let unit = resting(unit, act, &Made::Credential(&act.operation))?;
            Ok((unit, done(person, kind, Some(expires.to_string()))))
        });
        Ok(done?.answer())
    }

    /// Makes a token of one's own, bound to the console `from` unless it is for a program.
    ///
    /// # Errors
    /// 422 where one's roles have no tokens of this kind, or for days beyond the limit.
    pub fn make_token(
        &self,
        act: &Principal,
        from: IpAddr,
        wish: &TokenWishBody,
    ) -> Result<TokenBody, Problem> {
        let operation = Operation::MakeToken;
        self.admit(act, operation)?;
        let kind = match wish.program {
            true => CredentialKind::ProgramToken,
            false => CredentialKind::ConsoleToken,
        };
        let person = self.own(act, operation, kind)?;
        let days = wish.days.map_or(TOKEN_DAYS, i64::from);
        let within = match (1..=MAX_TOKEN_DAYS).contains(&days) {
            true => Ok(()),
            false => Err(Problem::refused("days", "1 to 366")),
        };
        self.checked(act, operation, within)?;
        let fresh = crate::random::secret()?;
        let asked = format!("{kind} {days} {from}");
        let done = self.once_in_a_unit(act, operation, &[&asked], || {
            let expires = after_days(act.at, days)?;
            let row = CredentialRow {
                console: (!wish.program).then(|| entrance::one_loopback(from)),
                ..credential(act, person, kind, sha256(fresh.expose().as_bytes()), expires)
            };
            let console = row.console.map(|address| address.to_string());
            let unit = own_unit(act, person, kind, Change::AddCredential(row.into()));
            let unit = resting(unit, act, &Made::Credential(&act.operation))?;
            Ok((unit, TokenBody { token: String::new(), console, expires: expires.to_string() }))
        })?;
        let (body, token) = match done {
            Done::Now(body) => (body, Some(fresh)),
            Done::Before(body) => {
                let again = self.secret_again(act, &person.id, kind);
                (body, self.checked(act, operation, again)?)
            }
        };
        let used = || Problem::new(Fault::Conflict, "operation: its token is no more");
        let token = self.checked(act, operation, token.ok_or_else(used))?;
        Ok(TokenBody { token: token.expose().to_owned(), ..body })
    }

    /// Another secret in the place of the one that this operation made, whose answer did not arrive;
    /// nothing, where there is no such credential any more.
    pub(super) fn secret_again(
        &self,
        act: &Principal,
        person: &ActorId,
        kind: CredentialKind,
    ) -> Result<Option<SecretText>, Problem> {
        let is_it = |row: &CredentialRow| {
            row.kind == kind && row.operation.as_ref() == Some(&act.operation)
        };
        let Some(old) = self.store.credentials_of(person)?.into_iter().find(is_it) else {
            return Ok(None);
        };
        // Whoever asks again rests on what was asked with, so that a secret that is given again does too.
        let is_own = act.id() == Some(&old.person);
        if is_own && act.certificates() != &self.credential_rests_on(&old, act.at)?[..] {
            let another =
                "operation: ask again as you asked first, by the same certificate or none";
            return Err(Problem::new(Fault::Conflict, another));
        }
        let fresh = crate::random::secret()?;
        let new = CredentialRow { sha256: sha256(fresh.expose().as_bytes()), ..old.clone() };
        let entry = Entry::new(EventKind::CredentialChanged, act).subject(person);
        let unit = Unit::new(entry.detail("credential", kind).detail("secret", "given again"))
            .change(Change::DropCredential(old.sha256))
            .change(Change::AddCredential(new.into()));
        self.store.commit(unit)?;
        Ok(Some(fresh))
    }

    /// Ends one's sessions.
    ///
    /// # Errors
    /// The database's.
    pub fn end_session(&self, act: &Principal) -> Result<ChangedBody, Problem> {
        let operation = Operation::EndSession;
        self.admit(act, operation)?;
        let person = self.checked(act, operation, registered(act))?;
        self.sessions.end_all_of(&person.id);
        let entry = Entry::new(EventKind::LoggedIn, act).subject(&person.id);
        self.store.commit(Unit::new(entry.detail("session", "ended")))?;
        Ok(ChangedBody { person: person.id.to_string(), kind: "session".into(), expires: None })
    }

    /// The password until now, if there is one, once whoever came in with it has shown it again: a
    /// session left open must not change it. The new one is another. What is wrong counts as at the
    /// door.
    fn shown_again(
        &self,
        act: &Principal,
        operation: Operation,
        person: &PersonRow,
        body: &PasswordBody,
    ) -> Result<Option<PasswordRow>, Problem> {
        if self.store.password(&person.id)?.is_none() {
            return Ok(None);
        }
        let shows = matches!(act.proof(), Proof::Weak | Proof::ExpiredPassword);
        let current = body.current.as_ref().filter(|_| shows);
        if shows && current.is_none() {
            let missing = Problem::refused("current", "the password until now is needed");
            return self.checked(act, operation, Err(missing));
        }
        let entry = Entry::new(operation.kind(), act).subject(&person.id);
        let tried = Tried {
            caller: Caller::Known,
            password: current.unwrap_or(&body.new),
            entry: entry.detail("compared", if shows { "current" } else { "new" }),
            wanted: shows,
        };
        // The entries of what was wrong are there already.
        let judged = self.judge(&person.id, act.at, tried)?;
        if matches!(judged, Judged::Locked) {
            let entry = Entry::new(operation.kind(), act).subject(&person.id);
            self.store.commit(Unit::new(entry.refused(password::LOCKED)))?;
        }
        match (judged, current) {
            (Judged::Fits(_), Some(current)) if current.expose() == body.new.expose() => {
                let same = Problem::refused("new", "it is the password until now");
                self.checked(act, operation, Err(same))
            }
            (Judged::Fits(row), Some(_)) | (Judged::Differs(row), None) => Ok(Some(row)),
            (Judged::Fits(_), None) => Err(Problem::refused("new", "it is the password until now")),
            (Judged::Differs(_) | Judged::Locked | Judged::Not, Some(_)) => {
                let rule = "it is not the password until now, or was wrong too often";
                Err(Problem::refused("current", rule))
            }
            (Judged::Locked | Judged::Not, None) => {
                let rule = "the password until now was tried too often: wait a quarter of an hour";
                Err(Problem::refused("new", rule))
            }
        }
    }

    /// The person who acts, if all their roles may have such a credential.
    pub(super) fn own<'a>(
        &self,
        act: &'a Principal,
        operation: Operation,
        kind: CredentialKind,
    ) -> Result<&'a PersonRow, Problem> {
        let person = self.checked(act, operation, registered(act))?;
        let forbids = |role: &&domain::staff::Role| !credential_rule(**role).kinds.contains(&kind);
        let allowed = match person.roles.iter().find(forbids) {
            None => Ok(person),
            Some(role) => {
                let rule = credential_rule(*role).rule;
                Err(Problem::refused("kind", rule!("{} has no {}: {}", role, kind, rule)))
            }
        };
        self.checked(act, operation, allowed)
    }
}

/// The unit that changes what lets `person` in; what they enrolled with ends with it.
pub(super) fn own_unit(
    act: &Principal,
    person: &PersonRow,
    kind: CredentialKind,
    change: Change,
) -> Unit {
    let entry = Entry::new(EventKind::CredentialChanged, act).subject(&person.id);
    let unit = Unit::new(entry.detail("credential", kind)).change(change);
    match act.proof() {
        Proof::Enrolment(sha256) => unit.change(Change::DropCredential(sha256)),
        _ => unit,
    }
}

fn registered(act: &Principal) -> Result<&PersonRow, Problem> {
    act.registered().ok_or_else(|| Problem::refused("person", "the system has no credentials"))
}

fn credential(
    act: &Principal,
    person: &PersonRow,
    kind: CredentialKind,
    sha256: [u8; 32],
    expires: Timestamp,
) -> CredentialRow {
    let (person, made, expires) = (person.id.clone(), act.at, Some(expires));
    let operation = Some(act.operation.clone());
    CredentialRow { sha256, person, kind, console: None, passkey: None, made, expires, operation }
}

pub(super) fn after_days(at: Timestamp, days: i64) -> Result<Timestamp, Problem> {
    let span = SignedDuration::from_hours(24 * days);
    at.checked_add(span).map_err(|error| Problem::broke(&error))
}

fn done(person: &PersonRow, kind: CredentialKind, expires: Option<String>) -> ChangedBody {
    ChangedBody { person: person.id.to_string(), kind: kind.to_string(), expires }
}
