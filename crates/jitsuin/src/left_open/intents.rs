//! The intents that wait to be settled, for whoever settles or tells of them.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::id::{CaId, SerialNumber};
use store::CertificateRow;

/// Intents that wait to be settled.
#[derive(Default)]
pub(crate) struct LeftOpen(Mutex<BTreeMap<(CaId, SerialNumber), Waiting>>);

/// One of them, and why it could not be settled when that was tried last.
pub(super) struct Waiting {
    pub(super) row: CertificateRow,
    pub(super) failed: Option<String>,
}

impl LeftOpen {
    pub(super) fn all(&self) -> MutexGuard<'_, BTreeMap<(CaId, SerialNumber), Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note(&self, rows: Vec<CertificateRow>) {
        let mut all = self.all();
        for row in rows {
            let key = (row.intent.ca.clone(), row.intent.serial);
            all.entry(key).or_insert(Waiting { row, failed: None });
        }
    }
}
