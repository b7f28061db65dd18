//! What is published as of one journal entry, made from the one before where nothing changed.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use domain::certificate::CertificateState;
use domain::name::DistinguishedName;
use jiff::Timestamp;
use store::{CrlKey, Published, Sequence, SeriesKey};

use super::CaEntry;
use super::tree::Tree;

/// What is published.
pub(super) struct Snapshot {
    /// The last journal entry that it surely includes.
    pub(super) sequence: Option<Sequence>,
    pub(super) tree: Arc<Tree>,
    /// In the order of the configuration.
    pub(super) authorities: Vec<Authority>,
    pub(super) published: HashMap<SeriesKey, PublishedList>,
    points: Vec<(SeriesKey, DistinguishedName)>,
}

/// A CA's values.
pub(super) struct Authority {
    /// Self-signed and link certificates that were not revoked, each with its last moment.
    pub(super) certificates: Vec<(Timestamp, Bytes)>,
    pub(super) pairs: Vec<Bytes>,
    pub(super) modified: Option<Timestamp>,
}

/// A published list.
#[derive(Debug, Clone)]
pub(super) struct PublishedList {
    pub(super) key: CrlKey,
    pub(super) this_update: Timestamp,
}

impl Snapshot {
    /// Reads what changed since `before`.
    pub(super) fn take(
        store: &dyn Published,
        cas: &[CaEntry],
        points: Vec<(SeriesKey, DistinguishedName)>,
        sequence: Option<Sequence>,
        before: Option<&Self>,
    ) -> store::Result<Self> {
        let tree = match before {
            Some(before) if before.points == points => Arc::clone(&before.tree),
            _ => Arc::new(Tree::new(cas, &points)),
        };
        let mut published = HashMap::new();
        let mut authorities = Vec::new();
        for ca in cas {
            // One read for all series of a CA: they are of one committed state.
            for row in store.series(&ca.ca)? {
                let Some(number) = row.published else { continue };
                let key = CrlKey { series: row.key.clone(), number };
                let known = before.and_then(|before| before.published.get(&row.key));
                if let Some(list) = published_list(store, key, known)? {
                    published.insert(row.key, list);
                }
            }
            authorities.push(authority(store, ca)?);
        }
        Ok(Self { sequence, tree, authorities, published, points })
    }
}

fn published_list(
    store: &dyn Published,
    key: CrlKey,
    known: Option<&PublishedList>,
) -> store::Result<Option<PublishedList>> {
    if let Some(known) = known.filter(|known| known.key == key) {
        return Ok(Some(known.clone()));
    }
    let row = store.crl(&key)?;
    Ok(row.map(|row| PublishedList { key, this_update: row.this_update }))
}

/// What a CA's entry holds: all that it issued to its own name and did not revoke. Links belong
/// here and not into crossCertificatePair, as they are self-issued (RFC 4523 2.3, X.509 11.2.2).
fn authority(store: &dyn Published, ca: &CaEntry) -> store::Result<Authority> {
    let mut certificates = Vec::new();
    let mut modified = None;
    let rows = store.authorities(&ca.ca)?;
    if let Some(row) = rows.first() {
        for own in store.self_issued(&ca.ca, &row.name)? {
            modified = modified.max(Some(own.intent.at));
            if let (CertificateState::Good, Some(der)) = (own.state, own.der) {
                certificates.push((own.intent.not_after, Bytes::from(der)));
            }
        }
    }
    let pairs = ca.cross_certificate_pairs.iter().map(|pair| Bytes::copy_from_slice(pair));
    Ok(Authority { certificates, pairs: pairs.collect(), modified })
}
