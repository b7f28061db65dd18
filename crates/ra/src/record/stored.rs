//! The stored shape of a record: JSON with a version, of types of its own.

use domain::application::ApplicationState;
use domain::identity::Evidence;
use serde::{Deserialize, Serialize};

use super::application::{Check, IssuedOnCard, Record, Stage};
use super::stored_form::StoredForm;
use super::text::{named, read, unreadable};
use crate::error::Result;

/// The version that is written: 2 names the card that an application is bound to, where 1 had the
/// key that was made on it.
const VERSION: u8 = 2;
const FIRST_VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRecord {
    version: u8,
    form: StoredForm,
    stages: Vec<StoredStage>,
    checks: Vec<StoredCheck>,
    doubts: Vec<String>,
    targets: Vec<String>,
    #[serde(default)]
    card: Option<String>,
    /// Of version 1 alone.
    #[serde(default, skip_serializing)]
    prepared: Option<StoredPrepared>,
    issued: Option<StoredIssued>,
    receipt: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredStage {
    state: String,
    by: String,
    at: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredCheck {
    evidence: String,
    document: String,
    number: String,
    note: String,
    by: String,
    at: String,
}

#[derive(Deserialize)]
struct StoredPrepared {
    card: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredIssued {
    card: String,
    serial: String,
}

/// The record as it is stored.
pub(crate) fn encode(record: &Record) -> Result<Vec<u8>> {
    let stored = StoredRecord {
        version: VERSION,
        form: StoredForm::from(&record.form),
        stages: record.stages.iter().map(store_stage).collect(),
        checks: record.checks.iter().map(store_check).collect(),
        doubts: record.doubts.clone(),
        targets: record.targets.iter().map(ToString::to_string).collect(),
        card: record.card.as_ref().map(ToString::to_string),
        prepared: None,
        issued: record.issued.as_ref().map(|issued| StoredIssued {
            card: issued.card.to_string(),
            serial: issued.serial.to_string(),
        }),
        receipt: record.receipt.clone(),
    };
    serde_json::to_vec(&stored).map_err(unreadable)
}

/// The record in its stored form.
///
/// # Errors
/// [`WindowError::Unreadable`] when it is not what [`encode`] writes.
pub(crate) fn decode(bytes: &[u8]) -> Result<Record> {
    let stored: StoredRecord = serde_json::from_slice(bytes).map_err(unreadable)?;
    if !(FIRST_VERSION..=VERSION).contains(&stored.version) {
        return Err(unreadable(format!("version {} is not known", stored.version)));
    }
    let issued_card = stored.issued.as_ref().map(|issued| &issued.card);
    let card = stored.card.as_ref().or(stored.prepared.as_ref().map(|p| &p.card)).or(issued_card);
    Ok(Record {
        form: stored.form.restore()?,
        stages: stored.stages.into_iter().map(restore_stage).collect::<Result<_>>()?,
        checks: stored.checks.into_iter().map(restore_check).collect::<Result<_>>()?,
        doubts: stored.doubts,
        targets: stored.targets.iter().map(|serial| read(serial)).collect::<Result<_>>()?,
        card: card.map(|card| read(card)).transpose()?,
        issued: stored.issued.map(restore_issued).transpose()?,
        receipt: stored.receipt,
    })
}

fn store_stage(stage: &Stage) -> StoredStage {
    StoredStage {
        state: stage.state.name().into(),
        by: stage.by.to_string(),
        at: stage.at.to_string(),
    }
}

fn restore_stage(stored: StoredStage) -> Result<Stage> {
    Ok(Stage {
        state: named(&stored.state, ApplicationState::from_name)?,
        by: read(&stored.by)?,
        at: read(&stored.at)?,
    })
}

fn store_check(check: &Check) -> StoredCheck {
    StoredCheck {
        evidence: check.evidence.name().into(),
        document: check.document.clone(),
        number: check.number.clone(),
        note: check.note.clone(),
        by: check.by.to_string(),
        at: check.at.to_string(),
    }
}

fn restore_check(stored: StoredCheck) -> Result<Check> {
    Ok(Check {
        evidence: named(&stored.evidence, Evidence::from_name)?,
        document: stored.document,
        number: stored.number,
        note: stored.note,
        by: read(&stored.by)?,
        at: read(&stored.at)?,
    })
}

fn restore_issued(stored: StoredIssued) -> Result<IssuedOnCard> {
    Ok(IssuedOnCard { card: read(&stored.card)?, serial: read(&stored.serial)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::WindowError;
    use serde_json::{Value, json};

    /// A stored record as an earlier program wrote it; this text may never stop being readable.
    fn earlier() -> Value {
        json!({
            "version": 2,
            "form": {
                "ca": "saitama-sign", "kind": "renewal", "card": "card-1", "cause": null,
                "municipality": "11203", "window": 3, "date": "2026-04-01",
                "resident": "10000000002", "family_name": "髙橋", "given_name": "花子",
                "reading": "タカハシ　ハナコ", "alias": null,
                "address": "埼玉県川口市青木", "birth_date": "2000-02-29", "gender": "2",
                "agent": { "name": "代理", "address": "埼玉県" },
                "certified": {
                    "name": "高橋　花子", "name_flags": "10000", "date_of_birth": "420000229",
                    "gender": "2", "address": "埼玉県川口市青木", "address_flags": "00000000",
                    "name_replacements": [
                        { "index": 0, "original": "髙", "substitute": "高", "rule": "MJ1" },
                        { "index": 3, "original": "\u{E123}", "substitute": "花", "rule": null }
                    ],
                    "address_replacements": []
                }
            },
            "stages": [{ "state": "received", "by": "clerk-a", "at": "2026-04-01T03:00:00Z" }],
            "checks": [{
                "evidence": "photo-document", "document": "旅券", "number": "TK1",
                "note": "", "by": "clerk-a", "at": "2026-04-01T03:00:00Z"
            }],
            "doubts": ["x"],
            "targets": ["0000000000000000000000000000000a"],
            "card": "card-1",
            "issued": { "card": "card-1", "serial": "0000000000000000000000000000000b" },
            "receipt": "受理"
        })
    }

    #[test]
    fn l4_a_record_is_stored_as_it_was_read() {
        let bytes = earlier().to_string().into_bytes();
        let record = decode(&bytes).expect("readable");
        let again: Value =
            serde_json::from_slice(&encode(&record).expect("encodes")).expect("JSON");
        assert_eq!(again, earlier());
    }

    #[test]
    fn l4_a_record_of_version_1_is_bound_to_the_card_of_its_key_or_certificate() {
        let of_version_1 = |prepared: Value, issued: Value| {
            let mut record = earlier();
            let fields = record.as_object_mut().expect("an object");
            fields.remove("card");
            fields.extend([
                ("version".to_owned(), json!(1)),
                ("prepared".to_owned(), prepared),
                ("issued".to_owned(), issued),
            ]);
            decode(record.to_string().as_bytes()).expect("readable").card
        };
        let key = json!({ "card": "card-2", "spki_sha256": vec![7; 32] });
        let issued = json!({ "card": "card-3", "serial": "0000000000000000000000000000000b" });
        assert_eq!(of_version_1(key, json!(null)), Some("card-2".parse().expect("an id")));
        assert_eq!(of_version_1(json!(null), issued), Some("card-3".parse().expect("an id")));
        assert_eq!(of_version_1(json!(null), json!(null)), None);
    }

    #[test]
    fn what_is_not_a_record_is_refused_and_never_guessed() {
        let spoil = |path: &str, value: Value| {
            let mut record = earlier();
            *record.pointer_mut(path).expect("a place") = value;
            record.to_string()
        };
        let cases = [
            spoil("/version", json!(3)),
            spoil("/form/kind", json!("divorce")),
            spoil("/form/card", json!(null)),
            spoil("/form/birth_date", json!("2000-02-30")),
            spoil("/form/gender", json!("9")),
            spoil("/form/certified/name_replacements/0/rule", json!("MJ3")),
            spoil("/stages/0/state", json!("lost")),
            spoil("/checks/0/evidence", json!("horoscope")),
            spoil("/targets/0", json!("0")),
            spoil("/issued/serial", json!("xyz")),
            String::from("{"),
        ];
        for text in cases {
            let error = decode(text.as_bytes()).expect_err(&text);
            assert!(matches!(error, WindowError::Unreadable { .. }), "{error}");
        }
    }
}
