//! The journal as evidence: what an auditor with a public key finds, and what the queries left.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use domain::staff::Role;
use serde_json::Value;
use testkit::Output;
use web::desk::permission::Operation as Permitted;

use crate::client::Asker;
use crate::demo::Demo;

/// Verifies a file with nothing but the public key.
fn verify(demo: &Demo, file: &str) -> Output {
    demo.jitsuin(&["--json", "audit", "verify", file, "--key", &demo.ready.audit_public_key])
}

/// Stops the demo and writes its journal into `export`; returns its lines.
fn export(demo: &mut Demo) -> Vec<String> {
    assert!(demo.stop().success());
    let said = demo.export();
    assert!(said.success, "{}", said.text);
    let text = fs::read_to_string(demo.path().join("export")).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// The entry of a line, if it is one.
fn entry(line: &str) -> Option<Value> {
    let line: Value = serde_json::from_str(line).unwrap();
    Some(serde_json::from_str(line.get("entry")?.as_str()?).unwrap())
}

#[test]
fn e2_an_outsider_verifies_database_and_export_with_the_public_key_alone() {
    let mut demo = Demo::start();
    let entries = export(&mut demo).iter().filter_map(|line| entry(line)).count();
    for file in ["demo/data/state.db", "export"] {
        let said = verify(&demo, file);
        assert!(said.success, "{file}: {}", said.text);
        let report: Value = serde_json::from_str(&said.text).unwrap();
        assert_eq!(report["intact"], true);
        assert_eq!((&report["entries"], &report["sealed"]), (&entries.into(), &entries.into()));
    }
    assert!(entries > 500, "every step of every resident: {entries}");
    // Another installation's key proves nothing.
    let key = fs::read_to_string(&demo.ready.audit_public_key).unwrap();
    let (head, tail) = key.trim().split_at(key.trim().len() - 8);
    fs::write(demo.path().join("other.pub"), format!("{head}AAAA{}", &tail[4..])).unwrap();
    let said = demo.jitsuin(&["audit", "verify", "export", "--key", "other.pub"]);
    assert_eq!(said.status, Some(1), "{}", said.text);
}

#[test]
fn e2_one_byte_flipped_one_entry_removed_or_two_exchanged_are_named() {
    let mut demo = Demo::start();
    let lines = export(&mut demo);
    let place = lines.iter().position(|line| line.contains("certificate-revoked")).unwrap();
    let number = entry(&lines[place]).unwrap()["sequence"].as_u64().unwrap();
    let flipped = lines[place].replacen("certificate-revoked", "certificate-revokee", 1);
    let change = |what: fn(&mut Vec<String>, usize, String)| {
        let mut changed = lines.clone();
        what(&mut changed, place, flipped.clone());
        fs::write(demo.path().join("changed"), changed.join("\n") + "\n").unwrap();
        let said = verify(&demo, "changed");
        assert_eq!(said.status, Some(1), "{}", said.text);
        assert_eq!(said.text.lines().count(), 1, "one line: {}", said.text);
        said.text
    };
    let named = format!("entry {number}");
    let said = change(|lines, place, flipped| lines[place] = flipped);
    assert!(said.contains(&format!("{named}: body does not match")), "{said}");
    let said = change(|lines, place, _| drop(lines.remove(place)));
    assert!(said.contains(&format!("{named} missing")), "{said}");
    let said = change(|lines, place, _| {
        let next = (place + 1..).find(|next| entry(&lines[*next]).is_some()).unwrap();
        lines.swap(place, next);
    });
    assert!(said.contains(&format!("entries {number} and {} swapped", number + 1)), "{said}");
    let said = change(|lines, place, _| lines.insert(place, lines[place].clone()));
    assert!(said.contains(&named), "{said}");
}

#[test]
fn e1_queries_are_in_a_sealed_segment_whose_hash_is_a_journal_entry() {
    let mut demo = Demo::start();
    let good = demo.certificates("jpki-auth", "user", "good")[0].clone();
    let said = demo.ask("jpki-auth", &[&good], Asker::Verifier, "");
    assert!(said.contains(": good"), "{said}");
    let said = demo.ask("jpki-auth", &[&good], Asker::Nobody, "");
    assert!(said.contains("sigrequired"), "{said}");
    drop(demo.list(&good.crl_dn));
    assert_eq!(demo.fetch("/crl/jpki-auth/1/other.crl", &Asker::Verifier).0, "200");
    let sealed: Vec<Value> = export(&mut demo)
        .iter()
        .filter_map(|line| entry(line))
        .filter(|entry| entry["kind"] == "query-segment-sealed")
        .collect();
    let detail = |entry: &Value, name: &str| {
        let details = entry["details"].as_array().unwrap();
        let found = details.iter().find(|detail| detail[0] == name).unwrap();
        found[1].as_str().unwrap().to_owned()
    };
    let mut records = String::new();
    for entry in &sealed {
        let name = entry["subject"].as_str().unwrap();
        let said = demo.says(&format!("sha256sum demo/data/queries/{name}"));
        assert!(said.starts_with(&detail(entry, "sha256")), "{name}: {said}");
        let text = fs::read_to_string(demo.kept("data/queries").join(name)).unwrap();
        assert_eq!(text.lines().count().to_string(), detail(entry, "records"));
        records += &text;
    }
    // Who asked, what, and what became of it: the verifier's, then nobody's.
    let about: Vec<_> = records.lines().filter(|line| line.contains(&good.serial_hex)).collect();
    assert_eq!(about.len(), 2, "{records}");
    assert!(about[0].contains("verifier-1"), "{}", about[0]);
    assert!(!about[1].contains("verifier-1"), "{}", about[1]);
    assert!(records.contains(&good.crl_dn), "{records}");
    let left = fs::read_dir(demo.kept("data/queries")).unwrap().count();
    assert_eq!(left, sealed.len(), "nothing is left open");
}

#[test]
fn e1_the_journal_tells_who_did_what_with_which_result() {
    let mut demo = Demo::start();
    let revoked = demo.certificates("jpki-auth", "user", "held")[0].serial_hex.clone();
    let entries: Vec<Value> = export(&mut demo).iter().filter_map(|line| entry(line)).collect();
    for (number, entry) in entries.iter().enumerate() {
        assert_eq!(entry["sequence"], number);
        assert!(entry["actor"]["role"].is_string() && entry["at"].is_string(), "{entry}");
        assert!(entry["outcome"]["result"].is_string() && entry["kind"].is_string(), "{entry}");
    }
    let about: Vec<_> = entries.iter().filter(|entry| entry["subject"] == revoked).collect();
    let kinds: Vec<_> = about.iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        [
            "certificate-intended",
            "certificate-issued",
            "possession-proven",
            "key-destroyed",
            "certificate-delivered",
            "certificate-held",
        ]
    );
}

/// What nothing erases holds nobody's address, though everybody's certificates were asked for.
#[test]
fn e4_no_resident_is_named_in_query_records_the_log_or_an_export() {
    let mut demo = Demo::start();
    let text = fs::read_to_string(demo.kept("data/register/residents.jsonl")).unwrap();
    let residents: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |field: &str| -> std::collections::BTreeSet<String> {
        residents.iter().map(|one| one[field].as_str().unwrap().to_owned()).collect()
    };
    let (codes, addresses) = (of("code"), of("address"));
    let good = demo.certificates("saitama-sign", "user", "good")[0].clone();
    assert!(demo.ask("saitama-sign", &[&good], Asker::Verifier, "").contains(": good"));
    export(&mut demo);
    let mut files = vec![demo.path().join("export"), demo.path().join("log")];
    let segments = fs::read_dir(demo.kept("data/queries")).unwrap();
    files.extend(segments.map(|entry| entry.unwrap().path()));
    assert!(files.len() > 2, "{files:?}");
    let mut asked = false;
    for file in files {
        let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
        asked |= text.contains(&good.serial_hex.to_lowercase());
        let words = text.split(|c: char| !c.is_ascii_digit());
        let code = words.into_iter().find(|word| word.len() == 11 && codes.contains(*word));
        assert_eq!(code, None, "{file:?}");
        let address = text.match_indices("埼玉県").find(|(at, _)| {
            addresses.iter().any(|address| text[*at..].starts_with(address.as_str()))
        });
        assert_eq!(address, None, "{file:?}");
    }
    assert!(asked, "the question is recorded by the certificate's serial");
}

/// What people of the demo did is in the journal as what a desk let them do: by their role, and where it takes
/// two, approved by the second before.
#[test]
fn w3_what_the_staff_of_the_demo_did_is_open_to_them_and_approved_by_whom_it_names() {
    let mut demo = Demo::start();
    let ready: Value = serde_json::from_str(&demo.ready_text()).unwrap();
    let operators = ready["operators"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let roles: BTreeMap<_, _> =
        operators.map(|one| (text(&one["login"]), text(&one["role"]).parse::<Role>())).collect();
    let entries: Vec<Value> = export(&mut demo).iter().filter_map(|line| entry(line)).collect();
    let mut kinds = BTreeMap::<_, BTreeSet<String>>::new();
    for entry in entries.iter().filter(|entry| entry["outcome"]["result"] == "done") {
        if ["window-clerk", "staff", "call-centre-agent"].contains(&&*text(&entry["actor"]["role"]))
        {
            let asked = (text(&entry["actor"]["id"]), text(&entry["operation"]));
            kinds.entry(asked).or_default().insert(text(&entry["kind"]));
        }
    }
    for ((person, operation), kinds) in &kinds {
        let role = *roles[person].as_ref().unwrap();
        let is_asked_for = |permitted: &&Permitted| {
            permitted.is_open_to(role) && kinds.contains(permitted.kind().name())
        };
        let permitted = Permitted::ALL.iter().find(is_asked_for);
        assert!(permitted.is_some(), "{person}, {role}, {operation}: {kinds:?}");
    }
    let detail = |entry: &Value, name: &str| {
        let details = entry["details"].as_array().into_iter().flatten();
        details.filter(|one| one[0] == name).map(|one| text(&one[1])).next()
    };
    let approved = |number: usize, by: &str| {
        let operation = &entries[number]["operation"];
        entries[..number].iter().any(|before| {
            before["kind"] == "operation-approved"
                && &before["subject"] == operation
                && before["actor"]["id"] == by
        })
    };
    let named =
        entries.iter().enumerate().filter_map(|(n, one)| Some((n, detail(one, "approver")?)));
    let named: Vec<_> = named.collect();
    assert_eq!(named.len(), 2, "one certificate of each CA: {named:?}");
    assert!(named.iter().all(|(number, by)| approved(*number, by)), "{named:?}");
    let commands: BTreeSet<_> = entries.iter().filter_map(|one| detail(one, "command")).collect();
    assert!(
        commands.contains("record_death") && commands.contains("record_address"),
        "{commands:?}"
    );
}
