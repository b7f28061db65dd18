//! The command line itself: help, usage errors, set-up, and what refuses.

use std::fs;

use tempfile::TempDir;
use testkit::run;

use crate::demo::PROGRAM;
use crate::workplace::{AUDITOR, Workplace};

#[test]
fn help_explains_every_command_and_wrong_usage_is_status_2() {
    let scratch = TempDir::new().unwrap();
    let said = run(scratch.path(), PROGRAM, &["--help"]);
    assert_eq!(said.status, Some(0));
    for command in [
        "demo", "init", "serve", "ca", "apply", "cert", "request", "hold", "revoke", "crl",
        "register", "policy", "staff", "ceremony", "audit", "check",
    ] {
        let listed = said.text.lines().any(|line| line.trim().starts_with(&format!("{command} ")));
        assert!(listed, "{command}: {}", said.text);
        let help = run(scratch.path(), PROGRAM, &[command, "--help"]);
        assert_eq!(help.status, Some(0), "{command}");
        assert!(help.text.contains("Usage: jitsuin"), "{command}: {}", help.text);
    }
    for wrong in [
        &[][..],
        &["nonsense"],
        &["policy"],
        &["policy", "check"],
        &["demo", "--base-port", "70000"],
        &["audit", "verify", "file"],
        &["--json"],
    ] {
        let said = run(scratch.path(), PROGRAM, wrong);
        assert_eq!(said.status, Some(2), "{wrong:?}: {}", said.text);
    }
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0, "nothing was written");
}

#[test]
fn e2_init_twice_changes_nothing_that_was_set_up() {
    let place = Workplace::empty();
    let kept = [
        "jitsuin.toml",
        "policy/jpki-auth.toml",
        "policy/saitama-sign.toml",
        "data/service.key",
        "data/custody.json",
        "data/audit.pub",
        "data/tls/ca.pem",
        "data/tls/server.pem",
        "data/handed-out/verifier-1.pem",
        "data/handed-out/verifier-1.password",
        "data/handed-out/manager-1.enrolment",
    ];
    let read = || kept.map(|name| fs::read(place.path().join(name)).expect(name));
    place.init();
    let first = read();
    place.init();
    assert!(read() == first, "the second init leaves everything as it is");
    let key = ["audit", "verify", "data/state.db", "--key", "data/audit.pub"];
    let said = run(place.path(), PROGRAM, &key);
    assert!(said.success, "{}", said.text);
}

#[test]
fn secrets_that_set_up_writes_are_readable_by_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = Workplace::empty();
    place.init();
    for name in [
        "data/service.key",
        "data/custody.json",
        "data/personal.key",
        "data/vault.key",
        "data/tls/server.key",
        "data/handed-out/verifier-1.password",
        "data/handed-out/verifier-1.key",
        "data/handed-out/manager-1.enrolment",
    ] {
        let mode = fs::metadata(place.path().join(name)).expect(name).permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn e1_every_file_that_the_program_makes_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = Workplace::new();
    place.answer(&AUDITOR, &["audit", "export", "export"]);
    let mut directories = vec![place.path().join("data")];
    let mut files = vec![place.path().join("export")];
    while let Some(directory) = directories.pop() {
        for entry in
            fs::read_dir(&directory).expect("a directory").map(|entry| entry.unwrap().path())
        {
            if entry.is_dir() { directories.push(entry) } else { files.push(entry) }
        }
    }
    assert!(files.len() > 20, "{files:?}");
    for file in files {
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", file.display());
    }
}

#[test]
fn a_configuration_that_is_missing_or_wrong_is_named_in_one_line() {
    let scratch = TempDir::new().unwrap();
    let export = || run(scratch.path(), PROGRAM, &["audit", "export", "file"]);
    let said = export();
    assert_eq!(said.status, Some(1));
    assert!(said.text.starts_with("jitsuin: jitsuin.toml: cannot be read"), "{}", said.text);
    fs::write(scratch.path().join("jitsuin.toml"), "data = 1\nnonsense = 2\n").unwrap();
    let said = export();
    assert_eq!((said.status, said.text.lines().count()), (Some(1), 1), "{}", said.text);
    assert!(said.text.starts_with("jitsuin: jitsuin.toml: not a configuration"), "{}", said.text);
}
