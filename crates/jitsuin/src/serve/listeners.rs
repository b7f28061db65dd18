//! Where the services listen: bound before anything answers, so that the addresses are known.

use std::net::{SocketAddr, TcpListener};

use anyhow::{Context, Result};

use crate::config::Listen;

/// Sockets that are bound, so that their addresses are known before anything answers.
pub(crate) struct Listeners {
    pub(super) api: TcpListener,
    pub(super) repository: TcpListener,
    pub(super) ldap: TcpListener,
    pub(super) ldaps: TcpListener,
    pub(super) holder: TcpListener,
}

impl Listeners {
    /// Binds all five.
    pub(crate) fn bind(listen: &Listen) -> Result<Self> {
        let bind = |name: &str, address: SocketAddr| -> Result<TcpListener> {
            let listener =
                TcpListener::bind(address).with_context(|| format!("listen.{name}: {address}"))?;
            listener.set_nonblocking(true)?;
            Ok(listener)
        };
        Ok(Self {
            api: bind("api", listen.api)?,
            repository: bind("repository", listen.repository)?,
            ldap: bind("ldap", listen.ldap)?,
            ldaps: bind("ldaps", listen.ldaps)?,
            holder: bind("holder", listen.holder)?,
        })
    }

    /// The addresses as they are, with the ports that the system chose.
    pub(crate) fn addresses(&self) -> Result<Addresses> {
        Ok(Addresses {
            api: self.api.local_addr()?,
            repository: self.repository.local_addr()?,
            ldap: self.ldap.local_addr()?,
            ldaps: self.ldaps.local_addr()?,
            holder: self.holder.local_addr()?,
        })
    }
}

/// Where the services are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addresses {
    pub(crate) api: SocketAddr,
    pub(crate) repository: SocketAddr,
    pub(crate) ldap: SocketAddr,
    pub(crate) ldaps: SocketAddr,
    pub(crate) holder: SocketAddr,
}
