//! Search and compare: find, filter, cut, record, and only then read the values and send.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use super::answer::LdapAnswer;
use super::attribute::AttributeDescription;
use super::directory::{DirectoryError, Entry, Found, Identity};
use super::dn::Dn;
use super::encode::{self, Outcome, Response};
use super::filter::{self, Truth};
use super::message::{
    Assertion, CompareRequest, Control, Filter, Operation, ResultCode, Scope, SearchRequest,
};
use super::paging::PageRequest;
use super::query_log::{Asked, Query};
use super::root;
use super::schema::Matching;
use super::selection::Selection;
use super::session::{Service, Session, named, unavailable};

/// The entries a search returns, with the result that follows them.
struct Matches {
    entries: VecDeque<Entry>,
    outcome: Outcome,
}

impl Session {
    pub(super) fn search(
        &mut self,
        id: u32,
        request: &SearchRequest,
        controls: &[Control],
    ) -> LdapAnswer {
        let fits_one_page = |page: &PageRequest| {
            request.size_limit > 0
                && page.cookie.is_empty()
                && page.size >= request.size_limit as usize
        };
        match PageRequest::find(controls) {
            Err(outcome) => self.send(id, request, VecDeque::new(), outcome, None),
            // A page that holds the whole answer needs no paging (RFC 2696 section 3).
            Ok(page) => match page.filter(|page| !fits_one_page(page)) {
                Some(page) => self.search_page(id, request, &page),
                None => self.search_whole(id, request),
            },
        }
    }

    fn search_whole(&self, id: u32, request: &SearchRequest) -> LdapAnswer {
        let own_limit = self.service.settings.limits.entries;
        let limit = match request.size_limit as usize {
            0 => own_limit,
            asked => asked.min(own_limit),
        };
        match self.matches(request).map(|matches| matches.cut(limit)) {
            Ok(Matches { entries, outcome }) => self.send(id, request, entries, outcome, None),
            Err(outcome) => self.send(id, request, VecDeque::new(), outcome, None),
        }
    }

    fn search_page(&mut self, id: u32, request: &SearchRequest, page: &PageRequest) -> LdapAnswer {
        let (matches, total) = match self.matches_of_page(request, page) {
            Ok(found) => found,
            Err(outcome) => return self.send(id, request, VecDeque::new(), outcome, None),
        };
        let Matches { mut entries, outcome } = matches;
        let limits = &self.service.settings.limits;
        let rest = entries.split_off(page.size.min(limits.entries).min(entries.len()));
        // A page of no entries abandons the search (RFC 2696 section 3).
        let (cookie, outcome) = match page.size {
            0 => (Bytes::new(), Outcome::success()),
            _ if rest.is_empty() => (Bytes::new(), outcome),
            _ => {
                let so_far = Outcome { code: ResultCode::Success, ..outcome.clone() };
                let kept = limits.paged_searches;
                (self.paged.keep(request, rest, outcome, total, kept), so_far)
            }
        };
        self.send(id, request, entries, outcome, Some((total, cookie)))
    }

    /// What is left of the search, and how many entries it has in all.
    fn matches_of_page(
        &mut self,
        request: &SearchRequest,
        page: &PageRequest,
    ) -> Result<(Matches, usize), Outcome> {
        if page.cookie.is_empty() {
            let limit = match request.size_limit as usize {
                0 => usize::MAX,
                asked => asked,
            };
            let matches = self.matches(request)?.cut(limit);
            let total = matches.entries.len();
            return Ok((matches, total));
        }
        let pending = self.paged.take(&page.cookie, request).ok_or_else(|| {
            let words = "this cookie does not continue this search in this session";
            Outcome::new(ResultCode::UnwillingToPerform, words)
        })?;
        Ok((Matches { entries: pending.rest, outcome: pending.outcome }, pending.total))
    }

    /// Finds and filters, within the time allowed.
    fn matches(&self, request: &SearchRequest) -> Result<Matches, Outcome> {
        let base = named(&request.base)?;
        let deadline = self.deadline(request.time_limit);
        let found = self.find(&base, request.scope)?;
        let as_of = format!("as of {}", found.as_of);
        let mut matches =
            Matches { entries: VecDeque::new(), outcome: Outcome::new(ResultCode::Success, as_of) };
        for entry in found.entries {
            if (self.service.clock)() > deadline {
                matches.outcome =
                    Outcome::new(ResultCode::TimeLimitExceeded, "the search took too long");
                break;
            }
            if filter::evaluate(&request.filter, &entry) == Truth::True {
                matches.entries.push_back(entry);
            }
        }
        refuse_withheld(request, &matches.entries).map_or(Ok(matches), Err)
    }

    fn deadline(&self, asked_seconds: u32) -> Timestamp {
        let own = self.service.settings.limits.search_seconds;
        let seconds = if asked_seconds == 0 { own } else { asked_seconds.min(own) };
        let now = (self.service.clock)();
        now.checked_add(SignedDuration::from_secs(i64::from(seconds))).unwrap_or(Timestamp::MAX)
    }

    /// The candidates: what the server provides itself, or what the directory holds.
    fn find(&self, base: &Dn, scope: Scope) -> Result<Found, Outcome> {
        if scope == Scope::Base
            && let Some(entry) = self.own_entry(base)?
        {
            return Ok(Found { as_of: (self.service.clock)(), entries: vec![entry] });
        }
        let found = self.service.directory.search(base, scope, &self.identity);
        let mut found = found.map_err(|error| failed(&error))?;
        found.entries.iter_mut().for_each(root::add_operational);
        Ok(found)
    }

    fn own_entry(&self, dn: &Dn) -> Result<Option<Entry>, Outcome> {
        if dn.is_root() {
            let contexts =
                self.service.directory.naming_contexts().map_err(|error| failed(&error))?;
            return Ok(Some(root::root_dse(&contexts, self.service.start_tls)));
        }
        Ok(root::subschema(dn))
    }

    /// Records the search and returns its answer.
    fn send(
        &self,
        id: u32,
        request: &SearchRequest,
        entries: VecDeque<Entry>,
        outcome: Outcome,
        page: Option<(usize, Bytes)>,
    ) -> LdapAnswer {
        let asked = Asked::Search {
            base: request.base.clone(),
            scope: request.scope,
            attributes: request.attributes.clone(),
            entries: entries.len(),
        };
        let result = self.recorded(asked.clone(), outcome.clone());
        if result.code != outcome.code {
            return LdapAnswer::one(encode::result(id, Operation::Search, &result));
        }
        let done = match page {
            Some((total, cookie)) => {
                encode::page_done(id, &result, u32::try_from(total).unwrap_or(0), cookie)
            }
            None => encode::result(id, Operation::Search, &result),
        };
        LdapAnswer::streamed(EntryStream {
            id,
            entries,
            selection: Selection::new(&request.attributes),
            types_only: request.types_only,
            done: Some(done),
            service: Arc::clone(&self.service),
            peer: self.peer,
            identity: self.identity.clone(),
            asked,
        })
    }

    pub(super) fn compare(&self, id: u32, request: CompareRequest) -> LdapAnswer {
        let outcome = self.compared(&request).unwrap_or_else(|outcome| outcome);
        let CompareRequest { entry, attribute, .. } = request;
        let outcome = self.recorded(Asked::Compare { entry, attribute }, outcome);
        LdapAnswer::one(encode::result(id, Operation::Compare, &outcome))
    }

    fn compared(&self, request: &CompareRequest) -> Result<Outcome, Outcome> {
        let refuse = |code, words: &str| Err(Outcome::new(code, words));
        let dn = named(&request.entry)?;
        let found = self.find(&dn, Scope::Base)?;
        let Some(entry) = found.entries.first() else {
            return refuse(ResultCode::NoSuchObject, "no entry has this name");
        };
        let attribute = AttributeDescription::parse(&request.attribute)
            .and_then(|attribute| Some((attribute.attribute_type()?, attribute)));
        let Some((attribute_type, attribute)) = attribute else {
            return refuse(
                ResultCode::UndefinedAttributeType,
                "the schema has no such attribute type",
            );
        };
        if entry.withholds(&attribute) {
            return refuse(ResultCode::InsufficientAccessRights, WITHHELD);
        }
        if !entry.readable().any(|held| held.description.is_asked_by(&attribute)) {
            return refuse(ResultCode::NoSuchAttribute, "the entry has no such attribute");
        }
        if attribute_type.matching == Matching::None {
            return refuse(
                ResultCode::InappropriateMatching,
                "values of this type are not compared here",
            );
        }
        let claim = Filter::Equality(Assertion { attribute, value: request.value.clone() });
        match filter::evaluate(&claim, entry) {
            Truth::True => Ok(Outcome::new(ResultCode::CompareTrue, "")),
            Truth::False => Ok(Outcome::new(ResultCode::CompareFalse, "")),
            Truth::Undefined => refuse(
                ResultCode::InvalidAttributeSyntax,
                "the value does not fit the attribute's syntax",
            ),
        }
    }
}

/// What a caller reads who may not read an attribute.
const WITHHELD: &str = "this attribute is only read by registered verifiers: bind first";

impl Matches {
    /// Keeps at most `limit` entries and says so.
    fn cut(mut self, limit: usize) -> Self {
        if self.entries.len() > limit {
            self.entries.truncate(limit);
            let words = format!("more than {limit} entries match; ask for fewer or in pages");
            self.outcome = Outcome::new(ResultCode::SizeLimitExceeded, words);
        }
        self
    }
}

/// Reading one entry for nothing but what is withheld is refused; a wider search just leaves it out.
fn refuse_withheld(request: &SearchRequest, entries: &VecDeque<Entry>) -> Option<Outcome> {
    let selection = Selection::new(&request.attributes);
    let refused =
        request.scope == Scope::Base && entries.iter().any(|entry| selection.is_withheld_by(entry));
    refused.then(|| Outcome::new(ResultCode::InsufficientAccessRights, WITHHELD))
}

fn failed(error: &DirectoryError) -> Outcome {
    match error {
        DirectoryError::NoSuchObject { matched } => {
            let outcome = Outcome::new(ResultCode::NoSuchObject, "no entry has the base name");
            Outcome { matched: matched.to_string(), ..outcome }
        }
        DirectoryError::Unavailable(_) => unavailable(error),
    }
}

/// Entries on their way out; the values of each are read when its turn comes.
pub(super) struct EntryStream {
    id: u32,
    entries: VecDeque<Entry>,
    selection: Selection,
    types_only: bool,
    /// Taken when it has been given out.
    done: Option<Response>,
    service: Arc<Service>,
    peer: SocketAddr,
    identity: Identity,
    asked: Asked,
}

impl EntryStream {
    fn entry(&self, entry: &Entry) -> Result<Response, DirectoryError> {
        let mut attributes = Vec::new();
        for attribute in entry.readable().filter(|attribute| self.selection.asks_for(attribute)) {
            let values = if self.types_only { Vec::new() } else { attribute.values.load()? };
            attributes.push((attribute.description.to_string(), values));
        }
        Ok(encode::entry(self.id, &entry.dn.to_string(), attributes))
    }

    /// Ends early; the record then holds the search twice, the second time with this result.
    fn fail(&mut self, error: &DirectoryError) -> Response {
        self.entries.clear();
        self.done = None;
        let outcome = unavailable(error);
        let query = Query {
            at: (self.service.clock)(),
            peer: self.peer,
            identity: self.identity.clone(),
            asked: self.asked.clone(),
            result: outcome.code,
        };
        encode::result(self.id, Operation::Search, &self.service.recorded(&query, outcome))
    }
}

impl Iterator for EntryStream {
    type Item = Response;

    fn next(&mut self) -> Option<Response> {
        match self.entries.pop_front() {
            Some(entry) => Some(self.entry(&entry).unwrap_or_else(|error| self.fail(&error))),
            None => self.done.take(),
        }
    }
}
