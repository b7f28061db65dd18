//! The rule by which something was refused: in words that nobody typed.

mod closed;

use std::borrow::Cow;
use std::fmt;

/// A rule, and what the caller is told beyond it or in its place.
///
/// The rule goes into the journal, from which nothing is ever erased. So it is made of the program's
/// own words, and of parts that are [`Closed`]; there is no way from a `String` to it. What was typed,
/// or comes from outside, may be told to the caller alone ([`telling`](Self::telling),
/// [`told_as`](Self::told_as)).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rule {
    closed: Cow<'static, str>,
    told: Option<Told>,
}

/// What the caller alone is told.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Told {
    Beyond(String),
    Instead(String),
}

/// What may stand in a rule: numbers, times, ids and names of closed sets, and errors.
///
/// Whatever says that it is closed says so in a [`Rule`], which can be made of a template, of what is
/// closed itself, and of values that own no text ([`Plain`]). So no `String` in an error comes
/// into a rule by it, whichever crate the error is of. Ids, which are text within their own grammar,
/// are closed in this crate alone.
pub trait Closed {
    /// What it says.
    fn words(&self) -> Rule;
}

impl Rule {
    /// The words of what is closed as a whole, such as an error.
    pub fn of(closed: &(impl Closed + ?Sized)) -> Self {
        closed.words()
    }

    /// The words of what this crate knows to be closed.
    pub(crate) fn leaf(value: &dyn fmt::Display) -> Self {
        Self { closed: Cow::Owned(value.to_string()), told: None }
    }

    /// Adds what the caller alone is told.
    #[must_use]
    pub fn telling(self, told: impl fmt::Display) -> Self {
        let told = match self.told {
            Some(Told::Instead(before)) => Told::Instead(format!("{before}: {told}")),
            _ => Told::Beyond(told.to_string()),
        };
        Self { told: Some(told), ..self }
    }

    /// Has the caller alone told this in the place of the rule: the same with what must not be kept.
    #[must_use]
    pub fn told_as(self, told: impl fmt::Display) -> Self {
        Self { told: Some(Told::Instead(told.to_string())), ..self }
    }

    /// The rule as one of `field`.
    #[must_use]
    pub fn about(self, field: &'static str) -> Self {
        let told = self.told.map(|told| match told {
            Told::Instead(told) => Told::Instead(format!("{field}: {told}")),
            beyond => beyond,
        });
        Self { closed: Cow::Owned(format!("{field}: {}", self.closed)), told }
    }

    /// The words for the journal.
    pub fn closed(&self) -> &str {
        &self.closed
    }

    /// The rule as a part of another.
    pub fn as_part(&self) -> Part<'_> {
        Part(self)
    }

    /// What the caller is told, and nobody else: a rule has no `Display`, so that nothing writes this by
    /// the way.
    pub fn told(&self) -> String {
        match &self.told {
            Some(Told::Beyond(told)) => format!("{}: {told}", self.closed),
            Some(Told::Instead(told)) => told.clone(),
            None => self.closed.clone().into_owned(),
        }
    }

    /// The rule without what the caller alone is told.
    #[must_use]
    pub fn untold(self) -> Self {
        Self { told: None, ..self }
    }

    /// The template with the parts in its places, in their order; what [`rule!`](crate::rule!) is made
    /// of, which also sees that there are as many of the one as of the other.
    #[doc(hidden)]
    pub fn of_parts(template: &'static str, parts: &[&dyn Closed]) -> Self {
        let parts: Vec<_> = parts.iter().map(|part| part.words()).collect();
        let filled = |of: &dyn Fn(&Self) -> String| {
            let mut pieces = template.split("{}");
            let mut words = pieces.next().unwrap_or_default().to_owned();
            for (part, piece) in parts.iter().zip(pieces) {
                words.push_str(&of(part));
                words.push_str(piece);
            }
            words
        };
        let tells = parts.iter().any(|part| part.told.is_some());
        let told = tells.then(|| Told::Instead(filled(&Self::told)));
        Self { closed: Cow::Owned(filled(&|part| part.closed.clone().into_owned())), told }
    }
}

impl<T: Closed> From<T> for Rule {
    fn from(closed: T) -> Self {
        Self::of(&closed)
    }
}

/// A [`Rule`] of a template and closed parts, each in the place of a `{}`.
///
/// A template that names a variable itself does not compile, since nothing would hold it to be closed:
///
/// ```compile_fail
/// let typed = String::from("田中一郎");
/// let rule = jitsuin_domain::rule!("the clerk doubts it: {typed}");
/// ```
///
/// Nor does a part that is not closed:
///
/// ```compile_fail
/// let typed = String::from("田中一郎");
/// let rule = jitsuin_domain::rule!("the clerk doubts it: {}", typed);
/// ```
///
/// Nor does one that was made while the program ran, of whatever it was made:
///
/// ```compile_fail
/// let typed = String::from("田中一郎");
/// let rule = jitsuin_domain::rule::Rule::from(typed.as_str());
/// ```
///
/// ```
/// let rule = jitsuin_domain::rule!("at most {} names", 20);
/// assert_eq!(rule.closed(), "at most 20 names");
/// ```
#[macro_export]
macro_rules! rule {
    ($template:literal $(, $part:expr)* $(,)?) => {{
        const _: () = $crate::rule::expect_places($template, <[&str]>::len(&[$(stringify!($part)),*]));
        $crate::rule::Rule::of_parts($template, &[$(&$part),*])
    }};
}

/// Stops the compiler at a template with other places than its parts have, or a name in one.
#[doc(hidden)]
pub const fn expect_places(template: &str, parts: usize) {
    let octets = template.as_bytes();
    let (mut at, mut places) = (0, 0);
    while at < octets.len() {
        if octets[at] == b'{' {
            at += 1;
            assert!(at < octets.len() && octets[at] == b'}', "a part of a rule is given by place");
            places += 1;
        }
        at += 1;
    }
    assert!(places == parts, "a rule has as many parts as places");
}

/// Several, one after the other.
#[derive(Debug, Clone)]
pub struct Several<T>(pub Vec<T>);

impl<T: Closed> Closed for Several<T> {
    fn words(&self) -> Rule {
        let mut all = Rule::from("");
        for (at, one) in self.0.iter().enumerate() {
            all = match at {
                0 => one.words(),
                _ => rule!("{}, {}", all.as_part(), *one),
            };
        }
        all
    }
}

impl<T: Closed + ?Sized> Closed for &T {
    fn words(&self) -> Rule {
        (**self).words()
    }
}

/// A rule as a part of another.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a>(&'a Rule);

impl Closed for Part<'_> {
    fn words(&self) -> Rule {
        self.0.clone()
    }
}

/// A value that neither owns nor borrows text, such as one of a closed set.
///
/// ```compile_fail
/// let rule = jitsuin_domain::rule!("{}", jitsuin_domain::rule::Plain(String::from("田中一郎")));
/// ```
///
/// ```compile_fail
/// fn of(typed: &str) -> jitsuin_domain::rule::Rule {
///     jitsuin_domain::rule!("{}", jitsuin_domain::rule::Plain(typed))
/// }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Plain<T>(pub T);

impl<T: fmt::Display + Copy + 'static> Closed for Plain<T> {
    fn words(&self) -> Rule {
        Rule::leaf(&self.0)
    }
}

/// The program's own words. A text that lives shorter was made while the program ran.
impl Closed for &'static str {
    fn words(&self) -> Rule {
        Rule { closed: Cow::Borrowed(self), told: None }
    }
}

/// Octets that the program reckoned, such as a digest, in hexadecimal.
#[derive(Debug, Clone, Copy)]
pub struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    /// Two digits an octet, many at a time: every record of a query and every entry of a certificate has some.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        for octets in self.0.chunks(32) {
            let mut digits = [0; 64];
            for (pair, octet) in digits.chunks_exact_mut(2).zip(octets) {
                pair[0] = DIGITS[usize::from(octet >> 4)];
                pair[1] = DIGITS[usize::from(octet & 15)];
            }
            let digits = std::str::from_utf8(&digits[..2 * octets.len()]);
            f.write_str(digits.map_err(|_| fmt::Error)?)?;
        }
        Ok(())
    }
}

impl Closed for Hex<'_> {
    fn words(&self) -> Rule {
        Rule::leaf(self)
    }
}

/// Octets that the program reckoned, as people compare them: upper-case hexadecimal with colons.
#[derive(Debug, Clone, Copy)]
pub struct ColonHex<'a>(pub &'a [u8]);

impl fmt::Display for ColonHex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(at, octet)| {
            let colon = if at == 0 { "" } else { ":" };
            write!(f, "{colon}{octet:02X}")
        })
    }
}

impl Closed for ColonHex<'_> {
    fn words(&self) -> Rule {
        Rule::leaf(self)
    }
}

/// Several, with a space between.
#[derive(Debug, Clone)]
pub struct Spaced<T>(pub Vec<T>);

impl<T: Closed> Closed for Spaced<T> {
    fn words(&self) -> Rule {
        let mut all = Rule::from("");
        for (at, one) in self.0.iter().enumerate() {
            all = match at {
                0 => one.words(),
                _ => rule!("{} {}", all.as_part(), *one),
            };
        }
        all
    }
}

/// A text of the installation itself: a place out of its configuration, a path, a label, a line of a
/// ceremony's script, what was found when its files were read.
///
/// This is the one door by which text comes among what is closed. It is for what whoever runs the
/// installation wrote or the program found there, and never for what a request brought: who adds a use of
/// it says in review whose text it is. `cargo xtask check` holds the files that have one against a list.
#[derive(Debug, Clone, Copy)]
pub struct OfTheInstallation<'a>(pub &'a str);

impl Closed for OfTheInstallation<'_> {
    fn words(&self) -> Rule {
        Rule::leaf(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{ColonHex, Hex, OfTheInstallation, Plain, Rule, Spaced};

    #[test]
    fn e1_digests_and_lists_of_facts_are_written_in_one_way() {
        let told = |rule: Rule| rule.closed().to_owned();
        assert_eq!(told(Hex(&[0, 0xab]).into()), "00ab");
        assert_eq!(told(Hex(&[]).into()), "");
        for length in [31, 32, 33, 255] {
            let octets: Vec<u8> = (0..length).collect();
            let each: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
            assert_eq!(told(Hex(&octets).into()), each);
        }
        assert_eq!(told(ColonHex(&[0, 0xab, 1]).into()), "00:AB:01");
        assert_eq!(told(ColonHex(&[]).into()), "");
        assert_eq!(told(Spaced(vec![Plain(1), Plain(2)]).into()), "1 2");
        assert_eq!(told(Spaced(Vec::<u8>::new()).into()), "");
        assert_eq!(told(OfTheInstallation("/var/a").into()), "/var/a");
    }

    #[test]
    fn e1_what_the_caller_alone_is_told_is_no_part_of_the_rule() {
        let rule = rule!("at most {} of {}", 3, "documents").telling("田中一郎");
        assert_eq!(rule.closed(), "at most 3 of documents");
        assert_eq!(rule.told(), "at most 3 of documents: 田中一郎");
        assert_eq!(rule.clone().about("field").closed(), "field: at most 3 of documents");
        assert_eq!(rule.untold().told(), "at most 3 of documents");
        let told = rule!("{} failed", crate::rule::Rule::from("it").told_as("田中一郎").as_part());
        assert_eq!((told.closed(), told.told().as_str()), ("it failed", "田中一郎 failed"));
    }
}
