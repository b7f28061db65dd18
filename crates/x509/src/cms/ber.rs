//! From BER to the definite lengths of DER: what writers of CMS may leave open (RFC 5652 2, X.690 8).

use super::WHAT;
use crate::der_writer::DerWriter;
use crate::error::Error;

/// How deep a message may be nested; a SignedData with its certificates is 14 deep.
const MAX_DEPTH: usize = 32;

/// The bit of a tag octet that says that elements follow (X.690 8.1.2.5).
const CONSTRUCTED: u8 = 0x20;
/// An OCTET STRING, and one in pieces (X.690 8.7.3).
const OCTET_STRING: u8 = 0x04;
const OCTET_STRING_IN_PIECES: u8 = OCTET_STRING | CONSTRUCTED;
/// The length octet that says that the end is marked (X.690 8.1.3.6).
const INDEFINITE: u8 = 0x80;
/// The end-of-contents octets (X.690 8.1.5).
const END: [u8; 2] = [0, 0];

/// The message with every length definite and minimal and every OCTET STRING in one piece. What is DER
/// already stays as it is, octet for octet; so whatever was signed as DER still verifies.
///
/// # Errors
/// [`Error::Malformed`] for what is no BER, for other strings in pieces, for tags beyond 30, and for what
/// is nested deeper than any message.
pub(super) fn definite(message: &[u8]) -> Result<Vec<u8>, Error> {
    let mut reader = Reader { rest: message };
    let mut writer = DerWriter::with_capacity(message.len());
    reader.element(&mut writer, MAX_DEPTH)?;
    match reader.rest {
        [] => Ok(writer.into_bytes()),
        _ => Err(Error::malformed(WHAT, "octets after its end")),
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Copies the next element in DER's lengths; what follows it is left.
    fn element(&mut self, writer: &mut DerWriter, depth: usize) -> Result<(), Error> {
        let deeper = depth.checked_sub(1).ok_or_else(|| malformed("nested too deeply"))?;
        let tag = self.octet()?;
        if tag & 0x1f == 0x1f {
            return Err(malformed("a tag that nothing here has"));
        }
        if tag == OCTET_STRING_IN_PIECES {
            let mut pieces = Vec::new();
            self.each(|reader| reader.piece(&mut pieces, deeper))?;
            writer.octet_string(&pieces);
            return Ok(());
        }
        if tag & CONSTRUCTED != 0 {
            return writer.nested(tag, |w| self.each(|reader| reader.element(w, deeper)));
        }
        writer.element(tag, self.primitive()?);
        Ok(())
    }

    /// One piece of an OCTET STRING, which may be in pieces itself.
    fn piece(&mut self, pieces: &mut Vec<u8>, depth: usize) -> Result<(), Error> {
        let deeper = depth.checked_sub(1).ok_or_else(|| malformed("nested too deeply"))?;
        match self.octet()? {
            OCTET_STRING => pieces.extend_from_slice(self.primitive()?),
            OCTET_STRING_IN_PIECES => self.each(|reader| reader.piece(pieces, deeper))?,
            _ => return Err(malformed("a piece of an OCTET STRING that is none")),
        }
        Ok(())
    }

    /// Has `read` take the elements of a constructed one, whose tag was read, to their end.
    fn each(&mut self, mut read: impl FnMut(&mut Self) -> Result<(), Error>) -> Result<(), Error> {
        match self.length()? {
            Some(length) => {
                let mut inner = Self { rest: self.take(length)? };
                while !inner.rest.is_empty() {
                    read(&mut inner)?;
                }
            }
            None => {
                while !self.rest.starts_with(&END) {
                    read(self)?;
                }
                self.take(END.len())?;
            }
        }
        Ok(())
    }

    /// The content of a primitive element, whose tag was read.
    fn primitive(&mut self) -> Result<&'a [u8], Error> {
        let length = self.length()?.ok_or_else(|| malformed("a primitive one without a length"))?;
        self.take(length)
    }

    /// A definite length, or `None` for the indefinite one (X.690 8.1.3).
    fn length(&mut self) -> Result<Option<usize>, Error> {
        let first = self.octet()?;
        if first < INDEFINITE {
            return Ok(Some(usize::from(first)));
        }
        if first == INDEFINITE {
            return Ok(None);
        }
        let mut length = 0_usize;
        for octet in self.take(usize::from(first & 0x7f))? {
            let shifted = length.checked_mul(256).ok_or_else(|| malformed("a length too long"))?;
            length = shifted | usize::from(*octet);
        }
        Ok(Some(length))
    }

    fn octet(&mut self) -> Result<u8, Error> {
        Ok(self.take(1)?[0])
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Error> {
        let cut = self.rest.split_at_checked(length).ok_or_else(|| malformed("cut off"))?;
        self.rest = cut.1;
        Ok(cut.0)
    }
}

fn malformed(rule: &'static str) -> Error {
    Error::malformed(WHAT, rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l7_open_lengths_and_strings_in_pieces_become_der_and_der_stays() {
        let der = [0x30, 8, 0xa0, 4, 4, 2, 1, 2, 5, 0];
        let cases: [&[u8]; 5] = [
            &der,
            &[0x30, 0x80, 0xa0, 0x80, 4, 2, 1, 2, 0, 0, 5, 0, 0, 0],
            &[0x30, 0x80, 0xa0, 0x80, 0x24, 0x80, 4, 1, 1, 4, 1, 2, 0, 0, 0, 0, 5, 0, 0, 0],
            &[0x30, 0x81, 14, 0xa0, 10, 0x24, 8, 0x24, 3, 4, 1, 1, 4, 1, 2, 5, 0],
            &[0x30, 0x80, 0xa0, 0x82, 0, 4, 4, 2, 1, 2, 5, 0x81, 0, 0, 0],
        ];
        for message in cases {
            assert_eq!(definite(message).expect("BER"), der, "{message:02x?}");
        }
    }

    #[test]
    fn l7_what_is_no_ber_is_refused_however_long_or_deep() {
        let deep = [0x30, 0x80].repeat(30_000);
        let cases: [&[u8]; 10] = [
            &[],
            &[0x30],
            &[0x30, 0x80],
            &[0x30, 0x80, 0],
            &[0x30, 0, 0],
            &[4, 0x80, 1, 0, 0],
            &[0x24, 3, 2, 1, 1],
            &[0x3f, 0x81, 1, 0],
            &[0x30, 0xff],
            &deep,
        ];
        for message in cases {
            definite(message).expect_err("refused");
        }
    }
}
