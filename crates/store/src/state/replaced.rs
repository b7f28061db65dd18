//! The authenticators that rows had before entries which are not long ago: a row that bears one was
//! put back.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::changes::Change;
use super::key::Authenticator;
use crate::Sequence;

/// Rows that are remembered at most, some 25 MB; where there are more, the newest three quarters stay, which
/// are those of 100,000 usual entries. One entry of a compromise names a thousand.
const ROWS: usize = 500_000;

/// Parts of the memory, each of which moves alone when it grows: readers wait for one, and no more than
/// one is there twice.
const PARTS: usize = 64;

/// Shared by whoever reads rows and by the proof, which reads the entries.
#[derive(Debug, Clone)]
pub(crate) struct Replaced(Arc<Memory>);

#[derive(Debug)]
struct Memory {
    rows: usize,
    /// The authenticators by their first octet.
    parts: Vec<RwLock<HashMap<Authenticator, Sequence>>>,
    entries: Mutex<Entries>,
}

/// How many rows the entries replaced, oldest first, so that the oldest is forgotten first.
#[derive(Debug, Default)]
struct Entries {
    each: VecDeque<(Sequence, usize)>,
    rows: usize,
}

impl Default for Replaced {
    fn default() -> Self {
        Self::of_rows(ROWS)
    }
}

impl Replaced {
    /// A memory of so many rows.
    fn of_rows(rows: usize) -> Self {
        let parts = (0..PARTS).map(|_| RwLock::default()).collect();
        Self(Arc::new(Memory { rows, parts, entries: Mutex::default() }))
    }

    /// Takes what an entry says of one row.
    pub(crate) fn note(&self, entry: Sequence, change: Change) {
        // Held throughout: whoever notes something beside this counts after it.
        let mut entries = self.entries();
        if let Some(before) = change.before {
            if let Some(earlier) = self.write(&before).insert(before, entry) {
                entries.uncount(earlier);
            }
            entries.count(entry);
        }
        // A unit may take a row away and give it back as it was. Entries are noted more than once, by
        // whoever reads them: an older one says nothing of what a later one replaced.
        if let Some(after) = change.after {
            let mut part = self.write(&after);
            let by = part.get(&after).copied().filter(|by| *by <= entry);
            if let Some(by) = by {
                part.remove(&after);
                entries.uncount(by);
            }
        }
        if let Some(oldest) = entries.oldest_of(self.0.rows) {
            self.forget(&mut entries, oldest);
        }
    }

    /// The entry that replaced the row which bore this authenticator, if one is known.
    pub(crate) fn by(&self, authenticator: &Authenticator) -> Option<Sequence> {
        self.read(authenticator).get(authenticator).copied()
    }

    /// Forgets what entries before this one replaced.
    pub(crate) fn forget_before(&self, entry: Sequence) {
        self.forget(&mut self.entries(), entry);
    }

    fn forget(&self, entries: &mut Entries, before: Sequence) {
        entries.forget_before(before);
        for part in &self.0.parts {
            part.write().unwrap_or_else(PoisonError::into_inner).retain(|_, by| *by >= before);
        }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, mac: &Authenticator) -> RwLockReadGuard<'_, HashMap<Authenticator, Sequence>> {
        self.part(mac).read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, mac: &Authenticator) -> RwLockWriteGuard<'_, HashMap<Authenticator, Sequence>> {
        self.part(mac).write().unwrap_or_else(PoisonError::into_inner)
    }

    fn part(&self, mac: &Authenticator) -> &RwLock<HashMap<Authenticator, Sequence>> {
        &self.0.parts[usize::from(mac[0]) % PARTS]
    }
}

impl Entries {
    /// Entries come in order but for those that are read again.
    fn count(&mut self, entry: Sequence) {
        self.rows += 1;
        let place = self.each.partition_point(|(known, _)| *known < entry);
        match self.each.get_mut(place) {
            Some((known, rows)) if *known == entry => *rows += 1,
            _ => self.each.insert(place, (entry, 1)),
        }
    }

    fn uncount(&mut self, entry: Sequence) {
        let place = self.each.partition_point(|(known, _)| *known < entry);
        if let Some((_, rows)) = self.each.get_mut(place).filter(|(known, _)| *known == entry) {
            *rows -= 1;
            self.rows -= 1;
        }
    }

    /// The oldest entry to be remembered where there are more rows than `most`: three quarters of them are
    /// left, so that the next row does not find too many again.
    fn oldest_of(&self, most: usize) -> Option<Sequence> {
        let mut left = self.rows;
        if left <= most {
            return None;
        }
        let is_left = |(_, rows): &&(Sequence, usize)| {
            let fits = left <= most / 4 * 3;
            left = left.saturating_sub(*rows);
            fits
        };
        let last = self.each.back().map(|(entry, _)| *entry);
        self.each.iter().find(is_left).map(|(entry, _)| *entry).or(last)
    }

    fn forget_before(&mut self, entry: Sequence) {
        let kept = self.each.partition_point(|(known, _)| *known < entry);
        self.rows -= self.each.drain(..kept).map(|(_, rows)| rows).sum::<usize>();
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

    /// Writer and proof note the same entries beside each other; one once gave back what the other had not
    /// counted yet.
    #[test]
    fn e2_who_notes_beside_another_counts_what_is_there() {
        let replaced = Replaced::of_rows(1_000);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for entry in 1..2_000_u64 {
                        let row = Some([(entry % 5) as u8; 16]);
                        replaced.note(entry, Change { before: row, after: None });
                        replaced.note(entry, Change { before: None, after: row });
                    }
                });
            }
        });
        let kept: usize = replaced.0.parts.iter().map(|part| part.read().unwrap().len()).sum();
        assert_eq!(replaced.entries().rows, kept);
    }

    #[test]
    fn e2_the_memory_of_what_was_replaced_is_bounded_and_the_oldest_goes_first() {
        let replaced = Replaced::of_rows(1_000);
        let row = |entry: u64, number: u64| {
            let mut mac = [0; 16];
            mac[..8].copy_from_slice(&(entry * 7 + number).to_le_bytes());
            mac[8..].copy_from_slice(&(entry * 1_000 + number).to_le_bytes());
            mac
        };
        for entry in 1..=50 {
            for number in 0..100 {
                replaced.note(entry, Change { before: Some(row(entry, number)), after: None });
            }
            // Read again by the proof: counted once. Given back: counted no more.
            replaced.note(entry, Change { before: Some(row(entry, 0)), after: None });
            replaced.note(entry, Change { before: None, after: Some(row(entry, 1)) });
            // Replaced before, and given back by nobody.
            replaced.note(entry, Change { before: Some(row(entry - 1, 2)), after: None });
            let kept: usize = replaced.0.parts.iter().map(|part| part.read().unwrap().len()).sum();
            assert!(kept <= 1_000 && kept == replaced.entries().rows, "{kept} after {entry}");
        }
        assert_eq!(replaced.by(&row(50, 99)), Some(50));
        assert_eq!(replaced.by(&row(44, 0)), Some(44));
        assert_eq!(replaced.by(&row(39, 0)), None);
        // More rows than there is room for, of one entry.
        for number in 0..1_500 {
            replaced.note(60, Change { before: Some(row(60, number)), after: None });
        }
        assert_eq!(replaced.by(&row(60, 1_499)), Some(60));
    }
}
