//! Our own small DER writer: definite lengths, into memory (X.690).
//!
//! It writes everything this system signs. It never reads: what it wrote is re-read by the `der`
//! crate, so that one mistake cannot hide in both.

use const_oid::ObjectIdentifier;
use jiff::Timestamp;

use crate::time;

/// Universal tags in the form they take on the wire.
pub mod tag {
    /// BOOLEAN.
    pub const BOOLEAN: u8 = 0x01;
    /// INTEGER.
    pub const INTEGER: u8 = 0x02;
    /// BIT STRING.
    pub const BIT_STRING: u8 = 0x03;
    /// OCTET STRING.
    pub const OCTET_STRING: u8 = 0x04;
    /// NULL.
    pub const NULL: u8 = 0x05;
    /// OBJECT IDENTIFIER.
    pub const OBJECT_IDENTIFIER: u8 = 0x06;
    /// ENUMERATED.
    pub const ENUMERATED: u8 = 0x0a;
    /// UTF8String.
    pub const UTF8_STRING: u8 = 0x0c;
    /// PrintableString.
    pub const PRINTABLE_STRING: u8 = 0x13;
    /// IA5String.
    pub const IA5_STRING: u8 = 0x16;
    /// UTCTime.
    pub const UTC_TIME: u8 = 0x17;
    /// GeneralizedTime.
    pub const GENERALIZED_TIME: u8 = 0x18;
    /// SEQUENCE and SEQUENCE OF.
    pub const SEQUENCE: u8 = 0x30;
    /// SET and SET OF.
    pub const SET: u8 = 0x31;

    /// The context tag `number` (below 31) on a primitive encoding.
    pub const fn context(number: u8) -> u8 {
        0x80 | number
    }

    /// The context tag `number` (below 31) on a constructed encoding.
    pub const fn context_constructed(number: u8) -> u8 {
        0xa0 | number
    }
}

/// The most octets an identifier and a length take here: one and nine.
pub const MAX_HEADER_LENGTH: usize = 10;

/// An identifier octet with its definite length, held without allocation.
#[derive(Debug, Clone, Copy)]
pub struct Header {
    octets: [u8; MAX_HEADER_LENGTH],
    length: usize,
}

impl Header {
    /// The header of an element `tag` whose content has `content_length` octets (X.690 8.1.3, 10.1).
    pub fn new(tag: u8, content_length: u64) -> Self {
        let mut octets = [0; MAX_HEADER_LENGTH];
        octets[0] = tag;
        if content_length < 0x80 {
            octets[1] = content_length as u8;
            return Self { octets, length: 2 };
        }
        let big_endian = content_length.to_be_bytes();
        let skipped = (content_length.leading_zeros() / 8) as usize;
        let significant = &big_endian[skipped..];
        octets[1] = 0x80 | significant.len() as u8;
        octets[2..2 + significant.len()].copy_from_slice(significant);
        Self { octets, length: 2 + significant.len() }
    }

    /// The octets of the header.
    pub fn as_bytes(&self) -> &[u8] {
        &self.octets[..self.length]
    }
}

/// The octets that an element with `content_length` octets of content takes, header included.
pub fn element_length(content_length: u64) -> u64 {
    Header::new(tag::SEQUENCE, content_length).length as u64 + content_length
}

/// Collects DER elements in memory.
#[derive(Debug, Default, Clone)]
pub struct DerWriter {
    bytes: Vec<u8>,
}

impl DerWriter {
    /// An empty writer.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty writer with room for `capacity` octets.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { bytes: Vec::with_capacity(capacity) }
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Octets that are DER already.
    pub fn raw(&mut self, der: &[u8]) {
        self.bytes.extend_from_slice(der);
    }

    /// One element with its content octets.
    pub fn element(&mut self, tag: u8, content: &[u8]) {
        self.bytes.extend_from_slice(Header::new(tag, content.len() as u64).as_bytes());
        self.bytes.extend_from_slice(content);
    }

    /// One element whose content `write` produces.
    pub fn nested<T>(&mut self, tag: u8, write: impl FnOnce(&mut Self) -> T) -> T {
        let start = self.bytes.len();
        // Most elements have short lengths: two octets are set aside, more are made when needed.
        self.bytes.extend_from_slice(&[tag, 0]);
        let result = write(self);
        let length = self.bytes.len() - start - 2;
        let header = Header::new(tag, length as u64);
        self.bytes.splice(start..start + 2, header.as_bytes().iter().copied());
        result
    }

    /// A SEQUENCE whose content `write` produces.
    pub fn sequence<T>(&mut self, write: impl FnOnce(&mut Self) -> T) -> T {
        self.nested(tag::SEQUENCE, write)
    }

    /// A SET whose content `write` produces; the caller keeps the order of X.690 11.6.
    pub fn set<T>(&mut self, write: impl FnOnce(&mut Self) -> T) -> T {
        self.nested(tag::SET, write)
    }

    /// A constructed context tag: EXPLICIT, or IMPLICIT over a constructed type.
    pub fn context<T>(&mut self, number: u8, write: impl FnOnce(&mut Self) -> T) -> T {
        self.nested(tag::context_constructed(number), write)
    }

    /// A primitive context tag: IMPLICIT over a primitive type.
    pub fn context_primitive(&mut self, number: u8, content: &[u8]) {
        self.element(tag::context(number), content);
    }

    /// A BOOLEAN (X.690 11.1: TRUE is 0xff).
    pub fn boolean(&mut self, value: bool) {
        self.element(tag::BOOLEAN, &[if value { 0xff } else { 0 }]);
    }

    /// A non-negative INTEGER.
    pub fn integer(&mut self, value: u64) {
        self.element(tag::INTEGER, &integer_content(value));
    }

    /// An INTEGER whose content octets are `content`, minimal and with its sign octet already.
    pub fn integer_octets(&mut self, content: &[u8]) {
        self.element(tag::INTEGER, content);
    }

    /// An ENUMERATED below 128.
    pub fn enumerated(&mut self, value: u8) {
        self.element(tag::ENUMERATED, &[value]);
    }

    /// NULL.
    pub fn null(&mut self) {
        self.element(tag::NULL, &[]);
    }

    /// An OBJECT IDENTIFIER.
    pub fn oid(&mut self, oid: ObjectIdentifier) {
        self.element(tag::OBJECT_IDENTIFIER, oid.as_bytes());
    }

    /// An OCTET STRING.
    pub fn octet_string(&mut self, content: &[u8]) {
        self.element(tag::OCTET_STRING, content);
    }

    /// A BIT STRING of whole octets.
    pub fn bit_string(&mut self, octets: &[u8]) {
        self.bytes
            .extend_from_slice(Header::new(tag::BIT_STRING, octets.len() as u64 + 1).as_bytes());
        self.bytes.push(0);
        self.bytes.extend_from_slice(octets);
    }

    /// A BIT STRING of named bits, bit 0 of `bits` first, without trailing zeros (X.690 11.2.2).
    pub fn named_bits(&mut self, bits: u16) {
        self.element(tag::BIT_STRING, &named_bits_content(bits));
    }

    /// A character string of type `tag`, whose repertoire the caller has checked.
    pub fn string(&mut self, tag: u8, text: &str) {
        self.element(tag, text.as_bytes());
    }

    /// UTCTime through 2049, else GeneralizedTime, to the second (RFC 5280 4.1.2.5).
    pub fn time(&mut self, at: Timestamp) {
        self.raw(time::encode(at).as_bytes());
    }

    /// GeneralizedTime to the second whatever the year (RFC 6960 4.2.2.1).
    pub fn generalized_time(&mut self, at: Timestamp) {
        self.raw(time::encode_generalized(at).as_bytes());
    }
}

/// The minimal content octets of a non-negative INTEGER (X.690 8.3).
pub fn integer_content(value: u64) -> Vec<u8> {
    let octets = value.to_be_bytes();
    let skipped = octets.iter().take_while(|octet| **octet == 0).count().min(octets.len() - 1);
    let magnitude = &octets[skipped..];
    let sign = (magnitude[0] >= 0x80).then_some(0);
    sign.into_iter().chain(magnitude.iter().copied()).collect()
}

/// The content of a BIT STRING of named bits, also for IMPLICIT tags.
pub fn named_bits_content(bits: u16) -> Vec<u8> {
    let reversed = bits.reverse_bits().to_be_bytes();
    match bits.checked_ilog2() {
        None => vec![0],
        Some(last) => {
            let octets = last as usize / 8 + 1;
            let mut content = vec![7 - (last % 8) as u8];
            content.extend_from_slice(&reversed[..octets]);
            content
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_change_form_where_x690_says() {
        let header = |length| Header::new(tag::SEQUENCE, length).as_bytes().to_vec();
        assert_eq!(header(0), [0x30, 0]);
        assert_eq!(header(0x7f), [0x30, 0x7f]);
        assert_eq!(header(0x80), [0x30, 0x81, 0x80]);
        assert_eq!(header(0xff), [0x30, 0x81, 0xff]);
        assert_eq!(header(0x100), [0x30, 0x82, 1, 0]);
        assert_eq!(header(0xffff), [0x30, 0x82, 0xff, 0xff]);
        assert_eq!(header(0x1_0000), [0x30, 0x83, 1, 0, 0]);
        assert_eq!(header(0x1_0000_0000), [0x30, 0x85, 1, 0, 0, 0, 0]);
    }

    #[test]
    fn a_nested_element_equals_a_flat_one() {
        for length in [0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000] {
            let content = vec![0x5a; length];
            let (mut flat, mut nested) = (DerWriter::new(), DerWriter::new());
            flat.element(tag::SEQUENCE, &content);
            nested.sequence(|w| w.raw(&content));
            assert_eq!(flat.bytes, nested.bytes);
            assert_eq!(flat.bytes.len() as u64, element_length(length as u64));
        }
    }

    #[test]
    fn integers_are_minimal_and_positive() {
        assert_eq!(integer_content(0), [0]);
        assert_eq!(integer_content(127), [127]);
        assert_eq!(integer_content(128), [0, 128]);
        assert_eq!(integer_content(256), [1, 0]);
        assert_eq!(integer_content(u64::MAX).len(), 9);
    }

    #[test]
    fn named_bits_lose_trailing_zeros() {
        assert_eq!(named_bits_content(0), [0]);
        assert_eq!(named_bits_content(1), [7, 0x80]);
        // keyCertSign and cRLSign, as in every CA certificate.
        assert_eq!(named_bits_content(1 << 5 | 1 << 6), [1, 0x06]);
        // decipherOnly is bit 8, in the second octet.
        assert_eq!(named_bits_content(1 << 8), [7, 0, 0x80]);
    }
}
