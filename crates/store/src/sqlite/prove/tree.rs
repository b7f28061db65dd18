//! The tree over the sealed entries, grown again from their leaves: every node, and every checkpoint.

use rusqlite::{Connection, Rows};

use crate::journal::{Checkpoint, Edge, Hash, Node};
use crate::sqlite::fault::corrupt;
use crate::sqlite::read::journal::{checkpoint_mark, node};
use crate::sqlite::table::View;
use crate::state::same;
use crate::{Result, Sequence};

/// Holds every checkpoint and every node against the entries, to the last checkpoint.
///
/// # Errors
/// [`crate::Error::Corrupt`] names the first that is not what the entries come to.
pub(super) fn check(view: View<'_>) -> Result<()> {
    const CHECKPOINTS: &str = "SELECT size, note, sealed_at, mac FROM checkpoint ORDER BY size";
    const LEAVES: &str = "SELECT sequence, leaf FROM journal ORDER BY sequence";
    let mut statement = view.connection.prepare(CHECKPOINTS)?;
    let mut checkpoints = statement.query([])?;
    let mut statement = view.connection.prepare(LEAVES)?;
    let mut leaves = statement.query([])?;
    let mut tree = Tree { connection: view.connection, edge: Edge::default(), nodes: 0 };
    while let Some(row) = checkpoints.next()? {
        let (size, note): (u64, String) = (row.get(0)?, row.get(1)?);
        let before = tree.edge.size();
        let wrong = |reason: &str| corrupt(format!("checkpoint of size {size}"), reason);
        let mac: Vec<u8> = row.get(3)?;
        if !same(&checkpoint_mark(view.key, before, size, row.get(2)?, &note), &mac) {
            return Err(wrong("it, or the one before it, is not as this program wrote it"));
        }
        tree.grow(&mut leaves, size)?;
        let told = Checkpoint::parse(note)?;
        if (told.size, told.root) != (size, tree.edge.root()) {
            return Err(wrong("the entries come to another tree"));
        }
    }
    tree.holds_no_more()
}

/// The tree as far as it was grown, held against what is stored of it.
struct Tree<'a> {
    connection: &'a Connection,
    edge: Edge,
    nodes: u64,
}

impl Tree<'_> {
    fn grow(&mut self, leaves: &mut Rows<'_>, size: Sequence) -> Result<()> {
        while self.edge.size() < size {
            let missing = || corrupt(format!("entry {}", self.edge.size()), "it is missing");
            let row = leaves.next()?.ok_or_else(missing)?;
            if row.get::<_, Sequence>(0)? != self.edge.size() {
                return Err(missing());
            }
            let leaf: Hash = row.get(1)?;
            let mut completed = Vec::new();
            self.edge.append(leaf, |node| completed.push(node));
            for Node { level, place, hash } in completed {
                if node(self.connection, level, place)? != Some(hash) {
                    let what = format!("node {place} of level {level} of the tree");
                    return Err(corrupt(what, "the entries come to another"));
                }
                self.nodes += 1;
            }
        }
        Ok(())
    }

    /// That nothing is stored which the last checkpoint does not cover.
    fn holds_no_more(&self) -> Result<()> {
        const NODES: &str = "SELECT count(*) FROM merkle_node";
        let stored: u64 = self.connection.query_row(NODES, [], |row| row.get(0))?;
        if stored == self.nodes {
            return Ok(());
        }
        let reason = format!("it has {stored} nodes, and its last checkpoint {}", self.nodes);
        Err(corrupt("tree".to_owned(), reason))
    }
}
