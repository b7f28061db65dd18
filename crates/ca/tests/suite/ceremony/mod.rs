//! Ceremonies: carried out once whatever happens, with the right people, and told completely.

mod people;
mod run;
mod twin;

use ca::ceremony::{Conductor, Present, Record};
use domain::act::{Act, Actor};
use domain::ceremony::{Premises, Seat};
use store::Store;
use store::reads::ReadJournal;
use testkit::{Clock, Scratch};

use self::twin::{Certificates, Twin};

/// Every kind of step there is.
const SCRIPT: &str = r#"
[ceremony]
id = "genesis-2026"
title = "橋渡し認証局 鍵生成式"
place = "第一認証室"
planned = "2026-12-01"
threshold = 2
custodians = ["custodian-1", "custodian-2", "custodian-3"]
witnesses = ["auditor-1"]
operators = ["operator-1", "operator-2"]
[[step]]
do = "generate-ca-key"
ca = "bridge"
[[step]]
do = "self-sign"
ca = "bridge"
[[step]]
do = "responder-certificate"
ca = "bridge"
[[step]]
do = "tls-certificate"
ca = "bridge"
request = "server.csr"
[[step]]
do = "backup"
directory = "medium-1"
[[step]]
do = "restore"
directory = "medium-1"
[[step]]
do = "renew-ca-key"
ca = "bridge"
issues_from = "2027-04-01T00:00:00+09:00"
[[step]]
do = "destroy-ca-key"
ca = "bridge"
generation = 1
"#;

const STEPS: usize = 8;

fn premises() -> Premises {
    Premises { threshold: 2, cas: Some([("bridge".parse().expect("an id"), 0)].into()) }
}

fn present(people: &[(&str, Seat)]) -> Vec<Present> {
    let one = |(person, seat): &(&str, Seat)| Present {
        person: person.parse().expect("an id"),
        seat: *seat,
    };
    people.iter().map(one).collect()
}

/// The fewest people who may carry the script out.
fn enough() -> Vec<Present> {
    present(&[
        ("custodian-1", Seat::Custodian),
        ("custodian-3", Seat::Custodian),
        ("auditor-1", Seat::Witness),
        ("operator-1", Seat::Operator),
        ("operator-2", Seat::Operator),
    ])
}

/// A scratch database, a clock, and openssl's certificates.
struct Room {
    scratch: Scratch,
    clock: Clock,
    certificates: Certificates,
}

impl Room {
    fn new() -> Self {
        let scratch = Scratch::new();
        let certificates = twin::certificates(&scratch);
        Self { scratch, clock: Clock::at("2026-12-01T01:00:00Z"), certificates }
    }

    /// The same certificates, which take openssl a while, in another room.
    fn of(other: &Self) -> Self {
        let certificates = other.certificates.clone();
        Self { scratch: Scratch::new(), clock: Clock::at("2026-12-01T01:00:00Z"), certificates }
    }

    fn twin(&self) -> Twin {
        Twin::new(&self.certificates)
    }

    fn conduct<T>(&self, act: impl FnOnce(&Conductor<'_>) -> T) -> T {
        let clock = || {
            self.clock.advance(jiff::SignedDuration::from_secs(1));
            self.clock.now()
        };
        let actor = Actor::Staff("operator-1".parse().expect("an id"));
        let by = Act::new(actor, self.clock.now(), "op-ceremony".parse().expect("an id"));
        act(&Conductor::new(self.scratch.store.as_ref(), &clock, &by))
    }

    fn run(&self, twin: &mut Twin) -> ca::Result<Record> {
        self.conduct(|conductor| conductor.run(SCRIPT, &premises(), &enough(), twin))
    }

    /// The journal's entries as they are stored.
    fn journal(&self) -> Vec<String> {
        let entries = self.scratch.store.journal(0, 1000).expect("a journal");
        entries.into_iter().map(|(_, body)| String::from_utf8(body).expect("UTF-8")).collect()
    }
}
