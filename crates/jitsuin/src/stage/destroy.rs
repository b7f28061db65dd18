//! The end of a CA's key: destroyed with every copy of it, and shown to be gone (A 6.2.10.1, S 6-2-1-9).

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use ca::Generation;
use ca::ceremony::StepFacts;
use domain::act::Act;
use domain::id::CaId;
use domain::journal::EventKind;
use domain::rule;
use domain::rule::OfTheInstallation;
use keys::{Administer, KeyError, PublicKey, Sign};
use store::{Entry, Store, Unit};

use super::copy::{KeyCopy, Sort};
use super::told::END_OF_COPY;
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
        let permitted = authority.destructions().permit(number, act.at)?;
        let generation = &permitted.generation;
        let label = &generation.label;
        let keys = &**self.system.custody.keys();
        let public = PublicKey {
            algorithm: generation.key_algorithm,
            spki_der: generation.key.as_der().to_vec(),
        };
        // 1. Every copy is within reach, or people say what became of it.
        let begun = authority.generations().begun_destruction(generation)?;
        let begun: Option<Vec<KeyCopy>> =
            begun.map(|found| serde_json::from_slice(&found)).transpose()?;
        let copies = self.copies(label, gone, begun.as_deref().unwrap_or_default())?;
        let (found, absent, gone) = (copies.found()?, copies.absent.clone(), copies.gone.clone());
        // 2. What is about to end is noted, once; then the key ends, then its copies, each noted before it.
        self.expect_present(act)?;
        let told = |kind| entry(kind, act, label, &public).ca(ca).detail("generation", number);
        if begun.is_none() && !authority.generations().is_destroyed(generation)? {
            let entry = told(EventKind::KeyActBegun).detail("act", "destruction");
            let entry = with_gone(found.iter().fold(entry, with_copy), &gone);
            authority.destructions().begin(&permitted, entry, serde_json::to_vec(&found)?)?;
        }
        match store::outside("key-ended", || keys.destroy(label)) {
            Ok(()) | Err(KeyError::UnknownLabel(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let ended = copies.destroy(&|copy| {
            let entry = told(EventKind::KeyActBegun).detail("act", END_OF_COPY);
            self.system.store.commit(Unit::new(with_copy(entry, copy)))?;
            Ok(())
        })?;
        // 3. It is shown to be gone.
        self.expect_gone(generation)?;
        // 4. The journal and the minutes tell of it.
        let entry = with_gone(with_ended(told(EventKind::KeyDestroyed), &ended, &absent), &gone);
        authority.destructions().record(&permitted, entry)?;
        let mut statements = vec![format!(
            "鍵ストアの一覧に {label} がなく、この鍵による署名が拒否されることを確認した。"
        )];
        statements.extend(stated(&ended, &absent, &gone));
        if act.at < generation.ends {
            statements.push(format!(
                "この世代は危殆化の手続を終えており、自己署名証明書の有効期間（{} まで）を待たずに破棄した。以後この鍵による失効リストは発行されない。",
                generation.ends
            ));
        }
        Ok(StepFacts { keys: vec![key_fact(label, &public)], statements, ..StepFacts::default() })
    }

    /// Shows that the key store has a generation's key no more.
    fn expect_gone(&self, generation: &Generation) -> Result<()> {
        let (label, keys) = (&generation.label, &**self.system.custody.keys());
        ensure!(!keys.labels()?.contains(label), "{label} is still in the key store");
        let signed = keys.sign(label, generation.signature, b"proof of destruction");
        ensure!(
            matches!(signed, Err(KeyError::UnknownLabel(_))),
            "{label}: the key store does not refuse it"
        );
        Ok(())
    }
}

/// A copy that is about to end, with the places by which a script may tell of it.
fn with_copy(entry: Entry, copy: &KeyCopy) -> Entry {
    let entry = entry.detail("copy", OfTheInstallation(&copy.title()));
    copy.places.iter().fold(entry, |entry, place| entry.detail("at", OfTheInstallation(place)))
}

/// The copies that ended, and those whose end was begun before a cut and which are not there any more.
fn with_ended(entry: Entry, ended: &[KeyCopy], absent: &[String]) -> Entry {
    let entry = ended.iter().fold(entry, |entry, copy| match copy.sort {
        Sort::File => entry.detail("erased", OfTheInstallation(&copy.title())),
        Sort::Store => entry.detail("restored_store", OfTheInstallation(&copy.title())),
    });
    absent
        .iter()
        .fold(entry, |entry, name| entry.detail("absent_after_cut", OfTheInstallation(name)))
}

/// As the script says it, which custodians held in their hands.
fn with_gone(entry: Entry, gone: &BTreeMap<String, String>) -> Entry {
    gone.iter().fold(entry, |entry, (place, why)| {
        let told = rule!("{}: {}", OfTheInstallation(place), OfTheInstallation(why));
        entry.detail("gone", told.as_part())
    })
}

fn stated(ended: &[KeyCopy], absent: &[String], gone: &BTreeMap<String, String>) -> Vec<String> {
    let ended = ended.iter().map(|copy| match copy.sort {
        Sort::File => format!("バックアップ {} を上書きし、消去した。", copy.title()),
        Sort::Store => format!("復元先の鍵ストア「{}」の鍵を破棄した。", copy.name),
    });
    // Whether it was erased before the cut, nobody saw to the end.
    let absent = absent.iter().map(|name| {
        format!("{name} の複製は、破棄に着手した後に中断したものであり、現在その場所にないことを確認した。")
    });
    let gone = gone.iter().map(|(place, why)| {
        format!("{place} の複製は所定の場所になく、別途の破棄又は滅失として申告された（{why}）。")
    });
    ended.chain(absent).chain(gone).collect()
}
