//! An installation behind a TLS listener: both shipped CAs, two residents, people of every role.

use std::collections::BTreeMap;
use std::future::pending;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ca::card_master::dangerous_set_up_without_backup;
use ca::{CertificationAuthority, ServiceRequest};
use card::{CardNumber, SignatureKeys};
use domain::certificate::CertificateKind;
use domain::id::{CaId, CardId};
use domain::journal::EventKind;
use domain::policy::Policy;
use domain::resident::{Gender, Resident};
use domain::staff::{CredentialKind, PersonState, Role};
use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};
use jitsuin_web::desk::{
    Desk, Evidence, ForeignIssuer, Invented, WindowAuthority, Windows, Workshop,
};
use jitsuin_web::{Fault, Problem, api, holder, server, tls};
use keys::{KeyStore, MemoryKeyStore};
use ra::authority::Authority;
use ra::holder::Holders;
use ra::readers::memory::MemoryReaders;
use ra::register::embedded::EmbeddedRegister;
use ra::window::Window;
use status::room::Room;
use store::reads::{ReadHead, ReadJournal, ReadPeople};
use store::{Change, CredentialRow, Entry, PersonRow, Sequence, Sqlite, Store, Unit};
use testkit::{Clock, HookedStore, Scratch, act, run};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use x509::digest::sha256;
use x509::name::Name;
use x509::pkcs10::CertificateRequest;

/// Kawaguchi in Saitama: both CAs serve it.
pub(super) const KAWAGUCHI: &str = "11203";
pub(super) const HANAKO: &str = "10000000001";
pub(super) const AUTH: &str = include_str!("../../../../policy/jpki-auth.toml");
pub(super) const SIGN: &str = include_str!("../../../../policy/saitama-sign.toml");

pub(super) struct World {
    pub(super) scratch: Scratch,
    pub(super) clock: Clock,
    pub(super) address: SocketAddr,
    /// Where the holders' page is.
    pub(super) holders: SocketAddr,
    pub(super) authorities: BTreeMap<CaId, Arc<CertificationAuthority>>,
    pub(super) keys: Arc<dyn KeyStore>,
    pub(super) desk: Arc<Desk>,
    pub(super) register: Arc<EmbeddedRegister>,
    runtime: Runtime,
}

/// The directory of the embedded register.
pub(super) const REGISTER: &str = "register";

/// What each site has open at most.
pub(super) const CONNECTIONS: usize = 64;

impl World {
    /// Opens the installation and serves it on a free port.
    pub(super) fn new() -> Self {
        Self::naming(|_| Vec::new())
    }

    /// The same with issuers of client certificates named, whose files may lie in the scratch directory.
    pub(super) fn naming(issuers: impl FnOnce(&Scratch) -> Vec<ForeignIssuer>) -> Self {
        Self::over(|scratch| scratch.store.clone(), issuers)
    }

    /// One whose commits go through `commit` once it is set up.
    pub(super) fn committing(
        commit: impl Fn(&Sqlite, Unit) -> store::Result<Sequence> + Send + Sync + 'static,
    ) -> Self {
        let hooked = |scratch: &Scratch| HookedStore::committing(scratch.store.clone(), commit);
        Self::over(|scratch| Arc::new(hooked(scratch)), |_| Vec::new())
    }

    fn over(
        store: impl FnOnce(&Scratch) -> Arc<dyn Store>,
        issuers: impl FnOnce(&Scratch) -> Vec<ForeignIssuer>,
    ) -> Self {
        let scratch = Scratch::new();
        // The certificates must hold for curl, which looks at the real clock.
        let clock = Clock::at(&Timestamp::now().to_string());
        let keys: Arc<dyn KeyStore> = Arc::new(MemoryKeyStore::new());
        set_up(&scratch, &clock, &keys);
        let store = store(&scratch);
        let authorities = opened(&store, &keys);
        let directory = scratch.path().join(REGISTER);
        std::fs::create_dir(&directory).expect("a directory");
        let register = EmbeddedRegister::create(&directory, residents());
        let register = Arc::new(register.expect("a register"));
        let issuers = issuers(&scratch);
        let desk = open(&clock, (&store, &keys), (&authorities, issuers), &register);
        let desk = Arc::new(desk);
        add_people(&scratch, &clock);
        let (runtime, address, holders) = start(&scratch, desk.clone());
        let world =
            Self { scratch, clock, address, holders, authorities, keys, desk, register, runtime };
        world.catch_up();
        world
    }

    /// Has the clock, which stood still, show what the real one does, by which openssl dates what it
    /// makes.
    pub(super) fn catch_up(&self) {
        let behind = Timestamp::now().duration_since(self.clock.now());
        self.clock.advance(behind + SignedDuration::from_secs(1));
    }

    /// The number of journal entries.
    pub(super) fn entries(&self) -> u64 {
        let last = self.scratch.store.last_sequence().expect("a journal");
        last.map_or(0, |last| last + 1)
    }

    /// The journal from `from` on, as text.
    pub(super) fn journal_from(&self, from: u64) -> Vec<String> {
        let rows = self.scratch.store.journal(from, 1000).expect("a journal");
        rows.into_iter().map(|(_, body)| String::from_utf8(body).expect("JSON")).collect()
    }
}

pub(super) type Cas = BTreeMap<CaId, Arc<CertificationAuthority>>;

pub(super) fn set_up(scratch: &Scratch, clock: &Clock, keys: &Arc<dyn KeyStore>) -> Cas {
    let store: Arc<dyn Store> = scratch.store.clone();
    let mut authorities = Cas::new();
    for policy in [AUTH, SIGN] {
        let authority =
            CertificationAuthority::set_up(&act(clock), policy, store.clone(), keys.clone());
        let authority = Arc::new(authority.expect("a CA can be set up"));
        authorities.insert(authority.id().clone(), authority);
    }
    certify_server(scratch, clock, &authorities[&"jpki-auth".parse().expect("a CA id")]);
    authorities
}

/// Both CAs over `store`.
fn opened(store: &Arc<dyn Store>, keys: &Arc<dyn KeyStore>) -> Cas {
    let open = |policy| CertificationAuthority::open(policy, store.clone(), keys.clone());
    let all = [AUTH, SIGN].map(|policy| Arc::new(open(policy).expect("it was set up")));
    all.into_iter().map(|authority| (authority.id().clone(), authority)).collect()
}

fn open(
    clock: &Clock,
    (store, keys): (&Arc<dyn Store>, &Arc<dyn KeyStore>),
    (authorities, issuers): (&Cas, Vec<ForeignIssuer>),
    register: &Arc<EmbeddedRegister>,
) -> Desk {
    let (store, register) = (store.clone(), register.clone());
    let joined = joined(authorities, &store);
    let holders = Holders::new(store.clone(), joined.clone()).expect("randomness");
    let master = dangerous_set_up_without_backup(&act(clock), store.clone(), keys.clone());
    let master = Arc::new(master.expect("a card master"));
    let keyring = master.clone();
    let keys = move |number| keyring.card_keys(&number).expect("keys of the card");
    let cards = Arc::new(MemoryReaders::new(keys));
    let window =
        Window::new(store.clone(), register.clone(), joined, cards.clone(), master.clone());
    let told = clock.clone();
    let windows =
        Windows { window: Arc::new(window), register: register.clone(), embedded: Some(register) };
    let evidence = Arc::new(Unsealed(store.clone()));
    Desk::builder(store, authorities.clone(), issuers.into(), Arc::new(move || told.now()))
        .windows(windows)
        .evidence(evidence)
        .workshop(Box::new(Bench(cards)))
        .holders(Arc::new(holders))
        .hosts(["localhost".to_owned()])
        .build()
}

/// The CAs as windows and holders over `store` see them.
pub(super) fn joined(authorities: &Cas, store: &Arc<dyn Store>) -> Vec<Arc<dyn Authority>> {
    let join = |authority: &Arc<CertificationAuthority>| {
        let joined = WindowAuthority::new(Arc::clone(authority), store.clone());
        Arc::new(joined) as Arc<dyn Authority>
    };
    authorities.values().map(join).collect()
}

/// The entries alone: nobody seals here.
struct Unsealed(Arc<dyn Store>);

impl Evidence for Unsealed {
    fn seal(&self) -> Result<u64, String> {
        Ok(1000)
    }

    fn export(&self, size: u64, writer: &mut dyn Write) -> io::Result<()> {
        let size = usize::try_from(size).map_err(io::Error::other)?;
        let entries = self.0.journal(0, size).map_err(io::Error::other)?;
        entries.into_iter().try_for_each(|(_, body)| writer.write_all(&body))
    }
}

/// Makes blank cards for the readers; there are residents.
struct Bench(Arc<MemoryReaders>);

impl Workshop for Bench {
    fn make_card(&self, keys: SignatureKeys, number: CardNumber) -> Result<CardId, Problem> {
        Ok(self.0.make(keys, number))
    }

    fn generate_residents(&self, _: &Invented<'_>) -> Result<(), Problem> {
        Err(Problem::new(Fault::Conflict, "there is a resident register already"))
    }
}

/// Two residents of Kawaguchi whom tests name, and some whom they number; nobody who exists.
fn residents() -> Vec<Resident> {
    let named = [resident(HANAKO, "花子", "１"), resident("10000000002", "月子", "２")];
    named.into_iter().chain((0..NUMBERED).map(resident_number)).collect()
}

const NUMBERED: usize = 20;

/// A resident who has no name in the tests.
pub(super) fn resident_number(number: usize) -> Resident {
    assert!(number < NUMBERED, "nobody is registered");
    let house = char::from_u32('ａ' as u32 + number as u32).expect("a letter");
    resident(&format!("3{number:010}"), "標本", &house.to_string())
}

fn resident(code: &str, given: &str, number: &str) -> Resident {
    Resident {
        code: code.parse().expect("a code"),
        municipality: KAWAGUCHI.parse().expect("a municipality"),
        family_name: "青木".to_owned(),
        given_name: given.to_owned(),
        reading: "アオキ　テスト".to_owned(),
        alias: None,
        address: format!("埼玉県川口市青木二丁目{number}番１号"),
        birth_date: date(1980, 1, 2),
        gender: Gender::Female,
        is_foreign: false,
    }
}

/// A holder of each role under its name, and some who are called by their own, each with their id
/// as the token of this console; Suzuki has a client certificate instead, and Lost may not act.
fn add_people(scratch: &Scratch, clock: &Clock) {
    let key = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let names = ["-keyout", "suzuki.key", "-out", "suzuki.pem", "-subj", "/CN=suzuki"];
    let made = run(scratch.path(), "openssl", &[&key[..], &names].concat());
    assert!(made.success, "{}", made.text);
    for role in Role::ALL {
        let municipality = role.is_municipal().then_some(KAWAGUCHI);
        add_person(scratch, clock, role.name(), role, municipality);
    }
    for (id, role, municipality) in [
        ("sato", Role::WindowClerk, Some(KAWAGUCHI)),
        ("tanaka", Role::WindowClerk, Some("11100")),
        ("phone", Role::CallCentreAgent, None),
        ("staff", Role::SeniorOperator, None),
        ("suzuki", Role::SeniorOperator, None),
        ("lost", Role::SeniorOperator, None),
    ] {
        add_person(scratch, clock, id, role, municipality);
    }
    let text = std::fs::read_to_string(scratch.path().join("suzuki.pem")).expect("PEM");
    let pinned = x509::pem::decode(x509::pem::CERTIFICATE, &text).expect("a certificate");
    let pin = CredentialRow {
        sha256: sha256(&pinned),
        kind: CredentialKind::ClientCertificate,
        console: None,
        ..token(clock, "suzuki")
    };
    commit(scratch, clock, Change::AddCredential(pin.into()));
    let from = scratch.store.person(&"lost".parse().expect("an id")).expect("read").expect("lost");
    let to = PersonRow { state: PersonState::Suspended, ..from.clone() };
    commit(scratch, clock, Change::SetPerson { from: from.into(), to: to.into() });
}

pub(super) fn add_person(
    scratch: &Scratch,
    clock: &Clock,
    id: &str,
    role: Role,
    municipality: Option<&str>,
) {
    let row = PersonRow {
        id: id.parse().expect("an actor id"),
        name: "見本　一郎".to_owned(),
        state: PersonState::Active,
        roles: vec![role],
        municipality: municipality.map(|code| code.parse().expect("a municipality")),
        proposal: None,
        since: clock.now(),
    };
    commit(scratch, clock, Change::AddPerson(row.into()));
    commit(scratch, clock, Change::AddCredential(token(clock, id).into()));
}

/// A token of this console that is its person's id.
pub(super) fn token(clock: &Clock, person: &str) -> CredentialRow {
    CredentialRow {
        sha256: sha256(person.as_bytes()),
        person: person.parse().expect("an id"),
        kind: CredentialKind::ConsoleToken,
        console: Some([127, 0, 0, 1].into()),
        passkey: None,
        made: clock.now(),
        expires: None,
        operation: None,
    }
}

/// Commits a change of the registry as it is.
pub(super) fn commit(scratch: &Scratch, clock: &Clock, change: Change) {
    let entry = Entry::new(EventKind::StaffChanged, &act(clock));
    scratch.store.commit(Unit::new(entry).change(change)).expect("a change");
}

/// A request made by openssl, for a server on this machine.
pub(super) fn server_request(scratch: &Scratch, name: &str) -> String {
    let (key, request) = (format!("{name}.key"), format!("{name}.csr"));
    let made = run(
        scratch.path(),
        "openssl",
        &[
            "req",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            &key,
            "-out",
            &request,
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
        ],
    );
    assert!(made.success, "{}", made.text);
    std::fs::read_to_string(scratch.path().join(request)).expect("PEM")
}

fn certify_server(scratch: &Scratch, clock: &Clock, authority: &CertificationAuthority) {
    let text = server_request(scratch, "server");
    let der = x509::pem::decode(x509::pem::CERTIFICATE_REQUEST, &text).expect("PEM");
    let asked = CertificateRequest::parse_and_verify(&der).expect("a believable request");
    let request = ServiceRequest {
        kind: CertificateKind::TlsServer,
        common_name: "localhost".to_owned(),
        spki: asked.public_key.as_der().to_vec(),
        dns_names: vec!["localhost".to_owned()],
        addresses: vec![[127, 0, 0, 1].into()],
    };
    let issued =
        authority.service_certificates().issue(&act(clock), &request).expect("a certificate");
    let root = authority
        .generations()
        .self_signed_certificate(&authority.generations().current_at(clock.now()).expect("a key"));
    let pem = |der: &[u8]| x509::pem::encode(x509::pem::CERTIFICATE, der).expect("PEM");
    scratch.write("server.pem", pem(&issued.certificate));
    scratch.write("ca.pem", pem(&root.expect("a root")));
}

impl World {
    /// Serves something else with the same certificate, to whoever takes it within `sending`.
    pub(super) fn serve_elsewhere(&self, router: axum::Router, sending: Duration) -> SocketAddr {
        let read = |name: &str| std::fs::read(self.scratch.path().join(name)).expect("PEM");
        let identity = tls::ServerIdentity::new(&read("server.pem"), &read("server.key"));
        let config = Arc::new(tls::tls_config(Arc::new(identity.expect("a server"))).expect("TLS"));
        let listener = self.runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("an address");
        let room = Room::of(CONNECTIONS);
        let serving = server::serve_patiently(listener, config, router, room, sending, pending());
        self.runtime.spawn(serving);
        address
    }
}

fn start(scratch: &Scratch, desk: Arc<Desk>) -> (Runtime, SocketAddr, SocketAddr) {
    let read = |name: &str| std::fs::read(scratch.path().join(name)).expect("PEM");
    let (certificate, key) = (read("server.pem"), read("server.key"));
    let policy = Policy::from_toml(AUTH).expect("a policy");
    let issuer = Name::write(&policy.issuer.name).expect("a name").as_der().to_vec();
    let runtime = Runtime::new().expect("a runtime");
    let identity = Arc::new(tls::ServerIdentity::new(&certificate, &key).expect("a server"));
    let sites = [
        (
            tls::tls_config(identity.clone()),
            api::router(desk.clone()),
            api::room(&desk, CONNECTIONS),
        ),
        (
            tls::holder_tls_config(identity, vec![issuer]),
            holder::router(desk),
            Room::of(CONNECTIONS),
        ),
    ];
    let [api, holders] = sites.map(|(config, router, room)| {
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("an address");
        let config = Arc::new(config.expect("TLS"));
        runtime.spawn(server::serve(listener, config, router, room, pending()));
        address
    });
    (runtime, api, holders)
}
