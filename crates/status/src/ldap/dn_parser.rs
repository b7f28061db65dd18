//! Reading of the string form of distinguished names: RFC 4514, and the forms of LDAPv2.

use super::dn::{
    Dn, InvalidDn, MAX_DN_BYTES, MAX_RDN_ATTRIBUTES, MAX_RDNS, NameAttribute, NameValue, Rdn,
    canonical_kind,
};

/// Reads a name. Besides RFC 4514 it accepts spaces around separators, `;` between relative names
/// and quoted values, the forms of LDAPv2, which RFC 4514 no longer names and clients still write.
pub(super) fn parse(text: &str) -> Result<Dn, InvalidDn> {
    if text.len() > MAX_DN_BYTES {
        return Err(InvalidDn { at: MAX_DN_BYTES, rule: "it is longer than 2,048 octets" });
    }
    let mut reader = Reader { octets: text.as_bytes(), at: 0 };
    reader.skip_spaces();
    if reader.peek().is_none() {
        return Ok(Dn::root());
    }
    let mut rdns = vec![reader.rdn()?];
    while reader.take_if(|octet| matches!(octet, b',' | b';')) {
        if rdns.len() == MAX_RDNS {
            return Err(reader.refuse("it has more than 32 relative names"));
        }
        rdns.push(reader.rdn()?);
    }
    match reader.peek() {
        None => Ok(Dn::from_rdns(rdns)),
        Some(_) => Err(reader.refuse("a separator was expected")),
    }
}

struct Reader<'a> {
    octets: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.octets.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let octet = self.peek()?;
        self.at += 1;
        Some(octet)
    }

    fn take_if(&mut self, wanted: impl Fn(u8) -> bool) -> bool {
        let found = self.peek().is_some_and(wanted);
        self.at += usize::from(found);
        found
    }

    fn skip_spaces(&mut self) {
        while self.take_if(|octet| octet == b' ') {}
    }

    fn refuse(&self, rule: &'static str) -> InvalidDn {
        InvalidDn { at: self.at, rule }
    }

    fn rdn(&mut self) -> Result<Rdn, InvalidDn> {
        let mut attributes = vec![self.attribute()?];
        while self.take_if(|octet| octet == b'+') {
            if attributes.len() == MAX_RDN_ATTRIBUTES {
                return Err(self.refuse("a relative name has more than 8 attributes"));
            }
            attributes.push(self.attribute()?);
        }
        Ok(Rdn::new(attributes))
    }

    fn attribute(&mut self) -> Result<NameAttribute, InvalidDn> {
        self.skip_spaces();
        let kind = self.kind()?;
        self.skip_spaces();
        if !self.take_if(|octet| octet == b'=') {
            return Err(self.refuse("'=' was expected after an attribute type"));
        }
        self.skip_spaces();
        let value = match self.peek() {
            Some(b'#') => self.hex_value()?,
            Some(b'"') => self.quoted_value()?,
            _ => self.plain_value()?,
        };
        self.skip_spaces();
        Ok(NameAttribute { kind, value })
    }

    /// A keyword (letter, then letters, digits, hyphens) or a dotted OID (RFC 4512 section 1.4).
    fn kind(&mut self) -> Result<String, InvalidDn> {
        let start = self.at;
        while self.take_if(|octet| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'.')
        {
        }
        let kind = String::from_utf8_lossy(&self.octets[start..self.at]).into_owned();
        let bare = kind.strip_prefix("OID.").or_else(|| kind.strip_prefix("oid.")).unwrap_or(&kind);
        if is_keyword(bare) || is_oid(bare) {
            Ok(canonical_kind(&kind))
        } else {
            Err(InvalidDn { at: start, rule: "an attribute type is a keyword or a dotted OID" })
        }
    }

    /// `#` and the BER encoding of the value in hexadecimal; encoded strings become text.
    fn hex_value(&mut self) -> Result<NameValue, InvalidDn> {
        self.at += 1;
        let mut octets = Vec::new();
        while self.peek().is_some_and(|octet| octet.is_ascii_hexdigit()) {
            octets.push(self.hex_pair()?);
        }
        if octets.is_empty() {
            return Err(self.refuse("'#' must be followed by hexadecimal pairs"));
        }
        Ok(text_of_ber(&octets).map_or(NameValue::Ber(octets), NameValue::Text))
    }

    fn hex_pair(&mut self) -> Result<u8, InvalidDn> {
        let mut octet = 0;
        for _ in 0..2 {
            let digit = self.next().and_then(|digit| char::from(digit).to_digit(16));
            let digit = digit.ok_or_else(|| self.refuse("two hexadecimal digits were expected"))?;
            octet = octet * 16 + digit as u8;
        }
        Ok(octet)
    }

    /// A value in quotes, a form of LDAPv2: everything but `"` and `\` stands for itself.
    fn quoted_value(&mut self) -> Result<NameValue, InvalidDn> {
        self.at += 1;
        let mut octets = Vec::new();
        loop {
            match self.next() {
                Some(b'"') => return self.text(octets),
                Some(b'\\') => octets.push(self.escaped()?),
                Some(octet) => octets.push(octet),
                None => return Err(self.refuse("the closing quote is missing")),
            }
        }
    }

    fn plain_value(&mut self) -> Result<NameValue, InvalidDn> {
        let mut octets = Vec::new();
        // Trailing spaces are dropped unless they were escaped, so remember where the last kept octet ends.
        let mut kept = 0;
        while let Some(octet) = self.peek() {
            match octet {
                b',' | b';' | b'+' => break,
                b'"' | b'<' | b'>' | 0 => return Err(self.refuse("this character must be escaped")),
                b'\\' => {
                    self.at += 1;
                    octets.push(self.escaped()?);
                    kept = octets.len();
                }
                _ => {
                    self.at += 1;
                    octets.push(octet);
                    kept = if octet == b' ' { kept } else { octets.len() };
                }
            }
        }
        octets.truncate(kept);
        self.text(octets)
    }

    /// What follows a backslash: a special character, or two hexadecimal digits (RFC 4514 section 3).
    fn escaped(&mut self) -> Result<u8, InvalidDn> {
        match self.peek() {
            Some(b' ' | b'"' | b'#' | b'+' | b',' | b';' | b'<' | b'=' | b'>' | b'\\') => {
                self.next().ok_or_else(|| self.refuse("the name ends in a backslash"))
            }
            Some(_) => self.hex_pair(),
            None => Err(self.refuse("the name ends in a backslash")),
        }
    }

    fn text(&self, octets: Vec<u8>) -> Result<NameValue, InvalidDn> {
        String::from_utf8(octets)
            .map(NameValue::Text)
            .map_err(|_| self.refuse("a value is not UTF-8"))
    }
}

fn is_keyword(text: &str) -> bool {
    text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) && !text.contains('.')
}

fn is_oid(text: &str) -> bool {
    text.contains('.')
        && text.split('.').all(|arc| {
            let digits = !arc.is_empty() && arc.bytes().all(|octet| octet.is_ascii_digit());
            digits && (arc == "0" || !arc.starts_with('0'))
        })
}

/// The text of a short BER PrintableString, UTF8String or IA5String, the only string types in names of ours.
fn text_of_ber(octets: &[u8]) -> Option<String> {
    match octets {
        [0x0c | 0x13 | 0x16, length, content @ ..]
            if *length < 0x80 && content.len() == usize::from(*length) =>
        {
            String::from_utf8(content.to_vec()).ok()
        }
        _ => None,
    }
}
