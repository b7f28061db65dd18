//! Answers to the world: OCSP, LDAP and the web repository.
//!
//! [`ocsp`], [`ldap`] and [`http`] each decode what a stranger sent, decide on committed state alone, and encode the
//! answer; [`directory`] is where lists and CA certificates are published. [`verifier_auth`] says who asks, [`query_log`]
//! keeps that they did, [`room`] and [`crowd`] keep places for those who are known.
//!
//! ```
//! use std::net::{Ipv4Addr, SocketAddr};
//! use std::sync::Arc;
//!
//! use jiff::Timestamp;
//! use jitsuin_status::ldap::{MemoryDirectory, MemoryQueryLog, Next, Service, Session, Settings, decode};
//!
//! let service = Service {
//!     directory: Arc::new(MemoryDirectory::new(Timestamp::UNIX_EPOCH)),
//!     log: Arc::new(MemoryQueryLog::default()),
//!     clock: Arc::new(|| Timestamp::UNIX_EPOCH),
//!     settings: Settings::default(),
//!     start_tls: false,
//! };
//! let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 389));
//! let mut session = Session::new(Arc::new(service), peer, false);
//!
//! // A simple bind without name and password, as RFC 4513 5.1.1 has it.
//! let bind = [0x30, 12, 0x02, 1, 1, 0x60, 7, 0x02, 1, 3, 0x04, 0, 0x80, 0];
//! let (message, length) = decode(&bind)?.expect("all of it is here");
//! assert_eq!(length, bind.len());
//! let answer = session.handle(message);
//! assert_ne!(answer.next, Next::Close);
//! // success (0), to the message of that number.
//! let said: Vec<Vec<u8>> = answer.map(|response| response.to_vec()).collect();
//! assert!(said[0].windows(6).any(|octets| octets == [0x02, 1, 1, 0x61, 7, 0x0a]));
//!
//! assert!(decode(b"GET / HTTP/1.1").is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Architecture invariant
//! Nothing in here changes what it tells of. It reads by [`store::Published`], which commits nothing, and signs
//! by a [`keys::SigningKey`] for each delegate, which signs with that key and does nothing else. What it
//! writes goes through two hands of its own, [`query_log::QueryLog`] and [`ocsp::RequestMemory`]. Every
//! stranger has a budget: octets, connections, time, lines of the log.

mod askers;
pub mod crowd;
pub mod directory;
pub mod html;
pub mod http;
pub mod known;
pub mod ldap;
pub mod ocsp;
pub mod query_log;
pub mod room;
pub mod subscriber;
mod unsent;
pub mod verifier_auth;
