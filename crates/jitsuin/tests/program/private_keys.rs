//! Private keys in the clear: looked for in every file of an installation, in every usual dress.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::json;
use testkit::run;

use crate::ceremony_room::{completed, request, script};
use crate::workplace::{AUDITOR, INTAKE, STAFF, Workplace};

/// The only files that hold a private key: neither key is a CA's, a responder's or a user's.
const ALLOWED: [&str; 2] = [
    // The TLS server reads its key when it starts, without anybody; it certifies nothing.
    "tls/server.key",
    // The first verifier takes it away: it signs that verifier's own OCSP requests.
    "handed-out/verifier-1.key",
];

/// Lengths of decoded runs that are worth a look; the smallest private key has more.
const SHORTEST_RUN: usize = 64;

#[test]
fn k4_no_private_key_material_stands_in_any_file_or_table_after_a_full_run() {
    let place = Workplace::new();
    fs::create_dir(place.path().join("media")).unwrap();
    request(&place, "web.csr");
    let resident = &place.residents()[0];
    let asked = json!({ "ca": "jpki-auth", "kind": "issue-with-card" });
    place.delivered(resident, &asked, "1234");
    let backup = "do = \"backup\"\ndirectory = \"media/backup\"";
    let tls = "do = \"tls-certificate\"\nca = \"jpki-auth\"\nrequest = \"web.csr\"";
    let restore = "do = \"restore\"\ndirectory = \"media/backup\"\ninto = \"second-site\"";
    completed(&place, &script("everything", &[tls, backup, restore]));
    place.answer(&AUDITOR, &["audit", "export", "data/journal.jsonl"]);
    assert!(!place.run_as_is(&INTAKE, &["ca", "list"]).text.is_empty());
    place.answer(&STAFF, &["crl", "publish", "--ca", "jpki-auth"]);
    // The tables as rows, too: a long value lies in pieces in the database's file.
    let dump = run(place.path(), "sqlite3", &["data/state.db", ".output data/dump.sql", ".dump"]);
    assert!(dump.success, "{}", dump.text);
    assert!(fs::read_to_string(place.path().join("data/dump.sql")).unwrap().contains("INSERT"));
    let mut found = BTreeSet::new();
    for root in ["data", "media"] {
        look_into(&place.path().join(root), &place.path().join(root), &mut found);
    }
    assert_eq!(found, ALLOWED.map(ToOwned::to_owned).into(), "and no other");
}

#[test]
fn k4_the_search_finds_every_dress_of_a_private_key() {
    let scratch = tempfile::tempdir().unwrap();
    let at = scratch.path();
    let openssl = |arguments: &[&str]| {
        let said = run(at, "openssl", arguments);
        assert!(said.success, "{}", said.text);
    };
    let p256 = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
    openssl(&[&p256[..], &["-out", "ec-pkcs8"]].concat());
    openssl(&["ec", "-in", "ec-pkcs8", "-out", "ec-sec1"]);
    openssl(&["genpkey", "-algorithm", "ed25519", "-out", "ed25519"]);
    openssl(&["genrsa", "-out", "rsa-pkcs8", "2048"]);
    openssl(&["rsa", "-in", "rsa-pkcs8", "-traditional", "-out", "rsa-pkcs1"]);
    openssl(&["pkey", "-in", "rsa-pkcs8", "-pubout", "-out", "public"]);
    for name in ["ec-pkcs8", "ec-sec1", "ed25519", "rsa-pkcs8", "rsa-pkcs1"] {
        let pem = fs::read(at.join(name)).unwrap();
        let body: String = String::from_utf8_lossy(&pem)
            .lines()
            .skip_while(|line| line.contains("PARAMETERS"))
            .filter(|line| !line.starts_with('-'))
            .collect();
        let der = from_base64(body.as_bytes());
        let hex: String = der.iter().map(|octet| format!("{octet:02x}")).collect();
        let quoted = format!("{{\"a\":\"{}\"}}", hex.to_uppercase());
        let inside = [b"xyz".as_slice(), &der, b"zyx"].concat();
        for dressed in [pem, body.into_bytes(), hex.into_bytes(), quoted.into_bytes(), inside] {
            assert!(holds_private_key(&dressed), "{name}");
        }
    }
    assert!(!holds_private_key(&fs::read(at.join("public")).unwrap()));
}

fn look_into(root: &Path, directory: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            look_into(root, &path, found);
        } else if holds_private_key(&fs::read(&path).unwrap()) {
            found.insert(path.strip_prefix(root).unwrap().display().to_string());
        }
    }
}

/// Whether PKCS#8, PKCS#1 or SEC 1 begins anywhere: raw, in base64 of any alphabet, or hexadecimal.
fn holds_private_key(octets: &[u8]) -> bool {
    let is_base64 = |c: u8| c.is_ascii_alphanumeric() || b"+/-_".contains(&c);
    let text: Vec<u8> = octets.iter().copied().filter(|c| !b"\r\n".contains(c)).collect();
    has_der(octets)
        || runs(&text, is_base64).any(|run| (0..4).any(|from| has_der(&from_base64(&run[from..]))))
        || runs(&text, |c| c.is_ascii_hexdigit())
            .any(|run| (0..2).any(|from| has_der(&from_hex(&run[from..]))))
}

fn runs(text: &[u8], belongs: impl Fn(u8) -> bool) -> impl Iterator<Item = &[u8]> {
    text.split(move |c| !belongs(*c)).filter(|run| run.len() >= SHORTEST_RUN)
}

fn has_der(octets: &[u8]) -> bool {
    (0..octets.len()).any(|at| octets[at] == 0x30 && is_private_key(&octets[at..]))
}

/// Whether the first fields of a private key stand here; its end may lie elsewhere.
fn is_private_key(octets: &[u8]) -> bool {
    let Some((0x30, fields, _)) = element(octets) else { return false };
    match element(fields) {
        // PrivateKeyInfo: version, algorithm, octets. RSAPrivateKey: version, modulus.
        Some((0x02, &[0 | 1], rest)) => match element(rest) {
            Some((0x30, algorithm, rest)) => {
                matches!(element(algorithm), Some((0x06, oid, _)) if !oid.is_empty())
                    && matches!(element(rest), Some((0x04, _, _)))
            }
            Some((0x02, modulus, _)) => modulus.len() >= 32 && fields[2] == 0,
            // ECPrivateKey: version 1, the scalar.
            Some((0x04, scalar, _)) => [32, 48, 66].contains(&scalar.len()) && fields[2] == 1,
            _ => false,
        },
        _ => false,
    }
}

/// Tag, as much of the content as is there, and what follows it.
fn element(octets: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, &first) = (octets.first()?, octets.get(1)?);
    let (length, header) = match first {
        0..=0x7f => (usize::from(first), 2),
        0x81 => (usize::from(*octets.get(2)?), 3),
        0x82 => (usize::from(*octets.get(2)?) << 8 | usize::from(*octets.get(3)?), 4),
        _ => return None,
    };
    let end = (header + length).min(octets.len());
    Some((tag, &octets[header..end], &octets[end..]))
}

fn from_base64(text: &[u8]) -> Vec<u8> {
    let value = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' | b'-' => 62,
        _ => 63,
    };
    let text: Vec<u8> = text.iter().copied().filter(|c| *c != b'=').map(value).collect();
    let octets = text.chunks(4).flat_map(|group| {
        let bits = group.iter().fold(0_u32, |bits, six| bits << 6 | u32::from(*six));
        let bits = bits << (6 * (4 - group.len()));
        let [_, octets @ ..] = bits.to_be_bytes();
        octets.into_iter().take(group.len() * 3 / 4)
    });
    octets.collect()
}

fn from_hex(text: &[u8]) -> Vec<u8> {
    let digit = |c: u8| char::from(c).to_digit(16).unwrap_or_default() as u8;
    text.chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}
