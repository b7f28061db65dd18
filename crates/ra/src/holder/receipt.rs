//! The notice to a holder that their request was taken in, and what became of it (A 4.9.3.1(1),
//! S 4-4-2-2①).

use domain::era::JapaneseSecond;
use domain::id::ApplicationId;
use domain::policy::Policy;
use domain::revocation::RevocationReason;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::Sequence;

use super::Result;
use super::stored::{Asked, unreadable};
use super::text::cause_words;

/// A receipt, to read and to keep. It names no person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolderReceipt {
    /// The number of the request.
    pub id: ApplicationId,
    /// The CA.
    pub ca: String,
    /// The certificate that was to end.
    pub serial: String,
    /// The cause that was given.
    pub cause: String,
    /// When the request was taken in.
    pub received: Timestamp,
    /// When it was carried out or refused.
    pub completed: Timestamp,
    /// What became of it.
    pub outcome: Outcome,
    /// The whole in Japanese, line by line.
    pub text: String,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The certificate has ended.
    Revoked {
        /// From when on.
        at: Timestamp,
        /// The reason that lists and answers give.
        reason: RevocationReason,
        /// The journal entry of the revocation.
        entry: Sequence,
    },
    /// The CA refused for good, after the request was taken in: the certificate has not ended.
    Refused {
        /// The CA's rule, in the words that the journal has of it.
        rule: String,
    },
}

/// What is stored of it beside the request; each shape has a version of its own.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum StoredReceipt {
    Revoked(StoredRevoked),
    Refused(StoredRefused),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRevoked {
    version: u8,
    completed: String,
    revoked: String,
    reason: String,
    entry: Sequence,
    text: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRefused {
    version: u8,
    completed: String,
    rule: String,
    text: String,
}

pub(super) fn make(
    id: &ApplicationId,
    asked: &Asked,
    policy: &Policy,
    (completed, outcome): (Timestamp, Outcome),
) -> HolderReceipt {
    let text = text(id, asked, policy, (completed, &outcome));
    with(id, asked, (completed, outcome, text))
}

pub(super) fn store(receipt: &HolderReceipt) -> Result<Vec<u8>> {
    let (completed, text) = (receipt.completed.to_string(), receipt.text.clone());
    let stored = match &receipt.outcome {
        Outcome::Revoked { at, reason, entry } => StoredReceipt::Revoked(StoredRevoked {
            version: 1,
            completed,
            revoked: at.to_string(),
            reason: reason.to_string(),
            entry: *entry,
            text,
        }),
        Outcome::Refused { rule } => {
            let rule = rule.clone();
            StoredReceipt::Refused(StoredRefused { version: 2, completed, rule, text })
        }
    };
    serde_json::to_vec(&stored).map_err(unreadable)
}

pub(super) fn restore(id: &ApplicationId, asked: &Asked, stored: &[u8]) -> Result<HolderReceipt> {
    let (completed, outcome, text) = match serde_json::from_slice(stored).map_err(unreadable)? {
        StoredReceipt::Revoked(stored) => {
            let reason = RevocationReason::from_name(&stored.reason);
            let outcome = Outcome::Revoked {
                at: stored.revoked.parse().map_err(unreadable)?,
                reason: reason.ok_or_else(|| unreadable("an unknown reason"))?,
                entry: stored.entry,
            };
            (stored.completed, outcome, stored.text)
        }
        StoredReceipt::Refused(stored) => {
            (stored.completed, Outcome::Refused { rule: stored.rule }, stored.text)
        }
    };
    Ok(with(id, asked, (completed.parse().map_err(unreadable)?, outcome, text)))
}

fn with(
    id: &ApplicationId,
    asked: &Asked,
    (completed, outcome, text): (Timestamp, Outcome, String),
) -> HolderReceipt {
    HolderReceipt {
        id: id.clone(),
        ca: asked.ca.to_string(),
        serial: asked.serial.to_string(),
        cause: asked.cause.to_string(),
        received: asked.received,
        completed,
        outcome,
        text,
    }
}

fn text(
    id: &ApplicationId,
    asked: &Asked,
    policy: &Policy,
    (completed, outcome): (Timestamp, &Outcome),
) -> String {
    let title = match outcome {
        Outcome::Revoked { .. } => "電子証明書失効申請受理通知書",
        Outcome::Refused { .. } => "電子証明書失効申請不受理通知書",
    };
    let mut lines = vec![
        title.to_owned(),
        String::new(),
        format!("受付番号　　{id}"),
        format!("受付日時　　{}", JapaneseSecond(asked.received)),
        format!("申請の事由　{}", cause_words(asked.cause)),
        format!("認証局　　　{}", policy.title),
        format!("電子証明書の発行番号　{}", asked.serial),
    ];
    lines.extend(ending(completed, outcome));
    lines.join("\n")
}

/// The lines that differ by what became of it.
fn ending(completed: Timestamp, outcome: &Outcome) -> Vec<String> {
    match outcome {
        Outcome::Revoked { at, reason, entry } => vec![
            format!("失効日時　　　{}", JapaneseSecond(*at)),
            format!("処理完了日時　{}", JapaneseSecond(completed)),
            format!("失効事由（CRLReason）　{} {reason}", reason.code()),
            format!("監査記録の番号　{entry}"),
            String::new(),
            "上記の申請を受理し、電子証明書の失効処理を完了したことを通知します。".to_owned(),
        ],
        Outcome::Refused { rule } => vec![
            format!("処理完了日時　{}", JapaneseSecond(completed)),
            format!("認証局の規則　{rule}"),
            String::new(),
            "上記の申請は、認証局の規則により実行できないため、受理しません。\
             電子証明書は失効していません。住所地市区町村の窓口で申請してください。"
                .to_owned(),
        ],
    }
}
