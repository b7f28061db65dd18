//! The life of an application at a window: its kinds, its states, the one table of transitions.

use crate::named::named;
use crate::transition::{Cases, TransitionTable, row_of};

named! {
    /// What is applied for.
    ApplicationKind {
        /// A first certificate together with a new card (A 4.3.1.1(1)).
        IssueWithCard = "issue-with-card",
        /// A certificate on the card the applicant holds (A 4.3.1.1(2), S 4-1-1).
        IssueOnCard = "issue-on-card",
        /// A new key and certificate in place of the one in force (A 4.7, S 3-2).
        Renewal = "renewal",
        /// The end of a certificate, in writing (A 4.9.3.1, S 4-4-2).
        Revocation = "revocation",
        /// The release of a hold (A 4.9.15).
        HoldRelease = "hold-release",
    }
}

/// A holder's certificates at one CA, without those of the application that is issued on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Others {
    /// Whether one is on its way to the holder: intended, or on a card and not delivered.
    pub awaits_delivery: bool,
    /// Whether one is in force, good or held.
    pub is_in_force: bool,
}

impl ApplicationKind {
    /// Whether a certificate comes out of it.
    pub fn issues(self) -> bool {
        matches!(self, Self::IssueWithCard | Self::IssueOnCard | Self::Renewal)
    }

    /// The rule by which a holder is issued no other certificate for the sake of those that there are: windows
    /// ask it before a card is touched, and the CA before it signs.
    pub fn refusal(self, others: Others) -> Option<&'static str> {
        match (self, others.is_in_force) {
            _ if others.awaits_delivery => {
                Some("another certificate waits for delivery: deliver or discard it (A 4.3.1.1)")
            }
            (Self::IssueOnCard, true) => {
                Some("a valid or held certificate exists (A 4.3.1.1(2), S 4-2-3)")
            }
            (Self::Renewal, false) => {
                Some("there is no certificate in force to renew (A 4.7.1.1, S 3-2)")
            }
            _ => None,
        }
    }
}

named! {
    /// Where an application stands.
    ApplicationState {
        /// The form was taken in.
        Received = "received",
        /// A clerk has checked existence and identity.
        Verified = "verified",
        /// A second clerk has approved.
        Approved = "approved",
        /// The certificate exists and is on its card, unusable.
        Issued = "issued",
        /// Done: delivered, revoked or released.
        Completed = "completed",
        /// Refused; the reason is with the record.
        Refused = "refused",
        /// Withdrawn by the applicant, or destroyed before delivery.
        Withdrawn = "withdrawn",
    }
}

impl ApplicationState {
    /// Whether nothing more can come of it.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Refused | Self::Withdrawn)
    }
}

named! {
    /// What can happen to an application.
    ApplicationEvent {
        /// Existence and identity were checked without doubt.
        Verify = "verify",
        /// A second person approved.
        Approve = "approve",
        /// The CA issued the certificate.
        Issue = "issue",
        /// The certificate was delivered, or the revocation or release carried out.
        Complete = "complete",
        /// A doubt or a rule refused it.
        Refuse = "refuse",
        /// The applicant withdrew, or the unused certificate was destroyed.
        Withdraw = "withdraw",
    }
}

named! {
    /// To which applications a transition belongs.
    Scope {
        /// Every application.
        All = "all",
        /// Those a certificate comes out of.
        Issuing = "issuing",
        /// Revocation and release.
        NotIssuing = "not issuing",
    }
}

/// Every transition there is; what is not here is refused.
///
/// A policy that asks for a second approval forbids [`ApplicationEvent::Issue`] and
/// [`ApplicationEvent::Complete`] from [`ApplicationState::Verified`]; see [`after`].
pub const TRANSITIONS: TransitionTable<ApplicationState, ApplicationEvent, Scope> = {
    use ApplicationEvent as E;
    use ApplicationState as S;
    TransitionTable {
        rows: &[
            row_of(
                Scope::All,
                S::Received,
                E::Verify,
                S::Verified,
                "existence and identity checked (A 3.2.3, S 3-1-9)",
            ),
            row_of(
                Scope::All,
                S::Received,
                E::Refuse,
                S::Refused,
                "any doubt refuses (A 4.1.2.1(3), S 3-1-9)",
            ),
            row_of(Scope::All, S::Received, E::Withdraw, S::Withdrawn, "the applicant withdraws"),
            row_of(
                Scope::All,
                S::Verified,
                E::Approve,
                S::Approved,
                "second approval where the policy asks (A 5.2.1.2)",
            ),
            row_of(
                Scope::All,
                S::Verified,
                E::Refuse,
                S::Refused,
                "any doubt refuses (A 4.1.2.1(3), S 3-1-9)",
            ),
            row_of(Scope::All, S::Verified, E::Withdraw, S::Withdrawn, "the applicant withdraws"),
            row_of(
                Scope::All,
                S::Approved,
                E::Refuse,
                S::Refused,
                "the CA or a rule refuses (S 4-2-3)",
            ),
            row_of(Scope::All, S::Approved, E::Withdraw, S::Withdrawn, "the applicant withdraws"),
            row_of(
                Scope::Issuing,
                S::Verified,
                E::Issue,
                S::Issued,
                "the CA issues (A 4.3.1.1, S 4-2-1)",
            ),
            row_of(
                Scope::Issuing,
                S::Approved,
                E::Issue,
                S::Issued,
                "the CA issues (A 4.3.1.1, S 4-2-1)",
            ),
            row_of(
                Scope::Issuing,
                S::Issued,
                E::Complete,
                S::Completed,
                "delivery at the window (A 4.4.1.1, S 4-3-1)",
            ),
            row_of(
                Scope::Issuing,
                S::Issued,
                E::Withdraw,
                S::Withdrawn,
                "destroyed before delivery (A 4.9.9)",
            ),
            row_of(
                Scope::NotIssuing,
                S::Verified,
                E::Complete,
                S::Completed,
                "carried out by the CA (A 4.9.3.1, S 4-4-2)",
            ),
            row_of(
                Scope::NotIssuing,
                S::Approved,
                E::Complete,
                S::Completed,
                "carried out by the CA (A 4.9.3.1, S 4-4-2)",
            ),
        ],
    }
};

/// A transition that is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an application for {kind} that is {state} cannot be taken to {event}: {rule}")]
pub struct RefusedTransition {
    /// What is applied for.
    pub kind: ApplicationKind,
    /// The state it is in.
    pub state: ApplicationState,
    /// What was asked.
    pub event: ApplicationEvent,
    /// The rule that forbids it.
    pub rule: &'static str,
}

/// The state of an application of `kind` after `event`.
/// ```
/// use jitsuin_domain::application::{ApplicationEvent, ApplicationKind, ApplicationState, after};
///
/// let kind = ApplicationKind::IssueWithCard;
/// let verified = after(kind, ApplicationState::Received, ApplicationEvent::Verify, true)?;
/// // Where the policy wants a second person, nothing is issued without their approval.
/// assert!(after(kind, verified, ApplicationEvent::Issue, true).is_err());
/// let approved = after(kind, verified, ApplicationEvent::Approve, true)?;
/// assert_eq!(after(kind, approved, ApplicationEvent::Issue, true)?, ApplicationState::Issued);
/// # Ok::<(), jitsuin_domain::application::RefusedTransition>(())
/// ```
///
/// # Errors
/// [`RefusedTransition`] when the table has no row, or when `second_approval` is asked for and
/// the application would skip it.
pub fn after(
    kind: ApplicationKind,
    state: ApplicationState,
    event: ApplicationEvent,
    second_approval: bool,
) -> Result<ApplicationState, RefusedTransition> {
    let refuse = |rule| RefusedTransition { kind, state, event, rule };
    let to = TRANSITIONS
        .after_in(kind, state, event)
        .ok_or_else(|| refuse("no such step follows (L14)"))?;
    let acts = matches!(event, ApplicationEvent::Issue | ApplicationEvent::Complete);
    if second_approval && acts && state == ApplicationState::Verified {
        return Err(refuse("a second person must approve first"));
    }
    Ok(to)
}

impl Cases for Scope {
    type Case = ApplicationKind;

    fn covers(&self, kind: ApplicationKind) -> bool {
        match self {
            Self::All => true,
            Self::Issuing => kind.issues(),
            Self::NotIssuing => !kind.issues(),
        }
    }

    fn printed(&self) -> Option<&'static str> {
        Some(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l6_only_a_renewal_replaces_a_certificate_in_force_and_there_is_one_to_renew() {
        for kind in ApplicationKind::ALL {
            let refused = [true, false].map(|is_in_force| {
                let waiting = Others { awaits_delivery: true, is_in_force };
                assert!(kind.refusal(waiting).is_some(), "{kind}: one after the other");
                kind.refusal(Others { awaits_delivery: false, ..waiting }).is_some()
            });
            let expected = match kind {
                ApplicationKind::IssueOnCard => [true, false],
                ApplicationKind::Renewal => [false, true],
                _ => [false, false],
            };
            assert_eq!(refused, expected, "{kind}");
        }
    }

    #[test]
    fn l14_every_triple_is_a_row_of_the_table_or_refused() {
        for kind in ApplicationKind::ALL {
            for state in ApplicationState::ALL {
                for event in ApplicationEvent::ALL {
                    let row = TRANSITIONS
                        .rows
                        .iter()
                        .find(|t| t.from == state && t.event == event && t.cases.covers(kind));
                    let outcome = after(kind, state, event, false);
                    assert_eq!(outcome.ok(), row.map(|r| r.to), "{kind} {state} {event}");
                }
            }
        }
    }

    #[test]
    fn l14_second_approval_cannot_be_skipped() {
        use ApplicationEvent::{Complete, Issue};
        use ApplicationState::Verified;
        assert!(after(ApplicationKind::IssueOnCard, Verified, Issue, true).is_err());
        assert!(after(ApplicationKind::Revocation, Verified, Complete, true).is_err());
    }
}
