//! Who does what, when: handed to every operation, recorded with every change.

use std::sync::Arc;

use jiff::Timestamp;

use crate::id::{ActorId, CaId, MunicipalityCode, OperationId, SerialNumber, VerifierId};
use crate::staff::Role;

/// Who or what causes an operation (A 5.4.1: 事象の発生元の識別情報).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A clerk at a municipality's window.
    WindowClerk {
        /// The clerk.
        id: ActorId,
        /// The municipality of the window.
        municipality: MunicipalityCode,
    },
    /// An agent of the call centre, which takes holds by phone (A 4.9.13).
    CallCentreAgent(ActorId),
    /// A member of the CA's staff at a console.
    Staff(ActorId),
    /// A registered verifier's server.
    Verifier(VerifierId),
    /// The holder of a certificate, by the certificate that proved it. Never by the resident's code:
    /// journals name no person.
    Holder {
        /// The CA that issued the certificate.
        ca: CaId,
        /// Its serial number.
        serial: SerialNumber,
    },
    /// The program itself, by the name of the part that acted, for example `crl-cycle`.
    System(ActorId),
    /// Somebody who did not authenticate.
    Anonymous,
}

impl Actor {
    /// Whether it is this person of the registry, or part of the program.
    pub fn is(&self, person: &ActorId) -> bool {
        match self {
            Self::WindowClerk { id, .. }
            | Self::CallCentreAgent(id)
            | Self::Staff(id)
            | Self::System(id) => id == person,
            Self::Verifier(_) | Self::Holder { .. } | Self::Anonymous => false,
        }
    }

    /// The rule by which no hold is taken from this actor: holders ask for it by phone, at any hour.
    pub fn refusal_to_hold(&self) -> Option<&'static str> {
        let may = matches!(self, Self::CallCentreAgent(_));
        (!may).then_some("a hold is taken by the call centre (A 4.9.15①)")
    }

    /// The rule by which no hold is released for this actor: the holder comes, and is identified.
    pub fn refusal_to_release(&self) -> Option<&'static str> {
        let may = matches!(self, Self::WindowClerk { .. });
        (!may).then_some("a hold is released only at the window (A 4.9.15③)")
    }
}

/// The circumstances of one operation: who, when, and under which id it may be repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// Who acts.
    pub actor: Actor,
    /// When, by the injected clock.
    pub at: Timestamp,
    /// The id under which a repetition is recognised.
    pub operation: OperationId,
    /// What the right to it rests on, where a person of the registry acts.
    pub standing: Option<Arc<Standing>>,
    /// What the right of the second person rests on who approved it, where one did.
    pub second: Option<Arc<Standing>>,
    /// What the rights of further people rest on who are present, and without whom it is not done: all
    /// who hold a ceremony, the custodians whose shares are used.
    pub present: Arc<[Standing]>,
}

impl Act {
    /// Of somebody who is no person of the registry: the program, a card's holder, a stranger.
    pub fn new(actor: Actor, at: Timestamp, operation: OperationId) -> Self {
        Self { actor, at, operation, standing: None, second: None, present: Arc::default() }
    }

    /// Everybody on whose right it rests.
    pub fn standings(&self) -> impl Iterator<Item = &Standing> {
        everybody(&self.standing, &self.second, &self.present)
    }
}

/// Who acts, who approved it, and who else is present.
pub fn everybody<'a>(
    first: &'a Option<Arc<Standing>>,
    second: &'a Option<Arc<Standing>>,
    present: &'a [Standing],
) -> impl Iterator<Item = &'a Standing> {
    [first, second].into_iter().flatten().map(|standing| &**standing).chain(present)
}

/// What a person's right to act rested on when they were let in. Everything that is committed in their
/// name is held against the registry as it is then: a right that ended meanwhile is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Who.
    pub person: ActorId,
    /// The roles they had.
    pub roles: Vec<Role>,
    /// The municipality of their window.
    pub municipality: Option<MunicipalityCode>,
    /// Since when they stood where they did.
    pub since: Timestamp,
    /// What they had shown.
    pub basis: Basis,
    /// The certificates of this installation's own CAs that this rests on: one that they showed, and those
    /// with which it was made.
    pub certificates: Vec<(CaId, SerialNumber)>,
}

impl Standing {
    /// The same, resting on these certificates of this installation's own CAs.
    #[must_use]
    pub fn resting_on(self, certificates: Vec<(CaId, SerialNumber)>) -> Self {
        Self { certificates, ..self }
    }
}

/// What somebody was let in by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// A credential of the registry, by its SHA-256.
    Credential([u8; 32]),
    /// The password that was set then.
    Password(Timestamp),
    /// Nothing of the registry's: a custodian's share, say, beside the credential of who acts.
    Nothing,
}
