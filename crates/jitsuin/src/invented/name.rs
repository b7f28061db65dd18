//! Names with their readings: Japanese by frequency and year of birth, hard ones, foreign ones.

use std::sync::LazyLock;

use domain::resident::Gender;
use jiff::civil::Date;

use super::random::Random;

/// A name as a register records it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    /// The family name, or the whole of a foreign name.
    pub(super) family: String,
    /// The given name; empty in a foreign name.
    pub(super) given: String,
    /// The reading in katakana.
    pub(super) reading: String,
    /// The alias of a foreign resident.
    pub(super) alias: Option<String>,
    /// Whether the name is a foreign resident's.
    pub(super) is_foreign: bool,
}

/// Foreign residents per thousand.
const FOREIGN: u64 = 25;

/// Japanese residents per thousand whose family name has a character that cannot be certified.
const HARD: u64 = 15;

/// A name of anybody.
pub(super) fn any(random: &mut Random, born: Date, gender: Gender) -> Name {
    if random.per_thousand(FOREIGN) {
        foreign(random, born, gender)
    } else {
        japanese(random, born, gender)
    }
}

/// A Japanese name.
pub(super) fn japanese(random: &mut Random, born: Date, gender: Gender) -> Name {
    let (family, family_reading) = family(random);
    let (given, given_reading) = given(random, born, gender);
    Name {
        family: family.to_owned(),
        given: given.to_owned(),
        reading: format!("{family_reading}　{given_reading}"),
        alias: None,
        is_foreign: false,
    }
}

/// A name of eight parts, such as people from Portuguese-speaking countries may have.
pub(super) fn long(gender: Gender) -> Name {
    let (given, reading) = match gender {
        Gender::Female => ("MARIA EDUARDA APARECIDA", "マリア・エドゥアルダ・アパレシーダ"),
        _ => ("PEDRO HENRIQUE AUGUSTO", "ペドロ・エンリケ・アウグスト"),
    };
    Name {
        family: format!(
            "DOS SANTOS CAVALCANTI DE ALBUQUERQUE VASCONCELOS FERREIRA DA SILVA {given}"
        ),
        given: String::new(),
        reading: format!(
            "ドス・サントス・カヴァルカンティ・デ・アルブケルケ・ヴァスコンセロス・フェレイラ・ダ・シルバ　{reading}"
        ),
        alias: Some("佐藤フェレイラ".to_owned()),
        is_foreign: true,
    }
}

fn foreign(random: &mut Random, born: Date, gender: Gender) -> Name {
    let origin = ORIGINS[random.weighted(ORIGINS.iter().map(|o| o.weight))].name;
    let part = |part: &str| -> Vec<&ForeignPart> {
        FOREIGN_PARTS.iter().filter(|p| p.origin == origin && p.part == part).collect()
    };
    let given = if gender == Gender::Female { part("f") } else { part("m") };
    let picked = |list: &[&ForeignPart], random: &mut Random| {
        random.pick(list).map_or(("", ""), |p| (p.latin, p.reading))
    };
    let (family, family_reading) = picked(&part("family"), random);
    let (given, given_reading) = picked(&given, random);
    let alias_chance = part("alias").first().and_then(|p| p.latin.parse().ok()).unwrap_or(0);
    let alias = (random.below(100) < alias_chance).then(|| alias(random, born, gender));
    Name {
        family: format!("{family} {given}"),
        given: String::new(),
        reading: format!("{family_reading}　{given_reading}"),
        alias,
        is_foreign: true,
    }
}

/// An alias is mostly a name that sounds Japanese, with an ordinary family name.
fn alias(random: &mut Random, born: Date, gender: Gender) -> String {
    let family = random.pick(&FAMILIES).map_or("", |(name, _)| name);
    format!("{family}{}", given(random, born, gender).0)
}

/// A family name: the common ones are far more common than the rare ones.
fn family(random: &mut Random) -> (&'static str, &'static str) {
    if random.per_thousand(HARD) {
        return random.pick(&HARD_FAMILIES).copied().unwrap_or_default();
    }
    let weights = (0..FAMILIES.len() as u64).map(|rank| 1_000_000 / (rank + 15));
    FAMILIES.get(random.weighted(weights)).copied().unwrap_or_default()
}

/// A given name fashionable in the year of birth.
fn given(random: &mut Random, born: Date, gender: Gender) -> (&'static str, &'static str) {
    let gender = if gender == Gender::Female { "f" } else { "m" };
    let of_gender = || GIVEN.iter().filter(|g| g.gender == gender);
    let until = of_gender().map(|g| g.until).find(|until| born.year() <= *until);
    let fashionable: Vec<_> = of_gender().filter(|g| Some(g.until) == until).collect();
    random.pick(&fashionable).map_or(("", ""), |g| (g.name, g.reading))
}

struct Given {
    /// The last year of birth in which the name was in fashion.
    until: i16,
    gender: &'static str,
    name: &'static str,
    reading: &'static str,
}

struct ForeignPart {
    origin: &'static str,
    part: &'static str,
    latin: &'static str,
    reading: &'static str,
}

struct Origin {
    name: &'static str,
    weight: u64,
}

/// Where foreign residents come from, in tenths of a per cent of them, rounded.
const ORIGINS: [Origin; 7] = [
    Origin { name: "china", weight: 300 },
    Origin { name: "vietnam", weight: 210 },
    Origin { name: "korea", weight: 150 },
    Origin { name: "philippines", weight: 120 },
    Origin { name: "brazil", weight: 80 },
    Origin { name: "nepal", weight: 80 },
    Origin { name: "english", weight: 60 },
];

/// Family names with readings, the most common first.
static FAMILIES: LazyLock<Vec<(&str, &str)>> =
    LazyLock::new(|| pairs(include_str!("family_names.tsv")));

/// Family names outside the repertoire, as often as they are listed.
static HARD_FAMILIES: LazyLock<Vec<(&str, &str)>> =
    LazyLock::new(|| pairs(include_str!("hard_family_names.tsv")));

/// Given names: last year of fashion, gender, name, reading.
static GIVEN: LazyLock<Vec<Given>> = LazyLock::new(|| {
    let fields = quadruples(include_str!("given_names.tsv"));
    let given = |[until, gender, name, reading]: [&'static str; 4]| {
        Some(Given { until: until.parse().ok()?, gender, name, reading })
    };
    fields.filter_map(given).collect()
});

/// Parts of foreign names: origin, part, Latin letters, reading. The part `alias` says in place
/// of letters how many in a hundred have one.
static FOREIGN_PARTS: LazyLock<Vec<ForeignPart>> = LazyLock::new(|| {
    let fields = quadruples(include_str!("foreign_names.tsv"));
    fields
        .map(|[origin, part, latin, reading]| ForeignPart { origin, part, latin, reading })
        .collect()
});

fn pairs(table: &'static str) -> Vec<(&'static str, &'static str)> {
    table.lines().filter_map(|line| line.split_once('\t')).collect()
}

fn quadruples(table: &'static str) -> impl Iterator<Item = [&'static str; 4]> {
    table.lines().filter_map(|line| line.split('\t').collect::<Vec<_>>().try_into().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::text;

    fn is_reading(text: &str) -> bool {
        !text.is_empty() && text.chars().all(|c| matches!(c, 'ァ'..='ー' | '　'))
    }

    #[test]
    fn every_line_of_the_lists_is_read() {
        assert_eq!(FAMILIES.len(), include_str!("family_names.tsv").lines().count());
        assert_eq!(GIVEN.len(), include_str!("given_names.tsv").lines().count());
        assert_eq!(FOREIGN_PARTS.len(), include_str!("foreign_names.tsv").lines().count());
        assert!(FAMILIES.len() >= 150 && GIVEN.len() >= 150);
        let readings = FAMILIES.iter().chain(HARD_FAMILIES.iter()).map(|(_, r)| *r);
        let readings = readings.chain(GIVEN.iter().map(|g| g.reading));
        for reading in readings {
            assert!(is_reading(reading), "{reading}");
        }
        for part in FOREIGN_PARTS.iter().filter(|p| p.part != "alias") {
            assert!(is_reading(part.reading), "{}", part.latin);
            assert_eq!(text::check(part.latin), Ok(()), "{}", part.latin);
        }
    }

    #[test]
    fn p8_only_the_hard_list_needs_substitutes_and_all_of_it_does() {
        for (name, _) in FAMILIES.iter() {
            assert_eq!(text::check(name), Ok(()), "{name}");
        }
        for given in GIVEN.iter() {
            assert_eq!(text::check(given.name), Ok(()), "{}", given.name);
        }
        for (name, _) in HARD_FAMILIES.iter() {
            let offences = text::check(name).expect_err(name);
            assert!(offences.iter().all(|o| !o.substitutes.is_empty()), "{name}");
        }
    }

    #[test]
    fn every_origin_has_all_its_parts() {
        for origin in &ORIGINS {
            for part in ["alias", "family", "m", "f"] {
                let has = FOREIGN_PARTS.iter().any(|p| p.origin == origin.name && p.part == part);
                assert!(has, "{} {part}", origin.name);
            }
        }
    }
}
