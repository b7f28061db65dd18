//! What was read of the database, as long as nobody commits.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{PoisonError, RwLock};

/// Rows that many questions rest on, each read once for every state of the database.
///
/// The state is what [`super::StatusSource::changes`] said before the question was looked into.
pub(super) struct AsOf<K, V>(RwLock<Known<K, V>>);

struct Known<K, V> {
    changes: u64,
    rows: HashMap<K, V>,
}

impl<K, V> Default for AsOf<K, V> {
    fn default() -> Self {
        Self(RwLock::new(Known { changes: 0, rows: HashMap::new() }))
    }
}

impl<K: Hash + Eq + Clone, V: Clone> AsOf<K, V> {
    /// What `read` reads of `key`, or read of it in the same state; with no number, it always reads.
    ///
    /// # Errors
    /// Those of `read`; nothing is kept then.
    pub(super) fn get<E>(
        &self,
        changes: Option<u64>,
        key: &K,
        read: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, E> {
        let Some(changes) = changes else { return read() };
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let found = known.rows.get(key).filter(|_| known.changes == changes).cloned();
        drop(known);
        if let Some(found) = found {
            return Ok(found);
        }
        let row = read()?;
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.changes != changes {
            *known = Known { changes, rows: HashMap::new() };
        }
        known.rows.insert(key.clone(), row.clone());
        Ok(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v5_v11_what_was_read_is_believed_while_nobody_commits() {
        let rows = AsOf::default();
        let ask = |changes, key, row| rows.get(changes, &key, || Ok::<_, ()>(row));
        assert_eq!(ask(Some(1), "a", 10), Ok(10));
        assert_eq!(ask(Some(1), "a", 11), Ok(10));
        assert_eq!(ask(Some(1), "b", 20), Ok(20), "another row");
        assert_eq!(ask(Some(2), "a", 12), Ok(12), "after a commit");
        assert_eq!(ask(Some(2), "b", 21), Ok(21), "nothing of the state before");
        assert_eq!(ask(Some(1), "a", 13), Ok(13), "whoever came before it reads");
        assert_eq!(ask(None, "a", 14), Ok(14), "in doubt");
        assert_eq!(rows.get(Some(3), &"a", || Err(())), Err(()));
        assert_eq!(ask(Some(3), "a", 15), Ok(15), "a failure is not kept");
    }
}
