//! The rule by which something was refused: in words that nobody typed.

use std::borrow::Cow;
use std::fmt;

/// A rule, and what the caller is told beyond it.
///
/// The rule goes into the journal, from which nothing is ever erased. So it is made of the program's
/// own words, and of parts that are [`Closed`]; there is no way from a `String` to it. What was typed,
/// or comes from outside, may be told to the caller alone ([`telling`](Self::telling)).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rule {
    closed: Cow<'static, str>,
    told: Option<String>,
}

/// What may stand in a rule: numbers, times, ids and names of closed sets.
///
/// # Contract
/// Its words hold nothing that a person typed but an id within its own grammar.
pub trait Closed: fmt::Display {}

impl Rule {
    /// The words of what is closed as a whole, such as an error that repeats no input.
    pub fn of(closed: &(impl Closed + ?Sized)) -> Self {
        Self { closed: Cow::Owned(closed.to_string()), told: None }
    }

    /// Adds what the caller alone is told.
    #[must_use]
    pub fn telling(self, told: impl fmt::Display) -> Self {
        Self { told: Some(told.to_string()), ..self }
    }

    /// The rule as one of `field`.
    #[must_use]
    pub fn about(self, field: &'static str) -> Self {
        Self { closed: Cow::Owned(format!("{field}: {}", self.closed)), ..self }
    }

    /// The words for the journal.
    pub fn closed(&self) -> &str {
        &self.closed
    }

    /// The words for the journal, as a part of another rule.
    pub fn as_part(&self) -> ClosedWords<'_> {
        ClosedWords(&self.closed)
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
        let mut pieces = template.split("{}");
        let mut words = pieces.next().unwrap_or_default().to_owned();
        for (part, piece) in parts.iter().zip(pieces) {
            words.push_str(&part.to_string());
            words.push_str(piece);
        }
        Self { closed: Cow::Owned(words), told: None }
    }
}

impl<T: Closed> From<T> for Rule {
    fn from(closed: T) -> Self {
        Self::of(&closed)
    }
}

/// To the caller: the rule and what is told beyond it.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.told {
            Some(told) => write!(f, "{}: {told}", self.closed),
            None => f.write_str(&self.closed),
        }
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

impl<T: Closed> fmt::Display for Several<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(at, one)| {
            if at > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{one}")
        })
    }
}

impl<T: Closed> Closed for Several<T> {}

/// The program's own words. A text that lives shorter was made while the program ran.
impl Closed for &'static str {}

impl<T: Closed + ?Sized> Closed for &T {}

/// The closed words of a rule.
#[derive(Debug, Clone, Copy)]
pub struct ClosedWords<'a>(&'a str);

impl fmt::Display for ClosedWords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Closed for ClosedWords<'_> {}

/// Octets that the program reckoned, such as a digest, in hexadecimal.
#[derive(Debug, Clone, Copy)]
pub struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl Closed for Hex<'_> {}

macro_rules! closed {
    ($($name:ty),* $(,)?) => { $(impl Closed for $name {})* };
}

closed!(
    u8,
    u16,
    u32,
    u64,
    usize,
    i8,
    i16,
    i32,
    i64,
    bool,
    jiff::Timestamp,
    jiff::civil::Date,
    jiff::civil::DateTime,
    std::net::IpAddr,
    crate::application::RefusedTransition,
    crate::certificate::RefusedTransition,
    crate::ceremony::CeremonyId,
    crate::ceremony::RefusedEvent,
    crate::crl_series::RefusedTransition,
    crate::crl_series::Partition,
    crate::hindrance::Hindrance,
    crate::id::MunicipalityCode,
    crate::id::ResidentCode,
    crate::id::SerialNumber,
    crate::policy::Clause,
    crate::policy::ObjectIdentifier,
    crate::resident::BasicAttribute,
    crate::service_request::RefusedStep,
    crate::staff::RefusedRoles,
    crate::staff::RefusedPerson,
    crate::text::InvalidFreeText,
    crate::validity::OutOfRange,
);

#[cfg(test)]
mod tests {
    #[test]
    fn e1_what_the_caller_alone_is_told_is_no_part_of_the_rule() {
        let rule = rule!("at most {} of {}", 3, "documents").telling("田中一郎");
        assert_eq!(rule.closed(), "at most 3 of documents");
        assert_eq!(rule.to_string(), "at most 3 of documents: 田中一郎");
        assert_eq!(rule.clone().about("field").closed(), "field: at most 3 of documents");
        assert_eq!(rule.untold().to_string(), "at most 3 of documents");
    }
}
