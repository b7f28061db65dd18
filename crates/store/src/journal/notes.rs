//! The notes in a file of checkpoints: what is whole, what was torn, and what is none of ours.

use super::note::VerifierKey;
use super::{Checkpoint, hex};

/// What stands between the text of a note and its signatures, up to the first signature's name.
const SEAM: &[u8] = "\n\n— ".as_bytes();

/// The characters of the base64 of a key id and an Ed25519 signature, 68 octets.
const SIGNATURE_LENGTH: usize = 92;

/// The characters of the base64 of a root, 32 octets.
const ROOT_LENGTH: usize = 44;

/// One piece of such a file, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// A checkpoint that bears a valid signature of the key.
    Whole(Checkpoint),
    /// A checkpoint, complete, whose signature is not the key's.
    Forged(Checkpoint),
    /// The beginning of a checkpoint: whoever wrote it was cut off.
    Torn {
        /// Where in the file it begins, in octets.
        at: usize,
    },
    /// Something else.
    Foreign {
        /// Where in the file it begins, in octets.
        at: usize,
        /// The first octets of it.
        begins: String,
    },
}

/// The pieces of `octets`, as whoever has `key` reads them.
///
/// A note that follows a torn one without an empty line, as earlier programs left it, is found too.
pub(super) fn pieces(octets: &[u8], key: &VerifierKey) -> Vec<Piece> {
    let head = format!("{}\n", key.name()).into_bytes();
    let mut pieces = Vec::new();
    let mut from = 0;
    while let Some(seam) = find(octets, SEAM, from) {
        let Some(start) = find_last(&octets[from..=seam], &head).map(|at| from + at) else {
            let end = paragraph_end(octets, seam + 2);
            between(octets, from..end, key, &mut pieces);
            from = end;
            continue;
        };
        between(octets, from..start, key, &mut pieces);
        let paragraph = paragraph_end(octets, seam + 2);
        // A text glued to a torn signature begins the next note.
        let end = find(&octets[..paragraph], &head, seam + 2).unwrap_or(paragraph);
        pieces.push(note(octets, start..end, key));
        from = end;
    }
    between(octets, from..octets.len(), key, &mut pieces);
    pieces
}

/// How many of the octets come before a torn end; all of them where the end is not torn.
pub(super) fn before_torn_end(octets: &[u8], key: &VerifierKey) -> usize {
    match pieces(octets, key).last() {
        Some(Piece::Torn { at }) => *at,
        _ => octets.len(),
    }
}

fn note(octets: &[u8], range: std::ops::Range<usize>, key: &VerifierKey) -> Piece {
    let (at, cut) = (range.start, &octets[range]);
    let is_ended = cut.ends_with(b"\n");
    let text = std::str::from_utf8(cut).ok().map(|text| format!("{}\n", text.trim_end()));
    let parsed = text.filter(|_| is_ended).and_then(|text| Checkpoint::parse(text).ok());
    match parsed {
        Some(checkpoint) if checkpoint.is_signed_by(key) => Piece::Whole(checkpoint),
        _ if is_beginning(cut, key) => Piece::Torn { at },
        Some(checkpoint) => Piece::Forged(checkpoint),
        None => foreign(octets, at),
    }
}

/// What stands between two notes; empty lines are nothing.
fn between(
    octets: &[u8],
    range: std::ops::Range<usize>,
    key: &VerifierKey,
    pieces: &mut Vec<Piece>,
) {
    let gap = &octets[range.clone()];
    let Some(skipped) = gap.iter().position(|octet| *octet != b'\n') else { return };
    let at = range.start + skipped;
    let torn = is_beginning(&octets[at..range.end], key);
    pieces.push(if torn { Piece::Torn { at } } else { foreign(octets, at) });
}

fn foreign(octets: &[u8], at: usize) -> Piece {
    let begins = &octets[at..octets.len().min(at + 24)];
    let begins = match std::str::from_utf8(begins) {
        Ok(text) if !text.contains(char::is_control) => format!("{text:?}"),
        _ => hex::encode(begins),
    };
    Piece::Foreign { at, begins }
}

/// Whether `cut` is how a note of this key begins, and not all of one.
fn is_beginning(cut: &[u8], key: &VerifierKey) -> bool {
    // With a line end behind it a signature of full length is complete, and is not ours.
    let most = SIGNATURE_LENGTH - usize::from(cut.ends_with(b"\n"));
    // An end that was closed by an empty line, so that more could follow, is an end all the same.
    let cut =
        cut.strip_suffix(b"\n\n").filter(|cut| find(cut, b"\n\n", 0).is_some()).unwrap_or(cut);
    let (text, signature) = match find(cut, b"\n\n", 0) {
        Some(seam) => (&cut[..seam], Some(&cut[seam + 2..])),
        None => (cut, None),
    };
    let mut lines = text.split(|octet| *octet == b'\n');
    let origin = lines.next().unwrap_or_default();
    let size = lines.next();
    let root = lines.next();
    let whole = [size, root].iter().flatten().count();
    let begins = match whole {
        0 => key.name().as_bytes().starts_with(origin),
        _ => key.name().as_bytes() == origin,
    };
    let is_text = begins
        && !origin.is_empty()
        && size.unwrap_or_default().iter().all(u8::is_ascii_digit)
        && is_base64(root.unwrap_or_default(), ROOT_LENGTH)
        && lines.all(<[u8]>::is_empty);
    let marker = format!("— {} ", key.name()).into_bytes();
    let is_signature =
        signature.is_none_or(|signature| match signature.strip_prefix(&marker[..]) {
            Some(rest) => is_base64(rest.trim_ascii_end(), most),
            None => marker.starts_with(signature.trim_ascii_end()),
        });
    is_text && is_signature
}

fn is_base64(text: &[u8], most: usize) -> bool {
    let plain = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/' | b'=');
    text.len() <= most && text.iter().all(plain)
}

fn paragraph_end(octets: &[u8], from: usize) -> usize {
    find(octets, b"\n\n", from).map_or(octets.len(), |at| at + 2)
}

fn find(octets: &[u8], wanted: &[u8], from: usize) -> Option<usize> {
    let found = octets.get(from..)?.windows(wanted.len()).position(|window| window == wanted);
    found.map(|at| from + at)
}

fn find_last(octets: &[u8], wanted: &[u8]) -> Option<usize> {
    octets.windows(wanted.len()).rposition(|window| window == wanted)
}
