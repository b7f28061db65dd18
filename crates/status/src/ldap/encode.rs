//! Writing of answers as BER (RFC 4511 section 5.1), leaving large values where they are.

use bytes::{Bytes, BytesMut};

use super::message::{Operation, ResultCode};

/// Values from this size on are handed on as they are; smaller ones are cheaper to copy than to send apart.
const SHARED_FROM_BYTES: usize = 4 * 1_024;

/// OID of the Notice of Disconnection (RFC 4511 section 4.4.1).
const NOTICE_OF_DISCONNECTION: &str = "1.3.6.1.4.1.1466.20036";

/// One encoded answer, as pieces to be sent one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Response {
    pieces: Vec<Bytes>,
}

impl Response {
    /// The pieces in order.
    pub fn pieces(&self) -> &[Bytes] {
        &self.pieces
    }

    /// All octets, copied together.
    pub fn to_vec(&self) -> Vec<u8> {
        self.pieces.concat()
    }

    /// How many octets there are.
    pub fn length(&self) -> usize {
        self.pieces.iter().map(Bytes::len).sum()
    }
}

/// A result: code, and words for the person who reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    /// The code.
    pub(super) code: ResultCode,
    /// The name of the lowest entry found on the way to one that does not exist.
    pub(super) matched: String,
    /// What went wrong and where; empty when nothing did.
    pub(super) diagnostic: String,
}

impl Outcome {
    /// A result without a matched name.
    pub(super) fn new(code: ResultCode, diagnostic: impl Into<String>) -> Self {
        Self { code, matched: String::new(), diagnostic: diagnostic.into() }
    }

    /// Success without words.
    pub(super) fn success() -> Self {
        Self::new(ResultCode::Success, "")
    }
}

/// The response that ends an operation.
pub(super) fn result(id: u32, operation: Operation, outcome: &Outcome) -> Response {
    message(id, result_element(operation, outcome, Vec::new()), None)
}

/// The response that ends a page of a search, with the cookie for the next (RFC 2696).
pub(super) fn page_done(id: u32, outcome: &Outcome, estimate: u32, cookie: Bytes) -> Response {
    let value = Element::constructed(
        0x30,
        vec![Element::primitive(0x02, unsigned(estimate)), Element::primitive(0x04, cookie)],
    );
    let control = Element::constructed(
        0x30,
        vec![
            octets(0x04, super::paging::PAGED_RESULTS),
            Element::primitive(0x04, value.into_bytes()),
        ],
    );
    let controls = Element::constructed(0xa0, vec![control]);
    message(id, result_element(Operation::Search, outcome, Vec::new()), Some(controls))
}

/// The answer to an extended operation, with its OID and value where there are any.
pub(super) fn extended(
    id: u32,
    outcome: &Outcome,
    name: Option<&str>,
    value: Option<&str>,
) -> Response {
    let name = name.map(|name| octets(0x8a, name));
    let value = value.map(|value| octets(0x8b, value));
    message(
        id,
        result_element(Operation::Extended, outcome, name.into_iter().chain(value).collect()),
        None,
    )
}

/// The unsolicited notification before the server ends a session.
pub(super) fn notice_of_disconnection(outcome: &Outcome) -> Response {
    extended(0, outcome, Some(NOTICE_OF_DISCONNECTION), None)
}

/// A found entry: attribute descriptions with their values.
pub(super) fn entry(id: u32, name: &str, attributes: Vec<(String, Vec<Bytes>)>) -> Response {
    let attribute = |(description, values): (String, Vec<Bytes>)| {
        let values = values.into_iter().map(|value| Element::primitive(0x04, value)).collect();
        Element::constructed(
            0x30,
            vec![octets(0x04, &description), Element::constructed(0x31, values)],
        )
    };
    let attributes = Element::constructed(0x30, attributes.into_iter().map(attribute).collect());
    message(id, Element::constructed(0x64, vec![octets(0x04, name), attributes]), None)
}

fn result_element(operation: Operation, outcome: &Outcome, more: Vec<Element>) -> Element {
    let mut parts = vec![
        Element::primitive(0x0a, Bytes::copy_from_slice(&[outcome.code as u8])),
        octets(0x04, &outcome.matched),
        octets(0x04, &outcome.diagnostic),
    ];
    parts.extend(more);
    Element::constructed(operation.response_tag(), parts)
}

fn message(id: u32, operation: Element, controls: Option<Element>) -> Response {
    let id = Element::primitive(0x02, unsigned(id));
    let parts = [id, operation].into_iter().chain(controls).collect();
    Element::constructed(0x30, parts).into_response()
}

/// A BER element whose length is known before it is written.
struct Element {
    tag: u8,
    length: usize,
    content: Content,
}

enum Content {
    Octets(Bytes),
    Elements(Vec<Element>),
}

impl Element {
    fn primitive(tag: u8, octets: Bytes) -> Self {
        Self { tag, length: octets.len(), content: Content::Octets(octets) }
    }

    fn constructed(tag: u8, elements: Vec<Self>) -> Self {
        let length = elements.iter().map(Self::total).sum();
        Self { tag, length, content: Content::Elements(elements) }
    }

    /// Header and content.
    fn total(&self) -> usize {
        2 + length_digits(self.length) + self.length
    }

    fn into_response(self) -> Response {
        let mut writer = Writer::default();
        writer.element(self);
        writer.finish()
    }

    fn into_bytes(self) -> Bytes {
        Bytes::from(self.into_response().to_vec())
    }
}

#[derive(Default)]
struct Writer {
    pieces: Vec<Bytes>,
    current: BytesMut,
}

impl Writer {
    fn element(&mut self, element: Element) {
        self.header(element.tag, element.length);
        match element.content {
            Content::Elements(elements) => {
                elements.into_iter().for_each(|inner| self.element(inner))
            }
            Content::Octets(octets) if octets.len() < SHARED_FROM_BYTES => {
                self.current.extend_from_slice(&octets);
            }
            Content::Octets(octets) => {
                self.end_piece();
                self.pieces.push(octets);
            }
        }
    }

    fn header(&mut self, tag: u8, length: usize) {
        self.current.extend_from_slice(&[tag]);
        match length_digits(length) {
            0 => self.current.extend_from_slice(&[length as u8]),
            digits => {
                self.current.extend_from_slice(&[0x80 | digits as u8]);
                self.current
                    .extend_from_slice(&length.to_be_bytes()[size_of::<usize>() - digits..]);
            }
        }
    }

    fn end_piece(&mut self) {
        if !self.current.is_empty() {
            self.pieces.push(self.current.split().freeze());
        }
    }

    fn finish(mut self) -> Response {
        self.end_piece();
        Response { pieces: self.pieces }
    }
}

/// How many octets follow the first length octet.
fn length_digits(length: usize) -> usize {
    match length {
        0..0x80 => 0,
        _ => size_of::<usize>() - length.leading_zeros() as usize / 8,
    }
}

/// The content of a non-negative INTEGER.
fn unsigned(number: u32) -> Bytes {
    let digits = u64::from(number).to_be_bytes();
    let skip = digits.iter().take_while(|digit| **digit == 0).count().min(digits.len() - 1);
    // A leading bit of one would read as a sign, so one octet of zero stays before it.
    let skip = if digits[skip] >= 0x80 { skip - 1 } else { skip };
    Bytes::copy_from_slice(&digits[skip..])
}

fn octets(tag: u8, text: &str) -> Element {
    Element::primitive(tag, Bytes::copy_from_slice(text.as_bytes()))
}
