//! The web repository: what is open, what is for verifiers, and as of when.
#![allow(clippy::unwrap_used)]

mod ocsp_fixture;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use base64ct::{Base64, Encoding};
use domain::certificate::CertificateState as State;
use domain::crl_series::Partition;
use domain::journal::EventKind;
use domain::policy::Policy;
use domain::revocation::RevocationReason;
use jiff::Timestamp;
use jitsuin_status::http::{
    Conditions, CrossCertified, Fetch, HttpLimits, Publication, Reply, Repository, Services,
};
use jitsuin_status::known::Known;
use jitsuin_status::ldap::ClearPasswords;
use jitsuin_status::query_log::Query;
use jitsuin_status::verifier_auth::{VerifierAuth, Whence};
use ocsp_fixture::foreign::{Running, run, text};
use ocsp_fixture::{FailingLog, PEER, World};
use x509::fingerprint::{sha1_colon_hex, sha256_colon_hex};

const POLICY: &str = include_str!("../../../policy/jpki-auth.toml");
const LIST: &[u8] = b"the list of Kawaguchi";

fn municipality() -> Partition {
    Partition::Municipality("11203".parse().unwrap())
}

fn auth(world: &World) -> VerifierAuth {
    let check = |password: &[u8], hash: &str, _: Whence| {
        Some(String::from_utf8_lossy(password) == hash.trim_start_matches("hash of "))
    };
    VerifierAuth::new(
        world.store.clone(),
        Arc::new(check),
        "hash of nothing known",
        Known::default(),
    )
}

fn publication() -> Publication {
    let policy = Arc::new(Policy::from_toml(POLICY).unwrap());
    Publication { policy, cross_certified: Vec::new() }
}

fn repository_of(world: &World, publication: Publication, clear: ClearPasswords) -> Repository {
    let log = Arc::new(FailingLog { log: world.log.clone(), faults: world.faults.clone() });
    Repository::new(world.store.clone(), auth(world), clear, log, vec![publication])
}

fn repository(world: &World) -> Repository {
    repository_of(world, publication(), ClearPasswords::Accepted)
}

fn fetch(world: &World, path: &str, credentials: Option<&str>) -> Fetch {
    let encoded =
        credentials.map(|text| format!("Basic {}", Base64::encode_string(text.as_bytes())));
    Fetch {
        path: path.to_owned(),
        authorization: encoded,
        conditions: Conditions::default(),
        peer: PEER,
        encrypted: false,
        now: world.now,
    }
}

fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    reply.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
}

fn page(repository: &Repository, world: &World, path: &str) -> String {
    let reply = repository.answer(&fetch(world, path, None));
    assert_eq!(
        (reply.status, header(&reply, "content-type")),
        (200, Some("text/html; charset=utf-8"))
    );
    assert!(header(&reply, "as-of-entry").unwrap().parse::<u64>().is_ok());
    String::from_utf8(reply.body.to_vec()).unwrap()
}

#[test]
fn v4_the_ca_certificate_is_published_with_its_fingerprints() {
    let world = World::new();
    let repository = repository(&world);
    let index = page(&repository, &world, "/");
    assert!(index.contains(&sha1_colon_hex(&world.ca.certificate)));
    assert!(index.contains(&sha256_colon_hex(&world.ca.certificate)));
    assert!(index.contains("href=\"/ca/jpki-auth/1.cer\""));
    let reply = repository.answer(&fetch(&world, "/ca/jpki-auth/1.cer", None));
    assert_eq!(reply.body, world.ca.certificate);
    assert_eq!(header(&reply, "content-type"), Some("application/pkix-cert"));
    for path in ["/ca/jpki-auth/2.cer", "/ca/nobody/1.cer", "/ca/jpki-auth/1.pem", "/ca/"] {
        assert_eq!(repository.answer(&fetch(&world, path, None)).status, 404, "{path}");
    }
}

#[test]
fn k6_v4_links_are_published_with_their_fingerprints_and_nothing_of_a_key_in_the_making() {
    use domain::certificate::{CertificateKind, CertificateState};
    let world = World::new();
    world.put(5, CertificateKind::LinkOldWithNew, CertificateState::Good);
    // It leads to generation 2, which does not stand yet.
    world.put(6, CertificateKind::LinkNewWithOld, CertificateState::Good);
    let repository = repository(&world);
    let index = page(&repository, &world, "/");
    assert!(index.contains("href=\"/ca/jpki-auth/1-link-old-with-new.cer\""), "{index}");
    assert!(index.contains(&sha256_colon_hex(b"certificate")));
    assert!(!index.contains("link-new-with-old"), "{index}");
    let get =
        |file: &str| repository.answer(&fetch(&world, &format!("/ca/jpki-auth/{file}"), None));
    assert_eq!(get("1-link-old-with-new.cer").body, b"certificate".as_slice());
    assert_eq!(get("2-link-new-with-old.cer").status, 404);
    let mut late = fetch(&world, "/", None);
    late.now += jiff::SignedDuration::from_hours(20_000);
    let index = String::from_utf8(repository.answer(&late).body.to_vec()).unwrap();
    assert!(index.contains("有効期間満了"), "{index}");
}

#[test]
fn v4_cps_laws_notices_and_cross_certification_are_told_or_said_to_be_none() {
    let world = World::new();
    let plain = repository(&world);
    let index = page(&plain, &world, "/");
    assert!(index.contains("危殆化その他のお知らせはありません"));
    assert!(index.contains("相互認証している、又はしていた認証局はありません"));
    let cps = page(&plain, &world, "/cps/jpki-auth");
    assert!(cps.contains("href=\"http://www.jpki.go.jp/cps.html\""));
    assert!(cps.contains("href=\"https://laws.e-gov.go.jp/law/414AC0000000153\""));
    let mut told = publication();
    let date = "2026-11-22".parse().unwrap();
    let notice = store::NoticeRow {
        ca: world.ca.id.clone(),
        at: "2026-11-22T03:00:00Z".parse().unwrap(),
        text: "<script>&".to_owned(),
    };
    world.commit(EventKind::KeyCompromised, store::Change::AddNotice(notice));
    let name = "政府<認証局>".to_owned();
    told.cross_certified.push(CrossCertified { name, since: date, until: Some(date) });
    let index = page(&repository_of(&world, told, ClearPasswords::Accepted), &world, "/");
    assert!(index.contains(": &lt;script&gt;&amp;</li>"));
    assert!(index.contains("政府&lt;認証局&gt;（2026年11月22日から2026年11月22日）"));
    assert!(!index.contains("<script"));
}

#[test]
fn v4_a_compromised_ca_is_told_without_anybody_writing_a_notice() {
    let world = World::new();
    let serial = world.store.authorities(&world.ca.id).unwrap()[0].self_signed;
    let reason = RevocationReason::CaCompromise;
    world.change(serial, State::Good, State::Revoked { at: world.now, reason });
    let index = page(&repository(&world), &world, "/");
    assert!(index.contains("秘密鍵の危殆化のため第1世代の証明書を失効しました"));
    assert!(index.contains("<td>失効</td>"));
}

#[test]
fn v8_authority_lists_are_open_and_user_lists_are_for_verifiers_with_the_right() {
    let world = World::new();
    world.list(Partition::ArlSelfSigned, 1, b"the ARL", true);
    world.list(municipality(), 1, LIST, true);
    let mut other = world.verifier("verifier-2", b"another certificate");
    other.may_read_crl = false;
    world.register(world.verifier("verifier-1", b"certificate"));
    world.register(other);
    let repository = repository(&world);
    let arl = repository.answer(&fetch(&world, "/crl/jpki-auth/1/arl-self-signed.crl", None));
    assert_eq!((arl.status, arl.body.as_ref()), (200, b"the ARL".as_slice()));
    assert_eq!(header(&arl, "content-type"), Some("application/pkix-crl"));
    let path = "/crl/jpki-auth/1/11203.crl";
    for (credentials, status) in [
        (None, 401),
        (Some("verifier-1:wrong"), 401),
        (Some("verifier-1:"), 401),
        (Some("nobody:correct horse"), 401),
        (Some("no body at all:nothing known"), 401),
        (Some("verifier-2:correct horse"), 403),
        (Some("verifier-1:correct horse"), 200),
    ] {
        let reply = repository.answer(&fetch(&world, path, credentials));
        assert_eq!(reply.status, status, "{credentials:?}");
        assert_eq!(reply.body == LIST, status == 200, "{credentials:?}");
        assert_eq!(header(&reply, "www-authenticate").is_some(), status == 401);
    }
    // Whether a list exists is not told to strangers either.
    let nowhere = "/crl/jpki-auth/1/01100.crl";
    assert_eq!(repository.answer(&fetch(&world, nowhere, None)).status, 401);
    let known = Some("verifier-1:correct horse");
    assert_eq!(repository.answer(&fetch(&world, nowhere, known)).status, 404);
    let strict = repository_of(&world, publication(), ClearPasswords::Refused);
    assert_eq!(strict.answer(&fetch(&world, path, known)).status, 403, "not in clear text");
    let encrypted = Fetch { encrypted: true, ..fetch(&world, path, known) };
    assert_eq!(strict.answer(&encrypted).status, 200);
}

#[test]
fn v8_every_list_stays_by_its_number_and_only_published_ones_are_shown() {
    let world = World::new();
    for (number, publish) in [(1, true), (2, true), (3, false)] {
        world.list(Partition::ArlLink, number, format!("list {number}").as_bytes(), publish);
    }
    let repository = repository(&world);
    let body = |path: &str| {
        let reply = repository.answer(&fetch(&world, path, None));
        (reply.status, String::from_utf8_lossy(&reply.body).into_owned())
    };
    assert_eq!(body("/crl/jpki-auth/1/arl-link.crl"), (200, "list 2".to_owned()));
    assert_eq!(body("/crl/jpki-auth/1/arl-link/1.crl"), (200, "list 1".to_owned()));
    assert_eq!(body("/crl/jpki-auth/1/arl-link/2.crl"), (200, "list 2".to_owned()));
    for missing in ["3", "4", "0"] {
        assert_eq!(body(&format!("/crl/jpki-auth/1/arl-link/{missing}.crl")).0, 404, "{missing}");
    }
    assert_eq!(body("/crl/jpki-auth/1/arl-cross.crl").0, 404, "never built");
    let lists = page(&repository, &world, "/crl/jpki-auth");
    assert!(lists.contains("href=\"/crl/jpki-auth/1/arl-link.crl\""));
}

#[test]
fn v11_a_list_says_as_of_when_and_is_asked_for_again_cheaply() {
    let world = World::new();
    world.list(Partition::ArlSelfSigned, 1, b"the ARL", true);
    let repository = repository(&world);
    let mut asking = fetch(&world, "/crl/jpki-auth/1/arl-self-signed.crl", None);
    let reply = repository.answer(&asking);
    assert_eq!(header(&reply, "as-of-entry"), Some("3"));
    assert!(header(&reply, "last-modified").unwrap().ends_with(" GMT"));
    let etag = header(&reply, "etag").unwrap().to_owned();
    asking.conditions.if_none_match = Some(format!("\"other\", {etag}"));
    let again = repository.answer(&asking);
    assert_eq!((again.status, again.body.len()), (304, 0));
    world.list(Partition::ArlSelfSigned, 2, b"the next ARL", true);
    assert_eq!(repository.answer(&asking).status, 200, "a new list is there at once");
}

#[test]
fn v8_what_was_not_modified_is_not_sent_again() {
    let world = World::new();
    world.list(Partition::ArlSelfSigned, 1, b"the ARL", true);
    let repository = repository(&world);
    let mut asking = fetch(&world, "/crl/jpki-auth/1/arl-self-signed.crl", None);
    let reply = repository.answer(&asking);
    let modified = header(&reply, "last-modified").unwrap().to_owned();
    let at = |minutes: i64| {
        let time = world.now + jiff::SignedDuration::from_mins(minutes);
        time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    };
    let mut status = |since: &str, tag: Option<&str>| {
        asking.conditions.if_modified_since = Some(since.to_owned());
        asking.conditions.if_none_match = tag.map(str::to_owned);
        repository.answer(&asking).status
    };
    // As curl -z and wget -N ask.
    assert_eq!(status(&modified, None), 304);
    assert_eq!(status(&at(0), None), 304, "fetched after it was made");
    assert_eq!(status("Sun, 06 Nov 1994 08:49:37 GMT", None), 200, "modified since");
    assert_eq!(status(&at(1), None), 200, "a moment that has not come (RFC 9110 13.1.3)");
    assert_eq!(status("some time ago", None), 200, "no date is no condition");
    assert_eq!(status(&modified, Some("\"other\"")), 200, "the tag alone counts (RFC 9110 13.1.3)");
}

#[test]
fn e1_every_list_fetched_is_recorded_or_not_given() {
    let world = World::new();
    world.list(municipality(), 1, LIST, true);
    world.register(world.verifier("verifier-1", b"certificate"));
    let repository = repository(&world);
    let path = "/crl/jpki-auth/1/11203.crl";
    let asking = fetch(&world, path, Some("verifier-1:correct horse"));
    repository.answer(&asking);
    repository.answer(&fetch(&world, path, None));
    let records = world.log.records();
    let told: Vec<_> =
        records.iter().map(|record| (record.verifier.is_some(), &record.query)).collect();
    let query = |status| Query::Web { path: path.to_owned(), status };
    assert_eq!(told, [(true, &query(200)), (false, &query(401))]);
    world.faults.log.store(true, Ordering::Relaxed);
    assert_eq!(repository.answer(&asking).status, 503);
}

#[test]
fn v4_curl_reads_the_repository_beside_ocsp() {
    let world = World::new();
    world.list(municipality(), 1, LIST, true);
    let mut verifier = world.verifier("verifier-1", b"certificate");
    verifier.password_hash = "hash of secret".to_owned();
    world.register(verifier);
    let services = Services {
        ocsp: Some(Arc::new(world.responder())),
        repository: Some(Arc::new(repository(&world))),
    };
    let server = Running::start(services, HttpLimits::default());
    let directory = world.directory.path();
    let curl = |options: &str, path: &str| {
        let output = run(directory, &format!("curl -sS {options} {}", server.url(path)));
        assert!(output.status.success(), "{}", text(&output));
        text(&output)
    };
    assert!(curl("", "/").contains("公的個人認証サービス"));
    assert!(curl("-i", "/style.css").contains("text/css"));
    assert!(curl("-I", "/ca/jpki-auth/1.cer").starts_with("HTTP/1.1 200"));
    let list = "/crl/jpki-auth/1/11203.crl";
    assert_eq!(curl("-u verifier-1:wrong -o no -w %{http_code}", list), "401");
    assert_eq!(curl("-u verifier-1:secret", list).as_bytes(), LIST);
    assert_eq!(curl("-X DELETE -o no -w %{http_code}", "/"), "405");
    assert_eq!(curl("-o no -w %{http_code}", "/../../etc/passwd"), "404");
    curl("-o ca.cer", "/ca/jpki-auth/1.cer");
    let shown =
        text(&run(directory, "openssl x509 -inform DER -in ca.cer -noout -fingerprint -sha256"));
    assert!(shown.contains(&sha256_colon_hex(&world.ca.certificate)), "{shown}");
}

/// RFC 9110 13.1.1, 13.1.4: a condition that failed was once as good as none, also for pages, which bear no
/// tag.
#[test]
fn v4_v8_what_is_published_is_given_under_the_conditions_of_who_asks() {
    let world = World::new();
    world.list(municipality(), 1, LIST, true);
    let services = Services { ocsp: None, repository: Some(Arc::new(repository(&world))) };
    world.list(Partition::ArlSelfSigned, 1, b"the ARL", true);
    let server = Running::start(services, HttpLimits::default());
    let curl = |path: &str, options: &[&str]| {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "-o", "/dev/null", "-w", "%{http_code}"]).args(options);
        let output = curl.arg(server.url(path)).output().unwrap();
        text(&output)
    };
    let (cer, arl) = ("/ca/jpki-auth/1.cer", "/crl/jpki-auth/1/arl-self-signed.crl");
    let old = "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT";
    for path in [cer, arl, "/", "/style.css", "/cps/jpki-auth", "/crl/jpki-auth"] {
        for method in ["-XGET", "-I"] {
            assert_eq!(curl(path, &[method, "-H", "If-Match: \"other\""]), "412", "{path}");
            assert_eq!(curl(path, &[method, "-H", "If-Match: *"]), "200", "{path}");
        }
        // What bears no time was not modified since any.
        let expected = if [cer, arl].contains(&path) { "412" } else { "200" };
        assert_eq!(curl(path, &["-H", old]), expected, "{path}");
    }
    for refused in ["/ca/nobody/1.cer", "/crl/jpki-auth/1/11203.crl"] {
        let without = curl(refused, &[]);
        assert!(["404", "401"].contains(&without.as_str()), "{without}");
        assert_eq!(curl(refused, &["-H", "If-Match: \"other\""]), without, "{refused}");
    }
    let recorded = world.log.records().into_iter().map(|record| match record.query {
        Query::Web { path, status } => (path, status),
        other => panic!("{other:?}"),
    });
    let of_list: Vec<_> =
        recorded.filter(|(path, _)| path == arl).map(|(_, status)| status).collect();
    assert_eq!(of_list, [412, 200, 412, 200, 412], "and the log says what was answered");
}

/// A name that was bent to our address once had pages and lists of the repository; OCSP is asked under
/// whatever name a certificate of some year bears, and tells strangers nothing that a page could use.
#[test]
fn v4_v5_the_repository_is_asked_under_its_names_and_ocsp_under_any() {
    let world = World::new();
    let names = ["repository.example".to_owned()];
    let services = Services {
        ocsp: Some(Arc::new(world.responder())),
        repository: Some(Arc::new(repository(&world).for_hosts(names))),
    };
    let server = Running::start(services, HttpLimits::default());
    let curl = |host: &str, path: &str| {
        let asks = format!("curl -sS -o no -w %{{http_code}} -H Host:{host} {}", server.url(path));
        text(&run(world.directory.path(), &asks))
    };
    let certified = publication().policy.ocsp.uri.clone();
    let certified = certified.trim_start_matches("http://").trim_end_matches('/');
    for ours in ["repository.example", "Repository.Example:80", "192.0.2.1:8080", certified] {
        assert_eq!(curl(ours, "/ca/jpki-auth/1.cer"), "200", "{ours}");
    }
    for other in ["evil.example", "repository.example.evil.example:80"] {
        assert_eq!(curl(other, "/ca/jpki-auth/1.cer"), "421", "{other}");
        assert_eq!(curl(other, "/ocsp/AAAA"), "200", "{other}");
    }
    let absolute = b"GET http://evil.example/ HTTP/1.1\r\nhost: repository.example\r\nconnection: close\r\n\r\n";
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(absolute).unwrap();
    let mut said = Vec::new();
    stream.read_to_end(&mut said).unwrap();
    assert!(said.starts_with(b"HTTP/1.1 421"), "{}", String::from_utf8_lossy(&said));
}

/// Passwords that wait to be hashed once held the places of open lists, and of verifiers.
#[test]
fn v6_guesses_hold_no_place_of_open_lists_nor_of_verifiers() {
    let world = World::new();
    world.list(municipality(), 1, LIST, true);
    world.list(Partition::ArlSelfSigned, 1, b"the ARL", true);
    world.register(world.verifier("verifier-1", b"certificate"));
    let (came, coming) = mpsc::channel();
    let (end, ended) = mpsc::channel::<()>();
    let ended = Mutex::new(ended);
    let check = move |password: &[u8], _: &str, _: Whence| {
        if password == b"secret" {
            return Some(true);
        }
        came.send(()).unwrap();
        let _ = ended.lock().unwrap().recv();
        Some(false)
    };
    let known = Known::default();
    let auth = VerifierAuth::new(world.store.clone(), Arc::new(check), "decoy", known.clone());
    let (log, clear) = (world.log.clone(), ClearPasswords::Accepted);
    let repository = Repository::new(world.store.clone(), auth, clear, log, vec![publication()]);
    let services = Services { ocsp: None, repository: Some(Arc::new(repository)) };
    known.note(&"verifier-1".parse().unwrap(), [127, 0, 0, 77].into(), Timestamp::now());
    let limits = HttpLimits { repository_at_once: 4, ..HttpLimits::default() };
    let server = Running::start_with(services, limits, known);
    let path = "/crl/jpki-auth/1/11203.crl";
    let curl = |from: u8, who: &[&str], path: &str| {
        let interface = format!("127.0.0.{from}");
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--max-time", "60", "--interface", &interface]).args(who);
        curl.arg(server.url(path)).stdout(Stdio::piped());
        curl.spawn().unwrap()
    };
    let asks = |from: u8, who: &[&str], path: &str| {
        curl(from, who, path).wait_with_output().unwrap().stdout
    };
    let status = ["-o", "/dev/null", "-w", "%{http_code}"];
    let guess = [&status[..], &["-u", "verifier-1:a guess"]].concat();
    let guesses: Vec<_> = (1..=4).map(|from| curl(from, &guess, path)).collect();
    for _ in &guesses {
        coming.recv().unwrap();
    }
    assert_eq!(asks(9, &[], "/crl/jpki-auth/1/arl-self-signed.crl"), b"the ARL");
    assert_eq!(asks(9, &status, path), b"401");
    assert_eq!(asks(77, &["-u", "verifier-1:secret"], path), LIST);
    // Nor does who finds no place wait for ever.
    assert_eq!(asks(9, &guess, path), b"503");
    drop(end);
    for guess in guesses {
        assert_eq!(guess.wait_with_output().unwrap().stdout, b"401");
    }
}

#[test]
fn v8_who_takes_nothing_of_a_long_list_is_cut_off() {
    let world = World::new();
    // More than the buffers of both sides hold together.
    let length = 32 << 20;
    world.list(Partition::ArlLink, 1, &vec![0x30; length], true);
    let services = Services { ocsp: None, repository: Some(Arc::new(repository(&world))) };
    let sending = Duration::from_millis(300);
    let server = Running::start(services, HttpLimits { sending, ..HttpLimits::default() });
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(b"GET /crl/jpki-auth/1/arl-link.crl HTTP/1.1\r\nhost: r\r\n\r\n").unwrap();
    std::thread::sleep(Duration::from_secs(3));
    let mut taken = Vec::new();
    // The end may be an orderly one or a reset.
    let _ = stream.read_to_end(&mut taken);
    assert!(taken.len() < length, "{} octets came", taken.len());
}
