//! Who does what, when: handed to every operation, recorded with every change.

use jiff::Timestamp;

use crate::id::{ActorId, CaId, MunicipalityCode, OperationId, SerialNumber, VerifierId};

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

/// The circumstances of one operation: who, when, and under which id it may be repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// Who acts.
    pub actor: Actor,
    /// When, by the injected clock.
    pub at: Timestamp,
    /// The id under which a repetition is recognised.
    pub operation: OperationId,
}
