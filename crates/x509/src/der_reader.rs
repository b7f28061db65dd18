//! Small helpers over the `der` crate's reader, all of them keeping the received octets.

use der::{AnyRef, Decode, Reader, SliceReader, Tag, Tagged};

use crate::error::Error;

/// A reader over one structure, which knows what to call it in an error.
pub(crate) struct Fields<'a> {
    what: &'static str,
    reader: SliceReader<'a>,
}

impl<'a> Fields<'a> {
    /// The fields inside the single SEQUENCE that `der` must be.
    pub(crate) fn of_sequence(what: &'static str, der: &'a [u8]) -> Result<Self, Error> {
        Self::of(what, Tag::Sequence, der)
    }

    /// The fields inside the single element of type `tag` that `der` must be.
    pub(crate) fn of(what: &'static str, tag: Tag, der: &'a [u8]) -> Result<Self, Error> {
        let element = single(what, der)?;
        if element.tag() != tag {
            return Err(Error::malformed(what, format!("{} where {tag} belongs", element.tag())));
        }
        Self::of_content(what, element.value())
    }

    /// The fields in these content octets.
    pub(crate) fn of_content(what: &'static str, content: &'a [u8]) -> Result<Self, Error> {
        let reader = SliceReader::new(content).map_err(|e| Error::malformed(what, e))?;
        Ok(Self { what, reader })
    }

    /// The next element, header included.
    pub(crate) fn raw(&mut self) -> Result<&'a [u8], Error> {
        // The fixed reader counts as failed after an error, so nothing is read past one.
        self.reader.tlv_bytes().map_err(|e| Error::malformed(self.what, e))
    }

    /// The next element, parted into tag and content.
    pub(crate) fn any(&mut self) -> Result<AnyRef<'a>, Error> {
        AnyRef::decode(&mut self.reader).map_err(|e| Error::malformed(self.what, e))
    }

    /// The content of the next element, which must have type `tag`.
    pub(crate) fn content(&mut self, tag: Tag) -> Result<&'a [u8], Error> {
        let element = self.any()?;
        if element.tag() != tag {
            let rule = format!("{} where {tag} belongs", element.tag());
            return Err(Error::malformed(self.what, rule));
        }
        Ok(element.value())
    }

    /// The next element if it has this tag octet.
    pub(crate) fn optional(&mut self, tag_octet: u8) -> Result<Option<AnyRef<'a>>, Error> {
        match self.reader.peek_byte() {
            Some(octet) if octet == tag_octet => self.any().map(Some),
            _ => Ok(None),
        }
    }

    /// The octets of the next element if it has this tag octet.
    pub(crate) fn optional_raw(&mut self, tag_octet: u8) -> Result<Option<&'a [u8]>, Error> {
        match self.reader.peek_byte() {
            Some(octet) if octet == tag_octet => self.raw().map(Some),
            _ => Ok(None),
        }
    }

    /// The octets of a BIT STRING that holds whole octets.
    pub(crate) fn bit_string(&mut self) -> Result<&'a [u8], Error> {
        match self.content(Tag::BitString)? {
            [0, octets @ ..] => Ok(octets),
            _ => Err(Error::malformed(self.what, "a BIT STRING that is not whole octets")),
        }
    }

    /// The content of an INTEGER, refused when not minimal (X.690 8.3.2); negative ones pass.
    pub(crate) fn integer(&mut self) -> Result<&'a [u8], Error> {
        let content = self.content(Tag::Integer)?;
        match content {
            [] | [0, 0..=0x7f, ..] | [0xff, 0x80..=0xff, ..] => {
                Err(Error::malformed(self.what, "an INTEGER that is not minimal"))
            }
            _ => Ok(content),
        }
    }

    /// An OBJECT IDENTIFIER.
    pub(crate) fn oid(&mut self) -> Result<const_oid::ObjectIdentifier, Error> {
        let content = self.content(Tag::ObjectIdentifier)?;
        const_oid::ObjectIdentifier::from_bytes(content).map_err(|e| Error::malformed(self.what, e))
    }

    /// Whether everything was read.
    pub(crate) fn is_finished(&self) -> bool {
        self.reader.is_finished()
    }

    /// Refuses anything that is left.
    pub(crate) fn finish(self) -> Result<(), Error> {
        let what = self.what;
        self.reader.finish().map_err(|e| Error::malformed(what, e))
    }
}

/// The single element that `der` must be.
pub(crate) fn single<'a>(what: &'static str, der: &'a [u8]) -> Result<AnyRef<'a>, Error> {
    AnyRef::from_der(der).map_err(|e| Error::malformed(what, e))
}

/// Refuses input longer than `limit` octets before it is parsed.
pub(crate) fn bounded(what: &'static str, der: &[u8], limit: usize) -> Result<(), Error> {
    if der.len() > limit {
        return Err(Error::TooLarge { what, length: der.len(), limit });
    }
    Ok(())
}

/// A small non-negative INTEGER from its content octets.
pub(crate) fn small_integer(content: &[u8]) -> Option<u64> {
    if content.len() > 9 || content.first()? & 0x80 != 0 {
        return None;
    }
    content.iter().try_fold(0u64, |value, octet| Some(value.checked_mul(256)? + u64::from(*octet)))
}
