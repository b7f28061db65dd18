//! Why a script is refused: every problem with its place, not only the first.

use std::fmt;

/// One thing that is wrong with a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where, for example `ceremony.threshold` or `step 3 (self-sign).ca`.
    pub place: String,
    /// The rule it breaks.
    pub rule: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.rule)
    }
}

/// Why a script is refused; the fault is its author's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// It is no TOML; the text says where.
    #[error("ceremony script: {0}")]
    Shape(String),
    /// Entries break rules; all of them are here.
    #[error("ceremony script: {}", joined(.0))]
    Problems(Vec<Problem>),
}

impl ScriptError {
    /// What is wrong, a line each.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Shape(text) => vec![text.clone()],
            Self::Problems(problems) => problems.iter().map(ToString::to_string).collect(),
        }
    }
}

fn joined(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Problems as they are found.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<Problem>);

impl Problems {
    pub(super) fn add(&mut self, place: impl Into<String>, rule: impl Into<String>) {
        self.0.push(Problem { place: place.into(), rule: rule.into() });
    }

    /// Hands `valid` out if nothing is wrong; a part that could not be read always is.
    pub(super) fn unless_any<T>(mut self, valid: Option<T>) -> Result<T, ScriptError> {
        match valid {
            Some(valid) if self.0.is_empty() => Ok(valid),
            _ => {
                if self.0.is_empty() {
                    self.add("script", "cannot be read");
                }
                Err(ScriptError::Problems(self.0))
            }
        }
    }
}
