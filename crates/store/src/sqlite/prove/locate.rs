//! Which rows of a table are not those that the journal tells of: asked only when the sum is wrong.

use std::collections::HashMap;

use super::findings::MOST;
use super::replay::changes_of;
use crate::Result;
use crate::Sequence;
use crate::sqlite::table::{Table, View};
use crate::state::Authenticator;

/// Beyond so many rows nobody waits for their names: a gigabyte of memory, and the sum is told anyway.
const MOST_ROWS: usize = 20_000_000;

/// The first differences between a table and what the journal tells of it.
pub(super) fn differences(view: View<'_>, table: &Table) -> Result<Vec<String>> {
    let mut live: HashMap<Authenticator, Sequence> = HashMap::new();
    changes_of(view, table.name, &mut |entry, change| {
        if let Some(before) = change.before {
            live.remove(&before);
        }
        if let Some(after) = change.after
            && live.len() < MOST_ROWS
        {
            live.insert(after, entry);
        }
    })?;
    if live.len() >= MOST_ROWS {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    let mut statement = view.connection.prepare(&format!("SELECT * FROM {}", table.name))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let mac: Authenticator = row.get(table.columns().len() + 1)?;
        if live.remove(&mac).is_none() && found.len() < MOST {
            let changed: Sequence = row.get(table.columns().len())?;
            let what = table.name_of(row);
            found.push(format!("{what}: put back to what it was at entry {changed}"));
        }
    }
    let mut missing: Vec<Sequence> = live.into_values().collect();
    missing.sort_unstable();
    let tell = |entry| format!("{}: a row as entry {entry} left it is missing", table.name);
    found.extend(missing.into_iter().take(MOST).map(tell));
    Ok(found)
}
