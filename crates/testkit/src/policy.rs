//! The policy that a CA works by, as people adopt it.

use aws_lc_rs::digest::{SHA256, digest};
use domain::id::CaId;
use domain::journal::EventKind;
use store::{Change, Entry, Store, Unit};

use crate::clock::{Clock, act};

/// Has this policy be in effect at a CA that was set up.
pub fn adopt_policy(store: &dyn Store, clock: &Clock, ca: &CaId, policy: &str) {
    let rows = store.cas().expect("a read");
    let from = rows.iter().find(|row| row.id == *ca).expect("a CA").policy_digest;
    let to = digest(&SHA256, policy.as_bytes()).as_ref().try_into().expect("32 octets");
    if from != to {
        let entry = Entry::new(EventKind::PolicyAdopted, &act(clock)).ca(ca);
        let change = Change::AdoptPolicy { ca: ca.clone(), from, to };
        store.commit(Unit::new(entry).change(change)).expect("adopted");
    }
}
