//! Passkeys over the API, with an authenticator whose key and signatures are openssl's.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Value, json};
use testkit::run;
use x509::digest::sha256;

use super::client::{Proof, Reply};
use super::world::World;

/// A security key: one passkey of P-256, with a counter.
pub(super) struct Authenticator<'a> {
    world: &'a World,
    id: Vec<u8>,
    counter: u32,
}

impl<'a> Authenticator<'a> {
    pub(super) fn new(world: &'a World) -> Self {
        let line = "ecparam -name prime256v1 -genkey -noout -out passkey.key";
        openssl(world, line);
        openssl(world, "ec -in passkey.key -pubout -outform DER -out passkey.pub");
        Self { world, id: b"a passkey of sato's".to_vec(), counter: 0 }
    }

    /// What every answer begins with: the site, flags, the counter.
    fn data(&mut self, flags: u8) -> Vec<u8> {
        self.counter += 1;
        [&sha256(b"localhost")[..], &[flags], &self.counter.to_be_bytes()].concat()
    }

    /// The data of a new passkey, its key in COSE as CTAP2 writes it.
    fn created(&mut self) -> Vec<u8> {
        let spki = fs::read(self.world.scratch.path().join("passkey.pub")).expect("DER");
        let (x, y) = spki[27..].split_at(32);
        let mut data = self.data(0x45);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).expect("short").to_be_bytes());
        data.extend(&self.id);
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(x);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(y);
        data
    }

    /// Answers a challenge.
    pub(super) fn answer(&mut self, challenge: &str) -> Value {
        let (client, data) = (client_data("webauthn.get", challenge), self.data(0x05));
        let signed = [&data[..], &sha256(&client)].concat();
        self.world.scratch.write("signed", signed);
        openssl(self.world, "dgst -sha256 -sign passkey.key -out signature signed");
        let signature = fs::read(self.world.scratch.path().join("signature")).expect("DER");
        json!({ "challenge": challenge, "id": text(&self.id), "client_data": text(&client),
            "authenticator_data": text(&data), "signature": text(&signature) })
    }

    pub(super) fn register(&mut self, challenge: &str) -> Value {
        let client = client_data("webauthn.create", challenge);
        let data = self.created();
        json!({ "challenge": challenge, "client_data": text(&client), "authenticator_data": text(&data) })
    }
}

fn openssl(world: &World, line: &str) {
    let said = run(world.scratch.path(), "openssl", &line.split(' ').collect::<Vec<_>>());
    assert!(said.success, "{line}: {}", said.text);
}

fn client_data(kind: &str, challenge: &str) -> Vec<u8> {
    let challenge = text(challenge.as_bytes());
    let data = json!({ "type": kind, "challenge": challenge, "origin": "https://localhost:8440" });
    data.to_string().into_bytes()
}

fn text(octets: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(octets)
}

impl World {
    pub(super) fn open(&self, path: &str, body: &Value) -> Reply {
        let (body, path) = (body.to_string(), format!("/api/v1/sessions/{path}"));
        self.ask(Proof::Nothing, "POST", &path, Some(body.as_bytes()), &[])
    }

    pub(super) fn challenge(&self) -> String {
        let given = self.open("passkey-challenges", &json!({})).expect(201);
        given["challenge"].as_str().expect("a challenge").to_owned()
    }

    /// Registers a passkey for Sato.
    fn with_passkey(&self) -> Authenticator<'_> {
        let mut authenticator = Authenticator::new(self);
        let given = self.post("sato", "/api/v1/me/passkey-challenges", &json!({})).expect(201);
        assert_eq!(given["host"], "localhost");
        let body = authenticator.register(given["challenge"].as_str().expect("a challenge"));
        self.post("sato", "/api/v1/me/passkeys", &body).expect(201);
        // The challenge was good once.
        self.post("sato", "/api/v1/me/passkeys", &body).problem(422);
        authenticator
    }
}

#[test]
fn w2_a_passkey_logs_in_and_is_strong() {
    let world = World::new();
    let mut authenticator = world.with_passkey();
    let entries = world.entries();
    let opened = world.open("passkey", &authenticator.answer(&world.challenge())).expect(201);
    assert_eq!((&opened["person"], &opened["strong"]), (&json!("sato"), &json!(true)));
    assert!(world.journal_from(entries)[0].contains("logged-in"));
    let session = opened["token"].as_str().expect("a token");
    world.post(session, "/api/v1/applications/ap-0/issue", &json!({})).problem(404);
    world.post("staff", "/api/v1/people/sato/suspension", &json!({})).expect(200);
    world.open("passkey", &authenticator.answer(&world.challenge())).problem(401);
}

/// Four addresses that guess passwords once shut passkeys out for as long as they went on.
#[test]
fn v6_guesses_of_passwords_shut_out_no_passkey() {
    const AT_ONCE_FROM_EACH: usize = 4;
    let world = World::new();
    let (port, directory) = (world.address.port(), world.scratch.path());
    world.scratch.write("guess", json!({ "id": "nobody", "password": "a guess" }).to_string());
    let (url, place) = (format!("https://localhost:{port}"), format!("localhost:{port}:127.0.0.1"));
    let asks = |from: usize, path: &str, more: &[&str]| {
        let (interface, url) = (format!("127.0.0.{from}"), format!("{url}/api/v1/sessions{path}"));
        let to = ["-sS", "--cacert", "ca.pem", "--resolve", &place, "--interface", &interface];
        let told = ["-X", "POST", "-o", "/dev/null", "-w", "%{http_code}", &url];
        run(directory, "curl", &[&to[..], &told, more].concat()).text
    };
    let guess = ["-H", "Content-Type: application/json", "--data-binary", "@guess"];
    let (guessed, goes_on) = (AtomicUsize::new(0), AtomicBool::new(true));
    std::thread::scope(|scope| {
        for number in 0..4 * AT_ONCE_FROM_EACH {
            let (guessed, goes_on, asks) = (&guessed, &goes_on, &asks);
            scope.spawn(move || {
                while goes_on.load(Ordering::Relaxed) {
                    let told = asks(2 + number / AT_ONCE_FROM_EACH, "", &guess);
                    assert!(["401", "503"].contains(&told.as_str()), "{told}");
                    guessed.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        // All of them are at it.
        while guessed.load(Ordering::Relaxed) < 4 * AT_ONCE_FROM_EACH {
            std::thread::sleep(Duration::from_millis(20));
        }
        let told: Vec<_> = (0..20).map(|_| asks(9, "/passkey-challenges", &[])).collect();
        goes_on.store(false, Ordering::Relaxed);
        assert!(told.iter().all(|status| status == "201"), "{told:?}");
    });
}

#[test]
fn w2_a_passkeys_answer_is_good_once_for_its_challenge_and_from_no_copy() {
    let world = World::new();
    let mut authenticator = world.with_passkey();
    let good = authenticator.answer(&world.challenge());
    world.open("passkey", &good).expect(201);
    let entries = world.entries();
    world.open("passkey", &good).problem(401);
    assert!(world.journal_from(entries)[0].contains("access-refused"));
    // A challenge of a registration is none of a login, and one of the other day is over.
    let given = world.post("sato", "/api/v1/me/passkey-challenges", &json!({})).expect(201);
    let other = given["challenge"].as_str().expect("a challenge");
    world.open("passkey", &authenticator.answer(other)).problem(401);
    let late = world.challenge();
    world.clock.advance(jiff::SignedDuration::from_mins(5));
    world.open("passkey", &authenticator.answer(&late)).problem(401);
    // A copy counts from where it was taken.
    authenticator.counter -= 3;
    let refused = world.open("passkey", &authenticator.answer(&world.challenge())).problem(401);
    assert!(refused["detail"].as_str().expect("text").contains("counter"), "{refused}");
    // Another key's signature, and one over something else.
    let mut spoilt = authenticator.answer(&world.challenge());
    spoilt["authenticator_data"] = json!(text(&authenticator.data(0x05)));
    world.open("passkey", &spoilt).problem(401);
    let mut strange = authenticator.answer(&world.challenge());
    strange["id"] = json!(text(b"somebody else's"));
    world.open("passkey", &strange).problem(401);
    world.open("passkey", &authenticator.answer(&world.challenge())).expect(201);
}

/// A device that nobody has looked for opens nothing for ever.
#[test]
fn w2_a_passkey_opens_nothing_once_it_is_older_than_a_token_may_be() {
    let world = World::new();
    let mut authenticator = world.with_passkey();
    world.clock.advance(jiff::SignedDuration::from_hours(24 * domain::staff::MAX_TOKEN_DAYS - 1));
    world.open("passkey", &authenticator.answer(&world.challenge())).expect(201);
    world.clock.advance(jiff::SignedDuration::from_hours(1));
    world.open("passkey", &authenticator.answer(&world.challenge())).problem(401);
}
