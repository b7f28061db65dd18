//! Public keys that must not be certified, and the certificates that have one all the same (CVE-2008-0166).

use std::sync::Arc;

use domain::id::CaId;
use serde::{Deserialize, Serialize};
use store::{CertificateRow, Sequence, Store};
use utoipa::ToSchema;
use x509::key_check::{Blocklist, WeakKeys, named_key};

use super::MAX_PAGE;
use super::permission::Operation as Permitted;
use crate::operation::{Call, Listed, Operation, Spec, text};
use crate::problem::Problem;

/// The operations of this group.
pub(crate) const OPERATIONS: &[Listed] = &[Listed::of::<FindWeakKeys>()];

/// The most keys that are told with one search: a body has room for so many.
pub const MOST_KEYS: usize = 600;

/// Finds the certificates whose key is known to be weak.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WeakKeySearchBody)]
pub struct FindWeakKeys {
    /// SHA-256 of the SubjectPublicKeyInfo of each key, hexadecimal, at most 600; those of the configured list,
    /// as it was when the server started, when left out.
    pub keys: Option<Vec<String>>,
}

impl Operation for FindWeakKeys {
    const SPEC: Spec =
        Spec::post(Permitted::FindWeakKeys, "/api/v1/weak-key-searches", "keys", "What was found.");

    type Answer = WeakKeysBody;

    fn run(self, call: &Call<'_>) -> Result<WeakKeysBody, Problem> {
        let listed = call.checked(match self.keys {
            Some(keys) => read(&keys),
            None => configured(call),
        })?;
        let found = search(call, &listed)?;
        // The records of every holder were read: that is in the journal before it is told (E1).
        call.read(|entry| {
            let entry = entry.subject("weak keys").detail("listed", listed.len());
            entry.detail("found", found.len())
        })?;
        Ok(WeakKeysBody { listed: listed.len(), found })
    }
}

/// What was found of the keys on a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct WeakKeysBody {
    /// How many keys are on the list.
    pub listed: usize,
    /// The certificates, and the intents to make one, whose key is on it.
    pub found: Vec<WeakCertificateBody>,
}

/// A certificate whose key is known to be weak.
#[derive(Debug, Serialize, ToSchema)]
pub struct WeakCertificateBody {
    /// The CA.
    pub ca: String,
    /// The serial, hexadecimal.
    pub serial: String,
    /// Where it stands.
    pub state: text::CertificateState,
}

impl From<CertificateRow> for WeakCertificateBody {
    fn from(row: CertificateRow) -> Self {
        let (ca, serial) = (row.intent.ca.to_string(), row.intent.serial.to_string());
        Self { ca, serial, state: row.state.name().into() }
    }
}

/// The keys that the caller tells.
fn read(keys: &[String]) -> Result<Arc<WeakKeys>, Problem> {
    let refused = |rule: &'static str| Problem::refused("keys", rule);
    if keys.is_empty() || keys.len() > MOST_KEYS {
        return Err(refused("1 to 600 keys are told with one search"));
    }
    let read: Option<WeakKeys> = keys.iter().map(|key| named_key(key.as_bytes())).collect();
    read.map(Arc::new).ok_or_else(|| refused("a key is told by 64 hexadecimal digits"))
}

/// The keys on the list that the configuration names.
fn configured(call: &Call<'_>) -> Result<Arc<WeakKeys>, Problem> {
    let listed = call.desk().weak_keys().clone();
    match listed.is_empty() {
        true => Err(Problem::refused("keys", "the list of weak keys is empty")),
        false => Ok(listed),
    }
}

/// Every certificate, or intent to make one, whose key is on the list.
fn search(call: &Call<'_>, listed: &WeakKeys) -> Result<Vec<WeakCertificateBody>, Problem> {
    let mut certified = Vec::new();
    for key in listed.iter() {
        if call.store().key_was_certified(key)? {
            certified.push(*key);
        }
    }
    let mut found = Vec::new();
    // Whoever finds none, as nearly always, is spared the way over all certificates.
    if !certified.is_empty() {
        let certified = certified.into_iter().collect();
        for ca in call.authorities()?.keys() {
            found.extend(of_ca(call.store(), ca, &certified)?);
        }
    }
    Ok(found)
}

fn of_ca(
    store: &dyn Store,
    ca: &CaId,
    weak: &WeakKeys,
) -> Result<Vec<WeakCertificateBody>, Problem> {
    let mut found = Vec::new();
    let mut after: Option<Sequence> = None;
    loop {
        let rows = store.certificates(ca, after, MAX_PAGE)?;
        let Some(last) = rows.last() else { return Ok(found) };
        after = Some(last.issued);
        let is_weak = |row: &CertificateRow| weak.known_weak(&row.intent.spki_sha256);
        found.extend(rows.into_iter().filter(is_weak).map(WeakCertificateBody::from));
    }
}
