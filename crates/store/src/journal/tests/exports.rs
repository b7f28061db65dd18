//! An export, whole and tampered with in every way.

use std::io::Write;

use rstest::rstest;

use super::{TestSigner, forty};
use crate::journal::{
    Checkpoint, EntryCounter, Report, VerifierKey, export, export_until, verify_export,
};

fn exported() -> Vec<String> {
    let place = forty();
    let mut bytes = Vec::new();
    assert_eq!(export(&place.open(), &mut bytes).expect("an export"), 40);
    String::from_utf8(bytes).expect("text").lines().map(str::to_owned).collect()
}

fn verify(lines: &[String], known: &[Checkpoint]) -> Report {
    let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    verify_export(text.as_bytes(), &TestSigner::new(1).key(), known).expect("it can be read")
}

fn findings_of(report: &Report) -> Vec<String> {
    report.findings.iter().map(ToString::to_string).collect()
}

/// The line of an entry: header first, and a checkpoint after entries 9, 24 and 36.
fn line(entry: usize) -> usize {
    1 + entry + [10, 25, 37].iter().filter(|size| **size <= entry).count()
}

#[test]
fn e2_an_export_verifies_with_the_public_key_alone() {
    let lines = exported();
    let key: VerifierKey = TestSigner::new(1).key().to_string().parse().expect("as written");
    let text = lines.join("\n") + "\n";
    let report = verify_export(text.as_bytes(), &key, &[]).expect("it can be read");
    let alone = vec![10, 25, 37];
    let expected =
        Report { entries: 40, sealed: 37, checkpoints: 3, own: 3, alone, ..Report::default() };
    assert_eq!(report, expected);
    let other = verify_export(text.as_bytes(), &TestSigner::new(2).key(), &[]).expect("read");
    assert_eq!(findings_of(&other)[0], "checkpoint of size 10: signature invalid");
    assert_eq!(other.sealed, 0);
}

#[test]
fn e2_the_entries_of_an_export_are_counted_however_it_is_cut() {
    let text = exported().join("\n");
    for cut in [1, 2, 3, 7, 64, text.len()] {
        let mut counter = EntryCounter::new(Vec::new());
        text.as_bytes().chunks(cut).for_each(|piece| counter.write_all(piece).expect("written"));
        let (entries, written) = counter.into_parts();
        assert_eq!((entries, written.as_slice()), (40, text.as_bytes()), "{cut}");
    }
}

/// Of a journal to which others add meanwhile: no checkpoint tells of entries that are not in it.
#[test]
fn e2_an_export_of_so_many_entries_verifies_wherever_it_ends() {
    let (place, key) = (forty(), TestSigner::new(1).key());
    for size in 0..=40 {
        let mut bytes = Vec::new();
        let told = export_until(&place.open(), size, &mut bytes).expect("an export");
        let report = verify_export(&bytes[..], &key, &[]).expect("it can be read");
        assert_eq!((told, report.entries, report.findings.len()), (size, size, 0), "{size}");
    }
}

#[test]
fn e2_an_empty_journal_verifies() {
    let place = super::Place::new();
    let mut bytes = Vec::new();
    assert_eq!(export(&place.open(), &mut bytes).expect("an export"), 0);
    let report = verify_export(&bytes[..], &TestSigner::new(1).key(), &[]).expect("read");
    assert_eq!(report, Report::default());
}

#[rstest]
#[case::flipped_body(|l: &mut Vec<String>| flip(l, 17, "done", "dome"), &["entry 17: body does not match its leaf hash"])]
#[case::flipped_place(|l: &mut Vec<String>| flip(l, 17, "sequence\\\":17", "sequence\\\":71"), &["entry 17: body does not match its leaf hash"])]
#[case::flipped_unsealed(|l: &mut Vec<String>| flip(l, 39, "done", "dome"), &["entry 39: body does not match its leaf hash"])]
#[case::removed(|l: &mut Vec<String>| drop(l.remove(line(18))), &["entry 18 missing"])]
#[case::removed_first(|l: &mut Vec<String>| drop(l.remove(line(0))), &["entry 0 missing"])]
#[case::removed_many(|l: &mut Vec<String>| drop(l.drain(line(26)..=line(30))), &["entries 26 to 30 missing"])]
#[case::removed_sealed_end(|l: &mut Vec<String>| { l.truncate(line(36)); l.push(exported()[line(36) + 1].clone()) }, &["entry 36 missing"])]
#[case::swapped(|l: &mut Vec<String>| l.swap(line(18), line(19)), &["entries 18 and 19 swapped"])]
#[case::swapped_far(|l: &mut Vec<String>| l.swap(line(3), line(33)), &["entries 3 and 33 swapped"])]
#[case::doubled(|l: &mut Vec<String>| { let copy = l[line(18)].clone(); l.insert(line(18), copy) }, &["entry 18 is there twice"])]
#[case::inserted(|l: &mut Vec<String>| { let copy = l[line(5)].clone(); l.insert(line(18), copy) }, &["entry inserted after entry 17"])]
#[case::header(|l: &mut Vec<String>| drop(l.remove(0)), &["line 1: not the header of a jitsuin-journal export of version 1"])]
#[case::noise(|l: &mut Vec<String>| l.insert(4, "{\"noise\":1}".into()), &["line 5: neither an entry nor a checkpoint"])]
fn e2_an_export_tampered_with_is_told_where(
    #[case] tamper: impl Fn(&mut Vec<String>),
    #[case] expected: &[&str],
) {
    let mut lines = exported();
    tamper(&mut lines);
    assert_eq!(findings_of(&verify(&lines, &[])), expected);
}

fn flip(lines: &mut [String], entry: usize, from: &str, to: &str) {
    let changed = lines[line(entry)].replace(from, to);
    assert_ne!(changed, lines[line(entry)]);
    lines[line(entry)] = changed;
}

#[test]
fn e2_a_forger_who_fits_the_leaf_meets_the_root() {
    let mut lines = exported();
    flip(&mut lines, 17, "done", "dome");
    let parsed: serde_json::Value = serde_json::from_str(&lines[line(17)]).expect("JSON");
    let body = parsed["entry"].as_str().expect("a body");
    let leaf = super::super::hex::encode(&crate::journal::leaf_hash(body.as_bytes()));
    lines[line(17)] = serde_json::json!({"leaf": leaf, "entry": body}).to_string();
    let expected = "tree of checkpoint size 25 does not match; it is right until size 10";
    assert_eq!(findings_of(&verify(&lines, &[])), [expected]);
}

#[test]
fn e2_an_end_cut_off_shows_against_a_sink() {
    let place = forty();
    let mut lines = exported();
    lines.truncate(line(25));
    assert_eq!(
        findings_of(&verify(&lines, &[])),
        [""; 0],
        "no checkpoint is left that says otherwise"
    );
    let known = place.in_sink();
    assert_eq!(findings_of(&verify(&lines, &known)), ["entries 25 to 36 missing"]);
}

#[test]
fn e2_any_changed_byte_of_an_export_is_found() {
    let place = super::Place::new();
    let store = place.open();
    place.grow(&store, 3);
    place.grow(&store, 2);
    super::commit(&store, 1);
    let (mut export_bytes, key) = (Vec::new(), TestSigner::new(1).key());
    export(&store, &mut export_bytes).expect("an export");
    // The last line may lose its line end without changing what is said.
    for at in 0..export_bytes.len() - 1 {
        for bit in [0x01, 0x20] {
            let mut bytes = export_bytes.clone();
            bytes[at] ^= bit;
            let report = verify_export(&bytes[..], &key, &[]).expect("it can be read");
            assert!(!report.is_intact(), "byte {at}: {}", String::from_utf8_lossy(&bytes));
        }
    }
}
