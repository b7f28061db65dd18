//! The CAs with their keys and policies.

use std::sync::Arc;

use ca::{CertificationAuthority, Generation, adopt_policy};
use domain::certificate::CertificateKind;
use store::AuthorityRow;
use x509::fingerprint::{sha1_colon_hex, sha256_colon_hex};

use super::Desk;
use super::approvals::Approvable;
use super::certificates::certificate_pem;
use super::permission::Operation;
use super::principal::Principal;
use crate::problem::Problem;
use crate::wire::{AuthorityBody, AuthorityList, GenerationBody, PolicyBody};

impl Desk {
    /// Every CA with its keys and certificates.
    ///
    /// # Errors
    /// The database's.
    pub fn authorities(&self, act: &Principal) -> Result<AuthorityList, Problem> {
        self.admit(act, Operation::ListAuthorities)?;
        let bodies = self.authorities.values().map(|authority| self.authority_body(authority));
        Ok(AuthorityList { authorities: bodies.collect::<Result<_, _>>()? })
    }

    /// One CA with its keys and certificates.
    ///
    /// # Errors
    /// 404.
    pub fn show_authority(&self, act: &Principal, ca: &str) -> Result<AuthorityBody, Problem> {
        let operation = Operation::ShowAuthority;
        self.admit(act, operation)?;
        self.authority_body(self.authority(act, operation, ca)?)
    }

    /// Adopts a policy for its CA with a second person, who shows who they are; the id of the CA. It
    /// takes effect at the next start. The SHA-256 of what was adopted is in the journal.
    ///
    /// # Errors
    /// 403; 404 for a CA that was never set up; 409 where the id adopted another; 422 for a text that is
    /// no policy, or one person.
    pub fn adopt_policy(
        &self,
        act: &Principal,
        approver: &str,
        text: &str,
    ) -> Result<String, Problem> {
        let operation = Operation::AdoptPolicy;
        self.admit(act, operation)?;
        let done = self.once_in_a_unit(act, operation, &[approver, text], || {
            let seconded = self.seconded(act, approver, Approvable::Policy(text))?;
            let (unit, ca) = adopt_policy(&*self.store, &seconded, text)?;
            Ok((unit, ca.to_string()))
        })?;
        Ok(done.answer())
    }

    /// The policy in effect at a CA, whole or of one profile, one fact a line with its clause.
    ///
    /// # Errors
    /// 404 for no such CA; 422 for no such profile.
    pub fn policy(
        &self,
        act: &Principal,
        ca: &str,
        profile: Option<&str>,
    ) -> Result<PolicyBody, Problem> {
        let operation = Operation::ShowPolicy;
        self.admit(act, operation)?;
        let authority = self.authority(act, operation, ca)?;
        let policy = authority.policy();
        let kind = profile.map(|name| {
            CertificateKind::from_name(name)
                .filter(|kind| policy.profiles.contains_key(kind))
                .ok_or_else(|| Problem::refused("profile", "the policy has none of this kind"))
        });
        let lines = match self.checked(act, operation, kind.transpose())? {
            Some(kind) => policy.show_profile(kind),
            None => policy.show(),
        };
        Ok(PolicyBody { ca: authority.id().to_string(), lines })
    }

    fn authority_body(
        &self,
        authority: &Arc<CertificationAuthority>,
    ) -> Result<AuthorityBody, Problem> {
        let (id, policy) = (authority.id(), authority.policy());
        let rows = self.store.cas()?;
        let row = rows.iter().find(|row| row.id == *id).ok_or_else(|| Problem::unknown("ca"))?;
        let rows = self.store.authorities(id)?;
        let generations = authority.generations();
        let body = |row: &AuthorityRow| {
            let found = generations.iter().find(|generation| generation.number == row.generation);
            let generation = found.ok_or_else(|| Problem::unknown("generation"))?;
            generation_body(authority, generation, row)
        };
        Ok(AuthorityBody {
            id: id.to_string(),
            title: policy.title.clone(),
            test: policy.test,
            effective_from: policy.effective_from.to_string(),
            policy_sha256: x509::fingerprint::hex(&row.policy_digest),
            created_at: row.created_at.to_string(),
            generations: rows.iter().map(body).collect::<Result<_, _>>()?,
        })
    }
}

fn generation_body(
    authority: &CertificationAuthority,
    generation: &Generation,
    row: &AuthorityRow,
) -> Result<GenerationBody, Problem> {
    let certificate = authority.self_signed_certificate(generation)?;
    Ok(GenerationBody {
        number: generation.number,
        name: generation.name.to_string(),
        key_algorithm: row.key_algorithm.to_string(),
        signature_algorithm: row.signature_algorithm.to_string(),
        serial: generation.self_signed.to_string(),
        sha256: sha256_colon_hex(&certificate),
        sha1: sha1_colon_hex(&certificate),
        certificate_pem: certificate_pem(&certificate)?,
        created_at: row.created_at.to_string(),
    })
}
