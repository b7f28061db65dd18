//! Policy files: whatever the text, reading it ends, and says the same the second time.
#![no_main]

use domain::policy::Policy;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    assert_eq!(Policy::from_toml(text), Policy::from_toml(text));
});
