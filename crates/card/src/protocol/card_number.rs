//! The number of a card, which its keys are derived from, and the id it is known by.

use std::fmt;

use domain::id::CardId;

/// The ten octets that a card names itself by when a channel is opened (key diversification data).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CardNumber(pub [u8; 10]);

/// Stands before the number in a card's id.
const PREFIX: &str = "card-";

impl CardNumber {
    /// The number in a card's id, or `None` when the id is not of the form [`id`](Self::id) makes.
    pub fn of(id: &CardId) -> Option<Self> {
        let digits = id.as_str().strip_prefix(PREFIX)?.as_bytes();
        let mut number = [0; 10];
        let (pairs, []) = digits.as_chunks::<2>() else {
            return None;
        };
        if pairs.len() != number.len() {
            return None;
        }
        for (octet, [high, low]) in number.iter_mut().zip(pairs) {
            *octet = digit(*high)? << 4 | digit(*low)?;
        }
        Some(Self(number))
    }

    /// The id of the card with this number: `card-` and 20 lower hexadecimal digits.
    pub fn id(self) -> CardId {
        match self.to_string().parse() {
            Ok(id) => id,
            Err(_) => unreachable!("25 letters, digits and hyphens are a card id"),
        }
    }
}

impl domain::rule::Closed for CardNumber {
    fn words(&self) -> domain::rule::Rule {
        domain::rule::Closed::words(&domain::rule::Plain(*self))
    }
}

impl fmt::Display for CardNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c1_a_number_and_its_id_are_one() {
        let number = CardNumber([0, 1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xff]);
        assert_eq!(number.id().as_str(), "card-00012345".to_owned() + "6789abcdefff");
        assert_eq!(CardNumber::of(&number.id()), Some(number));
        for text in
            ["card-", "card-000123456789ABCDEFFF", "card-000123456789abcdefff00", "0123-4567"]
        {
            assert_eq!(CardNumber::of(&text.parse().expect("an id")), None, "{text}");
        }
    }
}
