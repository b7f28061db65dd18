//! Requests as octets: what is read, what is refused in its own form, and what ends the session.
#![allow(clippy::unwrap_used)]

mod ldap_fixture;

use jitsuin_status::ldap::{
    DecodeError, Filter, MAX_MESSAGE_BYTES, Message, Operation, Request, ResultCode, decode,
};
use ldap_fixture::{any_entry, request, results, search_of, session};
use proptest::prelude::*;
use rasn::types::SetOf;
use rasn_ldap::{AttributeValueAssertion, Filter as Received};

fn whole(octets: &[u8]) -> Message {
    let (message, length) = decode(octets).unwrap().unwrap();
    assert_eq!(length, octets.len());
    message
}

fn refusal(octets: &[u8]) -> (Operation, ResultCode) {
    match whole(octets).request {
        Request::Refused { operation, code, .. } => (operation, code),
        other => panic!("it was accepted as {other:?}"),
    }
}

/// `inner` within `levels` negations.
fn nested(levels: usize) -> Received {
    (0..levels).fold(any_entry(), |inner, _| Received::Not(Box::new(inner)))
}

/// An element with a definite length.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x84], &length[..], content].concat()
}

fn message_of(id: &[u8], operation: &[u8]) -> Vec<u8> {
    element(0x30, &[element(0x02, id), operation.to_vec()].concat())
}

#[test]
fn a_request_is_read_once_all_of_it_is_there() {
    let octets = request(7, search_of("c=jp", any_entry()));
    for end in 0..octets.len() {
        assert_eq!(decode(&octets[..end]), Ok(None), "after {end} octets");
    }
    let followed = [octets.clone(), vec![0xff; 9]].concat();
    let (message, length) = decode(&followed).unwrap().unwrap();
    assert_eq!((message.id, length), (7, octets.len()));
    assert!(matches!(message.request, Request::Search(search) if search.base == "c=jp"));
}

#[test]
fn requests_without_answer_are_read() {
    assert_eq!(whole(&[0x30, 5, 2, 1, 3, 0x42, 0]).request, Request::Unbind);
    assert_eq!(whole(&[0x30, 6, 2, 1, 3, 0x50, 1, 2]).request, Request::Abandon(2));
}

#[test]
fn octets_that_end_the_session() {
    let malformed: [&[u8]; 13] = [
        b"GET / HTTP/1.1\r\n\r\n",
        &[0x16, 3, 1, 0, 5],
        &[0x30, 0x80, 2, 1, 1, 0, 0],
        &[0x30, 0x89, 0, 0, 0, 0, 0, 0, 0, 0, 5],
        &[0x30, 0],
        &[0x30, 5, 2, 1, 0, 0x42, 0],
        &[0x30, 5, 2, 1, 0xff, 0x42, 0],
        &[0x30, 5, 4, 1, 1, 0x42, 0],
        &[0x30, 9, 2, 5, 1, 0, 0, 0, 0, 0x42, 0],
        &[0x30, 5, 2, 1, 1, 0x42, 9],
        &[0x30, 5, 2, 1, 1, 0x61, 0],
        &[0x30, 7, 2, 1, 1, 0x7f, 0x20, 0, 0],
        &[0x30, 7, 2, 1, 1, 0x63, 0x80, 0, 0],
    ];
    for octets in malformed {
        let decoded = decode(octets);
        assert!(matches!(decoded, Err(DecodeError::Malformed { .. })), "{octets:x?}: {decoded:?}");
    }
    for header in [
        &[0x30, 0x83, 1, 0, 0][..],
        &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        &[0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ] {
        assert!(matches!(decode(header), Err(DecodeError::TooLong(_))), "{header:x?}");
    }
    let fits = element(0x30, &vec![0; MAX_MESSAGE_BYTES - 6]);
    assert_eq!(decode(&fits[..6]), Ok(None), "the longest request allowed is waited for");
}

#[test]
fn what_the_session_survives_is_refused_in_its_own_form() {
    let empty_search = message_of(&[1], &element(0x63, &[]));
    assert_eq!(refusal(&empty_search), (Operation::Search, ResultCode::ProtocolError));
    let not_utf8 =
        [element(0x02, &[3]), element(0x04, &[0xff, 0xfe]), element(0x80, b"x")].concat();
    assert_eq!(
        refusal(&message_of(&[1], &element(0x60, &not_utf8))),
        (Operation::Bind, ResultCode::ProtocolError)
    );
    let many = SetOf::from_vec(vec![any_entry(); 3_000]);
    let many = request(1, search_of("", Received::And(many)));
    assert_eq!(refusal(&many), (Operation::Search, ResultCode::AdminLimitExceeded));
}

#[test]
fn v3_components_of_a_later_version_are_ignored_at_the_end_of_a_sequence() {
    let unknown = [element(0x8a, b"later"), element(0xab, &element(0x04, b"later"))].concat();
    let longer = |tag: u8, content: &[u8]| element(tag, &[content, &unknown].concat());
    let bind = [element(0x02, &[3]), element(0x04, b""), element(0x80, b"")].concat();
    let plain = whole(&message_of(&[1], &element(0x60, &bind)));
    assert!(matches!(plain.request, Request::Bind(_)));
    assert_eq!(whole(&message_of(&[1], &longer(0x60, &bind))), plain, "in the request");
    let message = [element(0x02, &[1]), element(0x60, &bind)].concat();
    assert_eq!(whole(&longer(0x30, &message)), plain, "in the message");
    // In the item of a filter, in the search, in a control, and in the message beside the controls.
    let claim = [element(0x04, b"cn"), element(0x04, b"x")].concat();
    let search = |item: Vec<u8>| {
        let (dn, zero, no) = (element(0x04, b"c=jp"), element(0x02, &[0]), element(0x01, &[0]));
        let (scope, names) = (element(0x0a, &[0]), element(0x30, b""));
        let filter = element(0xa0, &element(0xa2, &item));
        [dn, scope.clone(), scope, zero.clone(), zero, no, filter, names].concat()
    };
    let control = [element(0x04, b"1.2.3"), element(0x01, &[0xff])].concat();
    let shaped = |search: Vec<u8>, control: Vec<u8>| {
        let message = [element(0x02, &[1]), search, element(0xa0, &control)].concat();
        whole(&element(0x30, &message))
    };
    let known = shaped(element(0x63, &search(element(0xa3, &claim))), element(0x30, &control));
    assert!(matches!(known.request, Request::Search(_)) && known.controls.len() == 1);
    let later = shaped(longer(0x63, &search(longer(0xa3, &claim))), longer(0x30, &control));
    assert_eq!(later, known);
    // An unknown one before known ones is an error as before.
    let between = [element(0x02, &[3]), element(0x8a, b"x"), element(0x04, b"")].concat();
    let refused = refusal(&message_of(&[1], &element(0x60, &between)));
    assert_eq!(refused, (Operation::Bind, ResultCode::ProtocolError));
}

#[test]
fn v3_a_kind_of_filter_that_is_unknown_is_undefined() {
    let mut search: Vec<u8> =
        [element(0x04, b""), element(0x0a, &[0]), element(0x0a, &[0])].concat();
    search.extend([element(0x02, &[0]), element(0x02, &[0]), element(0x01, &[0])].concat());
    search.extend(element(0xa2, &element(0xaa, &element(0x04, b"later"))));
    search.extend(element(0x30, b""));
    let Request::Search(search) = whole(&message_of(&[1], &element(0x63, &search))).request else {
        panic!("not a search")
    };
    assert_eq!(search.filter, Filter::Not(Box::new(Filter::Undefined)));
}

#[test]
fn v3_an_unknown_way_to_authenticate_has_its_own_result() {
    for (choice, code) in [
        (element(0x81, b"x"), ResultCode::AuthMethodNotSupported),
        (element(0xa2, b""), ResultCode::AuthMethodNotSupported),
        (element(0x84, b"x"), ResultCode::AuthMethodNotSupported),
        (element(0x04, b"x"), ResultCode::ProtocolError),
        (vec![], ResultCode::ProtocolError),
    ] {
        let bind = [element(0x02, &[3]), element(0x04, b""), choice].concat();
        let refused = refusal(&message_of(&[1], &element(0x60, &bind)));
        assert_eq!(refused, (Operation::Bind, code), "{bind:02x?}");
    }
}

#[test]
fn filters_nest_to_a_bound() {
    assert!(matches!(whole(&request(1, search_of("", nested(31)))).request, Request::Search(_)));
    for levels in [32, 33, 64, 500] {
        let octets = request(1, search_of("", nested(levels)));
        assert_eq!(
            refusal(&octets),
            (Operation::Search, ResultCode::AdminLimitExceeded),
            "{levels}"
        );
    }
    // As deep as a message allows, far beyond any stack.
    let mut bomb = vec![];
    for _ in 0..8_000 {
        bomb =
            [&[0xa2, 0x84][..], &u32::try_from(bomb.len()).unwrap().to_be_bytes(), &bomb].concat();
    }
    let bomb = message_of(&[1], &element(0x63, &bomb));
    assert_eq!(refusal(&bomb), (Operation::Search, ResultCode::AdminLimitExceeded));
}

#[test]
fn assertions_of_any_octets_are_kept() {
    let claim = AttributeValueAssertion::new(
        "userCertificate;binary".into(),
        vec![0x30, 0x82, 0xff].into(),
    );
    let message = whole(&request(1, search_of("", Received::EqualityMatch(claim))));
    let Request::Search(search) = message.request else { panic!("not a search") };
    assert!(
        matches!(search.filter, Filter::Equality(claim) if claim.value.as_ref() == b"\x30\x82\xff")
    );
}

/// Drives a session with whatever decodes, as the fuzz target does; every answer must parse.
fn drive(octets: &[u8]) {
    let (mut session, _) = session();
    match decode(octets) {
        Ok(Some((message, _))) => {
            let answers: Vec<u8> =
                session.handle(message).flat_map(|response| response.to_vec()).collect();
            results(&answers);
        }
        Ok(None) => {}
        Err(error) => assert_eq!(session.malformed(&error).count(), 1),
    }
}

proptest! {
    #[test]
    fn any_octets_are_decoded_or_refused(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        drive(&octets);
    }

    #[test]
    fn any_content_in_a_sound_envelope_is_answered(
        tag in prop::sample::select(vec![0x60_u8, 0x63, 0x66, 0x68, 0x4a, 0x6c, 0x6e, 0x77, 0x50, 0x42]),
        content in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        drive(&message_of(&[1], &element(tag, &content)));
    }

    #[test]
    fn a_damaged_request_is_decoded_or_refused(at in 0_usize..100, octet in any::<u8>(), cut in 0_usize..100) {
        let mut octets = request(1, search_of("c=jp", nested(4)));
        let length = octets.len();
        octets[at % length] = octet;
        octets.truncate(length - cut % length);
        drive(&octets);
    }
}
