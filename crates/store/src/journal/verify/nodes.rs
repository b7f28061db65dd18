//! Stored interior nodes against those that the entries give: the change is below the lowest
//! that differs.

use std::collections::BTreeMap;

use super::Finding;
use crate::journal::Node;

/// How many differing nodes are remembered; a change shows in one node on each level, a
/// disturbed order in all, and then the order tells where.
const MAX_DIFFERENT: usize = 4096;

/// The stored nodes that differ.
#[derive(Default)]
pub(super) struct Nodes {
    /// By level and place; whether the difference began here, with no node below that differs.
    different: BTreeMap<(u8, u64), bool>,
}

impl Nodes {
    /// Remembers a node the entries give that is not the one stored.
    pub(super) fn differs(&mut self, node: &Node) {
        if self.different.len() < MAX_DIFFERENT {
            let below = |place| self.different.contains_key(&(node.level.wrapping_sub(1), place));
            let begins = node.level == 1 || !(below(2 * node.place) || below(2 * node.place + 1));
            self.different.insert((node.level, node.place), begins);
        }
    }

    /// What they tell, as far as the entries before `limit` go: when the node above differs too,
    /// or a root that was signed over it, the entries were changed; else the stored node was.
    pub(super) fn findings(&self, limit: u64, root_differs: impl Fn(u64) -> bool) -> Vec<Finding> {
        let begins = self.different.iter().filter(|(_, begins)| **begins);
        let finding = |(level, place): (u8, u64)| {
            let (first, last) = (place << level, ((place + 1) << level) - 1);
            let above = self.different.contains_key(&(level + 1, place / 2));
            (last < limit).then(|| match above || root_differs(last) {
                true => Finding::Changed { first, last },
                false => Finding::Node { level, place },
            })
        };
        begins.filter_map(|(key, _)| finding(*key)).collect()
    }
}
