//! Puts the substitutes a resident chose into a name or address and flags them (S 3-1-8).

use std::collections::BTreeMap;

use super::selector::is_variation_selector;
use super::{Candidate, Character, Offence, Repertoire, Rule, characters};

/// The resident's choices: position in the original text, in characters, and the substitute.
pub type Choices = BTreeMap<usize, char>;

/// A text fit for a certificate, and what was changed to make it so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Substituted {
    /// The text with its substitutes, every character inside the repertoire.
    pub text: String,
    /// One digit for each character of `text`: `0` as recorded, `1` a substitute (S 4-2-2).
    pub flags: String,
    /// Each replacement in the order of the text, for the application record (S 4-1-2).
    pub replacements: Vec<Replacement>,
}

/// One character that was replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// The position in characters from 0, the same in the original and the certified text.
    pub index: usize,
    /// The character of the resident record, with its variation selector if it had one.
    pub original: String,
    /// What stands in for it.
    pub substitute: char,
    /// The rule that offered it, or `None` where no table knows the original and the resident
    /// chose freely (S 3-1-8: 利用者の選択等).
    pub rule: Option<Rule>,
}

/// Why a text and the choices for it do not make a certifiable text; the applicant's to mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubstitutionError {
    /// Characters outside the repertoire for which nothing was chosen.
    #[error("{} characters may not be certified and have no substitute chosen", .0.len())]
    ChoiceMissing(Vec<Offence>),
    /// A substitute for a character that needs none, or beyond the end of the text.
    #[error("the character at {index} needs no substitute")]
    NotNeeded {
        /// The position of the choice.
        index: usize,
    },
    /// A substitute that is not among those on offer.
    #[error("{chosen:?} is not on offer for {character:?} at {index}")]
    NotOnOffer {
        /// The position in characters.
        index: usize,
        /// The character of the record.
        character: String,
        /// The choice.
        chosen: char,
    },
    /// A character that nothing may stand in for: a control, a mark or a selector of its own.
    #[error("{character:?} at {index} is not a letter and must be corrected in the record")]
    NotReplaceable {
        /// The position in characters.
        index: usize,
        /// The character of the record.
        character: String,
    },
}

/// Replaces the characters outside the repertoire as chosen.
///
/// Where tables list substitutes, only one of them may be chosen. Where none does, the resident
/// may choose any printing character of JIS X 0208 or JIS X 0212, and the record says so by the
/// missing rule. A base with its variation selector is one character and becomes one character.
/// ```
/// use jitsuin_domain::text::{Choices, check, substitute};
///
/// // 髙 is in no repertoire of the certificates; the table offers 高.
/// let offences = check("髙橋").unwrap_err();
/// assert_eq!((offences[0].index, offences[0].substitutes[0].character), (0, '高'));
/// let certified = substitute("髙橋", &Choices::from([(0, '高')]))?;
/// assert_eq!((certified.text.as_str(), certified.flags.as_str()), ("高橋", "10"));
/// assert!(substitute("髙橋", &Choices::new()).is_err(), "nothing is guessed");
/// # Ok::<(), jitsuin_domain::text::SubstitutionError>(())
/// ```
///
/// # Errors
/// See [`SubstitutionError`]; nothing is guessed on the resident's behalf.
pub fn substitute(text: &str, choices: &Choices) -> Result<Substituted, SubstitutionError> {
    let mut result =
        Substituted { text: String::new(), flags: String::new(), replacements: Vec::new() };
    let mut missing = Vec::new();
    let mut unused = choices.clone();
    for character in characters(text) {
        let Some(offence) = character.offence() else {
            result.keep(&character);
            continue;
        };
        match unused.remove(&offence.index) {
            Some(chosen) => result.replace(decide(&character, offence, chosen)?),
            None => missing.push(offence),
        }
    }
    if let Some((&index, _)) = unused.first_key_value() {
        return Err(SubstitutionError::NotNeeded { index });
    }
    if missing.is_empty() { Ok(result) } else { Err(SubstitutionError::ChoiceMissing(missing)) }
}

impl Substituted {
    /// Whether anything was replaced.
    pub fn is_changed(&self) -> bool {
        !self.replacements.is_empty()
    }

    fn keep(&mut self, character: &Character<'_>) {
        self.text.push(character.base);
        self.flags.push('0');
    }

    fn replace(&mut self, replacement: Replacement) {
        self.text.push(replacement.substitute);
        self.flags.push('1');
        self.replacements.push(replacement);
    }
}

fn decide(
    character: &Character<'_>,
    offence: Offence,
    chosen: char,
) -> Result<Replacement, SubstitutionError> {
    let Offence { index, character: original, substitutes } = offence;
    if !is_replaceable(character.base) {
        return Err(SubstitutionError::NotReplaceable { index, character: original });
    }
    match permission(&substitutes, chosen) {
        Some(rule) => Ok(Replacement { index, original, substitute: chosen, rule }),
        None => Err(SubstitutionError::NotOnOffer { index, character: original, chosen }),
    }
}

/// The rule under which `chosen` may stand in: `Some(None)` for a free choice.
fn permission(on_offer: &[Candidate], chosen: char) -> Option<Option<Rule>> {
    if on_offer.is_empty() {
        // A space would change where the name divides, so it stands in for nothing.
        let fits = Repertoire::standard().plane(chosen).is_some() && chosen != super::JOINT;
        return fits.then_some(None);
    }
    on_offer.iter().find(|c| c.character == chosen).map(|c| Some(c.rule))
}

/// Whether a character has a shape of its own that another can resemble (類似の漢字).
fn is_replaceable(base: char) -> bool {
    let is_mark = matches!(base,
        '\u{0300}'..='\u{036F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}'
        | '\u{20D0}'..='\u{20FF}' | '\u{302A}'..='\u{302F}' | '\u{3099}' | '\u{309A}'
        | '\u{FE20}'..='\u{FE2F}');
    let is_invisible = matches!(base,
        '\u{00AD}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFD}'
        | '\u{E0000}'..='\u{E007F}');
    let is_blank = base.is_control() || base.is_whitespace();
    !(is_mark || is_invisible || is_blank || is_variation_selector(base))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{check, length};
    use proptest::prelude::*;

    fn with(text: &str, choices: &[(usize, char)]) -> Result<Substituted, SubstitutionError> {
        substitute(text, &choices.iter().copied().collect())
    }

    #[test]
    fn p7_flags_hold_one_digit_for_each_character() {
        for (text, choices, expected, flags) in [
            ("川口　太郎", &[][..], "川口　太郎", "00000"),
            ("髙橋　一郎", &[(0, '高')], "高橋　一郎", "10000"),
            ("𠮷田　徳", &[(0, '吉')], "吉田　徳", "1000"),
            ("山﨑　德𠮷", &[(1, '崎'), (3, '徳'), (4, '吉')], "山崎　徳吉", "01011"),
            ("葛\u{E0100}城　辻", &[(0, '葛')], "葛城　辻", "1000"),
            ("SMITH ANN", &[], "SMITH ANN", "000000000"),
        ] {
            let result = with(text, choices).expect(text);
            assert_eq!((result.text.as_str(), result.flags.as_str()), (expected, flags));
            assert_eq!(result.replacements.len(), choices.len());
        }
    }

    #[test]
    fn p8_the_choice_is_recorded_with_the_rule_that_offered_it() {
        let listed = with("髙", &[(0, '高')]).expect("listed").replacements;
        assert_eq!(listed[0].rule, Some(Rule::Mj1));
        assert_eq!(listed[0].original, "髙");
        let free = with("\u{E123}", &[(0, '外')]).expect("free choice").replacements;
        assert_eq!(free[0].rule, None);
    }

    #[test]
    fn p8_wrong_choices_are_refused() {
        use SubstitutionError::*;
        let at = |index, character: &str, chosen| NotOnOffer {
            index,
            character: character.into(),
            chosen,
        };
        assert_eq!(with("髙橋", &[(0, '橋')]), Err(at(0, "髙", '橋')));
        assert_eq!(with("\u{E123}", &[(0, '髙')]), Err(at(0, "\u{E123}", '髙')));
        assert_eq!(with("\u{E123}", &[(0, '\u{3000}')]), Err(at(0, "\u{E123}", '\u{3000}')));
        assert_eq!(with("\u{E123}", &[(0, 'a')]), Err(at(0, "\u{E123}", 'a')));
        assert_eq!(with("高橋", &[(0, '髙')]), Err(NotNeeded { index: 0 }));
        assert_eq!(with("高橋", &[(7, '高')]), Err(NotNeeded { index: 7 }));
        let tab = NotReplaceable { index: 1, character: "\t".into() };
        assert_eq!(with("a\tb", &[(1, '高')]), Err(tab));
        assert!(matches!(with("髙﨑", &[(0, '高')]), Err(ChoiceMissing(o)) if o[0].index == 1));
    }

    /// Texts rich in hard characters, selectors, marks and controls.
    fn texts() -> impl Strategy<Value = String> {
        let hard = prop::sample::select(vec![
            '髙',
            '\u{FA11}',
            '𠮷',
            '德',
            '㐨',
            '\u{E0100}',
            '\u{FE00}',
            '\u{3099}',
            '\u{E000}',
            '　',
            '葛',
            '辻',
            'A',
            '\u{7}',
        ]);
        prop::collection::vec(prop_oneof![hard, any::<char>()], 0..12)
            .prop_map(|c| c.into_iter().collect())
    }

    proptest! {
        #[test]
        fn p8_a_substituted_text_is_inside_the_repertoire_with_as_many_flags(
            text in texts(),
            pick in 0usize..4,
        ) {
            let choices: Choices = check(&text)
                .err()
                .unwrap_or_default()
                .iter()
                .map(|o| (o.index, o.substitutes.get(pick % o.substitutes.len().max(1))))
                .map(|(index, candidate)| (index, candidate.map_or('仮', |c| c.character)))
                .collect();
            match substitute(&text, &choices) {
                Ok(result) => {
                    prop_assert_eq!(check(&result.text), Ok(()));
                    prop_assert_eq!(result.flags.len(), result.text.chars().count());
                    prop_assert_eq!(result.flags.len(), length(&text));
                    let flagged = result.flags.bytes().filter(|f| *f == b'1').count();
                    prop_assert_eq!(flagged, choices.len());
                }
                Err(error) => {
                    let refused = matches!(error, SubstitutionError::NotReplaceable { .. });
                    prop_assert!(refused, "{error:?}");
                }
            }
        }
    }
}
