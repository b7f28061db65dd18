//! The life of a certificate: its kinds, its states, and the one table of transitions (L14).

use jiff::Timestamp;

use crate::named::named;
use crate::revocation::RevocationReason;
use crate::transition::{TransitionTable, row};

named! {
    /// What a certificate is for (P3).
    CertificateKind {
        /// A resident's certificate (利用者証明用電子証明書, 署名用電子証明書).
        User = "user",
        /// A CA's self-signed certificate (自己署名証明書).
        SelfSigned = "self-signed",
        /// A link certificate for the old key, signed with the new (OldWithNew).
        LinkOldWithNew = "link-old-with-new",
        /// A link certificate for the new key, signed with the old (NewWithOld).
        LinkNewWithOld = "link-new-with-old",
        /// A certificate issued to the bridge CA (相互認証証明書).
        Cross = "cross",
        /// The delegated OCSP responder (OCSPレスポンダ証明書).
        OcspResponder = "ocsp-responder",
        /// A TLS server of the service (SSL証明書).
        TlsServer = "tls-server",
        /// The official-certificate verification server (官職証明書検証サーバ証明書).
        VerificationServer = "verification-server",
        /// Code signing.
        CodeSigning = "code-signing",
    }
}

impl CertificateKind {
    /// Whether the subject is a CA, so that its revocation belongs on an ARL.
    pub fn is_authority(self) -> bool {
        matches!(self, Self::SelfSigned | Self::LinkOldWithNew | Self::LinkNewWithOld | Self::Cross)
    }

    /// Whether it is issued and revoked by a request of the staff (L13; A 4.1.2.2, A 4.9.3.2).
    pub fn is_service(self) -> bool {
        matches!(
            self,
            Self::OcspResponder | Self::TlsServer | Self::VerificationServer | Self::CodeSigning
        )
    }
}

/// The state of a certificate, with exactly what exists in it.
///
/// Expiry is no state: it follows from `notAfter` and the time asked (L12).
/// ```
/// use jiff::Timestamp;
/// use jitsuin_domain::certificate::{CertificateEvent, CertificateState};
///
/// let now = Timestamp::UNIX_EPOCH;
/// let issued = CertificateState::Intended.after(CertificateEvent::Issue, now)?;
/// assert_eq!(issued, CertificateState::Undelivered { since: now });
/// assert!(issued.after(CertificateEvent::Hold, now).is_err(), "nobody can use it yet");
/// assert!(issued.after(CertificateEvent::Deliver, now)?.is_in_force());
/// # Ok::<(), jitsuin_domain::certificate::RefusedTransition>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateState {
    /// Serial and TBS are on disk; a signature may or may not exist.
    Intended,
    /// Issued and on its way to the holder, on a card that cannot be used yet.
    Undelivered {
        /// When it was issued.
        since: Timestamp,
    },
    /// Delivered and in force.
    Good,
    /// Held at the holder's word (A 4.9.13); may return to good or end.
    Held {
        /// When the hold began.
        since: Timestamp,
    },
    /// Revoked for good; nothing leads out of here (A 4.9.5, S 4-4-2-4).
    Revoked {
        /// When it was revoked.
        at: Timestamp,
        /// Why.
        reason: RevocationReason,
    },
}

named! {
    /// The name of a [`CertificateState`], for tables and rows.
    StateName {
        /// [`CertificateState::Intended`]
        Intended = "intended",
        /// [`CertificateState::Undelivered`]
        Undelivered = "undelivered",
        /// [`CertificateState::Good`]
        Good = "good",
        /// [`CertificateState::Held`]
        Held = "held",
        /// [`CertificateState::Revoked`]
        Revoked = "revoked",
    }
}

/// What can happen to a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateEvent {
    /// The signature exists and was compared; step 6 of issuance.
    Issue,
    /// The issue needs no delivery: CA, responder and server certificates are good at once.
    IssueInForce,
    /// The holder received the card at the window.
    Deliver,
    /// The holder asked for a hold by phone.
    Hold,
    /// A window released the hold after an identity check.
    Release,
    /// The certificate was destroyed before delivery (reason 0).
    Discard,
    /// The certificate ends for a reason that is not [`RevocationReason::Unspecified`].
    Revoke(RevocationReason),
}

named! {
    /// The name of a [`CertificateEvent`], for tables and messages.
    EventName {
        /// [`CertificateEvent::Issue`]
        Issue = "issue",
        /// [`CertificateEvent::IssueInForce`]
        IssueInForce = "issue-in-force",
        /// [`CertificateEvent::Deliver`]
        Deliver = "deliver",
        /// [`CertificateEvent::Hold`]
        Hold = "hold",
        /// [`CertificateEvent::Release`]
        Release = "release",
        /// [`CertificateEvent::Discard`]
        Discard = "discard",
        /// [`CertificateEvent::Revoke`]
        Revoke = "revoke",
    }
}

/// Every transition there is; what is not here is refused.
pub const TRANSITIONS: TransitionTable<StateName, EventName> = {
    use EventName as E;
    use StateName as S;
    TransitionTable {
        rows: &[
            row(
                S::Intended,
                E::Issue,
                S::Undelivered,
                "issued onto an unusable card (A 4.3.1.1(1))",
            ),
            row(
                S::Intended,
                E::IssueInForce,
                S::Good,
                "other certificates need no delivery (A 4.3.1.2)",
            ),
            row(
                S::Intended,
                E::Discard,
                S::Revoked,
                "an intent that cannot be finished ends as destroyed before delivery (A 4.9.9)",
            ),
            row(
                S::Intended,
                E::Revoke,
                S::Revoked,
                "a possibly signed serial can be revoked (A 4.9.12)",
            ),
            row(S::Undelivered, E::Deliver, S::Good, "delivery at the window (A 4.4.1.1)"),
            row(
                S::Undelivered,
                E::Discard,
                S::Revoked,
                "destroyed before delivery, reason 0 (A 4.9.9)",
            ),
            row(S::Undelivered, E::Revoke, S::Revoked, "revocation (A 4.9.1.1, S 4-4-1)"),
            row(S::Good, E::Hold, S::Held, "hold by phone (A 4.9.13)"),
            row(S::Good, E::Revoke, S::Revoked, "revocation (A 4.9.1.1, S 4-4-1)"),
            row(S::Held, E::Release, S::Good, "release at the window only (A 4.9.15)"),
            row(S::Held, E::Revoke, S::Revoked, "revocation of a held certificate (A 4.9.1.1)"),
        ],
    }
};

/// A transition that is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a certificate that is {state} cannot {event}: {rule}")]
pub struct RefusedTransition {
    /// The state the certificate is in.
    pub state: StateName,
    /// What was asked.
    pub event: EventName,
    /// The rule that forbids it.
    pub rule: &'static str,
}

impl CertificateEvent {
    /// The event's name.
    pub fn name(self) -> EventName {
        match self {
            Self::Issue => EventName::Issue,
            Self::IssueInForce => EventName::IssueInForce,
            Self::Deliver => EventName::Deliver,
            Self::Hold => EventName::Hold,
            Self::Release => EventName::Release,
            Self::Discard => EventName::Discard,
            Self::Revoke(_) => EventName::Revoke,
        }
    }
}

impl CertificateState {
    /// The state's name.
    pub fn name(self) -> StateName {
        match self {
            Self::Intended => StateName::Intended,
            Self::Undelivered { .. } => StateName::Undelivered,
            Self::Good => StateName::Good,
            Self::Held { .. } => StateName::Held,
            Self::Revoked { .. } => StateName::Revoked,
        }
    }

    /// The state after `event` at `at`, or the refusal with its rule.
    ///
    /// # Errors
    /// [`RefusedTransition`] when [`TRANSITIONS`] has no row for this state and event.
    pub fn after(self, event: CertificateEvent, at: Timestamp) -> Result<Self, RefusedTransition> {
        let (from, name) = (self.name(), event.name());
        let to = TRANSITIONS.after(from, name).ok_or_else(|| RefusedTransition {
            state: from,
            event: name,
            rule: refusal(from, name),
        })?;
        Ok(match (to, event) {
            (StateName::Intended, _) => Self::Intended,
            (StateName::Undelivered, _) => Self::Undelivered { since: at },
            (StateName::Good, _) => Self::Good,
            (StateName::Held, _) => Self::Held { since: at },
            (StateName::Revoked, CertificateEvent::Revoke(reason)) => Self::Revoked { at, reason },
            (StateName::Revoked, _) => Self::Revoked { at, reason: RevocationReason::Unspecified },
        })
    }

    /// Whether the holder counts as having a certificate: good or held (A 4.3.1.1).
    pub fn is_in_force(self) -> bool {
        matches!(self, Self::Good | Self::Held { .. })
    }
}

/// Why a pair that is not in the table is refused.
fn refusal(state: StateName, event: EventName) -> &'static str {
    match (state, event) {
        (StateName::Revoked, _) => "a revocation is never undone (A 4.9.5, S 4-4-2-4)",
        (_, EventName::Issue | EventName::IssueInForce) => "one serial is one certificate (A 7.1)",
        (StateName::Intended, _) => "it has not been issued yet",
        (_, EventName::Deliver) => "it was delivered already (A 4.4.1.1)",
        (StateName::Undelivered, _) => "it was not delivered yet (A 4.4.1.1)",
        (_, EventName::Discard) => "it was delivered: revoke it instead (A 4.9.9)",
        (StateName::Held, EventName::Hold) => "it is held already (A 4.9.13)",
        (_, EventName::Release) => "only a held certificate can be released (A 4.9.15)",
        (_, EventName::Hold) => "only a good certificate can be held (A 4.9.13)",
        (_, EventName::Revoke) => "it cannot be revoked in this state (A 4.9.1)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::UNIX_EPOCH;

    fn state(name: StateName) -> CertificateState {
        match name {
            StateName::Intended => CertificateState::Intended,
            StateName::Undelivered => CertificateState::Undelivered { since: AT },
            StateName::Good => CertificateState::Good,
            StateName::Held => CertificateState::Held { since: AT },
            StateName::Revoked => {
                CertificateState::Revoked { at: AT, reason: RevocationReason::KeyCompromise }
            }
        }
    }

    fn event(name: EventName) -> CertificateEvent {
        match name {
            EventName::Issue => CertificateEvent::Issue,
            EventName::IssueInForce => CertificateEvent::IssueInForce,
            EventName::Deliver => CertificateEvent::Deliver,
            EventName::Hold => CertificateEvent::Hold,
            EventName::Release => CertificateEvent::Release,
            EventName::Discard => CertificateEvent::Discard,
            EventName::Revoke => CertificateEvent::Revoke(RevocationReason::Superseded),
        }
    }

    #[test]
    fn l14_every_pair_is_a_row_of_the_table_or_refused_with_a_rule() {
        for from in StateName::ALL {
            for asked in EventName::ALL {
                let row = TRANSITIONS.rows.iter().find(|t| t.from == from && t.event == asked);
                match (row, state(from).after(event(asked), AT)) {
                    (Some(row), Ok(to)) => assert_eq!(to.name(), row.to, "{from} {asked}"),
                    (None, Err(refused)) => assert!(refused.to_string().contains(from.name())),
                    (row, outcome) => panic!("{from} {asked}: {row:?} {outcome:?}"),
                }
            }
        }
    }

    #[test]
    fn l9_nothing_leads_out_of_revoked() {
        assert!(TRANSITIONS.rows.iter().all(|t| t.from != StateName::Revoked));
    }

    #[test]
    fn l11_a_discarded_certificate_has_reason_unspecified() {
        let after = state(StateName::Undelivered).after(CertificateEvent::Discard, AT);
        assert_eq!(
            after,
            Ok(CertificateState::Revoked { at: AT, reason: RevocationReason::Unspecified })
        );
    }
}
