//! What somebody sets for themselves: a password, a client certificate, a token.
//!
//! The secret of an enrolment is used up by the first of them, in the same unit.

use domain::id::ActorId;
use domain::journal::EventKind;
use domain::rule;
use domain::staff::{
    Attempts, CredentialKind, MAX_TOKEN_DAYS, PASSWORD_DAYS, TOKEN_DAYS, check_password,
    credential_rule,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use store::{Change, CredentialRow, Entry, PasswordRow, PersonRow, Unit};
use utoipa::ToSchema;
use x509::digest::sha256;

use super::permission::Operation as Permitted;
use super::repeat::Done;
use crate::acts::after_days;
use crate::entrance::door::one_loopback;
use crate::entrance::evenly::Evenly;
use crate::entrance::grounds::{Made, resting};
use crate::entrance::password;
use crate::entrance::password::{Judged, Tried};
use crate::entrance::principal::{Principal, Proof};
use crate::hashing::Caller;
use crate::operation::{Call, Listed, Needs, Operation, Spec, text};
use crate::problem::{Fault, Problem};
use crate::wire::{ChangedBody, SecretText, TokenBody};

/// The operations of this group.
pub(crate) const OPERATIONS: &[Listed] = &[
    Listed::of::<EndSession>(),
    Listed::of::<SetPassword>(),
    Listed::of::<RegisterCertificate>(),
    Listed::of::<MakeToken>(),
];

/// Sets one's own password.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PasswordBody)]
pub struct SetPassword {
    /// The password until now, where one logged in with it.
    // Whoever asks again logs in with the new one, and shows that: it is no part of what is asked.
    #[serde(default, serialize_with = "text::nothing")]
    pub current: Option<SecretText>,
    /// The password from now on: 12 characters and more.
    pub new: SecretText,
}

impl Operation for SetPassword {
    const SPEC: Spec = Spec::post(
        Permitted::SetPassword,
        "/api/v1/me/password",
        "sessions",
        "Set; it lasts 90 days.",
    )
    .needing(Needs::People);

    type Answer = ChangedBody;

    /// It is not the one until now, which whoever came in with it shows again.
    fn run(self, call: &Call<'_>) -> Result<ChangedBody, Problem> {
        let act = call.act();
        let kind = CredentialKind::Password;
        let person = own(call, kind)?;
        let rule = check_password(self.new.expose(), person.id.as_str());
        call.checked(rule.map_err(|rule| Problem::refused("new", rule)))?;
        // Nothing of a password recognises a repetition: whether it is one is seen by the password that
        // was set.
        let done = call.once_in_a_unit(|| {
            let from = shown_again(call, person, &self)?;
            let hash = password::hash(Caller::Known, self.new.expose())?;
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
            let entry = Entry::new(call.operation().kind(), act).subject(&person.id);
            let tried = Tried {
                caller: Caller::Known,
                password: &self.new,
                entry: entry.detail("compared", "repeated"),
                wanted: true,
                evenly: &Evenly::default(),
            };
            let judged = call.entrance().passwords().judge(&person.id, act.at, tried)?;
            let another =
                Problem::new(Fault::Conflict, "operation: it set another password before");
            let is_repeated = matches!(judged, Judged::Fits(_));
            call.checked(if is_repeated { Ok(()) } else { Err(another) })?;
        }
        // Whoever else was in with the old password is out.
        call.entrance().sessions().end_all_of(&person.id);
        Ok(done.answer())
    }
}

/// Registers a client certificate of one's own.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ClientCertificateBody)]
pub struct RegisterCertificate {
    /// The certificate, PEM: the one that this very connection showed in its TLS handshake, which
    /// proves its key.
    pub certificate_pem: String,
}

impl Operation for RegisterCertificate {
    const SPEC: Spec = Spec::post(
        Permitted::RegisterCertificate,
        "/api/v1/me/certificates",
        "sessions",
        "Registered.",
    )
    .creating()
    .needing(Needs::People);

    type Answer = ChangedBody;

    /// It lets one in until it expires, and for 366 days at most.
    fn run(self, call: &Call<'_>) -> Result<ChangedBody, Problem> {
        let (desk, act) = (call.desk(), call.act());
        let kind = CredentialKind::ClientCertificate;
        let person = own(call, kind)?;
        let read =
            desk.client_certificates().expect_fit(&self.certificate_pem, act.handshake(), act.at);
        let (der, expires) = call.checked(read)?;
        let row = credential(act, person, kind, sha256(&der), expires);
        let done = call.once_in_a_unit(|| {
            let free = match call.store().credential(&row.sha256)? {
                None => Ok(()),
                Some(_) => Err(Problem::refused("certificate_pem", "it is registered already")),
            };
            call.checked(free)?;
            let unit = own_unit(act, person, kind, Change::AddCredential(row.clone().into()));
            let unit = resting(unit, act, &Made::Credential(&act.operation))?;
            Ok((unit, done(person, kind, Some(expires.to_string()))))
        });
        Ok(done?.answer())
    }
}

/// Makes a token of one's own, bound to the address that asks for it unless it is for a program.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TokenWishBody)]
pub struct MakeToken {
    /// For a program, to be shown from anywhere; else bound to the address that asks for it.
    #[serde(default)]
    pub program: bool,
    /// How long it lasts; 90 days unless told, 366 at most.
    // Whoever writes the usual number out asks for the same.
    #[serde(default, serialize_with = "as_meant")]
    pub days: Option<u32>,
}

impl Operation for MakeToken {
    const SPEC: Spec = Spec::post(
        Permitted::MakeToken,
        "/api/v1/me/tokens",
        "sessions",
        "Made; it is shown this once.",
    )
    .creating()
    .needing(Needs::People);

    type Answer = TokenBody;

    fn run(self, call: &Call<'_>) -> Result<TokenBody, Problem> {
        let act = call.act();
        let kind = match self.program {
            true => CredentialKind::ProgramToken,
            false => CredentialKind::ConsoleToken,
        };
        let person = own(call, kind)?;
        let days = self.days.map_or(TOKEN_DAYS, i64::from);
        let within = match (1..=MAX_TOKEN_DAYS).contains(&days) {
            true => Ok(()),
            false => Err(Problem::refused("days", "1 to 366")),
        };
        call.checked(within)?;
        let from = act.from().ok_or_else(|| Problem::refused("person", "people have tokens"));
        let console = (!self.program).then_some(one_loopback(call.checked(from)?));
        let fresh = crate::random::secret()?;
        let done = call.once_in_a_unit(|| {
            let expires = after_days(act.at, days)?;
            let sha256 = sha256(fresh.expose().as_bytes());
            let row = CredentialRow { console, ..credential(act, person, kind, sha256, expires) };
            let console = row.console.map(|address| address.to_string());
            let unit = own_unit(act, person, kind, Change::AddCredential(row.into()));
            let unit = resting(unit, act, &Made::Credential(&act.operation))?;
            let (person, expires) = (person.id.to_string(), expires.to_string());
            Ok((unit, TokenBody { person, token: String::new(), console, expires }))
        })?;
        let (body, token) = match done {
            Done::Now(body) => (body, Some(fresh)),
            Done::Before(body) => {
                let is_here = body.console == console.map(|address| address.to_string());
                let elsewhere =
                    Problem::new(Fault::Conflict, "operation: ask again from where you asked");
                call.checked(if is_here { Ok(()) } else { Err(elsewhere) })?;
                let again = secret_again(call, &person.id, kind);
                (body, call.checked(again)?)
            }
        };
        let used = || Problem::new(Fault::Conflict, "operation: its token is no more");
        let token = call.checked(token.ok_or_else(used))?;
        Ok(TokenBody { token: token.expose().to_owned(), ..body })
    }
}

/// Ends one's sessions.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndSession {}

impl Operation for EndSession {
    const SPEC: Spec =
        Spec::post(Permitted::EndSession, "/api/v1/sessions/end", "sessions", "Ended.")
            .needing(Needs::People);

    type Answer = ChangedBody;

    fn run(self, call: &Call<'_>) -> Result<ChangedBody, Problem> {
        let person = call.checked(registered(call.act()))?;
        call.entrance().sessions().end_all_of(&person.id);
        let entry = Entry::new(EventKind::LoggedIn, call.act()).subject(&person.id);
        call.store().commit(Unit::new(entry.detail("session", "ended")))?;
        Ok(ChangedBody { person: person.id.to_string(), kind: "session".into(), expires: None })
    }
}

/// Another secret in the place of the one that this operation made, whose answer did not arrive;
/// nothing, where there is no such credential any more.
pub(super) fn secret_again(
    call: &Call<'_>,
    person: &ActorId,
    kind: CredentialKind,
) -> Result<Option<SecretText>, Problem> {
    let act = call.act();
    let is_it =
        |row: &CredentialRow| row.kind == kind && row.operation.as_ref() == Some(&act.operation);
    let Some(old) = call.store().credentials_of(person)?.into_iter().find(is_it) else {
        return Ok(None);
    };
    // Whoever asks again rests on what was asked with, so that a secret that is given again does too.
    let is_own = act.id() == Some(&old.person);
    if is_own && act.certificates() != &call.desk().grounds().credential_rests_on(&old, act.at)?[..]
    {
        let another = "operation: ask again as you asked first, by the same certificate or none";
        return Err(Problem::new(Fault::Conflict, another));
    }
    let fresh = crate::random::secret()?;
    let new = CredentialRow { sha256: sha256(fresh.expose().as_bytes()), ..old.clone() };
    let entry = Entry::new(EventKind::CredentialChanged, act).subject(person);
    let unit = Unit::new(entry.detail("credential", kind).detail("secret", "given again"))
        .change(Change::DropCredential(old.sha256))
        .change(Change::AddCredential(new.into()));
    call.store().commit(unit)?;
    Ok(Some(fresh))
}

/// The password until now, if there is one, once whoever came in with it has shown it again: a
/// session left open must not change it. The new one is another. What is wrong counts as at the
/// door.
fn shown_again(
    call: &Call<'_>,
    person: &PersonRow,
    asked: &SetPassword,
) -> Result<Option<PasswordRow>, Problem> {
    let act = call.act();
    if call.store().password(&person.id)?.is_none() {
        return Ok(None);
    }
    let shows = matches!(act.proof(), Proof::Weak | Proof::ExpiredPassword);
    let current = asked.current.as_ref().filter(|_| shows);
    if shows && current.is_none() {
        let missing = Problem::refused("current", "the password until now is needed");
        return call.checked(Err(missing));
    }
    let entry = Entry::new(call.operation().kind(), act).subject(&person.id);
    let tried = Tried {
        caller: Caller::Known,
        password: current.unwrap_or(&asked.new),
        entry: entry.detail("compared", if shows { "current" } else { "new" }),
        wanted: shows,
        evenly: &Evenly::default(),
    };
    // The entries of what was wrong are there already.
    let judged = call.entrance().passwords().judge(&person.id, act.at, tried)?;
    if matches!(judged, Judged::Locked) {
        let entry = Entry::new(call.operation().kind(), act).subject(&person.id);
        call.store().commit(Unit::new(entry.refused(password::LOCKED)))?;
    }
    match (judged, current) {
        (Judged::Fits(_), Some(current)) if current.expose() == asked.new.expose() => {
            let same = Problem::refused("new", "it is the password until now");
            call.checked(Err(same))
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
pub(super) fn own<'a>(call: &Call<'a>, kind: CredentialKind) -> Result<&'a PersonRow, Problem> {
    let person = call.checked(registered(call.act()))?;
    let forbids = |role: &&domain::staff::Role| !credential_rule(**role).kinds.contains(&kind);
    let allowed = match person.roles.iter().find(forbids) {
        None => Ok(person),
        Some(role) => {
            let rule = credential_rule(*role).rule;
            Err(Problem::refused("kind", rule!("{} has no {}: {}", role, kind, rule)))
        }
    };
    call.checked(allowed)
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

/// Writes the days that are meant.
fn as_meant<S: Serializer>(days: &Option<u32>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(days.map_or(TOKEN_DAYS, i64::from))
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

fn done(person: &PersonRow, kind: CredentialKind, expires: Option<String>) -> ChangedBody {
    ChangedBody { person: person.id.to_string(), kind: kind.to_string(), expires }
}
