//! The web repository: CPS, CA certificates, notices, and every revocation list (V4, V8, V11).

mod lists;
mod pages;

use std::net::SocketAddr;
use std::sync::Arc;

use domain::certificate::{CertificateKind, CertificateState};
use domain::id::{CaId, VerifierId};
use domain::policy::Policy;
use jiff::Timestamp;
use jiff::civil::Date;
use store::{CertificateRow, Published, Sequence};

use self::lists::ListPath;
use super::condition::Conditions;
use super::host;
use super::reply::{Reply, http_date};
use crate::ldap::ClearPasswords;
use crate::query_log::QueryLog;
use crate::verifier_auth::VerifierAuth;

/// What is published of one CA beside what the store knows.
#[derive(Debug, Clone)]
pub struct Publication {
    /// Its policy, with the CPS and the laws.
    pub policy: Arc<Policy>,
    /// CAs it is or was cross-certified with (A 9.12, S 8-2).
    pub cross_certified: Vec<CrossCertified>,
}

/// A CA that is or was cross-certified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrossCertified {
    /// Its name.
    pub name: String,
    /// The first day.
    pub since: Date,
    /// The last day, if there is one.
    pub until: Option<Date>,
}

/// A request to the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// The path, as received.
    pub path: String,
    /// The Authorization header.
    pub authorization: Option<String>,
    /// Under which conditions it wants the answer.
    pub conditions: Conditions,
    /// Where it came from.
    pub peer: SocketAddr,
    /// Whether the connection is encrypted.
    pub encrypted: bool,
    /// What clocks show.
    pub now: Timestamp,
}

/// The host of an address `http://host:port/path`.
fn host_in(uri: &str) -> Option<String> {
    let (_, rest) = uri.split_once("://")?;
    host::name_in(rest.split('/').next()?).ok().map(str::to_owned)
}

/// The web repository. Its answers come from the store as it is at that moment.
pub struct Repository {
    store: Arc<dyn Published>,
    verifiers: VerifierAuth,
    clear_passwords: ClearPasswords,
    log: Arc<dyn QueryLog>,
    publications: Vec<Publication>,
    /// The names under which it is asked; it is asked under any, where there are none.
    hosts: Vec<String>,
}

impl Repository {
    /// A repository of the CAs in `publications`, in that order.
    pub fn new(
        store: Arc<dyn Published>,
        verifiers: VerifierAuth,
        clear_passwords: ClearPasswords,
        log: Arc<dyn QueryLog>,
        publications: Vec<Publication>,
    ) -> Self {
        Self { store, verifiers, clear_passwords, log, publications, hosts: Vec::new() }
    }

    /// The same, asked under these names and those of the OCSP addresses in its policies alone.
    #[must_use]
    pub fn for_hosts(self, names: impl IntoIterator<Item = String>) -> Self {
        let certified = self.publications.iter().filter_map(|one| host_in(&one.policy.ocsp.uri));
        Self { hosts: names.into_iter().chain(certified).collect(), ..self }
    }

    /// Whether a request is for this repository (RFC 9110 7.4). What is fetched by a name that somebody bent
    /// to our address would be read by their page.
    pub(super) fn is_asked(&self, authority: Option<&str>) -> bool {
        // Before HTTP/1.1 there needs to be none; every browser says one.
        let is_ours = |authority| host::is_ours(authority, &self.hosts).unwrap_or(false);
        self.hosts.is_empty() || authority.is_none_or(is_ours)
    }

    /// Answers a request. It reads the store and may check a password, so it may block.
    pub fn answer(&self, fetch: &Fetch) -> Reply {
        self.answer_to(fetch).0
    }

    /// The same, and the verifier that proved to be asking.
    pub(super) fn answer_to(&self, fetch: &Fetch) -> (Reply, Option<VerifierId>) {
        let segments: Vec<&str> = fetch.path.split('/').skip(1).collect();
        let list = match segments.as_slice() {
            ["crl", rest @ ..] => ListPath::parse(rest),
            _ => None,
        };
        let reply = match list {
            Some(path) => self.recorded_list(&path, fetch),
            None => {
                let page = self.page(&segments, fetch);
                page.map(|reply| (reply.under(&fetch.conditions, fetch.now), None))
            }
        };
        reply.unwrap_or_else(|fault| (Reply::unavailable(&fault), None))
    }

    /// What is for everybody, and of which nothing is recorded.
    fn page(&self, segments: &[&str], fetch: &Fetch) -> store::Result<Reply> {
        match segments {
            [""] => self.index(fetch.now),
            ["style.css"] => Ok(pages::style()),
            ["cps", ca] => self.cps(ca),
            ["ca", ca, file] => self.ca_certificate(ca, file),
            ["crl", ca] => self.lists_of(ca),
            _ => Ok(not_found()),
        }
    }

    fn index(&self, now: Timestamp) -> store::Result<Reply> {
        let as_of = self.as_of()?;
        let mut shown = Vec::new();
        for publication in &self.publications {
            let certificates = self.ca_certificates(&publication.policy.ca)?;
            let notices = self.store.notices(&publication.policy.ca)?;
            shown.push(pages::Shown { publication, certificates, notices });
        }
        Ok(pages::index(&shown, now, as_of))
    }

    fn cps(&self, ca: &str) -> store::Result<Reply> {
        let as_of = self.as_of()?;
        Ok(self.publication(ca).map_or_else(not_found, |found| pages::cps(&found.policy, as_of)))
    }

    fn lists_of(&self, ca: &str) -> store::Result<Reply> {
        let Some(publication) = self.publication(ca) else { return Ok(not_found()) };
        let as_of = self.as_of()?;
        let series = self.store.series(&publication.policy.ca)?;
        Ok(pages::lists(&publication.policy, &series, as_of))
    }

    fn ca_certificate(&self, ca: &str, file: &str) -> store::Result<Reply> {
        let Some(publication) = self.publication(ca) else { return Ok(not_found()) };
        let as_of = self.as_of()?;
        let certificates = self.ca_certificates(&publication.policy.ca)?;
        let Some(found) = certificates.into_iter().find(|c| c.file_name() == file) else {
            return Ok(not_found());
        };
        let etag = quoted(&x509::digest::sha256(&found.der));
        let reply = Reply::new(200, "application/pkix-cert", found.der);
        Ok(as_revalidated(reply, &etag, found.issued_at, as_of))
    }

    /// The self-signed and link certificates of a CA, oldest first.
    fn ca_certificates(&self, ca: &CaId) -> store::Result<Vec<CaCertificate>> {
        let rows = self.store.authorities(ca)?;
        let Some(row) = rows.first() else { return Ok(Vec::new()) };
        // A generation that is still being made is nobody's yet.
        let newest = rows.iter().map(|row| row.generation).max().unwrap_or(0);
        let own = self.store.self_issued(ca, &row.name)?;
        Ok(own
            .into_iter()
            .filter_map(CaCertificate::new)
            .filter(|certificate| certificate.generation <= newest)
            .collect())
    }

    fn publication(&self, ca: &str) -> Option<&Publication> {
        self.publications.iter().find(|publication| publication.policy.ca.as_str() == ca)
    }

    /// The last journal entry, read before anything else: what is read later includes it.
    fn as_of(&self) -> store::Result<Sequence> {
        Ok(self.store.last_sequence()?.unwrap_or(0))
    }
}

/// A CA certificate with its state.
struct CaCertificate {
    kind: CertificateKind,
    /// The generation that it came with.
    generation: u32,
    der: Vec<u8>,
    state: CertificateState,
    issued_at: Timestamp,
    ends: Timestamp,
}

impl CaCertificate {
    fn new(row: CertificateRow) -> Option<Self> {
        let kind = row.intent.kind;
        let generation = match kind {
            // The old key signed it when the new one came.
            CertificateKind::LinkNewWithOld => row.intent.generation + 1,
            _ => row.intent.generation,
        };
        let (issued_at, ends) = (row.intent.at, row.intent.not_after);
        Some(Self { kind, generation, der: row.der?, state: row.state, issued_at, ends })
    }

    /// The last part of its address.
    fn file_name(&self) -> String {
        match self.kind {
            CertificateKind::SelfSigned => format!("{}.cer", self.generation),
            link => format!("{}-{link}.cer", self.generation),
        }
    }
}

fn not_found() -> Reply {
    Reply::words(404, "nothing is published here")
}

fn quoted(sha256: &[u8; 32]) -> String {
    format!("\"{}\"", domain::hexadecimal::hex(sha256))
}

/// Adds what lets clients ask again cheaply. Caches must ask each time, because a new list can come at any
/// moment (A 4.9.7).
fn as_revalidated(reply: Reply, etag: &str, modified: Timestamp, as_of: Sequence) -> Reply {
    reply
        .header("etag", etag)
        .header("last-modified", http_date(modified))
        .header("cache-control", "no-cache")
        .header(AS_OF, as_of.to_string())
}

/// The header that says as of which journal entry an answer is (V11).
const AS_OF: &str = "as-of-entry";
