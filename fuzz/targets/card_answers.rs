//! What a window reads of a card: whatever it answers, the window believes it, or refuses it, soon.
#![no_main]

#[path = "../../crates/card/tests/line/mod.rs"]
mod line;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|tape: &[u8]| {
    line::hostile::play(tape);
});
