//! The certified attributes that are texts, name and address: how they are joined and how long.

use super::{Offence, check, length};
use crate::municipality;

/// What stands between family name and given name: U+3000, the ideographic space.
pub const JOINT: char = '\u{3000}';

/// The longest certified address, in characters (as the running system limits it).
pub const ADDRESS_MAX_CHARACTERS: usize = 200;

/// The longest certified name with its alias, in characters.
///
/// An assumption: the CPS names no limit, and X.520's 64 is too short for a foreign resident's
/// full name with an alias. The address's limit is taken, since the same forms and flags carry both.
pub const NAME_MAX_CHARACTERS: usize = 200;

/// Which of the certified texts an error is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AttributeText {
    /// The name, with the alias if there is one.
    Name,
    /// The address.
    Address,
}

impl std::fmt::Display for AttributeText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Name => "name",
            Self::Address => "address",
        })
    }
}

/// Why a text cannot be certified as a name or an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing, or nothing but spaces.
    #[error("the {0} is empty")]
    Empty(AttributeText),
    /// A space at the beginning or the end, or a name of which one half is missing.
    #[error("the {0} begins or ends with a space")]
    SpaceAtEdge(AttributeText),
    /// More characters than the limit.
    #[error("the {attribute} has {found} characters, at most {limit} are allowed")]
    TooLong {
        /// Which text.
        attribute: AttributeText,
        /// The limit in characters.
        limit: usize,
        /// How many it has.
        found: usize,
    },
    /// An address that does not begin with one of the 47 prefectures.
    #[error("the address does not begin with a prefecture")]
    NoPrefecture,
    /// Characters outside the repertoire (P8).
    #[error("the {attribute} has {} characters that may not be certified", .offences.len())]
    Characters {
        /// Which text.
        attribute: AttributeText,
        /// Each of them with its substitutes.
        offences: Vec<Offence>,
    },
}

/// Family and given name as certified; the family name alone where there is no given name.
pub fn joined_name(family_name: &str, given_name: &str) -> String {
    if given_name.is_empty() {
        return family_name.to_owned();
    }
    format!("{family_name}{JOINT}{given_name}")
}

/// A foreign resident's name with the alias (通称) of the resident record (S 4-2-2).
///
/// The CPS wants both in one attribute but not how. Full-width brackets after the joint are an
/// assumption: they are in JIS X 0208, stand in no name, and so leave the two parts separable.
pub fn name_with_alias(name: &str, alias: Option<&str>) -> String {
    match alias {
        Some(alias) => format!("{name}{JOINT}（{alias}）"),
        None => name.to_owned(),
    }
}

/// Checks a name, joined and with its alias, as it is to be certified.
///
/// # Errors
/// Empty, spaces at its edges, too long, or characters outside the repertoire.
pub fn check_name(name: &str) -> Result<(), TextError> {
    check_text(AttributeText::Name, name, NAME_MAX_CHARACTERS)
}

/// Checks an address as it is to be certified: no postcode, prefecture first.
///
/// # Errors
/// As for a name, and when it does not begin with a prefecture.
pub fn check_address(address: &str) -> Result<(), TextError> {
    check_text(AttributeText::Address, address, ADDRESS_MAX_CHARACTERS)?;
    let is_led_by = |p: &municipality::Prefecture| address.starts_with(p.name.as_str());
    if municipality::prefectures().iter().any(is_led_by) {
        Ok(())
    } else {
        Err(TextError::NoPrefecture)
    }
}

fn check_text(attribute: AttributeText, text: &str, limit: usize) -> Result<(), TextError> {
    if text.trim().is_empty() {
        return Err(TextError::Empty(attribute));
    }
    if text.trim() != text {
        return Err(TextError::SpaceAtEdge(attribute));
    }
    let found = length(text);
    if found > limit {
        return Err(TextError::TooLong { attribute, limit, found });
    }
    check(text).map_err(|offences| TextError::Characters { attribute, offences })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p7_names_are_joined_by_the_ideographic_space() {
        assert_eq!(joined_name("川口", "太郎"), "川口\u{3000}太郎");
        assert_eq!(joined_name("NGUYEN VAN AN", ""), "NGUYEN VAN AN");
        assert_eq!(name_with_alias("KIM MINJUN", Some("金田一郎")), "KIM MINJUN　（金田一郎）");
        assert_eq!(check_name(&name_with_alias("KIM MINJUN", Some("金田一郎"))), Ok(()));
        assert_eq!(name_with_alias("KIM MINJUN", None), "KIM MINJUN");
    }

    #[test]
    fn p8_bad_names_are_refused_with_the_rule() {
        let name = AttributeText::Name;
        assert_eq!(check_name(""), Err(TextError::Empty(name)));
        assert_eq!(check_name("　 "), Err(TextError::Empty(name)));
        assert_eq!(check_name("川口　"), Err(TextError::SpaceAtEdge(name)));
        assert_eq!(check_name(&"山".repeat(200)), Ok(()));
        let too_long = TextError::TooLong { attribute: name, limit: 200, found: 201 };
        assert_eq!(check_name(&"山".repeat(201)), Err(too_long));
        assert!(
            matches!(check_name("髙橋　一"), Err(TextError::Characters { offences, .. }) if offences.len() == 1)
        );
    }

    #[test]
    fn p7_an_address_begins_with_its_prefecture_and_has_at_most_200_characters() {
        assert_eq!(check_address("埼玉県川口市青木二丁目１番１号"), Ok(()));
        for address in ["川口市青木二丁目１番１号", "〒332-8601埼玉県川口市青木", "埼玉市"]
        {
            assert!(check_address(address).is_err(), "{address}");
        }
        let longest = format!("東京都{}", "あ".repeat(197));
        assert_eq!(check_address(&longest), Ok(()));
        assert!(matches!(
            check_address(&(longest + "あ")),
            Err(TextError::TooLong { found: 201, .. })
        ));
    }
}
