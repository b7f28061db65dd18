//! What the office does to a card in the channel, and what the card refuses it.

mod fixture;

use fixture::office::*;
use fixture::*;
use jitsuin_card::apdu::{Command, StatusWord};
use jitsuin_card::data_group::{DataGroup, GroupKind, wrapped_key};
use jitsuin_card::jpki::{self, action, file, instruction, secret_reference};
use jitsuin_card::{Card, CardSlot, Emulator, LifeState, possession_statement};

use CardSlot::{Authentication, Signature};
use domain::algorithm::KeyAlgorithm;

#[test]
fn c1_a_card_is_loaded_proves_its_key_and_is_delivered() {
    let mut card = blank_on_reader();
    let mut office = Office::open(&mut card);
    for (slot, number, typed) in [(Authentication, 0, PIN), (Signature, 1, PASSWORD)] {
        let loaded = office.store(&mut card, &complete(slot, number, typed));
        assert_eq!(loaded.as_ref(), Ok(&key(number).spki_der));
        let report = office.report(&mut card);
        let loading = report.slot(slot).loading.as_ref().expect("loading");
        assert_eq!(loading.operation, TAG);
        assert!(loading.has_certificates && loading.has_secret);
        let proof = office.proof(&mut card, slot).expect("a proof");
        let statement = possession_statement(&NUMBER.id(), slot, &[0x55; 32]);
        assert!(openssl_verifies(&key(number).spki_der, &statement, &proof));
        assert_eq!(office.deliver(&mut card, slot, TAG), Ok(Vec::new()));
        assert_eq!(office.deliver(&mut card, slot, TAG), Ok(Vec::new()), "repeatable");
        let report = office.report(&mut card);
        let delivered = report.slot(slot).delivered.as_ref().expect("delivered");
        assert_eq!((delivered.operation, delivered.tries_left), (TAG, slot.tries()));
        assert_eq!(report.slot(slot).loading, None);
    }
    assert_eq!(office.report(&mut card).life(), LifeState::Delivered);
}

#[test]
fn c4_a_key_of_the_windows_generator_comes_under_its_own_wrapping_key() {
    let mut card = blank_on_reader();
    let mut office = Office::open(&mut card);
    let [by_dek, by_transport] = [DEK, TRANSPORT].map(|kek| wrap(&key(0).pkcs8, &kek));
    let load = |slot, kind, wrapped: &[u8]| {
        [DataGroup::new(slot, GroupKind::Operation, &TAG.0), key_group(slot, kind, wrapped)]
    };
    for (kind, wrapped) in
        [(GroupKind::GeneratedKey, &by_transport), (GroupKind::TransportedKey, &by_dek)]
    {
        let refused = office.store(&mut card, &load(Signature, kind, wrapped));
        assert_eq!(refused, Err(0x6A80), "the other wrapping key");
    }
    // A key that anybody but the slot's own generator made is no key of the slot (A 6.2.6, S 6-1-2).
    for (slot, kind, wrapped) in [
        (Signature, GroupKind::TransportedKey, &by_transport),
        (Authentication, GroupKind::GeneratedKey, &by_dek),
    ] {
        let refused = office.store(&mut card, &load(slot, kind, wrapped));
        assert_eq!(refused, Err(0x6A80), "the other slot's way");
    }
    let load = |kind, wrapped: &[u8]| load(Signature, kind, wrapped);
    let loaded = office.store(&mut card, &load(GroupKind::GeneratedKey, &by_dek));
    assert_eq!(loaded.as_ref(), Ok(&key(0).spki_der));
    let again = office.store(&mut card, &load(GroupKind::GeneratedKey, &by_dek));
    assert_eq!(again, loaded, "the same key again is no error");
    let statement = possession_statement(&NUMBER.id(), Signature, &[0x55; 32]);
    let proof = office.proof(&mut card, Signature).expect("a proof");
    assert!(verifies(&key(0).spki_der, &statement, &proof));
    let [p1, p2] = jpki::loading_public_key(Signature);
    let public_key = Command::new(0x80, instruction::GET_DATA, p1, p2);
    assert_eq!(office.ask(&mut card, &public_key), Ok(key(0).spki_der.clone()));
}

#[test]
fn c1_the_blocks_of_a_loading_take_effect_together_or_not_at_all() {
    let slot = Authentication;
    for octets in [1000, 223, 97] {
        let mut card = Emulator::with_max_command_data(Card::make(NUMBER, card_keys()), 255);
        let mut office = Office::open(&mut card);
        let loaded = office.store_in_blocks(&mut card, &complete(slot, 0, PIN), octets);
        if octets > 255 {
            assert_eq!(loaded, Err(0x6700), "this card knows no extended length");
            continue;
        }
        assert_eq!(loaded.as_ref(), Ok(&key(0).spki_der));
        assert!(office.proof(&mut card, slot).is_ok(), "272 octets in two short answers");
        assert_eq!(office.deliver(&mut card, slot, TAG), Ok(Vec::new()));
    }
    let bytes = DataGroup::encode(&complete(slot, 0, PIN));
    let (first, rest) = bytes.split_at(500);
    let mut card = blank_on_reader();
    let mut office = Office::open(&mut card);
    card.mark_stored();
    assert_eq!(office.ask(&mut card, &block(0, 0, first)), Ok(Vec::new()));
    assert!(!card.has_changed(), "nothing is kept before the last block");
    for wrong in [0, 2] {
        assert_eq!(office.ask(&mut card, &block(0x80, wrong, rest)), Err(0x6A86), "block {wrong}");
        assert_eq!(office.ask(&mut card, &block(0, 0, first)), Ok(Vec::new()));
    }
    // Another command between the blocks, in the channel or plain or none, a new channel and a
    // reset give them up.
    office.report(&mut card);
    assert_eq!(office.ask(&mut card, &block(0x80, 1, rest)), Err(0x6A86));
    for (plain, word) in [("00A4020C020006", 0x9000), ("00B000000501", 0x6700)] {
        assert_eq!(office.ask(&mut card, &block(0, 0, first)), Ok(Vec::new()));
        assert_eq!(status(&mut card, plain), word);
        assert_eq!(office.ask(&mut card, &block(0x80, 1, rest)), Err(0x6A86), "{plain}");
    }
    assert_eq!(office.ask(&mut card, &block(0, 0, first)), Ok(Vec::new()));
    card.reset();
    let mut office = Office::open(&mut card);
    assert_eq!(office.ask(&mut card, &block(0x80, 1, rest)), Err(0x6A86));
    assert_eq!(card.card().life(), LifeState::Blank);
    // The last group is bad: the good ones before it are not taken either.
    let mut groups = complete(slot, 0, "12345");
    assert_eq!(office.store(&mut card, &groups), Err(0x6A80));
    groups.insert(0, DataGroup::new(Signature, GroupKind::Secret, PASSWORD.as_bytes()));
    assert_eq!(office.store(&mut card, &groups), Err(0x6A80));
    assert_eq!(card.card().life(), LifeState::Blank);
}

#[test]
fn c1_the_blocks_are_bounded() {
    let mut card = blank_on_reader();
    let mut office = Office::open(&mut card);
    for number in 0..2 {
        assert_eq!(office.ask(&mut card, &block(0, number, &[0; 8000])), Ok(Vec::new()));
    }
    assert_eq!(office.ask(&mut card, &block(0, 2, &[0; 8000])), Err(0x6A84));
    assert_eq!(office.ask(&mut card, &block(0, 0, &[0; 100])), Ok(Vec::new()), "begun anew");
}

#[test]
fn c1_what_is_not_put_together_as_it_must_be_is_refused() {
    let slot = Authentication;
    let wrapped = wrap(&key(0).pkcs8, &TRANSPORT);
    let tag = DataGroup::new(slot, GroupKind::Operation, &TAG.0);
    let secret = DataGroup::new(slot, GroupKind::Secret, PIN.as_bytes());
    let loaded = key_group(slot, GroupKind::TransportedKey, &wrapped);
    let small = wrapped_key(KeyAlgorithm::Rsa1024, &wrapped).expect("a key");
    let broken = wrap(&key(0).pkcs8[..600], &TRANSPORT);
    let of_slot = with_certificates(slot, 0, TAG);
    let another = certificates(&key(1).spki_der);
    let another = DataGroup::new(slot, GroupKind::HolderCertificate, &another.holder);
    let cases = [
        (vec![loaded.clone()], 0x6A80, "no tag"),
        (vec![tag.clone(), tag.clone(), loaded.clone()], 0x6A80, "twice"),
        (vec![DataGroup::new(slot, GroupKind::Operation, &[1; 15])], 0x6A80, "a short tag"),
        (vec![tag.clone()], 0x6985, "a tag alone"),
        (vec![secret.clone()], 0x6A80, "a secret without a tag"),
        (vec![tag.clone(), secret], 0x6985, "a secret for nothing"),
        (of_slot[2..].to_vec(), 0x6A80, "certificates without a tag"),
        ([&of_slot[..1], &of_slot[2..]].concat(), 0x6985, "certificates for nothing"),
        (of_slot[..3].to_vec(), 0x6A80, "one certificate"),
        ([&of_slot[..2], &[another, of_slot[3].clone()]].concat(), 0x6A80, "of another key"),
        (
            vec![tag.clone(), DataGroup::new(slot, GroupKind::TransportedKey, &small)],
            0x6A80,
            "RSA-1024",
        ),
        (vec![tag.clone(), DataGroup::new(slot, GroupKind::TransportedKey, &[])], 0x6A80, "empty"),
        (vec![tag.clone(), key_group(slot, GroupKind::TransportedKey, &broken)], 0x6A80, "broken"),
        (vec![tag, key_group(slot, GroupKind::TransportedKey, &wrapped[1..])], 0x6A80, "cut"),
    ];
    let mut card = blank_on_reader();
    let mut office = Office::open(&mut card);
    card.mark_stored();
    for (groups, word, what) in cases {
        assert_eq!(office.store(&mut card, &groups), Err(word), "{what}");
        assert!(!card.has_changed(), "{what}");
    }
}

#[test]
fn c1_another_operation_waits_until_the_first_is_discarded() {
    let slot = Signature;
    let mut card = blank_on_reader();
    let mut office = Office::open(&mut card);
    office.store(&mut card, &with_certificates(slot, 0, TAG)).expect("loaded");
    for other in [with_certificates(slot, 1, TAG), with_certificates(slot, 0, NEXT_TAG)] {
        assert_eq!(office.store(&mut card, &other), Err(0x6985));
    }
    assert_eq!(office.deliver(&mut card, slot, NEXT_TAG), Err(0x6985), "not its own");
    assert_eq!(office.deliver(&mut card, slot, TAG), Err(0x6985), "no secret");
    let discard = set_status(jpki::octet(slot), action::DISCARD);
    for _ in 0..2 {
        assert_eq!(office.ask(&mut card, &discard), Ok(Vec::new()), "repeatable");
    }
    assert_eq!(office.report(&mut card).life(), LifeState::Blank);
    office.store(&mut card, &with_certificates(slot, 1, NEXT_TAG)).expect("loaded");
}

#[test]
fn c1_nothing_is_added_to_a_loading_without_its_tag() {
    let slot = Authentication;
    let mut card = blank_on_reader();
    let mut office = Office::open(&mut card);
    let of_slot = with_certificates(slot, 0, TAG);
    office.store(&mut card, &of_slot[..2]).expect("a key");
    card.mark_stored();
    let other = DataGroup::new(slot, GroupKind::Operation, &NEXT_TAG.0);
    let secret = [DataGroup::new(slot, GroupKind::Secret, PIN.as_bytes())];
    let nothing = [DataGroup::new(slot, GroupKind::Secret, b"")];
    for groups in [&of_slot[2..], &secret, &nothing] {
        assert_eq!(office.store(&mut card, groups), Err(0x6A80), "{groups:?}");
        let by_another = [std::slice::from_ref(&other), groups].concat();
        assert_eq!(office.store(&mut card, &by_another), Err(0x6985), "{groups:?}");
        assert!(!card.has_changed(), "{groups:?}");
    }
    office.store(&mut card, &[&of_slot[..1], &of_slot[2..]].concat()).expect("with its own tag");
}

#[test]
fn l2_a_renewal_replaces_the_key_at_its_delivery_and_keeps_the_secret() {
    let slot = Authentication;
    let mut card = delivered_on_reader();
    let mut office = Office::open(&mut card);
    assert_eq!(office.store(&mut card, &with_certificates(slot, 1, TAG)), Err(0x6985), "delivered");
    office.store(&mut card, &with_certificates(slot, 1, NEXT_TAG)).expect("loaded");
    let old = certificates(&key(0).spki_der).holder;
    let new = certificates(&key(1).spki_der).holder;
    assert_eq!(read(&mut card, file::AUTHENTICATION_CERTIFICATE), old);
    assert_eq!(office.deliver(&mut card, slot, NEXT_TAG), Ok(Vec::new()));
    assert_eq!(read(&mut card, file::AUTHENTICATION_CERTIFICATE), new);
    select_file(&mut card, file::AUTHENTICATION_PIN);
    assert_eq!(verify(&mut card, PIN.as_bytes()), 0x9000);
}

#[test]
fn c3_the_office_sets_a_secret_anew_and_unlocks_it() {
    let mut card = delivered_on_reader();
    let mut office = Office::open(&mut card);
    select_file(&mut card, file::AUTHENTICATION_PIN);
    for left in [2, 1, 0] {
        assert_eq!(verify(&mut card, b"0000"), 0x63C0 + left);
    }
    let reset = |new: &[u8]| {
        let reference = secret_reference(Authentication);
        Command::new(0x80, instruction::RESET_RETRY_COUNTER, 2, reference).with_data(new)
    };
    for bad in [&b"12345"[..], b"abcd", b"", b"\xff\xff\xff\xff"] {
        assert_eq!(office.ask(&mut card, &reset(bad)), Err(0x6A80));
    }
    assert_eq!(verify(&mut card, PIN.as_bytes()), 0x6983);
    assert_eq!(office.ask(&mut card, &reset(b"4321")), Ok(Vec::new()));
    assert_eq!(verify(&mut card, PIN.as_bytes()), 0x63C2);
    assert_eq!(verify(&mut card, b"4321"), 0x9000);
}

#[test]
fn c3_whoever_knew_the_old_secret_signs_no_more_after_the_office_changed_the_slot() {
    let reference = secret_reference(Authentication);
    let reset = Command::new(0x80, instruction::RESET_RETRY_COUNTER, 2, reference);
    let deliver = set_status(jpki::octet(Authentication), action::DELIVER);
    let discard = set_status(jpki::octet(Authentication), action::DISCARD);
    for (change, what) in [
        (reset.with_data(PIN.as_bytes()), "reset"),
        (deliver.with_data(&NEXT_TAG.0), "a renewed key delivered"),
        (discard, "discarded"),
    ] {
        let mut card = delivered_on_reader();
        let mut office = Office::open(&mut card);
        office.store(&mut card, &with_certificates(Authentication, 1, NEXT_TAG)).expect("loaded");
        select_file(&mut card, file::AUTHENTICATION_PIN);
        assert_eq!(verify(&mut card, PIN.as_bytes()), 0x9000);
        select_file(&mut card, file::AUTHENTICATION_KEY);
        assert_eq!(sign(&mut card), 0x9000, "before: {what}");
        assert_eq!(office.ask(&mut card, &change), Ok(Vec::new()), "{what}");
        assert_eq!(sign(&mut card), 0x6982, "{what}");
    }
}

#[test]
fn w1_an_erased_slot_is_empty_and_a_destroyed_card_does_nothing_any_more() {
    let mut card = delivered_on_reader();
    let mut office = Office::open(&mut card);
    let erase = set_status(jpki::octet(Authentication), action::ERASE);
    assert_eq!(office.ask(&mut card, &erase), Ok(Vec::new()));
    assert_eq!(select_file(&mut card, file::AUTHENTICATION_CERTIFICATE), 0x6A82);
    assert_eq!(select_file(&mut card, file::SIGNATURE_CA_CERTIFICATE), 0x9000);
    for half in [set_status(0x80, action::ERASE), set_status(1, action::DESTROY)] {
        assert_eq!(office.ask(&mut card, &half), Err(0x6A86));
    }
    let destroy = set_status(jpki::WHOLE_CARD, action::DESTROY);
    // That it is destroyed is heard to the end, however small the parts.
    let mut in_parts = office.0.wrap(&destroy).expect("wraps");
    in_parts.le = Some(1);
    let answer = exchange(&mut card, &in_parts);
    assert_eq!(office.0.unwrap(answer).expect("authentic").status, StatusWord::SUCCESS);
    for command in
        ["00B0000000", "00C0000000", "00A4020C020006", "00200080", "8050300008 0000000000000000 00"]
    {
        assert_eq!(status(&mut card, command), 0x6985, "{command}");
    }
    assert_eq!(card.reset(), jpki::ATR);
    assert_eq!(status(&mut card, "00A4040C 0A D392F000260100000001"), 0x6285);
    assert_eq!(status(&mut card, "00A4020C020006"), 0x6985);
}

#[test]
fn c1_a_delivered_key_proves_no_more_and_bad_parameters_are_refused() {
    let mut card = delivered_on_reader();
    let mut office = Office::open(&mut card);
    assert_eq!(office.proof(&mut card, Authentication), Err(0x6985));
    for (ins, p1, p2, data, word) in [
        (instruction::INTERNAL_AUTHENTICATE, 0, 3, vec![0; 32], 0x6A86),
        (instruction::INTERNAL_AUTHENTICATE, 0, 1, vec![0; 31], 0x6700),
        (instruction::GET_DATA, 0xDF, 0x21, vec![], 0x6A88),
        (instruction::GET_DATA, 0, 0x42, vec![], 0x6A88),
        (instruction::STORE_DATA, 0x81, 0, vec![], 0x6A86),
        (instruction::STORE_DATA, 0x80, 0, vec![9, 9, 0], 0x6A80),
        (instruction::SET_STATUS, 1, 1, vec![0; 15], 0x6700),
        (instruction::SET_STATUS, 1, 9, vec![], 0x6A86),
        (instruction::RESET_RETRY_COUNTER, 0, 0x98, b"1234".to_vec(), 0x6A86),
        (instruction::RESET_RETRY_COUNTER, 2, 0x80, b"1234".to_vec(), 0x6A88),
        (instruction::SELECT, 4, 0, jpki::AID.to_vec(), 0x6D00),
    ] {
        let command = Command::new(0x80, ins, p1, p2).with_data(&data);
        assert_eq!(office.ask(&mut card, &command), Err(word), "{command:?}");
    }
    assert_eq!(office.send(&mut card, &block(0x80, 0, &[])).status, StatusWord::SUCCESS);
}

fn sign(card: &mut Emulator) -> u16 {
    let info = [&octets("3031300D060960864801650304020105000420")[..], &[7; 32]].concat();
    let sign = Command::new(0x80, instruction::PERFORM_SECURITY_OPERATION, 0, 0x80);
    exchange(card, &sign.with_data(&info).with_le(256)).status.0
}

fn read(card: &mut Emulator, id: u16) -> Vec<u8> {
    assert_eq!(select_file(card, id), 0x9000);
    exchange(card, &Command::new(0, instruction::READ_BINARY, 0, 0).with_le(65536)).data
}
