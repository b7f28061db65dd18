//! The shapes of the registry of people: plain records, decided elsewhere.

use std::net::IpAddr;

use domain::act::{Basis, Standing};
use domain::id::{ActorId, MunicipalityCode, OperationId};
use domain::staff::{Attempts, CredentialKind, PersonState, ProposalKind, Role};
use jiff::Timestamp;

/// A person of the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRow {
    /// Who, as the journal names them.
    pub id: ActorId,
    /// Their name.
    pub name: String,
    /// Where they stand.
    pub state: PersonState,
    /// The roles they hold, or would hold once confirmed.
    pub roles: Vec<Role>,
    /// The municipality of a window clerk or supervisor.
    pub municipality: Option<MunicipalityCode>,
    /// What waits for its confirmation.
    pub proposal: Option<ProposalRow>,
    /// When they came to stand where they do.
    pub since: Timestamp,
}

/// What a senior operator proposed and nobody confirmed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposalRow {
    /// What.
    pub kind: ProposalKind,
    /// The roles from then on; empty where it is not about roles.
    pub roles: Vec<Role>,
    /// The municipality from then on.
    pub municipality: Option<MunicipalityCode>,
    /// Who proposed it.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
}

impl PersonRow {
    /// How they stand, let in by `basis`.
    pub fn standing(self, basis: Basis) -> Standing {
        let Self { id: person, roles, municipality, since, .. } = self;
        Standing { person, roles, municipality, since, basis, certificates: Vec::new() }
    }
}

/// What somebody shows to be let in, as it is stored: never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialRow {
    /// SHA-256 of the token, the enrolment secret, the client certificate (DER) or the passkey's id.
    pub sha256: [u8; 32],
    /// Whose it is.
    pub person: ActorId,
    /// What it is.
    pub kind: CredentialKind,
    /// The address of the console that a console token is bound to.
    pub console: Option<IpAddr>,
    /// What verifies a passkey.
    pub passkey: Option<PasskeyRow>,
    /// When it was made.
    pub made: Timestamp,
    /// From when on it lets nobody in.
    pub expires: Option<Timestamp>,
    /// The operation that made it; unknown of what was made before this was kept.
    pub operation: Option<OperationId>,
}

/// What verifies a passkey (WebAuthn).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyRow {
    /// The id by which its device knows it.
    pub id: Vec<u8>,
    /// The SubjectPublicKeyInfo, DER.
    pub spki: Vec<u8>,
    /// The signature counter it told last.
    pub counter: u32,
}

/// A person's password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordRow {
    /// Whose.
    pub person: ActorId,
    /// Its hash, Argon2id, PHC string.
    pub hash: String,
    /// When it was set.
    pub set: Timestamp,
    /// The wrong ones since.
    pub attempts: Attempts,
}
