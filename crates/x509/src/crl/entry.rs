//! One entry of a CRL on the wire, encoded without allocation (RFC 5280 5.1.2.6, 5.3.1).

use domain::id::SerialNumber;
use jiff::Timestamp;

use crate::der_writer::tag;
use crate::error::Error;
use crate::time;

/// The most an entry takes: header 2, serial 19, time 17, reason 14.
const MAX_ENTRY_LENGTH: usize = 52;

/// One revoked or held certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevokedEntry {
    /// The certificate's serial.
    pub serial: SerialNumber,
    /// When it was revoked or held.
    pub revoked_at: Timestamp,
    /// The CRLReason code; 0 is left out of the entry (RFC 5280 5.3.1).
    pub code: u8,
}

impl RevokedEntry {
    /// Refuses a code that no entry of ours has.
    pub(super) fn check(&self) -> Result<(), Error> {
        // 7 is not used and nothing follows 10 (RFC 5280 5.3.1); 8 belongs to delta CRLs.
        if self.code == 7 || self.code == 8 || self.code > 10 {
            let rule = format!("no reason has the code {}", self.code);
            return Err(Error::draft("CRL entry", rule));
        }
        Ok(())
    }
}

/// An entry on the wire, without allocation.
pub(super) struct EncodedEntry {
    octets: [u8; MAX_ENTRY_LENGTH],
    length: usize,
}

impl EncodedEntry {
    pub(super) fn new(entry: &RevokedEntry) -> Result<Self, Error> {
        entry.check()?;
        let mut encoded = Self { octets: [0; MAX_ENTRY_LENGTH], length: 2 };
        encoded.push_serial(entry.serial.as_bytes());
        encoded.push(time::encode(entry.revoked_at).as_bytes());
        if entry.code != 0 {
            encoded.push(&[
                0x30, 12, 0x30, 10, 0x06, 3, 0x55, 0x1d, 0x15, 0x04, 3, 0x0a, 1, entry.code,
            ]);
        }
        // Content stays below 128 octets, so the length is one octet.
        encoded.octets[..2].copy_from_slice(&[tag::SEQUENCE, (encoded.length - 2) as u8]);
        Ok(encoded)
    }

    /// How long the entry is, without encoding it.
    pub(super) fn length(entry: &RevokedEntry) -> usize {
        let serial = entry.serial.as_bytes();
        let magnitude = minimal(serial);
        let serial = 2 + magnitude.len() + usize::from(magnitude[0] >= 0x80);
        let reason = if entry.code == 0 { 0 } else { 14 };
        2 + serial + time::encoded_length(entry.revoked_at) + reason
    }

    /// The minimal INTEGER, as `SerialNumber::to_integer` would give it on the heap.
    fn push_serial(&mut self, serial: &[u8; 16]) {
        let magnitude = minimal(serial);
        let sign = usize::from(magnitude[0] >= 0x80);
        self.push(&[tag::INTEGER, (magnitude.len() + sign) as u8]);
        self.length += sign;
        self.push(magnitude);
    }

    fn push(&mut self, octets: &[u8]) {
        self.octets[self.length..self.length + octets.len()].copy_from_slice(octets);
        self.length += octets.len();
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.octets[..self.length]
    }
}

/// A serial without its leading zeros; one octet at least.
fn minimal(serial: &[u8; 16]) -> &[u8] {
    let zeros = serial.iter().take_while(|octet| **octet == 0).count().min(15);
    &serial[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::der_writer::DerWriter;
    use crate::oid;

    #[test]
    fn v1_an_entry_is_the_same_as_the_general_writer_makes() {
        let at: Timestamp = "2026-11-22T03:04:05Z".parse().expect("a time");
        for (bytes, code) in [([0xff; 16], 6), ([1; 16], 0), ([0x80; 16], 1)] {
            let serial = SerialNumber::from_random(bytes).expect("a serial");
            let entry = RevokedEntry { serial, revoked_at: at, code };
            let mut w = DerWriter::new();
            w.sequence(|w| {
                w.integer_octets(&serial.to_integer());
                w.time(at);
                if code != 0 {
                    w.sequence(|w| {
                        w.sequence(|w| {
                            w.oid(oid::REASON_CODE);
                            w.nested(tag::OCTET_STRING, |w| w.enumerated(code));
                        });
                    });
                }
            });
            let general = w.into_bytes();
            assert_eq!(EncodedEntry::length(&entry), general.len());
            assert_eq!(EncodedEntry::new(&entry).expect("an entry").as_bytes(), general);
        }
    }

    #[test]
    fn l11_codes_that_rfc_5280_does_not_have_are_refused() {
        let serial = SerialNumber::from_random([1; 16]).expect("a serial");
        for code in [7, 8, 11, 255] {
            let entry = RevokedEntry { serial, revoked_at: Timestamp::UNIX_EPOCH, code };
            assert!(EncodedEntry::new(&entry).is_err());
        }
    }
}
