//! Signed requests: whatever the octets and their coat, reading them ends, and what is accepted has
//! a signer's certificate that can be read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use x509::cms::{MAX_LENGTH, SignedData, unarmored};
use x509::read::Certificate;

fuzz_target!(|octets: &[u8]| {
    let Ok(message) = unarmored(octets) else { return };
    let Ok(signed) = SignedData::parse(&message) else { return };
    assert!(message.len() <= MAX_LENGTH && signed.content().len() < message.len());
    let certificate = signed.certificate();
    assert_eq!(Certificate::parse(&certificate.der).ok().as_ref(), Some(certificate));
    let _ = signed.verify();
});
