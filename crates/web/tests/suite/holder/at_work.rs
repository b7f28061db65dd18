//! Cards of people who work here: what a client certificate opens, and what it does not.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::certificate::{CertificateKind, CertificateState};
use domain::id::ActorId;
use domain::staff::CredentialKind;
use jiff::{SignedDuration, Timestamp};
use jitsuin_web::desk::authorities::ListAuthorities;
use jitsuin_web::desk::people::{ConfirmProposal, SuspendPerson};
use jitsuin_web::desk::{Desk, Door, Shown};
use serde_json::{Value, json};
use store::{Change, CredentialRow};
use testkit::run;
use x509::digest::sha256;

use super::cards::*;
use crate::suite::client::{Proof, Reply};
use crate::suite::world::{World, commit, token};

const PEOPLE: (&str, &str) = ("GET", "/api/v1/people");

impl World {
    /// A key and its self-signed certificate in `<name>.key` and `<name>.pem`, not a CA's unless it
    /// says so.
    pub(super) fn own(&self, name: &str, key: &[&str], more: &[&str]) {
        let (out, private) = (format!("{name}.pem"), format!("{name}.key"));
        let make = ["req", "-x509", "-nodes", "-subj", "/CN=x", "-out", &out, "-keyout", &private];
        self.openssl(&[&make[..], &["-days", "1000"], key, more].concat());
        self.catch_up();
    }

    /// Has `who`, by their token, register what is in `<name>.pem`, in a connection that shows what is
    /// in `<shown>.pem`.
    pub(super) fn registers(&self, who: &str, name: &str, shown: Option<&str>) -> Reply {
        let pem = std::fs::read_to_string(self.scratch.path().join(format!("{name}.pem")));
        let body = json!({ "certificate_pem": pem.expect("PEM") }).to_string();
        let files = shown.map(|shown| [format!("{shown}.pem"), format!("{shown}.key")]);
        let with = files.as_ref().map(|[pem, key]| ["--cert", pem, "--key", key]);
        let with = with.as_ref().map_or(&[][..], |with| with);
        let path = "/api/v1/me/certificates";
        self.ask(Proof::Token(who), "POST", path, Some(body.as_bytes()), with)
    }

    /// Registers a certificate in the registry, whatever it is.
    pub(super) fn put_on_file(&self, name: &str, person: &str) {
        let row = CredentialRow {
            sha256: sha256(&self.der(name)),
            kind: CredentialKind::ClientCertificate,
            console: None,
            ..token(&self.clock, person)
        };
        commit(&self.scratch, &self.clock, Change::AddCredential(row.into()));
    }

    pub(super) fn comes_in(&self, name: &str) -> u16 {
        self.ask(Proof::Certificate(name), PEOPLE.0, PEOPLE.1, None, &[]).status
    }
}

pub(super) const EC: [&str; 4] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
pub(super) const NO_CA: [&str; 2] = ["-addext", "basicConstraints=critical,CA:FALSE"];

/// A certificate of one of ours opens nothing from the moment at which it is not good.
#[test]
fn w2_a_certificate_of_our_own_ca_opens_nothing_once_it_is_not_good() {
    let world = World::new();
    let card = world.hanako();
    world.put_on_file(&card.name, "suzuki");
    assert_eq!(world.comes_in(&card.name), 200);
    let since = world.clock.now();
    world.set(&card, CertificateState::Held { since });
    assert_eq!(world.comes_in(&card.name), 401);
    world.set(&card, CertificateState::Good);
    assert_eq!(world.comes_in(&card.name), 200);
    world.set(&card, revoked(since));
    assert_eq!(world.comes_in(&card.name), 401);
    // Nor does one that is not delivered, or one that bears our CA's name and is not on record.
    let waiting = world.card(&Wish {
        state: CertificateState::Undelivered { since },
        holder: TSUKIKO,
        ..Wish::default()
    });
    world.put_on_file(&waiting.name, "suzuki");
    assert_eq!(world.comes_in(&waiting.name), 401);
    let kind = CertificateKind::User;
    let ended = world.card(&Wish { days: (-30, -1), kind, ..Wish::default() });
    world.put_on_file(&ended.name, "suzuki");
    assert_eq!(world.comes_in(&ended.name), 401);
}

/// Commands that wait for no CA open none. They ask the database whose certificate it is.
#[test]
fn w2_w3_a_desk_that_opened_no_ca_looks_its_certificates_up_as_well() {
    let world = World::new();
    let card = world.hanako();
    world.put_on_file(&card.name, "suzuki");
    let body = json!({ "id": "novice", "name": "新人", "roles": ["examiner"] }).to_string();
    let by = Proof::Certificate(&card.name);
    world.ask(by, "POST", "/api/v1/people", Some(body.as_bytes()), &[]).expect(201);
    let (store, clock) = (world.scratch.store.clone(), world.clock.clone());
    let now = Arc::new(move || clock.now());
    let desk = Desk::builder(store, BTreeMap::new(), Arc::default(), now).build();
    let door = Door { name: "test".to_owned(), from: [127, 0, 0, 1].into() };
    let manager =
        desk.entrance().enter(Ok(Shown::bearer("ca-manager")), &door, None).expect("it comes in");
    world.set(&card, CertificateState::Held { since: world.clock.now() });
    let id: ActorId = "novice".parse().expect("an id");
    let confirm = || desk.ask(&manager, ConfirmProposal { id: id.clone().into() });
    let problem = confirm().err().expect("the card is held");
    assert!(problem.detail.contains("on hold"), "{problem}");
    world.set(&card, CertificateState::Good);
    confirm().expect("the card is good");
}

/// What is registered is the certificate whose key this very handshake proved, as strong as keys are
/// here, somebody's and no CA's; and not for longer than a token.
#[test]
fn w2_a_certificate_is_registered_by_the_handshake_that_proves_its_key() {
    let world = World::new();
    world.own("mine", &EC, &NO_CA);
    world.own("other", &EC, &NO_CA);
    world.own("short", &["-newkey", "rsa:1024"], &NO_CA);
    world.own("authority", &EC, &["-addext", "basicConstraints=critical,CA:TRUE"]);
    world.own("server", &EC, &[&NO_CA[..], &["-addext", "extendedKeyUsage=serverAuth"]].concat());
    world.own(
        "strange",
        &EC,
        &[&NO_CA[..], &["-addext", "1.2.3.4.5=critical,ASN1:NULL:"]].concat(),
    );
    let card = world.hanako();
    world.set(&card, revoked(world.clock.now()));
    let refused = |name: &str, shown: Option<&str>, rule: &str| {
        let problem = world.registers("staff", name, shown).problem(422);
        assert_eq!(problem["field"], "certificate_pem", "{problem}");
        assert!(problem["detail"].to_string().contains(rule), "{name}: {problem}");
    };
    refused("mine", None, "TLS handshake");
    refused("mine", Some("other"), "TLS handshake");
    refused("short", None, "1024 bits");
    refused("authority", Some("authority"), "a CA's");
    refused("server", Some("server"), "clientAuth");
    refused("strange", Some("strange"), "critical extension");
    refused(&card.name, Some(&card.name), "revoked");
    let done: Value = world.registers("staff", "mine", Some("mine")).expect(201);
    let ends: Timestamp = done["expires"].as_str().expect("an end").parse().expect("a time");
    assert!(ends.duration_since(world.clock.now()) <= SignedDuration::from_hours(366 * 24));
    assert_eq!(world.comes_in("mine"), 200);
    world.clock.advance(SignedDuration::from_hours(366 * 24));
    assert_eq!(world.comes_in("mine"), 401, "its registration is over, the certificate is not");
}

/// A session that is resumed proves no key, so none is: over TLS 1.2 or 1.3, at neither site.
#[test]
fn w2_w9_no_tls_session_is_resumed() {
    let world = World::new();
    let card = world.hanako();
    let (holders, api) = (world.holders.to_string(), world.address.to_string());
    for (site, version, name) in [
        (&holders, "-tls1_2", card.name.as_str()),
        (&api, "-tls1_2", "suzuki"),
        (&api, "-tls1_3", "suzuki"),
    ] {
        let shake = |session: [&str; 2], with: &[&str]| {
            let line = "printf 'GET / HTTP/1.0\r\nHost: localhost\r\n\r\n' | timeout 10 openssl s_client -ign_eof \"$@\" 2>&1";
            let to = ["-c", line, "sh", "-connect", site, "-CAfile", "ca.pem", version];
            run(world.scratch.path(), "sh", &[&to[..], &session, with].concat()).text
        };
        let (pem, key) = (format!("{name}.pem"), format!("{name}.key"));
        let first = shake(["-sess_out", "session"], &["-cert", &pem, "-key", &key]);
        assert!(first.contains("New, TLS"), "{first}");
        assert!(!first.contains("New Session Ticket arrived"), "{first}");
        if !world.scratch.path().join("session").exists() {
            // Nothing was given that could be shown again.
            continue;
        }
        let again = shake(["-sess_in", "session"], &[]);
        assert!(again.contains("New, TLS") && !again.contains("Reused"), "{version}: {again}");
        assert!(!again.contains("HTTP/1.0 200") && !again.contains("HTTP/1.1 200"), "{again}");
        std::fs::remove_file(world.scratch.path().join("session")).expect("removed");
    }
}

/// Every page makes a browser show the certificate of whoever sits before it.
#[test]
fn w2_a_page_of_another_site_changes_nothing_with_a_client_certificate() {
    let world = World::new();
    let path = "/api/v1/publication";
    let ask = |headers: &[&str]| {
        let headers: Vec<_> = headers.iter().flat_map(|header| ["-H", header]).collect();
        world.ask(Proof::Certificate("suzuki"), "POST", path, Some(b"x=y"), &headers).status
    };
    let (own, json) = (
        format!("Origin: https://localhost:{}", world.address.port()),
        "Content-Type: application/json",
    );
    let entries = world.entries();
    // What a form can send, from another page or from nowhere.
    assert_eq!(ask(&["Content-Type: text/plain", "Origin: https://evil.example"]), 403);
    assert_eq!(ask(&["Content-Type: text/plain", "Sec-Fetch-Site: cross-site"]), 403);
    assert_eq!(ask(&["Content-Type: application/x-www-form-urlencoded"]), 403);
    assert_eq!(ask(&["Content-Type: multipart/form-data; boundary=x", &own]), 403);
    // What it cannot, from another page.
    for foreign in ["Origin: https://evil.example", "Origin: null", "Sec-Fetch-Site: same-site"] {
        assert_eq!(ask(&[json, "Operation-Id: op-1", foreign]), 403, "{foreign}");
    }
    let told = world.journal_from(entries);
    // Of seven refusals those of one rule are one sum within a minute, whose first is told at once.
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told.iter().all(|line| line.contains("access-refused")), "{told:?}");
    // Nor does a token or a login help: the page is another's.
    let foreign = ["-H", "Origin: https://evil.example"];
    world.ask(Proof::Token("staff"), "POST", path, Some(b"{}"), &foreign).problem(403);
    let login = json!({ "id": "staff", "password": "none" }).to_string();
    world
        .ask(Proof::Nothing, "POST", "/api/v1/sessions", Some(login.as_bytes()), &foreign)
        .problem(403);
    // A program, and a page of ours.
    assert_eq!(ask(&[json]), 200);
    assert_eq!(ask(&[json, &own, "Sec-Fetch-Site: same-origin"]), 200);
    assert_eq!(ask(&["Content-Type: text/plain", "Operation-Id: op-2"]), 200);
}

/// A name that somebody bends to our address is not ours, and a request says one.
#[test]
fn w2_w9_a_request_for_another_host_is_answered_by_nobody() {
    let world = World::new();
    let card = world.hanako();
    for (port, path, name) in [
        (world.address.port(), "/api/v1/people", "suzuki"),
        (world.holders.port(), "/", card.name.as_str()),
    ] {
        let ask = |headers: &[&str]| {
            let headers: Vec<_> = headers.iter().flat_map(|header| ["-H", header]).collect();
            world.ask_at(port, Proof::Certificate(name), ("GET", path), None, &headers).status
        };
        assert_eq!(ask(&[]), 200);
        assert_eq!(ask(&["Host: 127.0.0.1"]), 200);
        assert_eq!(ask(&["Host: rebound.example"]), 421);
        assert_eq!(ask(&["Host:"]), 400);
    }
}

/// Whoever was let in by a card that is revoked a moment later commits nothing with it, nor by what was made
/// with it.
#[test]
fn w2_w3_what_was_begun_by_a_certificate_does_nothing_once_that_is_revoked() {
    let world = World::new();
    let card = world.hanako();
    world.put_on_file(&card.name, "suzuki");
    let made =
        world.ask(Proof::Certificate(&card.name), "POST", "/api/v1/me/tokens", Some(b"{}"), &[]);
    let made = made.expect(201);
    let token = made["token"].as_str().expect("a token");
    let door = Door { name: "API".to_owned(), from: [127, 0, 0, 1].into() };
    let enter = |shown| world.desk.entrance().enter(Ok(shown), &door, None).expect("they come in");
    let der = world.der(&card.name);
    let let_in = || [enter(Shown::Certificate(der.clone().into())), enter(Shown::bearer(token))];
    let before = let_in();
    let sato: ActorId = "sato".parse().expect("an id");
    let since = world.clock.now();
    for state in [CertificateState::Held { since }, revoked(since)] {
        world.set(&card, state);
        for act in &before {
            let refused = world
                .desk
                .ask(act, SuspendPerson { id: sato.clone().into() })
                .expect_err("it ended");
            assert_eq!(refused.fault.words().0, 401, "{refused}");
        }
        if matches!(state, CertificateState::Held { .. }) {
            world.set(&card, CertificateState::Good);
            for act in let_in() {
                world.desk.ask(&act, ListAuthorities {}).expect("it is good again");
            }
        }
    }
}
