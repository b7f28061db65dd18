//! The end of a CA's key: destroyed with every copy of it, and shown to be gone (A 6.2.10.1, S 6-2-1-9).

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use ca::ceremony::StepFacts;
use domain::act::Act;
use domain::id::CaId;
use domain::journal::EventKind;
use domain::rule;
use domain::rule::OfTheInstallation;
use keys::{KeyError, KeyStore, PublicKey};
use store::Entry;

use super::copies::Ended;
use super::{SystemStage, key_fact};
use crate::backups::entry;

impl SystemStage<'_> {
    /// Destroys the key of a generation that nothing needs any more. A server that runs meanwhile sees
    /// at its next use that the key is gone, and lets go of what it held of it within ten seconds.
    pub(super) fn destroy(
        &self,
        act: &Act,
        ca: &CaId,
        number: u32,
        gone: &BTreeMap<String, String>,
    ) -> Result<StepFacts> {
        let authority = self.system.authority(ca.as_str())?;
        let permitted = authority.permit_destruction(number, act.at)?;
        let generation = &permitted.generation;
        let label = &generation.label;
        let keys = &**self.system.custody.keys();
        let public = PublicKey {
            algorithm: generation.key_algorithm,
            spki_der: generation.key.as_der().to_vec(),
        };
        // 1. Every copy is within reach, or people say what became of it.
        let begun = match authority.is_destroyed(generation)? {
            true => Some(Ended::default()),
            false => {
                let noted = authority.begun_destruction(generation)?;
                noted.map(|noted| serde_json::from_slice(&noted)).transpose()?
            }
        };
        let copies = self.copies(label, gone, begun.is_some())?;
        // 2. What is about to end is noted, once; then the key ends, then its copies.
        self.expect_present(act)?;
        let told = |kind| entry(kind, act, label, &public).ca(ca).detail("generation", number);
        let noted = match begun {
            Some(noted) => noted,
            None => {
                let found = copies.found()?;
                let entry = told(EventKind::KeyActBegun).detail("act", "destruction");
                let entry = with_copies(entry, &found, gone);
                authority.begin_destruction(&permitted, entry, serde_json::to_vec(&found)?)?;
                found
            }
        };
        match store::outside("key-ended", || keys.destroy(label)) {
            Ok(()) | Err(KeyError::UnknownLabel(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let ended = copies.destroy()?;
        let before = noted.without(&ended);
        // 3. It is shown to be gone.
        ensure!(!keys.labels()?.contains(label), "{label} is still in the key store");
        let signed = keys.sign(label, generation.signature, b"proof of destruction");
        ensure!(
            matches!(signed, Err(KeyError::UnknownLabel(_))),
            "{label}: the key store does not refuse it"
        );
        // 4. The journal and the minutes tell of it.
        let entry = with_copies(told(EventKind::KeyDestroyed), &ended, gone);
        authority.record_destruction(&permitted, with_earlier(entry, &before))?;
        let mut statements = vec![format!(
            "鍵ストアの一覧に {label} がなく、この鍵による署名が拒否されることを確認した。"
        )];
        statements.extend(stated(&ended, &before, gone));
        if act.at < generation.ends {
            statements.push(format!(
                "この世代は危殆化の手続を終えており、自己署名証明書の有効期間（{} まで）を待たずに破棄した。以後この鍵による失効リストは発行されない。",
                generation.ends
            ));
        }
        Ok(StepFacts { keys: vec![key_fact(label, &public)], statements, ..StepFacts::default() })
    }
}

fn with_copies(mut entry: Entry, ended: &Ended, gone: &BTreeMap<String, String>) -> Entry {
    for file in &ended.files {
        entry = entry.detail("erased", OfTheInstallation(file));
    }
    for store in &ended.stores {
        entry = entry.detail("restored_store", OfTheInstallation(store));
    }
    // As the script says it, which custodians held in their hands.
    gone.iter().fold(entry, |entry, (place, why)| {
        let told = rule!("{}: {}", OfTheInstallation(place), OfTheInstallation(why));
        entry.detail("gone", told.as_part())
    })
}

/// What a run ended that was cut off before it could tell.
fn with_earlier(entry: Entry, before: &Ended) -> Entry {
    let all = before.files.iter().chain(&before.stores);
    all.fold(entry, |entry, copy| entry.detail("ended_before_cut", OfTheInstallation(copy)))
}

fn stated(ended: &Ended, before: &Ended, gone: &BTreeMap<String, String>) -> Vec<String> {
    let files = ended.files.iter();
    let files = files.map(|file| format!("バックアップ {file} を上書きし、消去した。"));
    let stores = ended.stores.iter();
    let stores = stores.map(|name| format!("復元先の鍵ストア「{name}」の鍵を破棄した。"));
    let before = before.files.iter().chain(&before.stores);
    let before =
        before.map(|copy| format!("{copy} の複製は中断前に破棄され、現在ないことを確認した。"));
    let gone = gone.iter().map(|(place, why)| {
        format!("{place} の複製は所定の場所になく、別途の破棄又は滅失として申告された（{why}）。")
    });
    files.chain(stores).chain(before).chain(gone).collect()
}
