//! The HTTP server: OCSP by POST and GET, and the web repository (RFC 6960 appendix A, V4, V8).
//!
//! | path | what |
//! |---|---|
//! | `POST /`, `POST /ocsp` | an OCSP request as `application/ocsp-request` |
//! | `GET /ocsp/{base64}`, `GET /{base64}` | the same in the address (RFC 6960 A.1), also in base64url |
//! | `/` | what is published, for people |
//! | `/cps/{ca}` | the CPS and the laws it rests on |
//! | `/ca/{ca}/{generation}.cer` | a self-signed certificate |
//! | `/ca/{ca}/{generation}-{kind}.cer` | a link certificate that came with this generation |
//! | `/crl/{ca}` | the lists of a CA, for people |
//! | `/crl/{ca}/{generation}/{partition}.crl` | the list that is published now |
//! | `/crl/{ca}/{generation}/{partition}/{number}.crl` | a list by its number |
//!
//! Every answer from the repository bears `As-Of-Entry`, the number of the last journal entry that
//! it includes (V11). Lists of user certificates are for registered verifiers, by their id and
//! password; all else is open.
//!
//! # Architecture invariant
//! Nothing here decides what is true or who may know it: that is [`crate::ocsp`] and [`Repository`].
//! OCSP is answered on the thread that serves the connection, because a signature is shorter than a
//! change of threads is worth; so OCSP belongs on current-thread runtimes, one for each core. The
//! repository, with its passwords and megabytes, runs on threads that may block.

mod condition;
mod encoded;
mod endpoint;
pub mod host;
mod reply;
mod repository;
mod route;
mod server;
mod settings;
mod stalling;

pub use condition::Conditions;
pub use reply::Reply;
pub use repository::{CrossCertified, Fetch, Publication, Repository};
pub use server::{Clock, HttpServer, Services};
pub use settings::HttpLimits;
pub use stalling::Stalling;
