//! Any octets from a reader: the card never panics, and never does what it must not.

mod fixture;

use fixture::hostile::play;
use fixture::office::delivered_on_reader;
use proptest::prelude::*;

proptest! {
    #[test]
    fn c1_no_octets_make_a_card_panic_or_skip_a_secret(tape in prop::collection::vec(any::<u8>(), 0..600)) {
        play(&tape);
    }

    #[test]
    fn c1_commands_that_are_nearly_right_do_neither(
        steps in prop::collection::vec((0..8_u8, any::<u8>(), prop::collection::vec(any::<u8>(), 0..40)), 0..40),
        kind in 0..4_u8,
    ) {
        let mut tape = vec![kind];
        for (step, chosen, data) in steps {
            tape.extend([step, chosen]);
            tape.extend(data);
        }
        play(&tape);
    }

    #[test]
    fn c1_any_octets_get_an_answer(commands in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..20)) {
        let mut card = delivered_on_reader();
        for command in commands {
            prop_assert!(card.transmit(&command).len() >= 2);
        }
    }
}

/// The tapes that the fuzzer starts from get where they are meant to get.
#[test]
fn c1_the_fuzzers_seeds_sign_block_and_destroy() {
    for (seed, words) in [
        (&include_bytes!("../../../fuzz/seeds/card_commands/sign.tape")[..], &[0x9000_u16; 5][..]),
        (
            include_bytes!("../../../fuzz/seeds/card_commands/block.tape"),
            &[0x9000, 0x9000, 0x63C5, 0x63C4, 0x63C3, 0x63C2, 0x63C1, 0x63C0, 0x63C0, 0x6983],
        ),
        (
            include_bytes!("../../../fuzz/seeds/card_commands/destroy.tape"),
            // The handshake is not among them.
            &[0x9000, 0x9000, 0x9000, 0x9000, 0x9000, 0x6A82],
        ),
        (
            include_bytes!("../../../fuzz/seeds/card_commands/half-stored.tape"),
            &[0x9000, 0x9000, 0x9000, 0x9000, 0x6A82],
        ),
        (
            include_bytes!("../../../fuzz/seeds/card_commands/change.tape"),
            &[0x9000, 0x9000, 0x9000, 0x9000, 0x63C2],
        ),
    ] {
        let heard: Vec<u16> = play(seed).iter().map(|word| word.0).collect();
        assert_eq!(heard, words);
    }
}
