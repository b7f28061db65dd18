//! The API of an installation on another machine, over TLS.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::Uri;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How long a server may take to be reached and to shake hands; whoever has a connection waits for as long as
/// the operation takes. The server itself gives a handshake 12 seconds.
const REACHING: Duration = Duration::from_secs(20);

/// The port of `https` (RFC 9110 4.2.2).
const HTTPS: u16 = 443;

/// Where an API is, and by which roots its server is known.
pub(super) struct Elsewhere {
    host: String,
    port: u16,
    /// What the certificate must be for.
    name: ServerName<'static>,
    /// Host and port, as a request names them.
    pub(super) authority: String,
    tls: TlsConnector,
}

impl Elsewhere {
    /// At `url`, whose server has a certificate that leads to one of `roots` (PEM), and to no other.
    ///
    /// # Errors
    /// The URL is not `https://HOST[:PORT]`; there is no root.
    pub(super) fn new(url: &str, roots: &[u8]) -> Result<Self, String> {
        let (host, port, authority) = place(url)?;
        let name = ServerName::try_from(host.clone());
        let name = name.map_err(|_| format!("{host}: it is no name of a host, and no address"))?;
        let mut known = RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(roots) {
            let root =
                root.map_err(|error| format!("roots (--server-ca): it is no PEM: {error}"))?;
            known
                .add(root)
                .map_err(|error| format!("roots (--server-ca): one is no root: {error}"))?;
        }
        if known.is_empty() {
            return Err("roots (--server-ca): there is no certificate".to_owned());
        }
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let mut config = config.with_root_certificates(known).with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { host, port, name, authority, tls: TlsConnector::from(Arc::new(config)) })
    }

    /// A connection to it, over which it has proven who it is; nothing was asked yet.
    ///
    /// # Errors
    /// Why there is none, and what to do.
    pub(super) async fn connect(&self) -> Result<TlsStream<TcpStream>, String> {
        let reached = timeout(REACHING, TcpStream::connect((self.host.as_str(), self.port))).await;
        let stream = reached.map_err(io::Error::from).and_then(|reached| reached);
        let stream = stream.and_then(|stream| stream.set_nodelay(true).map(|()| stream));
        let stream = stream.map_err(|error| {
            format!(
                "{self}: the server cannot be reached: {error}; see that it runs there, and that this is \
                 the address of its API (`listen.api`)"
            )
        })?;
        let shaken = timeout(REACHING, self.tls.connect(self.name.clone(), stream)).await;
        let shaken = shaken.map_err(io::Error::from).and_then(|shaken| shaken);
        shaken.map_err(|error| self.unproven(&error))
    }

    /// Why the server has not proven who it is, and what to do.
    fn unproven(&self, error: &io::Error) -> String {
        let found = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        let Some(rustls::Error::InvalidCertificate(found)) = found else {
            return format!(
                "{self}: there is no TLS connection: {error}; see that this is the address of its API \
                 (`listen.api`)"
            );
        };
        match found {
            // Another installation's CA may have the same name and another key.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => format!(
                "{self}: the server's certificate leads to none of the roots that were named; name those of \
                 its own CA, which the server has in its data directory as tls/ca.pem (--server-ca)"
            ),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                format!(
                    "{self}: the server's certificate is for another host than {}; ask it by a name that \
                     it is certified for (`listen.host_names`)",
                    self.host
                )
            }
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => format!(
                "{self}: the server's certificate is not valid now; see that the clock of this machine is \
                 right, and have the certificate renewed there"
            ),
            other => format!(
                "{self}: the server's certificate is refused: {other:?}; have it replaced there, or \
                 ask another"
            ),
        }
    }
}

impl fmt::Display for Elsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}", self.authority)
    }
}

/// Host, port, and both as they were written.
fn place(url: &str) -> Result<(String, u16, String), String> {
    let wrong = || format!("{url}: it must be https://HOST or https://HOST:PORT, and nothing more");
    let uri: Uri = url.parse().map_err(|_| wrong())?;
    let authority = uri.authority().ok_or_else(wrong)?;
    let is_bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
    if uri.scheme_str() != Some("https") || !is_bare || authority.as_str().contains('@') {
        return Err(wrong());
    }
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let port = match authority.as_str().strip_prefix(authority.host()).unwrap_or_default() {
        "" => HTTPS,
        port => port.trim_start_matches(':').parse().map_err(|_| wrong())?,
    };
    Ok((host.to_owned(), port, authority.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w3_only_an_https_address_of_a_server_is_one() {
        for (url, expected) in [
            ("https://ca.example", Some(("ca.example", 443))),
            ("https://ca.example:8440/", Some(("ca.example", 8440))),
            ("https://127.0.0.1:8440", Some(("127.0.0.1", 8440))),
            ("https://[::1]:8440", Some(("::1", 8440))),
            ("http://ca.example", None),
            ("https://ca.example/api/v1", None),
            ("https://ca.example?x=1", None),
            ("https://somebody@ca.example", None),
            ("https://ca.example:99999", None),
            ("ca.example:8440", None),
            ("ca.example", None),
            ("", None),
        ] {
            let found = place(url).ok();
            let found = found.as_ref().map(|(host, port, _)| (host.as_str(), *port));
            assert_eq!(found, expected, "{url}");
        }
    }

    #[test]
    fn w3_without_a_root_nobody_is_trusted() {
        for (roots, said) in [("", "no certificate"), ("not PEM", "no certificate")] {
            let refused = Elsewhere::new("https://ca.example", roots.as_bytes()).err();
            assert!(refused.as_deref().is_some_and(|why| why.contains(said)), "{refused:?}");
        }
    }
}
