//! Which roles no person may hold together: one table.

use super::Role;
use Role as R;

/// Two roles that exclude each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exclusion {
    /// One of them.
    pub one: Role,
    /// The other.
    pub other: Role,
    /// Why, with the clause.
    pub rule: &'static str,
}

const fn row(one: Role, other: Role, rule: &'static str) -> Exclusion {
    Exclusion { one, other, rule }
}

const ORDERS: &str =
    "who orders the work and confirms its result does not do it (A 5.2.4.1②, S 5-2-2②)";
const KEYS: &str = "who can bring a key back or to life does not sign with it \
     (A 5.2.1.1(2)(6), S 5-2-1-1(2)(6))";
const HANDS: &str = "a request passes from hand to hand (A 5.2.1.1(3)-(5), S 5-2-1-1(3)-(5))";
const SIGNS: &str =
    "who signs a certificate did not judge its request (A 5.2.1.1(3)-(6), S 5-2-1-1(3)-(6))";
const CHECKS: &str =
    "the senior operator checks what the general operator did (A 5.2.4.1③, S 5-2-2③)";
const AUDITS: &str =
    "who inspects the logs has no part in what they tell (A 5.2.1.1(8), S 5-2-1-1(9))";
const WINDOWS: &str =
    "the windows are the municipality's, the CA is another's (A 5.2.1.2, S 5-2-1-2)";
const PHONE: &str = "a hold by phone ends at the window, in other hands (A 4.9.15)";
const OUTSIDE: &str = "a verifier is served, and serves nobody (A 1.3.4.1, S 1-3-1(9))";

/// Every pair that is refused (A 5.2.4.1①, S 5-2-2①); a pair that is not here may be held.
pub const EXCLUSIONS: &[Exclusion] = &[
    row(
        R::CaManager,
        R::KeyCustodian,
        "neither the administrator's key nor the shares open the \
         token alone (A 5.2.1.1(1)(2), S 5-2-1-1(1)(2))",
    ),
    row(R::CaManager, R::SeniorOperator, ORDERS),
    row(R::CaManager, R::RepositoryOperator, ORDERS),
    row(R::CaManager, R::GeneralOperator, ORDERS),
    row(R::KeyCustodian, R::SeniorOperator, KEYS),
    row(R::IntakeClerk, R::Examiner, HANDS),
    row(R::IntakeClerk, R::Approver, HANDS),
    row(R::Examiner, R::Approver, HANDS),
    row(R::IntakeClerk, R::SeniorOperator, SIGNS),
    row(R::Examiner, R::SeniorOperator, SIGNS),
    row(R::Approver, R::SeniorOperator, SIGNS),
    row(R::SeniorOperator, R::GeneralOperator, CHECKS),
    row(R::InternalAuditor, R::CaManager, AUDITS),
    row(R::InternalAuditor, R::KeyCustodian, AUDITS),
    row(R::InternalAuditor, R::IntakeClerk, AUDITS),
    row(R::InternalAuditor, R::Examiner, AUDITS),
    row(R::InternalAuditor, R::Approver, AUDITS),
    row(R::InternalAuditor, R::SeniorOperator, AUDITS),
    row(R::InternalAuditor, R::RepositoryOperator, AUDITS),
    row(R::InternalAuditor, R::GeneralOperator, AUDITS),
    row(R::InternalAuditor, R::WindowClerk, AUDITS),
    row(R::InternalAuditor, R::WindowSupervisor, AUDITS),
    row(R::InternalAuditor, R::CallCentreAgent, AUDITS),
    row(R::WindowClerk, R::CaManager, WINDOWS),
    row(R::WindowClerk, R::KeyCustodian, WINDOWS),
    row(R::WindowClerk, R::IntakeClerk, WINDOWS),
    row(R::WindowClerk, R::Examiner, WINDOWS),
    row(R::WindowClerk, R::Approver, WINDOWS),
    row(R::WindowClerk, R::SeniorOperator, WINDOWS),
    row(R::WindowClerk, R::RepositoryOperator, WINDOWS),
    row(R::WindowClerk, R::GeneralOperator, WINDOWS),
    row(R::WindowSupervisor, R::CaManager, WINDOWS),
    row(R::WindowSupervisor, R::KeyCustodian, WINDOWS),
    row(R::WindowSupervisor, R::IntakeClerk, WINDOWS),
    row(R::WindowSupervisor, R::Examiner, WINDOWS),
    row(R::WindowSupervisor, R::Approver, WINDOWS),
    row(R::WindowSupervisor, R::SeniorOperator, WINDOWS),
    row(R::WindowSupervisor, R::RepositoryOperator, WINDOWS),
    row(R::WindowSupervisor, R::GeneralOperator, WINDOWS),
    row(R::CallCentreAgent, R::CaManager, PHONE),
    row(R::CallCentreAgent, R::KeyCustodian, PHONE),
    row(R::CallCentreAgent, R::IntakeClerk, PHONE),
    row(R::CallCentreAgent, R::Examiner, PHONE),
    row(R::CallCentreAgent, R::Approver, PHONE),
    row(R::CallCentreAgent, R::SeniorOperator, PHONE),
    row(R::CallCentreAgent, R::RepositoryOperator, PHONE),
    row(R::CallCentreAgent, R::GeneralOperator, PHONE),
    row(R::CallCentreAgent, R::WindowClerk, PHONE),
    row(R::CallCentreAgent, R::WindowSupervisor, PHONE),
    row(R::Verifier, R::CaManager, OUTSIDE),
    row(R::Verifier, R::KeyCustodian, OUTSIDE),
    row(R::Verifier, R::IntakeClerk, OUTSIDE),
    row(R::Verifier, R::Examiner, OUTSIDE),
    row(R::Verifier, R::Approver, OUTSIDE),
    row(R::Verifier, R::SeniorOperator, OUTSIDE),
    row(R::Verifier, R::RepositoryOperator, OUTSIDE),
    row(R::Verifier, R::GeneralOperator, OUTSIDE),
    row(R::Verifier, R::InternalAuditor, OUTSIDE),
    row(R::Verifier, R::WindowClerk, OUTSIDE),
    row(R::Verifier, R::WindowSupervisor, OUTSIDE),
    row(R::Verifier, R::CallCentreAgent, OUTSIDE),
];

/// Why roles cannot be one person's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefusedRoles {
    /// There are none.
    #[error("a person has a role, or is no member of the staff")]
    None,
    /// One is named twice.
    #[error("{0} is named twice")]
    Twice(Role),
    /// Two of them are in [`EXCLUSIONS`].
    #[error("{one} and {other} exclude each other: {rule}")]
    Exclusive {
        /// One of them.
        one: Role,
        /// The other.
        other: Role,
        /// The row's reason and clause.
        rule: &'static str,
    },
    /// A municipal role without its municipality, or another one with one.
    #[error("a municipality belongs to window clerks and supervisors, and to nobody else")]
    Municipality,
}

/// Whether one person may hold `roles`, with or without a municipality.
/// ```
/// use jitsuin_domain::staff::{Role, check_roles};
///
/// assert!(check_roles(&[Role::Examiner], false).is_ok());
/// let refused = check_roles(&[Role::Examiner, Role::Approver], false).unwrap_err();
/// assert!(refused.to_string().contains("a request passes from hand to hand"));
/// assert!(check_roles(&[Role::WindowClerk], false).is_err(), "a clerk has a municipality");
/// ```
///
/// # Errors
/// [`RefusedRoles`], with the rule.
pub fn check_roles(roles: &[Role], has_municipality: bool) -> Result<(), RefusedRoles> {
    if roles.is_empty() {
        return Err(RefusedRoles::None);
    }
    for (place, role) in roles.iter().enumerate() {
        if roles[..place].contains(role) {
            return Err(RefusedRoles::Twice(*role));
        }
    }
    let both = |row: &&Exclusion| roles.contains(&row.one) && roles.contains(&row.other);
    if let Some(Exclusion { one, other, rule }) = EXCLUSIONS.iter().find(both).copied() {
        return Err(RefusedRoles::Exclusive { one, other, rule });
    }
    if roles.iter().any(|role| role.is_municipal()) != has_municipality {
        return Err(RefusedRoles::Municipality);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excluded(one: Role, other: Role) -> bool {
        EXCLUSIONS.iter().any(|row| (row.one, row.other) == (one, other))
            || EXCLUSIONS.iter().any(|row| (row.other, row.one) == (one, other))
    }

    #[test]
    fn w3_every_pair_of_roles_is_held_together_or_refused_by_its_row() {
        for one in Role::ALL {
            for other in Role::ALL.into_iter().filter(|other| *other != one) {
                let is_municipal = one.is_municipal() || other.is_municipal();
                match check_roles(&[one, other], is_municipal) {
                    Ok(()) => assert!(!excluded(one, other), "{one} {other}"),
                    Err(refused) => {
                        assert!(excluded(one, other), "{one} {other}");
                        assert!(refused.to_string().contains("(A "), "{refused}");
                    }
                }
            }
        }
    }

    #[test]
    fn w3_the_auditor_the_phone_and_the_verifier_are_alone() {
        for alone in [Role::InternalAuditor, Role::CallCentreAgent, Role::Verifier] {
            for other in Role::ALL.into_iter().filter(|other| *other != alone) {
                assert!(excluded(alone, other), "{alone} {other}");
            }
        }
    }

    #[test]
    fn w3_no_row_is_there_twice_and_none_excludes_itself() {
        for (place, row) in EXCLUSIONS.iter().enumerate() {
            assert_ne!(row.one, row.other);
            let again = EXCLUSIONS[place + 1..].iter().any(|next| {
                [(next.one, next.other), (next.other, next.one)].contains(&(row.one, row.other))
            });
            assert!(!again, "{row:?}");
        }
    }

    #[test]
    fn w3_a_municipality_belongs_to_the_windows_alone() {
        assert_eq!(check_roles(&[Role::WindowClerk], false), Err(RefusedRoles::Municipality));
        assert_eq!(check_roles(&[Role::Examiner], true), Err(RefusedRoles::Municipality));
        assert_eq!(check_roles(&[Role::WindowClerk, Role::WindowSupervisor], true), Ok(()));
        assert_eq!(check_roles(&[], false), Err(RefusedRoles::None));
        let twice = [Role::Examiner, Role::Examiner];
        assert_eq!(check_roles(&twice, false), Err(RefusedRoles::Twice(Role::Examiner)));
    }
}
