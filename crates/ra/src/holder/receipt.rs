//! The notice to a holder that their request was taken in and carried out (A 4.9.3.1(1), S 4-4-2-2①).

use domain::era::JapaneseDate;
use domain::id::ApplicationId;
use domain::policy::Policy;
use domain::reason::RevocationReason;
use jiff::Timestamp;
use jiff::tz::{Offset, offset};
use serde::{Deserialize, Serialize};
use store::Sequence;

use super::Result;
use super::stored::{Asked, unreadable};
use super::text::cause_words;

/// Japan Standard Time.
const JAPAN: Offset = offset(9);

/// A receipt, to read and to keep. It names no person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolderReceipt {
    /// The number of the request.
    pub id: ApplicationId,
    /// The CA.
    pub ca: String,
    /// The certificate that ended.
    pub serial: String,
    /// The cause that was given.
    pub cause: String,
    /// When the request was taken in.
    pub received: Timestamp,
    /// When it was carried out.
    pub completed: Timestamp,
    /// From when on the certificate is revoked.
    pub revoked: Timestamp,
    /// The reason that lists and answers give.
    pub reason: RevocationReason,
    /// The journal entry of the revocation.
    pub entry: Sequence,
    /// The whole in Japanese, line by line.
    pub text: String,
}

/// What was done.
pub(super) struct Done {
    pub(super) completed: Timestamp,
    pub(super) revoked: Timestamp,
    pub(super) reason: RevocationReason,
    pub(super) entry: Sequence,
}

/// What is stored of it beside the request.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredReceipt {
    version: u8,
    completed: String,
    revoked: String,
    reason: String,
    entry: Sequence,
    text: String,
}

pub(super) fn make(
    id: &ApplicationId,
    asked: &Asked,
    policy: &Policy,
    done: &Done,
) -> HolderReceipt {
    HolderReceipt {
        id: id.clone(),
        ca: asked.ca.to_string(),
        serial: asked.serial.to_string(),
        cause: asked.cause.to_string(),
        received: asked.received,
        completed: done.completed,
        revoked: done.revoked,
        reason: done.reason,
        entry: done.entry,
        text: text(id, asked, policy, done),
    }
}

pub(super) fn store(receipt: &HolderReceipt) -> Result<Vec<u8>> {
    let stored = StoredReceipt {
        version: 1,
        completed: receipt.completed.to_string(),
        revoked: receipt.revoked.to_string(),
        reason: receipt.reason.to_string(),
        entry: receipt.entry,
        text: receipt.text.clone(),
    };
    serde_json::to_vec(&stored).map_err(unreadable)
}

pub(super) fn restore(id: &ApplicationId, asked: &Asked, stored: &[u8]) -> Result<HolderReceipt> {
    let stored: StoredReceipt = serde_json::from_slice(stored).map_err(unreadable)?;
    let reason = RevocationReason::from_name(&stored.reason);
    Ok(HolderReceipt {
        id: id.clone(),
        ca: asked.ca.to_string(),
        serial: asked.serial.to_string(),
        cause: asked.cause.to_string(),
        received: asked.received,
        completed: stored.completed.parse().map_err(unreadable)?,
        revoked: stored.revoked.parse().map_err(unreadable)?,
        reason: reason.ok_or_else(|| unreadable("an unknown reason"))?,
        entry: stored.entry,
        text: stored.text,
    })
}

fn text(id: &ApplicationId, asked: &Asked, policy: &Policy, done: &Done) -> String {
    let lines = [
        "電子証明書失効申請受理通知書".to_owned(),
        String::new(),
        format!("受付番号　　{id}"),
        format!("受付日時　　{}", japanese_time(asked.received)),
        format!("申請の事由　{}", cause_words(asked.cause)),
        format!("認証局　　　{}", policy.title),
        format!("電子証明書の発行番号　{}", asked.serial),
        format!("失効日時　　　{}", japanese_time(done.revoked)),
        format!("処理完了日時　{}", japanese_time(done.completed)),
        format!("失効事由（CRLReason）　{} {}", done.reason.code(), done.reason),
        format!("監査記録の番号　{}", done.entry),
        String::new(),
        "上記の申請を受理し、電子証明書の失効処理を完了したことを通知します。".to_owned(),
    ];
    lines.join("\n")
}

fn japanese_time(at: Timestamp) -> String {
    let local = JAPAN.to_datetime(at);
    let (hour, minute, second) = (local.hour(), local.minute(), local.second());
    format!("{}{hour}時{minute:02}分{second:02}秒", JapaneseDate(local.date()))
}
