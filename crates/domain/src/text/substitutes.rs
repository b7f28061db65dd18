//! The table of characters that may stand in for those outside the repertoire (代替文字, S 3-1-8).

use std::collections::HashMap;
use std::sync::LazyLock;

use super::repertoire::{Repertoire, of_same_cell};
use super::selector::is_variation_selector;

/// Where a substitute comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// The same character without its variation selector.
    WithoutSelector,
    /// The character of JIS X 0208 whose cell Microsoft's table reads as this one, for example
    /// the minus sign for the full-width hyphen that keyboards give.
    SameCell,
    /// JIS縮退マップ of the National Tax Agency.
    Nta,
    /// MJ縮退マップ: unification in JIS X 0213.
    Mj1,
    /// MJ縮退マップ: same reading and similar glyph.
    Mj2,
    /// MJ縮退マップ: notice 582 of the Ministry of Justice.
    Mj4,
    /// MJ縮退マップ: notices on the family register.
    Mj8,
}

impl Rule {
    /// The name of the rule in the table and on forms.
    pub fn name(self) -> &'static str {
        match self {
            Self::WithoutSelector => "BASE",
            Self::SameCell => "CELL",
            Self::Nta => "NTA",
            Self::Mj1 => "MJ1",
            Self::Mj2 => "MJ2",
            Self::Mj4 => "MJ4",
            Self::Mj8 => "MJ8",
        }
    }

    /// The rule that the table writes so; the first two are never in the table.
    fn from_table(name: &str) -> Option<Self> {
        [Self::Nta, Self::Mj1, Self::Mj2, Self::Mj4, Self::Mj8]
            .into_iter()
            .find(|r| r.name() == name)
    }
}

/// A character on offer to stand in for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Candidate {
    /// The substitute, always inside the repertoire.
    pub character: char,
    /// The rule that allows it.
    pub rule: Rule,
}

/// A line of a substitute table that does not keep its form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the substitute table: {rule}")]
pub struct InvalidTable {
    /// The line, from 1.
    pub line: usize,
    /// The rule it breaks.
    pub rule: &'static str,
}

/// For each character outside the repertoire, the ones inside that may stand in, preferred first.
#[derive(Debug, Default)]
pub struct Substitutes(HashMap<char, Vec<Candidate>>);

impl Substitutes {
    /// The table carried by the program, from the maps of the National Tax Agency and of IPA.
    pub fn embedded() -> &'static Self {
        const TABLE: &str = include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../data/character_substitutes.tsv"
        ));
        // A test proves that these very bytes parse, so the empty table cannot arise.
        static EMBEDDED: LazyLock<Substitutes> =
            LazyLock::new(|| Substitutes::parse(TABLE).unwrap_or_default());
        &EMBEDDED
    }

    /// Reads a table: code point, character, substitutes, rules; tabs between, `#` for comments.
    ///
    /// # Errors
    /// The first line whose code point and character differ, whose substitutes and rules do not
    /// pair, or whose substitutes lie outside the repertoire.
    pub fn parse(table: &str) -> Result<Self, InvalidTable> {
        let mut entries = HashMap::new();
        for (index, line) in table.lines().enumerate().filter(|(_, l)| !l.starts_with('#')) {
            let (character, candidates) =
                parse_line(line).map_err(|rule| InvalidTable { line: index + 1, rule })?;
            if entries.insert(character, candidates).is_some() {
                return Err(InvalidTable { line: index + 1, rule: "a character has one line" });
            }
        }
        Ok(Self(entries))
    }

    /// The candidates for a character, given with its variation selector if it has one.
    ///
    /// A base inside the repertoire stands in for itself with a selector.
    pub fn for_character(&self, character: &str) -> Vec<Candidate> {
        let mut scalars = character.chars();
        let Some(base) = scalars.next() else { return Vec::new() };
        let has_selector = scalars.next().is_some_and(is_variation_selector);
        if has_selector && Repertoire::standard().contains(base) {
            return vec![Candidate { character: base, rule: Rule::WithoutSelector }];
        }
        if let Some(character) = of_same_cell(base) {
            return vec![Candidate { character, rule: Rule::SameCell }];
        }
        self.0.get(&base).cloned().unwrap_or_default()
    }

    /// How many characters have substitutes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no character has a substitute.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn parse_line(line: &str) -> Result<(char, Vec<Candidate>), &'static str> {
    let fields: Vec<_> = line.split('\t').collect();
    let [code_point, character, substitutes, rules] = fields[..] else {
        return Err("four fields, separated by tabs");
    };
    let character = single(character).ok_or("the second field is one character")?;
    // An editor that normalises would change the character but not the digits beside it.
    if code_point != format!("U+{:04X}", character as u32) {
        return Err("the code point is that of the character");
    }
    if Repertoire::standard().contains(character) {
        return Err("the character is outside the repertoire");
    }
    let (substitutes, rules) = (substitutes.split(' '), rules.split(' '));
    if substitutes.clone().count() != rules.clone().count() {
        return Err("every substitute has its rule");
    }
    let candidates: Result<_, _> =
        substitutes.zip(rules).map(|(s, r)| parse_candidate(s, r)).collect();
    Ok((character, candidates?))
}

fn parse_candidate(substitute: &str, rule: &str) -> Result<Candidate, &'static str> {
    let character = single(substitute)
        .filter(|c| Repertoire::standard().plane(*c).is_some())
        .ok_or("a substitute is one character of JIS X 0208 or JIS X 0212")?;
    let rule = Rule::from_table(rule).ok_or("a rule is NTA, MJ1, MJ2, MJ4 or MJ8")?;
    Ok(Candidate { character, rule })
}

fn single(text: &str) -> Option<char> {
    let mut scalars = text.chars();
    scalars.next().filter(|_| scalars.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(character: &str) -> String {
        let list = Substitutes::embedded().for_character(character);
        list.iter().map(|c| format!("{}{} ", c.character, c.rule.name())).collect()
    }

    #[test]
    fn p8_the_embedded_table_has_all_its_lines() {
        assert_eq!(Substitutes::embedded().len(), 18_309);
    }

    #[test]
    fn p8_candidates_come_preferred_first_with_their_rule() {
        assert_eq!(candidates("髙"), "高MJ1 ");
        assert_eq!(candidates("㐨"), "予MJ4 抒MJ4 ");
        assert_eq!(candidates("葛\u{E0100}"), "葛BASE ");
        assert_eq!(candidates("髙\u{E0100}"), "高MJ1 ");
        assert_eq!(candidates("\u{FF0D}"), "\u{2212}CELL ");
        assert_eq!(candidates("高"), "");
        assert_eq!(candidates(""), "");
    }

    #[test]
    fn p8_a_damaged_table_is_refused_with_its_line() {
        for (table, rule) in [
            ("U+9AD9\t髙\t高", "four fields, separated by tabs"),
            ("U+9AD9\t髙髙\t高\tMJ1", "the second field is one character"),
            ("U+9AD8\t髙\t高\tMJ1", "the code point is that of the character"),
            ("U+9AD8\t高\t高\tMJ1", "the character is outside the repertoire"),
            ("U+9AD9\t髙\t高 橋\tMJ1", "every substitute has its rule"),
            ("U+9AD9\t髙\t𠮷\tMJ1", "a substitute is one character of JIS X 0208 or JIS X 0212"),
            ("U+9AD9\t髙\t高\tBASE", "a rule is NTA, MJ1, MJ2, MJ4 or MJ8"),
            ("U+9AD9\t髙\t高\tMJ1\nU+9AD9\t髙\t高\tMJ1", "a character has one line"),
        ] {
            let error = Substitutes::parse(&format!("# head\n{table}")).expect_err(rule);
            assert_eq!(error.rule, rule);
            assert_eq!(error.line, table.lines().count() + 1);
        }
    }
}
