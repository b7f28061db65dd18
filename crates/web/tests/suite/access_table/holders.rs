//! The holders' page: every address, asked in whatever way somebody may come to it.
//!
//! It has no sessions: whoever looks shows a certificate in the handshake, and whoever acts signs. So what
//! elsewhere is a session that ended is here a connection that goes on, or a certificate that did.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::certificate::CertificateState;
use jitsuin_web::holder::addresses;
use rustls::version::TLS12;
use serde_json::Value;

use super::caller::{Caller, Question};
use crate::suite::client::Reply;
use crate::suite::holder::cards::{Card, SIGN, TSUKIKO, Wish, revoked};
use crate::suite::world::World;

const HEAD: &str = "
The holders' page: every address, and what it answers to whom. It has no sessions.

GET, with a certificate in the handshake
  nothing, own        none; one in force
  held, revoked, expired, undelivered, for signatures: one that is
  foreign             one of nobody here
  staff               the client certificate of somebody of the staff
  resumed             none, over what would be a session of TLS that a certificate opened
  token               none, and a token of somebody of the staff
POST, with a message that is signed with a certificate for signatures
  nothing, unsigned   no message; the text as it was given out
  own, again          about a certificate of the signer's; the same message once more
  from elsewhere      the same message once more, over a connection that shows another holder's card
  another's           about a certificate of another holder's
  another text        the text of a message before, signed anew
  held, revoked, expired, for authentication: signed with one that is
  foreign             signed with one of nobody here
both
  cross-site          what a browser says of a page of another site
  another host        for a name that is not ours
";

/// What is answered, by way of coming.
type Told = Vec<(&'static str, String)>;

/// The part of the table.
pub(super) fn printed() -> String {
    let mut text = HEAD.to_owned();
    for (method, path) in addresses() {
        write!(text, "\n{method} {path}\n").expect("a text");
        // A holder waits for one certificate of a CA at most.
        let world = World::new();
        let told = match method {
            "POST" => acting(&world, path),
            _ => looking(&world, path),
        };
        let mut answers: Vec<&str> = told.iter().map(|(_, answer)| answer.as_str()).collect();
        answers.sort_unstable();
        answers.dedup();
        for answer in answers {
            let alike = told.iter().filter(|(_, other)| other == answer);
            let ways: Vec<_> = alike.map(|(way, _)| *way).collect();
            writeln!(text, "  {answer}: {}", ways.join(", ")).expect("a text");
        }
    }
    text
}

/// What whoever reads is told: its kind, or the code of a refusal.
fn answer(reply: &Reply) -> String {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    told(reply.status, &body)
}

fn told(status: u16, body: &Value) -> String {
    let word = |name: &str| body[name].as_str().map(|word| format!("{status} {word}"));
    word("code").or_else(|| word("outcome")).unwrap_or_else(|| status.to_string())
}

fn looking(world: &World, path: &str) -> Told {
    let own = world.hanako();
    let path = match path {
        "/revocation-request" => {
            format!("{path}?ca={}&serial={}&cause=use-ended", own.ca, own.serial)
        }
        path => path.to_owned(),
    };
    let since = world.clock.now();
    let card = |state| world.card(&Wish { state, ..Wish::default() }).name;
    world.foreign("foreign");
    let shown = [
        ("nothing", None),
        ("own", Some(own.name.clone())),
        ("held", Some(card(CertificateState::Held { since }))),
        ("revoked", Some(card(revoked(since)))),
        ("expired", Some(world.card(&Wish { days: (-30, -1), ..Wish::default() }).name)),
        ("undelivered", Some(card(CertificateState::Undelivered { since }))),
        // Not of 1,024 bits: openssl's client offers no such key.
        ("for signatures", Some(world.card(&Wish { ca: SIGN, ..Wish::default() }).name)),
        ("foreign", Some("foreign".to_owned())),
        ("staff", Some("suzuki".to_owned())),
    ];
    let visit = |name: Option<&str>| answer(&world.visit(name, &path));
    let mut told: Told = shown.iter().map(|(way, name)| (*way, visit(name.as_deref()))).collect();
    told.push(("resumed", resumed(world, &own, &path)));
    let json = ["-H", "Accept: application/json"];
    for (way, card, header) in [
        ("token", None, "Authorization: Bearer suzuki"),
        ("cross-site", Some(own.name.as_str()), "Origin: https://evil.example"),
        ("cross-site (browser)", Some(own.name.as_str()), "Sec-Fetch-Site: cross-site"),
        ("another host", Some(own.name.as_str()), "Host: evil.example"),
    ] {
        let more = [&json[..], &["-H", header]].concat();
        told.push((way, answer(&world.at_the_page(card, ("GET", &path), None, &more))));
    }
    told
}

/// Comes in with a certificate, and asks again over the same session of TLS without it.
fn resumed(world: &World, own: &Card, path: &str) -> String {
    let shows = Arc::new(AtomicBool::new(true));
    let caller = Caller::certified(world, &own.name, &TLS12, shows.clone()).at_the_page();
    let question = Question::new("GET", path).header("Accept", "application/json");
    assert_eq!(caller.ask(&question).status, 200);
    shows.store(false, Ordering::SeqCst);
    caller.leave();
    let answer = caller.ask(&question);
    told(answer.status, &answer.body)
}

fn acting(world: &World, path: &str) -> Told {
    let asks = |card: Option<&str>, message: &[u8], header: &str| {
        let kind = "Content-Type: application/pkcs7-mime";
        let more = ["-H", "Accept: application/json", "-H", kind, "-H", header];
        answer(&world.at_the_page(card, ("POST", path), Some(message), &more))
    };
    let send = |message: &[u8]| asks(None, message, "Accept-Language: ja");
    let signature = world.hanakos_signature();
    let (own, since) = (world.hanako(), world.clock.now());
    let another = world.card(&Wish { holder: TSUKIKO, ..Wish::default() });
    let text = world.draft(&own);
    let mut told = vec![("nothing", send(b"")), ("unsigned", send(text.as_bytes()))];
    let message = world.signed(&signature);
    let anew = world.sign(&signature.name, "-nodetach -outform DER -nosmimecap");
    // What another site's page sends does nothing, so the message still does what it says.
    for (way, header) in [
        ("cross-site", "Origin: https://evil.example"),
        ("cross-site (browser)", "Sec-Fetch-Site: cross-site"),
        ("another host", "Host: evil.example"),
    ] {
        told.push((way, asks(None, &message, header)));
    }
    told.push(("own", send(&message)));
    told.push(("again", send(&message)));
    told.push(("from elsewhere", asks(Some(&another.name), &message, "Accept-Language: ja")));
    told.push(("another text", send(&anew)));
    world.draft(&another);
    told.push(("another's", send(&world.signed(&signature))));
    let wish = || Wish { ca: SIGN, key: "rsa:1024", ..Wish::default() };
    let held = CertificateState::Held { since };
    world.foreign("stranger");
    for (way, signer) in [
        ("held", world.card(&Wish { state: held, ..wish() }).name),
        ("revoked", world.card(&Wish { state: revoked(since), ..wish() }).name),
        ("expired", world.card(&Wish { days: (-30, -1), ..wish() }).name),
        ("for authentication", world.hanako().name),
        ("foreign", "stranger".to_owned()),
    ] {
        world.draft(&world.hanako());
        told.push((way, send(&world.sign(&signer, "-nodetach -outform DER"))));
    }
    told
}
