//! A list of public keys known to be weak, by the SHA-256 of their SubjectPublicKeyInfo.

use std::io::BufRead;

use domain::hexadecimal;

use super::Blocklist;

/// Debian's generator of 2008 could make 32,768 keys for each size and word width; ten million
/// leaves room for every such list ever published, and bounds what a wrong file can cost.
const MAXIMUM_KEYS: usize = 10_000_000;

/// A line is 64 digits; more is no list of keys, and is not read to its end.
const MAXIMUM_LINE: u64 = 256;

/// Keys that must never be certified, such as Debian's of 2008 (CVE-2008-0166).
///
/// The file has one key a line: the SHA-256 of its SubjectPublicKeyInfo in hexadecimal, with or without
/// colons, in any order. Empty lines and lines that begin with `#` say nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WeakKeys {
    sorted: Vec<[u8; 32]>,
}

/// Why a file is no list of weak keys.
#[derive(Debug, thiserror::Error)]
pub enum BadWeakKeys {
    /// The file cannot be read.
    #[error("line {line}: {source}")]
    Unreadable {
        /// Which line, from 1.
        line: usize,
        /// Why.
        source: std::io::Error,
    },
    /// A line is neither empty, nor a remark, nor 64 hexadecimal digits.
    #[error(
        "line {line}: a key is the SHA-256 of its SubjectPublicKeyInfo in 64 hexadecimal digits"
    )]
    NoDigest {
        /// Which line, from 1.
        line: usize,
    },
    /// The list is longer than any that was ever published.
    #[error("more than {MAXIMUM_KEYS} keys")]
    TooLong,
}

impl WeakKeys {
    /// Reads a list.
    ///
    /// # Errors
    /// [`BadWeakKeys`] with the line: a list that is read in part would let weak keys pass.
    pub fn read(mut text: impl BufRead) -> Result<Self, BadWeakKeys> {
        let mut sorted = Vec::new();
        let mut content = Vec::new();
        for line in 1.. {
            content.clear();
            let mut bounded = std::io::Read::take(&mut text, MAXIMUM_LINE);
            let length = bounded
                .read_until(b'\n', &mut content)
                .map_err(|source| BadWeakKeys::Unreadable { line, source })?;
            if length == 0 {
                break;
            }
            let trimmed = content.trim_ascii();
            if trimmed.starts_with(b"#") && content.ends_with(b"\n") || trimmed.is_empty() {
                continue;
            }
            sorted.push(named_key(trimmed).ok_or(BadWeakKeys::NoDigest { line })?);
            if sorted.len() > MAXIMUM_KEYS {
                return Err(BadWeakKeys::TooLong);
            }
        }
        Ok(sorted.into_iter().collect())
    }

    /// Every key once, in ascending order, for a search of what was certified before.
    pub fn iter(&self) -> impl Iterator<Item = &[u8; 32]> {
        self.sorted.iter()
    }

    /// How many keys are listed.
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }
}

/// A list of the SHA-256 of SubjectPublicKeyInfos.
impl FromIterator<[u8; 32]> for WeakKeys {
    fn from_iter<I: IntoIterator<Item = [u8; 32]>>(keys: I) -> Self {
        let mut sorted: Vec<_> = keys.into_iter().collect();
        sorted.sort_unstable();
        sorted.dedup();
        Self { sorted }
    }
}

impl Blocklist for WeakKeys {
    fn known_weak(&self, spki_sha256: &[u8; 32]) -> bool {
        self.sorted.binary_search(spki_sha256).is_ok()
    }
}

/// The key that a line names: 64 hexadecimal digits, plain or as other tools print them.
pub fn named_key(text: &[u8]) -> Option<[u8; 32]> {
    plain(text).or_else(|| {
        let digits = hexadecimal::digits(std::str::from_utf8(text).ok()?)?;
        plain(digits.as_bytes())
    })
}

fn plain(text: &[u8]) -> Option<[u8; 32]> {
    let (pairs, rest) = text.as_chunks::<2>();
    let mut octets = [0; 32];
    if pairs.len() != octets.len() || !rest.is_empty() {
        return None;
    }
    for (octet, [high, low]) in octets.iter_mut().zip(pairs) {
        *octet = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(octets)
}

fn nibble(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<WeakKeys, String> {
        WeakKeys::read(text.as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn p9_a_list_of_weak_keys_is_read_in_any_order_and_case() {
        let (one, two) = ("ab".repeat(32), "0F".repeat(32));
        let list = read(&format!("# weak\n\n {one} \r\n{two}\n{one}")).expect("a list");
        assert_eq!(list.len(), 2);
        assert!(list.known_weak(&[0xab; 32]) && list.known_weak(&[0x0f; 32]));
        assert!(!list.known_weak(&[0xac; 32]));
        assert!(list.iter().is_sorted());
        assert!(read("").expect("no keys").is_empty());
    }

    /// As OpenSSL prints a digest.
    #[test]
    fn p9_a_listed_key_may_have_colons() {
        let list = read(&["0F"; 32].join(":")).expect("a list");
        assert!(list.known_weak(&[0x0f; 32]));
    }

    #[test]
    fn p9_a_line_that_is_no_key_is_refused_with_its_number() {
        let good = "ab".repeat(32);
        for bad in [
            "ab".repeat(31),
            format!("{good}0"),
            format!("{good}00"),
            good.replace('b', "g"),
            "鍵".repeat(64),
            "0".repeat(1000),
            format!("#{}", "x".repeat(1000)),
        ] {
            let error = read(&format!("{good}\n{bad}\n")).expect_err("no key");
            assert!(error.starts_with("line 2: "), "{error}");
        }
    }
}
