//! Every operation of the CA that changes anything leaves its entry, done, undone or refused (E1).

use ca::{CertificationAuthority, RevocationOrder, ServiceRequest};
use card::CardSlot;
use domain::act::{Act, Actor};
use domain::algorithm::KeyAlgorithm;
use domain::application::ApplicationKind;
use domain::certificate::CertificateKind;
use domain::journal::EventKind;
use domain::revocation::{Requester, RevocationCause};
use store::reads::ReadJournal;
use testkit::{act, clerk};

use super::world::{KAWAGUCHI, SIGN, World, auth_request, card, possession, sign_request};

/// The kinds and results of the entries that one act left, in order.
fn entries(world: &World, act: &Act) -> Vec<String> {
    let journal = world.scratch.store.journal(0, 10_000).expect("a journal");
    let texts = journal.into_iter().map(|(_, body)| String::from_utf8(body).expect("JSON"));
    let operation = format!("\"{}\"", act.operation);
    let actor = match &act.actor {
        Actor::WindowClerk { id, .. } | Actor::CallCentreAgent(id) | Actor::Staff(id) => {
            format!("\"id\":\"{id}\"")
        }
        other => panic!("{other:?} does not act here"),
    };
    texts
        .filter(|text| text.contains(&operation))
        .map(|text| {
            assert!(text.contains(&actor), "{text} does not say who");
            let kind = EventKind::ALL
                .iter()
                .find(|kind| text.contains(&format!("\"kind\":\"{}\"", kind.name())));
            let results = ["done", "no-op", "refused"];
            let result = results.iter().find(|r| text.contains(&format!("\"result\":\"{r}\"")));
            format!("{} {}", kind.expect("a kind"), result.expect("a result"))
        })
        .collect()
}

fn expect(world: &World, act: &Act, wanted: &[&str]) {
    assert_eq!(entries(world, act), wanted, "{}", act.operation);
}

const ISSUE: [&str; 2] = ["certificate-intended done", "certificate-issued done"];

fn order(cause: RevocationCause, requester: Requester) -> RevocationOrder {
    RevocationOrder { cause, requester, approver: None }
}

#[test]
fn e1_setting_up_certifying_servers_and_publishing_leave_their_entries() {
    let world = World::new();
    let staff = || act(&world.clock);
    let [intended, issued] = ISSUE;

    let now = staff();
    let policy = SIGN.replace("ca = \"saitama-sign\"", "ca = \"another-sign\"");
    let (store, keys) = (world.scratch.store.clone(), world.keys.clone());
    CertificationAuthority::set_up(&now, &policy, store, keys).expect("a CA");
    let set_up = ["ca-created done", "key-generated done", intended, issued, "ca-created done"];
    expect(&world, &now, &set_up);

    let now = staff();
    let root = world.auth.generations().current_at(now.at).expect("a key");
    world.auth.responders().set_up(&now, &root, &*world.keys).expect("a responder");
    expect(&world, &now, &["key-generated done", intended, issued]);

    let label = "tls-1".parse().expect("a label");
    let key = world.keys.generate(&label, KeyAlgorithm::Rsa2048).expect("a key");
    let request = ServiceRequest {
        kind: CertificateKind::TlsServer,
        common_name: "server".to_owned(),
        spki: key.spki_der,
        dns_names: vec!["localhost".to_owned()],
        addresses: Vec::new(),
    };
    let now = staff();
    world.auth.service_certificates().issue(&now, &request).expect("a certificate");
    expect(&world, &now, &ISSUE);
    let now = staff();
    world.auth.service_certificates().issue(&now, &request).expect_err("the key is known");
    expect(&world, &now, &["certificate-intended refused"]);

    let now = staff();
    let series = world.auth.list_series().all().expect("series").remove(0);
    world.auth.lists().publish(&now, &series).expect("published");
    expect(&world, &now, &["crl-built done", "crl-published done"]);
}

#[test]
fn e1_the_issue_and_delivery_of_a_certificate_leave_their_entries() {
    let world = World::new();
    let window = || clerk(&world.clock, KAWAGUCHI);
    let mut first = card(1);
    let request = auth_request(1, ApplicationKind::IssueWithCard, &first);
    let now = window();
    let issued = world.auth.user_certificates().issue(&now, request).expect("issued");
    // The CA's copy of the holder's key is gone before anything is signed (A 6.2.7.2).
    expect(&world, &now, &["key-destroyed done", ISSUE[0], ISSUE[1]]);
    let wrapped = issued.wrapped_key.expect("the CA made the key");
    let slot = CardSlot::Authentication;
    first.load_private_key(slot, KeyAlgorithm::Rsa2048, &wrapped).expect("the key fits");
    for result in ["done", "no-op"] {
        let now = window();
        let proof = possession(&world.auth, &now, &issued.serial, &first);
        world.auth.life().deliver(&now, &issued.serial, &proof).expect("delivered");
        expect(&world, &now, &[&format!("certificate-delivered {result}")]);
    }
    let mut newer = card(1);
    let request = auth_request(1, ApplicationKind::IssueWithCard, &newer);
    let renewed = world.issue_auth(&mut newer, request).expect("issued");
    let now = window();
    let proof = possession(&world.auth, &now, &renewed.serial, &newer);
    world.auth.life().deliver(&now, &renewed.serial, &proof).expect("delivered");
    expect(&world, &now, &["certificate-delivered done", "certificate-revoked done"]);

    let request =
        sign_request(&world.sign, &window(), 2, ApplicationKind::IssueOnCard, &mut card(2));
    let undelivered =
        world.sign.user_certificates().issue(&window(), request).expect("issued").serial;
    let now = window();
    let discard = order(RevocationCause::DestroyedBeforeDelivery, Requester::Mayor);
    world.sign.life().revoke(&now, &undelivered, &discard).expect("discarded");
    expect(&world, &now, &["certificate-discarded done"]);
}

#[test]
fn e1_hold_release_and_revocation_leave_their_entries() {
    let world = World::new();
    let serial = world.good_auth(1);
    let window = || clerk(&world.clock, KAWAGUCHI);
    let agent = || Actor::CallCentreAgent("agent".parse().expect("an id"));
    let phone = || Act { actor: agent(), ..act(&world.clock) };
    for result in ["done", "no-op"] {
        let now = phone();
        world.auth.life().hold(&now, &serial).expect("held");
        expect(&world, &now, &[&format!("certificate-held {result}")]);
    }
    for (now, result) in [(phone(), "refused"), (window(), "done"), (window(), "refused")] {
        let released = world.auth.life().release(&now, &serial);
        assert_eq!(released.is_ok(), result == "done");
        expect(&world, &now, &[&format!("certificate-released {result}")]);
    }
    let orders = [
        (RevocationCause::UseEnded, Requester::Mayor, "refused"),
        (RevocationCause::UseEnded, Requester::Holder, "done"),
        (RevocationCause::UseEnded, Requester::Holder, "no-op"),
        (RevocationCause::KeyCompromised, Requester::Holder, "refused"),
    ];
    for (cause, requester, result) in orders {
        let now = window();
        let revoked = world.auth.life().revoke(&now, &serial, &order(cause, requester));
        assert_eq!(revoked.is_ok(), result != "refused");
        expect(&world, &now, &[&format!("certificate-revoked {result}")]);
    }
}
