//! OCSP requests: whatever the octets, reading them ends, and what is accepted keeps its bounds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use x509::ocsp::request::{CertId, MAX_CERTIFICATES_ASKED, MAX_CERTIFICATES_BROUGHT, OcspRequest};

fuzz_target!(|octets: &[u8]| {
    let Ok(request) = OcspRequest::parse(octets) else { return };
    assert!((1..=MAX_CERTIFICATES_ASKED).contains(&request.certificates.len()));
    for certificate in &request.certificates {
        // The responder echoes these octets, so they must say the same again.
        assert_eq!(CertId::parse(&certificate.der).ok().as_ref(), Some(certificate));
        let _ = certificate.serial_number();
    }
    if let Some(nonce) = &request.nonce {
        assert!(nonce.octets().len() <= nonce.value.len());
    }
    if let Some(signature) = &request.signature {
        assert!(signature.certificates.len() <= MAX_CERTIFICATES_BROUGHT);
        for certificate in signature.read_certificates().iter().flatten() {
            let _ = request.verify(&certificate.tbs.subject_public_key_info);
        }
    }
});
