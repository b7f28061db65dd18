//! Passkeys of one's own: their challenges and their registration.

use domain::journal::EventKind;
use domain::staff::{CredentialKind, MAX_TOKEN_DAYS};
use serde::{Deserialize, Serialize};
use store::{Change, CredentialRow, Entry, PasskeyRow, PersonRow, Unit};
use utoipa::ToSchema;
use x509::digest::sha256;

use super::credentials::{own, own_unit};
use super::permission::Operation as Permitted;
use crate::acts::after_days;
use crate::entrance::Entrance;
use crate::entrance::challenges::For;
use crate::entrance::grounds::{Made, resting};
use crate::entrance::principal::Principal;
use crate::operation::{Call, Listed, Needs, Operation, Spec};
use crate::problem::Problem;
use crate::webauthn::{Ceremony, Expected, created};
use crate::wire::{Base64Url, ChangedBody, PasskeyChallengeBody};

/// The operations of this group.
pub(crate) const OPERATIONS: &[Listed] =
    &[Listed::of::<BeginPasskey>(), Listed::of::<RegisterPasskey>()];

/// Gives a challenge for a passkey of one's own.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginPasskey {}

impl Operation for BeginPasskey {
    const SPEC: Spec =
        Spec::post(Permitted::BeginPasskey, "/api/v1/me/passkey-challenges", "sessions", "Given.")
            .creating()
            .needing(Needs::People);

    type Answer = PasskeyChallengeBody;

    fn run(self, call: &Call<'_>) -> Result<PasskeyChallengeBody, Problem> {
        let (entrance, act) = (call.entrance(), call.act());
        let host = call.checked(entrance.host())?;
        let person = own(call, CredentialKind::Passkey)?;
        let challenge =
            entrance.challenges().give(&For::Registration(person.id.clone()), act.at)?;
        let entry = Entry::new(EventKind::CredentialChanged, act).subject(&person.id);
        call.store().commit(Unit::new(entry.detail("challenge", "passkey")))?;
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
            .creating()
            .needing(Needs::People);

    type Answer = ChangedBody;

    /// It is made for ES256, discoverable, its user verified, without attestation.
    fn run(self, call: &Call<'_>) -> Result<ChangedBody, Problem> {
        let act = call.act();
        let kind = CredentialKind::Passkey;
        let person = own(call, kind)?;
        let done = call.once_in_a_unit(|| {
            let made = call.checked(new_passkey(call.entrance(), act, person, &self))?;
            let free = match call.store().credential(&made.sha256)? {
                None => Ok(()),
                Some(_) => Err(Problem::refused("passkey", "it is registered already")),
            };
            call.checked(free)?;
            let ends = after_days(act.at, MAX_TOKEN_DAYS)?;
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

/// The passkey that a person registers, whose challenge is spent with it.
fn new_passkey(
    entrance: &Entrance,
    act: &Principal,
    person: &PersonRow,
    body: &RegisterPasskey,
) -> Result<CredentialRow, Problem> {
    let host = entrance.host()?;
    let whose = For::Registration(person.id.clone());
    let unopen = || Problem::refused("challenge", "it is not open, or was given to another");
    let open = entrance.challenges().find(&body.challenge, &whose, act.at).ok_or_else(unopen)?;
    let challenge = body.challenge.as_bytes();
    let expected = Expected { ceremony: Ceremony::Create, challenge, host };
    let made = created(&expected, &body.client_data.octets()?, &body.authenticator_data.octets()?);
    let made = made.map_err(|rule| Problem::refused("passkey", rule))?;
    if !entrance.challenges().spend(open, act.at) {
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
