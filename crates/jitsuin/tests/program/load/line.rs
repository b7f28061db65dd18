//! A connection of a stranger, from an address of its own: in clear or over TLS.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// The other end, and how it is spoken to.
#[derive(Clone)]
pub(super) struct Port {
    pub(super) address: SocketAddr,
    /// Nothing where it is spoken to in clear.
    pub(super) tls: Option<Arc<ClientConfig>>,
}

pub(super) struct Line {
    socket: TcpStream,
    session: Option<Box<ClientConnection>>,
}

impl Port {
    /// Connects; over TLS to the end of the handshake.
    ///
    /// # Errors
    /// The other end does not let it in.
    pub(super) async fn call(&self, from: Ipv4Addr) -> io::Result<Line> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::V4(SocketAddrV4::new(from, 0)))?;
        let socket = socket.connect(self.address).await?;
        let Some(config) = &self.tls else { return Ok(Line { socket, session: None }) };
        let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
        let session = ClientConnection::new(config.clone(), name).map_err(io::Error::other)?;
        let mut line = Line { socket, session: Some(Box::new(session)) };
        while line.session.as_ref().is_some_and(|session| session.is_handshaking()) {
            line.send().await?;
            if line.session.as_ref().is_some_and(|session| session.is_handshaking()) {
                line.receive().await?;
            }
        }
        line.send().await?;
        Ok(line)
    }
}

impl Line {
    /// Says something.
    ///
    /// # Errors
    /// The connection is gone.
    pub(super) async fn say(&mut self, octets: &[u8]) -> io::Result<()> {
        match &mut self.session {
            None => self.socket.write_all(octets).await,
            Some(session) => {
                session.writer().write_all(octets)?;
                self.send().await
            }
        }
    }

    /// Waits until something is said, and returns it; nothing at the end of the connection.
    ///
    /// # Errors
    /// The connection is gone.
    pub(super) async fn hear(&mut self) -> io::Result<Vec<u8>> {
        if self.session.is_none() {
            let mut part = vec![0; 16 << 10];
            let count = self.socket.read(&mut part).await?;
            part.truncate(count);
            return Ok(part);
        }
        loop {
            let is_open = self.receive().await?;
            self.send().await?;
            let mut heard = Vec::new();
            if let Some(session) = &mut self.session {
                // What it has, until it would have to wait for more.
                let _ = session.reader().read_to_end(&mut heard);
            }
            if !heard.is_empty() || !is_open {
                return Ok(heard);
            }
        }
    }

    /// Sends what TLS has to say.
    async fn send(&mut self) -> io::Result<()> {
        let Some(session) = &mut self.session else { return Ok(()) };
        let mut octets = Vec::new();
        while session.wants_write() {
            session.write_tls(&mut octets)?;
        }
        self.socket.write_all(&octets).await
    }

    /// Takes in what came for TLS; whether the connection is open still.
    async fn receive(&mut self) -> io::Result<bool> {
        let mut part = vec![0; 16 << 10];
        let count = self.socket.read(&mut part).await?;
        let Some(session) = &mut self.session else { return Ok(count > 0) };
        let mut came = &part[..count];
        while !came.is_empty() {
            session.read_tls(&mut came)?;
            session.process_new_packets().map_err(io::Error::other)?;
        }
        match count {
            0 if session.is_handshaking() => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(count > 0),
        }
    }
}
