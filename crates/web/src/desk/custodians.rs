//! The custodians of the keys, as people come and go and bear acts: their shares wake nothing here.

use std::sync::Arc;

use ca::{Custody, Quorum};
use domain::act::Act;
use domain::id::ActorId;
use domain::staff::Role;
use store::Unit;

use crate::problem::Problem;

/// The hand that knows who the custodians are, where there are keys at this desk, and wakes no key.
#[derive(Clone)]
pub(crate) struct Custodians(Option<Arc<Custody>>);

impl Custodians {
    pub(super) fn new(custody: Option<Arc<Custody>>) -> Self {
        Self(custody)
    }

    /// Wipes the share of a custodian who is none any more.
    pub(crate) fn dismiss_who_left(&self, act: &Act) -> Result<(), Problem> {
        self.0.as_ref().map_or(Ok(()), |custody| Ok(custody.dismiss(act)?))
    }

    /// A custodian is who holds a share of the keys (A 6.2.2, S 6-2-1-2): whoever had the office alone
    /// would be counted where the quorum is, and could not come to it.
    pub(crate) fn expect_share(&self, person: &ActorId, roles: &[Role]) -> Result<(), Problem> {
        let Some(custody) = self.0.as_ref().filter(|_| roles.contains(&Role::KeyCustodian)) else {
            return Ok(());
        };
        if custody.standing().custodians.contains(person) {
            return Ok(());
        }
        let rule = "no share of the keys was made for this person: custodians are those to whom the \
                    set-up gave one (A 6.2.2, S 6-2-1-2)";
        Err(Problem::refused("roles", rule))
    }

    /// The unit that stands only while all of the quorum are in office.
    pub(super) fn borne_by(&self, quorum: &Quorum, unit: Unit) -> Result<Unit, Problem> {
        let custody = self.0.as_ref().ok_or_else(no_custody)?;
        Ok(custody.borne_by(quorum, unit)?)
    }
}

/// What is said at a desk without the custody of the keys.
pub(super) fn no_custody() -> Problem {
    Problem::unavailable("the keys", &"this desk has no custody of keys")
}
