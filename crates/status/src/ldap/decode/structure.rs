//! A first pass over the BER structure alone: definite lengths that nest, within bounds, without recursion.

use super::limits::{DecodeError, MAX_ELEMENTS, MAX_FILTER_DEPTH};

/// Deepest nesting of elements: message, request, filters, and within a filter item its sequence and pieces.
const MAX_ELEMENT_DEPTH: usize = MAX_FILTER_DEPTH + 5;

/// What is wrong with the structure of a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum StructureError {
    /// A bound is passed; the message can be skipped as a whole.
    Limit(&'static str),
    /// The octets cannot be followed.
    Malformed(DecodeError),
}

/// The identifier and length octets of one element.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub(super) tag: u8,
    /// Where the content begins.
    pub(super) content: usize,
    /// How many octets it has.
    pub(super) length: usize,
}

impl Header {
    /// Reads the header at `at`; `None` when the octets end within it.
    pub(super) fn read(octets: &[u8], at: usize) -> Result<Option<Self>, DecodeError> {
        let (Some(&tag), Some(&first)) = (octets.get(at), octets.get(at + 1)) else {
            return Ok(None);
        };
        if tag & 0x1f == 0x1f {
            return Err(malformed(at, "tags above 30 are not used in LDAP"));
        }
        if first < 0x80 {
            return Ok(Some(Self { tag, content: at + 2, length: usize::from(first) }));
        }
        let count = usize::from(first & 0x7f);
        match count {
            0 => {
                return Err(malformed(
                    at,
                    "indefinite lengths are not allowed (RFC 4511 section 5.1)",
                ));
            }
            // Eight octets hold any length that could be meant; more are only padding.
            1..=8 => {}
            _ => return Err(malformed(at, "the length has too many octets")),
        }
        let Some(digits) = octets.get(at + 2..at + 2 + count) else {
            return Ok(None);
        };
        let length = digits.iter().fold(0_u64, |sum, digit| sum << 8 | u64::from(*digit));
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        Ok(Some(Self { tag, content: at + 2 + count, length }))
    }

    /// Where the element ends, when that is within `limit`.
    fn end(&self, limit: usize) -> Option<usize> {
        self.content.checked_add(self.length).filter(|end| *end <= limit)
    }

    fn is_constructed(self) -> bool {
        self.tag & 0x20 != 0
    }
}

/// The parts every LDAPMessage has: its id and the tag of its request.
#[derive(Debug)]
pub(super) struct Envelope {
    pub(super) id: u32,
    pub(super) tag: u8,
    /// Where the request's element begins.
    pub(super) at: usize,
}

/// Reads the envelope of a complete message.
pub(super) fn envelope(octets: &[u8]) -> Result<Envelope, DecodeError> {
    let outer = element(octets, 0, octets.len())?;
    let id = element(octets, outer.content, octets.len())?;
    let at = id.content + id.length;
    let request = element(octets, at, octets.len())?;
    match integer(octets, &id, 0x02) {
        Some(number) if number > 0 => Ok(Envelope { id: number, tag: request.tag, at }),
        _ => Err(malformed(outer.content, "a message id from 1 to 2147483647 was expected")),
    }
}

impl Envelope {
    /// The content of an AbandonRequest.
    pub(super) fn abandoned(&self, octets: &[u8]) -> Result<u32, DecodeError> {
        let request = element(octets, self.at, octets.len())?;
        integer(octets, &request, 0x50)
            .ok_or(malformed(self.at, "a message id to abandon was expected"))
    }
}

/// Checks that all elements nest exactly and stay within the bounds.
pub(super) fn check(octets: &[u8]) -> Result<(), StructureError> {
    let mut ends = Vec::with_capacity(MAX_ELEMENT_DEPTH);
    let (mut at, mut count) = (0, 0);
    loop {
        while ends.last() == Some(&at) {
            ends.pop();
        }
        let limit = match ends.last() {
            Some(end) => *end,
            None if at == octets.len() => return Ok(()),
            None => octets.len(),
        };
        let header = element(octets, at, limit).map_err(StructureError::Malformed)?;
        count += 1;
        if count > MAX_ELEMENTS {
            return Err(StructureError::Limit("the request has more than 2,048 elements"));
        }
        if header.is_constructed() {
            if ends.len() == MAX_ELEMENT_DEPTH {
                return Err(StructureError::Limit("filters nest deeper than 32 levels"));
            }
            ends.push(header.content + header.length);
            at = header.content;
        } else {
            at = header.content + header.length;
        }
    }
}

/// The element at `at`, which must end by `limit`.
fn element(octets: &[u8], at: usize, limit: usize) -> Result<Header, DecodeError> {
    let header = Header::read(octets, at)?.filter(|header| header.end(limit).is_some());
    header.ok_or(malformed(at, "an element does not end within the one that holds it"))
}

/// The value of a non-negative INTEGER of at most 31 bits.
fn integer(octets: &[u8], header: &Header, tag: u8) -> Option<u32> {
    let content = octets.get(header.content..header.content + header.length)?;
    if header.tag != tag || !(1..=4).contains(&content.len()) || content[0] >= 0x80 {
        return None;
    }
    Some(content.iter().fold(0, |sum, octet| sum << 8 | u32::from(*octet)))
}

fn malformed(at: usize, rule: &'static str) -> DecodeError {
    DecodeError::Malformed { at, rule }
}
