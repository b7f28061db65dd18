//! Who does what, when: handed to every operation, recorded with every change.

use jiff::Timestamp;

use crate::id::{ActorId, MunicipalityCode, OperationId, VerifierId};

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
