//! The people: roles and which of them exclude each other, a person's life, what proves who they are.
//!
//! Every table here is data with its clause; the registry in the store and the desk in `web` follow
//! them (A 5.2, S 5-2).

mod credential;
mod exclusion;
mod floor;
mod guessed;
mod person;
mod role;
mod way_in;

pub use credential::{
    Attempts, CredentialKind, CredentialRule, ENROLMENT_HOURS, LOCKOUT_MINUTES, MAX_FAILURES,
    MAX_PASSWORD_LENGTH, MAX_TOKEN_DAYS, MIN_PASSWORD_LENGTH, PASSWORD_DAYS, SESSION_HOURS,
    SESSION_IDLE_MINUTES, TOKEN_DAYS, check_password, credential_rule,
};
pub use exclusion::{EXCLUSIONS, Exclusion, RefusedRoles, check_roles};
pub use floor::{Floor, NEVER_FEWER, quorum_floor};
pub use person::{ChangeKind, PersonEvent, PersonState, ProposalKind, RefusedPerson, TRANSITIONS};
pub use role::Role;
pub use way_in::{role_filled_until, way_in_until};
