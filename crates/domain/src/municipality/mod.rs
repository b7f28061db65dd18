//! The prefectures and municipalities of Japan, with their codes, readings and romanised names.

mod exceptions;
mod romanise;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::id::MunicipalityCode;

/// A municipality (市区町村): a city, a special ward of Tokyo, a town or a village.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Municipality {
    /// The local-government code (JIS X 0401 and 0402).
    pub code: MunicipalityCode,
    /// The prefecture's name, for example 埼玉県.
    pub prefecture: String,
    /// The name without the prefecture, for example 川口市.
    pub name: String,
    /// The prefecture's reading in katakana.
    pub prefecture_kana: String,
    /// The reading in katakana, as the published list gives it.
    pub name_kana: String,
    /// The name in Latin letters, for example `Kawaguchi-shi`; unique within the prefecture.
    pub romanised: String,
}

impl Municipality {
    /// Prefecture and name, as an address begins in a city: 埼玉県川口市.
    pub fn full_name(&self) -> String {
        format!("{}{}", self.prefecture, self.name)
    }

    /// The prefecture's name in Latin letters, for example `Saitama-ken`.
    pub fn prefecture_romanised(&self) -> &'static str {
        prefecture(self.code.prefecture()).map_or("", |p| p.romanised.as_str())
    }

    /// Whether this is a city designated by ordinance (政令指定都市), whose wards have codes but
    /// are no municipalities of their own (Local Autonomy Act 252-19, 252-20).
    pub fn is_designated_city(&self) -> bool {
        DESIGNATED_CITIES.contains(&self.code.as_str())
    }
}

/// A prefecture (都道府県).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefecture {
    /// The code of the prefecture's own government: two digits of JIS X 0401, then 000.
    pub code: MunicipalityCode,
    /// The name, for example 埼玉県.
    pub name: String,
    /// The reading in katakana.
    pub kana: String,
    /// The name in Latin letters, for example `Saitama-ken`.
    pub romanised: String,
}

/// The municipality with this code, or the designated city whose ward has it.
pub fn find(code: MunicipalityCode) -> Option<&'static Municipality> {
    LIST.municipalities.get(&code).or_else(|| designated_city_of_ward(code))
}

/// Every municipality in the order of its code: 1,741.
pub fn all() -> impl Iterator<Item = &'static Municipality> {
    LIST.municipalities.values()
}

/// The municipalities of a prefecture, given by its two digits, in the order of their codes.
pub fn of_prefecture(prefecture: &str) -> impl Iterator<Item = &'static Municipality> {
    all().filter(move |m| m.code.prefecture() == prefecture)
}

/// The 47 prefectures in the order of their codes.
pub fn prefectures() -> &'static [Prefecture] {
    &LIST.prefectures
}

/// The prefecture with these two digits (JIS X 0401).
pub fn prefecture(digits: &str) -> Option<&'static Prefecture> {
    prefectures().iter().find(|p| p.code.prefecture() == digits)
}

/// The 20 designated cities by code.
const DESIGNATED_CITIES: [&str; 20] = [
    "01100", "04100", "11100", "12100", "14100", "14130", "14150", "15100", "22100", "22130",
    "23100", "26100", "27100", "27140", "28100", "33100", "34100", "40100", "40130", "43100",
];

/// JIS X 0402 gives a designated city's wards the codes that follow the city's own, up to 199.
fn designated_city_of_ward(code: MunicipalityCode) -> Option<&'static Municipality> {
    let digits = code.as_str();
    let is_ward = digits.as_bytes().get(2) == Some(&b'1') && code.prefecture() != TOKYO;
    let city = DESIGNATED_CITIES
        .into_iter()
        .rfind(|city| *city < digits && city.starts_with(code.prefecture()))
        .filter(|_| is_ward)?;
    LIST.municipalities.get(&city.parse::<MunicipalityCode>().ok()?)
}

/// Tokyo's special wards have codes of that form too, but are municipalities.
const TOKYO: &str = "13";

#[derive(Debug, Default)]
struct List {
    prefectures: Vec<Prefecture>,
    municipalities: BTreeMap<MunicipalityCode, Municipality>,
}

// A test proves that these very bytes parse to the full list, so the empty one cannot arise.
static LIST: LazyLock<List> = LazyLock::new(|| parse(PUBLISHED).unwrap_or_default());

/// The list that the Ministry of Internal Affairs and Communications publishes.
const PUBLISHED: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/municipalities.csv"));

/// Reads the list; `None` when a line has not five fields or a wrong code.
fn parse(list: &str) -> Option<List> {
    let mut parsed = List::default();
    for line in list.lines().skip(1) {
        let fields: Vec<_> = line.split(',').collect();
        let [code, prefecture, name, prefecture_kana, name_kana] = fields[..] else { return None };
        let code: MunicipalityCode = code.parse().ok()?;
        if name.is_empty() {
            parsed.prefectures.push(Prefecture {
                code,
                name: prefecture.to_owned(),
                kana: prefecture_kana.to_owned(),
                romanised: romanise::prefecture(prefecture, prefecture_kana)?,
            });
            continue;
        }
        let municipality = Municipality {
            code,
            prefecture: prefecture.to_owned(),
            name: name.to_owned(),
            prefecture_kana: prefecture_kana.to_owned(),
            name_kana: name_kana.to_owned(),
            romanised: exceptions::romanise(code, name, name_kana)?,
        };
        parsed.municipalities.insert(code, municipality);
    }
    Some(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn code(digits: &str) -> MunicipalityCode {
        digits.parse().expect("a code")
    }

    #[test]
    fn v2_the_list_is_complete() {
        assert!(parse(PUBLISHED).is_some());
        assert_eq!(prefectures().len(), 47);
        assert_eq!(all().count(), 1_741);
        assert_eq!(of_prefecture("11").count(), 63);
        assert_eq!(
            find(code("112038")).map(Municipality::full_name).as_deref(),
            Some("埼玉県川口市")
        );
        assert_eq!(find(code("11999")), None);
        assert_eq!(prefecture("48"), None);
    }

    #[test]
    fn v2_every_name_romanises_to_letters_and_hyphens() {
        let names = all().map(|m| m.romanised.as_str());
        for name in names.chain(prefectures().iter().map(|p| p.romanised.as_str())) {
            let is_plain = name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-');
            assert!(is_plain && name.starts_with(|c: char| c.is_ascii_uppercase()), "{name:?}");
            assert!(!name.ends_with('-') && !name.contains("--"), "{name:?}");
        }
    }

    #[test]
    fn v2_no_two_municipalities_of_a_prefecture_share_a_distribution_point() {
        let mut seen = BTreeSet::new();
        for m in all() {
            assert!(seen.insert((m.code.prefecture(), &m.romanised)), "{} {}", m.name, m.romanised);
        }
    }

    #[test]
    fn v2_romanised_names_are_as_reviewed() {
        let prefectures = prefectures().iter().map(|p| (p.code, &p.name, &p.kana, &p.romanised));
        let municipalities = all().map(|m| (m.code, &m.name, &m.name_kana, &m.romanised));
        let mut lines: Vec<_> = prefectures
            .chain(municipalities)
            .map(|(code, name, kana, romanised)| format!("{code} {name} {kana} {romanised}"))
            .collect();
        lines.sort();
        insta::assert_snapshot!("romanised", lines.join("\n"));
    }

    #[test]
    fn a_ward_of_a_designated_city_leads_to_the_city() {
        let name = |digits| find(code(digits)).map(|m| m.name.as_str());
        assert_eq!(name("11103"), Some("さいたま市"));
        assert_eq!(name("14118"), Some("横浜市"));
        assert_eq!(name("14137"), Some("川崎市"));
        assert_eq!(name("13101"), Some("千代田区"));
        assert_eq!(name("13199"), None);
        assert_eq!(name("09101"), None);
        assert_eq!(all().filter(|m| m.is_designated_city()).count(), 20);
    }
}
