//! What the machine opens alone, sealed by a passphrase or a credential of the service manager.

use std::fs;
use std::path::Path;

use testkit::{Output, run_with};

use crate::demo::PROGRAM;
use crate::workplace::{AUDITOR, STAFF, Workplace};

/// The files that guard the services' keys, personal data, the state and emulated cards.
const FILES: [&str; 4] = ["service.key", "personal.key", "state.key", "vault.key"];

fn lies_in_clear(place: &Workplace, name: &str) -> bool {
    fs::read(place.path().join("data").join(name)).unwrap().len() == 32
}

fn configure(place: &Workplace, services: &str) {
    let file = place.path().join("jitsuin.toml");
    let text = fs::read_to_string(&file).unwrap();
    let kept: String = text
        .lines()
        .filter(|line| *line != "[services]")
        .fold(String::new(), |text, line| text + line + "\n");
    fs::write(&file, format!("{kept}\n[services]\n{services}\n")).unwrap();
}

fn with_credentials(place: &Workplace, directory: &str, arguments: &[&str]) -> Output {
    let environment = [("CREDENTIALS_DIRECTORY", directory)];
    run_with(&environment, place.path(), PROGRAM, &[&STAFF[..], arguments].concat())
}

#[test]
fn k1_services_keys_are_sealed_by_init_and_open_with_their_passphrase_alone() {
    let place = Workplace::new();
    for name in FILES {
        assert!(lies_in_clear(&place, name), "{name}");
    }
    let service_keys = place.path().join("data/service-keys");
    let clear = fs::read(place.path().join("data/state.key")).unwrap();
    configure(&place, "passphrase = \"services.passphrase\"");
    fs::write(place.path().join("services.passphrase"), "a passphrase of services").unwrap();
    let early = place.refusal(&STAFF, &["check"]);
    assert!(early.contains("`init` seals it"), "{early}");
    place.init();
    for name in FILES {
        assert!(!lies_in_clear(&place, name), "{name}");
    }
    assert_eq!(place.answer(&STAFF, &["check"])["consistent"], true);
    place.answer(&AUDITOR, &["audit", "export", "export"]);
    fs::write(place.path().join("services.passphrase"), "another passphrase, long enough").unwrap();
    let wrong = place.refusal(&STAFF, &["check"]);
    assert!(wrong.contains("does not open it"), "{wrong}");
    for entry in walk(&place.path().join("data")) {
        let stored = fs::read(&entry).unwrap();
        assert!(!stored.windows(32).any(|window| window == clear), "{}", entry.display());
    }
    assert!(service_keys.exists());
}

#[test]
fn k1_a_credential_of_the_service_manager_opens_the_services_keys() {
    let place = Workplace::new();
    configure(&place, "credential = \"jitsuin\"");
    let refused = place.refusal(&STAFF, &["check"]);
    assert!(refused.contains("the service manager hands over none"), "{refused}");
    let directory = place.path().join("credentials");
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("jitsuin"), "a credential of the service manager").unwrap();
    let directory = directory.to_str().unwrap();
    let sealed = with_credentials(&place, directory, &["init"]);
    assert!(sealed.success, "{}", sealed.text);
    assert!(!lies_in_clear(&place, "service.key"));
    let said = with_credentials(&place, directory, &["check"]);
    assert!(said.success, "{}", said.text);
    // Taken out of the configuration, it does not fall back to the file.
    let file = place.path().join("jitsuin.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("credential = \"jitsuin\"", "")).unwrap();
    let refused = place.refusal(&STAFF, &["check"]);
    assert!(refused.contains("no passphrase or credential is configured"), "{refused}");
}

fn walk(directory: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(walk(&path));
        } else {
            found.push(path);
        }
    }
    found
}
