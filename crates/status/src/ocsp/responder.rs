//! The responder: numbered steps from a request's octets to an answer's.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use domain::certificate::CertificateState;
use domain::id::{CaId, SerialNumber, VerifierId};
use domain::revocation::RevocationReason;
use jiff::{SignedDuration, Timestamp};
use keys::{AlwaysPermitted, SigningGate};
use store::{HeardRequest, StatusRow};
use x509::lint::{OcspExpectation, lint_ocsp};
use x509::ocsp::{CertId, ErrorStatus, OcspRequest, ResponseTemplate, assemble_basic};

use super::access::{Arrival, Asker, Proven, Verifiers};
use super::as_of::AsOf;
use super::cache::{Cache, Kept, Repeat};
use super::inquiry::{Inquiry, Single};
use super::issuer::{AuthorityConfig, ConfigError, Issuer};
use super::memory::RequestMemory;
use super::refusal::Refusal;
use super::source::{Looked, StatusSource};
use crate::known::Known;
use crate::query_log::{OcspAsked, OcspOutcome, Query, QueryLog, QueryRecord};

/// How answers are made and kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// From thisUpdate to nextUpdate; `None` leaves nextUpdate out. With a value, caches between
    /// here and the client may repeat an answer for so long, whatever happens meanwhile.
    pub validity: Option<SignedDuration>,
    /// How long an answer may be repeated while the state is unchanged. A minute is far below the
    /// 15 that clients allow for a missing nextUpdate, and saves 59 of 60 signatures of a busy one.
    pub repeat_for: SignedDuration,
    /// How many answers are kept, and how many questions that one was repeated for. 16,384 answers of some
    /// 2 KB take 32 MB, and as many questions 10 MB.
    pub kept_answers: usize,
}

impl Default for Settings {
    fn default() -> Self {
        let repeat_for = SignedDuration::from_secs(60);
        Self { validity: None, repeat_for, kept_answers: 16_384 }
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OcspAnswer {
    /// The OCSPResponse, DER.
    pub bytes: Bytes,
    /// How long caches may repeat it (RFC 9919 7); `None` for not at all.
    pub freshness: Option<Freshness>,
}

/// Octets of a request, beyond which it is read each time: a client's question about one certificate has
/// some 120.
const LONGEST_REPEATED: usize = 256;

/// A request that was read, and of which is known who asks: before it is answered there may be a line.
#[must_use]
pub struct Heard {
    peer: SocketAddr,
    /// The request and what it proves; or why it is refused, whatever is asked.
    proven: Result<(OcspRequest, Proven), Refusal>,
    account: Account,
    /// The octets, where whoever sends the same may be answered the same.
    octets: Option<Vec<u8>>,
}

/// The times that HTTP caches are told (RFC 9919 7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// When the answer was made.
    pub produced_at: Timestamp,
    /// When there is a newer one.
    pub next_update: Timestamp,
}

/// An OCSP responder for one or several CAs.
pub struct Responder {
    issuers: RwLock<Arc<Vec<Issuer>>>,
    source: Arc<dyn StatusSource>,
    log: Arc<dyn QueryLog>,
    verifiers: Verifiers,
    delegates: AsOf<(CaId, SerialNumber), Option<StatusRow>>,
    cache: Cache<Kept>,
    repeats: Cache<Repeat>,
    settings: Settings,
    gate: Arc<dyn SigningGate>,
    known: Known,
}

/// What goes into the query log, filled in as the steps go on.
#[derive(Default, Clone)]
struct Account {
    asked: Vec<OcspAsked>,
    verifier: Option<VerifierId>,
    heard: Option<HeardRequest>,
    is_retry: bool,
    repeated: bool,
}

/// What was seen for a question: an answer that is kept for it, and the states, which it may have spared
/// reading.
struct Seen {
    kept: Option<Arc<Kept>>,
    looked: Result<Looked, Refusal>,
}

/// What is known of a question before it is answered.
struct Found<'a> {
    inquiry: Inquiry<'a>,
    changes: Option<u64>,
    /// Whether anybody may have the answer.
    open: bool,
    kept: Option<Arc<Kept>>,
}

impl Responder {
    /// A responder for `authorities`.
    ///
    /// # Errors
    /// [`ConfigError`] for a delegate whose answers no client would believe.
    pub fn new(
        authorities: &[AuthorityConfig],
        source: Arc<dyn StatusSource>,
        log: Arc<dyn QueryLog>,
        memory: Arc<dyn RequestMemory>,
        settings: Settings,
    ) -> Result<Self, ConfigError> {
        let issuers = RwLock::new(Arc::new(checked(authorities)?));
        let verifiers = Verifiers::new(Arc::clone(&source), memory);
        let (cache, repeats) =
            (Cache::new(settings.kept_answers), Cache::new(settings.kept_answers));
        let gate = Arc::new(AlwaysPermitted);
        let (known, delegates) = (Known::default(), AsOf::default());
        Ok(Self {
            issuers,
            source,
            log,
            verifiers,
            delegates,
            cache,
            repeats,
            settings,
            gate,
            known,
        })
    }

    /// Tells `known` from where verifiers ask.
    #[must_use]
    pub fn with_known(self, known: Known) -> Self {
        Self { known, ..self }
    }

    /// Asks `gate` before every signature: a clock that cannot be believed stops the answers, which
    /// say as of when (A 6.8).
    #[must_use]
    pub fn gated(self, gate: Arc<dyn SigningGate>) -> Self {
        Self { gate, ..self }
    }

    /// Answers for `authorities` from now on, without a pause: after a renewal, or when a delegate
    /// has a successor. Answers that are kept stay, as they were right when they were signed.
    ///
    /// # Errors
    /// [`ConfigError`] as for [`Responder::new`]; then it goes on as before.
    pub fn adopt(&self, authorities: &[AuthorityConfig]) -> Result<(), ConfigError> {
        let issuers = Arc::new(checked(authorities)?);
        *self.issuers.write().unwrap_or_else(PoisonError::into_inner) = issuers;
        Ok(())
    }

    /// Answers a request as of the database's state at this moment; `now` is what clocks show.
    pub fn answer(&self, request: &[u8], peer: SocketAddr, now: Timestamp) -> OcspAnswer {
        if let Some(answer) = self.again(request, peer, now) {
            return answer;
        }
        let heard = self.hear(request, peer, now);
        self.repeat(&heard, now).unwrap_or_else(|| self.answer_to(heard, now))
    }

    /// Reads a request and finds out who asks. What a verifier signed is remembered, whatever comes of it,
    /// and has its record when it is answered or refused.
    pub fn hear(&self, request: &[u8], peer: SocketAddr, now: Timestamp) -> Heard {
        let mut account = Account::default();
        let arrival = Arrival { from: peer.ip(), at: now };
        let proven = read(request).and_then(|request| {
            let proven = self.asker(&request, arrival, &mut account)?;
            Ok((request, proven))
        });
        let may_repeat = |(read, proven): &(OcspRequest, Proven)| {
            let is_short = request.len() <= LONGEST_REPEATED;
            is_short && proven.asker == Asker::Anonymous && single(read).is_some()
        };
        let octets = proven.as_ref().is_ok_and(may_repeat).then(|| request.to_vec());
        Heard { peer, proven, account, octets }
    }

    /// The answer that the same octets had before, if nothing was committed since it was made: nothing of
    /// them is read. What anybody signed is none of it, as that is believed once.
    pub fn again(&self, request: &[u8], peer: SocketAddr, now: Timestamp) -> Option<OcspAnswer> {
        if request.len() > LONGEST_REPEATED {
            return None;
        }
        let Repeat { cert_id, row, asked, issuers } = &*self.repeats.get(request)?;
        let kept = self.cache.get(cert_id)?;
        let are_served = std::ptr::eq(issuers.as_ptr(), Arc::as_ptr(&self.issuers()));
        let is_told = kept.row == *row && self.is_young(&kept, now) && self.is_unchanged(&kept);
        if !are_served || !is_told {
            return None;
        }
        let (asked, outcome) = (Arc::clone(asked), OcspOutcome::Repeated);
        let query = Query::Ocsp { heard: None, is_retry: false, asked, outcome };
        let record = QueryRecord { at: now, peer, verifier: None, query };
        Some(self.recorded(&record, self.given(&kept, true)))
    }

    /// The answer that is kept for what was heard, if nothing was committed since it was made. It costs no
    /// signature and reads no state, so nobody needs a place for it.
    pub fn repeat(&self, heard: &Heard, now: Timestamp) -> Option<OcspAnswer> {
        let (request, proven) = heard.proven.as_ref().ok()?;
        let kept = self.kept(request, now)?;
        let looked = self.unchanged(&kept)?;
        let mut account = heard.account.clone();
        let issuers = self.issuers();
        let row = kept.row;
        let seen = Seen { kept: Some(kept), looked: Ok(looked) };
        let found = self.find(request, proven, &issuers, seen, now, &mut account).ok()?;
        let answer = self.repeated(&found, &mut account)?;
        if let (Some(octets), Some(cert_id)) = (&heard.octets, single(request)) {
            let (asked, issuers) = (account.asked.as_slice().into(), Arc::downgrade(&issuers));
            let repeat = Repeat { cert_id: cert_id.der.clone(), row, asked, issuers };
            self.repeats.put(octets.clone(), repeat);
        }
        Some(self.close(Ok(answer), account, heard.peer, now))
    }

    /// Answers what was heard, as of the database's state at this moment.
    pub fn answer_to(&self, heard: Heard, now: Timestamp) -> OcspAnswer {
        let Heard { peer, proven, mut account, .. } = heard;
        let outcome =
            proven.and_then(|(request, proven)| self.respond(&request, &proven, now, &mut account));
        self.close(outcome, account, peer, now)
    }

    /// Refuses what was heard, because there was no place for it.
    pub fn refuse_crowded(&self, heard: Heard, now: Timestamp) -> OcspAnswer {
        let Heard { peer, account, .. } = heard;
        let refusal = Refusal::new(ErrorStatus::TryLater, "too much is asked");
        self.close(Err(refusal), account, peer, now)
    }

    /// Refuses a request that was too long to be read to its end.
    pub fn refuse_oversized(&self, peer: SocketAddr, now: Timestamp) -> OcspAnswer {
        let refusal = Refusal::new(ErrorStatus::MalformedRequest, "longer than any request");
        self.close(Err(refusal), Account::default(), peer, now)
    }

    fn respond(
        &self,
        request: &OcspRequest,
        proven: &Proven,
        now: Timestamp,
        account: &mut Account,
    ) -> Result<OcspAnswer, Refusal> {
        let issuers = self.issuers();
        let kept = self.kept(request, now);
        let looked = self.look(request, &issuers, kept.as_deref());
        let seen = Seen { kept, looked };
        let found = self.find(request, proven, &issuers, seen, now, account)?;
        if let Some(answer) = self.repeated(&found, account) {
            return Ok(answer);
        }
        // 7 Draft, lint, sign.
        let Found { inquiry, changes, open, .. } = found;
        let (produced_at, bytes) = self.sign(&inquiry, changes)?;
        self.keep(&inquiry, &bytes, changes, produced_at);
        let freshness = self.freshness(produced_at, open && request.nonce.is_none());
        Ok(OcspAnswer { bytes, freshness })
    }

    fn find<'a>(
        &self,
        request: &'a OcspRequest,
        Proven { asker, by, .. }: &Proven,
        issuers: &'a [Issuer],
        Seen { kept, looked }: Seen,
        now: Timestamp,
        account: &mut Account,
    ) -> Result<Found<'a>, Refusal> {
        // 1 Find the CA key that is asked about.
        let issuer = issuer(issuers, request)?;
        account.asked = request.certificates.iter().map(|cert_id| asked(cert_id, issuer)).collect();
        // 2 Take the states as they were read, before or now.
        let Looked { changes, rows } = looked?;
        // 3 See whether what lets a verifier ask still holds.
        if let Some(by) = by
            && !self.verifiers.lets_in(by, changes, now).map_err(Refusal::store)?
        {
            let rule = "what lets the verifier in changed or ended while it waited";
            return Err(Refusal::new(ErrorStatus::TryLater, rule));
        }
        // 4 Put states and certificates together.
        let inquiry = Inquiry { request, issuer, singles: singles(request, issuer, rows), now };
        for (asked, single) in account.asked.iter_mut().zip(&inquiry.singles) {
            asked.status = Some(inquiry.status(single));
        }
        // 5 Let only those have an answer who may.
        let open = inquiry.admit(asker)?;
        Ok(Found { inquiry, changes, open, kept })
    }

    /// 6 Repeats an answer that was made from the same state.
    fn repeated(&self, found: &Found<'_>, account: &mut Account) -> Option<OcspAnswer> {
        let Found { inquiry, changes, open, kept } = found;
        let kept = kept.as_deref().filter(|kept| inquiry.is_answered_by(kept))?;
        account.repeated = true;
        if kept.changes != *changes {
            // The state was still the same after other commits.
            self.keep(inquiry, &kept.bytes, *changes, kept.produced_at);
        }
        Some(self.given(kept, *open))
    }

    fn given(&self, kept: &Kept, open: bool) -> OcspAnswer {
        let freshness = self.freshness(kept.produced_at, open);
        OcspAnswer { bytes: kept.bytes.clone(), freshness }
    }

    fn issuers(&self) -> Arc<Vec<Issuer>> {
        Arc::clone(&self.issuers.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn asker(
        &self,
        request: &OcspRequest,
        arrival: Arrival,
        account: &mut Account,
    ) -> Result<Proven, Refusal> {
        let proven = self.verifiers.asker(request, arrival)?;
        account.heard = proven.heard;
        match &proven.asker {
            // By a clock that is wrong a verifier's certificate is not valid: not their fault.
            Asker::Refused(_) => {
                self.gate.permit().map_err(Refusal::hindered)?;
            }
            Asker::Verifier(id) => account.verifier = Some(id.clone()),
            Asker::Retry => account.is_retry = true,
            Asker::Anonymous => {}
        }
        Ok(proven)
    }

    /// The state that an answer was made from, if nothing was committed since.
    fn unchanged(&self, kept: &Kept) -> Option<Looked> {
        let state = || Looked { changes: kept.changes, rows: vec![Some(kept.row)] };
        self.is_unchanged(kept).then(state)
    }

    fn is_unchanged(&self, kept: &Kept) -> bool {
        kept.changes.is_some() && kept.changes == self.source.changes()
    }

    /// The states of the certificates asked about that the CA's key signed which is asked about, in their
    /// order.
    fn look(
        &self,
        request: &OcspRequest,
        issuers: &[Issuer],
        kept: Option<&Kept>,
    ) -> Result<Looked, Refusal> {
        let issuer = issuer(issuers, request)?;
        if let Some(looked) = kept.and_then(|kept| self.unchanged(kept)) {
            return Ok(looked);
        }
        let ours = request.certificates.iter().filter(|asked| issuer.is_named_by(asked));
        let serials: Vec<_> = ours.filter_map(CertId::serial_number).collect();
        let looked = self.source.look(&issuer.ca, &serials);
        let Looked { changes, rows } = looked.map_err(Refusal::store)?;
        let signed_it = |row: &StatusRow| row.generation == issuer.generation;
        Ok(Looked { changes, rows: rows.into_iter().map(|row| row.filter(signed_it)).collect() })
    }

    fn sign(
        &self,
        inquiry: &Inquiry<'_>,
        changes: Option<u64>,
    ) -> Result<(Timestamp, Bytes), Refusal> {
        self.gate.permit().map_err(Refusal::hindered)?;
        let issuer = inquiry.issuer;
        if !issuer.is_in_force(inquiry.now) {
            // It gets a successor once custodians come.
            let rule = "the responder's certificate is not valid now";
            return Err(Refusal::hindered(rule));
        }
        self.expect_delegate(issuer, changes)?;
        let template = inquiry.template(&self.settings);
        let produced_at = template.produced_at;
        let tbs = template.to_tbs();
        let ResponseTemplate { responder_key_hash, singles, nonce, .. } = template;
        lint_ocsp(&tbs, &OcspExpectation { responder_key_hash, singles, nonce }).map_err(
            |findings| Refusal::internal(format!("the draft was refused: {findings:?}")),
        )?;
        let signature = issuer.key.sign(issuer.signature, &tbs);
        let signature = signature.map_err(Refusal::internal)?;
        let response = assemble_basic(&tbs, issuer.signature, &signature, &[&issuer.certificate]);
        Ok((produced_at, Bytes::from(response)))
    }

    /// Holds the certificate that answers are signed under, but for the CA's own, against the database:
    /// clients are told not to ask about it (nocheck), so nobody else would notice.
    ///
    /// One that the database does not know was issued all the same, and the row that is gone may have said
    /// that it is revoked.
    fn expect_delegate(&self, issuer: &Issuer, changes: Option<u64>) -> Result<(), Refusal> {
        let Some(serial) = issuer.delegate else { return Ok(()) };
        let look = || self.source.look(&issuer.ca, &[serial]);
        let read = || Ok(look()?.rows.into_iter().next().flatten());
        let row = self.delegates.get(changes, &(issuer.ca.clone(), serial), read);
        match row.map_err(Refusal::store)? {
            Some(row) if ends_the_answers(row.state) => {
                Err(Refusal::internal("the responder's certificate was revoked"))
            }
            Some(_) => Ok(()),
            None => {
                let finding =
                    format!("{}: the responder's certificate {serial} has no row", issuer.ca);
                self.source.raise_doubt(&finding);
                Err(Refusal::hindered(finding))
            }
        }
    }

    /// The record comes before the answer; without it there is none.
    fn close(
        &self,
        outcome: Result<OcspAnswer, Refusal>,
        mut account: Account,
        peer: SocketAddr,
        now: Timestamp,
    ) -> OcspAnswer {
        let (answer, told) = match outcome {
            Ok(answer) if account.repeated => (answer, OcspOutcome::Repeated),
            Ok(answer) => (answer, OcspOutcome::Signed),
            Err(refusal) => {
                account.asked.iter_mut().for_each(|asked| asked.status = None);
                refusal.close()
            }
        };
        if let Some(verifier) = &account.verifier {
            self.known.note(verifier, peer.ip(), now);
        }
        let Account { asked, heard, is_retry, .. } = account;
        let query = Query::Ocsp { heard, is_retry, asked: asked.into(), outcome: told };
        let record = QueryRecord { at: now, peer, verifier: account.verifier, query };
        self.recorded(&record, answer)
    }

    fn recorded(&self, record: &QueryRecord, answer: OcspAnswer) -> OcspAnswer {
        match self.log.record(record) {
            Ok(()) => answer,
            Err(unavailable) => Refusal::unrecorded(&unavailable).close().0,
        }
    }

    /// The answer kept for a request that one kept answer can answer, unless it is too old.
    fn kept(&self, request: &OcspRequest, now: Timestamp) -> Option<Arc<Kept>> {
        let kept = self.cache.get(&single(request)?.der)?;
        self.is_young(&kept, now).then_some(kept)
    }

    fn is_young(&self, kept: &Kept, now: Timestamp) -> bool {
        let age = now.duration_since(kept.produced_at);
        let half_life = self.settings.validity.map(|validity| validity / 2);
        let limit = half_life.map_or(self.settings.repeat_for, |h| h.min(self.settings.repeat_for));
        !age.is_negative() && age < limit
    }

    fn keep(&self, inquiry: &Inquiry<'_>, bytes: &Bytes, changes: Option<u64>, at: Timestamp) {
        if let (Some(cert_id), [Single { row: Some(row), .. }]) =
            (single(inquiry.request), inquiry.singles.as_slice())
        {
            let kept = Kept { bytes: bytes.clone(), row: *row, changes, produced_at: at };
            self.cache.put(cert_id.der.clone(), kept);
        }
    }

    /// Only what is open to all, and has an end, may lie in other people's caches.
    fn freshness(&self, produced_at: Timestamp, shared: bool) -> Option<Freshness> {
        let validity = self.settings.validity.filter(|_| shared)?;
        let next_update = produced_at.checked_add(validity).ok()?;
        Some(Freshness { produced_at, next_update })
    }
}

/// Whether a delegate in this state may not answer any more. After a compromise of the CA's key,
/// which ends its certificate with all others, it goes on: somebody has to say that they ended.
fn ends_the_answers(state: CertificateState) -> bool {
    matches!(state, CertificateState::Revoked { reason, .. } if reason != RevocationReason::CaCompromise)
}

/// Every generation of every CA with its delegate, each checked.
fn checked(authorities: &[AuthorityConfig]) -> Result<Vec<Issuer>, ConfigError> {
    let mut issuers = Vec::new();
    for authority in authorities {
        for generation in &authority.generations {
            issuers.push(Issuer::new(authority, generation)?);
        }
    }
    Ok(issuers)
}

/// The issuer whose delegate answers: the first that is named.
fn issuer<'a>(issuers: &'a [Issuer], request: &OcspRequest) -> Result<&'a Issuer, Refusal> {
    let named = |asked: &CertId| issuers.iter().find(|issuer| issuer.is_named_by(asked));
    let mut all = request.certificates.iter().filter_map(named);
    let unauthorized = |rule| Refusal::new(ErrorStatus::Unauthorized, rule);
    let first = all.next().ok_or_else(|| unauthorized("no issuer named is served here"))?;
    if all.any(|other| !std::ptr::eq(first, other)) {
        return Err(unauthorized("one answer cannot be signed for two issuers"));
    }
    Ok(first)
}

impl Heard {
    /// The same without what could be answered: for its record, where whoever asked is gone.
    pub fn unanswered(&self) -> Self {
        let gone = Refusal::new(ErrorStatus::TryLater, "cut off while it waited");
        Self { peer: self.peer, proven: Err(gone), account: self.account.clone(), octets: None }
    }

    /// The verifier that proved to be asking. What one sends once more is nobody's: whoever was beside it
    /// sends that too.
    pub fn id(&self) -> Option<&VerifierId> {
        self.account.verifier.as_ref()
    }
}

/// Reads the octets of a request, and whether we may answer such a one.
fn read(der: &[u8]) -> Result<OcspRequest, Refusal> {
    let malformed = |rule: String| Refusal::new(ErrorStatus::MalformedRequest, rule);
    let request = OcspRequest::parse(der).map_err(|error| malformed(error.to_string()))?;
    if request.nonce.as_ref().is_some_and(|nonce| !nonce.has_allowed_length()) {
        return Err(malformed("a nonce has 1 to 128 octets (RFC 9654 2.1)".to_owned()));
    }
    if !request.accepts_basic() {
        return Err(malformed("every client accepts basic responses (RFC 6960 4.4.3)".to_owned()));
    }
    match request.unknown_critical.first() {
        Some(oid) => {
            let rule = format!("critical extension {oid} is not known here");
            Err(Refusal::new(ErrorStatus::Unauthorized, rule))
        }
        None => Ok(request),
    }
}

/// What the query log tells of one certificate.
fn asked(cert_id: &CertId, issuer: &Issuer) -> OcspAsked {
    let serial = match cert_id.serial_number() {
        Some(serial) => serial.to_string(),
        None => cert_id.serial.iter().take(20).map(|octet| format!("{octet:02x}")).collect(),
    };
    let ca = issuer.is_named_by(cert_id).then(|| issuer.ca.clone());
    OcspAsked { ca, serial, status: None }
}

/// Each certificate asked about with its state, of `rows` that [`Responder::look`] found.
fn singles<'a>(
    request: &'a OcspRequest,
    issuer: &Issuer,
    rows: Vec<Option<StatusRow>>,
) -> Vec<Single<'a>> {
    let mut rows = rows.into_iter();
    let single = |cert_id: &'a CertId| {
        let ours = issuer.is_named_by(cert_id);
        let is_read = ours && cert_id.serial_number().is_some();
        Single { cert_id, ours, row: if is_read { rows.next().flatten() } else { None } }
    };
    request.certificates.iter().map(single).collect()
}

/// The certificate that is asked about, where one answer about it may serve many.
fn single(request: &OcspRequest) -> Option<&CertId> {
    match request.certificates.as_slice() {
        [cert_id] if request.nonce.is_none() => Some(cert_id),
        _ => None,
    }
}
