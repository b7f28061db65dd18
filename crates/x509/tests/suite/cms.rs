//! SignedData as `openssl cms` makes it: what is taken, and that everything else has its own error.

use std::path::Path;

use jitsuin_x509 as x509;
use x509::cms::{CmsError, SignedData, unarmored};

use crate::support::openssl;

const CONTENT: &[u8] = "一行目\n二行目\n".as_bytes();

/// A directory with a content and self-signed certificates `rsa`, `old` (RSA-1024) and `ec`.
fn workshop() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("content"), CONTENT).unwrap();
    for (name, key) in [("rsa", "rsa:2048"), ("old", "rsa:1024"), ("ec", "ec")] {
        let subject = format!("/CN={name}");
        let (out, keyout) = (format!("{name}.pem"), format!("{name}.key"));
        let mut arguments = vec!["req", "-x509", "-newkey", key, "-nodes", "-subj", &subject];
        arguments.extend(["-out", &out, "-keyout", &keyout]);
        if key == "ec" {
            arguments.extend(["-pkeyopt", "ec_paramgen_curve:P-256"]);
        }
        openssl(directory.path(), &arguments);
    }
    directory
}

/// A message as the page of the holders takes it.
pub(crate) fn message() -> Vec<u8> {
    signed(workshop().path(), "rsa", WHOLE)
}

/// Signs the content as `signer` with further options.
fn signed(directory: &Path, signer: &str, options: &str) -> Vec<u8> {
    let line = format!(
        "cms -sign -in content -binary -signer {signer}.pem -inkey {signer}.key -out out {options}"
    );
    openssl(directory, &line.split_whitespace().collect::<Vec<_>>());
    std::fs::read(directory.join("out")).unwrap()
}

const WHOLE: &str = "-nodetach -outform DER";

#[test]
fn l7_what_openssl_signs_in_any_coat_is_read_and_verified() {
    let directory = workshop();
    let place = directory.path();
    for (signer, options) in [
        ("rsa", WHOLE),
        ("old", WHOLE),
        ("ec", WHOLE),
        ("rsa", "-nodetach -outform DER -keyid"),
        ("rsa", "-nodetach -outform PEM"),
        ("rsa", "-nodetach"),
        ("rsa", "-nodetach -outform DER -cades -nosmimecap"),
        ("rsa", "-nodetach -outform DER -certfile old.pem"),
        ("rsa", "-nodetach -outform DER -stream"),
        ("ec", "-nodetach -outform DER -stream -keyid"),
        ("rsa", "-nodetach -outform PEM -stream"),
        ("rsa", "-nodetach -stream"),
    ] {
        let der = unarmored(&signed(place, signer, options)).unwrap();
        let message = SignedData::parse(&der).unwrap_or_else(|e| panic!("{signer} {options}: {e}"));
        assert_eq!(message.content(), CONTENT);
        assert_eq!(message.certificate().tbs.subject.to_string(), format!("CN={signer}"));
        message.verify().unwrap_or_else(|error| panic!("{signer} {options}: {error}"));
    }
}

#[test]
fn l7_everything_else_has_its_own_error() {
    let directory = workshop();
    let place = directory.path();
    let refused = |options: &str| {
        let signer = if options.contains("ecdsa") { "ec" } else { "rsa" };
        let der = signed(place, signer, options);
        SignedData::parse(&der).expect_err(options)
    };
    assert!(matches!(refused("-outform DER"), CmsError::Detached));
    assert!(matches!(refused("-nodetach -outform DER -noattr"), CmsError::Attributes(_)));
    assert!(matches!(refused("-nodetach -outform DER -nocerts"), CmsError::NoCertificate));
    for digest in ["sha1", "sha224", "sha384", "sha512"] {
        for coat in ["-outform DER", "-outform DER -stream"] {
            let refused = refused(&format!("-nodetach {coat} -md {digest}"));
            assert!(matches!(refused, CmsError::Algorithm(_)), "{digest}: {refused}");
        }
    }
    let two = "-nodetach -outform DER -signer old.pem -inkey old.key";
    assert!(matches!(refused(two), CmsError::Signers));
    let pss = "-nodetach -outform DER -keyopt rsa_padding_mode:pss";
    assert!(matches!(refused(pss), CmsError::Algorithm(_)));
    let receipt = "-nodetach -outform DER -econtent_type 1.2.3.4";
    assert!(matches!(refused(receipt), CmsError::Malformed(_) | CmsError::Attributes(_)));
}

#[test]
fn l7_an_altered_content_digest_or_signature_is_seen() {
    let directory = workshop();
    let der = signed(directory.path(), "rsa", WHOLE);
    let at = der.windows(CONTENT.len()).position(|part| part == CONTENT).unwrap();
    let mut altered = der.clone();
    altered[at] ^= 1;
    assert!(matches!(SignedData::parse(&altered).unwrap().verify(), Err(CmsError::Altered)));
    let mut altered = der.clone();
    *altered.last_mut().unwrap() ^= 1;
    assert!(matches!(SignedData::parse(&altered).unwrap().verify(), Err(CmsError::BadSignature)));
}

#[test]
fn v1_no_prefix_and_no_changed_octet_is_more_than_refused() {
    let directory = workshop();
    let der = signed(directory.path(), "rsa", WHOLE);
    for length in 0..der.len() {
        assert!(SignedData::parse(&der[..length]).is_err(), "{length} octets");
    }
    for at in 0..der.len() {
        let mut altered = der.clone();
        altered[at] = altered[at].wrapping_add(1);
        // Some octets do not matter to the signature; the content and what was signed do.
        if let Ok(message) = SignedData::parse(&altered)
            && message.verify().is_ok()
        {
            assert_eq!(message.content(), CONTENT, "octet {at}");
        }
    }
}
