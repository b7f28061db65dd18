//! A person in the Basic Resident Register and the four basic attributes that identify them.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;

use crate::id::{MunicipalityCode, ResidentCode};
use crate::named::{Named, UnknownName};
use crate::text;

/// A resident as the register records them (住民票).
///
/// Names and addresses stand here as recorded and may hold characters that cannot be certified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resident {
    /// The resident's code (住民票コード).
    pub code: ResidentCode,
    /// The municipality that keeps the record.
    pub municipality: MunicipalityCode,
    /// The family name, or the whole name where it is recorded in one piece.
    pub family_name: String,
    /// The given name; empty where the name is recorded in one piece.
    pub given_name: String,
    /// The reading of the name (ふりがな), for the application form (A 4.1.2.1(4), S 4-1-2).
    pub reading: String,
    /// The alias of a foreign resident (通称), if the record has one.
    pub alias: Option<String>,
    /// The address, prefecture first, without postcode.
    pub address: String,
    /// The date of birth.
    pub birth_date: Date,
    /// The gender.
    pub gender: Gender,
    /// Whether this is a foreign resident (外国人住民), who alone may have an alias.
    pub is_foreign: bool,
}

impl Resident {
    /// Family and given name, joined as certificates join them.
    pub fn name(&self) -> String {
        text::joined_name(&self.family_name, &self.given_name)
    }

    /// The name as certified: with the alias, if the record has one (S 4-2-2).
    pub fn name_with_alias(&self) -> String {
        text::name_with_alias(&self.name(), self.alias.as_deref())
    }

    /// The four basic attributes (基本4情報), the name with its alias.
    pub fn basic_four(&self) -> BasicFour {
        BasicFour {
            name: self.name_with_alias(),
            address: self.address.clone(),
            birth_date: self.birth_date,
            gender: self.gender,
        }
    }

    /// Whether a caller who gives these attributes means this resident (A 4.9.13).
    ///
    /// All must be exactly as recorded. For the name, a caller may give the recorded name, the
    /// alias, which is what most foreign residents who have one are called by, or both.
    pub fn answers_to(&self, asked: &BasicFour) -> bool {
        let name_fits = asked.name == self.name()
            || self.alias.as_ref() == Some(&asked.name)
            || asked.name == self.name_with_alias();
        name_fits
            && asked.address == self.address
            && asked.birth_date == self.birth_date
            && asked.gender == self.gender
    }
}

/// The gender in the resident record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gender {
    /// 男.
    Male,
    /// 女.
    Female,
    /// Not known or not recorded.
    Unknown,
}

impl Gender {
    /// Every gender, in the order of its code.
    pub const ALL: [Self; 3] = [Self::Male, Self::Female, Self::Unknown];

    /// The certified code: 1 male, 2 female, 3 unknown.
    pub fn code(self) -> char {
        match self {
            Self::Male => '1',
            Self::Female => '2',
            Self::Unknown => '3',
        }
    }

    /// The gender with this code.
    pub fn from_code(code: char) -> Option<Self> {
        Self::ALL.into_iter().find(|g| g.code() == code)
    }

    /// The word on Japanese forms and screens.
    pub fn japanese(self) -> &'static str {
        match self {
            Self::Male => "男",
            Self::Female => "女",
            Self::Unknown => "不明",
        }
    }

    /// The name in commands and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Male => "male",
            Self::Female => "female",
            Self::Unknown => "unknown",
        }
    }
}

impl Named for Gender {
    const NAMES: &'static [&'static str] = &["male", "female", "unknown"];
}

impl FromStr for Gender {
    type Err = UnknownName;

    /// Reads the name, the certified code or the word of forms: a phone call and a form tell the same.
    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let mut code = text.chars();
        let by_code = code.next().and_then(Self::from_code).filter(|_| code.next().is_none());
        let is_word = |gender: &Self| text == gender.japanese() || text == gender.name();
        by_code
            .or_else(|| Self::ALL.into_iter().find(is_word))
            .ok_or(UnknownName { names: Self::NAMES })
    }
}

/// The four basic attributes (基本4情報): name, address, date of birth, gender.
/// ```
/// use jiff::civil::date;
/// use jitsuin_domain::resident::{BasicAttribute, BasicFour, Gender};
///
/// let before = BasicFour {
///     name: "山口　結衣".into(),
///     address: "埼玉県川口市宮前町二丁目２４番４号".into(),
///     birth_date: date(1996, 11, 4),
///     gender: Gender::Female,
/// };
/// let moved = BasicFour { address: "埼玉県所沢市並木一丁目１番１号".into(), ..before.clone() };
/// assert_eq!(before.differences(&moved), [BasicAttribute::Address]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BasicFour {
    /// The name, family and given name joined, followed by the alias if there is one.
    pub name: String,
    /// The address, prefecture first.
    pub address: String,
    /// The date of birth.
    pub birth_date: Date,
    /// The gender.
    pub gender: Gender,
}

impl BasicFour {
    /// The attributes in which `self` and `other` differ, in the order of [`BasicAttribute::ALL`].
    pub fn differences(&self, other: &Self) -> Vec<BasicAttribute> {
        let differs = |attribute: &BasicAttribute| match attribute {
            BasicAttribute::Name => self.name != other.name,
            BasicAttribute::Address => self.address != other.address,
            BasicAttribute::BirthDate => self.birth_date != other.birth_date,
            BasicAttribute::Gender => self.gender != other.gender,
        };
        BasicAttribute::ALL.into_iter().filter(differs).collect()
    }
}

/// One of the four basic attributes, whose change ends a signature certificate (S 4-4-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BasicAttribute {
    /// The name, or the alias that is certified with it.
    Name,
    /// The address.
    Address,
    /// The date of birth.
    BirthDate,
    /// The gender.
    Gender,
}

impl BasicAttribute {
    /// Every attribute.
    pub const ALL: [Self; 4] = [Self::Name, Self::Address, Self::BirthDate, Self::Gender];

    /// The name in files and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Address => "address",
            Self::BirthDate => "birth-date",
            Self::Gender => "gender",
        }
    }

    /// The attribute with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.name() == name)
    }
}

impl fmt::Display for BasicAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn kim() -> Resident {
        Resident {
            code: "12345678901".parse().expect("a code"),
            municipality: "11203".parse().expect("a code"),
            family_name: "KIM MINJUN".into(),
            given_name: String::new(),
            reading: "キム　ミンジュン".into(),
            alias: Some("金田一郎".into()),
            address: "埼玉県川口市青木二丁目１番１号".into(),
            birth_date: date(1980, 1, 2),
            gender: Gender::Male,
            is_foreign: true,
        }
    }

    /// The phone took `male`, the form 男, and neither took what the other did.
    #[test]
    fn l10_a_gender_is_read_by_name_code_and_word() {
        for gender in Gender::ALL {
            let code = gender.code().to_string();
            for text in [gender.name(), gender.japanese(), &code] {
                assert_eq!(text.parse(), Ok(gender), "{text}");
            }
        }
        assert_eq!(Gender::ALL.map(Gender::name), Gender::NAMES);
        for text in ["", "4", "11", "1 ", "Male", "man", "男性"] {
            assert!(text.parse::<Gender>().is_err(), "{text}");
        }
    }

    #[test]
    fn l10_a_caller_is_found_by_name_alias_or_both_and_by_nothing_less() {
        let kim = kim();
        let asked = |name: &str| BasicFour { name: name.into(), ..kim.basic_four() };
        for name in ["KIM MINJUN", "金田一郎", "KIM MINJUN　（金田一郎）"] {
            assert!(kim.answers_to(&asked(name)), "{name}");
        }
        assert!(!kim.answers_to(&asked("KIM")));
        assert!(!kim.answers_to(&asked("")));
        let wrong = [
            BasicFour { address: "埼玉県川口市".into(), ..kim.basic_four() },
            BasicFour { birth_date: date(1980, 1, 3), ..kim.basic_four() },
            BasicFour { gender: Gender::Female, ..kim.basic_four() },
        ];
        assert!(!wrong.iter().any(|asked| kim.answers_to(asked)));
    }

    #[test]
    fn l8_each_changed_attribute_is_named() {
        let before = kim().basic_four();
        assert_eq!(before.differences(&before), []);
        let without_alias = Resident { alias: None, ..kim() }.basic_four();
        assert_eq!(before.differences(&without_alias), [BasicAttribute::Name]);
        let moved =
            BasicFour { address: "x".into(), birth_date: date(1980, 1, 3), ..before.clone() };
        let both = [BasicAttribute::Address, BasicAttribute::BirthDate];
        assert_eq!(moved.differences(&before), both);
        let other = BasicFour { gender: Gender::Unknown, ..before.clone() };
        assert_eq!(before.differences(&other), [BasicAttribute::Gender]);
    }

    #[test]
    fn p7_codes_and_names_round_trip() {
        assert!(Gender::ALL.iter().all(|g| Gender::from_code(g.code()) == Some(*g)));
        assert_eq!(Gender::from_code('0'), None);
        assert!(
            BasicAttribute::ALL.iter().all(|a| BasicAttribute::from_name(a.name()) == Some(*a))
        );
    }
}
