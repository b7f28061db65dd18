//! Any octets from a reader: the card never panics, and never does what it must not.

mod fixture;

use fixture::hostile::play;
use fixture::office::delivered_on_reader;
use fixture::right;
use jitsuin_card::CardSlot;
use jitsuin_card::jpki::{instruction::RESET_RETRY_COUNTER, secret_reference};
use proptest::prelude::*;

proptest! {
    #[test]
    fn c2_no_octets_make_a_card_panic_or_skip_a_secret(tape in prop::collection::vec(any::<u8>(), 0..600)) {
        play(&tape);
    }

    #[test]
    fn c2_commands_that_are_nearly_right_do_neither(
        // Selecting, typing, signing, reading: each with one octet that chooses, without data.
        steps in prop::collection::vec((prop::sample::select(vec![1, 3, 4, 8, 9]), 0..2_u8), 1..40),
    ) {
        let mut tape = vec![0];
        for (step, chosen) in steps {
            match step {
                1 | 9 => tape.push(step),
                // Three letters are never the secret.
                4 => tape.extend([step, chosen, 3, b'A', b'A', b'A']),
                _ => tape.extend([step, chosen]),
            }
        }
        play(&tape);
    }

    #[test]
    fn c3_what_the_office_changes_makes_the_old_secret_no_good(
        steps in prop::collection::vec((prop::sample::select(vec![3, 6, 8, 8, 11]), 0..2_u8), 3..20),
    ) {
        // A delivered card with a channel.
        let mut tape = vec![0, 5];
        for (step, chosen) in steps {
            let slot = CardSlot::ALL[usize::from(chosen)];
            match step {
                // RESET RETRY COUNTER to the secret that VERIFY types.
                6 => {
                    let new = right(slot).as_bytes();
                    let length = u8::try_from(new.len()).expect("short");
                    tape.extend([step, RESET_RETRY_COUNTER, 2, secret_reference(slot), length]);
                    tape.extend(new);
                }
                // Discarding.
                11 => tape.extend([step, chosen, 2]),
                _ => tape.extend([step, chosen]),
            }
        }
        play(&tape);
    }

    #[test]
    fn c2_what_the_office_loads_takes_effect_whole_or_not_at_all(
        steps in prop::collection::vec((prop::sample::select(vec![5, 8, 10, 11]), any::<[u8; 5]>()), 1..12),
    ) {
        // A blank card with a channel.
        let mut tape = vec![1, 5];
        for (step, [slot, high, low, flip, size]) in steps {
            match step {
                // Mostly nothing is spoilt.
                10 => tape.extend([step, slot, high, low, if flip < 192 { 0 } else { flip }, size]),
                11 => tape.extend([step, slot, flip]),
                8 => tape.extend([3, slot, step, slot]),
                _ => tape.push(step),
            }
        }
        play(&tape);
    }

    #[test]
    fn c2_any_octets_get_an_answer(commands in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..20)) {
        let mut card = delivered_on_reader();
        for command in commands {
            prop_assert!(card.transmit(&command).len() >= 2);
        }
    }
}

/// The tapes that the fuzzer starts from get where they are meant to get.
#[test]
fn c2_the_fuzzers_seeds_sign_block_and_destroy() {
    // Each step that uses a file selects it before.
    for (seed, words) in [
        (&include_bytes!("../../../fuzz/seeds/card_commands/sign.tape")[..], "9000 ".repeat(11)),
        (
            include_bytes!("../../../fuzz/seeds/card_commands/block.tape"),
            "9000 9000 63C5 9000 63C4 9000 63C3 9000 63C2 9000 63C1 9000 63C0 63C0 9000 6983"
                .into(),
        ),
        (
            include_bytes!("../../../fuzz/seeds/card_commands/destroy.tape"),
            // INITIALIZE UPDATE is not among them.
            "9000 9000 9000 9000 9000 6285".into(),
        ),
        (
            include_bytes!("../../../fuzz/seeds/card_commands/half-stored.tape"),
            "9000 9000 9000 9000 6A82".into(),
        ),
        (
            include_bytes!("../../../fuzz/seeds/card_commands/personalise.tape"),
            // After the blocks, whose number depends on the key: the public key in two parts, the
            // delivery, and the holder's signature.
            format!("6138 {}", "9000 ".repeat(7)),
        ),
        (
            include_bytes!("../../../fuzz/seeds/card_commands/change.tape"),
            "9000 9000 9000 9000 9000 63C2".into(),
        ),
    ] {
        let heard: Vec<String> = play(seed).iter().map(|word| format!("{:04X}", word.0)).collect();
        assert!(heard.join(" ").ends_with(words.trim_end()), "{heard:?}");
    }
}
