//! Passkeys at the desk: challenges, registration, and logging in.

use domain::journal::EventKind;
use domain::staff::{CredentialKind, MAX_TOKEN_DAYS};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Change, CredentialRow, Entry, PasskeyRow, PersonRow, Unit};
use utoipa::ToSchema;
use x509::fingerprint::sha256;

use super::challenges::For;
use super::credentials::{own, own_unit};
use super::permission::Operation as Permitted;
use super::principal::{Entrant, Principal, Proof, actor_of};
use super::shown::{Made, resting};
use super::{Desk, Door, entrance};
use crate::operation::{Call, Operation, Spec};
use crate::problem::Problem;
use crate::webauthn::{Ceremony, Expected, answered, created};
use crate::wire::{Base64Url, ChangedBody, PasskeyAnswerBody, PasskeyChallengeBody, SessionBody};

/// Gives a challenge for a passkey of one's own.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginPasskey {}

impl Operation for BeginPasskey {
    const SPEC: Spec =
        Spec::post(Permitted::BeginPasskey, "/api/v1/me/passkey-challenges", "sessions", "Given.")
            .creating();

    type Answer = PasskeyChallengeBody;

    fn run(self, call: &Call<'_>) -> Result<PasskeyChallengeBody, Problem> {
        let (desk, act) = (call.desk(), call.act());
        let host = call.checked(desk.host())?;
        let person = own(call, CredentialKind::Passkey)?;
        let challenge = desk.challenges.give(&For::Registration(person.id.clone()), act.at)?;
        let entry = Entry::new(EventKind::CredentialChanged, act).subject(&person.id);
        desk.store.commit(Unit::new(entry.detail("challenge", "passkey")))?;
        Ok(PasskeyChallengeBody { challenge, host: host.to_owned() })
    }
}

/// Registers a passkey of one's own.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PasskeyBody)]
pub struct RegisterPasskey {
    /// The challenge that was given out.
    pub challenge: String,
    /// clientDataJSON.
    #[schema(value_type = String)]
    pub client_data: Base64Url,
    /// What getAuthenticatorData() gives.
    #[schema(value_type = String)]
    pub authenticator_data: Base64Url,
}

impl Operation for RegisterPasskey {
    const SPEC: Spec =
        Spec::post(Permitted::RegisterPasskey, "/api/v1/me/passkeys", "sessions", "Registered.")
            .creating();

    type Answer = ChangedBody;

    /// It is made for ES256, discoverable, its user verified, without attestation.
    fn run(self, call: &Call<'_>) -> Result<ChangedBody, Problem> {
        let (desk, act) = (call.desk(), call.act());
        let kind = CredentialKind::Passkey;
        let person = own(call, kind)?;
        let done = call.once_in_a_unit(|| {
            let made = call.checked(desk.new_passkey(act, person, &self))?;
            let free = match desk.store.credential(&made.sha256)? {
                None => Ok(()),
                Some(_) => Err(Problem::refused("passkey", "it is registered already")),
            };
            call.checked(free)?;
            let ends = super::credentials::after_days(act.at, MAX_TOKEN_DAYS)?;
            let made = CredentialRow { expires: Some(ends), ..made };
            let unit = own_unit(act, person, kind, Change::AddCredential(made.into()));
            let unit = resting(unit, act, &Made::Credential(&act.operation))?;
            let person = person.id.to_string();
            let expires = Some(ends.to_string());
            Ok((unit, ChangedBody { person, kind: kind.to_string(), expires }))
        });
        Ok(done?.answer())
    }
}

impl Desk {
    fn new_passkey(
        &self,
        act: &Principal,
        person: &PersonRow,
        body: &RegisterPasskey,
    ) -> Result<CredentialRow, Problem> {
        let host = self.host()?;
        let whose = For::Registration(person.id.clone());
        let unopen = || Problem::refused("challenge", "it is not open, or was given to another");
        let open = self.challenges.find(&body.challenge, &whose, act.at).ok_or_else(unopen)?;
        let challenge = body.challenge.as_bytes();
        let expected = Expected { ceremony: Ceremony::Create, challenge, host };
        let made =
            created(&expected, &body.client_data.octets()?, &body.authenticator_data.octets()?);
        let made = made.map_err(|rule| Problem::refused("passkey", rule))?;
        if !self.challenges.spend(open, act.at) {
            return Err(unopen());
        }
        Ok(CredentialRow {
            sha256: sha256(&made.id),
            person: person.id.clone(),
            kind: CredentialKind::Passkey,
            console: None,
            passkey: Some(PasskeyRow { id: made.id, spki: made.spki, counter: made.counter }),
            made: act.at,
            expires: None,
            operation: Some(act.operation.clone()),
        })
    }

    /// A challenge for whoever logs in with a passkey, which says nothing about anybody.
    ///
    /// # Errors
    /// 422 where the installation has no host name for passkeys.
    pub fn begin_passkey_session(&self, door: &Door) -> Result<PasskeyChallengeBody, Problem> {
        let host = self.host()?.to_owned();
        let challenge = self.challenges.give(&For::Login(door.from), (self.clock)())?;
        Ok(PasskeyChallengeBody { challenge, host })
    }

    /// Opens a session for who answers a challenge with their passkey.
    ///
    /// # Errors
    /// 401 for what does not fit; the journal has it first.
    pub fn open_passkey_session(
        &self,
        body: &PasskeyAnswerBody,
        door: &Door,
    ) -> Result<SessionBody, Problem> {
        let stranger = self.act(domain::act::Actor::Anonymous, None)?;
        let found = self.by_passkey(body, door, stranger.at);
        let (entrant, row, counter) = self.turned_away(&stranger, door, found)?;
        let person = &entrant.person;
        let entry = Entry::new(EventKind::LoggedIn, &stranger).subject(&person.id);
        let mut unit = Unit::new(entry.detail("by", CredentialKind::Passkey));
        if let Some(passkey) = &row.passkey {
            let passkey = Some(PasskeyRow { counter, ..passkey.clone() });
            unit = unit
                .change(Change::DropCredential(row.sha256))
                .change(Change::AddCredential(CredentialRow { passkey, ..row.clone() }.into()));
        }
        self.store.commit(unit)?;
        let act = domain::act::Act { actor: actor_of(person), ..stranger };
        self.session_of(&Principal::person(act, entrant), door)
    }

    fn by_passkey(
        &self,
        body: &PasskeyAnswerBody,
        door: &Door,
        now: Timestamp,
    ) -> Result<(Entrant, CredentialRow, u32), Problem> {
        let unproven = entrance::unproven;
        let unopen = || unproven("the challenge is not open");
        let given = For::Login(door.from);
        let open = self.challenges.find(&body.challenge, &given, now).ok_or_else(unopen)?;
        let row = self.store.credential(&sha256(&body.id.octets()?))?;
        let (Some(row), host) = (row, self.host()?) else {
            return Err(unproven("the passkey belongs to nobody"));
        };
        let Some(passkey) = &row.passkey else {
            return Err(unproven("the passkey belongs to nobody"));
        };
        let challenge = body.challenge.as_bytes();
        let expected = Expected { ceremony: Ceremony::Get, challenge, host };
        let counter = answered(
            &expected,
            &body.client_data.octets()?,
            &body.authenticator_data.octets()?,
            &body.signature.octets()?,
            &passkey.spki,
        );
        let counter = counter.map_err(unproven)?;
        // A counter that does not advance is a copied passkey (WebAuthn 7.2, step 22).
        if (counter, passkey.counter) != (0, 0) && counter <= passkey.counter {
            return Err(unproven("the passkey's counter went back: there may be a copy of it"));
        }
        let entrant = self.owner(&row, Proof::Strong, now)?;
        match self.challenges.spend(open, now) {
            true => Ok((entrant, row, counter)),
            false => Err(unopen()),
        }
    }

    /// The host to which passkeys belong.
    fn host(&self) -> Result<&str, Problem> {
        let rule = "this desk has no host name that passkeys could belong to";
        self.hosts.first().ok_or_else(|| Problem::refused("passkey", rule))
    }
}
