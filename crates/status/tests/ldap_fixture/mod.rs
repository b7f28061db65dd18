//! A small published tree, a server over it, and the foreign clients that talk to it.
// Each test program uses a part of it.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use jitsuin_status::ldap::{
    Attribute, AttributeDescription, ClearPasswords, Clock, Directory, Dn, Identity, LdapServer,
    Limits, Load, MemoryDirectory, MemoryQueryLog, QueryLog, Service, Session, Settings, Transport,
    Values,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

pub const CA: &str = "OU=JPKI for user authentication,O=JPKI,C=JP";
pub const POINTS: &str =
    "OU=Saitama-ken,OU=CRL Distribution Points,OU=JPKI for user authentication,O=JPKI,C=JP";
pub const KAWAGUCHI: &str = "CN=Kawaguchi-shi CRLDP,OU=Saitama-ken,OU=CRL Distribution Points,\
                             OU=JPKI for user authentication,O=JPKI,C=JP";
pub const VERIFIER: &str = "CN=verifier-1,OU=Verifiers,O=JPKI,C=JP";
pub const PASSWORD: &str = "correct horse";
pub const CRL: &str = "certificateRevocationList;binary";

/// The largest list of the fixture: 5 MiB in which every octet value occurs.
pub fn large_list() -> Bytes {
    (0..5 * 1_024 * 1_024_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

pub fn dn(text: &str) -> Dn {
    text.parse().unwrap()
}

pub fn now() -> Timestamp {
    "2026-11-22T06:00:00Z".parse().unwrap()
}

pub fn attribute(description: &str, values: Values) -> Attribute {
    Attribute { description: AttributeDescription::parse(description).unwrap(), values }
}

/// The CA, and seven distribution points, of which Kawaguchi's list is the large one.
pub fn directory() -> MemoryDirectory {
    directory_with(Arc::new(|| Ok(vec![large_list()])))
}

/// The same with another way to read Kawaguchi's list.
pub fn directory_with(load: Arc<Load>) -> MemoryDirectory {
    let ca = vec![
        attribute(
            "cACertificate;binary",
            Values::Here(vec![Bytes::from_static(b"\x30\x03\x02\x01\xff")]),
        ),
        attribute(
            "authorityRevocationList;binary",
            Values::Here(vec![Bytes::from_static(b"\x30\x00")]),
        ),
    ];
    let id = "verifier-1".parse().unwrap();
    let mut directory = MemoryDirectory::new(now())
        .publish(&dn(CA), &["top", "organizationalUnit", "pkiCA"], ca, &[])
        .register(dn(VERIFIER), id, PASSWORD.as_bytes());
    for place in ["Kawaguchi", "Warabi", "Toda", "Soka", "Koshigaya", "Yashio", "Misato"] {
        let name = dn(&format!("CN={place}-shi CRLDP,{POINTS}"));
        let values = match place {
            "Kawaguchi" => Values::Later(Arc::clone(&load)),
            other => Values::Here(vec![Bytes::copy_from_slice(other.as_bytes())]),
        };
        let classes = ["top", "cRLDistributionPoint"];
        let list = vec![attribute(CRL, values)];
        directory = directory.publish(&name, &classes, list, &["certificateRevocationList"]);
    }
    directory
}

pub fn settings() -> Settings {
    Settings { limits: Limits::default(), clear_passwords: ClearPasswords::Accepted }
}

pub fn clock() -> Arc<Clock> {
    Arc::new(now)
}

pub fn peer() -> SocketAddr {
    ([127, 0, 0, 1], 40_000).into()
}

pub fn service(directory: MemoryDirectory, log: Arc<dyn QueryLog>, settings: Settings) -> Service {
    let directory = Arc::new(directory);
    Service { directory, log, clock: clock(), settings, start_tls: true }
}

/// A session without sockets over the fixture.
pub fn session() -> (Session, Arc<MemoryQueryLog>) {
    let log = Arc::new(MemoryQueryLog::default());
    let service = service(directory(), log.clone(), settings());
    (Session::new(Arc::new(service), peer(), false), log)
}

/// Encodes requests as a client would; the id counts from 1.
pub fn request(id: u32, operation: rasn_ldap::ProtocolOp) -> Vec<u8> {
    rasn::ber::encode(&rasn_ldap::LdapMessage::new(id, operation)).unwrap()
}

/// A base search that asks for no attributes.
pub fn search_of(base: &str, filter: rasn_ldap::Filter) -> rasn_ldap::ProtocolOp {
    use rasn_ldap::{ProtocolOp, SearchRequest, SearchRequestDerefAliases, SearchRequestScope};
    let never = SearchRequestDerefAliases::NeverDerefAliases;
    let scope = SearchRequestScope::BaseObject;
    let none = vec!["1.1".into()];
    ProtocolOp::SearchRequest(SearchRequest::new(
        base.into(),
        scope,
        never,
        0,
        0,
        false,
        filter,
        none,
    ))
}

/// The filter that every entry fits.
pub fn any_entry() -> rasn_ldap::Filter {
    rasn_ldap::Filter::Present("objectClass".into())
}

/// Reads answers back with the foreign parser: id and result code, `None` for an entry.
pub fn results(mut octets: &[u8]) -> Vec<(u32, Option<u8>)> {
    use rasn_ldap::ProtocolOp as Op;
    let mut results = Vec::new();
    while !octets.is_empty() {
        let (message, rest): (rasn_ldap::LdapMessage, _) =
            rasn::ber::decode_with_remainder(octets).unwrap();
        octets = rest;
        let code = match message.protocol_op {
            Op::BindResponse(response) => Some(response.result_code),
            Op::SearchResDone(response) => Some(response.0.result_code),
            Op::ModifyResponse(response) => Some(response.0.result_code),
            Op::CompareResponse(response) => Some(response.0.result_code),
            Op::AddResponse(response) => Some(response.0.result_code),
            Op::DelResponse(response) => Some(response.0.result_code),
            Op::ModDnResponse(response) => Some(response.0.result_code),
            Op::ExtendedResp(response) => Some(response.result_code),
            Op::SearchResEntry(_) => None,
            other => panic!("unexpected {other:?}"),
        };
        results.push((message.message_id, code.map(|code| code as u8)));
    }
    results
}

pub fn verifier() -> Identity {
    Identity::Verifier { id: "verifier-1".parse().unwrap(), name: dn(VERIFIER) }
}

/// A running server; it stops when this is dropped.
pub struct Running {
    pub plain: SocketAddr,
    pub tls: SocketAddr,
    pub folder: TempDir,
    pub log: Arc<MemoryQueryLog>,
    _stop: [oneshot::Sender<()>; 2],
}

/// Serves the fixture on two ports of the loopback interface.
pub async fn serve(settings: Settings) -> Running {
    serve_from(Arc::new(directory()), settings).await
}

/// Serves another directory likewise.
pub async fn serve_from(directory: Arc<dyn Directory>, settings: Settings) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let tls = Some(tls_config(folder.path()));
    let log = Arc::new(MemoryQueryLog::default());
    let server = Arc::new(LdapServer::new(settings, directory, tls, log.clone(), clock()));
    let (plain, stop_plain) = listen(&server, Transport::Plain).await;
    let (tls, stop_tls) = listen(&server, Transport::Tls).await;
    Running { plain, tls, folder, log, _stop: [stop_plain, stop_tls] }
}

async fn listen(
    server: &Arc<LdapServer>,
    transport: Transport,
) -> (SocketAddr, oneshot::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = Arc::clone(server);
    tokio::spawn(async move {
        server.serve(listener, transport, async { drop(stopped.await) }).await.unwrap();
    });
    (address, stop)
}

/// A throwaway CA and a server certificate under it, both made by openssl.
fn tls_config(folder: &Path) -> Arc<ServerConfig> {
    let script = "set -e
        openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj '/CN=Throwaway CA' \
            -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
        openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj '/CN=localhost'
        printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n' > server.ext
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
            -extfile server.ext -out server.pem";
    let made = Command::new("sh").args(["-c", script]).current_dir(folder).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let chain = CertificateDer::pem_file_iter(folder.join("server.pem")).unwrap();
    let chain = chain.collect::<Result<Vec<_>, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Arc::new(config.unwrap().with_no_client_auth().with_single_cert(chain, key).unwrap())
}

/// What a foreign client said.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Running {
    /// Runs one of OpenLDAP's tools; `-x` and the address are added. The address is numeric because
    /// libldap looks for the machine's own name in the certificate where the URL says `localhost`.
    pub async fn openldap(&self, tool: &str, arguments: &[&str]) -> Said {
        let url = format!("ldap://127.0.0.1:{}", self.plain.port());
        self.openldap_at(&url, tool, arguments).await
    }

    pub async fn openldap_at(&self, url: &str, tool: &str, arguments: &[&str]) -> Said {
        let mut command = Command::new(tool);
        command.args(["-x", "-H", url]).args(arguments).current_dir(self.folder.path());
        command.env("LDAPTLS_CACERT", self.folder.path().join("ca.pem"));
        said(command).await
    }
}

/// Runs a client on a thread of its own, so that the server can answer it.
pub async fn said(mut command: Command) -> Said {
    let name = command.get_program().to_owned();
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    let Output { status, stdout, stderr } = output.unwrap_or_else(|error| {
        panic!("{name:?} does not run ({error}); `cargo xtask test` installs it")
    });
    Said {
        code: status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&stdout).into_owned(),
        err: String::from_utf8_lossy(&stderr).into_owned(),
    }
}
