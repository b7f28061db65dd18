//! The responder as openssl and curl see it.
#![allow(clippy::unwrap_used)]

mod ocsp_fixture;

use std::sync::Arc;

use base64ct::{Base64, Encoding};
use domain::certificate::{CertificateKind, CertificateState as State};
use domain::id::SerialNumber;
use domain::revocation::RevocationReason;
use jitsuin_status::http::{HttpLimits, Services};
use ocsp_fixture::World;
use ocsp_fixture::foreign::{Running, openssl_identity, run, text, write_pem};

/// A world with a verifier of openssl's making and a stranger, and a server over it.
struct Town {
    world: World,
    server: Running,
}

impl Town {
    fn new() -> Self {
        let world = World::new();
        let directory = world.directory.path();
        write_pem(directory, "ca.pem", &world.ca.certificate);
        let verifier = openssl_identity(directory, "verifier");
        openssl_identity(directory, "stranger");
        world.register(world.verifier("verifier-1", &verifier));
        let ocsp = Some(Arc::new(world.responder()));
        let server = Running::start(Services { ocsp, repository: None }, HttpLimits::default());
        Self { world, server }
    }

    /// Asks about `serials` with further options, and returns all that openssl says.
    fn ask(&self, serials: &[SerialNumber], options: &str) -> String {
        let serials: String = serials.iter().map(|serial| format!(" -serial 0x{serial}")).collect();
        let command = format!(
            "openssl ocsp {options} -issuer ca.pem -CAfile ca.pem{serials} -url {}",
            self.server.url("/ocsp")
        );
        text(&run(self.world.directory.path(), &command))
    }
}

const SIGNED: &str = "-signer verifier.pem -signkey verifier.key";

#[test]
fn v5_openssl_believes_every_status_and_reason() {
    let town = Town::new();
    let world = &town.world;
    let at = world.now;
    let mut table = vec![
        (State::Good, ": good"),
        (State::Held { since: at }, "Reason: certificateHold"),
        (State::Undelivered { since: at }, "Reason: certificateHold"),
        (State::Intended, ": unknown"),
    ];
    for reason in RevocationReason::ALL {
        let words = match reason {
            RevocationReason::Unspecified => "Reason: unspecified",
            RevocationReason::KeyCompromise => "Reason: keyCompromise",
            RevocationReason::CaCompromise => "Reason: cACompromise",
            RevocationReason::AffiliationChanged => "Reason: affiliationChanged",
            RevocationReason::Superseded => "Reason: superseded",
            RevocationReason::CessationOfOperation => "Reason: cessationOfOperation",
        };
        table.push((State::Revoked { at, reason }, words));
    }
    for (fill, (state, words)) in (1..).zip(table) {
        let serial = world.put(fill, CertificateKind::User, state);
        let said = town.ask(&[serial], SIGNED);
        assert!(said.contains("Response verify OK"), "{state:?}: {said}");
        assert!(said.contains(words), "{state:?}: {said}");
        assert!(!said.contains("WARNING"), "the nonce comes back: {said}");
    }
}

#[test]
fn v5_openssl_asks_with_and_without_nonce_by_both_hashes_and_about_several() {
    let town = Town::new();
    let good = town.world.put(1, CertificateKind::User, State::Good);
    let held = town.world.put(2, CertificateKind::User, State::Held { since: town.world.now });
    for options in ["-nonce", "-sha256 -nonce"] {
        let said = town.ask(&[good, held], &format!("{SIGNED} {options}"));
        assert!(said.contains("Response verify OK"), "{options}: {said}");
        assert!(said.contains(": good") && said.contains("certificateHold"), "{options}: {said}");
    }
    // Whoever overhears a request without one could ask by it for ever.
    let said = town.ask(&[good, held], &format!("{SIGNED} -no_nonce"));
    assert!(said.contains("Responder Error: unauthorized (6)"), "{said}");
    let server = town.world.put(3, CertificateKind::TlsServer, State::Good);
    for options in ["-no_nonce", "-sha256 -no_nonce"] {
        let said = town.ask(&[server], options);
        assert!(said.contains("Response verify OK") && said.contains(": good"), "{said}");
    }
}

#[test]
fn v5_openssl_is_told_to_sign_and_that_strangers_may_not_ask() {
    let town = Town::new();
    let user = town.world.put(1, CertificateKind::User, State::Good);
    let server = town.world.put(2, CertificateKind::TlsServer, State::Good);
    assert!(town.ask(&[user], "-no_nonce").contains("Responder Error: sigrequired (5)"));
    let stranger = "-signer stranger.pem -signkey stranger.key";
    assert!(town.ask(&[user], stranger).contains("Responder Error: unauthorized (6)"));
    let said = town.ask(&[server], "-nonce");
    assert!(said.contains("Response verify OK") && said.contains(": good"), "{said}");
}

#[test]
fn v5_a_request_in_the_address_is_answered_as_one_in_the_body() {
    let town = Town::new();
    let directory = town.world.directory.path();
    // Serials of ones give `/` and `+` in base64 sooner or later; both forms must do.
    let server = town.world.put(0xff, CertificateKind::TlsServer, State::Good);
    let made = run(
        directory,
        &format!("openssl ocsp -no_nonce -issuer ca.pem -serial 0x{server} -reqout request.der"),
    );
    assert!(made.status.success(), "{}", text(&made));
    let encoded = Base64::encode_string(&std::fs::read(directory.join("request.der")).unwrap());
    let escaped = encoded.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let lower = escaped.replace("%2B", "%2b").replace("%2F", "%2f").replace("%3D", "%3d");
    for path in [&encoded, &escaped, &lower] {
        for prefix in ["/ocsp/", "/"] {
            let url = town.server.url(&format!("{prefix}{path}"));
            let fetched = run(directory, &format!("curl -sS -D headers -o response.der {url}"));
            assert!(fetched.status.success(), "{}", text(&fetched));
            let headers = std::fs::read_to_string(directory.join("headers")).unwrap();
            assert!(headers.starts_with("HTTP/1.1 200"), "{headers}");
            assert!(headers.contains("content-type: application/ocsp-response"), "{headers}");
            assert!(headers.contains("cache-control: no-store"), "{headers}");
            let read = format!(
                "openssl ocsp -respin response.der -issuer ca.pem -CAfile ca.pem -serial 0x{server}"
            );
            let said = text(&run(directory, &read));
            assert!(said.contains("Response verify OK") && said.contains(": good"), "{said}");
        }
    }
}
