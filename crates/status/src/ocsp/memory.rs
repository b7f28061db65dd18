//! What verifiers signed is believed once: whoever overhears a request cannot ask by it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::SignedDuration;
use store::HeardRequest;

/// How long a client may send the same request again from the same address: it got no answer, or lost
/// it.
const RETRY: SignedDuration = SignedDuration::from_mins(1);

/// Remembers the requests that registered verifiers signed.
///
/// # Contract
/// A request of which `hear` returned nothing is never again one of which it returns nothing, until its
/// signer's certificate has ended. Once its query record is written, this holds after the process's end
/// too. It is called from many threads at once, once for each request and before the answer, and should
/// not wait for a disk each time.
pub trait RequestMemory: Send + Sync {
    /// Notes a request. If it was noted before, what was noted then comes back.
    ///
    /// # Errors
    /// The store's own: whether it was noted is not known then, and nobody is answered.
    fn hear(&self, request: &HeardRequest) -> store::Result<Option<HeardRequest>>;
}

/// Whether a client that lost its answer sent the request once more.
pub(super) fn is_retry(first: &HeardRequest, again: &HeardRequest) -> bool {
    let since = again.at.duration_since(first.at);
    first.from == again.from && !since.is_negative() && since <= RETRY
}

/// A memory that ends with the process, for tests.
#[derive(Debug, Default)]
pub struct MemoryOfRequests(Mutex<HashMap<[u8; 16], HeardRequest>>);

impl RequestMemory for MemoryOfRequests {
    fn hear(&self, request: &HeardRequest) -> store::Result<Option<HeardRequest>> {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = heard.get(&request.digest).copied();
        if before.is_none() {
            heard.insert(request.digest, *request);
        }
        Ok(before)
    }
}
