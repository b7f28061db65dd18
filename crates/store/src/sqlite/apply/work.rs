//! What every change needs: where it reads and writes, and the ledger that notes what it did.

use domain::staff::Floor;
use rusqlite::{Row, ToSql};

use crate::Result;
use crate::sqlite::ledger::Ledger;
use crate::sqlite::table::{Stored, Table, View};

/// One unit being applied.
pub(super) struct Work<'a> {
    pub(super) view: View<'a>,
    /// How many people of which roles the registry keeps.
    pub(super) floor: &'a [Floor],
    pub(super) ledger: Ledger<'a>,
}

impl Work<'_> {
    /// The row with this key and what `shape` reads of it, after it has proven itself.
    pub(super) fn find<T>(
        &self,
        table: &Table,
        key: &[&dyn ToSql],
        shape: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<Option<(Stored, T)>> {
        table.find(self.view, key, shape)
    }

    /// Adds a row.
    pub(super) fn insert(
        &mut self,
        table: &Table,
        values: &[&dyn ToSql],
    ) -> rusqlite::Result<usize> {
        table.insert(self.view.connection, &mut self.ledger, values)
    }

    /// Gives a row other values in some columns.
    pub(super) fn update(
        &mut self,
        table: &Table,
        row: Stored,
        to: &[(&str, &dyn ToSql)],
    ) -> Result<()> {
        table.update(self.view.connection, &mut self.ledger, row, to)?;
        Ok(())
    }

    /// Adds a row, or gives the one with its key these values.
    pub(super) fn put(
        &mut self,
        table: &Table,
        values: &[&dyn ToSql],
    ) -> Result<rusqlite::Result<usize>> {
        let keys = table.keys();
        match self.find(table, &values[..keys], |_| Ok(()))? {
            None => Ok(self.insert(table, values)),
            Some((row, ())) => {
                let columns = table.columns()[keys..].iter().copied();
                let to: Vec<_> = columns.zip(values[keys..].iter().copied()).collect();
                Ok(table.update(self.view.connection, &mut self.ledger, row, &to))
            }
        }
    }

    /// Ends a row.
    pub(super) fn delete(&mut self, table: &Table, row: &Stored) -> Result<()> {
        table.delete(self.view.connection, &mut self.ledger, row)?;
        Ok(())
    }
}
