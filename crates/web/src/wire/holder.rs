//! What programs of holders read in place of the page.

use ra::holder::{HolderReceipt, Outcome, Overview, OwnCertificate, Standing};
use serde::{Deserialize, Serialize};

use super::ProblemBody;
use crate::desk::Declined;
use crate::problem::Problem;

/// How a holder's certificates stand.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OverviewBody {
    /// When it was read.
    pub at: String,
    /// The last journal entry it includes for certain.
    pub as_of_entry: Option<u64>,
    /// The certificate that was shown.
    pub certificate: OwnCertificateBody,
    /// The holder's others; null where the one that was shown is not good.
    pub others: Option<Vec<OwnCertificateBody>>,
}

/// One certificate.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OwnCertificateBody {
    /// The CA.
    pub ca: String,
    /// The serial, 32 hexadecimal digits.
    pub serial: String,
    /// `good`, `held`, `revoked`, `expired` or `undelivered`.
    pub state: String,
    /// Since when, where that is known.
    pub since: Option<String>,
    /// Why it was revoked (RFC 5280 5.3.1).
    pub reason: Option<String>,
    /// The first second of its validity.
    pub not_before: String,
    /// The last second of its validity.
    pub not_after: String,
    /// The causes for which its holder may ask online that it ends.
    pub online_causes: Vec<String>,
}

/// The receipt of a request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HolderReceiptBody {
    /// Its number.
    pub receipt: String,
    /// The CA.
    pub ca: String,
    /// The certificate that was to end.
    pub serial: String,
    /// The cause that was given.
    pub cause: String,
    /// `revoked` or `refused`.
    pub outcome: String,
    /// The reason that lists and answers give; none where it was refused.
    pub reason: Option<String>,
    /// The CA's rule, where it was refused.
    pub rule: Option<String>,
    /// When the request was taken in.
    pub received_at: String,
    /// From when on the certificate is revoked.
    pub revoked_at: Option<String>,
    /// When the request was carried out or refused.
    pub completed_at: String,
    /// The journal entry of the revocation.
    pub journal_entry: Option<u64>,
    /// The receipt in Japanese.
    pub text: String,
}

/// A refusal or failure (RFC 9457), with the rule by its code.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HolderProblemBody {
    /// What every problem has; the detail is in Japanese.
    #[serde(flatten)]
    pub problem: ProblemBody,
    /// The rule.
    pub code: String,
}

impl From<&Overview> for OverviewBody {
    fn from(overview: &Overview) -> Self {
        let others = overview.others.as_ref();
        Self {
            at: overview.at.to_string(),
            as_of_entry: overview.as_of,
            certificate: (&overview.shown).into(),
            others: others.map(|others| others.iter().map(Into::into).collect()),
        }
    }
}

impl From<&OwnCertificate> for OwnCertificateBody {
    fn from(own: &OwnCertificate) -> Self {
        let (since, reason) = match own.standing {
            Standing::Good => (None, None),
            Standing::Held { since } | Standing::Undelivered { since } => (Some(since), None),
            Standing::Revoked { at, reason } => (Some(at), Some(reason.to_string())),
            Standing::Expired => (Some(own.not_after), None),
        };
        Self {
            ca: own.ca.to_string(),
            serial: own.serial.clone(),
            state: own.standing.name().to_owned(),
            since: since.map(|at| at.to_string()),
            reason,
            not_before: own.not_before.to_string(),
            not_after: own.not_after.to_string(),
            online_causes: own.online_causes.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<&HolderReceipt> for HolderReceiptBody {
    fn from(receipt: &HolderReceipt) -> Self {
        let mut body = Self {
            receipt: receipt.id.to_string(),
            ca: receipt.ca.clone(),
            serial: receipt.serial.clone(),
            cause: receipt.cause.clone(),
            outcome: "revoked".to_owned(),
            reason: None,
            rule: None,
            received_at: receipt.received.to_string(),
            revoked_at: None,
            completed_at: receipt.completed.to_string(),
            journal_entry: None,
            text: receipt.text.clone(),
        };
        match &receipt.outcome {
            Outcome::Revoked { at, reason, entry } => {
                body.reason = Some(reason.to_string());
                body.revoked_at = Some(at.to_string());
                body.journal_entry = Some(*entry);
            }
            Outcome::Refused { rule } => {
                "refused".clone_into(&mut body.outcome);
                body.rule = Some(rule.clone());
            }
        }
        body
    }
}

impl From<&Declined> for HolderProblemBody {
    fn from(declined: &Declined) -> Self {
        let mut problem = Problem::new(declined.fault, declined.sentence);
        problem.incident.clone_from(&declined.incident);
        Self { problem: problem.into(), code: declined.code.to_owned() }
    }
}
