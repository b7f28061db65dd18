//! Issuers of client certificates that are none of ours: whom their lists let in, and whom nobody can
//! look up.

use std::fs::{self, File};

use jiff::{SignedDuration, Timestamp};
use jitsuin_web::desk::ForeignIssuer;
use serde_json::json;
use testkit::{Clock, OpensslCa, Scratch};

use super::at_work::{EC, NO_CA};
use crate::suite::client::{Proof, Reply};
use crate::suite::passkeys::Authenticator;
use crate::suite::world::World;

/// Where the lists lie.
const LISTS: &str = "foreign.crl";

/// A world whose configuration names what `certificates` makes, and the lists in [`LISTS`].
fn world(certificates: impl FnOnce(&Scratch) -> String) -> World {
    World::naming(|scratch| {
        let certificates = certificates(scratch).into_bytes();
        let issuer = ForeignIssuer::new(certificates, scratch.path().join(LISTS));
        vec![issuer.expect("an issuer")]
    })
}

impl World {
    fn publish(&self, lists: &[String]) {
        self.scratch.write(LISTS, lists.concat());
        self.catch_up();
    }

    fn expect_out(&self, name: &str, rule: &str) {
        self.put_on_file(name, "suzuki");
        assert_eq!(self.comes_in(name), 401, "{name}");
        let problem = self.registers("staff", name, Some(name)).problem(422);
        assert!(problem["detail"].to_string().contains(rule), "{name}: {problem}");
    }
}

#[test]
fn w2_a_certificate_of_a_named_issuer_comes_in_until_its_list_has_it() {
    let world = world(|scratch| OpensslCa::root(scratch.path(), "root", "/O=Cards/CN=Root").pem());
    let root = OpensslCa::at(world.scratch.path(), "root");
    root.certify("ichiro", "user");
    root.certify("jiro", "user");
    world.publish(&[root.list()]);
    for name in ["ichiro", "jiro"] {
        world.registers("staff", name, Some(name)).expect(201);
        assert_eq!(world.comes_in(name), 200, "{name}");
    }
    root.revoke("ichiro");
    world.publish(&[root.list()]);
    assert_eq!(world.comes_in("ichiro"), 401);
    assert_eq!(world.comes_in("jiro"), 200);
    root.certify("saburo", "user");
    root.revoke("saburo");
    world.publish(&[root.list()]);
    world.expect_out("saburo", "its issuer has revoked it");
}

/// Each of these was let in unlooked, although an issuer with its list was named.
#[test]
fn w2_whom_no_list_can_answer_for_is_not_let_in_where_an_issuer_is_named() {
    let world = world(|scratch| OpensslCa::root(scratch.path(), "root", "/O=Cards/CN=Root").pem());
    let scratch = &world.scratch;
    let root = OpensslCa::at(scratch.path(), "root");
    OpensslCa::root(scratch.path(), "rolled", "/O=Cards/CN=Root").certify("of-another-key", "user");
    let printable = OpensslCa::renamed(&root, "printable", "/O=Cards/CN=Root");
    printable.certify("of-printable", "user");
    let upper = OpensslCa::renamed(&root, "upper", "/O=CARDS/CN=root");
    upper.certify("of-upper", "user");
    OpensslCa::below(&root, "below").certify("of-one-below", "user");
    OpensslCa::root(scratch.path(), "other", "/CN=Elsewhere").certify("of-nobody-named", "user");
    // A name that its owner gave themselves is no issuer's either.
    world.own("self-named", &EC, &[&NO_CA[..], &["-subj", "/O=Cards/CN=Root"]].concat());
    world.publish(&[root.list()]);
    for (name, rule) in [
        ("of-another-key", "its issuer's list does not hold"),
        ("of-printable", "its issuer's list does not hold"),
        ("of-upper", "its issuer's list does not hold"),
        ("of-one-below", "none whose list is looked at"),
        ("of-nobody-named", "none whose list is looked at"),
        ("self-named", "its issuer's list does not hold"),
    ] {
        world.expect_out(name, rule);
    }
    // A certificate that nobody issued but its owner has nobody who could revoke it.
    world.own("own", &EC, &NO_CA);
    world.registers("staff", "own", Some("own")).expect(201);
    assert_eq!(world.comes_in("own"), 200);
}

/// Of a CA below, and of another key of the same name, each with its list.
#[test]
fn w2_cas_below_a_named_issuer_and_its_further_keys_are_looked_up_as_well() {
    let world = world(|scratch| {
        let root = OpensslCa::root(scratch.path(), "root", "/O=Cards/CN=Root");
        let below = OpensslCa::below(&root, "below");
        let rolled = OpensslCa::root(scratch.path(), "rolled", "/O=Cards/CN=Root");
        root.pem() + &below.pem() + &rolled.pem()
    });
    let scratch = &world.scratch;
    let [root, below, rolled] =
        ["root", "below", "rolled"].map(|name| OpensslCa::at(scratch.path(), name));
    for (ca, user) in [(&root, "ichiro"), (&below, "jiro"), (&below, "saburo"), (&rolled, "shiro")]
    {
        ca.certify(user, "user");
        world.put_on_file(user, "suzuki");
    }
    let comes_in = |users: [u16; 4]| {
        for (user, status) in ["ichiro", "jiro", "saburo", "shiro"].into_iter().zip(users) {
            assert_eq!(world.comes_in(user), status, "{user}");
        }
    };
    let [of_root, of_below, of_rolled] = [root.list(), below.list(), rolled.list()];
    world.publish(&[of_root.clone(), of_below.clone(), of_rolled.clone()]);
    comes_in([200, 200, 200, 200]);
    // Whether the CA below is good, its own list does not say.
    world.publish(&[of_below.clone(), of_rolled.clone()]);
    comes_in([401, 401, 401, 200]);
    world.publish(&[of_root.clone(), of_below.clone()]);
    comes_in([200, 200, 200, 401]);
    below.revoke("jiro");
    world.publish(&[of_root, below.list(), of_rolled.clone()]);
    comes_in([200, 401, 200, 200]);
    root.revoke("below");
    world.publish(&[root.list(), below.list(), of_rolled]);
    comes_in([200, 401, 401, 200]);
}

/// The operator hears of a list before the staff stand before a shut door.
#[test]
fn w2_a_named_issuer_says_until_when_its_lists_answer() {
    let (scratch, clock) = (Scratch::new(), Clock::at(&Timestamp::now().to_string()));
    let root = OpensslCa::root(scratch.path(), "root", "/O=Cards/CN=Root");
    let below = OpensslCa::below(&root, "below");
    root.certify("user", "user");
    let with = |certificates: &[String]| {
        let file = scratch.path().join(LISTS);
        ForeignIssuer::new(certificates.concat().into_bytes(), file)
    };
    let issuer = with(&[root.pem(), below.pem()]).expect("an issuer");
    clock.advance(SignedDuration::from_mins(1));
    let answers =
        |days: i64| issuer.answers_until(clock.now() + SignedDuration::from_hours(24 * days));
    assert!(answers(0).is_err(), "there is no file");
    scratch.write(LISTS, root.list());
    assert!(answers(0).expect_err("none of the CA below").contains("below"));
    scratch.write(LISTS, root.list() + &below.list());
    assert!(answers(0).expect("both") > clock.now() + SignedDuration::from_hours(24 * 9));
    assert!(answers(9).is_ok() && answers(11).expect_err("over").contains("ended"));
    // What is neither believed nor a CA's is a mistake in the configuration, told at the start.
    let user = OpensslCa::at(scratch.path(), "user").pem();
    assert!(with(&[root.pem(), user]).is_err() && with(&[below.pem()]).is_err());
    assert!(with(&["rubbish".to_owned()]).is_err());
}

#[test]
fn w2_a_list_that_is_missing_over_or_older_than_the_last_lets_nobody_in() {
    let world = world(|scratch| OpensslCa::root(scratch.path(), "root", "/O=Cards/CN=Root").pem());
    let root = OpensslCa::at(world.scratch.path(), "root");
    for user in ["ichiro", "jiro", "saburo"] {
        root.certify(user, "user");
        world.put_on_file(user, "suzuki");
    }
    assert_eq!(world.comes_in("ichiro"), 401, "there is no list");
    world.publish(&["rubbish".to_owned()]);
    assert_eq!(world.comes_in("ichiro"), 401, "it is no list");
    let first = root.list();
    world.publish(std::slice::from_ref(&first));
    assert_eq!((world.comes_in("ichiro"), world.comes_in("saburo")), (200, 200));
    root.revoke("jiro");
    let path = world.scratch.path().join(LISTS);
    let changed = || fs::metadata(&path).and_then(|file| file.modified()).expect("a time");
    // What was told lately is not believed of another file, be it said to be as old.
    let at = changed();
    world.publish(&[root.list()]);
    File::options().append(true).open(&path).and_then(|file| file.set_modified(at)).expect("set");
    assert_eq!(changed(), at);
    assert_eq!((world.comes_in("jiro"), world.comes_in("ichiro")), (401, 200));
    // An older list in its place takes no revocation back, and answers for nobody.
    world.publish(std::slice::from_ref(&first));
    assert_eq!((world.comes_in("jiro"), world.comes_in("ichiro")), (401, 401));
    let next = root.list();
    world.publish(&[first, next]);
    assert_eq!((world.comes_in("jiro"), world.comes_in("ichiro")), (401, 200));
    world.clock.advance(SignedDuration::from_hours(24 * 11));
    assert_eq!(world.comes_in("ichiro"), 401, "the list is over");
    world.scratch.write("gone", "");
    fs::remove_file(&path).expect("removed");
    assert_eq!(world.comes_in("saburo"), 401, "it is gone");
}

/// What somebody approved by a certificate is not carried out once that lets nobody in, whoever's list
/// says so.
#[test]
fn w2_w3_an_approval_by_a_certificate_that_is_revoked_since_does_not_count() {
    let world = world(|scratch| OpensslCa::root(scratch.path(), "root", "/O=Cards/CN=Root").pem());
    let root = OpensslCa::at(world.scratch.path(), "root");
    root.certify("ichiro", "user");
    world.publish(&[root.list()]);
    world.registers("staff", "ichiro", Some("ichiro")).expect(201);
    let found = world.get("staff", "/api/v1/cas/jpki-auth/certificates?limit=1").expect(200);
    let serial = found["certificates"][0]["serial"].as_str().expect("a serial").to_owned();
    let approve = |operation: &str| {
        let body = json!({
            "what": "revocation", "operation": operation, "ca": "jpki-auth", "serial": serial,
            "cause": "ca-key-compromised", "requester": "authority",
        });
        let (by, body) = (Proof::Certificate("ichiro"), body.to_string());
        world.ask(by, "POST", "/api/v1/approvals", Some(body.as_bytes()), &[]).expect(201);
    };
    let ask = |operation: &str| {
        let order = json!({
            "cause": "ca-key-compromised", "requester": "authority", "approver": "staff",
        });
        let (id, order) = (format!("Operation-Id: {operation}"), order.to_string());
        let path = format!("/api/v1/cas/jpki-auth/certificates/{serial}/revocation");
        let headers = ["-H", id.as_str()];
        world.ask(Proof::Token("suzuki"), "POST", &path, Some(order.as_bytes()), &headers)
    };
    approve("op-revoked");
    approve("op-good");
    root.revoke("ichiro");
    world.publish(&[root.list()]);
    let problem = ask("op-revoked").problem(422);
    assert_eq!(problem["field"], "approver", "{problem}");
    assert!(problem["detail"].to_string().contains("revoked"), "{problem}");
    // By a list on which it is not, the same is carried out.
    let other = OpensslCa::at(world.scratch.path(), "root");
    world.scratch.write("root.index", "");
    world.publish(&[other.list()]);
    ask("op-good").expect(200);
}

/// Whoever found a card of a senior operator has not the last word on who comes in, once it is revoked.
#[test]
fn w2_w3_what_a_certificate_proposed_that_is_revoked_since_is_not_confirmed() {
    let world = world(|scratch| OpensslCa::root(scratch.path(), "root", "/O=Cards/CN=Root").pem());
    let root = OpensslCa::at(world.scratch.path(), "root");
    root.certify("ichiro", "user");
    world.publish(&[root.list()]);
    world.registers("staff", "ichiro", Some("ichiro")).expect(201);
    let propose = |path: &str, body: serde_json::Value| {
        let (by, body) = (Proof::Certificate("ichiro"), body.to_string());
        world.ask(by, "POST", path, Some(body.as_bytes()), &[]).expect(201);
    };
    let confirm = |id: &str| {
        world.post("ca-manager", &format!("/api/v1/people/{id}/confirmation"), &json!({}))
    };
    for id in ["revoked", "good"] {
        propose("/api/v1/people", json!({ "id": id, "name": "新人", "roles": ["examiner"] }));
    }
    let change = json!({ "kind": "roles", "roles": ["senior-operator"] });
    root.revoke("ichiro");
    world.publish(&[root.list()]);
    let problem = confirm("revoked").problem(422);
    assert_eq!(problem["field"], "person", "{problem}");
    assert!(problem["detail"].to_string().contains("revoked"), "{problem}");
    // By a list on which it is not, the same is confirmed, and a change of somebody as well.
    world.scratch.write("root.index", "");
    world.publish(&[root.list()]);
    confirm("good").expect(200);
    let (by, change) = (Proof::Certificate("ichiro"), change.to_string());
    let path = "/api/v1/people/good/proposals";
    world.ask(by, "POST", path, Some(change.as_bytes()), &[]).expect(200);
    root.revoke("ichiro");
    world.publish(&[root.list()]);
    confirm("good").problem(422);
}

/// Whoever found a card keeps nothing that they made with it: no token, no passkey, no password, no
/// session, and no token that was made with one of these.
#[test]
fn w2_w3_what_was_made_with_a_certificate_lets_nobody_in_once_that_is_revoked() {
    const PASSWORD: &str = "correct horse battery";
    let world = world(|scratch| OpensslCa::root(scratch.path(), "root", "/O=Cards/CN=Root").pem());
    let root = OpensslCa::at(world.scratch.path(), "root");
    root.certify("ichiro", "user");
    world.publish(&[root.list()]);
    world.registers("staff", "ichiro", Some("ichiro")).expect(201);
    let with_it = |path: &str, body: serde_json::Value| {
        let (by, body) = (Proof::Certificate("ichiro"), body.to_string());
        world.ask(by, "POST", path, Some(body.as_bytes()), &[])
    };
    let token = |made: Reply| made.expect(201)["token"].as_str().expect("a token").to_owned();
    let mut authenticator = Authenticator::new(&world);
    let given = with_it("/api/v1/me/passkey-challenges", json!({})).expect(201);
    let passkey = authenticator.register(given["challenge"].as_str().expect("a challenge"));
    with_it("/api/v1/me/passkeys", passkey).expect(201);
    with_it("/api/v1/me/password", json!({ "new": PASSWORD })).expect(200);
    let first = token(with_it("/api/v1/me/tokens", json!({})));
    let second = token(world.post(&first, "/api/v1/me/tokens", &json!({})));
    let session = world.session("staff", PASSWORD);
    let mut opened = || world.open("passkey", &authenticator.answer(&world.challenge()));
    let strong = token(opened());
    let third = token(world.post(&strong, "/api/v1/me/tokens", &json!({})));
    let all = [&first, &second, &third, &session, &strong];
    let comes_in = |status: u16| {
        for one in all {
            assert_eq!(world.get(one, "/api/v1/people").status, status);
        }
        // What rests on no certificate goes on.
        assert_eq!(world.get("staff", "/api/v1/people").status, 200);
    };
    comes_in(200);
    root.revoke("ichiro");
    world.publish(&[root.list()]);
    comes_in(401);
    let problem = world.login("staff", PASSWORD).problem(401);
    assert!(problem["detail"].to_string().contains("revoked"), "{problem}");
    opened().problem(401);
    // Whoever does not know the password is told nothing of it.
    let problem = world.login("staff", "another horse").problem(401);
    assert!(!problem["detail"].to_string().contains("revoked"), "{problem}");
    // By a list on which it is not, all of them come in again.
    world.scratch.write("root.index", "");
    world.publish(&[root.list()]);
    comes_in(200);
}

/// The end of a card, and another one in its place, say nothing about who made what with the first.
#[test]
fn w2_w3_what_was_made_with_a_certificate_outlives_its_end_and_its_successor() {
    let world = world(|scratch| OpensslCa::root(scratch.path(), "root", "/O=Cards/CN=Root").pem());
    let root = OpensslCa::at(world.scratch.path(), "root");
    for name in ["first", "second", "third"] {
        root.certify(name, "user");
    }
    world.publish(&[root.list()]);
    world.registers("staff", "first", Some("first")).expect(201);
    let by_it = |path: &str, body: serde_json::Value| {
        world.ask(Proof::Certificate("first"), "POST", path, Some(body.to_string().as_bytes()), &[])
    };
    let made = by_it("/api/v1/me/tokens", json!({ "days": 366 })).expect(201);
    let token = made["token"].as_str().expect("a token");
    // The successor is registered by what the first one made.
    world.registers(token, "second", Some("second")).expect(201);
    let comes_in = |with_first: u16, after: u16| {
        assert_eq!(world.comes_in("first"), with_first);
        assert_eq!(world.get(token, "/api/v1/people").status, after);
        assert_eq!(world.comes_in("second"), after);
    };
    comes_in(200, 200);
    let revoke = |reason: &str| {
        world.scratch.write("root.index", "");
        root.openssl(&["ca", "-config", "%.cnf", "-revoke", "first.pem", "-crl_reason", reason]);
        world.publish(&[root.list()]);
    };
    revoke("superseded");
    comes_in(401, 200);
    revoke("keyCompromise");
    comes_in(401, 401);
    revoke("superseded");
    comes_in(401, 200);
    // Both end; what was made goes on, and is told of as a way in.
    world.scratch.write("root.index", "");
    root.openssl(&["ca", "-config", "%.cnf", "-gencrl", "-crldays", "200", "-out", "%.crl"]);
    world.publish(&[fs::read_to_string(root.file("crl")).expect("a list")]);
    world.clock.advance(SignedDuration::from_hours(24 * 101));
    assert_eq!((world.comes_in("first"), world.comes_in("second")), (401, 401));
    world.get(token, "/api/v1/people").expect(200);
}

/// A secret that is given again rests on what was asked with the first time.
#[test]
fn w3_a_secret_is_given_again_to_whom_it_was_given_by_the_same_certificate() {
    let world = world(|scratch| OpensslCa::root(scratch.path(), "root", "/O=Cards/CN=Root").pem());
    let root = OpensslCa::at(world.scratch.path(), "root");
    root.certify("ichiro", "user");
    world.publish(&[root.list()]);
    world.registers("staff", "ichiro", Some("ichiro")).expect(201);
    let (path, body) = ("/api/v1/me/tokens", json!({}));
    let with_it = |operation: &str| {
        let id = format!("Operation-Id: {operation}");
        let (by, body) = (Proof::Certificate("ichiro"), body.to_string());
        world.ask(by, "POST", path, Some(body.as_bytes()), &["-H", &id])
    };
    let without = |operation: &str| world.post_as(operation, "staff", path, &body);
    without("op-1").expect(201);
    with_it("op-1").problem(409);
    without("op-1").expect(201);
    with_it("op-2").expect(201);
    without("op-2").problem(409);
    with_it("op-2").expect(201);
}
