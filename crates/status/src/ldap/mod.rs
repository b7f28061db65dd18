//! The LDAPv3 directory: certificates, cross-certificates and revocation lists for whoever may read them.
//!
//! The parts: [`decode`] turns octets into a [`Message`]; a [`Session`] turns that into an
//! [`LdapAnswer`]; [`LdapServer`] carries both over TCP and TLS. What is published comes from a
//! [`Directory`]; what was asked goes to a [`QueryLog`] before the answer leaves.
//!
//! # Architecture invariant
//! Nothing here writes to the directory, and nothing below [`LdapServer`] touches a socket.
//! Operations of one connection are answered one after the other, in order.
//!
//! Sources: RFC 4511 (protocol), 4512 (models), 4513 (authentication), 4514 (names), 4517 (syntaxes
//! and rules), 4519 and 4523 (schema), 2696 (pages), 3673 and 4526 (features), 4532 (Who am I?).

mod answer;
mod attribute;
mod connection;
mod contract;
mod decode;
mod directory;
mod dn;
mod dn_parser;
mod encode;
mod extensible;
mod filter;
mod memory;
mod message;
mod paging;
mod query_log;
mod root;
mod schema;
mod search;
mod selection;
mod server;
mod session;
mod settings;

pub(crate) use self::root::START_TLS;
pub use answer::{LdapAnswer, Next};
pub use attribute::{AttributeDescription, MAX_DESCRIPTION_BYTES};
pub use contract::directory_findings;
pub use decode::{
    DecodeError, MAX_CONTROLS, MAX_ELEMENTS, MAX_FILTER_DEPTH, MAX_MESSAGE_BYTES, decode,
};
pub use directory::{
    Attribute, BindRefusal, Directory, DirectoryError, Entry, Found, Identity, Load, Values,
};
pub use dn::{
    Dn, InvalidDn, MAX_DN_BYTES, MAX_RDN_ATTRIBUTES, MAX_RDNS, NameAttribute, NameValue, Rdn,
};
pub use encode::Response;
pub use filter::{Truth, evaluate};
pub use memory::MemoryDirectory;
pub use message::{
    Assertion, Authentication, BindRequest, CompareRequest, Control, Extensible, Filter, Message,
    Operation, Password, Request, ResultCode, Scope, SearchRequest, SubstringPattern,
};
pub use query_log::{Asked, LogUnavailable, MemoryQueryLog, Query, QueryLog};
pub use schema::{AttributeType, Matching};
pub use server::{LdapServer, NoTls, Transport};
pub use session::{Clock, Service, Session};
pub use settings::{ClearPasswords, Limits, Settings};
