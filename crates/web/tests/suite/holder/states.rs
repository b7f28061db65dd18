//! The state of one's own certificates (W9).

use domain::certificate::{CertificateKind, CertificateState};
use serde_json::{Value, json};

use super::cards::*;
use crate::suite::world::World;

fn state(world: &World, card: &Card) -> (Value, Value) {
    let body = world.visit(Some(&card.name), "/").expect(200);
    assert_eq!(body["certificate"]["serial"], card.serial.to_string(), "{body}");
    (body["certificate"].clone(), body["others"].clone())
}

#[test]
fn w9_a_good_certificate_shows_itself_and_its_holders_others_at_both_cas() {
    let world = World::new();
    let (card, signature) = (world.hanako(), world.hanakos_signature());
    let old = world.card(&Wish { state: revoked(world.clock.now()), ..Wish::default() });
    world.card(&Wish { holder: TSUKIKO, ..Wish::default() });
    let (own, others) = state(&world, &card);
    assert_eq!((&own["state"], &own["ca"]), (&json!("good"), &json!(AUTH)));
    assert_eq!(own["online_causes"], json!(["use-ended"]));
    let others: Vec<_> = others.as_array().expect("others").iter().collect();
    let serials: Vec<_> = others.iter().map(|one| one["serial"].as_str().expect("one")).collect();
    assert_eq!(serials, [old.serial.to_string(), signature.serial.to_string()]);
    assert_eq!(others[0]["reason"], "keyCompromise");
    assert_eq!(others[0]["online_causes"], json!([]));
    assert_eq!(others[1]["state"], "good");
    let page = world.at_the_page(Some(&card.name), ("GET", "/"), None, &[]);
    assert_eq!(page.status, 200);
    let page = String::from_utf8(page.body).expect("UTF-8");
    for text in ["有効", "失効", "利用者の秘密鍵の危殆化", "現在", &signature.serial.to_string()]
    {
        assert!(page.contains(text), "{text}: {page}");
    }
}

#[test]
fn w9_a_certificate_that_ended_shows_itself_alone() {
    let world = World::new();
    world.hanakos_signature();
    let since = world.clock.now();
    for (wish, expected) in [
        (Wish { state: CertificateState::Held { since }, ..Wish::default() }, "held"),
        (Wish { state: revoked(since), ..Wish::default() }, "revoked"),
        (Wish { days: (-30, -1), ..Wish::default() }, "expired"),
    ] {
        let card = world.card(&wish);
        let (own, others) = state(&world, &card);
        assert_eq!(own["state"], expected);
        assert!(others.is_null(), "{others}");
        let since_then = (expected != "expired").then(|| since.to_string());
        assert!(since_then.is_none_or(|since| own["since"] == since), "{own}");
    }
}

#[test]
fn w9_every_look_is_an_entry_that_names_the_certificate_and_no_person() {
    let world = World::new();
    let card = world.hanako();
    let entries = world.entries();
    state(&world, &card);
    let said = world.journal_from(entries);
    assert_eq!(said.len(), 1, "{said:?}");
    let actor = format!(r#""role":"holder","ca":"jpki-auth","serial":"{}""#, card.serial);
    assert!(said[0].contains(&actor) && said[0].contains("records-read"), "{said:?}");
    assert!(!said[0].contains("10000000001"), "{said:?}");
}

#[test]
fn w9_whoever_comes_with_anything_else_reads_why_they_are_refused() {
    let world = World::new();
    world.foreign("foreign");
    // A CA of the right name with another key, and a certificate of ours with one octet changed.
    let real = world.hanako();
    let mut altered = world.der(&real.name);
    let last = altered.len() - 1;
    altered[last] ^= 1;
    world.write_certificate("altered", &altered);
    let key = format!("{}.key", real.name);
    std::fs::copy(world.scratch.path().join(key), world.scratch.path().join("altered.key"))
        .expect("copied");
    let service = world.card(&Wish { kind: CertificateKind::TlsServer, ..Wish::default() });
    // Not of 1,024 bits: openssl's client offers no such key.
    let signature = world.card(&Wish { ca: SIGN, ..Wish::default() });
    let early = world.card(&Wish { days: (1, 300), ..Wish::default() });
    let since = world.clock.now();
    let undelivered =
        world.card(&Wish { state: CertificateState::Undelivered { since }, ..Wish::default() });
    for (name, expected) in [
        ("foreign", "certificate-foreign"),
        ("altered", "certificate-altered"),
        (&service.name, "certificate-not-users"),
        (&signature.name, "certificate-for-signatures"),
        (&early.name, "certificate-not-yet-valid"),
        (&undelivered.name, "certificate-undelivered"),
    ] {
        let entries = world.entries();
        assert_eq!(code(world.visit(Some(name), "/"), 403), expected);
        let said = world.journal_from(entries);
        assert_eq!(said.len(), 1, "{said:?}");
        for part in ["access-refused", expected, "127.0.0.1", r#""role":"anonymous""#] {
            assert!(said[0].contains(part), "{part}: {said:?}");
        }
        let page = world.at_the_page(Some(name), ("GET", "/"), None, &[]);
        assert_eq!(page.status, 403);
        assert!(String::from_utf8_lossy(&page.body).contains("。"), "{expected}");
    }
}
