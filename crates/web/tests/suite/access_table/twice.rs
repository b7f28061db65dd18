//! Every operation that changes something, done once by somebody who may, and asked for again: by the
//! same person under the same id, by another person under it, and by a clerk of another municipality.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use domain::staff::Role;
use jiff::SignedDuration;
use jitsuin_web::desk::permission::Operation;
use rustls::version::TLS13;
use serde_json::{Value, json};
use testkit::run;

use super::caller::{Answer, Caller, Question};
use crate::suite::document::{Described, described};
use crate::suite::flow::{evidence, form};
use crate::suite::passkeys::Authenticator;
use crate::suite::service_requests::{end_of, for_server};
use crate::suite::world::{HANAKO, KAWAGUCHI, World, add_person, resident_number};

const PASSWORD: &str = "a horse, a battery";
/// Somebody of whom the register knows nothing.
const NOBODY: &str = "20000000001";

const APPLICATIONS: &str = "/api/v1/applications";
const REQUESTS: &str = "/api/v1/service-requests";

/// What differs between two answers to one operation.
const SECRETS: [&str; 3] = ["token", "enrolment_secret", "challenge"];

/// Method and path as the document has them.
type Route = (String, String);

/// What is said of each route.
type Lines = BTreeMap<Route, Vec<String>>;

/// Does everything once.
pub(super) fn walk() -> Lines {
    let world = World::new();
    for role in Role::ALL {
        for (name, municipality) in [("second", KAWAGUCHI), ("elsewhere", "11100")] {
            let municipality = role.is_municipal().then_some(municipality);
            add_person(&world.scratch, &world.clock, &format!("{name}-{role}"), role, municipality);
        }
    }
    let mut walk = Walk {
        world: &world,
        caller: Caller::new(&world),
        routes: described(),
        lines: Lines::new(),
        operations: 0,
    };
    let delivered = walk.application();
    walk.other_ends();
    walk.staff(delivered["serial"].as_str().expect("a serial"));
    walk.erase(delivered["card"].as_str().expect("a card"));
    walk.service_requests();
    walk.register();
    walk.people();
    walk.credentials();
    walk.sessions();
    walk.expect_all();
    walk.lines
}

struct Walk<'a> {
    world: &'a World,
    caller: Caller<'a>,
    routes: Vec<Described>,
    lines: Lines,
    operations: usize,
}

impl<'a> Walk<'a> {
    /// From the form to the delivered card, and what is done with the card; the application as it is then.
    fn application(&mut self) -> Value {
        let form = form(self.world, "jpki-auth", "issue-with-card", "");
        let one = self.received(&form);
        self.look(&one);
        self.look(APPLICATIONS);
        self.look(&format!("/api/v1/residents/{HANAKO}"));
        self.done("window-clerk", &format!("{one}/verification"), &evidence());
        self.done("window-supervisor", &format!("{one}/approval"), &json!({}));
        self.done("window-clerk", &format!("{one}/issue"), &json!({}));
        let pin = json!({ "authentication_pin": "4321" });
        let delivered = self.done("window-clerk", &format!("{one}/delivery"), &pin);
        let card = delivered["card"].as_str().expect("a card");
        let slot = "authentication";
        let mut reset = evidence();
        reset["slot"] = json!(slot);
        reset["new"] = json!("2468");
        self.done("window-clerk", "/api/v1/cards", &json!({}));
        for (what, body) in [
            ("card-readings", json!({})),
            ("card-secret-changes", json!({ "slot": slot, "present": "4321", "new": "8765" })),
            ("card-secret-resets", reset),
            ("card-reconciliations", json!({ "mend": true })),
        ] {
            self.done("window-clerk", &format!("/api/v1/{what}?card={card}"), &body);
        }
        self.hold_and_release();
        delivered
    }

    fn hold_and_release(&mut self) {
        let caller = json!({ "name": "青木　花子", "birth_date": "1980-01-02", "gender": "female",
            "address": "埼玉県川口市青木二丁目１番１号" });
        self.done("call-centre-agent", "/api/v1/holds", &caller);
        let one = self.received(&form(self.world, "jpki-auth", "hold-release", ""));
        self.done("window-clerk", &format!("{one}/verification"), &evidence());
        self.done("window-clerk", &format!("{one}/completion"), &json!({}));
    }

    /// Applications that come to nothing.
    fn other_ends(&mut self) {
        let mut form = form(self.world, "jpki-auth", "issue-with-card", "");
        form["resident"] = json!("10000000002");
        form["given_name"] = json!("月子");
        form["address"] = json!("埼玉県川口市青木二丁目２番１号");
        let one = self.received(&form);
        let reason = json!({ "reason": "not who they say" });
        self.done("window-clerk", &format!("{one}/refusal"), &reason);
        let one = self.received(&form);
        self.done("window-clerk", &format!("{one}/withdrawal"), &json!({}));
        let one = self.received(&form);
        self.done("window-clerk", &format!("{one}/verification"), &evidence());
        self.done("window-clerk", &format!("{one}/issue"), &json!({}));
        self.done("window-clerk", &format!("{one}/discard"), &json!({}));
    }

    fn received(&mut self, form: &Value) -> String {
        let received = self.done("window-clerk", APPLICATIONS, form);
        format!("{APPLICATIONS}/{}", received["id"].as_str().expect("an id"))
    }

    /// What the staff does to certificates, lists and keys.
    fn staff(&mut self, serial: &str) {
        let approval = json!({ "what": "revocation", "operation": "walk-approved",
            "ca": "jpki-auth", "serial": serial, "cause": "ca-key-compromised",
            "requester": "authority" });
        self.done("senior-operator", "/api/v1/approvals", &approval);
        let order = json!({ "cause": "recording-error", "requester": "mayor" });
        let path = format!("/api/v1/cas/jpki-auth/certificates/{serial}/revocation");
        self.done("senior-operator", &path, &order);
        self.world.clock.advance(SignedDuration::from_secs(1));
        self.done("repository-operator", "/api/v1/cas/jpki-auth/publication", &json!({}));
        self.world.clock.advance(SignedDuration::from_hours(25));
        self.done("repository-operator", "/api/v1/publication", &json!({}));
        let passphrase = json!({ "passphrase": "six words that nobody else knows" });
        self.done("key-custodian", "/api/v1/keys/activation", &passphrase);
        self.done("key-custodian", "/api/v1/keys/deactivation", &json!({}));
        let reason = json!({ "reason": "a medium is missing" });
        self.done("ca-manager", "/api/v1/ceremonies/renewal-1/abandonment", &reason);
        let script = json!({ "script_sha256": "00".repeat(32) });
        self.done("window-clerk", "/api/v1/ceremonies/renewal-1/attendances", &script);
        let keys = json!({ "keys": ["00".repeat(32)] });
        self.done("general-operator", "/api/v1/weak-key-searches", &keys);
        let path = "/api/v1/cas/saitama-sign/generations/1/compromise";
        self.done("senior-operator", path, &json!({}));
    }

    fn service_requests(&mut self) {
        let asked = for_server(self.world, "first");
        let one = self.requested(&asked, 3);
        let issued = self.step_by_two(&format!("{one}/issue"));
        let one = self.requested(&end_of(&issued["serial"]), 3);
        self.step_by_two(&format!("{one}/revocation"));
        let asked = for_server(self.world, "second");
        let one = self.requested(&asked, 1);
        let reason = json!({ "reason": "the name is another's" });
        self.done("approver", &format!("{one}/refusal"), &reason);
        let one = self.requested(&asked, 0);
        self.done("intake-clerk", &format!("{one}/withdrawal"), &json!({}));
    }

    /// Takes a request in and leads it through so many hands.
    fn requested(&mut self, body: &Value, hands: usize) -> String {
        let received = self.done("intake-clerk", REQUESTS, body);
        let one = format!("{REQUESTS}/{}", received["id"].as_str().expect("an id"));
        let findings = json!({ "findings": "the applicant is entitled" });
        let steps = [
            ("examination", "examiner", findings),
            ("approval", "approver", json!({})),
            ("release", "senior-operator", json!({})),
        ];
        for (step, who, body) in &steps[..hands] {
            self.done(who, &format!("{one}/{step}"), body);
        }
        one
    }

    /// A step that the one who released it may not take.
    fn step_by_two(&mut self, path: &str) -> Value {
        let people = ["second-senior-operator", "senior-operator"];
        self.done_by(people, None, path, &json!({}))
    }

    fn register(&mut self) {
        let resident = |number| format!("/api/v1/residents/{}", resident_number(number).code);
        let address = json!({ "address": "埼玉県川口市青木三丁目１番" });
        let today = domain::validity::civil_date(self.world.clock.now());
        for (what, number, body) in [
            ("death", 0, json!({})),
            ("address", 1, address),
            ("move-out", 2, json!({ "planned": today.to_string() })),
        ] {
            self.done("general-operator", &format!("{}/{what}", resident(number)), &body);
        }
        self.done("general-operator", "/api/v1/register-runs", &json!({}));
        let invented = json!({ "municipalities": [KAWAGUCHI] });
        self.done("general-operator", "/api/v1/register/invented-residents", &invented);
    }

    /// What is on a card, and what there is about somebody of whom the register knows nothing.
    fn erase(&mut self, card: &str) {
        let erasure = json!({ "slot": "authentication", "reason": "the holder asks for it" });
        self.done("window-clerk", &format!("/api/v1/card-erasures?card={card}"), &erasure);
        let approved = format!("walk-{}", self.operations + 1);
        let approval = json!({ "what": "erasure", "operation": approved, "resident": NOBODY });
        let approves = self.post(Some("staff"), "approves", "/api/v1/approvals", &approval);
        assert_eq!(approves.status, 201, "{approves:?}");
        let permit = json!({ "approver": "staff" });
        self.done("senior-operator", &format!("/api/v1/residents/{NOBODY}/erasure"), &permit);
    }

    fn people(&mut self) {
        let people = "/api/v1/people";
        let person = json!({ "id": "walker", "name": "見本　三郎", "roles": ["examiner"] });
        let roles = json!({ "kind": "roles", "roles": ["approver"] });
        self.done("senior-operator", people, &person);
        let walker = format!("{people}/walker");
        self.done("ca-manager", &format!("{walker}/confirmation"), &json!({}));
        self.done("senior-operator", &format!("{walker}/proposals"), &roles);
        self.done("ca-manager", &format!("{walker}/refusal"), &json!({}));
        self.done("senior-operator", &format!("{walker}/suspension"), &json!({}));
    }

    fn credentials(&mut self) {
        let (own, who) = ("/api/v1/me", "approver");
        self.done(who, &format!("{own}/password"), &json!({ "new": PASSWORD }));
        self.done(who, &format!("{own}/tokens"), &json!({}));
        let given = self.done(who, &format!("{own}/passkey-challenges"), &json!({}));
        let mut authenticator = Authenticator::new(self.world);
        let body = authenticator.register(given["challenge"].as_str().expect("a challenge"));
        self.done(who, &format!("{own}/passkeys"), &body);
        // The browser shows it in the handshake.
        let kept = std::mem::replace(&mut self.caller, with_certificate(self.world));
        let pem = std::fs::read_to_string(self.world.scratch.path().join("own.pem"));
        let body = json!({ "certificate_pem": pem.expect("PEM") });
        self.done(who, &format!("{own}/certificates"), &body);
        self.caller = kept;
        let given = self.strangers("/api/v1/sessions/passkey-challenges", &json!({}));
        let answer = authenticator.answer(given["challenge"].as_str().expect("a challenge"));
        self.strangers("/api/v1/sessions/passkey", &answer);
    }

    fn sessions(&mut self) {
        let login = json!({ "id": "approver", "password": PASSWORD });
        let opened = self.strangers("/api/v1/sessions", &login);
        let session = opened["token"].as_str().expect("a session");
        self.done_by([session, "second-approver"], None, "/api/v1/sessions/end", &json!({}));
    }

    /// Has somebody of a role do it, after a clerk of another municipality has tried where the role is
    /// a municipality's; then again, then by the second person of the role.
    fn done(&mut self, role: &str, path: &str, body: &Value) -> Value {
        let elsewhere = role.starts_with("window-").then(|| format!("elsewhere-{role}"));
        let second = format!("second-{role}");
        self.done_by([role, &second], elsewhere.as_deref(), path, body)
    }

    fn done_by(
        &mut self,
        [who, other]: [&str; 2],
        elsewhere: Option<&str>,
        path: &str,
        body: &Value,
    ) -> Value {
        let operation = self.next_operation();
        let mut lines = Vec::new();
        if let Some(clerk) = elsewhere {
            let status =
                self.post(Some(clerk), &format!("{operation}-elsewhere"), path, body).status;
            lines.push(format!("another municipality: {status}"));
        }
        let first = self.post(Some(who), &operation, path, body);
        let again = self.post(Some(who), &operation, path, body);
        let by_other = self.post(Some(other), &operation, path, body).status;
        lines.push(match first.status {
            200..300 => {
                let again = told_again(&first, &again);
                format!("done: {}; again: {again}; by another: {by_other}", first.status)
            }
            status => format!("not done here: {status}, {}", first.body["detail"]),
        });
        self.note("POST", path, lines);
        first.body
    }

    /// The same by somebody who shows nothing but the body.
    fn strangers(&mut self, path: &str, body: &Value) -> Value {
        let operation = self.next_operation();
        let [first, again] = [(); 2].map(|()| self.post(None, &operation, path, body));
        assert_eq!(first.status, 201, "{path}: {first:?}");
        let line = format!("done: {}; again: {}", first.status, told_again(&first, &again));
        self.note("POST", path, vec![line]);
        first.body
    }

    /// Has a clerk look, and one of another municipality.
    fn look(&mut self, path: &str) {
        let [told, elsewhere] = ["window-clerk", "elsewhere-window-clerk"].map(|who| {
            let question = Question::new("GET", path).token(who);
            self.caller.ask(&question)
        });
        assert_eq!(told.status, 200, "{path}: {told:?}");
        let line = match elsewhere.status {
            200 if elsewhere.body == told.body => "is shown the same".to_owned(),
            200 => "is not shown it".to_owned(),
            status => status.to_string(),
        };
        self.note("GET", path, vec![format!("another municipality: {line}")]);
    }

    fn post(&self, who: Option<&str>, operation: &str, path: &str, body: &Value) -> Answer {
        let question = Question::new("POST", path).header("Operation-Id", operation);
        let question = match who {
            Some(who) => question.token(who),
            None => question,
        };
        self.caller.ask(&question.body(body.to_string()))
    }

    fn next_operation(&mut self) -> String {
        self.operations += 1;
        format!("walk-{}", self.operations)
    }

    /// Notes what is said of the route of a path; of what is done several times, the first.
    fn note(&mut self, method: &str, path: &str, lines: Vec<String>) {
        let path = path.split('?').next().unwrap_or_default();
        let is_it = |route: &&Described| route.method == method && fits(&route.template, path);
        let route = self.routes.iter().find(is_it).unwrap_or_else(|| panic!("{method} {path}"));
        let key = (route.method.clone(), route.template.clone());
        self.lines.entry(key).or_insert(lines);
    }

    /// Whatever changes something was done, and whatever a clerk may do was tried by one of elsewhere.
    fn expect_all(&self) {
        for Described { method, template, operation, .. } in &self.routes {
            let lines = self.lines.get(&(method.clone(), template.clone()));
            assert!(method != "POST" || lines.is_some(), "nobody does {operation}: add it");
            let known = Operation::ALL.iter().find(|known| known.name() == operation);
            let is_clerks = known.is_some_and(|known| {
                known.is_open_to(Role::WindowClerk)
                    && !Role::ALL.iter().all(|role| known.is_open_to(*role))
            });
            let tried = lines.is_some_and(|lines| lines[0].starts_with("another municipality"));
            assert!(!is_clerks || tried, "nobody from elsewhere tries {operation}: add it");
        }
    }
}

/// Somebody with a certificate that is registered for nobody.
fn with_certificate(world: &World) -> Caller<'_> {
    let line = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout own.key \
                -out own.pem -subj /CN=own -addext basicConstraints=critical,CA:FALSE";
    let arguments: Vec<_> = line.split_whitespace().collect();
    let made = run(world.scratch.path(), "openssl", &arguments);
    assert!(made.success, "{}", made.text);
    Caller::certified(world, "own", &TLS13, Arc::new(AtomicBool::new(true)))
}

/// Whether a path is one of a route.
fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) =
        (template.split('/').collect(), path.split('/').collect());
    let same = |(one, other): (&&str, &&str)| one.starts_with('{') || one == other;
    template.len() == path.len() && template.iter().zip(&path).all(same)
}

/// How the second answer differs from the first.
fn told_again(first: &Answer, again: &Answer) -> String {
    let without = |answer: &Answer| {
        let mut body = answer.body.clone();
        if let Some(members) = body.as_object_mut() {
            members.retain(|name, _| !SECRETS.contains(&name.as_str()));
        }
        (answer.status, body)
    };
    match first {
        _ if first == again => "as before".to_owned(),
        _ if without(first) == without(again) => "as before, but for the secret".to_owned(),
        _ => again.status.to_string(),
    }
}
