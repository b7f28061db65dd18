//! The certification authority: issuance in six steps, revocation, the CRL cycle.
//!
//! # Architecture invariant
//! Nothing in here reads a clock, knows a window or answers the world. Every act comes with who,
//! when and under which operation id; every change is one unit of the store with its entry.

mod adoption;
mod authority;
mod backup;
pub mod card_master;
pub mod ceremony;
mod compromise;
mod custody;
mod destruction;
mod error;
mod generation;
mod issuance;
mod life;
mod lists;
mod making;
mod partition;
mod possession;
mod random;
mod recovery;
mod renewal;
mod request;
mod responder;
mod service_requests;
mod setup;

pub use adoption::adopt_policy;
pub use authority::CertificationAuthority;
pub use backup::{note_backup, noted_backup};
pub use compromise::CompromisePlan;
pub use custody::{Custody, Dealing, Quorum, Standing, Terms};
pub use destruction::{Destruction, while_kept};
pub use error::{Error, Result};
pub use generation::Generation;
pub use issuance::{Issued, Step};
pub use life::{Changed, RevocationOrder};
pub use lists::{CLOCK_SAID_RIGHT, Difference, LateList, ListOutcome, clock_said_right};
pub use making::{MakeKey, find_or_generate};
pub use partition::{distribution_point, partition_of};
pub use recovery::Settled;
pub use renewal::{Finding, Links, Rehearsal, RehearsedPath, Renewal, Renewed, Trust, Weight};
pub use request::{
    CertifiedAttributes, IssuedToUser, KeySource, Possession, ServiceRequest, UserRequest,
};
pub use responder::Responder;
pub use service_requests::{certification, service_request};
