//! Ceremony scripts: whatever the text, reading it ends, and says the same the second time.
#![no_main]

use domain::ceremony::{Premises, Script};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let premises = Premises { threshold: 2, cas: None };
    let (first, second) = (Script::from_toml(text, &premises), Script::from_toml(text, &premises));
    assert_eq!(format!("{first:?}"), format!("{second:?}"));
});
