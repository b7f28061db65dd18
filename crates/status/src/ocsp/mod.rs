//! The OCSP responder: one request in, one answer out, without sockets (RFC 6960, RFC 9654).
//!
//! [`Responder::answer`] always answers. What cannot be read gets malformedRequest; whoever may not
//! ask gets sigRequired or unauthorized; a store, key or query log that fails gets tryLater or
//! internalError. It never panics and never keeps a caller waiting for more than it was asked.
//!
//! # What it decides where RFC 6960 leaves a choice
//! - **Who may ask.** The status of a user certificate is for registered verifiers (A 4.9.10,
//!   S 4-4-4-3): unsigned requests get sigRequired, requests signed by anybody else unauthorized. A
//!   serial that was never issued is treated like a user's, else the difference would tell who has
//!   a certificate. The certificates of the CA and its services are open to all, whoever signs.
//! - **One answer, one issuer.** The signer is the delegate of the key that the first CertID names
//!   (RFC 6960 4.2.2.2). CertIDs of issuers not served here, or in a hash not known here, are
//!   answered unknown beside it; a request that names no issuer of ours, or two of ours, gets
//!   unauthorized, "not capable of responding authoritatively" (RFC 6960 2.3).
//! - **Unknown critical extensions** get unauthorized for the same reason: the request is well
//!   formed (so not malformedRequest), but what it insists on cannot be honoured.
//! - **Signatures of requests** are by RSA (PKCS#1 v1.5, or PSS with a salt as long as the digest) with
//!   SHA-256, SHA-384 or SHA-512, or by ECDSA on P-256 or P-384. Any other gets unauthorized, for which
//!   RFC 6960 2.3 has no finer word; the query record says that the algorithm was the reason.
//! - **Nonces** have 1 to 128 octets (RFC 9654 2.1); others get malformedRequest.
//! - **A verifier's request is believed once.** It needs a nonce of 16 octets at least, so that no two
//!   are alike, and is remembered until the verifier's certificate ends ([`RequestMemory`]). What comes
//!   again gets unauthorized, but for one retry within a minute from the same address, whose record names
//!   nobody.
//! - **Times.** thisUpdate and producedAt are the moment of the answer, and nextUpdate is left out:
//!   newer information is always there (RFC 6960 4.2.2.1). A service that must satisfy RFC 9919
//!   clients sets [`Settings::validity`] and accepts that others may repeat an answer for so long.
//! - **The clock decides nothing.** A certificate that the database calls revoked is revoked, even
//!   if this machine's clock has not reached the time of it; producedAt then moves up to that time.
//!
//! # Architecture invariant
//! Of each delegate there is its one key, to sign with ([`keys::SigningKey`]). Nothing is written but the query
//! log and the memory of verifiers' requests.

mod access;
mod as_of;
mod cache;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
mod inquiry;
mod issuer;
mod memory;
mod refusal;
mod responder;
mod source;
mod status;

pub use issuer::{AuthorityConfig, ConfigError, GenerationConfig, ResponderIdentity};
pub use memory::{MemoryOfRequests, RequestMemory};
pub use responder::{Freshness, Heard, OcspAnswer, Responder, Settings};
pub use source::{Looked, StatusSource};
