//! A record of a ceremony with an interruption, and a key to sign with.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use ca::ceremony::*;
use domain::ceremony::{Premises, Script, Seat, State, StepState};
use store::journal::{CheckpointSigner, VerifierKey};
use testkit::Scratch;

pub(super) const SCRIPT: &str = r#"
[ceremony]
id = "genesis-2026"
title = "橋渡し認証局 鍵生成式 <試行> &"
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
do = "backup"
directory = "medium-1"
"#;

/// An Ed25519 key in memory.
pub(super) struct Signer(Ed25519KeyPair);

impl Signer {
    pub(super) fn new(seed: u8) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("a key"))
    }

    pub(super) fn key(&self) -> VerifierKey {
        VerifierKey::new(self.name(), self.public_key()).expect("a name")
    }
}

impl CheckpointSigner for Signer {
    fn name(&self) -> &str {
        "journal.example/log"
    }

    fn public_key(&self) -> [u8; 32] {
        self.0.public_key().as_ref().try_into().expect("32 octets")
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], String> {
        Ok(self.0.sign(message).as_ref().try_into().expect("64 octets"))
    }
}

/// Entry `sequence`, as many seconds after ten o'clock in Japan.
fn moment(sequence: u64) -> Moment {
    let start: jiff::Timestamp = "2026-12-01T01:00:00Z".parse().expect("a time");
    let after = jiff::SignedDuration::from_secs(sequence.try_into().expect("small"));
    Moment { at: start + after, sequence }
}

fn present(second: &str) -> Vec<Present> {
    let people = [
        ("custodian-1", Seat::Custodian),
        (second, Seat::Custodian),
        ("auditor-1", Seat::Witness),
        ("operator-1", Seat::Operator),
        ("operator-2", Seat::Operator),
    ];
    people.map(|(person, seat)| Present { person: person.parse().expect("an id"), seat }).to_vec()
}

/// The second step was begun twice: at the first try the program was cut off.
pub(super) fn record(scratch: &Scratch, script_text: &str) -> Record {
    let premises = Premises { threshold: 2, cas: None };
    let script = Script::from_toml(script_text, &premises).expect("a script");
    let key = KeyFact {
        label: "bridge-ca-1".to_owned(),
        algorithm: "ecdsa-p384".to_owned(),
        spki_sha256: [0xA5; 32],
    };
    let file = FileFact { path: "medium-1/bridge-ca-1.json".to_owned(), sha256: [3; 32] };
    let keys = vec![key];
    let facts = [
        StepFacts { keys: keys.clone(), ..StepFacts::default() },
        StepFacts { certificates: vec![certificate(scratch)], ..StepFacts::default() },
        StepFacts { keys, files: vec![file], ..StepFacts::default() },
    ];
    let started = [vec![moment(10)], vec![moment(12), moment(20)], vec![moment(22)]];
    let done = [moment(11), moment(21), moment(23)];
    let steps = script.steps.iter().zip(facts).zip(started.into_iter().zip(done));
    let steps = steps.map(|((step, facts), (started, done))| StepRecord {
        step: step.clone(),
        state: StepState::Done,
        started,
        done: Some(done),
        facts: Some(facts),
    });
    let reason = "step 2 (self-sign): 停電のため".to_owned();
    Record {
        steps: steps.collect(),
        script,
        script_text: script_text.to_owned(),
        script_sha256: x509::digest::sha256(script_text.as_bytes()),
        rehearsal: false,
        state: State::Completed,
        sittings: vec![
            Sitting { began: moment(9), ended: Some(moment(13)), present: present("custodian-1") },
            Sitting { began: moment(19), ended: Some(moment(25)), present: present("custodian-2") },
        ],
        interruptions: vec![Interruption { at: moment(13), steps_done: 1, reason }],
        ended: Some(moment(25)),
        abandoned_because: None,
    }
}

/// A self-signed certificate that openssl made.
fn certificate(scratch: &Scratch) -> Vec<u8> {
    let line = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout k.pem \
                -subj /C=JP/O=Bridge/OU=Test -days 10 -outform DER -out c.der";
    let words: Vec<&str> = line.split_whitespace().collect();
    let output = testkit::run(scratch.path(), "openssl", &words);
    assert!(output.success, "{}", output.text);
    std::fs::read(scratch.path().join("c.der")).expect("a certificate")
}
