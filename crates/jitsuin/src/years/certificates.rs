//! The certificates of the program itself: renewed by themselves, taken up while it runs, told of where
//! that cannot be done; none that ended keeps the program from starting.

use ca::{Renewal, ServiceRequest, find_or_generate};
use domain::certificate::{CertificateKind, CertificateState};
use domain::journal::EventKind;
use domain::revocation::RevocationReason;
use jiff::SignedDuration;
use serde_json::Value;
use store::reads::{ReadCertificates, ReadJournal};
use store::{Change, Entry, Store, Unit};
use testkit::{Output, run};
use x509::digest::sha256;

use super::place::{Place, renew_keys};
use super::served::Served;
use crate::credentials::ServiceKey;
use crate::own_tls::{TlsFiles, Word};
use crate::serve::{Listeners, Running};
use crate::system::System;

/// What openssl makes of a handshake, with `roots` as all it trusts, at the time of the place.
fn handshake(place: &Place, served: &Served, roots: &str) -> Output {
    let (address, now) = (served.addresses.api, place.now().as_second());
    let ask = format!(
        "openssl s_client -connect {address} -CAfile {roots} -attime {now} -verify_return_error \
         < /dev/null 2>&1 | openssl x509 -noout -enddate -ext subjectAltName"
    );
    run(place.path(), "sh", &["-c", &ask])
}

/// The handshake once it is as wanted: what is certified anew is taken up within seconds.
fn taken_up(place: &Place, served: &Served, roots: &str) -> String {
    for _ in 0..600 {
        let said = handshake(place, served, roots);
        if said.success && said.text.contains("notAfter") {
            return said.text;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("{}", handshake(place, served, roots).text)
}

fn endings(system: &System) -> Vec<String> {
    let now = system.now();
    let endings = system.desk_without_windows().deadlines().endings(now).expect("the endings");
    endings.iter().map(|one| format!("{} {}", one.kind, one.words(now))).collect()
}

#[test]
fn e2_certificates_that_ended_keep_nothing_from_starting_and_are_renewed_once_custodians_come() {
    let place = Place::at("2026-11-27T08:00:00Z");
    place.answer(3, "", &["init", "--to-try-out"]);
    // Six years later all have ended: the server's, both responders', the verifier's.
    place.after_days(6 * 366);
    let served = Served::start(&place, 0);
    let told = endings(&served.system);
    for kind in ["tls-certificate ended", "ocsp-responder ended", "verifier-certificate ended"] {
        assert!(told.iter().any(|one| one.starts_with(kind)), "{kind}: {told:?}");
    }
    assert_eq!(told.iter().filter(|one| one.contains("custodians must come")).count(), 3);
    let said = handshake(&place, &served, "data/tls/ca.pem");
    assert!(said.text.contains("certificate has expired") || !said.success, "{}", said.text);
    served.stop();
    // The use of the CAs' keys has ended as well (A 6.3.2.1, S 6-3-1-2): they certify nobody, the server
    // neither, until they are renewed.
    let system = place.open(2);
    let refused = system.keep_tls(&Word::Own).expect_err("by no ended key").to_string();
    assert!(refused.contains("the use of its key ended"), "{refused}");
    renew_keys(&system);
    drop(system);
    place.after_days(1);
    // The custodians come: each is renewed by itself, and shown without a restart.
    let served = Served::start(&place, 2);
    taken_up(&place, &served, "data/tls/ca.pem");
    let told = endings(&served.system);
    let own = |one: &&String| one.starts_with("tls") || one.starts_with("ocsp");
    assert_eq!(told.iter().find(own), None, "{told:?}");
    served.stop();
    // What the verifier signs with is handed out anew, when people ask for it.
    let before = std::fs::read(place.handed_out("verifier-1.password")).expect("a password");
    place.answer(2, "", &["init", "--to-try-out"]);
    let told = endings(&place.open(0));
    assert!(!told.iter().any(|one| one.starts_with("verifier")), "{told:?}");
    let after = std::fs::read(place.handed_out("verifier-1.password")).expect("a password");
    assert_eq!(before, after, "the password stays");
}

#[test]
fn e2_a_running_server_is_certified_anew_for_other_names_and_by_a_renewed_key_for_who_trusts_the_old()
 {
    let place = Place::at("2026-11-27T08:00:00Z");
    place.answer(3, "", &["init", "--to-try-out"]);
    let first = place.path().join("first-root.pem");
    std::fs::copy(place.path().join("data/tls/ca.pem"), &first).expect("kept");
    // Another name in the configuration.
    let config = std::fs::read_to_string(place.path().join("jitsuin.toml")).expect("read");
    let other = config.replace("\"localhost\"", "\"pki.example.jp\", \"localhost\"");
    assert_ne!(config, other);
    std::fs::write(place.path().join("jitsuin.toml"), other).expect("written");
    let system = place.open(2);
    assert!(!system.keep_tls(&Word::Own).expect("left"), "the file is one person's word");
    system.look_around();
    let told = format!("{:?}", system.health.standing());
    assert!(told.contains("tls-names") && told.contains("pki.example.jp"), "{told}");
    // A key that somebody put where the program looks for its own is certified for nobody.
    let planted = ServiceKey::new().expect("a key");
    let pem = planted.pem().expect("PEM");
    std::fs::write(place.path().join("data/tls/next.key"), pem.as_bytes()).expect("planted");
    let custodians = Word::Custodians("custodian-1 custodian-2".to_owned());
    assert!(system.keep_tls(&custodians).expect("certified"));
    let spki = sha256(&planted.spki().expect("a public key"));
    assert!(system.store.certificate_for_key(&spki).expect("a read").is_none());
    assert!(!system.keep_tls(&custodians).expect("once"));
    let authority = system.authority("jpki-auth").expect("a CA").clone();
    drop(system);
    let served = Served::start(&place, 0);
    let said = taken_up(&place, &served, "first-root.pem");
    assert!(said.contains("pki.example.jp"), "{said}");
    served.stop();
    drop(authority);
    // A renewed key certifies the server a year later; clients know the old root alone.
    place.after_days(340);
    let system = place.open(2);
    let authority = system.authority("jpki-auth").expect("a CA").clone();
    let early = Some("a drill".to_owned());
    let renewal = Renewal { issues_from: system.now() + SignedDuration::from_secs(1), early };
    let act = system.act("ceremony").expect("an act");
    authority
        .renewals()
        .renew(&act, &renewal, &find_or_generate, &*system.machine.keys)
        .expect("renewed");
    drop((authority, system));
    place.after_days(1);
    let served = Served::start(&place, 2);
    let before = place.now();
    let ended = |text: &str| text.contains(&before.to_string()[..4]);
    let said = loop {
        let said = taken_up(&place, &served, "first-root.pem");
        if !ended(&said) {
            break said;
        }
    };
    assert!(said.contains("pki.example.jp"), "{said}");
    let chain = std::fs::read_to_string(place.path().join("data/tls/server.pem")).expect("read");
    assert_eq!(chain.matches("BEGIN CERTIFICATE").count(), 2, "the link leads to the old root");
    served.stop();
}

#[test]
fn e2_what_ends_soon_and_cannot_be_renewed_is_told_of_by_check() {
    let place = Place::at("2026-11-27T08:00:00Z");
    place.answer(3, "", &["init", "--to-try-out"]);
    for id in ["manager-1", "operator-1"] {
        let days = ["staff", "token", "--days", "366"];
        place.answer(0, &format!("{id}.enrolment"), &days);
    }
    let check = |custodians: usize| place.answer(custodians, "operator-1.token", &["check"]);
    let told = |report: &Value, custodians: &str| {
        let facts = report["facts"].as_array().expect("facts").iter();
        let tls = facts.clone().find(|fact| fact["rule"] == "tls-certificate-ends-soon");
        tls.is_some_and(|fact| fact["detail"].to_string().contains(custodians))
    };
    place.after_days(330);
    place.answer(2, "operator-1.token", &["crl", "publish"]);
    assert!(!told(&check(0), ""), "35 days are left");
    place.after_days(10);
    place.answer(2, "operator-1.token", &["crl", "publish"]);
    assert!(told(&check(0), "custodians must come"));
    place.answer(3, "", &["init", "--to-try-out"]);
    assert!(!told(&check(0), ""), "it was renewed");
}

/// The certificate of a server is its own where this program made the key: one that was issued to an
/// applicant is not, whatever lies in the files.
#[test]
fn e2_the_server_is_certified_for_no_names_that_an_applicant_was_certified_for() {
    let place = Place::at("2026-11-27T08:00:00Z");
    place.answer(3, "", &["init", "--to-try-out"]);
    let config = std::fs::read_to_string(place.path().join("jitsuin.toml")).expect("read");
    let other = config.replace("\"localhost\"", "\"www.bank.example\"");
    std::fs::write(place.path().join("jitsuin.toml"), other).expect("written");
    let system = place.open(2);
    let applicant = ServiceKey::new().expect("a key");
    let request = ServiceRequest {
        kind: CertificateKind::TlsServer,
        common_name: "www.bank.example".to_owned(),
        spki: applicant.spki().expect("a public key"),
        dns_names: vec!["www.bank.example".to_owned()],
        addresses: vec![[127, 0, 0, 1].into()],
    };
    let authority = system.authority("jpki-auth").expect("a CA").clone();
    let issued =
        authority.service_certificates().issue(&system.act("test").expect("an act"), &request);
    let der = issued.expect("issued").certificate;
    let theirs = x509::pem::encode(x509::pem::CERTIFICATE, &der).expect("PEM");
    let mine = ServiceKey::new().expect("a key").pem().expect("PEM");
    let planted = [mine.as_str(), &theirs].concat();
    std::fs::write(place.path().join("data/tls/server.key"), planted).expect("planted");
    assert!(!system.keep_tls(&Word::Own).expect("left"), "nobody said these names");
    system.look_around();
    let told = format!("{:?}", system.health.standing());
    assert!(told.contains("tls-names"), "{told}");
}

/// Custodians who come for something else have the server certified for no other names; those who
/// come for the names say them, and the journal says who did.
#[test]
fn e2_custodians_say_the_names_that_the_server_is_certified_for() {
    let place = Place::at("2026-11-27T08:00:00Z");
    let first = place.answer(3, "", &["init", "--to-try-out"]);
    assert!(first.to_string().contains("localhost"), "{first}");
    let config = std::fs::read_to_string(place.path().join("jitsuin.toml")).expect("read");
    let other = config.replace("\"localhost\"", "\"www.bank.example\"");
    std::fs::write(place.path().join("jitsuin.toml"), other).expect("written");
    let shown = || std::fs::read_to_string(place.path().join("data/tls/server.pem")).expect("read");
    let before = shown();
    let key = place.path().join("data/tls/server.key");
    let first_key = std::fs::read(&key).expect("read");
    place.answer(3, "", &["init", "--to-try-out"]);
    assert_eq!(shown(), before, "nobody said another name");
    let wrong = ["init", "--to-try-out", "--server-name", "localhost"];
    let refused = place.run(3, "", &wrong).expect_err("not those of the configuration");
    assert!(refused.to_string().contains("www.bank.example"), "{refused}");
    assert_eq!(shown(), before);
    let names = ["--server-name", "www.bank.example", "--server-name", "127.0.0.1"];
    let said = [&["init", "--to-try-out"][..], &names].concat();
    assert!(place.run(0, "", &said).is_err(), "custodians say it");
    place.answer(3, "", &said);
    assert_ne!(shown(), before);
    let system = place.open(0);
    let entries = system.store.journal(0, usize::MAX).expect("a journal");
    let told = |text: &[u8]| String::from_utf8_lossy(text).contains("127.0.0.1, www.bank.example");
    let entry = entries.iter().find(|(_, body)| told(body)).expect("an entry");
    assert!(String::from_utf8_lossy(&entry.1).contains("custodian-1 custodian-2"));
    drop(system);
    // What they said before counts no more, though a certificate for it is in force.
    std::fs::write(place.path().join("jitsuin.toml"), config).expect("written");
    std::fs::write(&key, &first_key).expect("put back");
    for days in [1, 340] {
        place.after_days(days);
        let system = place.open(2);
        assert!(!system.keep_tls(&Word::Own).expect("left"), "an earlier key");
        drop(system);
        std::fs::write(place.path().join("data/tls/next.key"), &first_key).expect("put back");
    }
}

/// Who revoked it decides what comes after (A 5.2.1.1(6), 5.2.2).
#[test]
fn e2_a_servers_certificate_that_people_revoked_is_not_renewed_by_the_program_itself() {
    let place = Place::at("2026-11-27T08:00:00Z");
    place.answer(3, "", &["init", "--to-try-out"]);
    let system = place.open(2);
    let files = TlsFiles::read(&system.home).expect("read").expect("files");
    let spki = files.certificate().expect("a certificate").tbs.subject_public_key_info;
    let row = system.store.certificate_for_key(&sha256(&spki)).expect("read").expect("a row");
    let at = system.now();
    let entry = Entry::new(EventKind::CertificateRevoked, &system.act("test").expect("an act"));
    let (ca, serial, from) = (row.intent.ca.clone(), row.intent.serial, row.state);
    let to = CertificateState::Revoked { at, reason: RevocationReason::KeyCompromise };
    let change = Change::SetCertificate { ca, serial, from, to };
    system.store.commit(Unit::new(entry).change(change)).expect("revoked");
    assert!(!system.keep_tls(&Word::Own).expect("left"));
    system.look_around();
    let told = format!("{:?}", system.health.standing());
    assert!(told.contains("was revoked"), "{told}");
    drop(system);
    place.answer(3, "", &["init", "--to-try-out"]);
    let names = ["--server-name", "localhost", "--server-name", "127.0.0.1"];
    place.answer(3, "", &[&["init", "--to-try-out"][..], &names].concat());
    let now = TlsFiles::read(&place.open(0).home).expect("read").expect("files");
    assert_ne!(now.certificate().expect("a certificate").tbs.subject_public_key_info, spki);
}

#[test]
fn e2_what_lies_beside_the_servers_key_is_written_again_and_a_torn_key_is_made_anew() {
    let place = Place::at("2026-11-27T08:00:00Z");
    place.answer(3, "", &["init", "--to-try-out"]);
    let tls = |name: &str| place.path().join("data/tls").join(name);
    let kept = ["ca.pem", "server.pem"].map(|name| std::fs::read(tls(name)).expect("read"));
    for name in ["ca.pem", "server.pem"] {
        std::fs::write(tls(name), "").expect("emptied");
    }
    let system = place.open(0);
    assert!(!system.keep_tls(&Word::Own).expect("kept"));
    drop(system);
    assert_eq!(kept, ["ca.pem", "server.pem"].map(|name| std::fs::read(tls(name)).expect("read")));
    std::fs::write(tls("server.key"), "").expect("torn");
    std::fs::write(tls("next.key"), "-----BEGIN").expect("torn as well");
    let listen = place.open(0).config.listen.clone();
    let system = place.open(0);
    let refused = Running::start(system, Listeners::bind(&listen).expect("ports"));
    let refused = format!("{:#}", refused.err().expect("no key"));
    assert!(refused.contains("jitsuin init"), "{refused}");
    let names = ["--server-name", "localhost", "--server-name", "127.0.0.1"];
    place.answer(3, "", &[&["init", "--to-try-out"][..], &names].concat());
    Served::start(&place, 0).stop();
}

/// A command's clock is its own; beside a server it is held against the server's.
#[test]
fn e9_a_command_in_another_time_than_the_server_does_nothing() {
    let place = Place::at("2026-11-27T08:00:00Z");
    place.answer(3, "", &["init", "--to-try-out"]);
    place.answer(0, "operator-1.enrolment", &["staff", "token"]);
    let served = Served::start(&place, 0);
    // With custodians it is done in its own process; else the server does it, in the server's time.
    let list = ["staff", "list"];
    place.answer(3, "operator-1.token", &list);
    // The last is within what the server's may be silent for, and not within what clocks may differ by.
    for ahead in [SignedDuration::from_hours(48), SignedDuration::from_secs(100)] {
        let other = Place::beside(&place, ahead);
        let refused = other.run(3, "operator-1.token", &list).expect_err("ahead");
        assert!(format!("{refused:#}").contains("clock"), "{refused:#}");
    }
    served.stop();
    Served::start(&place, 0).stop();
}
