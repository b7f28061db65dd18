//! The end of a CA's key: destroyed with its backups here, and shown to be gone (A 6.2.10.1).

use anyhow::{Result, ensure};
use ca::ceremony::StepFacts;
use domain::act::Act;
use domain::id::CaId;
use domain::journal::EventKind;
use keys::{KeyError, KeyStore, PublicKey};

use super::{SystemStage, key_fact};
use crate::backups::entry;

impl SystemStage<'_> {
    /// Destroys the key of a generation that nothing needs any more. A server that runs meanwhile sees
    /// at its next use that the key is gone, and lets go of what it held of it within ten seconds.
    pub(super) fn destroy(&self, act: &Act, ca: &CaId, number: u32) -> Result<StepFacts> {
        let authority = self.system.authority(ca.as_str())?;
        let permitted = authority.permit_destruction(number, act.at)?;
        let generation = &permitted.generation;
        let label = &generation.label;
        let keys = &**self.system.custody.keys();
        let public = PublicKey {
            algorithm: generation.key_algorithm,
            spki_der: generation.key.as_der().to_vec(),
        };
        match keys.destroy(label) {
            Ok(()) | Err(KeyError::UnknownLabel(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let had_backup = self.backups().erase(label)?;
        let elsewhere = self.destroy_in_named_stores(label)?;
        ensure!(!keys.labels()?.contains(label), "{label} is still in the key store");
        let signed = keys.sign(label, generation.signature, b"proof of destruction");
        ensure!(
            matches!(signed, Err(KeyError::UnknownLabel(_))),
            "{label}: the key store does not refuse it"
        );
        let entry = entry(EventKind::KeyDestroyed, act, label, &public)
            .ca(ca)
            .detail("generation", number)
            .detail("backup", had_backup)
            .detail("restored_stores", elsewhere);
        authority.record_destruction(&permitted, entry)?;
        let mut statements = vec![
            format!(
                "鍵ストアの一覧に {label} がなく、この鍵による署名が拒否されることを確認した。"
            ),
            format!("{label} のバックアップが本システム内に残っていないことを確認した。"),
            "媒体に保管されたバックアップは別途破棄すること。".to_owned(),
        ];
        if act.at < generation.ends {
            statements.push(format!(
                "この世代は危殆化の手続を終えており、自己署名証明書の有効期間（{} まで）を待たずに破棄した。以後この鍵による失効リストは発行されない。",
                generation.ends
            ));
        }
        Ok(StepFacts { keys: vec![key_fact(label, &public)], statements, ..StepFacts::default() })
    }
}
