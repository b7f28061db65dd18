//! The shapes of what is stored: plain records, decided elsewhere.

use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use domain::application::{ApplicationKind, ApplicationState};
use domain::ceremony::{CeremonyId, State};
use domain::certificate::{CertificateKind, CertificateState};
use domain::compromise::CompromiseState;
use domain::crl_series::{Partition, SeriesPlace, SeriesState};
use domain::id::{
    ApplicationId, CaId, CardId, MunicipalityCode, ResidentCode, SerialNumber, ServiceRequestId,
    VerifierId,
};
use domain::service_request::RequestState;
use jiff::Timestamp;

use crate::Sequence;

/// A CA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaRow {
    /// Its id.
    pub id: CaId,
    /// SHA-256 of the policy file in effect.
    pub policy_digest: [u8; 32],
    /// When it was set up.
    pub created_at: Timestamp,
}

/// One key generation of a CA; the generations of a CA share one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorityRow {
    /// The CA.
    pub ca: CaId,
    /// The generation, from 1.
    pub generation: u32,
    /// The label of the private key in the key store.
    pub key_label: String,
    /// The key's algorithm.
    pub key_algorithm: KeyAlgorithm,
    /// What it signs with.
    pub signature_algorithm: SignatureAlgorithm,
    /// The Name, DER.
    pub name: Vec<u8>,
    /// The SubjectPublicKeyInfo, DER.
    pub spki: Vec<u8>,
    /// The serial of the self-signed certificate.
    pub self_signed: SerialNumber,
    /// When the key was made.
    pub created_at: Timestamp,
    /// From when on it signs new certificates; until then the generation before it does.
    pub issues_from: Timestamp,
}

/// A key generation that is being made. It ends when its [`AuthorityRow`] is added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GenerationPlan {
    /// The CA.
    pub ca: CaId,
    /// The generation, from 1.
    pub generation: u32,
    /// The label under which its key is made.
    pub key_label: String,
    /// The key's algorithm.
    pub key_algorithm: KeyAlgorithm,
    /// What it will sign with.
    pub signature_algorithm: SignatureAlgorithm,
    /// From when on it will sign new certificates.
    pub issues_from: Timestamp,
    /// The key, once it is made.
    pub key: Option<PlannedKey>,
}

/// The key of a generation that is being made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedKey {
    /// The SubjectPublicKeyInfo, DER.
    pub spki: Vec<u8>,
    /// When it was made.
    pub made_at: Timestamp,
}

/// A certificate that is about to be signed: step 4 of issuance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntentRow {
    /// The issuing CA.
    pub ca: CaId,
    /// The generation of the key that signs.
    pub generation: u32,
    /// The serial.
    pub serial: SerialNumber,
    /// What the certificate is for.
    pub kind: CertificateKind,
    /// The list that would tell of its revocation, fixed for ever.
    pub partition: Partition,
    /// The subject Name, DER; unique per CA but for the CA's own.
    pub subject: Vec<u8>,
    /// SHA-256 of the SubjectPublicKeyInfo.
    pub spki_sha256: [u8; 32],
    /// The whole TBSCertificate, byte for byte; empty in what is read back of a signed certificate,
    /// which holds it.
    pub tbs: Vec<u8>,
    /// `notBefore`.
    pub not_before: Timestamp,
    /// `notAfter`; the last second belongs to the period (RFC 5280 4.1.2.5).
    pub not_after: Timestamp,
    /// SHA-256 of the policy it was drafted from, resolved once.
    pub policy_digest: [u8; 32],
    /// The holder, for user certificates.
    pub holder: Option<ResidentCode>,
    /// The application it comes from, for user certificates.
    pub application: Option<ApplicationId>,
    /// When the intent was made.
    pub at: Timestamp,
}

/// A certificate with its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRow {
    /// What was intended.
    pub intent: IntentRow,
    /// The signed certificate; absent while the state is intended, or when it ended so.
    pub der: Option<Vec<u8>>,
    /// The state.
    pub state: CertificateState,
    /// The journal entry of its last change of state.
    pub changed: Sequence,
    /// The journal entry of its intent; orders certificates by issue.
    pub issued: Sequence,
}

/// What a status answer or a list needs to know of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusRow {
    /// The serial.
    pub serial: SerialNumber,
    /// What it is for.
    pub kind: CertificateKind,
    /// Its list.
    pub partition: Partition,
    /// The generation of the key that signed it.
    pub generation: u32,
    /// Its state.
    pub state: CertificateState,
    /// `notAfter`.
    pub not_after: Timestamp,
}

/// What was issued before an application is issued on, as of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedBefore {
    /// As [`certificates_for`](crate::reads::ReadCertificates::certificates_for) has it.
    pub for_application: Vec<CertificateRow>,
    /// As [`certificates_of`](crate::reads::ReadCertificates::certificates_of) has it.
    pub of_holder: Vec<CertificateRow>,
}

/// The states of certificates as of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statuses {
    /// The last entry then.
    pub as_of: Option<Sequence>,
    /// Of each certificate, in the order asked; nothing of one that was never issued.
    pub rows: Vec<Option<StatusRow>>,
}

/// How many certificates of one partition stand in each state that a list may hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Issued and not yet delivered.
    pub undelivered: u64,
    /// Held.
    pub held: u64,
    /// Revoked, unfinished intents too.
    pub revoked: u64,
}

impl Tally {
    /// How many of them a list holds that names undelivered certificates or does not.
    pub fn listed(self, undelivered: bool) -> u64 {
        self.held + self.revoked + if undelivered { self.undelivered } else { 0 }
    }
}

/// A list series: one per CA, key generation and partition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesKey {
    /// The CA.
    pub ca: CaId,
    /// The generation of the key that signs the lists.
    pub generation: u32,
    /// What they cover.
    pub partition: Partition,
}

impl SeriesKey {
    /// Which it is among those of its CA.
    pub fn place(&self) -> SeriesPlace {
        SeriesPlace { generation: self.generation, partition: self.partition }
    }
}

/// A list series and where it stands. Series that never had a list have no row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesRow {
    /// Which.
    pub key: SeriesKey,
    /// Where it stands.
    pub state: SeriesState,
    /// The number of the newest list that was built.
    pub built: u64,
    /// The number of the list that is published, if one ever was.
    pub published: Option<u64>,
}

/// One list of a series.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CrlKey {
    /// The series.
    pub series: SeriesKey,
    /// The cRLNumber; from 1, and one count for all series of the partition.
    pub number: u64,
}

/// What is known of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrlRow {
    /// Which.
    pub key: CrlKey,
    /// `thisUpdate`.
    pub this_update: Timestamp,
    /// `nextUpdate`, the end of its validity.
    pub next_update: Timestamp,
    /// The next planned issue (CRL Next Publish).
    pub next_publish: Timestamp,
    /// How many entries it has.
    pub entries: u64,
    /// SHA-256 of its content.
    pub sha256: [u8; 32],
    /// The last journal entry its content includes.
    pub as_of: Sequence,
}

/// A key generation that counts as compromised, and how far what follows has come (K7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompromiseRow {
    /// The CA.
    pub ca: CaId,
    /// The generation of the key.
    pub generation: u32,
    /// How far the procedure has come.
    pub state: CompromiseState,
    /// When it was declared.
    pub declared_at: Timestamp,
    /// Everything issued before this place is revoked.
    pub place: Sequence,
    /// How many certificates the procedure has revoked.
    pub revoked: u64,
}

/// A request that a holder signed and sent online (L7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolderRequestRow {
    /// Its number, which the receipt bears.
    pub id: ApplicationId,
    /// The holder.
    pub holder: ResidentCode,
    /// What makes the text that was signed valid once, over all requests.
    pub nonce: [u8; 32],
    /// What was sent, byte for byte: the evidence (E4).
    pub signed: Vec<u8>,
    /// What it asks, in the shape of whoever takes it.
    pub record: Vec<u8>,
    /// The receipt, once it is carried out.
    pub receipt: Option<Vec<u8>>,
}

/// A notice to everybody in the web repository (A 2.2, S 2-6-1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeRow {
    /// The CA.
    pub ca: CaId,
    /// When it was posted.
    pub at: Timestamp,
    /// Its text, in Japanese.
    pub text: String,
}

/// An application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationRow {
    /// Its id.
    pub id: ApplicationId,
    /// The CA it is made to.
    pub ca: CaId,
    /// The municipality of the window.
    pub municipality: MunicipalityCode,
    /// What is applied for.
    pub kind: ApplicationKind,
    /// Where it stands.
    pub state: ApplicationState,
    /// The resident concerned.
    pub resident: ResidentCode,
    /// The form and what was recorded since, in the stored shape of `ra`.
    pub record: Vec<u8>,
}

/// A request of the staff about a certificate that is no resident's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRequestRow {
    /// Its id.
    pub id: ServiceRequestId,
    /// The CA it is made to.
    pub ca: CaId,
    /// Where it stands.
    pub state: RequestState,
    /// What is asked and what was done since, in the stored shape of `ca`.
    pub record: Vec<u8>,
}

/// What the office knows of a card; the card itself is a thing outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardRow {
    /// Its number.
    pub id: CardId,
    /// Whose it is.
    pub holder: ResidentCode,
    /// The municipality that hands it out.
    pub municipality: MunicipalityCode,
    /// What was put onto it and given out, in the stored shape of `ra`.
    pub record: Vec<u8>,
}

/// A registered verifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierRow {
    /// Its id.
    pub id: VerifierId,
    /// Its name.
    pub name: String,
    /// The DN it binds with at the repository.
    pub bind_dn: String,
    /// The hash of its LDAP password (PHC string).
    pub password_hash: String,
    /// The certificate that signs its OCSP requests, DER, pinned as registered.
    pub request_certificate: Vec<u8>,
    /// The one before it, if its requests are still to be answered; never more than one.
    pub former_certificate: Option<Vec<u8>>,
    /// Whether OCSP answers it about user certificates.
    pub may_query_ocsp: bool,
    /// Whether it may read user CRLs.
    pub may_read_crl: bool,
}

impl VerifierRow {
    /// The same verifier with another certificate. The one it had stays good beside it until that ends, since
    /// the verifier takes up the other when it can; the one before that does no longer.
    #[must_use]
    pub fn with_successor(self, certificate: Vec<u8>) -> Self {
        let former_certificate = Some(self.request_certificate);
        Self { request_certificate: certificate, former_certificate, ..self }
    }

    /// The same with another certificate in the place of the newest, which nobody can have taken up.
    #[must_use]
    pub fn with_newest(self, certificate: Vec<u8>) -> Self {
        Self { request_certificate: certificate, ..self }
    }

    /// The certificates by which it is known, the newest first.
    pub fn certificates(&self) -> impl Iterator<Item = &[u8]> {
        let former = self.former_certificate.as_deref();
        std::iter::once(&*self.request_certificate).chain(former)
    }
}

/// What a registered verifier may ask, and by which certificates it asks OCSP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierAccess {
    /// Its id.
    pub id: VerifierId,
    /// The certificates that sign its OCSP requests, DER, pinned as registered, the newest first.
    pub certificates: Vec<Vec<u8>>,
    /// Whether OCSP answers it about user certificates.
    pub may_query_ocsp: bool,
    /// Whether it may read user CRLs.
    pub may_read_crl: bool,
}

impl From<VerifierRow> for VerifierAccess {
    fn from(row: VerifierRow) -> Self {
        let certificates = [row.request_certificate].into_iter().chain(row.former_certificate);
        Self {
            id: row.id,
            certificates: certificates.collect(),
            may_query_ocsp: row.may_query_ocsp,
            may_read_crl: row.may_read_crl,
        }
    }
}

/// A key ceremony and its account so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CeremonyRow {
    /// Its id.
    pub id: CeremonyId,
    /// The script, byte for byte.
    pub script: String,
    /// SHA-256 of the script.
    pub script_sha256: [u8; 32],
    /// Where it stands.
    pub state: State,
    /// How many steps are done.
    pub steps_done: u32,
    /// What happened so far, in the stored shape of `ca`.
    pub account: Vec<u8>,
    /// How often it was put, from 1.
    pub revision: u64,
}
