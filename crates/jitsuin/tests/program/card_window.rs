//! What a window does with a card, through the command line: read, unlocked, emptied, reconciled.

use std::fs;

use serde_json::{Value, json};

use crate::workplace::{CLERK, STAFF, Workplace};

/// A resident's card with both certificates delivered.
struct Delivered {
    place: Workplace,
    card: String,
    auth: String,
    sign: String,
}

impl Delivered {
    fn new() -> Self {
        let place = Workplace::new();
        let resident = &place.residents()[0];
        let form = json!({ "ca": "jpki-auth", "kind": "issue-with-card" });
        let auth = place.delivered(resident, &form, "1234");
        let card = auth["card"].as_str().unwrap().to_owned();
        let form = json!({ "ca": "saitama-sign", "kind": "issue-on-card", "card": card });
        let sign = place.delivered(resident, &form, "ABC123");
        let serial = |application: &Value| application["serial"].as_str().unwrap().to_owned();
        let (auth, sign) = (serial(&auth), serial(&sign));
        for (name, secret) in [("pin", "1234"), ("wrong", "9999"), ("new", "4321")] {
            fs::write(place.path().join(name), secret).unwrap();
        }
        fs::write(place.path().join("password"), "ABC123").unwrap();
        Self { place, card, auth, sign }
    }

    /// Something done to the card as a clerk.
    fn on_card<'a>(&'a self, command: &[&'a str]) -> Vec<&'a str> {
        [&["card"], command, &["--card", &self.card]].concat()
    }

    /// The answer, after refusals: the card counts the sessions that it was refused as well.
    fn once_its_counter_has_caught_up(&self, command: &[&str]) -> Value {
        for _ in 0..20 {
            let run = self.place.run(&CLERK, command);
            if run.status == Some(0) {
                return serde_json::from_slice(&run.stdout).unwrap();
            }
        }
        panic!("the card's counter never catches up");
    }

    fn tries(&self, slot: &str) -> Value {
        let read = self.place.answer(&CLERK, &self.on_card(&["read"]));
        read[slot]["tries_left"].clone()
    }

    fn change(&self, present: &str) -> Vec<&str> {
        let present = if present == "pin" { "pin" } else { "wrong" };
        self.on_card(&[
            "change-secret",
            "--slot",
            "authentication",
            "--present",
            present,
            "--new",
            "new",
        ])
    }
}

#[test]
fn w1_a_clerk_reads_the_certificates_off_the_card_and_prints_their_copies() {
    let here = Delivered::new();
    let read = here.place.answer(&CLERK, &here.on_card(&["read", "--out", "copies"]));
    assert_eq!((&read["card"], &read["life"]), (&json!(here.card), &json!("delivered")));
    // The signature certificate names its holder: it comes with the password alone.
    assert_eq!(read["certificates"].as_array().unwrap().len(), 1);
    let with_password = here.on_card(&["read", "--secret", "password", "--out", "both"]);
    let read = here.place.answer(&CLERK, &with_password);
    let serials: Vec<_> =
        read["certificates"].as_array().unwrap().iter().map(|c| &c["serial"]).collect();
    assert_eq!(serials, [&json!(here.auth), &json!(here.sign)]);
    for (ca, slot, serial) in
        [("jpki-auth", "authentication", &here.auth), ("saitama-sign", "signature", &here.sign)]
    {
        let known = here.place.answer(&STAFF, &["cert", "show", ca, serial, "--pem"]);
        let copy =
            |name: &str| fs::read_to_string(here.place.path().join("both").join(name)).unwrap();
        assert_eq!(known["certificate_pem"], copy(&format!("{slot}.pem")));
        let text = copy(&format!("{slot}.txt"));
        assert!(text.contains(serial) && text.contains("電子証明書の写し"), "{text}");
        let authority = here.place.answer(&STAFF, &["ca", "show", ca]);
        let root = &authority["generations"][0]["certificate_pem"];
        assert_eq!(*root, copy(&format!("{slot}-ca.pem")));
    }
}

/// What lies where copies go may be another resident's copies, or a link that somebody laid there.
#[test]
fn w1_copies_off_a_card_are_written_over_nothing_and_through_no_link() {
    let here = Delivered::new();
    let copies = here.place.path().join("copies");
    fs::create_dir(&copies).unwrap();
    let (text, elsewhere) = (copies.join("authentication.txt"), here.place.path().join("else"));
    for is_link in [false, true] {
        let _ = fs::remove_file(&text);
        fs::write(&elsewhere, "another's").unwrap();
        match is_link {
            true => std::os::unix::fs::symlink(&elsewhere, &text).unwrap(),
            false => fs::write(&text, "another's").unwrap(),
        }
        let said = here.place.refusal(&CLERK, &here.on_card(&["read", "--out", "copies"]));
        assert!(said.contains("authentication.txt") && said.contains("made anew"), "{said}");
        assert_eq!(fs::read_to_string(&text).unwrap(), "another's");
        assert_eq!(fs::read_dir(&copies).unwrap().count(), 1, "nothing half done");
    }
    fs::remove_file(&text).unwrap();
    here.place.answer(&CLERK, &here.on_card(&["read", "--out", "copies"]));
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&text).unwrap().permissions());
    assert_eq!(mode & 0o077, 0, "they name the holder");
}

#[test]
fn c3_a_holder_changes_the_pin_and_the_window_unlocks_a_locked_one_after_a_check() {
    let here = Delivered::new();
    here.place.answer(&CLERK, &here.change("pin"));
    // 4321 is in force now: what was the PIN counts as wrong.
    for left in ["2", "1", "0"] {
        let said = here.place.refusal(&CLERK, &here.change("pin"));
        assert!(said.contains(&format!("{left} tries left")), "{said}");
    }
    let said = here.place.refusal(&CLERK, &here.change("pin"));
    assert!(said.contains("blocked"), "{said}");
    assert_eq!((here.tries("authentication"), here.tries("signature")), (json!(0), json!(5)));
    // The clerk sets it anew for whoever shows who they are, and for nobody else.
    let reset = here.on_card(&[
        "reset-secret",
        "--slot",
        "authentication",
        "--new",
        "pin",
        "evidence.json",
    ]);
    here.place.write("evidence.json", &json!({ "items": [] }));
    let said = here.place.refusal(&CLERK, &reset);
    assert!(said.contains("photo-document"), "{said}");
    assert_eq!(here.tries("authentication"), json!(0));
    let shown = json!({ "items": [
        { "evidence": "photo-document", "document": "旅券", "number": "TR1234567" }
    ] });
    here.place.write("evidence.json", &shown);
    here.place.answer(&CLERK, &reset);
    assert_eq!(here.tries("authentication"), json!(3));
    here.place.answer(&CLERK, &here.change("pin"));
}

#[test]
fn c3_a_pin_of_the_wrong_form_is_refused_before_it_reaches_the_card() {
    let here = Delivered::new();
    for bad in ["123", "12345", "12a4", "１２３４"] {
        fs::write(here.place.path().join("new"), bad).unwrap();
        let said = here.place.refusal(&CLERK, &here.change("pin"));
        assert!(said.contains("4 digits"), "{said}");
    }
    assert_eq!(here.tries("authentication"), json!(3));
}

#[test]
fn w1_keys_are_deleted_from_the_card_once_their_certificate_has_ended() {
    let here = Delivered::new();
    let erase =
        here.on_card(&["erase", "--slot", "signature", "--reason", "本人の申請により消去する"]);
    let said = here.place.refusal(&CLERK, &erase);
    assert!(said.contains("in force"), "{said}");
    let resident = &here.place.residents()[0];
    let form = json!({ "ca": "saitama-sign", "kind": "revocation", "cause": "use-ended" });
    let ended = here.place.verified(resident, &form);
    here.place.answer(&CLERK, &["apply", "complete", &ended]);
    assert_eq!(here.place.state("saitama-sign", &here.sign), "revoked");
    here.place.answer(&CLERK, &erase);
    let read = here.place.answer(&CLERK, &here.on_card(&["read"]));
    assert_eq!(read["signature"]["delivered"], false);
    assert_eq!(read["authentication"]["delivered"], true);
    assert_eq!(read["office"]["signature"], json!({}));
}

#[test]
fn l1_reconciliation_finds_a_card_that_went_back_in_time_and_agrees_with_the_others() {
    let here = Delivered::new();
    let look = here.on_card(&["reconcile"]);
    assert_eq!(here.place.answer(&CLERK, &look)["agrees"], true);
    // The card as it was before a renewal's delivery: what its delivery wrote never arrived.
    let resident = &here.place.residents()[0];
    let form = json!({ "ca": "jpki-auth", "kind": "renewal", "card": here.card });
    let renewal = here.place.verified(resident, &form);
    let renewed = here.place.answer(&CLERK, &["apply", "issue", &renewal]);
    let file = here.place.path().join(format!("data/cards/{}.card", here.card));
    let before = fs::read(&file).unwrap();
    here.place.answer(&CLERK, &["apply", "deliver", &renewal, "--secret", "pin"]);
    assert_eq!(here.place.state("jpki-auth", renewed["serial"].as_str().unwrap()), "good");
    fs::write(&file, before).unwrap();
    // It counts its sessions anew, and the CA opens none that it may have opened before.
    let said = here.place.refusal(&CLERK, &look);
    assert!(said.contains("set back to an older state"), "{said}");
    let found = here.once_its_counter_has_caught_up(&look);
    assert_eq!(found["agrees"], false);
    assert_eq!(found["findings"][0]["slot"], "authentication");
    let mended = here.place.answer(&CLERK, &here.on_card(&["reconcile", "--mend"]));
    assert_eq!(mended["agrees"], true, "{mended}");
    // The renewed key was not given up: it is the holder's now, and its certificate is on the card.
    assert_eq!(here.place.answer(&CLERK, &look)["findings"], json!([]));
    let read = here.place.answer(&CLERK, &here.on_card(&["read"]));
    assert_eq!(read["certificates"][0]["serial"], renewed["serial"]);
}

#[test]
fn c1_no_command_takes_a_card_of_somebody_else_or_of_nobody() {
    let here = Delivered::new();
    let other = &here.place.residents()[1];
    let form = json!({ "ca": "saitama-sign", "kind": "issue-on-card", "card": here.card });
    let id = here.place.verified(other, &form);
    let said = here.place.refusal(&CLERK, &["apply", "issue", &id]);
    assert!(said.contains("not a card of this resident"), "{said}");
    let unknown = ["card", "read", "--card", "card-00000000000000000000"];
    let said = here.place.refusal(&CLERK, &unknown);
    assert!(said.contains("card: not found"), "{said}");
    // A reader of the machine, where no service of the machine runs for this test.
    let blank = here.place.answer(&CLERK, &["card", "make"])["card"].as_str().unwrap().to_owned();
    here.place.refusal(
        &CLERK,
        &["card", "erase", "--card", &blank, "--slot", "signature", "--reason", "x"],
    );
}

#[test]
fn l3_a_new_card_is_sent_to_whom_the_applicant_named_and_never_with_a_renewal() {
    let place = Workplace::new();
    let resident = &place.residents()[0];
    fs::write(place.path().join("pin"), "1234").unwrap();
    let form = json!({ "ca": "jpki-auth", "kind": "issue-with-card" });
    let id = place.verified(resident, &form);
    let issued = place.answer(&CLERK, &["apply", "issue", &id]);
    let deliver = ["apply", "deliver", &id, "--secret", "pin"];
    let receiver = ["--receiver", "川口　花子"];
    let said = place.refusal(&CLERK, &[&deliver[..], &receiver].concat());
    assert!(said.contains("--at-place"), "{said}");
    let sent = ["--sent-to", "埼玉県川口市青木二丁目１番１号"];
    let delivered = place.answer(&CLERK, &[&deliver[..], &sent, &receiver].concat());
    assert_eq!(delivered["state"], "completed");
    assert_eq!(place.state("jpki-auth", issued["serial"].as_str().unwrap()), "good");
    let card = issued["card"].as_str().unwrap();
    let form = json!({ "ca": "jpki-auth", "kind": "renewal", "card": card });
    let id = place.verified(resident, &form);
    place.answer(&CLERK, &["apply", "issue", &id]);
    let deliver = ["apply", "deliver", &id, "--secret", "pin", "--at-place", "支所"];
    let said = place.refusal(&CLERK, &deliver);
    assert!(said.contains("4.4.1.1(2)"), "{said}");
}
