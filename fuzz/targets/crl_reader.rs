//! Revocation lists: whatever the octets, reading head, extensions and entries ends.
#![no_main]

use libfuzzer_sys::fuzz_target;
use x509::crl::read::Crl;

fuzz_target!(|octets: &[u8]| {
    let Ok(list) = Crl::parse(octets) else { return };
    let _ = list.algorithm();
    let _ = list.number();
    let _ = list.next_publish();
    let _ = list.authority_key_identifier();
    let _ = list.issuing_distribution_point();
    let entries = list.entries().count();
    // An entry takes more than ten octets, so the count cannot outgrow the list.
    assert!(entries <= 1 + octets.len() / 10);
});
