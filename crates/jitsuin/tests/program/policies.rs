//! `policy`: what the command says about good, bad and different policy files.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use testkit::{Output, run};

use crate::demo::PROGRAM;
use crate::workplace::{CLERK, MANAGER, OPERATOR_2, STAFF, Workplace};

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policy").join(name).canonicalize().unwrap()
}

/// Checks a text as a policy file.
fn check(text: impl AsRef<[u8]>) -> Output {
    let scratch = TempDir::new().unwrap();
    fs::write(scratch.path().join("policy.toml"), text).unwrap();
    run(scratch.path(), PROGRAM, &["policy", "check", "policy.toml"])
}

fn policy(arguments: &[&str]) -> Output {
    run(Path::new("/"), PROGRAM, &[&["policy"], arguments].concat())
}

#[test]
fn p1_the_shipped_policies_are_valid() {
    for (name, ca) in [
        ("jpki-auth.toml", "jpki-auth"),
        ("saitama-sign.toml", "saitama-sign"),
        ("bridge.toml", "bridge"),
    ] {
        let said = check(fs::read(shipped(name)).unwrap());
        let expected = format!("policy.toml is a valid policy of {ca}\n");
        assert_eq!((said.status, said.text), (Some(0), expected));
    }
}

#[test]
fn p1_a_bad_policy_is_refused_in_one_line_that_names_entry_and_rule() {
    let good = fs::read_to_string(shipped("jpki-auth.toml")).unwrap();
    for (from, to, words) in [
        ("validity_hours = 72", "validity_hours = 0", "policy entry lists: 0 < period_hours <"),
        ("validity_hours = 72", "validty_hours = 72", "unknown field `validty_hours`"),
        ("validity_hours = 72", "validity_hours = \"72\"", "invalid type: string \"72\""),
        ("reason = 2", "reason = 9", "policy entry revocation[7].reason: 0 to 5"),
        ("clause = \"A 7.1(1)\"\n", "", "missing field `clause`"),
        ("[hold]", "[hold", "line 53"),
        ("effective_from = \"2026-01-01\"", "effective_from = \"2026-02-30\"", "effective_from"),
    ] {
        assert!(good.contains(from), "{from}");
        let said = check(good.replacen(from, to, 1));
        assert_eq!(said.status, Some(1), "{to}: {}", said.text);
        assert_eq!(said.text.lines().count(), 1, "{to}: {}", said.text);
        assert!(said.text.starts_with("jitsuin: policy.toml: "), "{}", said.text);
        assert!(said.text.contains(words), "{to}: {}", said.text);
    }
    for nothing in [&b""[..], b"\xff\xfe", b"\0"] {
        let said = check(nothing);
        assert_eq!((said.status, said.text.lines().count()), (Some(1), 1), "{}", said.text);
    }
}

#[test]
fn p3_policy_show_prints_a_profile_so_that_it_can_be_checked() {
    let file = shipped("jpki-auth.toml");
    let file = file.to_str().unwrap();
    let said = policy(&["show", file, "--profile", "user"]);
    assert!(said.success, "{}", said.text);
    let lines: Vec<&str> = said.text.lines().collect();
    assert_eq!(lines.len(), 10, "{}", said.text);
    assert!(lines[0].contains("14 random of [0-9A-Z] + municipality code + 003A [A 7.1(1)]"));
    assert_eq!(lines[2], "profile user: extension 1: keyUsage, critical: digitalSignature");
    assert!(lines[4].ends_with("1.2.392.200149.8.5.1.3.30, with the CPS address"));
    let whole = policy(&["show", file]);
    assert!(lines.iter().all(|line| whole.text.contains(line)), "{}", whole.text);
    let said = policy(&["show", file, "--profile", "nonsense"]);
    assert_eq!(said.status, Some(2));
    assert!(said.text.contains("[possible values: user, self-signed,"), "{}", said.text);
}

#[test]
fn p1_policy_diff_tells_exactly_what_changes() {
    let scratch = TempDir::new().unwrap();
    let old = shipped("saitama-sign.toml");
    let text = fs::read_to_string(&old).unwrap();
    let new = scratch.path().join("new.toml");
    let rule = "algorithm = \"rsa-1024\", instead = [\"rsa-2048\"]";
    assert!(text.contains(rule));
    fs::write(&new, text.replace(rule, "algorithm = \"rsa-2048\"")).unwrap();
    let (old, new) = (old.to_str().unwrap(), new.to_str().unwrap());
    let said = policy(&["diff", old, new]);
    assert_eq!(
        said.text,
        "- user keys: rsa-1024 or, as the card needs, rsa-2048, made by the holder [S 6-1-2-3]\n\
         + user keys: rsa-2048, made by the holder [S 6-1-2-3]\n"
    );
    let same = policy(&["diff", old, old]);
    assert_eq!((same.status, same.text.as_str()), (Some(0), ""));
}

#[test]
fn p1_p10_a_policy_file_changed_on_the_disk_is_worked_by_only_once_two_people_adopted_it() {
    let place = Workplace::new();
    let file = place.path().join("policy/jpki-auth.toml");
    let text = fs::read_to_string(&file).unwrap();
    let before = place.answer(&STAFF, &["ca", "show", "jpki-auth"])["policy_sha256"].clone();
    fs::write(&file, text.replacen("validity_hours = 72", "validity_hours = 96", 1)).unwrap();
    let adopt = ["policy", "adopt", "policy/jpki-auth.toml"];
    let together = |operation, asks: &[&str], approver: &[&str]| {
        let said = place.together(operation, (asks, approver), &adopt);
        assert!(!said.success, "{operation}: {}", said.text);
        said.text
    };
    for command in [&["check"][..], &["crl", "publish"], &["serve"], &["cert", "list", "jpki-auth"]]
    {
        let said = place.refusal(&STAFF, command);
        assert!(said.contains("not the policy in effect"), "{command:?}: {said}");
    }
    let alone = together("op-alone", &STAFF, &STAFF);
    assert!(alone.contains("another person than the one who asks"), "{alone}");
    // Both are senior operators: neither a clerk nor the CA manager is one of them.
    for stranger in [
        together("op-clerk", &CLERK, &STAFF),
        together("op-manager", &MANAGER, &STAFF),
        together("op-second", &STAFF, &MANAGER),
    ] {
        assert!(stranger.contains("adopt_policy is open to a senior operator"), "{stranger}");
    }
    // What was approved is this text: another is another policy.
    place.answer(&OPERATOR_2, &[&adopt[..], &["--approves", "op-adopt"]].concat());
    let approved = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{approved}# and more\n")).unwrap();
    let by = [&adopt[..], &["--operation", "op-adopt", "--approver", "operator-2"]].concat();
    assert!(place.refusal(&STAFF, &by).contains("something else"));
    fs::write(&file, approved).unwrap();
    place.answer(&STAFF, &by);
    let after = place.answer(&STAFF, &["ca", "show", "jpki-auth"])["policy_sha256"].clone();
    assert_ne!(before, after);
    assert_eq!(place.answer(&STAFF, &["check"])["consistent"], true);
    // The one before is now the stranger.
    let adopted = fs::read_to_string(&file).unwrap();
    fs::write(&file, &text).unwrap();
    assert!(place.refusal(&STAFF, &["check"]).contains("not the policy in effect"));
    // An approval is used once: what two people took back stays so.
    let back = place.together("op-back", (&STAFF, &OPERATOR_2), &adopt);
    assert!(back.success, "{}", back.text);
    fs::write(&file, &adopted).unwrap();
    place.answer(&STAFF, &by);
    fs::write(&file, &text).unwrap();
    let now = place.answer(&STAFF, &["ca", "show", "jpki-auth"])["policy_sha256"].clone();
    assert_eq!(now, before);
}
