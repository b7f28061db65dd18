//! Revocation asked for online, signed with the signature certificate (L7).

use std::sync::Arc;

use ca::CertificationAuthority;
use domain::act::Act;
use domain::certificate::CertificateState;
use domain::revocation::RevocationReason;
use jiff::SignedDuration;
use keys::MemoryKeyStore;
use ra::holder::Holders;
use serde_json::Value;
use store::Store;
use store::reads::ReadWindows;
use testkit::{Scratch, adopt_policy};

use super::cards::*;
use crate::suite::client::Reply;
use crate::suite::world::{AUTH as AUTH_POLICY, World, joined, set_up};

/// The policy's row for the cause, with and without the holder.
const OPEN: &str =
    "cause = \"use-ended\"\nreason = 5\nrequested_by = [\"holder\", \"agent\"]\nonline = true";
const CLOSED: &str = "cause = \"use-ended\"\nreason = 5\nrequested_by = [\"agent\"]";
const CEASED: RevocationReason = RevocationReason::CessationOfOperation;

fn ended(world: &World, card: &Card) -> bool {
    matches!(world.state(card), CertificateState::Revoked { reason: CEASED, .. })
}

/// What must not differ between two answers to one request.
fn receipt(reply: Reply) -> Value {
    reply.expect(200)
}

#[test]
fn l7_a_signed_request_revokes_and_the_receipt_says_so() {
    let world = World::new();
    let (card, signature) = (world.hanako(), world.hanakos_signature());
    let text = world.draft(&card);
    for part in ["電子証明書失効申請書", "jpki-auth", "use-ended（サービスの利用の取りやめ）"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let message = world.signed(&signature);
    let entries = world.entries();
    let first = receipt(world.send(&message));
    assert!(ended(&world, &card) && !ended(&world, &signature));
    assert_eq!(first["serial"], card.serial.to_string());
    assert_eq!(
        (&first["outcome"], &first["reason"]),
        (&"revoked".into(), &CEASED.to_string().into())
    );
    let said = world.journal_from(entries);
    let kinds = ["application-received", "certificate-revoked", "application-completed"];
    assert_eq!(said.len(), kinds.len(), "{said:?}");
    for (entry, kind) in said.iter().zip(kinds) {
        let actor =
            format!(r#""role":"holder","ca":"saitama-sign","serial":"{}""#, signature.serial);
        assert!(entry.contains(kind) && entry.contains(&actor), "{kind}: {entry}");
    }
    assert_eq!(first["journal_entry"], entries + 1, "{first}");
    let shown = first["text"].as_str().expect("a text");
    for part in ["受理通知書", "受付番号", "処理完了日時", "公的個人認証サービス"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let id = first["receipt"].as_str().expect("a number").parse().expect("an id");
    let row = world.scratch.store.holder_request(&id).expect("read").expect("a record");
    assert_eq!(row.signed, message, "the evidence, octet for octet");
}

#[test]
fn l7_the_same_message_again_answers_the_same_even_when_its_signer_ended_itself() {
    let world = World::new();
    let signature = world.hanakos_signature();
    world.draft(&signature);
    let message = world.signed(&signature);
    let first = receipt(world.send(&message));
    assert!(ended(&world, &signature), "a signature certificate may end itself (S 4-4-2-2)");
    world.clock.advance(SignedDuration::from_hours(1));
    let entries = world.entries();
    assert_eq!(receipt(world.send(&message)), first);
    let said = world.journal_from(entries);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("no-op"), "{said:?}");
}

#[test]
fn l7_a_message_may_come_in_any_coat_and_from_the_pages_form() {
    let world = World::new();
    let signature = world.hanakos_signature();
    for options in ["-nodetach -outform PEM", "-nodetach", "-nodetach -outform DER -cades"] {
        let card = world.hanako();
        world.draft(&card);
        receipt(world.send(&world.sign(&signature.name, options)));
        assert!(ended(&world, &card), "{options}");
    }
    let card = world.hanako();
    world.draft(&card);
    world.sign(&signature.name, "-nodetach -outform PEM");
    let reply = world.at_the_page(
        None,
        ("POST", "/revocations"),
        None,
        &["--data-urlencode", "signed@signed"],
    );
    assert_eq!(reply.status, 200);
    assert!(String::from_utf8(reply.body).expect("UTF-8").contains("受理通知書"));
    assert!(ended(&world, &card));
}

#[test]
fn l7_a_held_certificate_can_be_ended_online() {
    let world = World::new();
    let signature = world.hanakos_signature();
    let state = CertificateState::Held { since: world.clock.now() };
    let card = world.card(&Wish { state, ..Wish::default() });
    world.draft(&card);
    receipt(world.send(&world.signed(&signature)));
    assert!(ended(&world, &card));
}

#[test]
fn l7_what_was_taken_in_is_carried_out_after_a_cut() {
    let world = World::new();
    let at = world.clock.now();
    let store: Arc<dyn Store> = world.scratch.store.clone();
    // A CA that answers nothing of use: the request is taken in, and not carried out.
    let elsewhere = Scratch::new();
    let lost = set_up(&elsewhere, &world.clock, &(Arc::new(MemoryKeyStore::new()) as _));
    let cut = Holders::new(store.clone(), joined(&lost, &store)).expect("randomness");
    let whole = Holders::new(store.clone(), joined(&world.authorities, &store)).expect("one");
    let signature = world.hanakos_signature();
    let mut messages = Vec::new();
    for target in [world.hanako(), signature.clone()] {
        let (ca, serial) = (target.ca.as_str(), target.serial.to_string());
        world.scratch.write("request", cut.draft(ca, &serial, "use-ended", at).expect("a text"));
        let message = world.signed(&signature);
        let request = cut.open(&message, at).expect("one of ours");
        let act = Act {
            actor: request.actor(),
            at,
            operation: request.id().as_str().parse().expect("an id"),
            standing: None,
            second: None,
            present: Default::default(),
        };
        cut.revoke(&act, &request).expect_err("cut");
        assert!(!ended(&world, &target));
        messages.push((target, message));
    }
    assert_eq!(store.open_holder_requests(10).expect("read").len(), 2);
    // The one is finished by who sends it again, the other by the program itself.
    let (target, message) = &messages[1];
    receipt(world.send(message));
    assert!(ended(&world, target), "the signer's own");
    let (target, message) = &messages[0];
    assert_eq!(whole.finish(at).expect("finished"), 1);
    assert_eq!(whole.finish(at).expect("nothing left"), 0);
    assert!(ended(&world, target));
    // Its signer is revoked by now, and still gets the receipt.
    assert_eq!(receipt(world.send(message))["serial"], target.serial.to_string());
}

#[test]
fn l7_a_text_is_good_for_one_message() {
    let world = World::new();
    let (card, signature) = (world.hanako(), world.hanakos_signature());
    world.draft(&card);
    let first = world.signed(&signature);
    let second = world.sign(&signature.name, "-nodetach -outform DER -nosmimecap");
    receipt(world.send(&first));
    assert_eq!(code(world.send(&second), 409), "nonce-used");
    let other = world.hanako();
    world.draft(&other);
    receipt(world.send(&world.signed(&signature)));
}

#[test]
fn l7_what_the_ca_refuses_after_all_is_closed_with_a_refusal() {
    let world = World::new();
    let (at, store) = (world.clock.now(), world.scratch.store.clone());
    let open: Arc<dyn Store> = store.clone();
    let elsewhere = Scratch::new();
    let lost = set_up(&elsewhere, &world.clock, &(Arc::new(MemoryKeyStore::new()) as _));
    let cut = Holders::new(open.clone(), joined(&lost, &open)).expect("randomness");
    let (card, signature) = (world.hanako(), world.hanakos_signature());
    let text = cut.draft(card.ca.as_str(), &card.serial.to_string(), "use-ended", at);
    world.scratch.write("request", text.expect("a text"));
    let message = world.signed(&signature);
    let request = cut.open(&message, at).expect("one of ours");
    let operation = request.id().as_str().parse().expect("an id");
    let act = Act::new(request.actor(), at, operation);
    cut.revoke(&act, &request).expect_err("cut");
    // Meanwhile the policy closes the cause to holders.
    let policy = AUTH_POLICY.replacen(OPEN, CLOSED, 1);
    assert_ne!(policy, AUTH_POLICY);
    adopt_policy(&*open, &world.clock, &card.ca, &policy);
    let stricter = CertificationAuthority::open(&policy, open.clone(), world.keys.clone());
    let mut authorities = world.authorities.clone();
    authorities.insert(card.ca.clone(), Arc::new(stricter.expect("a CA")));
    let strict = Holders::new(open.clone(), joined(&authorities, &open)).expect("one");
    let entries = world.entries();
    assert_eq!(strict.finish(at).expect("closed"), 1);
    assert_eq!(strict.finish(at).expect("nothing left"), 0, "it is not tried for ever");
    assert!(!ended(&world, &card));
    let said = world.journal_from(entries);
    assert_eq!(said.len(), 2, "the CA's refusal and the closing: {said:?}");
    assert!(said[1].contains("application-refused") && said[1].contains("holder"), "{said:?}");
    // The holder gets to know, each time the same, and the CA is not asked again.
    let told = world.send(&message).expect(422);
    assert_eq!((&told["outcome"], &told["revoked_at"]), (&"refused".into(), &Value::Null));
    assert!(told["text"].as_str().expect("a text").contains("不受理通知書"), "{told}");
    assert_eq!(world.send(&message).expect(422), told);
    assert!(!ended(&world, &card) && store.open_holder_requests(1).expect("read").is_empty());
}
