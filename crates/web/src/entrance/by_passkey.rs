//! Logging in with a passkey.

use domain::act::Act;
use domain::journal::EventKind;
use domain::staff::CredentialKind;
use jiff::Timestamp;
use store::{Change, CredentialRow, Entry, PasskeyRow, Unit};
use x509::digest::sha256;

use super::Entrance;
use crate::entrance::challenges::For;
use crate::entrance::door::{Door, unproven};
use crate::entrance::principal::{Entrant, Principal, Proof, actor_of};
use crate::problem::Problem;
use crate::webauthn::{Ceremony, Expected, answered};
use crate::wire::{PasskeyAnswerBody, PasskeyChallengeBody, SessionBody};

impl Entrance {
    /// A challenge for whoever logs in with a passkey, which says nothing about anybody.
    ///
    /// # Errors
    /// 422 where the installation has no host name for passkeys.
    pub fn begin_passkey_session(&self, door: &Door) -> Result<PasskeyChallengeBody, Problem> {
        let host = self.host()?.to_owned();
        let challenge = self.challenges.give(&For::Login(door.from), self.now())?;
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
        let stranger = self.stranger()?;
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
        self.ledger.commit(unit)?;
        let act = Act { actor: actor_of(person), ..stranger };
        self.session_of(&Principal::person(act, entrant), door)
    }

    fn by_passkey(
        &self,
        body: &PasskeyAnswerBody,
        door: &Door,
        now: Timestamp,
    ) -> Result<(Entrant, CredentialRow, u32), Problem> {
        let unopen = || unproven("the challenge is not open");
        let given = For::Login(door.from);
        let open = self.challenges.find(&body.challenge, &given, now).ok_or_else(unopen)?;
        let row = self.people.credential(&sha256(&body.id.octets()?))?;
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
        let entrant = self.registry.owner(&row, Proof::Strong, now)?;
        match self.challenges.spend(open, now) {
            true => Ok((entrant, row, counter)),
            false => Err(unopen()),
        }
    }
}
