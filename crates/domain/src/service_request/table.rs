//! The tables of a service request: which step follows which state, and which two are two people's.

use crate::named::named;
use crate::transition::{Cases, TransitionTable, row_of};

named! {
    /// Where a service request stands.
    RequestState {
        /// Taken in, with its documents.
        Received = "received",
        /// Examined without doubt.
        Examined = "examined",
        /// The examination is approved.
        Approved = "approved",
        /// One senior operator has released it for the CA's key.
        Released = "released",
        /// Another has confirmed it: a serial is on disk and may be signed.
        Confirmed = "confirmed",
        /// The certificate exists and is in force.
        Issued = "issued",
        /// The certificate is revoked.
        Revoked = "revoked",
        /// Refused; the reason is with the record.
        Refused = "refused",
        /// Withdrawn by the applicant.
        Withdrawn = "withdrawn",
    }
}

named! {
    /// The name of a [`RequestStep`](super::RequestStep), for tables and messages.
    RequestStepName {
        /// Taken in by an intake clerk; no state leads here.
        Receive = "receive",
        /// Examined by an examiner.
        Examine = "examine",
        /// Approved by an approver.
        Approve = "approve",
        /// Released by a first senior operator.
        Release = "release",
        /// Confirmed by a second one, in the commit that brings the intent on disk.
        Confirm = "confirm",
        /// The signature exists, in the commit that brings the certificate on disk.
        Issue = "issue",
        /// Confirmed by a second senior operator, in the commit that revokes.
        Revoke = "revoke",
        /// Refused by whoever has to judge it next.
        Refuse = "refuse",
        /// The applicant withdrew.
        Withdraw = "withdraw",
    }
}

named! {
    /// What a request is for, by name.
    PurposeName {
        /// A first certificate.
        Issue = "issue",
        /// A new key and certificate in place of one in force (A 4.7.3.2).
        Renew = "renew",
        /// The end of a certificate (A 4.9.3.2).
        Revoke = "revoke",
    }
}

impl PurposeName {
    /// Whether a certificate comes out of it.
    pub fn issues(self) -> bool {
        self != Self::Revoke
    }
}

named! {
    /// To which requests a transition belongs.
    Scope {
        /// Every request.
        All = "all",
        /// Issue and renewal.
        Issuing = "issuing",
        /// Revocation.
        Revoking = "revoking",
    }
}

impl Cases for Scope {
    type Case = PurposeName;

    fn covers(&self, purpose: PurposeName) -> bool {
        match self {
            Self::All => true,
            Self::Issuing => purpose.issues(),
            Self::Revoking => !purpose.issues(),
        }
    }

    fn printed(&self) -> Option<&'static str> {
        Some(self.name())
    }
}

const EXAMINED: &str = "the examiner has no doubt (A 4.2.1.2, A 5.2.1.1(4), S 5-2-1-1(4))";
const APPROVED: &str = "the approver agrees (A 4.2.2.2, A 5.2.1.1(5), S 5-2-1-1(5))";
const RELEASED: &str = "a first senior operator (A 5.2.1.1(6), A 5.2.2, S 5-2-1-1(6))";
const CONFIRMED: &str = "a second senior operator (A 4.3.1.2, A 5.2.2, S 5-2-1-1(6))";
const REVOKED: &str = "a second senior operator (A 4.9.3.2, A 5.2.2, S 5-2-1-1(6))";
const ISSUED: &str = "the certificate is signed and on disk: step 6 of issuance (A 4.3.1.2)";
const REFUSED: &str = "any doubt refuses (A 4.2.2.2)";
const UNSIGNED: &str = "its serial was revoked before there was a certificate (A 5.7.3)";
const WITHDRAWN: &str = "the applicant withdraws before the CA's key is used";

/// Every transition there is; what is not here is refused.
pub const TRANSITIONS: TransitionTable<RequestState, RequestStepName, Scope> = {
    use RequestState as R;
    use RequestStepName as S;
    use Scope::{All, Issuing, Revoking};
    TransitionTable {
        rows: &[
            row_of(All, R::Received, S::Examine, R::Examined, EXAMINED),
            row_of(All, R::Examined, S::Approve, R::Approved, APPROVED),
            row_of(All, R::Approved, S::Release, R::Released, RELEASED),
            row_of(Issuing, R::Released, S::Confirm, R::Confirmed, CONFIRMED),
            row_of(Issuing, R::Confirmed, S::Issue, R::Issued, ISSUED),
            row_of(Revoking, R::Released, S::Revoke, R::Revoked, REVOKED),
            row_of(All, R::Received, S::Refuse, R::Refused, REFUSED),
            row_of(All, R::Examined, S::Refuse, R::Refused, REFUSED),
            row_of(All, R::Approved, S::Refuse, R::Refused, REFUSED),
            row_of(All, R::Released, S::Refuse, R::Refused, REFUSED),
            row_of(Issuing, R::Confirmed, S::Refuse, R::Refused, UNSIGNED),
            row_of(All, R::Received, S::Withdraw, R::Withdrawn, WITHDRAWN),
            row_of(All, R::Examined, S::Withdraw, R::Withdrawn, WITHDRAWN),
            row_of(All, R::Approved, S::Withdraw, R::Withdrawn, WITHDRAWN),
            row_of(All, R::Released, S::Withdraw, R::Withdrawn, WITHDRAWN),
        ],
    }
};

/// Two steps of one request that no person may both do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Separation {
    /// The earlier step.
    pub one: RequestStepName,
    /// The later step.
    pub other: RequestStepName,
    /// Why, with the clause.
    pub rule: &'static str,
}

const fn apart(one: RequestStepName, other: RequestStepName, rule: &'static str) -> Separation {
    Separation { one, other, rule }
}

const HANDS: &str =
    "a request passes from hand to hand (A 5.2.1.1(3)-(5), A 5.2.4.1①, S 5-2-1-1(3)-(5))";
const SIGNS: &str =
    "who uses the CA's key did not judge the request (A 5.2.1.1(3)-(6), S 5-2-1-1(3)-(6))";
const OPERATORS: &str = "several senior operators carry it out (A 5.2.2, S 5-2-1-1(6))";

/// Every pair that is two people's. Refusing and withdrawing are in no pair: they put the CA's key
/// to no use, so one person is enough.
pub const SEPARATIONS: &[Separation] = {
    use RequestStepName as S;
    &[
        apart(S::Receive, S::Examine, HANDS),
        apart(S::Receive, S::Approve, HANDS),
        apart(S::Examine, S::Approve, HANDS),
        apart(S::Receive, S::Release, SIGNS),
        apart(S::Examine, S::Release, SIGNS),
        apart(S::Approve, S::Release, SIGNS),
        apart(S::Receive, S::Confirm, SIGNS),
        apart(S::Examine, S::Confirm, SIGNS),
        apart(S::Approve, S::Confirm, SIGNS),
        apart(S::Release, S::Confirm, OPERATORS),
        apart(S::Receive, S::Revoke, SIGNS),
        apart(S::Examine, S::Revoke, SIGNS),
        apart(S::Approve, S::Revoke, SIGNS),
        apart(S::Release, S::Revoke, OPERATORS),
    ]
};
