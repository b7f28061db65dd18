//! Every limit of the LDAP server with its reason, and what it allows in clear text.

use std::time::Duration;

/// How the server treats its clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The limits.
    pub limits: Limits,
    /// Whether passwords may cross an unencrypted connection.
    pub clear_passwords: ClearPasswords,
}

/// Whether a simple bind with a password is served without TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClearPasswords {
    /// No: confidentialityRequired, as RFC 4513 section 5.1.3 asks for by default.
    Refused,
    /// Yes: for the loopback interface, or a link that is protected otherwise.
    Accepted,
}

impl Default for Settings {
    fn default() -> Self {
        Self { limits: Limits::default(), clear_passwords: ClearPasswords::Refused }
    }
}

/// Bounds of what clients can make the server do. The bounds of a single request are constants of
/// the decoder (see [`super::MAX_MESSAGE_BYTES`] and its neighbours).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Open connections. Each costs a task, two buffers and a file descriptor; the program gives fewer
    /// where it may open few files.
    pub connections: usize,
    /// Time for the first octets after a connection is open: whoever connects has something to ask.
    pub first: Duration,
    /// Silence between requests before the session of somebody who has not bound as a verifier ends.
    pub stranger_idle: Duration,
    /// Answers to strangers in the making at once: each takes a thread and a reader of the database. As
    /// many binds with a password, and as many from where a verifier came in lately.
    pub strangers_at_once: usize,
    /// The same for those who bound as verifiers.
    pub verifiers_at_once: usize,
    /// Silence between requests before the session of a verifier ends. Clients keep connections for bursts, not
    /// for hours; OpenLDAP's clients notice and connect again.
    pub idle: Duration,
    /// Time from the first octet of a request to its last. A request is a few kilobytes.
    pub request: Duration,
    /// Time for a TLS handshake: a few round trips.
    pub handshake: Duration,
    /// Time without progress while sending 64 KiB: below 2 KiB/s no list arrives while it is valid.
    pub sending: Duration,
    /// Time that running sessions get when the server stops, enough to send a large list.
    pub shutdown: Duration,
    /// Entries in one answer or page. The tree of one CA has some 1,900 municipalities, so a full
    /// listing needs pages, one distribution point does not.
    pub entries: usize,
    /// Seconds a search may spend on evaluating filters, whatever the client allows.
    pub search_seconds: u32,
    /// Paged searches open at once in a session; the oldest is forgotten. Each holds names and
    /// handles of what is left, not values.
    pub paged_searches: usize,
    /// Failed binds before the session ends: guessing gets a new connection's cost every five tries.
    pub failed_binds: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 192,
            first: Duration::from_secs(5),
            stranger_idle: Duration::from_secs(30),
            strangers_at_once: 8,
            verifiers_at_once: 8,
            idle: Duration::from_secs(300),
            request: Duration::from_secs(30),
            handshake: Duration::from_secs(10),
            sending: Duration::from_secs(30),
            shutdown: Duration::from_secs(10),
            entries: 500,
            search_seconds: 10,
            paged_searches: 4,
            failed_binds: 5,
        }
    }
}
