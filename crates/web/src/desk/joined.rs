//! The CA as the windows see it: `ra` states what it needs, `ca` has it, this joins them.

use std::sync::Arc;

use ca::CertificationAuthority;
use domain::act::Act;
use domain::id::{ApplicationId, CaId, ResidentCode, SerialNumber};
use domain::policy::Policy;
use ra::authority::{
    self, Authority, AuthorityError, HolderCertificate, IssueRequest, IssuedCertificate,
};
use store::{CertificateRow, Store};

/// Joins a CA to the windows.
pub struct WindowAuthority {
    authority: Arc<CertificationAuthority>,
    store: Arc<dyn Store>,
}

impl WindowAuthority {
    /// A CA as the windows over `store` see it.
    pub fn new(authority: Arc<CertificationAuthority>, store: Arc<dyn Store>) -> Self {
        Self { authority, store }
    }
}

impl Authority for WindowAuthority {
    fn id(&self) -> &CaId {
        self.authority.id()
    }

    fn policy(&self) -> &Policy {
        self.authority.policy()
    }

    fn nonce(&self, act: &Act, application: &ApplicationId) -> Result<[u8; 32], AuthorityError> {
        self.authority.possession_nonce(act, application).map_err(refused)
    }

    fn issue(&self, act: &Act, request: IssueRequest) -> Result<IssuedCertificate, AuthorityError> {
        let issued = self.authority.issue_to_user(act, user_request(request)).map_err(refused)?;
        Ok(IssuedCertificate {
            serial: issued.serial,
            certificate: issued.certificate,
            authority_certificate: issued.authority_certificate,
            wrapped_key: issued.wrapped_key,
        })
    }

    fn confirm(
        &self,
        act: &Act,
        serial: &SerialNumber,
        proof: &authority::Possession,
    ) -> Result<(), AuthorityError> {
        self.authority.confirm(act, serial, &possession(proof.clone())).map_err(refused)
    }

    fn deliver(
        &self,
        act: &Act,
        serial: &SerialNumber,
        proof: &authority::Possession,
    ) -> Result<(), AuthorityError> {
        self.authority.deliver(act, serial, &possession(proof.clone())).map(drop).map_err(refused)
    }

    fn hold(&self, act: &Act, serial: &SerialNumber) -> Result<(), AuthorityError> {
        self.authority.hold(act, serial).map(drop).map_err(refused)
    }

    fn release(&self, act: &Act, serial: &SerialNumber) -> Result<(), AuthorityError> {
        self.authority.release(act, serial).map(drop).map_err(refused)
    }

    fn revoke(
        &self,
        act: &Act,
        serial: &SerialNumber,
        order: &authority::RevocationOrder,
    ) -> Result<(), AuthorityError> {
        let order = ca::RevocationOrder {
            cause: order.cause,
            requester: order.requester,
            approver: order.approver.clone(),
        };
        self.authority.revoke(act, serial, &order).map(drop).map_err(refused)
    }

    fn certificates_of(
        &self,
        holder: &ResidentCode,
    ) -> Result<Vec<HolderCertificate>, AuthorityError> {
        let rows = self.store.certificates_of(self.authority.id(), holder);
        let rows = rows.map_err(|error| AuthorityError::Unavailable(error.to_string()))?;
        Ok(rows.into_iter().map(holder_certificate).collect())
    }
}

fn holder_certificate(row: CertificateRow) -> HolderCertificate {
    HolderCertificate {
        serial: row.intent.serial,
        state: row.state,
        issued_at: row.intent.at,
        not_after: row.intent.not_after,
        application: row.intent.application,
        spki_sha256: row.intent.spki_sha256,
    }
}

fn user_request(request: IssueRequest) -> ca::UserRequest {
    ca::UserRequest {
        application: request.application,
        kind: request.kind,
        holder: request.holder,
        municipality: request.municipality,
        window: request.window,
        birth_date: request.birth_date,
        card_expiry: Some(request.card_expiry),
        attributes: request.attributes.map(attributes),
        key: match request.key {
            authority::KeySource::FromAuthority { card } => ca::KeySource::Authority { card },
            authority::KeySource::OnCard { spki, possession: proof } => {
                ca::KeySource::OnCard { spki, possession: possession(proof) }
            }
        },
    }
}

fn attributes(attributes: authority::CertifiedAttributes) -> ca::CertifiedAttributes {
    ca::CertifiedAttributes {
        name: attributes.name,
        name_flags: attributes.name_flags,
        date_of_birth: attributes.date_of_birth,
        gender: attributes.gender,
        address: attributes.address,
        address_flags: attributes.address_flags,
    }
}

fn possession(proof: authority::Possession) -> ca::Possession {
    ca::Possession { card: proof.card, nonce: proof.nonce, signature: proof.signature }
}

/// A refusal keeps its field and rule; everything else may or may not have been carried out.
fn refused(error: ca::Error) -> AuthorityError {
    match error {
        ca::Error::Refused { field, rule } => AuthorityError::Refused { field, rule },
        ca::Error::Unknown { field, value } => AuthorityError::Unknown { field, value },
        ca::Error::Keys(
            error @ (keys::KeyError::NotActivated | keys::KeyError::SigningStopped { .. }),
        ) => AuthorityError::Stopped(error.to_string()),
        stopped @ ca::Error::Store(store::Error::Stopped { .. }) => {
            AuthorityError::Stopped(stopped.to_string())
        }
        other => AuthorityError::Unavailable(other.to_string()),
    }
}
