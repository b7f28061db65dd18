//! The record of every query, by whatever protocol it came: kept before the answer leaves (E1).

#[cfg(any(test, feature = "contract"))]
pub mod contract;
mod strangers;

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use domain::hexadecimal::hex;
use domain::id::{CaId, VerifierId};
use jiff::Timestamp;
use store::HeardRequest;
use x509::digest::sha256;
use x509::ocsp::{CertificateStatus, ErrorStatus};

use crate::ldap::{self, Identity, ResultCode};

pub use self::strangers::{Strangers, Sum};
pub use crate::ldap::LogUnavailable;

/// Keeps the record of queries (A 5.4.1: every validity query, with its result and who asked).
///
/// # Contract
/// When `record` returns `Ok`, the record outlives the process, unless somebody takes away what holds it: one
/// line, its beginning if it is long. It is
/// called before the first octet of the answer is sent, from many threads at once; when it fails, the answer
/// does not leave and the protocol's own "try later" does. Nobody retries: the implementation does, or
/// refuses. OCSP calls it on the thread that serves the connection, so it should not wait for a disk each
/// time. Of strangers' records, those beyond a bound may be counted instead ([`Strangers`]), and what was
/// counted in the last minute ends with the process.
pub trait QueryLog: Send + Sync {
    /// Records one query with its answer.
    ///
    /// # Errors
    /// [`LogUnavailable`] when the record could not be kept.
    fn record(&self, record: &QueryRecord) -> Result<(), LogUnavailable>;
}

/// One query and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryRecord {
    /// When it was answered.
    pub at: Timestamp,
    /// Where it came from.
    pub peer: SocketAddr,
    /// The verifier who proved to be asking, if one did.
    pub verifier: Option<VerifierId>,
    /// What was asked and answered.
    pub query: Query,
}

/// What was asked and answered, by protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// An OCSP request.
    Ocsp {
        /// What was noted of a request that a registered verifier signed; from when and where it came
        /// is the record's.
        heard: Option<HeardRequest>,
        /// Whether it is what was heard a moment before from the same address, once more: answered, for
        /// its sender may have lost the answer, and nobody's, for it may have been overheard.
        is_retry: bool,
        /// The certificates asked about, in order; empty where the request could not be read.
        asked: Arc<[OcspAsked]>,
        /// What came of it.
        outcome: OcspOutcome,
    },
    /// An LDAP operation.
    Ldap {
        /// What was asked.
        asked: ldap::Asked,
        /// The result.
        result: ResultCode,
    },
    /// A revocation list fetched from the web repository.
    Web {
        /// The path, as received.
        path: String,
        /// The HTTP status.
        status: u16,
    },
}

/// One certificate of an OCSP request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OcspAsked {
    /// The CA, if it is one of ours.
    pub ca: Option<CaId>,
    /// The serial in hexadecimal, cut to 40 digits.
    pub serial: String,
    /// What was answered, if anything was.
    pub status: Option<CertificateStatus>,
}

/// What came of an OCSP request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OcspOutcome {
    /// It was answered with a signature made for it.
    Signed,
    /// It was answered with a signature made before, for the same state.
    Repeated,
    /// There was no answer.
    Refused {
        /// What the client was told.
        status: ErrorStatus,
        /// Why.
        rule: String,
    },
}

/// Whose query it was, as far as what is kept of it depends on that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A registered verifier's: it proved to be asking, or signed what is remembered.
    Verifier,
    /// Of whom is not known yet whether they are one, and tells nothing: the way to prove it.
    OnTheWay,
    /// Nobody's.
    Stranger,
}

impl QueryRecord {
    /// Whose query it was.
    pub fn standing(&self) -> Standing {
        match &self.query {
            _ if self.verifier.is_some() => Standing::Verifier,
            // The memory of signed requests is made again of these.
            Query::Ocsp { heard: Some(_), .. } => Standing::Verifier,
            Query::Ldap { asked: ldap::Asked::Extended(name), .. } if name == ldap::START_TLS => {
                Standing::OnTheWay
            }
            _ => Standing::Stranger,
        }
    }
}

impl fmt::Display for QueryRecord {
    /// One line; what came from outside is quoted.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verifier = self.verifier.as_ref().map_or("-", |id| id.as_str());
        write!(f, "{} {} {verifier} {}", self.at, self.peer, self.query)
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ocsp { heard, is_retry, asked, outcome } => {
                f.write_str("ocsp ")?;
                if let Some(HeardRequest { digest, until, .. }) = heard {
                    write!(f, "{HEARD}{}/{} ", hex(digest), until.as_second())?;
                }
                if *is_retry {
                    f.write_str("retry ")?;
                }
                write!(f, "{outcome}")?;
                asked.iter().try_for_each(|asked| write!(f, " {asked}"))
            }
            Self::Ldap { asked, result } => write!(f, "ldap {result:?} {:?}", asked.cut()),
            Self::Web { path, status } => write!(f, "web {status} {:?}", cut(path)),
        }
    }
}

/// Before what is remembered of a signed request. No outcome begins so.
const HEARD: &str = "heard:";

/// What a line of the record tells of a signed request, so that the memory of them can be made again.
pub fn heard(line: &str) -> Option<HeardRequest> {
    let mut words = line.split(' ');
    let (at, peer, _) = (words.next()?, words.next()?, words.next()?);
    let told = words.next().filter(|kind| *kind == "ocsp").and(words.next())?;
    let (digest, until) = told.strip_prefix(HEARD)?.split_once('/')?;
    let digest = u128::from_str_radix(digest, 16).ok()?.to_be_bytes();
    let peer: SocketAddr = peer.parse().ok()?;
    Some(HeardRequest {
        digest,
        until: Timestamp::from_second(until.parse().ok()?).ok()?,
        at: at.parse().ok()?,
        from: peer.ip().to_canonical(),
    })
}

/// Octets that a record keeps of a name: longer than any that exists here.
const KEPT_OCTETS: usize = 256;

/// What a record keeps of a text from outside: its beginning, and what recognises the whole, so that
/// nobody's long question fills the disk.
pub(crate) fn cut(text: &str) -> Cow<'_, str> {
    if text.len() <= KEPT_OCTETS {
        return Cow::Borrowed(text);
    }
    let kept = &text[..text.floor_char_boundary(KEPT_OCTETS)];
    let sha256 = hex(&sha256(text.as_bytes()));
    Cow::Owned(format!("{kept}… {} octets, SHA-256 {sha256}", text.len()))
}

impl fmt::Display for OcspAsked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ca = self.ca.as_ref().map_or("-", |ca| ca.as_str());
        write!(f, "{ca}/{}=", self.serial)?;
        match self.status {
            None => f.write_str("-"),
            Some(CertificateStatus::Good) => f.write_str("good"),
            Some(CertificateStatus::Unknown) => f.write_str("unknown"),
            Some(CertificateStatus::Revoked { at, reason: None }) => write!(f, "revoked@{at}"),
            Some(CertificateStatus::Revoked { at, reason: Some(code) }) => {
                write!(f, "revoked({code})@{at}")
            }
        }
    }
}

impl fmt::Display for OcspOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signed => f.write_str("signed"),
            Self::Repeated => f.write_str("repeated"),
            Self::Refused { status, rule } => write!(f, "{status:?} {rule:?}"),
        }
    }
}

/// Lets the LDAP server write into the common record.
pub struct LdapRecords(pub Arc<dyn QueryLog>);

impl ldap::QueryLog for LdapRecords {
    fn record(&self, query: &ldap::Query) -> Result<(), LogUnavailable> {
        self.0.record(&query.into())
    }
}

impl From<&ldap::Query> for QueryRecord {
    fn from(query: &ldap::Query) -> Self {
        let verifier = match &query.identity {
            Identity::Anonymous => None,
            Identity::Verifier { id, .. } => Some(id.clone()),
        };
        let told = Query::Ldap { asked: query.asked.clone(), result: query.result };
        Self { at: query.at, peer: query.peer, verifier, query: told }
    }
}

/// The in-memory twin.
#[derive(Debug, Default)]
pub struct MemoryQueryLog {
    records: Mutex<Vec<QueryRecord>>,
}

impl MemoryQueryLog {
    /// What was recorded so far, in order.
    pub fn records(&self) -> Vec<QueryRecord> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl QueryLog for MemoryQueryLog {
    fn record(&self, record: &QueryRecord) -> Result<(), LogUnavailable> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner).push(record.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches for one attribute name of 30,000 octets once filled a disk at 49 MB a second.
    #[test]
    fn e1_a_record_keeps_the_beginning_of_a_long_name_and_what_recognises_it() {
        let long = "髙".repeat(10_000);
        let many: Vec<String> = (0..2_000).map(|number| format!("attribute{number}")).collect();
        let search = |attributes: Vec<String>| ldap::Asked::Search {
            base: long.clone(),
            scope: ldap::Scope::Subtree,
            attributes,
            entries: 0,
        };
        let ldap = |asked: ldap::Asked| Query::Ldap { asked, result: ResultCode::Success };
        for query in [
            ldap(search(vec![long.clone()])),
            ldap(search(many)),
            ldap(ldap::Asked::Bind { name: long.clone() }),
            ldap(ldap::Asked::Compare { entry: long.clone(), attribute: long.clone() }),
            ldap(ldap::Asked::Extended(long.clone())),
            ldap(ldap::Asked::Malformed(long.clone())),
            Query::Web { path: long.clone(), status: 404 },
        ] {
            let line = query.to_string();
            assert!(line.len() < 1_500 && line.contains("SHA-256"), "{}: {line}", line.len());
        }
        let whole = hex(&sha256(long.as_bytes()));
        assert!(cut(&long).contains(&whole) && cut("short") == "short");
    }

    #[test]
    fn e1_v5_the_record_tells_again_what_was_heard_and_nobody_elses_text_does() {
        let at = Timestamp::from_second(1_000).expect("a time");
        let peer = SocketAddr::from(([192, 0, 2, 1], 40_000));
        let until = Timestamp::from_second(2_000).expect("a time");
        let heard_one = HeardRequest { digest: [0x0a; 16], until, at, from: peer.ip() };
        let refused = OcspOutcome::Refused {
            status: ErrorStatus::Unauthorized,
            rule: "heard:00/1 before".to_owned(),
        };
        let record = |query| QueryRecord { at, peer, verifier: None, query }.to_string();
        let ocsp = |heard, outcome| {
            let is_retry = outcome == OcspOutcome::Signed;
            Query::Ocsp { heard, is_retry, asked: [].into(), outcome }
        };
        for outcome in [OcspOutcome::Signed, refused.clone()] {
            assert_eq!(heard(&record(ocsp(Some(heard_one), outcome.clone()))), Some(heard_one));
            assert_eq!(heard(&record(ocsp(None, outcome))), None);
        }
        let forged = Query::Web { path: format!(" ocsp heard:{}/9", "0".repeat(32)), status: 404 };
        assert_eq!(heard(&record(forged)), None);
        assert_eq!(heard(""), None);
    }

    /// What a log in memory holds, as lines.
    fn lines(log: &MemoryQueryLog) -> Vec<String> {
        log.records().iter().map(QueryRecord::to_string).collect()
    }

    #[test]
    fn e1_the_twins_of_both_records_keep_what_the_answers_rely_on() {
        let log = MemoryQueryLog::default();
        contract::check(&log, &|| lines(&log));
        let log = ldap::MemoryQueryLog::default();
        contract::check_ldap(&log, &|| {
            log.queries().iter().map(|query| QueryRecord::from(query).to_string()).collect()
        });
    }

    #[test]
    fn e1_ldap_writes_into_the_same_record() {
        let log = Arc::new(MemoryQueryLog::default());
        contract::check_ldap(&LdapRecords(log.clone()), &|| lines(&log));
    }
}
