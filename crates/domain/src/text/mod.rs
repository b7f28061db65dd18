//! The characters of names and addresses: which may be certified, and what stands in for the rest.
//!
//! # Architecture invariant
//! Nothing here normalises. NFC turns 神 (U+FA19) silently into 神 (U+795E), so a text that was
//! normalised before it is checked passes with a character that the resident never chose.

mod attribute;
mod free;
mod repertoire;
mod selector;
mod substitutes;
mod substitution;

pub use attribute::{
    ADDRESS_MAX_CHARACTERS, AttributeText, JOINT, NAME_MAX_CHARACTERS, TextError, check_address,
    check_name, joined_name, name_with_alias,
};
pub use free::{FreeText, InvalidFreeText, unseen};
pub use repertoire::{Plane, Repertoire};
pub use substitutes::{Candidate, InvalidTable, Rule, Substitutes};
pub use substitution::{Choices, Replacement, Substituted, SubstitutionError, substitute};

use selector::is_variation_selector;

/// A character that may not be certified as it is (S 3-1-8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offence {
    /// The position in the text, in characters from 0; a variation selector counts with its base.
    pub index: usize,
    /// The character as written, with its variation selector if it has one.
    pub character: String,
    /// What is on offer to stand in for it, preferred first; empty when no table knows one.
    pub substitutes: Vec<Candidate>,
}

/// Checks that every character of `text` may be certified as it is.
///
/// # Errors
/// Every offending character in the order of the text, with its substitutes (P8).
pub fn check(text: &str) -> Result<(), Vec<Offence>> {
    let offences: Vec<_> = characters(text).filter_map(Character::offence).collect();
    if offences.is_empty() { Ok(()) } else { Err(offences) }
}

/// The number of characters of `text`, each variation selector counted with its base.
pub fn length(text: &str) -> usize {
    characters(text).count()
}

/// One character of a text as a resident sees it: a base and perhaps a variation selector.
#[derive(Debug, Clone, Copy)]
struct Character<'a> {
    index: usize,
    text: &'a str,
    base: char,
}

impl Character<'_> {
    fn is_allowed(&self) -> bool {
        self.text.len() == self.base.len_utf8() && Repertoire::standard().contains(self.base)
    }

    fn offence(self) -> Option<Offence> {
        let substitutes = || Substitutes::embedded().for_character(self.text);
        (!self.is_allowed()).then(|| Offence {
            index: self.index,
            character: self.text.to_owned(),
            substitutes: substitutes(),
        })
    }
}

/// Splits a text into characters, each variation selector kept with the base it follows.
fn characters(text: &str) -> impl Iterator<Item = Character<'_>> {
    let mut rest = text;
    let mut index = 0;
    std::iter::from_fn(move || {
        let mut scalars = rest.char_indices();
        let (_, base) = scalars.next()?;
        let end =
            scalars.find(|(_, c)| !is_variation_selector(*c)).map_or(rest.len(), |(at, _)| at);
        let character = Character { index, text: &rest[..end], base };
        rest = &rest[end..];
        index += 1;
        Some(character)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offending(text: &str) -> Vec<(usize, String)> {
        let offences = check(text).err().unwrap_or_default();
        offences.into_iter().map(|o| (o.index, o.character)).collect()
    }

    #[test]
    fn p8_ordinary_names_and_addresses_pass() {
        for text in [
            "川口　太郎",
            "埼玉県川口市青木二丁目１番１号",
            "NGUYEN VAN AN",
            "O'NEIL-SMITH J.",
            "濵田　麴",
            "東京都千代田区霞が関1-2-3 ハイツA",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn p8_hard_characters_are_named_with_their_place_and_substitutes() {
        let offences = check("髙橋　𠮷之").expect_err("two are outside");
        let seen: Vec<_> = offences
            .iter()
            .map(|o| (o.index, o.character.as_str(), o.substitutes[0].character))
            .collect();
        assert_eq!(seen, [(0, "髙", '高'), (3, "𠮷", '吉')]);
    }

    #[test]
    fn p8_a_compatibility_ideograph_is_seen_before_any_normalisation() {
        assert_eq!(offending("\u{FA19}\u{795E}"), [(0, "\u{FA19}".to_owned())]);
    }

    #[test]
    fn p8_a_variation_selector_belongs_to_its_base() {
        let text = "渡\u{908A}\u{E0101}葛\u{E0100}城";
        let expected = [(1, "\u{908A}\u{E0101}".to_owned()), (2, "葛\u{E0100}".to_owned())];
        assert_eq!(offending(text), expected);
        assert_eq!(length(text), 4);
        let at_the_beginning = "\u{FE00}\u{E0100}A";
        assert_eq!(offending(at_the_beginning), [(0, "\u{FE00}\u{E0100}".to_owned())]);
        assert_eq!(length(at_the_beginning), 2);
    }

    #[test]
    fn p8_controls_marks_selectors_and_private_use_alone_are_refused() {
        for c in ["\u{0}", "\t", "\n", "\u{7F}", "\u{3099}", "\u{301}", "\u{FE00}", "\u{E000}"] {
            assert_eq!(offending(c), [(0, c.to_owned())], "{c:?}");
        }
        for c in ["\u{200B}", "\u{202E}", "\u{FEFF}", "ｱ", "①", "ｶﾞ", "😀", "\\", "@"] {
            assert!(check(c).is_err(), "{c:?}");
        }
    }
}
