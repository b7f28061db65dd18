//! The reader for long lists says the same as the one that has the whole list in memory.

use aws_lc_rs::digest::Digest;
use domain::algorithm::SignatureAlgorithm;
use jitsuin_x509 as x509;
use x509::Error;
use x509::crl::{Crl, CrlStream, RevokedEntry};

use crate::crl::{entries, list, template};
use crate::support::ca;

/// Serial, seconds and code.
type Entry = (Vec<u8>, i64, Option<u8>);

/// Every entry, then the frame and the digest.
fn walk(der: &[u8]) -> Result<(Vec<Entry>, Vec<u8>, Digest), Error> {
    let mut stream = CrlStream::open(der, SignatureAlgorithm::RsaSha256)?;
    let mut seen = Vec::new();
    while let Some(entry) = stream.peek()? {
        seen.push((entry.serial.to_vec(), entry.revoked_at.as_second(), entry.code));
        stream.advance();
    }
    let (frame, digest) = stream.finish()?;
    Ok((seen, frame, digest))
}

/// Whether the list is the CA's word, as the publication gate finds out.
fn believed(der: &[u8]) -> Result<(), Error> {
    let (_, frame, digest) = walk(der)?;
    Crl::parse(&frame)?.verify_digest(&ca().spki, &digest)
}

fn signed(count: u64) -> Vec<u8> {
    let all: Vec<RevokedEntry> = entries(count).map(Result::unwrap).collect();
    list(&template("Kawagoe-shi"), &all)
}

#[test]
fn v1_both_readers_say_the_same_of_lists_of_any_length() {
    for count in [0, 1, 2, 5000] {
        let der = signed(count);
        let whole = Crl::parse(&der).unwrap();
        let (seen, frame, digest) = walk(&der).unwrap();
        let frame = Crl::parse(&frame).unwrap();
        frame.verify_digest(&ca().spki, &digest).unwrap();
        let wanted = whole.entries().map(Result::unwrap);
        let wanted = wanted.map(|e| (e.serial.to_vec(), e.revoked_at.as_second(), e.code));
        assert_eq!(seen, wanted.collect::<Vec<_>>());
        assert_eq!(seen.len() as u64, count);
        assert_eq!(frame.entries().count(), 0);
        assert_eq!((frame.issuer, frame.extensions), (whole.issuer, whole.extensions));
        assert_eq!((frame.this_update, frame.next_update), (whole.this_update, whole.next_update));
        assert_eq!(frame.signature, whole.signature);
    }
}

#[test]
fn v1_no_list_is_believed_that_is_cut_off_or_has_a_bit_turned() {
    let der = signed(3);
    believed(&der).unwrap();
    for length in 0..der.len() {
        assert!(believed(&der[..length]).is_err(), "cut to {length}");
    }
    for bit in 0..der.len() * 8 {
        let mut turned = der.clone();
        turned[bit / 8] ^= 1 << (bit % 8);
        assert!(believed(&turned).is_err(), "bit {bit}");
    }
    let longer = [der.as_slice(), &[0]].concat();
    assert!(believed(&longer).is_err(), "an octet follows");
}

#[test]
fn v1_a_list_with_entries_unread_is_not_finished() {
    let der = signed(2);
    let mut stream = CrlStream::open(der.as_slice(), SignatureAlgorithm::RsaSha256).unwrap();
    assert!(stream.peek().unwrap().is_some());
    stream.advance();
    assert!(stream.finish().is_err());
}

#[test]
fn v1_a_length_beyond_any_field_takes_no_memory() {
    let huge = [0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0x30, 0x84, 0xff, 0xff, 0xff, 0x00];
    let der = [&huge[..], &[0x02, 0x84, 0x7f, 0xff, 0xff, 0xff]].concat();
    let opened = CrlStream::open(der.as_slice(), SignatureAlgorithm::RsaSha256);
    assert!(matches!(opened.err(), Some(Error::TooLarge { .. })));
}
