//! Requests that are refused: each with its code, nothing changed, journaled.

use domain::certificate::CertificateState;
use jiff::SignedDuration;

use super::cards::*;
use crate::suite::world::World;

const WHOLE: &str = "-nodetach -outform DER";

/// Sends what must be refused with this code: the target stands as before, the journal has it.
#[track_caller]
fn refused(world: &World, target: &Card, message: &[u8], status: u16, expected: &str) {
    let (entries, before) = (world.entries(), world.state(target));
    assert_eq!(code(world.send(message), status), expected);
    assert_eq!(world.state(target), before, "{expected}");
    let mut said = world.journal_from(entries);
    // Another of the kind within the minute is counted to the first, and told when it is over.
    if said.is_empty() {
        said = world.journal_from(0).into_iter().filter(|entry| entry.contains(expected)).collect();
    }
    assert_eq!(said.len(), 1, "{expected}: {said:?}");
    for part in ["application-refused", expected, r#""result":"refused""#, "127.0.0.1"] {
        assert!(said[0].contains(part), "{part}: {said:?}");
    }
}

#[test]
fn l7_a_signer_who_may_not_sign_is_refused() {
    let world = World::new();
    let card = world.hanako();
    let since = world.clock.now();
    let sign = || Wish { ca: SIGN, ..Wish::default() };
    world.foreign("foreign");
    let altered = world.card(&sign());
    let mut der = world.der(&altered.name);
    *der.last_mut().expect("octets") ^= 1;
    world.write_certificate(&altered.name, &der);
    world.draft(&card);
    let signers = [
        ("foreign".to_owned(), "certificate-foreign"),
        (altered.name, "certificate-altered"),
        (world.card(&Wish { days: (-30, -1), ..sign() }).name, "certificate-expired"),
        (world.card(&Wish { days: (1, 30), ..sign() }).name, "certificate-not-yet-valid"),
        (world.card(&Wish { state: revoked(since), ..sign() }).name, "certificate-revoked"),
        (
            world.card(&Wish { state: CertificateState::Held { since }, ..sign() }).name,
            "certificate-held",
        ),
        (
            world.card(&Wish { state: CertificateState::Undelivered { since }, ..sign() }).name,
            "certificate-undelivered",
        ),
        (card.name.clone(), "certificate-not-for-signatures"),
        (world.card(&Wish { holder: TSUKIKO, ..sign() }).name, "target-not-own"),
    ];
    for (signer, expected) in signers {
        refused(&world, &card, &world.sign(&signer, WHOLE), 403, expected);
    }
}

#[test]
fn l7_a_message_that_is_no_whole_signature_of_one_signer_is_refused() {
    let world = World::new();
    let (card, signature) = (world.hanako(), world.hanakos_signature());
    let second = world.card(&Wish { ca: SIGN, holder: TSUKIKO, ..Wish::default() });
    world.draft(&card);
    let two = format!("{WHOLE} -signer {0}.pem -inkey {0}.key", second.name);
    for (options, expected) in [
        ("-outform DER", "message-detached"),
        (&two, "message-signers"),
        ("-nodetach -outform DER -noattr", "message-attributes"),
        ("-nodetach -outform DER -nocerts", "message-without-certificate"),
        ("-nodetach -outform DER -keyopt rsa_padding_mode:pss", "message-algorithm"),
        ("-nodetach -outform DER -md sha384", "message-algorithm"),
        ("-nodetach -outform DER -md sha512", "message-algorithm"),
    ] {
        let message = world.sign(&signature.name, options);
        refused(&world, &card, &message, 400, expected);
    }
    for rubbish in [&b""[..], b"rubbish!", &[0x30, 0x82], b"-----BEGIN CMS-----\n"] {
        refused(&world, &card, rubbish, 400, "message-unreadable");
    }
    let message = world.signed(&signature);
    let mut altered = message.clone();
    let at = message.windows(9).position(|part| part == b"use-ended").expect("the text");
    altered[at] = b'U';
    refused(&world, &card, &altered, 403, "message-altered");
    let mut altered = message;
    *altered.last_mut().expect("octets") ^= 1;
    refused(&world, &card, &altered, 403, "signature-invalid");
    let long = vec![b'M'; (64 << 10) + 1];
    assert_eq!(code(world.send(&long), 413), "too-large");
}

#[test]
fn l7_a_revoked_signers_state_is_told_to_nobody_who_cannot_sign() {
    let world = World::new();
    let card = world.hanako();
    let state = revoked(world.clock.now());
    let signer = world.card(&Wish { ca: SIGN, state, ..Wish::default() });
    world.draft(&card);
    let mut message = world.signed(&signer);
    *message.last_mut().expect("octets") ^= 1;
    refused(&world, &card, &message, 403, "signature-invalid");
}

#[test]
fn l7_a_text_that_was_not_given_out_or_is_old_or_used_is_refused() {
    let world = World::new();
    let (card, other, signature) = (world.hanako(), world.hanako(), world.hanakos_signature());
    let sent = |text: &str, expected: &str| {
        world.scratch.write("request", text);
        refused(&world, &card, &world.signed(&signature), 422, expected);
    };
    let text = world.draft(&card);
    sent("失効してください。\n", "content-unreadable");
    sent(&text.replacen('\n', "\r\n", 1), "content-unreadable");
    sent(&text.replace(&card.serial.to_string(), &other.serial.to_string()), "nonce-foreign");
    let text = world.draft(&card);
    world.clock.advance(SignedDuration::from_mins(11));
    sent(&text, "nonce-expired");
}

#[test]
fn l7_what_cannot_be_asked_online_is_refused() {
    let world = World::new();
    let (card, signature) = (world.hanako(), world.hanakos_signature());
    let unknown = Card { serial: "77".parse().expect("a serial"), ..card.clone() };
    world.draft(&unknown);
    refused(&world, &card, &world.signed(&signature), 403, "target-not-own");
    let since = world.clock.now();
    for wish in [
        Wish { days: (-30, -1), ..Wish::default() },
        Wish { state: revoked(since), ..Wish::default() },
    ] {
        let ended = world.card(&wish);
        world.draft(&ended);
        refused(&world, &ended, &world.signed(&signature), 422, "target-ended");
    }
    let undelivered =
        world.card(&Wish { state: CertificateState::Undelivered { since }, ..Wish::default() });
    world.draft(&undelivered);
    refused(&world, &undelivered, &world.signed(&signature), 422, "target-undelivered");
    for (query, status, expected) in [
        ("ca=nobody&serial=0a&cause=use-ended", 404, "ca-unknown"),
        ("ca=jpki-auth&serial=xyz&cause=use-ended", 400, "serial-malformed"),
        // A lost key is reported at the window alone (A 4.9.3.1(2), S 4-4-2-3).
        ("ca=jpki-auth&serial=0a&cause=key-compromised", 422, "cause-not-online"),
        ("ca=jpki-auth&serial=0a&cause=boredom", 422, "cause-not-online"),
        ("ca=jpki-auth&serial=0a", 400, "malformed"),
    ] {
        let path = format!("/revocation-request?{query}");
        assert_eq!(code(world.visit(None, &path), status), expected, "{query}");
    }
}
