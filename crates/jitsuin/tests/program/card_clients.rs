//! The demo's card in the hands of programs that nobody here wrote, over the demo's own PC/SC
//! service.

use std::fs;
use std::path::Path;

use testkit::{Output, run};

use crate::demo::Demo;

/// OpenSC's PKCS#11 module, wherever the machine's architecture has it.
fn module() -> String {
    let places = fs::read_dir("/usr/lib").unwrap().map(|place| place.unwrap().path());
    let mut found = places.map(|place| place.join("opensc-pkcs11.so")).filter(|path| path.exists());
    let found = found.next().expect("opensc-pkcs11 is installed: cargo xtask test does it");
    found.to_str().unwrap().to_owned()
}

/// A program that asks the demo's card and must succeed.
fn told(demo: &Demo, program: &str, arguments: &[&str]) -> Output {
    let said = demo.card_client(program, arguments);
    assert!(said.success, "{program} {arguments:?}: {}", said.text);
    said
}

/// The DER in a PEM file.
fn der(path: &Path) -> Vec<u8> {
    let output =
        run(Path::new("/"), "openssl", &["x509", "-in", path.to_str().unwrap(), "-outform", "DER"]);
    assert!(output.success, "{}", output.text);
    output.stdout
}

/// Signs a file with a key of the card through pkcs11-tool.
fn sign(demo: &Demo, slot: &str, pin: &str, id: &str) -> Output {
    fs::write(demo.path().join("text"), "本人が署名する文").unwrap();
    let module = module();
    let login = ["--module", &module, "--token-label", slot, "--login", "--pin", pin];
    let what = ["--id", id, "--sign", "--mechanism", "SHA256-RSA-PKCS"];
    let files = ["--input-file", "text", "--output-file", "signature"];
    demo.card_client("pkcs11-tool", &[&login[..], &what, &files].concat())
}

const AUTHENTICATION: (&str, &str) = ("JPKI (User Authentication PIN)", "01");
const SIGNATURE: (&str, &str) = ("JPKI (Digital Signature PIN)", "02");

#[test]
fn c1_opensc_takes_the_card_for_what_it_is() {
    let demo = Demo::start();
    assert!(told(&demo, "opensc-tool", &["--name"]).text.contains("jpki"));
    let listed = told(&demo, "opensc-tool", &["--list-readers"]).text;
    assert!(listed.contains(&demo.card().reader), "{listed}");
    let tree = told(&demo, "pkcs15-tool", &["--dump"]).text;
    for wanted in [
        "User Authentication PIN",
        "Digital Signature PIN",
        "User Authentication Certificate",
        "Digital Signature Certificate",
        "User Authentication Certificate CA",
        "Digital Signature Certificate CA",
    ] {
        assert!(tree.contains(wanted), "{wanted} in {tree}");
    }
}

#[test]
fn c1_opensc_reads_all_four_certificates_octet_for_octet() {
    let demo = Demo::start();
    let place = demo.card();
    let pin = place.sign_password.as_str();
    let read = |id: &str, login: &[&str]| {
        let what = ["--read-certificate", id, "--output", "read.pem"];
        told(&demo, "pkcs15-tool", &[&what[..], login].concat());
        der(&demo.path().join("read.pem"))
    };
    let login = ["--verify-pin", "--auth-id", "02", "--pin", pin];
    assert_eq!(read("01", &[]), der(Path::new(&place.auth_certificate_pem)));
    assert_eq!(read("02", &login), der(Path::new(&place.sign_certificate_pem)));
    assert_eq!(read("03", &[]), der(Path::new(&demo.ca("jpki-auth").certificate_pem)));
    assert_eq!(read("04", &[]), der(Path::new(&demo.ca("saitama-sign").certificate_pem)));
    // Without the password the signature certificate stays on the card.
    let refused = demo.card_client("pkcs15-tool", &["--read-certificate", "02"]);
    assert!(!refused.text.contains("BEGIN CERTIFICATE"), "{}", refused.text);
    // And it is the card that keeps it, whatever a driver thinks of private objects.
    let select = "00A4040C0AD392F000260100000001";
    let asked = ["-s", select, "-s", "00A4020C020001", "-s", "00B0000004"];
    let said = String::from_utf8(told(&demo, "opensc-tool", &asked).stdout).unwrap();
    assert!(said.trim_end().ends_with("(SW1=0x69, SW2=0x82)"), "{said}");
}

#[test]
fn c1_both_keys_sign_for_pkcs11_tool_and_openssl_verifies() {
    let demo = Demo::start();
    let place = demo.card();
    for ((label, id), pin, certificate) in [
        (AUTHENTICATION, &place.auth_pin, &place.auth_certificate_pem),
        (SIGNATURE, &place.sign_password, &place.sign_certificate_pem),
    ] {
        let said = sign(&demo, label, pin, id);
        assert!(said.success, "{label}: {}", said.text);
        let key = run(
            demo.path(),
            "openssl",
            &["x509", "-in", certificate, "-noout", "-pubkey", "-out", "public.pem"],
        );
        assert!(key.success, "{}", key.text);
        let check = ["dgst", "-sha256", "-verify", "public.pem", "-signature", "signature", "text"];
        let verified = run(demo.path(), "openssl", &check);
        assert!(verified.text.contains("Verified OK"), "{label}: {}", verified.text);
    }
}

#[test]
fn c3_wrong_pins_count_down_and_lock_each_secret_by_itself() {
    let demo = Demo::start();
    let place = demo.card();
    let ((auth, auth_id), (signing, sign_id)) = (AUTHENTICATION, SIGNATURE);
    let tries = |name: &str| {
        let tree = told(&demo, "pkcs15-tool", &["--list-pins"]).text;
        let (_, rest) = tree.split_once(name).expect("the PIN is listed");
        let (_, left) = rest.split_once("Tries left").expect("its tries are");
        left.split_once(':').unwrap().1.lines().next().unwrap().trim().to_owned()
    };
    assert_eq!(tries("User Authentication PIN"), "3");
    for left in ["2", "1", "0"] {
        assert!(!sign(&demo, auth, "9999", auth_id).success);
        assert_eq!(tries("User Authentication PIN"), left);
    }
    // The right one is too late, and the other secret has all its tries.
    let locked = sign(&demo, auth, &place.auth_pin, auth_id);
    assert!(locked.text.contains("CKR_PIN_LOCKED"), "{}", locked.text);
    assert_eq!(tries("Digital Signature PIN"), "5");
    let signed = sign(&demo, signing, &place.sign_password, sign_id);
    assert!(signed.success, "{}", signed.text);
}

#[test]
fn c1_ssh_keygen_prints_the_keys_of_the_card() {
    let demo = Demo::start();
    let certificate = &demo.card().auth_certificate_pem;
    let printed = told(&demo, "ssh-keygen", &["-D", &module()]).text;
    let key = ["x509", "-in", certificate, "-noout", "-pubkey", "-out", "public.pem"];
    assert!(run(demo.path(), "openssl", &key).success);
    let wanted = run(demo.path(), "ssh-keygen", &["-i", "-m", "PKCS8", "-f", "public.pem"]);
    let wanted = wanted.text.split_whitespace().nth(1).expect("a key").to_owned();
    assert!(printed.contains(&wanted), "{printed}");
}
