//! CRLs: streamed with constant memory, believed by openssl for the right partition only.

use std::convert::Infallible;
use std::io::{self, Write};
use std::path::Path;

use der::{Decode, Encode};
use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use domain::id::SerialNumber;
use jitsuin_x509 as x509;
use x509::Error;
use x509::algorithm::signature_length;
use x509::crl::{
    Crl, CrlMeasure, CrlPlan, CrlTemplate, DistributionPointScope, IssuingDistributionPoint,
    RevokedEntry, list_header, list_trailer, write_tbs,
};
use x509::extension::AuthorityKeyIdentifier;
use x509::pem;

use crate::support::{self, ca, openssl, openssl_output, pem_of, spki, time, write};

pub(crate) fn template(municipality: &str) -> CrlTemplate {
    CrlTemplate {
        signature: SignatureAlgorithm::RsaSha256,
        issuer: support::ca_name(),
        this_update: time("2026-11-22T00:00:00Z"),
        next_update: time("2026-11-25T00:00:00Z"),
        next_publish: Some(time("2026-11-23T00:00:00Z")),
        number: 0x1234,
        authority_key_identifier: AuthorityKeyIdentifier {
            key_identifier: spki(&ca().spki).key_identifier().to_vec(),
            issuer_and_serial: None,
        },
        distribution_point: Some(IssuingDistributionPoint {
            name: support::distribution_point(municipality),
            scope: DistributionPointScope::UserCertificates,
        }),
    }
}

/// `count` entries with every reason of the two CPS in turn.
pub(crate) fn entries(count: u64) -> impl Iterator<Item = Result<RevokedEntry, Infallible>> {
    (1..=count).map(|index| {
        let serial = SerialNumber::from_random((u128::from(index) << 64 | 0xff).to_be_bytes());
        Ok(RevokedEntry {
            serial: serial.unwrap(),
            revoked_at: time("2026-11-21T10:00:00Z"),
            code: (index % 7) as u8,
        })
    })
}

/// The first pass over `entries`.
fn measure(template: &CrlTemplate, entries: &[RevokedEntry]) -> CrlPlan {
    let mut measure = CrlMeasure::default();
    entries.iter().for_each(|entry| measure.add(entry).unwrap());
    measure.plan(template)
}

/// A whole signed list.
pub(crate) fn list(template: &CrlTemplate, entries: &[RevokedEntry]) -> Vec<u8> {
    let mut tbs = Vec::new();
    let all = || entries.iter().copied().map(Ok::<_, Infallible>);
    let written = write_tbs(template, all, &mut tbs).unwrap();
    let signature = ca().sign_digest(&written.digest);
    let mut der = list_header(written.length, template.signature, signature.len());
    der.extend(tbs);
    der.extend(list_trailer(template.signature, &signature));
    der
}

/// Counts octets and calls, and keeps nothing.
#[derive(Default)]
struct Counting {
    octets: u64,
    largest: usize,
}

impl Write for Counting {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.octets += octets.len() as u64;
        self.largest = self.largest.max(octets.len());
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn v1_two_hundred_thousand_entries_leave_in_small_pieces() {
    let mut sink = Counting::default();
    let written = write_tbs(&template("Kawagoe-shi"), || entries(200_000), &mut sink).unwrap();
    assert_eq!((written.entry_count, written.length), (200_000, sink.octets));
    assert!(sink.octets > 6_000_000);
    // No piece grows with the list: entries are neither gathered nor buffered whole.
    assert!(sink.largest < 96 << 10, "{}", sink.largest);
}

#[test]
fn v1_the_file_can_be_written_in_one_go_for_rsa() {
    let template = template("Kawagoe-shi");
    let all: Vec<_> = entries(3000).map(Result::unwrap).collect();
    let plan = measure(&template, &all);
    let length = signature_length(KeyAlgorithm::Rsa2048).unwrap();
    let mut file = list_header(plan.tbs_length(), template.signature, length);
    let mut writer = plan.writer(&mut file).unwrap();
    all.iter().for_each(|entry| writer.add(entry).unwrap());
    let written = writer.finish().unwrap();
    let signature = ca().sign_digest(&written.digest);
    file.extend(list_trailer(template.signature, &signature));

    let crl = Crl::parse(&file).unwrap();
    crl.verify(&ca().spki).unwrap();
    crl.verify_digest(&ca().spki, &written.digest).unwrap();
    assert!(crl.verify(&support::Signer::generate().spki).is_err());
    let again = x509_cert::crl::CertificateList::<x509_cert::certificate::Rfc5280>::from_der(&file);
    assert_eq!(again.unwrap().to_der().unwrap(), file);
}

#[test]
fn v1_v2_the_reader_gives_back_what_was_written() {
    let template = template("Kawagoe-shi");
    let wanted: Vec<_> = entries(14).map(Result::unwrap).collect();
    let der = list(&template, &wanted);
    let crl = Crl::parse(&der).unwrap();
    assert_eq!((crl.version, &crl.issuer), (1, &template.issuer));
    assert_eq!(
        (crl.this_update, crl.next_update),
        (template.this_update, Some(template.next_update))
    );
    assert_eq!(crl.next_publish().unwrap(), template.next_publish);
    assert_eq!(crl.number().unwrap(), Some(template.number));
    let aki = crl.authority_key_identifier().unwrap().unwrap();
    assert_eq!(aki, template.authority_key_identifier);
    let point = crl.issuing_distribution_point().unwrap().unwrap();
    assert!(point.critical && point.only_user_certificates && !point.only_ca_certificates);
    assert!(!point.restricted_otherwise);
    assert_eq!(point.names, [support::distribution_point("Kawagoe-shi")]);
    let found: Vec<_> = crl
        .entries()
        .map(|entry| {
            let entry = entry.unwrap();
            let serial = SerialNumber::from_integer(entry.serial).unwrap();
            RevokedEntry { serial, revoked_at: entry.revoked_at, code: entry.code.unwrap_or(0) }
        })
        .collect();
    assert_eq!(found, wanted);
    // Reason 0 is left out (RFC 5280 5.3.1).
    assert!(crl.entries().all(|entry| entry.unwrap().code != Some(0)));
}

#[test]
fn v1_an_empty_list_has_no_list_of_entries() {
    let der = list(&template("Kawagoe-shi"), &[]);
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "crl.der", &der);
    let text =
        openssl(directory.path(), &["crl", "-inform", "DER", "-in", "crl.der", "-noout", "-text"]);
    assert!(text.contains("No Revoked Certificates."), "{text}");
    assert_eq!(Crl::parse(&der).unwrap().entries().count(), 0);
}

#[test]
fn v2_an_authority_list_is_marked_as_one() {
    let mut template = template("Kawagoe-shi");
    template.distribution_point.as_mut().unwrap().scope = DistributionPointScope::CaCertificates;
    let der = list(&template, &[]);
    let point = Crl::parse(&der).unwrap().issuing_distribution_point().unwrap().unwrap();
    assert!(point.only_ca_certificates && !point.only_user_certificates);
}

fn verify(directory: &Path, crl: &[u8]) -> String {
    write(directory, "crl.pem", pem::encode(pem::CRL, crl).unwrap());
    let output = openssl_output(
        directory,
        &[
            "verify",
            "-attime",
            "1795400000",
            "-crl_check",
            "-CAfile",
            "ca.pem",
            "-CRLfile",
            "crl.pem",
            "user.pem",
        ],
    );
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn v2_openssl_takes_the_right_partition_and_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let d = directory.path();
    let user = support::authentication_user(&ca().spki, &support::Signer::generate().spki);
    write(d, "ca.pem", pem_of(&support::self_signed(&ca().spki)));
    write(d, "user.pem", pem_of(&user));
    let others: Vec<_> = entries(5).map(Result::unwrap).collect();
    let revoked = |code| {
        let revoked_at = time("2026-11-22T02:00:00Z");
        [others.clone(), vec![RevokedEntry { serial: user.serial, revoked_at, code }]].concat()
    };

    let good = verify(d, &list(&template("Kawagoe-shi"), &others));
    assert!(good.contains("user.pem: OK"), "{good}");
    let elsewhere = verify(d, &list(&template("Sayama-shi"), &others));
    assert!(elsewhere.contains("error 44"), "{elsewhere}");
    for code in [0, 1, 6] {
        let text = verify(d, &list(&template("Kawagoe-shi"), &revoked(code)));
        assert!(text.contains("error 23"), "{text}");
    }
}

#[test]
fn l11_openssl_shows_every_reason() {
    let directory = tempfile::tempdir().unwrap();
    let all: Vec<_> = entries(7).map(Result::unwrap).collect();
    write(directory.path(), "crl.der", list(&template("Kawagoe-shi"), &all));
    let text =
        openssl(directory.path(), &["crl", "-inform", "DER", "-in", "crl.der", "-noout", "-text"]);
    for words in [
        "Key Compromise",
        "CA Compromise",
        "Affiliation Changed",
        "Superseded",
        "Cessation Of Operation",
        "Certificate Hold",
        "Issuing Distribution Point: critical",
        "Only User Certificates",
        "1.3.6.1.4.1.311.21.4",
        "Version 2",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
    assert!(!text.contains("Unspecified"), "{text}");
}

#[test]
fn v11_two_passes_that_disagree_make_no_list() {
    let template = template("Kawagoe-shi");
    for second in [0, 9, 11] {
        let mut pass = 0;
        let result = write_tbs(
            &template,
            || {
                pass += 1;
                entries(if pass == 1 { 10 } else { second })
            },
            &mut io::sink(),
        );
        assert!(matches!(result, Err(Error::EntriesChanged { first_count: 10, .. })), "{second}");
    }
    // As many entries, but with a longer serial: it shows before anything follows.
    let all: Vec<_> = entries(10).map(Result::unwrap).collect();
    let plan = measure(&template, &all[..1]);
    let mut sink = io::sink();
    let mut writer = plan.writer(&mut sink).unwrap();
    let longer = RevokedEntry { serial: SerialNumber::from_random([0xff; 16]).unwrap(), ..all[0] };
    assert!(matches!(writer.add(&longer), Err(Error::EntriesChanged { .. })));
}

#[test]
fn v1_faults_of_store_and_sink_are_told_apart() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let template = template("Kawagoe-shi");
    assert!(matches!(write_tbs(&template, || entries(3), &mut Full), Err(Error::Sink(_))));
    let broken = || [Err::<RevokedEntry, _>(io::Error::other("disk"))];
    assert!(matches!(write_tbs(&template, broken, &mut io::sink()), Err(Error::Entries(_))));
}
