//! Doors: by which somebody comes, and what is told to whoever is nobody there.

use std::net::IpAddr;

use domain::rule::Rule;

use crate::problem::{Fault, Problem};

/// By which door somebody comes, and from where.
#[derive(Debug, Clone)]
pub struct Door {
    /// The door's name, for the journal: never a person, never a credential.
    pub name: String,
    /// The address they come from; the loopback address at the installation's own console.
    pub from: IpAddr,
}

/// The same console under all its loopback addresses.
pub(crate) fn one_loopback(address: IpAddr) -> IpAddr {
    let address = address.to_canonical();
    if address.is_loopback() { IpAddr::from([127, 0, 0, 1]) } else { address }
}

/// That somebody did not prove who they are, by this rule.
pub(crate) fn unproven(rule: impl Into<Rule>) -> Problem {
    Problem::new(Fault::Unauthenticated, rule)
}
