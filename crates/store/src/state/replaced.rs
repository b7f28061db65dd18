//! The authenticators that rows had before entries which are not long ago: a row that bears one was
//! put back.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::changes::Change;
use super::key::Authenticator;
use crate::Sequence;

/// Shared by whoever reads rows and by the proof, which reads the entries.
#[derive(Debug, Clone, Default)]
pub(crate) struct Replaced(Arc<RwLock<HashMap<Authenticator, Sequence>>>);

impl Replaced {
    /// Takes what an entry says of one row.
    pub(crate) fn note(&self, entry: Sequence, change: Change) {
        let mut replaced = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = change.before {
            replaced.insert(before, entry);
        }
        // A unit may take a row away and give it back as it was. Entries are noted more than once, by
        // whoever reads them: an older one says nothing of what a later one replaced.
        if let Some(after) = change.after
            && replaced.get(&after).is_some_and(|by| *by <= entry)
        {
            replaced.remove(&after);
        }
    }

    /// The entry that replaced the row which bore this authenticator, if one is known.
    pub(crate) fn by(&self, authenticator: &Authenticator) -> Option<Sequence> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(authenticator).copied()
    }

    /// Forgets what entries before this one replaced.
    pub(crate) fn forget_before(&self, entry: Sequence) {
        let mut replaced = self.0.write().unwrap_or_else(PoisonError::into_inner);
        replaced.retain(|_, by| *by >= entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e2_what_was_replaced_is_known_until_it_is_long_ago() {
        let replaced = Replaced::default();
        let (one, two, three) = ([1; 16], [2; 16], [3; 16]);
        replaced.note(5, Change { before: None, after: Some(one) });
        replaced.note(7, Change { before: Some(one), after: Some(two) });
        replaced.note(8, Change { before: Some(two), after: None });
        assert_eq!([one, two, three].map(|row| replaced.by(&row)), [Some(7), Some(8), None]);
        replaced.note(8, Change { before: None, after: Some(two) });
        assert_eq!(replaced.by(&two), None, "given back in the same unit");
        replaced.note(9, Change { before: Some(two), after: Some(three) });
        replaced.note(7, Change { before: Some(one), after: Some(two) });
        assert_eq!(replaced.by(&two), Some(9), "an older entry, read again");
        replaced.forget_before(8);
        assert_eq!(replaced.by(&one), None);
    }
}
