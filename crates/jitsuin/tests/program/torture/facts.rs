//! What the server acknowledged: what must be so whatever happened since.

use std::collections::BTreeMap;

/// A certificate, by its CA and serial.
pub(super) type CertificateId = (String, String);

/// Everything that was acknowledged, as it stood last.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// The state of each certificate.
    pub(super) certificates: BTreeMap<CertificateId, &'static str>,
    /// The state of each application, and whose window has it.
    pub(super) applications: BTreeMap<String, (String, &'static str)>,
    /// The state of each person.
    pub(super) people: BTreeMap<String, &'static str>,
    /// The state of each service request.
    pub(super) requests: BTreeMap<String, &'static str>,
    /// The least number of the published list of each CA, generation and partition.
    pub(super) lists: BTreeMap<(String, u64, String), u64>,
    /// How often the key of jpki-auth was renewed.
    pub(super) renewals: u64,
    /// Each card that was delivered: the clerk who can read it, and what is on it.
    pub(super) cards: BTreeMap<String, (String, CertificateId)>,
    /// What contradicts the above.
    pub(super) lost: Vec<String>,
}

/// How much was done.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Figures {
    pub(super) acknowledged: u64,
    /// Requests without an answer, each repeated under its id.
    pub(super) unanswered: u64,
    /// Answers that something does not answer now, each repeated likewise.
    pub(super) put_off: u64,
    /// Refusals after a cut that healed by repeating.
    pub(super) refused_for_a_while: u64,
    /// Questions of a verifier while the work went on.
    pub(super) asked: u64,
    /// Certificates that their holders ended from home.
    pub(super) from_home: u64,
}
