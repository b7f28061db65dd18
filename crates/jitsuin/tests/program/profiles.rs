//! Every profile as openssl and GnuTLS read it: extensions in order, names, periods, serials.

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime};
use jiff::{Span, ToSpan};

use crate::client::after;
use crate::demo::{Certificate, Demo};

/// What openssl prints of the extensions, each as its heading and the lines below it.
/// Key identifiers and serials are written `HEX`, names in Japanese `JAPANESE`.
type Extensions = &'static [(&'static str, &'static str)];

const SELF_SIGNED: Extensions = &[
    ("X509v3 Key Usage: critical", "Certificate Sign, CRL Sign"),
    ("X509v3 Subject Alternative Name:", "DirName:JAPANESE"),
    ("X509v3 Basic Constraints: critical", "CA:TRUE"),
    ("X509v3 CRL Distribution Points:", "Full Name: DirName:OWN"),
    ("X509v3 Subject Key Identifier:", "HEX"),
];

const AUTH_USER: Extensions = &[
    ("X509v3 Key Usage: critical", "Digital Signature"),
    ("X509v3 Extended Key Usage:", "TLS Web Client Authentication"),
    (
        "X509v3 Certificate Policies: critical",
        "Policy: 1.2.392.200149.8.5.1.3.30 CPS: http://www.jpki.go.jp/cps.html",
    ),
    ("X509v3 Issuer Alternative Name:", "DirName:JAPANESE"),
    ("X509v3 CRL Distribution Points:", "Full Name: DirName:POINT"),
    ("Authority Information Access:", "OCSP - URI:http://ocsp.auth.jitsuin.example/"),
    ("X509v3 Authority Key Identifier:", "keyid:HEX DirName:ISSUER serial:HEX"),
    ("X509v3 Subject Key Identifier:", "HEX"),
];

const SIGN_USER: Extensions = &[
    ("X509v3 Key Usage: critical", "Digital Signature, Non Repudiation"),
    ("X509v3 Subject Alternative Name:", "BASIC ATTRIBUTES"),
    (
        "X509v3 Certificate Policies: critical",
        "Policy: 1.2.392.200149.8.5.1.1.10 CPS: http://www.jpki.go.jp/cps.html",
    ),
    ("X509v3 Issuer Alternative Name:", "DirName:JAPANESE"),
    ("X509v3 CRL Distribution Points:", "Full Name: DirName:POINT"),
    ("Authority Information Access:", "OCSP - URI:http://ocsp.saitama.jitsuin.example/"),
    ("X509v3 Authority Key Identifier:", "keyid:HEX DirName:ISSUER serial:HEX"),
    ("X509v3 Subject Key Identifier:", "HEX"),
];

const AUTH_RESPONDER: Extensions = &[
    ("X509v3 Key Usage: critical", "Digital Signature"),
    ("X509v3 Extended Key Usage: critical", "OCSP Signing"),
    (
        "X509v3 Certificate Policies:",
        "Policy: 1.2.392.200149.8.5.1.3.330 CPS: http://www.jpki.go.jp/cps.html",
    ),
    ("X509v3 Issuer Alternative Name:", "DirName:JAPANESE"),
    ("X509v3 CRL Distribution Points:", "Full Name: DirName:POINT"),
    ("X509v3 Authority Key Identifier:", "HEX"),
    ("X509v3 Subject Key Identifier:", "HEX"),
    ("OCSP No Check:", ""),
];

const SIGN_RESPONDER: Extensions = &[
    ("X509v3 Key Usage: critical", "Digital Signature"),
    ("X509v3 Extended Key Usage: critical", "OCSP Signing"),
    (
        "X509v3 Certificate Policies:",
        "Policy: 1.2.392.200149.8.5.1.300 CPS: http://www.jpki.go.jp/cps.html",
    ),
    ("X509v3 Issuer Alternative Name:", "DirName:JAPANESE"),
    ("X509v3 CRL Distribution Points:", "Full Name: DirName:POINT"),
    ("X509v3 Authority Key Identifier:", "HEX"),
    ("X509v3 Subject Key Identifier:", "HEX"),
    ("OCSP No Check:", ""),
];

const TLS_SERVER: Extensions = &[
    ("X509v3 Key Usage: critical", "Digital Signature, Key Encipherment"),
    ("X509v3 Extended Key Usage:", "TLS Web Server Authentication"),
    (
        "X509v3 Certificate Policies:",
        "Policy: 1.2.392.200149.8.5.1.3.130 CPS: http://www.jpki.go.jp/cps.html",
    ),
    ("X509v3 Subject Alternative Name:", "DNS:localhost, IP Address:127.0.0.1"),
    ("X509v3 CRL Distribution Points:", "Full Name: DirName:POINT"),
    ("Authority Information Access:", "OCSP - URI:http://ocsp.auth.jitsuin.example/"),
    ("X509v3 Authority Key Identifier:", "HEX"),
    ("X509v3 Subject Key Identifier:", "HEX"),
];

/// The part of `-text` that shows extensions, as (heading, value) in the order of the certificate.
fn extensions(demo: &Demo, path: &str) -> Vec<(String, String)> {
    let text = demo.says(&format!(
        "openssl x509 -noout -text -in {path} -certopt no_header,no_version,no_serial,no_signame,\
         no_validity,no_subject,no_issuer,no_pubkey,no_sigdump"
    ));
    let mut found: Vec<(String, String)> = Vec::new();
    for line in text.lines().skip(1).filter(|line| !line.is_empty()) {
        let value = line.trim();
        match found.last_mut() {
            Some((_, before)) if line.starts_with(&" ".repeat(16)) => {
                let space = if before.is_empty() { "" } else { " " };
                before.push_str(space);
                before.push_str(value);
            }
            _ => found.push((value.to_owned(), String::new())),
        }
    }
    found
}

/// Replaces what differs from certificate to certificate after checking that it is what it must be.
fn normalised(text: &str, own: &str, issuer: &str, point: &str) -> String {
    if text.starts_with("othername:") {
        return "BASIC ATTRIBUTES".to_owned();
    }
    if text.starts_with("DirName:/C=JP/O=\\xE5\\x85\\xAC") {
        return "DirName:JAPANESE".to_owned();
    }
    let is_hex = |word: &str| word.len() > 40 && word.split(':').all(|pair| pair.len() == 2);
    let text = text.replace(own, "OWN").replace(issuer, "ISSUER").replace(point, "POINT");
    let words = text.split(' ').map(|word| match word.split_once(':') {
        Some((label @ ("keyid" | "serial"), rest)) if is_hex(rest) => format!("{label}:HEX"),
        _ if is_hex(word) => "HEX".to_owned(),
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A name as openssl prints it in extensions: `C = JP, O = JPKI` or `/C=JP/O=JPKI`.
fn printed(name: &str, slashes: bool) -> String {
    let parts: Vec<_> = name.split(',').rev().collect();
    match slashes {
        true => parts.iter().map(|part| format!("/{part}")).collect(),
        false => parts.join(", ").replace('=', " = "),
    }
}

fn check(demo: &Demo, ca: &str, path: &str, point: &str, expected: Extensions) {
    let own = printed(&demo.ca(ca).arl_dn, false);
    let issuer = printed(&demo.ca(ca).arl_dn, true);
    let found: Vec<_> = extensions(demo, path)
        .into_iter()
        .map(|(name, value)| (name, normalised(&value, &own, &issuer, &printed(point, false))))
        .collect();
    let found: Vec<_> = found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(found, expected, "{path}");
    let read = demo.says(&format!("certtool --certificate-info --infile {path}"));
    assert!(read.contains("Version: 3") && read.contains("RSA-SHA256"), "{path}: {read}");
}

#[test]
fn p3_every_certificate_has_the_extensions_of_its_profile_in_order() {
    let demo = Demo::start();
    for one in &demo.ready.certificates {
        let expected = match (one.ca.as_str(), one.kind.as_str()) {
            ("jpki-auth", "user") => AUTH_USER,
            ("saitama-sign", "user") => SIGN_USER,
            ("jpki-auth", "ocsp-responder") => AUTH_RESPONDER,
            ("saitama-sign", "ocsp-responder") => SIGN_RESPONDER,
            ("jpki-auth", "tls-server") => TLS_SERVER,
            other => panic!("a certificate that nobody expected: {other:?}"),
        };
        check(&demo, &one.ca, &one.certificate_pem, &one.crl_dn, expected);
    }
    for ca in &demo.ready.cas {
        check(&demo, &ca.id, &ca.certificate_pem, "no point", SELF_SIGNED);
    }
}

#[test]
fn p2_p3_japanese_names_and_key_references_lead_to_the_ca() {
    let demo = Demo::start();
    for (id, japanese) in [
        (
            "jpki-auth",
            "directoryName: OU=地方公共団体情報システム機構,OU=公的個人認証サービス利用者証明用,\
             O=公的個人認証サービス,C=JP",
        ),
        ("saitama-sign", "directoryName: OU=埼玉県知事,OU=埼玉県,O=公的個人認証サービス,C=JP"),
    ] {
        let info = |path: &str| demo.says(&format!("certtool --certificate-info --infile {path}"));
        let root = &demo.ca(id).certificate_pem;
        let ca = info(root);
        let user = info(&demo.certificates(id, "user", "good")[0].certificate_pem);
        assert!(ca.contains(japanese), "{ca}");
        assert!(user.contains(japanese), "{user}");
        let serial = after(&ca, "Serial Number (hex):")[0];
        assert_eq!(after(&user, "serial:"), [serial]);
        let key_id = |path: &str, extension: &str| {
            demo.says(&format!("openssl x509 -noout -in {path} -ext {extension}"))
        };
        let own = key_id(root, "subjectKeyIdentifier");
        let own = own.lines().nth(1).unwrap().trim();
        for one in demo.ready.certificates.iter().filter(|one| one.ca == id) {
            let theirs = key_id(&one.certificate_pem, "authorityKeyIdentifier");
            assert!(theirs.contains(own), "{}: {theirs}", one.certificate_pem);
        }
    }
}

#[test]
fn p3_names_have_the_string_types_of_the_profile() {
    let demo = Demo::start();
    let named = |path: &str| {
        let text = demo.says(&format!(
            "openssl x509 -noout -subject -issuer -nameopt multiline,show_type,utf8 -in {path}"
        ));
        let lines = text.lines().filter_map(|line| line.split_once('='));
        lines.map(|(_, value)| value.trim().to_owned()).filter(|value| !value.is_empty()).collect()
    };
    let auth = [
        "PRINTABLESTRING:JP",
        "UTF8STRING:JPKI",
        "UTF8STRING:JPKI for user authentication",
        "UTF8STRING:Japan Agency for Local Authority Information Systems",
    ];
    let ca: Vec<String> = named(&demo.ca("jpki-auth").certificate_pem);
    assert_eq!(ca, [auth, auth].concat());
    let user = demo.certificates("jpki-auth", "user", "good")[0];
    let names: Vec<String> = named(&user.certificate_pem);
    let (subject, issuer) = names.split_at(2);
    assert_eq!(issuer, auth);
    assert_eq!(subject[0], "PRINTABLESTRING:JP");
    let common_name = subject[1].strip_prefix("UTF8STRING:").expect("a UTF8String");
    let (random, rest) = common_name.split_at(14);
    assert!(random.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()), "{random}");
    assert_eq!(rest, format!("{}003A", user.municipality.as_deref().unwrap()));
    let sign = demo.certificates("saitama-sign", "user", "good")[0];
    let names: Vec<String> = named(&sign.certificate_pem);
    let town = sign.crl_dn.trim_start_matches("CN=").split(" CRLDP").next().unwrap();
    let place = format!("UTF8STRING:{town}");
    assert_eq!(names[..3], ["PRINTABLESTRING:JP", "UTF8STRING:Saitama-ken", place.as_str()]);
    let (begin, _) = period(&demo, &sign.certificate_pem);
    let local = begin.checked_add(9.hours()).unwrap().strftime("UTF8STRING:%Y%m%d%H%M%S");
    assert!(names[3].starts_with(&local.to_string()), "{} {local}", names[3]);
}

/// Beginning and end in UTC.
fn period(demo: &Demo, path: &str) -> (DateTime, DateTime) {
    let text = demo.says(&format!("openssl x509 -noout -dates -dateopt iso_8601 -in {path}"));
    let time = |field| after(&text, field)[0].trim_end_matches('Z').parse().unwrap();
    (time("notBefore="), time("notAfter="))
}

/// The day of the end in Japan; it must be the day's last second there.
fn last_day(end: DateTime) -> Date {
    assert_eq!(end.time().to_string(), "14:59:59");
    end.date()
}

#[test]
fn p4_every_period_ends_with_a_day_in_japan() {
    let demo = Demo::start();
    let years = |path: &str| {
        let (begin, end) = period(&demo, path);
        let issued = begin.checked_add(9.hours()).unwrap().date();
        let span: Span = last_day(end).tomorrow().unwrap().since(issued).unwrap();
        (issued, last_day(end), span)
    };
    let exactly = |one: &str, count: i16| {
        let (issued, last, _) = years(one);
        let expected = issued.checked_add(count.years()).unwrap().yesterday().unwrap();
        assert_eq!(last, expected, "{one}");
    };
    for ca in &demo.ready.cas {
        exactly(&ca.certificate_pem, 10);
    }
    for Certificate { ca, kind, certificate_pem, .. } in &demo.ready.certificates {
        match (ca.as_str(), kind.as_str()) {
            ("jpki-auth", "ocsp-responder") => exactly(certificate_pem, 5),
            (_, "ocsp-responder" | "tls-server") => exactly(certificate_pem, 1),
            ("jpki-auth", _) => {
                // To the fifth birthday after issue; nobody here renewed in the last three months.
                let (issued, last, _) = years(certificate_pem);
                assert!(last > issued.checked_add(4.years()).unwrap(), "{certificate_pem} {last}");
                let limit = issued.checked_add(5.years()).unwrap();
                assert!(last <= limit, "{certificate_pem} {last}");
            }
            _ => {
                let (issued, last, _) = years(certificate_pem);
                let limit = issued.checked_add(3.years()).unwrap().yesterday().unwrap();
                assert!(last <= limit, "{certificate_pem} {last}");
            }
        }
    }
}

#[test]
fn p5_keys_have_the_sizes_of_the_policy() {
    let demo = Demo::start();
    let mut found = BTreeSet::new();
    // The demo's card takes 2048 bits alone, as its clients do; all others have the clause's keys.
    let on_card = &demo.card().sign_certificate_pem;
    for one in demo.ready.certificates.iter().filter(|one| one.certificate_pem != *on_card) {
        let text = demo.says(&format!("openssl x509 -noout -text -in {}", one.certificate_pem));
        let size = after(&text, "Public-Key:")[0].to_owned();
        assert_eq!(after(&text, "Exponent:"), ["65537 (0x10001)"]);
        found.insert((one.ca.as_str(), one.kind.as_str(), size));
    }
    let expected = [
        ("jpki-auth", "ocsp-responder", "(2048 bit)"),
        ("jpki-auth", "tls-server", "(2048 bit)"),
        ("jpki-auth", "user", "(2048 bit)"),
        ("saitama-sign", "ocsp-responder", "(2048 bit)"),
        ("saitama-sign", "user", "(1024 bit)"),
    ];
    let expected = expected.map(|(ca, kind, size)| (ca, kind, size.to_owned()));
    assert_eq!(found, BTreeSet::from(expected));
    let text = demo.says(&format!("openssl x509 -noout -text -in {on_card}"));
    assert_eq!(after(&text, "Public-Key:"), ["(2048 bit)"]);
}

#[test]
fn p6_subjects_and_serials_are_unique_and_every_bit_of_a_serial_varies() {
    let demo = Demo::start();
    let (mut subjects, mut serials) = (BTreeSet::new(), BTreeSet::new());
    let (mut ever_set, mut ever_clear) = (0_u128, 0_u128);
    let users = demo.ready.certificates.iter().filter(|one| one.kind == "user");
    for one in users.clone() {
        let path = &one.certificate_pem;
        let said = demo.says(&format!("openssl x509 -noout -subject -serial -in {path}"));
        let (subject, serial) = said.trim().split_once("\nserial=").unwrap();
        assert!(subjects.insert(subject.to_owned()), "{subject} twice");
        assert!(serials.insert(serial.to_owned()), "{serial} twice");
        // openssl writes a minus before a negative INTEGER, which no u128 is read from.
        let value = u128::from_str_radix(serial, 16).expect("16 octets, positive");
        ever_set |= value;
        ever_clear |= !value;
    }
    assert!(users.count() >= 40, "enough to see every bit both ways but for one run in 2^32");
    assert_eq!((ever_set, ever_clear), (u128::MAX, u128::MAX));
}
