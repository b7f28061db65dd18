//! The directory's entries from the store: CA entries and distribution points (V2, V11).
//!
//! The CA's own entry (pkiCA) holds its self-signed and link certificates and all its ARLs; each distribution point
//! (cRLDistributionPoint) holds the lists of its partition, one for each key generation. What lies
//! above them is filled in. Lists of user certificates are withheld from whoever is not a verifier
//! with the right to read them.

mod ca_entry;
mod entry;
mod snapshot;
mod tree;

use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use domain::name::DistinguishedName;
use jiff::Timestamp;
use store::{CrlKey, Published, SeriesKey};

pub use self::ca_entry::CaEntry;
use self::entry::{described, named_attributes, withheld_lists};
use self::snapshot::Snapshot;
use self::tree::{Holds, Node};
use crate::ldap::{
    BindRefusal, Clock, Directory, DirectoryError, Dn, Entry, Found, Identity, Scope, Values,
};
use crate::verifier_auth::{Attempt, AuthRefusal, VerifierAuth};

/// Tells which series there are and how their distribution points are named. It is asked again
/// after every commit, so it should be quick.
pub type PointTable = dyn Fn() -> Result<Vec<(SeriesKey, DistinguishedName)>, String> + Send + Sync;

/// The directory over the store.
pub struct RepositoryDirectory {
    store: Arc<dyn Published>,
    verifiers: VerifierAuth,
    cas: Vec<CaEntry>,
    points: Arc<PointTable>,
    clock: Arc<Clock>,
    snapshot: RwLock<Option<Arc<Snapshot>>>,
}

impl RepositoryDirectory {
    /// The entries of `cas` and of their distribution points.
    pub fn new(
        store: Arc<dyn Published>,
        verifiers: VerifierAuth,
        cas: Vec<CaEntry>,
        points: Arc<PointTable>,
        clock: Arc<Clock>,
    ) -> Self {
        Self { store, verifiers, cas, points, clock, snapshot: RwLock::default() }
    }

    /// What is published now; made anew after a commit, from what did not change where possible.
    fn current(&self) -> Result<Arc<Snapshot>, DirectoryError> {
        // Read first: what the snapshot reads afterwards includes at least this.
        let sequence = self.store.last_sequence().map_err(unavailable)?;
        let known = self.snapshot.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known.as_ref().filter(|known| known.sequence == sequence) {
            return Ok(Arc::clone(known));
        }
        let points = (self.points)().map_err(DirectoryError::Unavailable)?;
        let made = Snapshot::take(&*self.store, &self.cas, points, sequence, known.as_deref());
        let made = Arc::new(made.map_err(unavailable)?);
        *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&made));
        Ok(made)
    }

    fn may_read_lists(&self, caller: &Identity) -> Result<bool, DirectoryError> {
        match caller {
            Identity::Anonymous => Ok(false),
            Identity::Verifier { id, .. } => {
                let row = self.store.access(id).map_err(unavailable)?;
                Ok(row.is_some_and(|row| row.may_read_crl))
            }
        }
    }

    fn entry(
        &self,
        snapshot: &Snapshot,
        (dn, node): (&Dn, &Node),
        as_of: Timestamp,
        reads_lists: bool,
    ) -> Entry {
        let mut attributes = named_attributes(dn, &node.holds);
        let mut modified = None;
        if let Holds::Authority(index) = node.holds
            && let Some(authority) = snapshot.authorities.get(index)
        {
            modified = authority.modified;
            let valid = authority.certificates.iter().filter(|(ends, _)| as_of <= *ends);
            let certificates = Values::Here(valid.map(|(_, der)| der.clone()).collect());
            attributes.extend(described("cACertificate;binary", certificates));
            let pairs = Values::Here(authority.pairs.clone());
            attributes.extend(described("crossCertificatePair;binary", pairs));
        }
        let published = node.series.iter().filter_map(|key| snapshot.published.get(key));
        modified = modified.max(published.clone().map(|list| list.this_update).max());
        let published: Vec<CrlKey> = published.map(|list| list.key.clone()).collect();
        for (description, authority) in
            [("authorityRevocationList;binary", true), ("certificateRevocationList;binary", false)]
        {
            let of_kind = |key: &&CrlKey| key.series.partition.is_authority() == authority;
            let lists: Vec<CrlKey> = published.iter().filter(of_kind).cloned().collect();
            if !lists.is_empty() {
                attributes.extend(described(description, self.later(lists)));
            }
        }
        attributes.extend(modified.and_then(entry::modify_timestamp));
        let withheld = if node.restricted && !reads_lists { withheld_lists() } else { Vec::new() };
        Entry { dn: dn.clone(), attributes, withheld }
    }

    /// Lists, read when their turn comes: a number names the same octets for ever.
    fn later(&self, lists: Vec<CrlKey>) -> Values {
        let store = Arc::clone(&self.store);
        Values::Later(Arc::new(move || {
            let load = |key: &CrlKey| match store.crl_content(key) {
                Ok(Some(content)) => Ok(Bytes::from(content)),
                Ok(None) => Err(DirectoryError::Unavailable(format!("{key:?} has no content"))),
                Err(error) => Err(unavailable(error)),
            };
            lists.iter().map(load).collect()
        }))
    }
}

impl Directory for RepositoryDirectory {
    fn authenticate(
        &self,
        name: &Dn,
        password: &[u8],
        attempt: Attempt,
    ) -> Result<Identity, BindRefusal> {
        match self.verifiers.by_bind_dn(name, password, attempt) {
            Ok(row) => Ok(Identity::Verifier { id: row.id, name: name.clone() }),
            Err(AuthRefusal::InvalidCredentials) => Err(BindRefusal::InvalidCredentials),
            Err(AuthRefusal::Busy) => Err(BindRefusal::Busy),
            Err(AuthRefusal::Unavailable(fault)) => {
                Err(BindRefusal::Unavailable(fault.to_string()))
            }
        }
    }

    fn search(&self, base: &Dn, scope: Scope, caller: &Identity) -> Result<Found, DirectoryError> {
        let as_of = (self.clock)();
        let reads_lists = self.may_read_lists(caller)?;
        let snapshot = self.current()?;
        let nodes = snapshot.tree.within(base, scope)?;
        let entries = nodes.into_iter().map(|node| self.entry(&snapshot, node, as_of, reads_lists));
        Ok(Found { as_of, entries: entries.collect() })
    }

    fn naming_contexts(&self) -> Result<Vec<Dn>, DirectoryError> {
        Ok(self.current()?.tree.tops())
    }
}

fn unavailable(error: store::Error) -> DirectoryError {
    DirectoryError::Unavailable(error.to_string())
}
