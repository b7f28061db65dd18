//! Custody records and backups of keys: what reads is written back as it was, and nothing else ends.
#![no_main]

use keys::KeyBackup;
use keys::quorum::CustodySet;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    if let Ok(set) = CustodySet::from_json(octets) {
        let written = set.to_json().expect("what was read can be written");
        assert_eq!(CustodySet::from_json(&written).expect("and read again"), set);
    }
    if let Ok(text) = std::str::from_utf8(octets)
        && let Ok(backup) = KeyBackup::from_json(text)
    {
        assert_eq!(KeyBackup::from_json(&backup.to_json()).expect("a backup"), backup);
    }
});
