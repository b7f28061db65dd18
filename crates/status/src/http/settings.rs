//! Every limit of the HTTP server with its reason.

use std::time::Duration;

/// Bounds of what clients can make the server do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpLimits {
    /// Open connections. Each costs a task, a buffer and a file descriptor; the program gives fewer
    /// where it may open few files.
    pub connections: usize,
    /// Time for the first octets after a connection is open: whoever connects has something to ask.
    pub first: Duration,
    /// Time for a request's head, counted from the end of the answer before; so it also ends idle
    /// connections. Verifiers send bursts, and connect again after a pause.
    pub head: Duration,
    /// Time for a request's body, which is a few kilobytes.
    pub body: Duration,
    /// Time without progress while sending: below a few KB/s no list arrives while it is valid.
    pub sending: Duration,
    /// Time for a TLS handshake: a few round trips.
    pub handshake: Duration,
    /// Time that running answers get when the server stops.
    pub shutdown: Duration,
    /// Repository answers made at once for those who show nothing, as many for those who show a password,
    /// and as many for those who do from where a verifier came in lately. Each holds a list in memory,
    /// and whose password is not remembered has it hashed first.
    pub repository_at_once: usize,
    /// OCSP questions of strangers answered at once. Each is a signature on the thread that serves the
    /// connection, so a verifier's question stands behind so many of them at most.
    pub open_questions_at_once: usize,
    /// The same of registered verifiers, each of which has a quarter: as many for each thread that answers
    /// that one verifier alone may keep all of them at work.
    pub verifiers_questions_at_once: usize,
}

/// Octets of a request's head: a signed OCSP request of one verifier certificate takes 4 KB in the
/// address, and RFC 6960 A.1 sends longer ones by POST.
pub(super) const MAX_HEAD_BYTES: usize = 16 << 10;

impl Default for HttpLimits {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            connections: 320,
            first: Duration::from_secs(5),
            head: Duration::from_secs(30),
            body: Duration::from_secs(10),
            sending: Duration::from_secs(30),
            handshake: Duration::from_secs(10),
            shutdown: Duration::from_secs(10),
            repository_at_once: 8,
            open_questions_at_once: 8,
            verifiers_questions_at_once: 4 * threads.max(2),
        }
    }
}
