//! Checkpoints as signed notes.

use base64ct::{Base64, Encoding};

use super::TestSigner;
use crate::journal::{Checkpoint, VerifierKey, sign_note};

#[test]
fn e2_the_published_example_of_a_signed_note_verifies() {
    // The key and signature of the Go note package's documentation.
    let key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let text = "If you think cryptography is the answer to your problem,\n\
                then you don't know what your problem is.\n";
    let signature = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
    let blob = Base64::decode_vec(signature).expect("base64");
    let parsed: VerifierKey = key.parse().expect("a verifier key");
    assert_eq!(parsed.to_string(), key);
    assert!(parsed.verifies(text.as_bytes(), &blob));
    assert!(!parsed.verifies(text.trim_end().as_bytes(), &blob));
}

#[test]
fn e2_a_checkpoint_has_the_lines_of_the_format() {
    let signer = TestSigner::new(1);
    let checkpoint = Checkpoint::sign(42, [5; 32], &signer).expect("signed");
    let lines: Vec<&str> = checkpoint.note.split('\n').collect();
    let root = Base64::encode_string(&[5; 32]);
    assert_eq!(lines[..4], ["journal.example/log", "42", root.as_str(), ""]);
    assert!(lines[4].starts_with("— journal.example/log "));
    assert_eq!(lines[5..], [""]);
    let parsed = Checkpoint::parse(checkpoint.note.clone()).expect("a checkpoint");
    assert_eq!(parsed, checkpoint);
    assert!(parsed.is_signed_by(&signer.key()));
    assert!(!parsed.is_signed_by(&TestSigner::new(2).key()));
    let elsewhere = VerifierKey::new("other", [3; 32]).expect("a key");
    assert!(!parsed.is_signed_by(&elsewhere));
}

#[test]
fn e2_a_witness_may_sign_beside_the_log() {
    let signer = TestSigner::new(1);
    let checkpoint = Checkpoint::sign(42, [5; 32], &signer).expect("signed");
    let (text, line) = checkpoint.note.split_once("\n\n").expect("a signature");
    let witnessed = format!("{text}\n\n— witness.example AAAAAA==\n{line}");
    assert!(Checkpoint::parse(witnessed).expect("a note").is_signed_by(&signer.key()));
    let stripped = format!("{text}\n\n— witness.example AAAAAA==\n");
    assert!(!Checkpoint::parse(stripped).expect("a note").is_signed_by(&signer.key()));
}

#[test]
fn e2_what_is_no_checkpoint_is_refused() {
    let root = Base64::encode_string(&[5; 32]);
    for note in [
        String::new(),
        "log\n1\n".into(),
        format!("log\n01\n{root}\n\n— log AAAA\n"),
        format!("log\n+1\n{root}\n\n— log AAAA\n"),
        format!("log\n-1\n{root}\n\n— log AAAA\n"),
        format!("log\n1\n{}\n\n— log AAAA\n", &root[..40]),
        format!("\n1\n{root}\n\n— log AAAA\n"),
        format!("log\n1\n{root}\n— log AAAA\n"),
        format!("log\n1\n{root}\n{}\n\n— log AAAA\n", "x".repeat(17_000)),
    ] {
        Checkpoint::parse(note.clone()).expect_err(&note);
    }
}

#[test]
fn e2_a_verifier_key_must_fit_its_id() {
    let key = TestSigner::new(1).key().to_string();
    assert_eq!(key.parse(), Ok(TestSigner::new(1).key()));
    let (name, rest) = key.split_once('+').expect("fields");
    let (id, octets) = rest.split_once('+').expect("fields");
    for wrong in [
        format!("other+{id}+{octets}"),
        format!("{name}+00000000+{octets}"),
        format!("{name}+{id}"),
        format!("{name}+{id}+AAAA"),
        format!("{name}+{id}+?"),
        String::new(),
    ] {
        assert!(wrong.parse::<VerifierKey>().is_err(), "{wrong}");
    }
    for name in ["", "a b", "a+b", "a\nb"] {
        assert!(VerifierKey::new(name, [0; 32]).is_err(), "{name:?}");
    }
}

#[test]
fn e2_a_note_of_another_kind_opens_only_with_its_key_and_is_no_checkpoint() {
    let signer = TestSigner::new(1);
    let text = "another kind\n1\nAAAA\n";
    let note = sign_note(text, &signer).expect("signed");
    assert_eq!(signer.key().open(&note), Ok(text));
    let other = TestSigner::new(2).key().open(&note).expect_err("another key");
    assert_eq!(other.to_string(), "not a signed note: it bears no valid signature of the key");
    assert!(signer.key().open(&note.replace("another", "Another")).is_err());
    let posing = sign_note(&format!("posing\n1\n{}\n", Base64::encode_string(&[5; 32])), &signer);
    let posing = Checkpoint::parse(posing.expect("signed")).expect("the form of a checkpoint");
    assert!(!posing.is_signed_by(&signer.key()), "its origin is not the log");
    for text in ["", "no end", "\n", "a\n\nb\n"] {
        assert!(sign_note(text, &signer).is_err(), "{text:?}");
    }
}
