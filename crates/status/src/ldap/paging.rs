//! Simple paged results (RFC 2696): what is left of a search waits in its session under a cookie.

use std::collections::VecDeque;

use bytes::Bytes;
// The derived decoder calls the methods of this trait.
use rasn::Decoder;

use super::directory::Entry;
use super::encode::Outcome;
use super::message::{Control, ResultCode, SearchRequest};

/// OID of the paged results control.
pub(super) const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";

/// A client's wish for a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PageRequest {
    /// Entries on the page.
    pub(super) size: usize,
    /// The cookie of the page before; empty for the first.
    pub(super) cookie: Bytes,
}

impl PageRequest {
    /// Finds the control among `controls`.
    pub(super) fn find(controls: &[Control]) -> Result<Option<Self>, Outcome> {
        let mut paging = controls.iter().filter(|control| control.oid == PAGED_RESULTS);
        let Some(control) = paging.next() else {
            return Ok(None);
        };
        let refuse = |reason| Outcome::new(ResultCode::ProtocolError, reason);
        if paging.next().is_some() {
            return Err(refuse("the paged results control was sent twice"));
        }
        let value = control.value.as_deref().unwrap_or_default();
        let parsed: Result<ControlValue, _> = rasn::ber::decode(value);
        match parsed.map(|value| (usize::try_from(value.size), value.cookie)) {
            Ok((Ok(size), cookie)) => {
                Ok(Some(Self { size, cookie: Bytes::copy_from_slice(&cookie) }))
            }
            _ => Err(refuse("the value of the paged results control does not follow RFC 2696")),
        }
    }
}

#[derive(rasn::AsnType, rasn::Decode)]
struct ControlValue {
    size: i32,
    cookie: rasn::types::OctetString,
}

/// A search that has more pages.
#[derive(Debug)]
pub(super) struct Pending {
    cookie: u64,
    /// What was asked, so that a cookie cannot be carried to another search.
    request: SearchRequest,
    /// What is left to send.
    pub(super) rest: VecDeque<Entry>,
    /// The result after the last page.
    pub(super) outcome: Outcome,
    /// How many entries all pages hold together.
    pub(super) total: usize,
}

/// The paged searches of one session.
#[derive(Debug, Default)]
pub(super) struct PagedSearches {
    /// The oldest first.
    pending: VecDeque<Pending>,
    issued: u64,
}

impl PagedSearches {
    /// Takes out the search that `cookie` continues, if it is this one.
    pub(super) fn take(&mut self, cookie: &[u8], request: &SearchRequest) -> Option<Pending> {
        let cookie = u64::from_be_bytes(cookie.try_into().ok()?);
        let found =
            |pending: &Pending| pending.cookie == cookie && same_search(&pending.request, request);
        let at = self.pending.iter().position(found)?;
        self.pending.remove(at)
    }

    /// Keeps a search for its next page and returns the cookie; at most `limit` are kept.
    pub(super) fn keep(
        &mut self,
        request: &SearchRequest,
        rest: VecDeque<Entry>,
        outcome: Outcome,
        total: usize,
        limit: usize,
    ) -> Bytes {
        self.issued += 1;
        if self.pending.len() >= limit {
            self.pending.pop_front();
        }
        let cookie = self.issued;
        self.pending.push_back(Pending { cookie, request: request.clone(), rest, outcome, total });
        Bytes::copy_from_slice(&cookie.to_be_bytes())
    }

    /// Forgets all, as a new identity must not read on with the rights of the old.
    pub(super) fn clear(&mut self) {
        self.pending.clear();
    }
}

/// Clients repeat the whole search; only limits may differ between pages.
fn same_search(kept: &SearchRequest, asked: &SearchRequest) -> bool {
    kept.base == asked.base
        && kept.scope == asked.scope
        && kept.filter == asked.filter
        && kept.attributes == asked.attributes
        && kept.types_only == asked.types_only
}
