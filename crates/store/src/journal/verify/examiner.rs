//! Entries and checkpoints in the order they are found, against each other and the key.

use std::collections::BTreeSet;

use super::nodes::Nodes;
use super::order::Order;
use super::{Finding, MAX_FINDINGS, Report};
use crate::Result;
use crate::Sequence;
use crate::journal::entry::claimed_sequence;
use crate::journal::{Checkpoint, Edge, Hash, Node, VerifierKey, leaf_hash};

/// How many checkpoints without a copy outside are told.
const MOST_ALONE: usize = 100;

/// Reads a journal once, front to back, in bounded memory.
pub(super) struct Examiner<'a> {
    key: &'a VerifierKey,
    /// Checkpoints from elsewhere, the greatest size first.
    known: Vec<Checkpoint>,
    /// The sizes of those.
    witnessed: BTreeSet<u64>,
    /// The size of the checkpoint that fitted last.
    last_right: Option<u64>,
    tree: Edge,
    order: Order,
    nodes: Nodes,
    report: Report,
    /// The greatest size that a validly signed checkpoint vouches for.
    sealed: u64,
    right_until: u64,
    /// The first checkpoint whose root the tree does not have.
    wrong: Option<Finding>,
}

impl<'a> Examiner<'a> {
    /// Verifies under `key`, and against checkpoints that were kept elsewhere.
    pub(super) fn new(key: &'a VerifierKey, known: &[Checkpoint]) -> Self {
        let mut known = known.to_vec();
        known.sort_by_key(|checkpoint| std::cmp::Reverse(checkpoint.size));
        Self {
            key,
            witnessed: known.iter().map(|checkpoint| checkpoint.size).collect(),
            last_right: None,
            known,
            tree: Edge::default(),
            order: Order::default(),
            nodes: Nodes::default(),
            report: Report::default(),
            sealed: 0,
            right_until: 0,
            wrong: None,
        }
    }

    /// The next entry. `stored` looks up the stored node, where there are any.
    pub(super) fn entry(
        &mut self,
        row: Option<Sequence>,
        body: &[u8],
        leaf: Hash,
        stored: impl Fn(&Node) -> Result<Option<Hash>>,
    ) -> Result<()> {
        self.report.entries += 1;
        if leaf_hash(body) == leaf {
            self.order.push(claimed_sequence(body).or(row));
        } else {
            // What a changed body says of its place is worth nothing.
            self.find(Finding::Body { entry: row.unwrap_or(self.tree.size()) });
            self.order.push(row);
        }
        let mut completed = Vec::new();
        self.tree.append(leaf, |node| completed.push(node));
        for node in &completed {
            if stored(node)?.is_some_and(|hash| hash != node.hash) {
                self.nodes.differs(node);
            }
        }
        while let Some(checkpoint) = self.known.pop_if(|c| c.size <= self.tree.size()) {
            if self.compare(&checkpoint) {
                self.report.witnessed_until = self.report.witnessed_until.max(checkpoint.size);
            }
        }
        Ok(())
    }

    /// A checkpoint of the file itself, which covers the entries until here.
    pub(super) fn checkpoint(&mut self, checkpoint: &Checkpoint) {
        self.report.own += 1;
        let is_right = self.compare(checkpoint);
        if is_right && self.witnessed.contains(&checkpoint.size) {
            self.report.witnessed += 1;
        } else if self.report.alone.len() < MOST_ALONE {
            self.report.alone.push(checkpoint.size);
        }
    }

    /// Holds a checkpoint against the entries until here; whether it fits.
    fn compare(&mut self, checkpoint: &Checkpoint) -> bool {
        let size = checkpoint.size;
        if !checkpoint.is_signed_by(self.key) {
            self.find(Finding::Signature { size });
            return false;
        }
        self.sealed = self.sealed.max(size);
        let is_right = self.tree.size() == size && self.tree.root() == checkpoint.root;
        if is_right {
            // One that the file has and a place outside as well is one.
            self.report.checkpoints += u64::from(self.last_right != Some(size));
            self.last_right = Some(size);
            self.right_until = self.right_until.max(size);
        } else {
            let right_until = self.right_until;
            self.wrong.get_or_insert(Finding::Root { size, right_until });
        }
        is_right
    }

    /// Something that cannot be read.
    pub(super) fn unreadable(&mut self, place: String, reason: impl ToString) {
        self.find(Finding::Unreadable { place, reason: reason.to_string() });
    }

    /// What was found in all.
    pub(super) fn finish(mut self) -> Report {
        while let Some(checkpoint) = self.known.pop() {
            self.compare(&checkpoint);
        }
        let order = self.order.finish(self.sealed);
        let disturbed_from = order.iter().filter_map(Finding::disturbs_order_from).min();
        let wrong_span = match self.wrong {
            Some(Finding::Root { size, right_until }) => right_until..size,
            _ => 0..0,
        };
        let limit = disturbed_from.unwrap_or(u64::MAX);
        let bodies = bodies(&self.report);
        let told = |first, last| bodies.iter().any(|entry| (first..=last).contains(entry));
        let mut changed = self.nodes.findings(limit, |last| wrong_span.contains(&last));
        changed.retain(|f| !matches!(f, Finding::Changed { first, last } if told(*first, *last)));
        // A root that is wrong because of what is told already tells nothing more.
        let explained = disturbed_from.is_some_and(|from| from < wrong_span.end)
            || bodies.iter().any(|entry| wrong_span.contains(entry))
            || changed
                .iter()
                .any(|f| matches!(f, Finding::Changed { last, .. } if wrong_span.contains(last)));
        let root = self.wrong.filter(|_| !explained);
        let Report { findings, .. } = &mut self.report;
        findings.extend(order.into_iter().chain(changed).chain(root));
        findings.truncate(MAX_FINDINGS);
        self.report.sealed = self.right_until;
        self.report
    }

    fn find(&mut self, finding: Finding) {
        if self.report.findings.len() < MAX_FINDINGS {
            self.report.findings.push(finding);
        }
    }
}

/// The entries whose body was found changed.
fn bodies(report: &Report) -> Vec<Sequence> {
    let body = |finding: &Finding| match finding {
        Finding::Body { entry } => Some(*entry),
        _ => None,
    };
    report.findings.iter().filter_map(body).collect()
}
