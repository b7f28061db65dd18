//! The card's command interpreter: whatever a reader sends, keys, secrets and tries are kept.
#![no_main]

#[path = "../../crates/card/tests/fixture/mod.rs"]
mod fixture;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|tape: &[u8]| {
    fixture::hostile::play(tape);
});
