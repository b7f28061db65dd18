//! Lives as data: one table says which steps there are, decides by it, and prints itself for review.

use std::fmt;

/// One allowed transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition<S, E, C = ()> {
    /// The cases it belongs to.
    pub cases: C,
    /// The state it leaves.
    pub from: S,
    /// What happens.
    pub event: E,
    /// The state it enters.
    pub to: S,
    /// The rule it follows, with its clause.
    pub rule: &'static str,
}

/// Every transition there is of one kind of thing; what is not here is refused.
///
/// ```
/// use jitsuin_domain::certificate::{EventName, StateName, TRANSITIONS};
///
/// assert_eq!(TRANSITIONS.after(StateName::Good, EventName::Hold), Some(StateName::Held));
/// assert_eq!(TRANSITIONS.after(StateName::Revoked, EventName::Release), None);
/// assert!(TRANSITIONS.to_string().contains("good | hold | held | hold by phone (A 4.9.13)\n"));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct TransitionTable<S: 'static, E: 'static, C: 'static = ()> {
    /// Its rows, in the order in which they are read.
    pub rows: &'static [Transition<S, E, C>],
}

/// To which cases a transition belongs, where not all of them have it: `()` is all of them.
pub trait Cases {
    /// What tells one case from another.
    type Case: Copy;

    /// Whether the transition belongs to a case.
    fn covers(&self, case: Self::Case) -> bool;

    /// What the printed table says of it; nothing where all have every transition.
    fn printed(&self) -> Option<&'static str>;
}

impl Cases for () {
    type Case = ();

    fn covers(&self, (): ()) -> bool {
        true
    }

    fn printed(&self) -> Option<&'static str> {
        None
    }
}

/// A transition of every case.
pub(crate) const fn row<S, E>(from: S, event: E, to: S, rule: &'static str) -> Transition<S, E> {
    row_of((), from, event, to, rule)
}

/// A transition of some cases.
pub(crate) const fn row_of<S, E, C>(
    cases: C,
    from: S,
    event: E,
    to: S,
    rule: &'static str,
) -> Transition<S, E, C> {
    Transition { cases, from, event, to, rule }
}

impl<S: Copy + PartialEq, E: PartialEq> TransitionTable<S, E> {
    /// The state after `event`, or `None` when there is no such transition.
    pub fn after(&self, from: S, event: E) -> Option<S> {
        self.after_in((), from, event)
    }
}

impl<S: Copy + PartialEq, E: PartialEq, C: Cases> TransitionTable<S, E, C> {
    /// The same where it depends on the case.
    pub fn after_in(&self, case: C::Case, from: S, event: E) -> Option<S> {
        let fits = |row: &&Transition<S, E, C>| {
            row.from == from && row.event == event && row.cases.covers(case)
        };
        self.rows.iter().find(fits).map(|row| row.to)
    }
}

/// A line for each transition, its columns apart by `|`.
impl<S: fmt::Display, E: fmt::Display, C: Cases> fmt::Display for TransitionTable<S, E, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Transition { cases, from, event, to, rule } in self.rows {
            if let Some(cases) = cases.printed() {
                write!(f, "{cases} | ")?;
            }
            writeln!(f, "{from} | {event} | {to} | {rule}")?;
        }
        Ok(())
    }
}
