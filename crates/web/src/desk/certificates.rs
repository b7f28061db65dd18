//! Certificates that were issued: listed, shown, revoked.

use ca::{Changed, RevocationOrder};
use domain::certificate::CertificateState;
use serde::{Deserialize, Serialize};
use store::{Along, CertificateFilter, CertificateRow, Page};
use utoipa::ToSchema;
use x509::fingerprint::sha256_colon_hex;
use x509::name::Name;
use x509::pem;

use super::approvals::Approvable;
use super::permission::Operation::ShowCertificate as Show;
use super::permission::Operation::{ListCertificates as List, RevokeCertificate as Revoke};
use super::{LAST_NUMBER, MAX_PAGE, usual_page};
use crate::operation::{Call, Listed, Operation, Spec, text};
use crate::problem::Problem;

const GROUP: &str = "certificates";

/// The operations of this group.
pub(crate) const OPERATIONS: &[Listed] = &[
    Listed::of::<RevokeCertificate>(),
    Listed::of::<ShowCertificate>(),
    Listed::of::<ListCertificates>(),
];

/// Lists certificates in order of issue: all of them, or those in one state, of one partition or of one holder.
///
/// A page may be short, or empty, and not be the last: without a holder, at most 50 certificates are looked
/// at for each that is asked for. Where `next` is there, the list goes on.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListCertificates {
    /// The CA.
    pub ca: text::Ca,
    /// Only those in this state.
    pub state: Option<text::CertificateState>,
    /// Only those whose revocation this partition's lists tell: a municipality's code, other or arl-….
    pub partition: Option<text::Partition>,
    /// Only those of the holder of this resident code.
    pub holder: Option<text::Resident>,
    /// The place after which the page begins, from the answer before.
    pub after: Option<u64>,
    /// At most so many rows; 1 to 1000.
    #[serde(default = "usual_page")]
    pub limit: usize,
}

impl Operation for ListCertificates {
    const SPEC: Spec = Spec::get(List, "/api/v1/cas/{ca}/certificates", GROUP, "The certificates.");

    type Answer = CertificatePage;

    fn run(self, call: &Call<'_>) -> Result<CertificatePage, Problem> {
        let authority = call.authority(&self.ca)?;
        let limit = self.limit.clamp(1, MAX_PAGE);
        let after = self.after.map(|place| place.min(LAST_NUMBER));
        let (state, partition) =
            (self.state.as_deref().copied(), self.partition.as_deref().copied());
        let holder = self.holder.as_deref();
        let wanted = CertificateFilter { state, partition, holder };
        let page = call.store().certificate_page(authority.id(), &wanted, after, limit)?;
        let Page { rows, next } = page;
        call.read(|entry| {
            let entry = entry.ca(authority.id()).detail("rows", rows.len());
            match holder {
                // Of nobody, and of whom nothing is left, nothing is noted that would have to be kept.
                Some(holder) if !rows.is_empty() => entry.personal(holder, "certificates"),
                _ => entry,
            }
        })?;
        let body = |row: &CertificateRow| CertificateBody::of(row, false);
        Ok(CertificatePage { certificates: rows.iter().map(body).collect::<Result<_, _>>()?, next })
    }
}

/// Shows a certificate with its state.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShowCertificate {
    /// The CA.
    pub ca: text::Ca,
    /// The serial, hexadecimal.
    pub serial: text::Serial,
}

impl Operation for ShowCertificate {
    const SPEC: Spec =
        Spec::get(Show, "/api/v1/cas/{ca}/certificates/{serial}", GROUP, "The certificate.");

    type Answer = CertificateBody;

    fn run(self, call: &Call<'_>) -> Result<CertificateBody, Problem> {
        let authority = call.authority(&self.ca)?;
        let found = authority.certificate(&self.serial).map_err(Problem::from);
        let row = call.checked(found)?;
        call.read(|entry| {
            let entry = entry.ca(authority.id()).subject(self.serial);
            match &row.intent.holder {
                Some(holder) => entry.personal(holder, "certificate"),
                None => entry,
            }
        })?;
        CertificateBody::of(&row, true)
    }
}

/// Revokes a certificate by a row of the policy's table.
///
/// The second person, where one is named, has approved it (`POST /approvals`).
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RevocationBody)]
pub struct RevokeCertificate {
    /// The CA.
    pub ca: text::Ca,
    /// The serial, hexadecimal.
    pub serial: text::Serial,
    /// The event, as the table names it.
    pub cause: text::Cause,
    /// Who asks.
    pub requester: text::Requester,
    /// The second person, a registered operator, where the table wants one: they have approved this
    /// under the operation's id.
    // The mark of a request is as it was before there was a second person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approver: Option<text::Person>,
}

impl Operation for RevokeCertificate {
    const SPEC: Spec = Spec::post(
        Revoke,
        "/api/v1/cas/{ca}/certificates/{serial}/revocation",
        GROUP,
        "Revoked, now or before.",
    )
    .approved("revocation", None);

    type Answer = RevocationOutcomeBody;

    fn run(self, call: &Call<'_>) -> Result<RevocationOutcomeBody, Problem> {
        let Self { ca, serial, approver, .. } = self;
        let (cause, requester) = (*self.cause, *self.requester);
        let authority = call.authority(&ca)?;
        let answer = |changed: &Changed| {
            let (state, since, reason) = state_words(changed.state);
            let no_op = changed.no_op;
            let (ca, serial) = (ca.to_string(), changed.serial.to_string());
            Ok(RevocationOutcomeBody { ca, serial, state, since, reason, no_op })
        };
        call.once_along(answer, |kept| {
            let what = Approvable::Revocation { ca: &ca, serial: &serial, cause, requester };
            let seconded = match &approver {
                Some(approver) => &call.desk().approvals().seconded(call.act(), approver, what)?,
                None => &**call.act(),
            };
            let order =
                RevocationOrder { cause, requester, approver: approver.as_deref().cloned() };
            Ok(authority.life().revoke(Along::new(seconded, kept), &serial, &order)?)
        })
    }
}

/// A certificate with its state.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CertificateBody {
    /// The issuing CA.
    pub ca: String,
    /// The generation of the key that signed it.
    pub generation: u32,
    /// The serial, 32 hexadecimal digits.
    pub serial: String,
    /// What it is for.
    pub kind: text::Kind,
    /// intended, undelivered, good, held or revoked. Expiry follows from `not_after`.
    pub state: text::CertificateState,
    /// Since when it is undelivered, held or revoked.
    pub since: Option<String>,
    /// Why it was revoked (RFC 5280 5.3.1).
    pub reason: Option<text::Reason>,
    /// The list that tells of its revocation.
    pub partition: String,
    /// The subject (RFC 4514).
    pub subject: String,
    /// The first second of its validity.
    pub not_before: String,
    /// The last second of its validity.
    pub not_after: String,
    /// The holder's resident code.
    pub holder: Option<String>,
    /// The application it comes from.
    pub application: Option<String>,
    /// SHA-256 of the certificate, as OpenSSL prints it; absent before it is signed.
    pub sha256: Option<String>,
    /// The certificate; absent in pages and before it is signed.
    pub certificate_pem: Option<String>,
}

/// Certificates in order of issue.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CertificatePage {
    /// The certificates.
    pub certificates: Vec<CertificateBody>,
    /// Where the next page begins (`after`); absent on the last. A page may be empty and not be the last.
    pub next: Option<u64>,
}

/// What a revocation came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RevocationOutcomeBody {
    /// The CA.
    pub ca: String,
    /// The certificate.
    pub serial: String,
    /// Its state now.
    pub state: text::CertificateState,
    /// Since when.
    pub since: Option<String>,
    /// Why (RFC 5280 5.3.1).
    pub reason: Option<text::Reason>,
    /// Whether it was so before.
    pub no_op: bool,
}

impl CertificateBody {
    /// The body of a row, with the certificate itself if `whole`.
    ///
    /// # Errors
    /// The row's name cannot be read back, which is ours.
    pub fn of(row: &CertificateRow, whole: bool) -> Result<Self, Problem> {
        let intent = &row.intent;
        let (state, since, reason) = state_words(row.state);
        let pem =
            row.der.as_deref().filter(|_| whole).map(|der| pem::encode(pem::CERTIFICATE, der));
        let subject = Name::parse(&intent.subject).map_err(|error| Problem::broke(&error))?;
        Ok(Self {
            ca: intent.ca.to_string(),
            generation: intent.generation,
            serial: intent.serial.to_string(),
            kind: intent.kind.into(),
            state,
            since,
            reason,
            partition: intent.partition.to_string(),
            subject: subject.to_string(),
            not_before: intent.not_before.to_string(),
            not_after: intent.not_after.to_string(),
            holder: intent.holder.as_ref().map(ToString::to_string),
            application: intent.application.as_ref().map(ToString::to_string),
            sha256: row.der.as_deref().map(sha256_colon_hex),
            certificate_pem: pem.transpose().map_err(|error| Problem::broke(&error))?,
        })
    }
}

/// A state as name, beginning and reason.
pub(crate) fn state_words(
    state: CertificateState,
) -> (text::CertificateState, Option<String>, Option<text::Reason>) {
    let (since, reason) = match state {
        CertificateState::Intended | CertificateState::Good => (None, None),
        CertificateState::Undelivered { since } | CertificateState::Held { since } => {
            (Some(since), None)
        }
        CertificateState::Revoked { at, reason } => (Some(at), Some(reason.into())),
    };
    (state.name().into(), since.map(|at| at.to_string()), reason)
}

/// A certificate as PEM.
pub(super) fn certificate_pem(der: &[u8]) -> Result<String, Problem> {
    pem::encode(pem::CERTIFICATE, der).map_err(|error| Problem::broke(&error))
}
