//! The CA as the windows see it: `ra` states what it needs, `ca` has it, this joins them.

use std::sync::Arc;

use ca::CertificationAuthority;
use domain::act::Act;
use domain::id::{ApplicationId, CaId, ResidentCode, SerialNumber};
use domain::policy::Policy;
use ra::authority::{
    self, Authority, AuthorityError, HolderCertificate, IssueRequest, IssuedCertificate,
};
use store::CertificateRow;
use store::reads::ReadCertificates;

/// Joins a CA to the windows.
pub struct WindowAuthority {
    authority: Arc<CertificationAuthority>,
    certificates: Arc<dyn ReadCertificates>,
}

impl WindowAuthority {
    /// A CA as the windows see it, with the `certificates` of the database that is its own.
    pub fn new(
        authority: Arc<CertificationAuthority>,
        certificates: Arc<dyn ReadCertificates>,
    ) -> Self {
        Self { authority, certificates }
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
        self.authority.possession().nonce(act, application).map_err(refused)
    }

    fn issue(&self, act: &Act, request: IssueRequest) -> Result<IssuedCertificate, AuthorityError> {
        let issued = self
            .authority
            .user_certificates()
            .issue(act, user_request(request))
            .map_err(refused)?;
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
        self.authority
            .possession()
            .confirm(act, serial, &possession(proof.clone()))
            .map_err(refused)
    }

    fn deliver(
        &self,
        act: &Act,
        serial: &SerialNumber,
        proof: &authority::Possession,
    ) -> Result<(), AuthorityError> {
        self.authority
            .life()
            .deliver(act, serial, &possession(proof.clone()))
            .map(drop)
            .map_err(refused)
    }

    fn hold(&self, act: &Act, serial: &SerialNumber) -> Result<(), AuthorityError> {
        self.authority.life().hold(act, serial).map(drop).map_err(refused)
    }

    fn release(&self, act: &Act, serial: &SerialNumber) -> Result<(), AuthorityError> {
        self.authority.life().release(act, serial).map(drop).map_err(refused)
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
        self.authority.life().revoke(act, serial, &order).map(drop).map_err(refused)
    }

    fn certificates_of(
        &self,
        holder: &ResidentCode,
    ) -> Result<Vec<HolderCertificate>, AuthorityError> {
        let rows = self.certificates.certificates_of(self.authority.id(), holder);
        let rows = rows.map_err(of_store)?;
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

/// A refusal keeps its field and rule, and a hindrance its cause; of everything else it is not known
/// whether it was carried out.
fn refused(error: ca::Error) -> AuthorityError {
    if let Some(hindrance) = error.hindrance() {
        return AuthorityError::Hindered(hindrance);
    }
    match error {
        ca::Error::Refused { field, rule } => AuthorityError::Refused { field, rule },
        ca::Error::Unknown { field, value } => AuthorityError::Unknown { field, value },
        ca::Error::Store(error) => of_store(error),
        other => AuthorityError::Unavailable(other.to_string()),
    }
}

fn of_store(error: store::Error) -> AuthorityError {
    use store::Error as E;
    match error {
        E::Doubted { .. } | E::Stopped { .. } => refused(ca::Error::Store(error)),
        E::Stale { .. }
        | E::Duplicate { .. }
        | E::Missing { .. }
        | E::StandingEnded { .. }
        | E::TooFew { .. } => AuthorityError::Store(error),
        E::Corrupt { .. } | E::Unavailable(_) => AuthorityError::Unavailable(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use domain::hindrance::Hindrance;

    use super::*;
    use crate::problem::{Fault, Problem};

    /// The store's word on what exists once is a rule of the asker's, and no outage of the CA.
    #[test]
    fn w1_of_two_issues_at_once_the_loser_hears_the_rule() {
        let what = "a certificate of CA jpki-auth that the holder waits for".to_owned();
        let lost = refused(ca::Error::Store(store::Error::Duplicate { what }));
        let problem = Problem::from(lost);
        assert_eq!(problem.fault, Fault::Conflict);
        assert!(problem.is_refusal() && problem.detail.contains("exists already"), "{problem}");
        assert_eq!(problem.incident, None);
    }

    #[test]
    fn w1_what_passes_is_told_as_what_it_is_and_nothing_of_it_as_a_refusal() {
        let finding = "row 1".to_owned();
        let passing = [
            ca::Error::Keys(keys::KeyError::NotActivated),
            ca::Error::Keys(keys::KeyError::SigningStopped { rule: "it jumped".to_owned() }),
            ca::Error::Unsettled("0a".to_owned()),
            ca::Error::Unsealed { serial: "0a".to_owned(), entry: 7 },
            ca::Error::Store(store::Error::Doubted { finding }),
        ];
        for error in passing {
            let AuthorityError::Hindered(hindrance) = refused(error) else {
                panic!("a hindrance");
            };
            let problem = Problem::from(hindrance);
            assert_eq!(problem.fault, Fault::Unavailable);
            assert!(!problem.is_refusal() && problem.japanese.is_some(), "{problem}");
        }
        let down = refused(ca::Error::Store(store::Error::Unavailable("full".to_owned())));
        assert!(matches!(down, AuthorityError::Unavailable(_)), "{down:?}");
        assert_ne!(Hindrance::KeysAsleep.japanese(), Hindrance::Clock(String::new()).japanese());
    }
}
