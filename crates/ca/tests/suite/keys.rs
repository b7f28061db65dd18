//! Public keys that must never be certified, refused by the CA whoever brings them (P9).

use std::sync::Arc;

use ca::{CertificationAuthority, Error, KeySource, ServiceRequest};
use domain::application::ApplicationKind;
use domain::certificate::CertificateKind;
use store::reads::{ReadHead, ReadJournal};
use testkit::act;
use x509::der_writer::DerWriter;
use x509::key_check::{WeakKeys, small_factor};
use x509::oid;
use x509::public_key::{KeyNumbers, SpkiInfo};

use super::world::{AUTH, SIGN, World, card, sign_request, sign_request_again};

/// A modulus of 2048 bits without a small factor, as a sound generator makes it.
fn sound_modulus(world: &World) -> Vec<u8> {
    let spki =
        world.keys.public_key(&"jpki-auth-ca-1".parse().expect("a label")).expect("a key").spki_der;
    match SpkiInfo::parse(&spki).expect("a key").numbers() {
        KeyNumbers::Rsa { modulus, .. } => modulus.clone(),
        other => panic!("{other:?}"),
    }
}

fn rsa(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let mut key = DerWriter::new();
    key.sequence(|w| {
        let sign: &[u8] = if modulus[0] >= 0x80 { &[0] } else { &[] };
        w.integer_octets(&[sign, modulus].concat());
        w.integer_octets(exponent);
    });
    let mut w = DerWriter::new();
    w.sequence(|w| {
        w.sequence(|w| {
            w.oid(oid::RSA_ENCRYPTION);
            w.null();
        });
        w.bit_string(&key.into_bytes());
    });
    w.into_bytes()
}

/// The product of two big-endian numbers.
fn product(one: &[u8], other: &[u8]) -> Vec<u8> {
    let mut sum = vec![0u32; one.len() + other.len()];
    for (i, a) in one.iter().rev().enumerate() {
        let mut carry = 0;
        for (j, b) in other.iter().rev().enumerate() {
            let value = sum[i + j] + u32::from(*a) * u32::from(*b) + carry;
            (sum[i + j], carry) = (value & 0xff, value >> 8);
        }
        sum[i + other.len()] += carry;
    }
    sum.into_iter().rev().map(|octet| octet as u8).skip_while(|octet| *octet == 0).collect()
}

/// A modulus with the mark of ROCA, 1 = 65537^0 modulo every prime up to 167, of 2048 bits and
/// without a small factor.
fn roca_modulus() -> Vec<u8> {
    let is_prime = |n: &u8| (2..*n).all(|d| !n.is_multiple_of(d));
    let mark = (2..=167u8).filter(is_prime).fold(vec![1], |mark, prime| product(&mark, &[prime]));
    let multiple = |lead: u8, low: u8| {
        let filler = [vec![lead], vec![0x5a; 255 - mark.len()], vec![low]].concat();
        let mut modulus = product(&mark, &filler);
        // The product is even, so this adds one.
        *modulus.last_mut().expect("octets") |= 1;
        modulus
    };
    (1..=u8::MAX)
        .flat_map(|lead| (0..=u8::MAX).map(move |low| (lead, low)))
        .step_by(7)
        .map(|(lead, low)| multiple(lead, low))
        .find(|modulus| {
            modulus.len() == 256 && modulus[0] >= 0x80 && small_factor(modulus).is_none()
        })
        .expect("some multiple has the size and no small factor")
}

fn server(spki: Vec<u8>) -> ServiceRequest {
    ServiceRequest {
        kind: CertificateKind::TlsServer,
        common_name: "server".to_owned(),
        spki,
        dns_names: vec!["localhost".to_owned()],
        addresses: Vec::new(),
    }
}

/// Asks for a server's certificate; the refusal is in the journal and nothing else is new.
fn refusal(world: &World, authority: &CertificationAuthority, spki: Vec<u8>) -> String {
    let before = world.scratch.store.last_sequence().expect("a read").expect("entries");
    let error = authority
        .service_certificates()
        .issue(&act(&world.clock), &server(spki))
        .expect_err("such a key is never certified");
    let Error::Refused { field: "public key", rule } = error else { panic!("{error}") };
    let after = world.scratch.store.journal(before + 1, 100).expect("a journal");
    assert_eq!(after.len(), 1, "one refusal and nothing else");
    let entry = String::from_utf8(after[0].1.clone()).expect("JSON");
    assert!(entry.contains("refused") && entry.contains("public key"), "{entry}");
    rule.told()
}

#[test]
fn p9_every_kind_of_bad_key_is_refused_at_the_ca_and_journaled() {
    let world = World::new();
    let sound = sound_modulus(&world);
    let exponent = [1, 0, 1];
    let mut even = sound.clone();
    *even.last_mut().expect("octets") &= 0xfe;
    let mut short = sound.clone();
    short[0] = 0x7f;
    let cases = [
        (rsa(&even, &exponent), "even"),
        (rsa(&sound, &[3]), "exponent"),
        (rsa(&short, &exponent), "rsa-2047"),
        (rsa(&[0xff; 256], &exponent), "divisible by 3"),
        (rsa(&roca_modulus(), &exponent), "ROCA"),
        (rsa(&sound, &exponent), "certified once"),
        (b"no key".to_vec(), "malformed"),
    ];
    for (spki, rule) in cases {
        let told = refusal(&world, &world.auth, spki);
        assert!(told.contains(rule), "{rule}: {told}");
    }
}

fn listed(spki: &[u8]) -> Arc<WeakKeys> {
    let digest = SpkiInfo::parse(spki).expect("a key").spki_sha256();
    let hex: String = digest.iter().map(|octet| format!("{octet:02x}")).collect();
    let text = format!("# Debian, 2008\n{}\n{hex}\n", "00".repeat(32));
    Arc::new(WeakKeys::read(text.as_bytes()).expect("a list"))
}

#[test]
fn p9_a_key_on_the_list_of_weak_keys_is_refused_to_servers_and_holders() {
    let world = World::new();
    let sound = sound_modulus(&world);
    // Another modulus that no rule but the list refuses.
    let spki = (1..=u8::MAX)
        .map(|change| {
            let mut modulus = sound.clone();
            modulus[100] ^= change;
            modulus
        })
        .find(|modulus| small_factor(modulus).is_none())
        .map(|modulus| rsa(&modulus, &[1, 0, 1]))
        .expect("one of 255 has no small factor");
    let open = |policy, list| {
        CertificationAuthority::open(policy, world.scratch.store.clone(), world.keys.clone())
            .expect("the CA")
            .refusing(list)
    };
    let told = refusal(&world, &open(AUTH, listed(&spki)), spki.clone());
    assert!(told.contains("blocklist"), "{told}");
    let issued = world.auth.service_certificates().issue(&act(&world.clock), &server(spki));
    issued.expect("nothing but the list refuses it");

    let (now, kind, mut card) = (act(&world.clock), ApplicationKind::IssueOnCard, card(1));
    let request = sign_request(&world.sign, &now, 1, kind, &mut card);
    let KeySource::OnCard { spki, .. } = &request.key else { panic!("S has holder keys") };
    let careful = open(SIGN, listed(spki));
    let request = sign_request_again(&careful, &now, 1, kind, &card);
    let error =
        careful.user_certificates().issue(&act(&world.clock), request).expect_err("a listed key");
    assert!(error.to_string().contains("blocklist"), "{error}");
}
