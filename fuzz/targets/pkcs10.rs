//! PKCS#10 requests: whatever the octets, reading them ends, and what is accepted is kept whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use x509::pkcs10::CertificateRequest;

fuzz_target!(|octets: &[u8]| {
    let Ok(request) = CertificateRequest::parse_and_verify(octets) else { return };
    assert_eq!(request.der, octets);
    let _ = request.requested_alt_names();
});
