//! The CAs with their keys and policies.

use std::sync::Arc;

use ca::{CertificationAuthority, Generation};
use serde::{Deserialize, Serialize};
use store::AuthorityRow;
use utoipa::ToSchema;
use x509::fingerprint::{sha1_colon_hex, sha256_colon_hex};

use super::certificates::certificate_pem;
use super::permission::Operation as Permitted;
use crate::operation::{Call, Listed, Operation, Spec, text};
use crate::problem::Problem;

const GROUP: &str = "cas";

/// The operations of this group.
pub(crate) const OPERATIONS: &[Listed] =
    &[Listed::of::<ListAuthorities>(), Listed::of::<ShowAuthority>(), Listed::of::<ShowPolicy>()];

/// Lists the CAs with their keys, fingerprints and certificates.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListAuthorities {}

impl Operation for ListAuthorities {
    const SPEC: Spec = Spec::get(Permitted::ListAuthorities, "/api/v1/cas", GROUP, "The CAs.");

    type Answer = AuthorityList;

    fn run(self, call: &Call<'_>) -> Result<AuthorityList, Problem> {
        let all = call.authorities()?.values();
        let bodies = all.map(|authority| authority_body(call, authority));
        Ok(AuthorityList { authorities: bodies.collect::<Result<_, _>>()? })
    }
}

/// Shows a CA.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShowAuthority {
    /// The CA.
    pub ca: text::Ca,
}

impl Operation for ShowAuthority {
    const SPEC: Spec = Spec::get(Permitted::ShowAuthority, "/api/v1/cas/{ca}", GROUP, "The CA.");

    type Answer = AuthorityBody;

    fn run(self, call: &Call<'_>) -> Result<AuthorityBody, Problem> {
        authority_body(call, call.authority(&self.ca)?)
    }
}

/// Shows the policy in effect, one fact a line with its clause.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShowPolicy {
    /// The CA.
    pub ca: text::Ca,
    /// Only the profile of this kind of certificate.
    pub profile: Option<text::Kind>,
}

impl Operation for ShowPolicy {
    const SPEC: Spec =
        Spec::get(Permitted::ShowPolicy, "/api/v1/cas/{ca}/policy", GROUP, "The policy.");

    type Answer = PolicyBody;

    fn run(self, call: &Call<'_>) -> Result<PolicyBody, Problem> {
        let authority = call.authority(&self.ca)?;
        let policy = authority.policy();
        let known = self.profile.is_none_or(|kind| policy.profiles.contains_key(&*kind));
        let unknown = || Problem::refused("profile", "the policy has none of this kind");
        call.checked(known.then_some(()).ok_or_else(unknown))?;
        let lines = match self.profile {
            Some(kind) => policy.show_profile(*kind),
            None => policy.show(),
        };
        Ok(PolicyBody { ca: authority.id().to_string(), lines })
    }
}

fn authority_body(
    call: &Call<'_>,
    authority: &Arc<CertificationAuthority>,
) -> Result<AuthorityBody, Problem> {
    let (id, policy) = (authority.id(), authority.policy());
    let rows = call.store().cas()?;
    let row = rows.iter().find(|row| row.id == *id).ok_or_else(|| Problem::unknown("ca"))?;
    let rows = call.store().authorities(id)?;
    let generations = authority.generations().all();
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
        policy_sha256: domain::hexadecimal::hex(&row.policy_digest),
        created_at: row.created_at.to_string(),
        generations: rows.iter().map(body).collect::<Result<_, _>>()?,
    })
}

fn generation_body(
    authority: &CertificationAuthority,
    generation: &Generation,
    row: &AuthorityRow,
) -> Result<GenerationBody, Problem> {
    let certificate = authority.generations().self_signed_certificate(generation)?;
    Ok(GenerationBody {
        number: generation.number,
        name: generation.name.to_string(),
        key_algorithm: row.key_algorithm.into(),
        signature_algorithm: row.signature_algorithm.into(),
        serial: generation.self_signed.to_string(),
        sha256: sha256_colon_hex(&certificate),
        sha1: sha1_colon_hex(&certificate),
        certificate_pem: certificate_pem(&certificate)?,
        created_at: row.created_at.to_string(),
    })
}

/// Every CA of the installation.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AuthorityList {
    /// The CAs, by id.
    pub authorities: Vec<AuthorityBody>,
}

/// A CA.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AuthorityBody {
    /// Its id.
    pub id: String,
    /// What it is called, in Japanese.
    pub title: String,
    /// Whether it is a test CA.
    pub test: bool,
    /// The day from which its policy holds.
    pub effective_from: String,
    /// SHA-256 of the policy file it was set up with, hexadecimal.
    pub policy_sha256: String,
    /// When it was set up.
    pub created_at: String,
    /// Its keys, oldest first.
    pub generations: Vec<GenerationBody>,
}

/// One key of a CA with its self-signed certificate.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GenerationBody {
    /// The number, from 1.
    pub number: u32,
    /// The CA's name (RFC 4514).
    pub name: String,
    /// The key's algorithm.
    pub key_algorithm: text::KeyAlgorithm,
    /// What it signs with.
    pub signature_algorithm: text::SignatureAlgorithm,
    /// The serial of the self-signed certificate.
    pub serial: String,
    /// SHA-256 of the self-signed certificate, as OpenSSL prints it.
    pub sha256: String,
    /// SHA-1 of the self-signed certificate, for old habits.
    pub sha1: String,
    /// The self-signed certificate.
    pub certificate_pem: String,
    /// When the key was made.
    pub created_at: String,
}

/// A policy, one fact a line with its clause.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PolicyBody {
    /// The CA.
    pub ca: String,
    /// The lines.
    pub lines: Vec<String>,
}
