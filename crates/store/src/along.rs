//! What goes into the unit of an operation's effect beside it: the answer that is kept of it.

use std::ops::Deref;

use domain::act::Act;

use crate::{Change, Result, Unit};

/// What is taken along, once it is known what the operation comes to.
type Taken<'a, T> = dyn Fn(&T) -> Result<Change> + 'a;

/// An act whose effect, a `T`, takes a change of its caller's along into its own unit: a cut leaves both
/// of them, or neither. An act alone takes nothing along.
///
/// # Contract
/// Whoever is handed one commits exactly one unit where it succeeds, and makes it with
/// [`unit`](Self::unit).
pub struct Along<'a, T> {
    act: &'a Act,
    taken: Option<&'a Taken<'a, T>>,
}

impl<'a, T> Along<'a, T> {
    /// An act that takes `taken` along.
    pub fn new(act: &'a Act, taken: &'a Taken<'a, T>) -> Self {
        Self { act, taken: Some(taken) }
    }

    /// The act itself.
    pub fn act(&self) -> &'a Act {
        self.act
    }

    /// The unit with what is taken along, where the operation comes to `done`.
    ///
    /// # Errors
    /// What the caller's change cannot be made for.
    pub fn unit(&self, unit: Unit, done: &T) -> Result<Unit> {
        match self.taken {
            Some(taken) => Ok(unit.change(taken(done)?)),
            None => Ok(unit),
        }
    }
}

impl<'a, T> From<&'a Act> for Along<'a, T> {
    fn from(act: &'a Act) -> Self {
        Self { act, taken: None }
    }
}

impl<T> Deref for Along<'_, T> {
    type Target = Act;

    fn deref(&self) -> &Act {
        self.act
    }
}
