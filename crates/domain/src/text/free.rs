//! Text that people type freely: bounded, and without a character that is not seen.

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, UnifiedIdeograph};
use icu_properties::{CodePointMapData, CodePointSetData};

use super::length;
use super::selector::is_variation_selector;

/// A text that a person typed, of at most so many characters, in which everything can be seen.
///
/// Left out are controls, what is invisible or turns the direction of its neighbours, and what Unicode
/// has not assigned or leaves to private use; a variation selector stands only behind an ideograph,
/// where it chooses the form in which a resident writes a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreeText(String);

/// Why a text is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFreeText {
    /// Nothing but spaces.
    #[error("it must be filled in")]
    Empty,
    /// Too long.
    #[error("it has {found} characters, at most {limit} are allowed")]
    TooLong {
        /// The limit, in characters.
        limit: usize,
        /// How many there are.
        found: usize,
    },
    /// A character that cannot be seen, or nobody knows what is seen.
    #[error("the character at {index} is a control, invisible or unassigned character")]
    Unseen {
        /// Its position, in Unicode scalar values from 0.
        index: usize,
    },
    /// A space at the beginning or the end.
    #[error("it begins or ends with a space")]
    SpaceAtEdge,
}

impl FreeText {
    /// A text of one line, of at most `limit` characters.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn line(text: &str, limit: usize) -> Result<Self, InvalidFreeText> {
        Self::checked(text, limit, false)
    }

    /// A text of lines, of at most `limit` characters.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn lines(text: &str, limit: usize) -> Result<Self, InvalidFreeText> {
        Self::checked(text, limit, true)
    }

    fn checked(text: &str, limit: usize, has_lines: bool) -> Result<Self, InvalidFreeText> {
        if text.trim().is_empty() {
            return Err(InvalidFreeText::Empty);
        }
        let found = length(text);
        // A selector counts with its base, and one at most follows each.
        if found > limit || text.chars().count() > 2 * limit {
            return Err(InvalidFreeText::TooLong { limit, found: text.chars().count() });
        }
        if let Some(index) = unseen(text, has_lines) {
            return Err(InvalidFreeText::Unseen { index });
        }
        if text.trim() != text {
            return Err(InvalidFreeText::SpaceAtEdge);
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// The position of the first character that cannot be seen, in Unicode scalar values.
pub fn unseen(text: &str, has_lines: bool) -> Option<usize> {
    let mut before = None;
    text.chars().position(|c| {
        let base = before.replace(c);
        let is_fine = match c {
            '\n' => has_lines,
            c if is_variation_selector(c) => base.is_some_and(|base| has_forms(base, c)),
            c => is_seen(c),
        };
        !is_fine
    })
}

/// Whether a selector may choose a form of a character: ideographs have them by the standard (FE00 to
/// FE02) and by the registry (E0100 to E01EF; Unicode 23.4).
fn has_forms(base: char, selector: char) -> bool {
    let is_for_ideographs = matches!(selector, '\u{FE00}'..='\u{FE02}' | '\u{E0100}'..='\u{E01EF}');
    is_for_ideographs && CodePointSetData::new::<UnifiedIdeograph>().contains(base)
}

/// Whether a character stands alone for something that is seen, or is one of the two spaces of Japanese
/// text.
fn is_seen(c: char) -> bool {
    use GeneralCategory as G;
    if matches!(c, ' ' | '\u{3000}') {
        return true;
    }
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    let is_outside = matches!(
        category,
        G::Control
            | G::Format
            | G::Surrogate
            | G::PrivateUse
            | G::Unassigned
            | G::LineSeparator
            | G::ParagraphSeparator
            | G::SpaceSeparator
    );
    // The blank of braille is a symbol by its category, and nothing to the eye.
    let is_blank = c == '\u{2800}';
    !(is_outside || is_blank || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w8_free_text_has_nothing_that_is_not_seen() {
        let unseen = [
            '\u{0}',
            '\u{9}',
            '\u{A}',
            '\u{7F}',
            '\u{85}',
            '\u{A0}',
            '\u{AD}',
            '\u{34F}',
            '\u{61C}',
            '\u{115F}',
            '\u{1160}',
            '\u{17B4}',
            '\u{180B}',
            '\u{180E}',
            '\u{2003}',
            '\u{200B}',
            '\u{200D}',
            '\u{202E}',
            '\u{2028}',
            '\u{2060}',
            '\u{2066}',
            '\u{206F}',
            '\u{2800}',
            '\u{3164}',
            '\u{E000}',
            '\u{FE0F}',
            '\u{FEFF}',
            '\u{FFA0}',
            '\u{FFF9}',
            '\u{FFFE}',
            '\u{378}',
            '\u{1D173}',
            '\u{1BCA0}',
            '\u{E0001}',
            '\u{E0041}',
            '\u{E0100}',
            '\u{F0000}',
            '\u{10FFFE}',
            '\u{10FFFF}',
        ];
        for c in unseen {
            let text = format!("a{c}b");
            let refused = FreeText::line(&text, 10).expect_err("unseen");
            assert_eq!(refused, InvalidFreeText::Unseen { index: 1 }, "{:04X}", u32::from(c));
        }
        for text in [
            "葛\u{E0100}城市",
            "神\u{FE00}田",
            "𠮷\u{E0101}田",
            "写真　本人 №1 ①～ é e\u{301}",
            "한국 中国",
        ] {
            assert_eq!(FreeText::line(text, 40).map(FreeText::into_string), Ok(text.to_owned()));
        }
    }

    #[test]
    fn w8_a_selector_stands_behind_an_ideograph_and_alone() {
        for text in
            ["\u{E0100}葛", "a\u{E0100}", "葛\u{E0100}\u{E0101}", "葛\u{FE0F}", "か\u{FE00}"]
        {
            assert!(
                matches!(FreeText::line(text, 9), Err(InvalidFreeText::Unseen { .. })),
                "{text:?}"
            );
        }
        let many = format!("葛{}", "\u{E0100}".repeat(100));
        assert!(matches!(FreeText::line(&many, 40), Err(InvalidFreeText::TooLong { .. })));
    }

    #[test]
    fn w8_free_text_is_bounded_and_its_lines_are_said_to_be_there() {
        assert_eq!(FreeText::line(" ", 9), Err(InvalidFreeText::Empty));
        assert_eq!(FreeText::line("a ", 9), Err(InvalidFreeText::SpaceAtEdge));
        let long = FreeText::line("免免免", 2);
        assert_eq!(long, Err(InvalidFreeText::TooLong { limit: 2, found: 3 }));
        assert_eq!(FreeText::line("a\nb", 9), Err(InvalidFreeText::Unseen { index: 1 }));
        assert!(FreeText::lines("a\nb", 9).is_ok());
    }
}
