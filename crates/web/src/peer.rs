//! The other end of a connection.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hyper::http::request;
use status::room::Place;

/// The other end of a connection, as the accept loop knows it.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// The client certificate, DER, whose key it has proven to hold. Nothing else is proven of it.
    pub certificate: Option<Arc<[u8]>>,
    /// The place of its connection, which becomes one of those that are kept from strangers once
    /// somebody has proven over it who they are.
    pub place: Option<Arc<Place>>,
    /// Whether it is the console of the installation's own machine, where a password may be shown with each
    /// request, as there is nobody to keep a session for.
    pub is_console: bool,
}

impl Peer {
    /// Of a request, as the accept loop noted it.
    pub(crate) fn of(parts: &request::Parts) -> Option<&Self> {
        parts.extensions.get()
    }

    /// Of whoever works at the console of the machine.
    pub(crate) fn local() -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            certificate: None,
            place: None,
            is_console: true,
        }
    }
}

/// How many pieces of answers that are made while they are sent went over a connection: who takes them is
/// not waited for in vain.
#[derive(Debug, Clone, Default)]
pub(crate) struct Taken(Arc<AtomicU64>);

impl Taken {
    /// One more was taken.
    pub(crate) fn note(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many were.
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
