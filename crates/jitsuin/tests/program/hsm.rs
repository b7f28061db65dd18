//! The demo on a token, seen from outside by OpenSC's tools.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use testkit::{Output, run, run_long, run_with};

use crate::client::after;
use crate::demo::PROGRAM;

/// What the ready file says of the token.
struct Token {
    conf: String,
    module: String,
    label: String,
    pin: String,
}

impl Token {
    fn of(ready: &Value) -> Self {
        let text = |name: &str| ready["hsm"][name].as_str().unwrap().to_owned();
        let [conf, module, label, pin] = ["conf", "module", "token_label", "user_pin"].map(text);
        Self { conf, module, label, pin }
    }

    fn tool(&self, arguments: &[&str]) -> String {
        let tool = Command::new("pkcs11-tool")
            .env("SOFTHSM2_CONF", &self.conf)
            .args(["--module", &self.module, "--token-label", &self.label])
            .args(["--login", "--pin", &self.pin])
            .args(arguments)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&tool.stderr);
        assert!(tool.status.success(), "{arguments:?}: {:?}: {said}", tool.status);
        String::from_utf8_lossy(&tool.stdout).into_owned()
    }
}

fn demo(place: &Path, more: &[&str]) -> Output {
    let arguments = ["demo", "--dir", "demo", "--base-port", "0", "--once"];
    run_long(place, PROGRAM, &[&arguments[..], &["--ready-file", "ready.json"], more].concat())
}

#[test]
fn k1_the_demo_runs_on_a_token_that_gives_no_key_away() {
    let scratch = tempfile::tempdir().unwrap();
    let said = demo(scratch.path(), &["--hsm", "softhsm"]);
    assert!(said.success, "{}", said.text);
    let ready = fs::read(scratch.path().join("ready.json")).unwrap();
    let ready: Value = serde_json::from_slice(&ready).unwrap();
    let token = Token::of(&ready);
    let objects = token.tool(&["--list-objects", "--type", "privkey"]);
    for label in ["jpki-auth-ca-1", "saitama-sign-ca-1"] {
        let object = objects.split("Private Key Object").find(|object| object.contains(label));
        let object = object.unwrap_or_else(|| panic!("{label} is not in the token: {objects}"));
        // Not "never extractable": what is stored is the backup that left once, wrapped, unwrapped
        // again. It is not extractable any more, and no second backup can be made of it.
        let access = object.lines().find_map(|line| line.trim().strip_prefix("Access:"));
        assert_eq!(access.map(str::trim), Some("sensitive"), "{object}");
    }
    // What signs in the token is what the certificates say.
    let message = scratch.path().join("message");
    fs::write(&message, "to be signed").unwrap();
    let signature = scratch.path().join("signature");
    // The tool takes a key to sign with by its id alone, and any key without one.
    let id: String = b"jitsuin-key:jpki-auth-ca-1".iter().map(|c| format!("{c:02x}")).collect();
    token.tool(&[
        "--sign",
        "--id",
        &id,
        "--mechanism",
        "SHA256-RSA-PKCS",
        "--input-file",
        message.to_str().unwrap(),
        "--output-file",
        signature.to_str().unwrap(),
    ]);
    let certificate = ready["cas"][0]["certificate_pem"].as_str().unwrap();
    let key = run(scratch.path(), "openssl", &["x509", "-in", certificate, "-noout", "-pubkey"]);
    fs::write(scratch.path().join("key.pem"), key.stdout).unwrap();
    let verify = ["dgst", "-sha256", "-verify", "key.pem", "-signature", "signature", "message"];
    assert_eq!(run(scratch.path(), "openssl", &verify).text, "Verified OK\n");
    // No file of the installation holds a service's key either: they are in a token of their own,
    // and what opens the state and personal data is sealed by a key in it.
    assert!(!scratch.path().join("demo/data/service-keys").exists());
    let slots = ["--module", &token.module, "--list-token-slots"];
    let conf = [("SOFTHSM2_CONF", token.conf.as_str())];
    let slots = run_with(&conf, scratch.path(), "pkcs11-tool", &slots).text;
    let labels: Vec<_> = after(&slots, "token label        : ");
    assert_eq!(labels.len(), 2, "{slots}");
    assert!(labels.contains(&"services") && labels.contains(&"jitsuin"), "{slots}");
    for secret in ["state", "personal", "vault"] {
        let stored = fs::read(scratch.path().join("demo/data").join(format!("{secret}.key")));
        assert!(stored.unwrap().starts_with(b"{"), "{secret} is sealed");
    }
    // No file of the installation holds a CA's key, and the demo does not mix both kinds.
    assert!(!scratch.path().join("demo/data/keys").exists());
    let mixed = demo(scratch.path(), &[]);
    assert_eq!(mixed.status, Some(1));
    assert!(mixed.text.contains("in a token (--hsm softhsm)"), "{}", mixed.text);
}

#[test]
fn k1_a_token_that_the_demo_cannot_make_is_refused_by_name() {
    let scratch = tempfile::tempdir().unwrap();
    let said = demo(scratch.path(), &["--hsm", "nshield"]);
    assert_eq!(said.status, Some(2));
    assert!(said.text.contains("[possible values: softhsm]"), "{}", said.text);
    assert!(!scratch.path().join("demo").exists());
}

/// In a token, a public object says nothing of the private one beside it: whoever makes a token puts the
/// CA's public key into it. Each key has to sign.
#[test]
fn k2_w3_a_token_with_a_cas_public_key_and_another_private_one_is_not_the_cas() {
    let scratch = tempfile::tempdir().unwrap();
    let said = demo(scratch.path(), &["--hsm", "softhsm"]);
    assert!(said.success, "{}", said.text);
    let ready = fs::read(scratch.path().join("ready.json")).unwrap();
    let ready: Value = serde_json::from_slice(&ready).unwrap();
    let token = Token::of(&ready);
    let certificate = ready["cas"][0]["certificate_pem"].as_str().unwrap();
    let key = run(scratch.path(), "openssl", &["x509", "-in", certificate, "-noout", "-pubkey"]);
    fs::write(scratch.path().join("key.pem"), key.stdout).unwrap();
    let der = ["pkey", "-pubin", "-in", "key.pem", "-outform", "DER", "-out", "key.der"];
    assert!(run(scratch.path(), "openssl", &der).success);
    let conf = [("SOFTHSM2_CONF", token.conf.as_str())];
    let by_two = |command: &[&str]| {
        let custodians = ["custodian-1", "custodian-2"]
            .map(|id| format!("--custodian={id}=demo/data/handed-out/{id}.passphrase"));
        let [one, other] = custodians.each_ref().map(String::as_str);
        let config = ["--config", "demo/jitsuin.toml", one, other];
        run_with(&conf, scratch.path(), PROGRAM, &[&config[..], command].concat())
    };
    let publish =
        ["--as", "demo/data/handed-out/operator-1.token", "crl", "publish", "--ca", "jpki-auth"];
    // The demo has just published, and thisUpdate has whole seconds.
    std::thread::sleep(std::time::Duration::from_secs(1));
    let said = by_two(&publish);
    assert!(said.success, "the true token: {}", said.text);
    let ids = ["jpki-auth-ca-1", "saitama-sign-ca-1"].map(|label| {
        let id = format!("jitsuin-key:{label}");
        (label, id.bytes().map(|octet| format!("{octet:02x}")).collect::<String>())
    });
    for (_, id) in &ids {
        for kind in ["privkey", "pubkey"] {
            token.tool(&["--delete-object", "--type", kind, "--id", id]);
        }
    }
    let (label, id) = &ids[0];
    let named = ["--id", id, "--label", label];
    token.tool(&[&["--keypairgen", "--key-type", "rsa:2048"], &named[..]].concat());
    token.tool(&["--delete-object", "--type", "pubkey", "--id", id]);
    let der = scratch.path().join("key.der");
    let object = ["--write-object", der.to_str().unwrap(), "--type", "pubkey"];
    token.tool(&[&object[..], &named[..]].concat());
    for (command, told) in [
        (&["staff", "recover", "manager-1"][..], "not that of the CAs' keys"),
        (&publish, "does not verify under the CA's public key"),
    ] {
        let said = by_two(command);
        assert_eq!(said.status, Some(1), "{command:?}: {}", said.text);
        assert!(said.text.contains(told), "{command:?}: {}", said.text);
    }
}
