//! CAs with their keys and policies, on the wire.

use serde::Serialize;
use utoipa::ToSchema;

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
    pub key_algorithm: String,
    /// What it signs with.
    pub signature_algorithm: String,
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
