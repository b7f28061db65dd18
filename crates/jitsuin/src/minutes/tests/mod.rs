//! The minutes, read by programs nobody here wrote, and altered by a byte.

mod fixture;
mod pages;

use testkit::Scratch;

use self::fixture::{SCRIPT, Signer, record};
use super::*;

#[test]
fn k3_minutes_altered_by_a_byte_are_told_by_name() {
    let scratch = Scratch::new();
    let signer = Signer::new(1);
    let minutes = Minutes::draw_up(&record(&scratch, SCRIPT), &signer).expect("minutes");
    let files = minutes.write("genesis-2026", scratch.path()).expect("written");
    let attested = verify_directory(scratch.path(), &signer.key()).expect("untouched");
    assert_eq!(attested.len(), 1);
    assert_eq!(attested[0].ceremony, "genesis-2026");
    assert_eq!((attested[0].state.as_str(), attested[0].sort.as_str()), ("completed", "ceremony"));
    assert_eq!(attested[0].script_sha256, note::sha256_hex(SCRIPT.as_bytes()));
    assert_eq!(attested[0].last_entry, 25);
    for file in &files {
        let whole = std::fs::read(file).expect("a file");
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        // Every octet of the note counts, and some of the pages stand for all.
        let step = if name.ends_with("note") { 1 } else { whole.len() / 7 };
        for place in (0..whole.len()).step_by(step) {
            let mut altered = whole.clone();
            altered[place] ^= 1;
            std::fs::write(file, &altered).expect("altered");
            let error = verify_directory(scratch.path(), &signer.key()).expect_err("altered");
            let told = format!("{error:#}");
            assert!(told.contains(&name) && !told.contains('\n'), "{told}");
        }
        std::fs::write(file, &whole[..whole.len() - 1]).expect("cut");
        assert!(verify_directory(scratch.path(), &signer.key()).is_err(), "{name} cut short");
        std::fs::write(file, &whole).expect("restored");
    }
    verify_directory(scratch.path(), &signer.key()).expect("as it was");
}

#[test]
fn k3_minutes_need_the_audit_keys_signature_and_their_own_note() {
    let scratch = Scratch::new();
    let signer = Signer::new(1);
    let minutes = Minutes::draw_up(&record(&scratch, SCRIPT), &signer).expect("minutes");
    let verify = |note: &str, key: &VerifierKey| {
        verify_minutes(note, minutes.html.as_bytes(), &minutes.pdf, key)
            .map(|_| ())
            .map_err(|error| format!("{error:#}"))
    };
    assert_eq!(verify(&minutes.note, &signer.key()), Ok(()));
    let told = verify(&minutes.note, &Signer::new(2).key()).expect_err("another key");
    assert!(told.contains("no valid signature"), "{told}");
    // What the audit key signs for the journal is no note over minutes.
    let checkpoint = store::journal::Checkpoint::sign(9, [7; 32], &signer).expect("signed");
    let told = verify(&checkpoint.note, &signer.key()).expect_err("a checkpoint");
    assert!(told.contains("no note over minutes"), "{told}");
    assert!(verify("", &signer.key()).is_err());
    // A whole set of files cannot pass for another ceremony's.
    minutes.write("other-2026", scratch.path()).expect("written");
    let told = verify_directory(scratch.path(), &signer.key()).expect_err("renamed").to_string();
    assert!(told.contains("is the note of genesis-2026"), "{told}");
}

#[test]
fn k3_the_same_record_makes_the_same_minutes() {
    let scratch = Scratch::new();
    let record = record(&scratch, SCRIPT);
    let first = Minutes::draw_up(&record, &Signer::new(1)).expect("minutes");
    assert!(first == Minutes::draw_up(&record, &Signer::new(1)).expect("minutes"));
}

#[test]
fn k3_a_ceremony_that_has_not_ended_has_no_minutes() {
    let scratch = Scratch::new();
    let open = Record { ended: None, ..record(&scratch, SCRIPT) };
    let error = Minutes::draw_up(&open, &Signer::new(1)).expect_err("not ended").to_string();
    assert_eq!(error, "ceremony genesis-2026 has not ended: there are no minutes yet");
    let nothing = verify_directory(scratch.path(), &Signer::new(1).key()).expect_err("none");
    assert!(nothing.to_string().contains("no minutes are here"), "{nothing}");
}

#[test]
fn k3_without_the_font_the_error_names_its_package() {
    let scratch = Scratch::new();
    let missing = scratch.path().join("none.ttf");
    let error = MinutesFont::read(&missing).err().expect("missing");
    assert!(format!("{error:#}").contains("none.ttf"));
    let wrong = scratch.write("wrong.ttf", "no font");
    assert!(MinutesFont::read(&wrong).err().expect("no font").to_string().contains("no font"));
    let error = MinutesFont::find_in(&["/nowhere/ipaexg.ttf"]).err().expect("nowhere").to_string();
    assert!(error.contains("fonts-ipaexfont") && error.contains("/nowhere/ipaexg.ttf"), "{error}");
}
