//! The order of entries: what each says its place is, against the place it stands in.

use std::collections::VecDeque;

use super::{Finding, MAX_FINDINGS};
use crate::Sequence;

/// How far it looks ahead: enough to tell a swap from an insertion.
const AHEAD: usize = 2;

/// Follows the claimed sequences in the order they are found.
#[derive(Default)]
pub(super) struct Order {
    expected: Sequence,
    waiting: VecDeque<Option<Sequence>>,
    /// Places with the entries that stand there in the stead of their own.
    displaced: Vec<(Sequence, Sequence)>,
    findings: Vec<Finding>,
}

impl Order {
    /// The next entry says that it is `claimed`; none when its word is worth nothing.
    pub(super) fn push(&mut self, claimed: Option<Sequence>) {
        self.waiting.push_back(claimed);
        if self.waiting.len() > AHEAD {
            self.place_first();
        }
    }

    /// What was found, when `sealed` entries must be there.
    pub(super) fn finish(mut self, sealed: u64) -> Vec<Finding> {
        while !self.waiting.is_empty() {
            self.place_first();
        }
        for (place, entry) in std::mem::take(&mut self.displaced) {
            self.find(Finding::Misplaced { place, entry });
        }
        if self.expected < sealed {
            self.find(Finding::Missing { first: self.expected, last: sealed - 1 });
        }
        self.findings
    }

    fn place_first(&mut self) {
        let Some(first) = self.waiting.pop_front() else { return };
        let expected = self.expected;
        let entry = first.unwrap_or(expected);
        let next = self.waiting.front().copied().flatten();
        let after_next = self.waiting.get(1).copied().flatten();
        let partner = self.displaced.iter().position(|d| *d == (entry, expected));
        if entry == expected {
            self.expected += 1;
        } else if let Some(partner) = partner {
            self.displaced.swap_remove(partner);
            self.find(Finding::Swapped { first: entry, second: expected });
            self.expected += 1;
        } else if entry + 1 == expected && !self.displaced.iter().any(|(place, _)| *place == entry)
        {
            self.find(Finding::Doubled { entry });
        } else if next == Some(expected) && (entry != expected + 1 || after_next == Some(entry)) {
            self.find(Finding::Inserted { after: expected.checked_sub(1) });
        } else if next == Some(expected + 1) || (entry == expected + 1 && next == Some(expected)) {
            if self.displaced.len() < MAX_FINDINGS {
                self.displaced.push((expected, entry));
            }
            self.expected += 1;
        } else if entry > expected {
            self.find(Finding::Missing { first: expected, last: entry - 1 });
            self.expected = entry + 1;
        } else {
            self.find(Finding::Inserted { after: expected.checked_sub(1) });
        }
    }

    fn find(&mut self, finding: Finding) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::intact(&[0, 1, 2, 3, 4, 5], 6, &[])]
    #[case::removed(&[0, 1, 3, 4, 5], 6, &["entry 2 missing"])]
    #[case::first_removed(&[1, 2, 3, 4, 5], 6, &["entry 0 missing"])]
    #[case::three_removed(&[0, 4, 5], 6, &["entries 1 to 3 missing"])]
    #[case::cut_off(&[0, 1, 2], 6, &["entries 3 to 5 missing"])]
    #[case::all_gone(&[], 6, &["entries 0 to 5 missing"])]
    #[case::neighbours_swapped(&[0, 2, 1, 3, 4, 5], 6, &["entries 1 and 2 swapped"])]
    #[case::last_swapped(&[0, 1, 2, 3, 5, 4], 6, &["entries 4 and 5 swapped"])]
    #[case::distant_swapped(&[0, 4, 2, 3, 1, 5], 6, &["entries 1 and 4 swapped"])]
    #[case::ends_swapped(&[5, 1, 2, 3, 4, 0], 6, &["entries 0 and 5 swapped"])]
    #[case::doubled(&[0, 1, 2, 2, 3, 4, 5], 6, &["entry 2 is there twice"])]
    #[case::old_inserted(&[0, 1, 2, 3, 0, 4, 5], 6, &["entry inserted after entry 3"])]
    #[case::far_inserted(&[0, 1, 99, 2, 3, 4, 5], 6, &["entry inserted after entry 1"])]
    #[case::next_inserted(&[0, 1, 3, 2, 3, 4, 5], 6, &["entry inserted after entry 1"])]
    #[case::first_inserted(&[9, 0, 1, 2, 3, 4, 5], 6, &["entry inserted before entry 0"])]
    #[case::replaced(&[0, 1, 9, 3, 4, 5], 6, &["entry 9 stands in the place of entry 2"])]
    #[case::two_removed(&[0, 2, 3, 5], 6, &["entry 1 missing", "entry 4 missing"])]
    fn e2_the_order_says_what_was_done(
        #[case] found: &[u64],
        #[case] sealed: u64,
        #[case] told: &[&str],
    ) {
        let mut order = Order::default();
        found.iter().for_each(|entry| order.push(Some(*entry)));
        let findings: Vec<String> = order.finish(sealed).iter().map(ToString::to_string).collect();
        assert_eq!(findings, told);
    }

    #[test]
    fn e2_an_entry_without_a_word_takes_the_next_place() {
        let mut order = Order::default();
        [Some(0), None, Some(2)].into_iter().for_each(|entry| order.push(entry));
        assert_eq!(order.finish(3), []);
    }
}
