//! The people without whom nobody could act any more: one table.

use super::Role;

/// How many active people of a role the registry keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Floor {
    /// The role.
    pub role: Role,
    /// The least number of them.
    pub least: u32,
    /// Whether people whom the registry does not know may have the role too: then a registry that has
    /// fewer than the least says nothing, and only the step below it is refused.
    pub has_unregistered: bool,
    /// Why, with the clause.
    pub rule: &'static str,
}

/// Every role that has a floor of its own; the custodians' follows from their quorum.
pub const NEVER_FEWER: &[Floor] = &[
    Floor {
        role: Role::CaManager,
        least: 1,
        has_unregistered: false,
        rule: "without one nobody could be confirmed (A 5.2.4.1, S 5-2-2)",
    },
    Floor {
        role: Role::SeniorOperator,
        least: 2,
        has_unregistered: false,
        rule: "what they do, two of them do (A 5.2.1.1(6), A 5.2.2, S 5-2-1-1(6))",
    },
];

/// The custodians whom the keys need. An earlier program made shares for people whom it did not register.
pub fn quorum_floor(threshold: u8) -> Floor {
    Floor {
        role: Role::KeyCustodian,
        least: u32::from(threshold),
        has_unregistered: true,
        rule: "with fewer the keys could never be activated again (A 6.2.2.1, S 6-2-1-2)",
    }
}
