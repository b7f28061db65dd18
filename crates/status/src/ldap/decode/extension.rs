//! What a later version of the protocol may have put at the end of a SEQUENCE is left out before the parser
//! sees it: whoever receives it must ignore it (RFC 4511 4).

use super::structure::Header;

/// The parts of a request that are SEQUENCEs, and what else has them in it.
#[derive(Debug, Clone, Copy)]
enum Part {
    Message,
    Request,
    Controls,
    Control,
    Filter,
    /// Anything else, copied as it is.
    Whole,
}

/// A message, whose structure was checked, without components that RFC 4511 does not know. Only the last
/// ones of a SEQUENCE are left out: after an unknown one nothing is kept, and what is missing then is an error.
pub(super) fn without_extensions(message: &[u8]) -> Vec<u8> {
    let mut known = Vec::with_capacity(message.len());
    copy(Part::Message, message, &mut known);
    known
}

/// Whether a BindRequest, whose message this is, chooses an authentication that RFC 4511 4.2 does not know.
/// That is told as authMethodNotSupported, since the choice is extensible.
pub(super) fn has_unknown_authentication(message: &[u8]) -> bool {
    let request = children(message).nth(1).unwrap_or_default();
    match children(request).nth(2).and_then(|choice| choice.first()) {
        // [0] simple and [3] sasl; a choice is context-specific (X.690 8.1.2.2).
        Some(0x80 | 0xa3) => false,
        Some(tag) => tag & 0xc0 == 0x80,
        None => false,
    }
}

/// Copies an element with those of its components that are known at their place.
fn copy(part: Part, element: &[u8], known: &mut Vec<u8>) {
    let tag = element.first().copied().unwrap_or_default();
    match (part, tag) {
        // A kind of filter that is not implemented is Undefined (RFC 4511 4.5.1.7), as the presence of an
        // attribute that has no name is.
        (Part::Filter, tag) if !matches!(tag, 0xa0..=0xa6 | 0x87 | 0xa8 | 0xa9) => {
            known.extend([0x87, 0]);
            return;
        }
        (Part::Whole, _) | (_, 0x87) => {
            known.extend_from_slice(element);
            return;
        }
        _ => {}
    }
    let mut content = Vec::with_capacity(element.len());
    for (index, child) in children(element).enumerate() {
        let inner = child.first().copied().unwrap_or_default();
        match within(part, tag, index, inner) {
            Some(part) => copy(part, child, &mut content),
            None => break,
        }
    }
    known.push(tag);
    // Four octets hold the length of any message that is accepted.
    known.push(0x84);
    known.extend(u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes());
    known.extend(content);
}

/// What the component at `index` with the tag `inner` is, in `part` with the tag `tag`; `None` if unknown.
fn within(part: Part, tag: u8, index: usize, inner: u8) -> Option<Part> {
    let first = |count: usize| (index < count).then_some(Part::Whole);
    match (part, tag) {
        (Part::Message, _) => match (index, inner) {
            (0, _) => Some(Part::Whole),
            (1, 0x60 | 0x63 | 0x66 | 0x68 | 0x6c | 0x6e | 0x77) => Some(Part::Request),
            (1, _) => Some(Part::Whole),
            (2, 0xa0) => Some(Part::Controls),
            _ => None,
        },
        (Part::Request, 0x60) => first(3),
        (Part::Request, 0x63) if index == 6 => Some(Part::Filter),
        (Part::Request, 0x63) => first(8),
        // Of a ModifyDNRequest the fourth is optional, of an ExtendedRequest the second.
        (Part::Request, 0x6c) => (index < 3 || inner == 0x80).then_some(Part::Whole),
        (Part::Request, 0x77) => matches!(inner, 0x80 | 0x81).then_some(Part::Whole),
        (Part::Request, _) => first(2),
        (Part::Controls, _) => Some(Part::Control),
        (Part::Control, _) => (index < 3 && matches!(inner, 0x01 | 0x04)).then_some(Part::Whole),
        // And, or, not.
        (Part::Filter, 0xa0..=0xa2) => Some(Part::Filter),
        (Part::Filter, 0xa3..=0xa6 | 0xa8) => first(2),
        (Part::Filter, 0xa9) => (0x81..=0x84).contains(&inner).then_some(Part::Whole),
        (Part::Filter | Part::Whole, _) => Some(Part::Whole),
    }
}

/// The elements within a constructed one, each with its header; nothing of what does not nest.
fn children(element: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut at = match Header::read(element, 0) {
        Ok(Some(header)) => header.content,
        _ => element.len(),
    };
    std::iter::from_fn(move || {
        let header = Header::read(element, at).ok().flatten()?;
        let child = element.get(at..header.content.checked_add(header.length)?)?;
        at += child.len();
        Some(child)
    })
}
