//! What clients nobody here wrote insist on: the application as real cards have it.

mod fixture;

use fixture::office::*;
use fixture::*;
use jitsuin_card::apdu::{Command, StatusWord};
use jitsuin_card::jpki::{ATR, file, instruction};
use jitsuin_card::{CardSlot, Emulator};

use CardSlot::{Authentication, Signature};

const SHA256_DIGEST_INFO: &str = "3031300D060960864801650304020105000420";

#[test]
fn c1_another_application_is_not_found_and_another_instruction_not_supported() {
    let mut card = delivered_on_reader();
    for name in
        ["A000000003000000", "D392F0002601000000", "D392F00026010000000100", "D2760000850101"]
    {
        let command = format!("00A4040C {:02X} {name}", name.len() / 2);
        assert_eq!(status(&mut card, &command), 0x6A82, "{name}");
    }
    assert_eq!(status(&mut card, "00A4040C"), 0x6A82, "no default application");
    assert_eq!(status(&mut card, "80CA9F7F00"), 0x6D00, "nothing is selected");
    assert_eq!(status(&mut card, "00B0000000"), 0x6D00, "nothing is selected");
    select(&mut card);
    for command in ["0000000000", "0084000008", "00FE0000", "80FE0000", "00CA010000"] {
        assert_eq!(status(&mut card, command), 0x6D00, "{command}");
    }
    assert_eq!(status(&mut card, "F0B0000000"), 0x6E00);
    assert_eq!(status(&mut card, "00A4000C023F00"), 0x6A86, "P1 is 02 or 04 alone");
    assert_eq!(select_file(&mut card, 0x0017), 0x9000);
    let another = status(&mut card, "00A4040C 07 A0000000031010");
    assert_eq!(another, 0x6A82);
    assert_eq!(status(&mut card, "00B0000000"), 0x6986, "the selection is as it was");
}

#[test]
fn c1_select_tells_the_longest_command_when_it_is_asked_for_information() {
    let mut card = blank_on_reader();
    let (data, word) = send(&mut card, "00A40400 0A D392F000260100000001 00");
    assert_eq!(word, 0x9000);
    let expected = octets("6F13 840A D392F000260100000001 A505 9F6502 4000");
    assert_eq!(data, expected);
    assert_eq!(send(&mut card, "00A4040C 0A D392F000260100000001 00"), (Vec::new(), 0x9000));
}

#[test]
fn c1_the_question_for_tries_is_always_answered_with_63cx() {
    let mut card = delivered_on_reader();
    select(&mut card);
    for (secret, tries) in [(file::AUTHENTICATION_PIN, 3), (file::SIGNATURE_PASSWORD, 5)] {
        assert_eq!(select_file(&mut card, secret), 0x9000);
        for left in (0..tries).rev() {
            assert_eq!(status(&mut card, "00200080"), 0x63C0 + left + 1);
            assert_eq!(verify(&mut card, b"9999"), 0x63C0 + left);
        }
        assert_eq!(status(&mut card, "00200080"), 0x63C0, "blocked");
        assert_eq!(verify(&mut card, PIN.as_bytes()), 0x6983, "the right one as well");
    }
    let mut blank = blank_on_reader();
    select(&mut blank);
    for secret in [file::AUTHENTICATION_PIN, file::SIGNATURE_PASSWORD] {
        assert_eq!(select_file(&mut blank, secret), 0x9000);
        assert_eq!(status(&mut blank, "00200080"), 0x63C0);
        assert_eq!(verify(&mut blank, PIN.as_bytes()), 0x6983);
    }
    assert_eq!(status(&mut blank, "00200000"), 0x6A86);
    assert_eq!(select_file(&mut blank, file::TOKEN_INFORMATION), 0x9000);
    assert_eq!(status(&mut blank, "00200080"), 0x6A88, "no secret's file is selected");
}

#[test]
fn c1_certificates_are_read_in_parts_byte_for_byte() {
    let mut card = delivered_on_reader();
    select(&mut card);
    assert_eq!(select_file(&mut card, file::SIGNATURE_PASSWORD), 0x9000);
    assert_eq!(verify(&mut card, PASSWORD.as_bytes()), 0x9000);
    for (slot, number, ids) in [
        (
            Authentication,
            0,
            [file::AUTHENTICATION_CERTIFICATE, file::AUTHENTICATION_CA_CERTIFICATE],
        ),
        (Signature, 1, [file::SIGNATURE_CERTIFICATE, file::SIGNATURE_CA_CERTIFICATE]),
    ] {
        let expected = certificates(&key(number).spki_der);
        for (id, content) in ids.into_iter().zip([expected.holder, expected.ca]) {
            assert_eq!(select_file(&mut card, id), 0x9000);
            let (head, _) = send(&mut card, "00B0000004");
            assert_eq!(head, content[..4], "{slot}");
            assert_eq!(head[..2], [0x30, 0x82], "readers know the length from four octets");
            let mut read = Vec::new();
            while read.len() < content.len() {
                let (part, word) = send(&mut card, &format!("00B0{:04X}00", read.len()));
                assert_eq!(word, 0x9000);
                assert_eq!(part.len(), 256.min(content.len() - read.len()));
                read.extend(part);
            }
            assert_eq!(read, content);
            assert_eq!(status(&mut card, &format!("00B0{:04X}00", content.len())), 0x6B00);
            let whole = Command::new(0, instruction::READ_BINARY, 0, 0).with_le(65536);
            assert_eq!(exchange(&mut card, &whole).data, content, "in one extended answer");
        }
    }
    assert_eq!(status(&mut card, "00B0800000"), 0x6A86, "no short file ids");
}

#[test]
fn c1_the_rest_of_an_answer_waits_for_the_next_command_alone() {
    let mut card = delivered_on_reader();
    let first = |card: &mut Emulator| status(card, "00A40400 0A D392F000260100000001 01");
    assert_eq!(first(&mut card), 0x6114);
    let (rest, word) = send(&mut card, "00C0000014");
    assert_eq!((rest.len(), word), (20, 0x9000));
    // A command that is none, one that is too long, and one that is good.
    for (between, word) in [("00B00000050102", 0x6700), ("00B0", 0x6700), ("00200080", 0x6A88)] {
        assert_eq!(first(&mut card), 0x6114);
        assert_eq!(status(&mut card, between), word);
        assert_eq!(send(&mut card, "00C0000014"), (Vec::new(), 0x6985), "{between}");
    }
}

#[test]
fn c1_the_signature_certificate_needs_the_password_and_the_others_nothing() {
    let mut card = delivered_on_reader();
    select(&mut card);
    for free in [
        file::AUTHENTICATION_CERTIFICATE,
        file::AUTHENTICATION_CA_CERTIFICATE,
        file::SIGNATURE_CA_CERTIFICATE,
    ] {
        assert_eq!(select_file(&mut card, free), 0x9000);
        assert_eq!(status(&mut card, "00B0000000"), 0x9000);
    }
    assert_eq!(select_file(&mut card, file::SIGNATURE_CERTIFICATE), 0x9000);
    assert_eq!(status(&mut card, "00B0000000"), 0x6982);
    select_file(&mut card, file::AUTHENTICATION_PIN);
    assert_eq!(verify(&mut card, PIN.as_bytes()), 0x9000);
    select_file(&mut card, file::SIGNATURE_CERTIFICATE);
    assert_eq!(status(&mut card, "00B0000000"), 0x6982, "the other slot's PIN opens nothing");
    select(&mut card);
    select_file(&mut card, file::SIGNATURE_PASSWORD);
    assert_eq!(verify(&mut card, PASSWORD.as_bytes()), 0x9000);
    select_file(&mut card, file::SIGNATURE_CERTIFICATE);
    assert_eq!(status(&mut card, "00B0000000"), 0x9000);
    for secret in [file::AUTHENTICATION_KEY, file::SIGNATURE_KEY, file::SIGNATURE_PASSWORD] {
        select_file(&mut card, secret);
        assert_eq!(status(&mut card, "00B0000000"), 0x6986, "keys and secrets are not read");
    }
}

#[test]
fn c1_token_information_and_the_list_of_certificates_are_as_on_real_cards() {
    let mut delivered = delivered_on_reader();
    let mut blank = blank_on_reader();
    for (card, present) in [(&mut delivered, "8F8F00"), (&mut blank, "000000")] {
        select(card);
        assert_eq!(select_file(card, file::TOKEN_INFORMATION), 0x9000);
        let (information, _) = send(card, "00B0000000");
        assert_eq!(information.len(), 160);
        assert_eq!(&information[..32], b"JPKIAPICCTOKEN2                 ");
        assert_eq!(select_file(card, file::CERTIFICATES_PRESENT), 0x9000);
        assert_eq!(send(card, "00B0000003").0, octets(present));
        assert_eq!(select_file(card, 0x0009), 0x6A82);
    }
    for absent in [0x000A, 0x000B, 0x0001, 0x0002] {
        assert_eq!(select_file(&mut blank, absent), 0x6A82);
    }
}

#[test]
fn c1_selecting_again_or_a_reset_forgets_the_secret() {
    let mut card = delivered_on_reader();
    for forget in [select as fn(&mut Emulator), |card| {
        card.reset();
        select(card);
    }] {
        select(&mut card);
        select_file(&mut card, file::AUTHENTICATION_PIN);
        assert_eq!(verify(&mut card, PIN.as_bytes()), 0x9000);
        assert_eq!(sign(&mut card, file::AUTHENTICATION_KEY), 0x9000);
        forget(&mut card);
        assert_eq!(sign(&mut card, file::AUTHENTICATION_KEY), 0x6982);
        assert_eq!(status(&mut card, "802A0080 00"), 0x6982);
    }
}

#[test]
fn c3_a_good_verify_restores_its_own_counter_alone() {
    let mut card = delivered_on_reader();
    select(&mut card);
    select_file(&mut card, file::SIGNATURE_PASSWORD);
    assert_eq!(verify(&mut card, b"WRONG1"), 0x63C4);
    select_file(&mut card, file::AUTHENTICATION_PIN);
    assert_eq!(verify(&mut card, b"0000"), 0x63C2);
    assert_eq!(verify(&mut card, PIN.as_bytes()), 0x9000);
    assert_eq!(status(&mut card, "00200080"), 0x63C3);
    select_file(&mut card, file::SIGNATURE_PASSWORD);
    assert_eq!(status(&mut card, "00200080"), 0x63C4);
    // A wrong one after the right one takes the right back.
    select_file(&mut card, file::AUTHENTICATION_PIN);
    assert_eq!(verify(&mut card, b"0000"), 0x63C2);
    assert_eq!(sign(&mut card, file::AUTHENTICATION_KEY), 0x6982);
}

#[test]
fn c1_both_keys_sign_as_openssl_expects() {
    let mut card = delivered_on_reader();
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"message");
    let digest_info = [octets(SHA256_DIGEST_INFO), hash.as_ref().to_vec()].concat();
    for (number, secret, typed, key_file) in [
        (0, file::AUTHENTICATION_PIN, PIN, file::AUTHENTICATION_KEY),
        (1, file::SIGNATURE_PASSWORD, PASSWORD, file::SIGNATURE_KEY),
    ] {
        select(&mut card);
        select_file(&mut card, secret);
        assert_eq!(verify(&mut card, typed.as_bytes()), 0x9000);
        select_file(&mut card, key_file);
        let sign = Command::new(0x80, instruction::PERFORM_SECURITY_OPERATION, 0, 0x80);
        let answer = exchange(&mut card, &sign.with_data(&digest_info).with_le(256));
        assert_eq!(answer.status, StatusWord::SUCCESS);
        assert_eq!(answer.data.len(), 256);
        assert!(openssl_verifies(&key(number).spki_der, b"message", &answer.data));
    }
}

#[test]
fn c1_only_whole_digest_infos_of_sha_2_are_signed() {
    let mut card = delivered_on_reader();
    select(&mut card);
    select_file(&mut card, file::AUTHENTICATION_PIN);
    verify(&mut card, PIN.as_bytes());
    assert_eq!(status(&mut card, "802A0080 01 00 00"), 0x6986, "no key is selected");
    select_file(&mut card, file::AUTHENTICATION_KEY);
    let hash = "AB".repeat(32);
    for (digest_info, word) in [
        (format!("{SHA256_DIGEST_INFO}{hash}"), 0x9000),
        (format!("3041300D060960864801650304020205000430{}", "AB".repeat(48)), 0x9000),
        (format!("3051300D060960864801650304020305000440{}", "AB".repeat(64)), 0x9000),
        (format!("3021300906052B0E03021A05000414{}", "AB".repeat(20)), 0x6A80),
        (format!("{SHA256_DIGEST_INFO}{hash}00"), 0x6A80),
        (SHA256_DIGEST_INFO.to_owned(), 0x6A80),
        (hash.clone(), 0x6A80),
        ("00".repeat(245), 0x6A80),
    ] {
        let command = format!("802A0080 {:02X} {digest_info} 00", digest_info.len() / 2);
        assert_eq!(status(&mut card, &command), word, "{digest_info}");
    }
    assert_eq!(status(&mut card, "802A9E9A 01 00 00"), 0x6A86);
}

#[test]
fn c1_a_card_names_itself_by_the_contactless_atr() {
    assert_eq!(blank_on_reader().reset(), ATR);
    assert_eq!(ATR.to_vec(), octets("3B8880010000000033818100 3A"));
}

#[test]
fn c1_a_blank_card_signs_nothing() {
    let mut card = blank_on_reader();
    select(&mut card);
    for key_file in [file::AUTHENTICATION_KEY, file::SIGNATURE_KEY] {
        assert_eq!(sign(&mut card, key_file), 0x6985);
    }
}

fn sign(card: &mut Emulator, key_file: u16) -> u16 {
    assert_eq!(select_file(card, key_file), 0x9000);
    let hash = "AB".repeat(32);
    status(card, &format!("802A0080 33 {SHA256_DIGEST_INFO}{hash} 00"))
}
