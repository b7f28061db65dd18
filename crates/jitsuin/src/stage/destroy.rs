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
        let is_begun = match keys.public_key(label) {
            Ok(_) => false,
            Err(KeyError::UnknownLabel(_)) => true,
            Err(error) => return Err(error.into()),
        };
        let copies = self.copies(label, gone, is_begun)?;
        // 2. The key ends, then its copies.
        self.expect_present(act)?;
        match keys.destroy(label) {
            Ok(()) | Err(KeyError::UnknownLabel(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let ended = copies.destroy()?;
        // 3. It is shown to be gone.
        ensure!(!keys.labels()?.contains(label), "{label} is still in the key store");
        let signed = keys.sign(label, generation.signature, b"proof of destruction");
        ensure!(
            matches!(signed, Err(KeyError::UnknownLabel(_))),
            "{label}: the key store does not refuse it"
        );
        // 4. The journal and the minutes tell of it.
        let entry =
            entry(EventKind::KeyDestroyed, act, label, &public).ca(ca).detail("generation", number);
        authority.record_destruction(&permitted, with_copies(entry, &ended, gone))?;
        let mut statements = vec![format!(
            "鍵ストアの一覧に {label} がなく、この鍵による署名が拒否されることを確認した。"
        )];
        statements.extend(told(&ended, gone));
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

fn told(ended: &Ended, gone: &BTreeMap<String, String>) -> Vec<String> {
    let files = ended.files.iter();
    let files = files.map(|file| format!("バックアップ {file} を上書きし、消去した。"));
    let stores = ended.stores.iter();
    let stores = stores.map(|name| format!("復元先の鍵ストア「{name}」の鍵を破棄した。"));
    let gone = gone.iter().map(|(place, why)| {
        format!("{place} の複製は所定の場所になく、別途の破棄又は滅失として申告された（{why}）。")
    });
    files.chain(stores).chain(gone).collect()
}
