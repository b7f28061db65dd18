//! The client certificates that something was made with, looked up again whenever it is used.
//!
//! An approval, a proposal, a token, a passkey, a password outlive the request in which they were made.
//! They do not outlive the client certificate that whoever made them was let in by: whoever found a card
//! would keep what it opened after its revocation. What is made with a token rests on what the token
//! rests on, so that no chain of them leads around it. What they rest on forbids, and is kept where nothing
//! that is taken away goes unnoticed ([`OperationId::forbids`]).

use std::sync::Arc;

use domain::id::{ActorId, OperationId, SystemOperation};
use domain::staff::ProposalKind;
use jiff::Timestamp;
use store::{Change, CredentialRow, Unit};
use x509::pem;

use super::client_certificates::ClientCertificates;
use super::principal::Principal;
use super::resting::Certificates;
use crate::kept::{Kept, kept_under};
use crate::problem::Problem;

/// What was made, and is used later.
pub(crate) enum Made<'a> {
    /// The approval of an operation.
    Approval(&'a OperationId),
    /// The attendance at a ceremony that is kept under that id.
    Attendance(&'a OperationId),
    /// A proposal of a kind about a person, at that time.
    Proposal(&'a ActorId, ProposalKind, Timestamp),
    /// The credential that an operation made.
    Credential(&'a OperationId),
    /// The password of a person that was set then.
    Password(&'a ActorId, Timestamp),
}

impl Made<'_> {
    /// Under which operation the certificates are kept.
    fn kept_under(&self) -> Result<OperationId, Problem> {
        let named = match self {
            Self::Approval(operation) => format!("approval {operation}"),
            Self::Attendance(kept) => format!("attendance {kept}"),
            Self::Proposal(person, kind, at) => {
                format!("proposal {person} {kind} {}", at.as_microsecond())
            }
            Self::Credential(operation) => format!("credential {operation}"),
            Self::Password(person, set) => format!("password {person} {}", set.as_microsecond()),
        };
        kept_under(SystemOperation::Shown, &named)
    }
}

/// The unit in which `act` makes `made`, with the client certificates that it rests on, if on any.
pub(crate) fn resting(unit: Unit, act: &Principal, made: &Made<'_>) -> Result<Unit, Problem> {
    if act.certificates().is_empty() {
        return Ok(unit);
    }
    let blocks = act.certificates().iter().map(|one| pem::encode(pem::CERTIFICATE, &one.der));
    let text: String = blocks.collect::<Result<_, _>>().map_err(|error| Problem::broke(&error))?;
    let (id, answer) = (made.kept_under()?, text.into_bytes());
    Ok(unit.change(Change::RecordOperation { id, answer }))
}

/// Whether that still stands which something was made with. It commits nothing.
pub(crate) struct Grounds {
    kept: Kept,
    client_certificates: Arc<ClientCertificates>,
}

impl Grounds {
    pub(crate) fn new(kept: &Kept, client_certificates: &Arc<ClientCertificates>) -> Self {
        Self { kept: kept.clone(), client_certificates: client_certificates.clone() }
    }

    /// The client certificates that `made` rests on, none of which is revoked or held.
    ///
    /// # Errors
    /// 401 by the rule of the first that is; the database's.
    pub(crate) fn rests_on(
        &self,
        made: &Made<'_>,
        now: Timestamp,
    ) -> Result<Certificates, Problem> {
        let Some(kept) = self.kept.of(&made.kept_under()?)? else { return Ok(Vec::new()) };
        let text = String::from_utf8(kept).map_err(|error| Problem::broke(&error))?;
        let all = pem::decode_all(pem::CERTIFICATE, &text);
        let all = all.map_err(|error| Problem::broke(&error))?;
        all.into_iter()
            .map(|der| self.client_certificates.expect_not_revoked(Arc::from(der), now))
            .collect()
    }

    /// The same of a credential. That of an enrolment rests on nobody's: two people made it.
    pub(crate) fn credential_rests_on(
        &self,
        row: &CredentialRow,
        now: Timestamp,
    ) -> Result<Certificates, Problem> {
        match &row.operation {
            Some(operation) => self.rests_on(&Made::Credential(operation), now),
            None => Ok(Vec::new()),
        }
    }
}
