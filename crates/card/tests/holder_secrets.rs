//! The holder's secrets on the card: lengths, alphabets, changes, and cuts of the power.

mod fixture;

use fixture::office::*;
use fixture::*;
use jitsuin_card::Emulator;
use jitsuin_card::apdu::Command;
use jitsuin_card::jpki::{SELECTED_SECRET, file, instruction};

#[test]
fn c3_whatever_is_typed_costs_a_try_unless_it_is_too_long_to_be_a_secret() {
    let mut card = delivered_on_reader();
    select(&mut card);
    select_file(&mut card, file::SIGNATURE_PASSWORD);
    assert_eq!(verify(&mut card, b"SHORT"), 0x63C4);
    assert_eq!(verify(&mut card, b"secret99"), 0x63C3, "lower case");
    assert_eq!(verify(&mut card, b"\xff\xfe\x00"), 0x63C2, "no text at all");
    assert_eq!(verify(&mut card, b"SECRET99\0\0\0\0\0\0\0\0"), 0x63C1, "padded");
    assert_eq!(verify(&mut card, b"SECRET99\0\0\0\0\0\0\0\0\0"), 0x6700, "17 octets");
    assert_eq!(verify(&mut card, &[0x30; 300]), 0x6700, "extended");
    assert_eq!(status(&mut card, "00200080"), 0x63C1);
    assert_eq!(verify(&mut card, PASSWORD.as_bytes()), 0x9000);
    assert_eq!(status(&mut card, "00200080"), 0x63C5, "the question asks, verified or not");
}

#[test]
fn c3_a_secret_is_changed_only_after_its_own_verify() {
    let mut card = delivered_on_reader();
    select(&mut card);
    select_file(&mut card, file::SIGNATURE_PASSWORD);
    assert_eq!(verify(&mut card, PASSWORD.as_bytes()), 0x9000);
    select_file(&mut card, file::AUTHENTICATION_PIN);
    assert_eq!(change(&mut card, b"4321"), 0x6982, "another one's");
    assert_eq!(verify(&mut card, b"9999"), 0x63C2);
    assert_eq!(change(&mut card, b"4321"), 0x6982, "a wrong one");
    assert_eq!(verify(&mut card, PIN.as_bytes()), 0x9000);
    for (bad, word) in [
        (&b"432"[..], 0x6A80),
        (b"43210", 0x6A80),
        (b"432a", 0x6A80),
        (b"\xff\xff\xff\xff", 0x6A80),
        (b"", 0x6700),
        (b"43210432104321043", 0x6700),
    ] {
        assert_eq!(change(&mut card, bad), word, "{bad:?}");
    }
    assert_eq!(verify(&mut card, PIN.as_bytes()), 0x9000, "nothing is changed");
    assert_eq!(change(&mut card, b"4321"), 0x9000);
    select(&mut card);
    select_file(&mut card, file::AUTHENTICATION_PIN);
    assert_eq!(verify(&mut card, PIN.as_bytes()), 0x63C2);
    assert_eq!(verify(&mut card, b"4321"), 0x9000);
    assert_eq!(status(&mut card, "00240080 04 34333231"), 0x6A86, "P1 = 00 is not known");
}

#[test]
fn c3_a_blank_or_blocked_slot_changes_no_secret() {
    let mut blank = blank_on_reader();
    select(&mut blank);
    assert_eq!(status(&mut blank, "00240180 04 34333231"), 0x6A88, "nothing is selected");
    select_file(&mut blank, file::AUTHENTICATION_PIN);
    assert_eq!(change(&mut blank, b"4321"), 0x6985);
    let mut card = delivered_on_reader();
    select(&mut card);
    select_file(&mut card, file::AUTHENTICATION_PIN);
    for _ in 0..3 {
        verify(&mut card, b"0000");
    }
    assert_eq!(change(&mut card, b"4321"), 0x6983);
}

#[test]
fn c3_the_try_is_spent_before_the_comparison() {
    let mut card = delivered_on_reader();
    select(&mut card);
    select_file(&mut card, file::AUTHENTICATION_PIN);
    for typed in ["0000", PIN] {
        card.mark_stored();
        let tries = tries_left(&card);
        card.receive(&verify_command(typed.as_bytes()));
        assert!(card.has_changed(), "before anything can be seen of the comparison");
        assert_eq!(tries_left(&card), tries - 1);
        // The power is cut here, and the card comes back as it was stored.
        let mut cut = Emulator::new(card.card().clone());
        select(&mut cut);
        select_file(&mut cut, file::AUTHENTICATION_PIN);
        assert_eq!(status(&mut cut, "00200080"), 0x63C0 + u16::from(tries) - 1);
        card.answer();
    }
    assert_eq!(tries_left(&card), 3, "the right one restores them");
}

#[test]
fn c3_a_command_that_compares_nothing_spends_nothing() {
    let mut card = delivered_on_reader();
    for select_first in [false, true] {
        if select_first {
            select(&mut card);
            select_file(&mut card, file::AUTHENTICATION_KEY);
        }
        card.receive(&verify_command(b"0000"));
        assert!(!card.has_changed());
        card.answer();
    }
    select_file(&mut card, file::AUTHENTICATION_PIN);
    for command in ["00200080", "00200180 04 30303030", "00200000 04 30303030", "00200080 04 30"] {
        card.receive(&octets(command));
        assert!(!card.has_changed(), "{command}");
        card.answer();
    }
    assert_eq!(card.answer(), [0x6F, 0x00], "an answer without a command");
}

#[test]
fn c3_secrets_show_in_no_answer_and_no_debug_output() {
    let mut card = delivered_on_reader();
    select(&mut card);
    select_file(&mut card, file::SIGNATURE_PASSWORD);
    card.receive(&verify_command(PASSWORD.as_bytes()));
    assert!(!format!("{card:?}").contains(PASSWORD));
    assert_eq!(card.answer(), [0x90, 0x00]);
}

fn tries_left(card: &Emulator) -> u8 {
    card.card().tries_left(jitsuin_card::CardSlot::Authentication).expect("delivered")
}

fn change(card: &mut Emulator, new: &[u8]) -> u16 {
    let command = Command::new(0, instruction::CHANGE_REFERENCE_DATA, 1, SELECTED_SECRET);
    exchange(card, &command.with_data(new)).status.0
}

fn verify_command(typed: &[u8]) -> Vec<u8> {
    Command::new(0, instruction::VERIFY, 0, SELECTED_SECRET).with_data(typed).encode().to_vec()
}
