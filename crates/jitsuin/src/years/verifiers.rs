//! A verifier's request-signing certificate over years: renewed by `init`, taken up when the verifier can.

use std::fs;

use jiff::SignedDuration;
use store::reads::ReadVerifiers;
use testkit::run;
use x509::pem;

use super::place::{Place, renew_keys};
use super::served::Served;

/// Keeps what the verifier has of what was handed out, since a renewal writes over it.
fn taken_up(place: &Place, name: &str) {
    for end in ["pem", "key"] {
        let copy = place.path().join(format!("{name}.{end}"));
        fs::copy(place.handed_out(&format!("verifier-1.{end}")), copy).expect("kept");
    }
}

/// What openssl says to a question about a serial that nobody was given, which a verifier alone is
/// answered: signed as `signer`.
fn asked(place: &Place, served: &Served, signer: &str) -> String {
    let authority = served.system.authority("jpki-auth").expect("a CA");
    let generation = authority.generations().all().pop().expect("a key");
    let root = authority.generations().self_signed_certificate(&generation).expect("a root");
    let text = pem::encode(pem::CERTIFICATE, &root).expect("PEM");
    fs::write(place.path().join("root.pem"), text).expect("written");
    let (address, now) = (served.addresses.repository, place.now().as_second());
    let ask = format!(
        "openssl ocsp -issuer root.pem -CAfile root.pem -attime {now} -serial 0x7e57 \
         -url http://{address}/ocsp -signer {signer}.pem -signkey {signer}.key"
    );
    run(place.path(), "sh", &["-c", &ask]).text
}

/// Who is answered of these, in turn.
fn answered<'a>(place: &Place, signers: &[&'a str]) -> Vec<&'a str> {
    let served = Served::start(place, 2);
    let is_answered = |signer: &&&str| {
        let said = asked(place, &served, signer);
        let refused = said.contains("Responder Error: unauthorized (6)");
        // By its own clock openssl warns of the times; what it was told is on the next lines.
        let told = said.contains("Response verify OK") && said.contains("unknown\n");
        assert!(refused || told, "{signer}: {said}");
        !refused
    };
    let answered = signers.iter().filter(is_answered).copied().collect();
    served.stop();
    answered
}

fn renewed(place: &Place, name: &str) {
    place.answer(3, "", &["init", "--to-try-out"]);
    taken_up(place, name);
}

/// Which verifiers' certificates are told to end soon.
fn lines_of(place: &Place) -> Vec<String> {
    let (system, now) = (place.open(0), place.now());
    let endings = system.desk_without_windows().deadlines().endings(now).expect("the endings");
    let near = endings.into_iter().filter(|one| one.nearness(now).is_some());
    near.filter(|one| one.kind == "verifier-certificate").map(|one| one.subject).collect()
}

/// A clock that was ahead once had the certificate in use taken for the oldest of three.
#[test]
fn v5_v6_e9_a_renewal_by_a_clock_that_was_ahead_shuts_no_verifier_out() {
    let place = Place::at("2026-11-27T08:00:00Z");
    renewed(&place, "first");
    let known = || {
        let row = place.open(0).store.verifiers().expect("a read").pop().expect("a verifier");
        row.certificates().map(<[u8]>::to_vec).collect::<Vec<_>>()
    };
    let renew = || place.open(0).renew_verifiers().expect("renewed");
    let first = known();
    let ahead = SignedDuration::from_hours(24 * 5 * 366);
    place.after(ahead);
    renew();
    let [early, former] = &known()[..] else { panic!("two certificates") };
    assert_eq!((former, early != former), (&first[0], true));
    place.after(-ahead);
    place.answer(2, "", &["audit", "accept", "--carry-out"]);
    renew();
    let [newest, former] = &known()[..] else { panic!("two certificates") };
    assert_eq!(former, &first[0], "the one in use stays");
    assert!(newest != early, "and the one that has not begun goes");
}

#[test]
fn v5_v6_a_verifiers_former_certificate_is_answered_beside_its_successor_until_it_ends() {
    let place = Place::at("2026-11-27T08:00:00Z");
    renewed(&place, "first");
    // Twenty days before its end, and after that of the use of the CAs' keys.
    place.move_to("2031-11-06T08:00:00Z".parse().expect("a time"));
    renew_keys(&place.open(2));
    place.after_days(1);
    renewed(&place, "second");
    assert_ne!(
        fs::read(place.path().join("first.pem")).ok(),
        fs::read(place.path().join("second.pem")).ok()
    );
    assert_eq!(answered(&place, &["first", "second"]), ["first", "second"]);
    // Another `init` renews nothing, and takes nothing away.
    renewed(&place, "again");
    assert_eq!(answered(&place, &["first", "again", "second"]), ["first", "again", "second"]);
    assert_eq!(lines_of(&place), ["verifier-1 (former)"]);
    place.move_to("2031-11-28T08:00:00Z".parse().expect("a time"));
    assert_eq!(lines_of(&place), [""; 0]);
    assert_eq!(answered(&place, &["first", "second"]), ["second"], "the first has ended");
}
