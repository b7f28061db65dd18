//! What people see of an answer and of an error, and what programs do.

use serde_json::Value;
use tempfile::TempDir;
use testkit::{Output, run};

use crate::demo::PROGRAM;
use crate::workplace::{CLERK, STAFF, Workplace};

/// Runs a command as somebody, in whatever form.
fn asked(place: &Workplace, who: &[&str], words: &[&str]) -> Output {
    run(place.path(), PROGRAM, &[who, words].concat())
}

fn parsed(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

#[test]
fn a_list_is_a_table_for_people_and_rows_for_programs() {
    let place = Workplace::new();
    let list = ["cert", "list", "jpki-auth"];
    let answer = place.answer(&STAFF, &list);
    let rows = answer["certificates"].as_array().unwrap();
    assert!(rows.len() > 2, "{answer}");
    // 1. A heading, and under it a line for each row, in the same places.
    let said = asked(&place, &STAFF, &list);
    assert!(said.success, "{}", said.text);
    let lines: Vec<&str> = said.text.lines().collect();
    assert!(lines[0].starts_with("SERIAL ") && lines[0].ends_with(" GENERATION"), "{}", lines[0]);
    assert_eq!(lines.len(), rows.len() + 1, "{}", said.text);
    let at = |name: &str| lines[0].find(&format!(" {name} ")).unwrap() + 1;
    for (line, row) in lines[1..].iter().zip(rows) {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words.len(), 9, "{line}");
        assert!(line[at("STATE")..].starts_with(row["state"].as_str().unwrap()), "{line}");
        assert!(line[at("NOT_AFTER")..].contains("+09:00("), "{line}");
        assert!(line[at("HOLDER")..].starts_with("- "), "{line}");
    }
    // 2. The same for programs, as one value and row by row.
    let json = asked(&place, &STAFF, &[&["--output", "json"], &list[..]].concat());
    assert_eq!(parsed(&json.text), answer);
    let jsonl = asked(&place, &STAFF, &[&["--output", "jsonl"], &list[..]].concat());
    let read: Vec<Value> = jsonl.text.lines().map(parsed).collect();
    assert_eq!(&read, rows);
    // 3. A page says where the next begins.
    let page = asked(&place, &STAFF, &[&list[..], &["--limit", "1"]].concat());
    let next = rows[0]["serial"].as_str().unwrap();
    assert!(page.text.contains(next) && page.text.contains("--after "), "{}", page.text);
    let after = page.text.split("--after ").nth(1).unwrap().trim();
    let rest = place.answer(&STAFF, &[&list[..], &["--after", after]].concat());
    assert_eq!(rest["certificates"].as_array().unwrap(), &rows[1..]);
    let held = place.answer(&STAFF, &[&list[..], &["--state", "held"]].concat());
    assert_eq!(held["certificates"], serde_json::json!([]));
}

#[test]
fn a_serial_is_taken_as_other_tools_print_it() {
    let place = Workplace::new();
    let found = place.answer(&STAFF, &["cert", "list", "jpki-auth", "--limit", "1"]);
    let serial = found["certificates"][0]["serial"].as_str().unwrap();
    let pem = asked(&place, &STAFF, &["cert", "show", "jpki-auth", serial, "--pem"]);
    std::fs::write(place.path().join("one.pem"), &pem.stdout).unwrap();
    let text = ["x509", "-in", "one.pem", "-noout", "-text"];
    let told = run(place.path(), "openssl", &text).text;
    let (_, after) = told.split_once("Serial Number:").unwrap();
    let printed = after.lines().map(str::trim).find(|line| !line.is_empty()).unwrap();
    assert!(printed.contains(':'), "{printed}");
    for written in [printed, &format!("0x{serial}"), &format!("00{}", serial.to_uppercase())] {
        let shown = place.answer(&STAFF, &["cert", "show", "jpki-auth", written]);
        assert_eq!(shown["serial"], serial, "{written}");
    }
}

#[test]
fn an_error_has_the_form_of_the_answer_and_says_what_to_do() {
    let place = Workplace::new();
    let show = ["cert", "show", "jpki-auth", "0b"];
    for form in ["json", "jsonl"] {
        let said = asked(&place, &STAFF, &[&["--output", form], &show[..]].concat());
        assert_eq!((said.status, said.stdout.len()), (Some(1), 0), "{}", said.text);
        let told = parsed(&said.text);
        assert_eq!(
            (&told["status"], &told["field"]),
            (&404.into(), &"certificate".into()),
            "{told}"
        );
        assert!(told["detail"].as_str().unwrap().contains(&format!("{:0>32}", "b")), "{told}");
    }
    let said = asked(&place, &STAFF, &show);
    assert_eq!((said.status, said.text.lines().count()), (Some(1), 1), "{}", said.text);
    assert!(said.text.starts_with("jitsuin: certificate: "), "{}", said.text);
    let denied = asked(&place, &CLERK, &[&["--json"], &show[..]].concat());
    assert_eq!(parsed(&denied.text)["status"], 403, "{}", denied.text);
    // Where there is nothing, what makes something.
    let nowhere = TempDir::new().unwrap();
    let said = run(nowhere.path(), PROGRAM, &["--json", "ca", "list"]);
    let told = parsed(&said.text);
    assert!(told["detail"].as_str().unwrap().contains("`jitsuin init`"), "{told}");
    let members: Vec<&String> = told.as_object().unwrap().keys().collect();
    assert_eq!(members, ["title", "detail"]);
}

#[test]
fn a_choice_that_there_is_not_is_wrong_usage() {
    let nowhere = TempDir::new().unwrap();
    for (words, told) in [
        (&["--output", "yaml", "check"][..], "[possible values: table, json, jsonl]"),
        (&["--json", "--output", "table", "check"], "cannot be used with"),
        (&["demo", "--base-port", "65533"], "65531"),
        (&["demo", "--hsm", "nshield"], "[possible values: softhsm]"),
        (&["policy", "show", "none", "--profile", "users"], "[possible values: user,"),
        (&["request", "receive", "ca", "--kind", "user"], "[possible values: ocsp-responder,"),
        (&["request", "receive", "ca", "--cause", "lost"], "[possible values: "),
    ] {
        let said = run(nowhere.path(), PROGRAM, words);
        assert_eq!(said.status, Some(2), "{words:?}: {}", said.text);
        assert!(said.text.contains(told), "{words:?}: {}", said.text);
    }
    let chosen = [("RUST_LOG", "warn,=nonsense=")];
    let said = testkit::run_with(&chosen, nowhere.path(), PROGRAM, &["policy", "check", "none"]);
    assert!(said.text.contains("RUST_LOG cannot be read"), "{}", said.text);
}
