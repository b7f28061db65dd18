//! The tables whose rows prove themselves, and how a row of one is found, added, changed and ended.

use std::sync::OnceLock;

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Row, ToSql, params_from_iter};

use super::fault::corrupt;
use super::ledger::Ledger;
use super::next::next_sequence;
use crate::state::{Authenticator, Change, Replaced, StateKey, same};
use crate::{Doubt, Result, Sequence};

/// A table of the schema. Its columns are those named here, then `changed` and `mac`, in this order.
pub(super) struct Table {
    /// Its name, also in journal entries.
    pub(super) name: &'static str,
    /// How many of the first columns are its key.
    keys: usize,
    columns: &'static [&'static str],
    /// Whether its key names a resident, who has no place in messages.
    personal: bool,
    growth: Growth,
    statements: OnceLock<Statements>,
}

/// How many rows a table comes to have: each says so where it is declared, because one that is
/// proven whole every ten seconds must not grow with the certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Growth {
    /// Rights, keys, plans, series: as many as there are people, CAs and municipalities.
    Bounded,
    /// With every certificate, card, request or list.
    Growing,
}

struct Statements {
    find: String,
    insert: String,
    delete: String,
}

/// A row as it is stored, whose authenticator fits.
pub(super) struct Stored {
    values: Vec<Value>,
    mac: Authenticator,
}

/// What reading needs: a connection, the key that proves rows, what entries replaced of them, and
/// where to tell of one that does not prove itself.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) connection: &'a Connection,
    pub(super) key: &'a StateKey,
    pub(super) replaced: &'a Replaced,
    pub(super) doubt: &'a Doubt,
}

macro_rules! tables {
    ($($(#[$doc:meta])* $table:ident = $growth:ident $name:literal ($($key:literal),+ ; $($column:literal),*) $($personal:ident)?;)+) => {
        $(
            $(#[$doc])*
            pub(super) static $table: Table = Table {
                name: $name,
                keys: [$($key),+].len(),
                columns: &[$($key,)+ $($column),*],
                personal: tables!(@personal $($personal)?),
                growth: tables!(@growth $growth),
                statements: OnceLock::new(),
            };
        )+
        /// All of them, in the order of their stored digests: a new one comes last.
        pub(super) static ALL: &[&Table] = &[$(&$table),+];
    };
    (@personal personal) => { true };
    (@personal) => { false };
    (@growth bounded) => { Growth::Bounded };
    (@growth growing) => { Growth::Growing };
}

tables! {
    CA = bounded "ca" ("id"; "policy_digest", "created_at");
    AUTHORITY = bounded "authority" ("ca", "generation"; "key_label", "key_algorithm",
        "signature_algorithm", "name", "spki", "self_signed", "created_at", "issues_from");
    GENERATION_PLAN = bounded "generation_plan" ("ca"; "generation", "key_label", "key_algorithm",
        "signature_algorithm", "issues_from", "spki", "key_made_at");
    CERTIFICATE = growing "certificate" ("ca", "serial"; "generation", "kind", "partition", "state",
        "state_at", "reason", "not_before", "not_after", "issued", "intended_at", "subject",
        "spki_sha256", "policy_digest", "holder", "application", "tbs_sha256", "der_sha256");
    CERTIFIED_KEY = growing "certified_key" ("spki_sha256"; "role");
    TALLY = bounded "tally" ("ca", "partition"; "undelivered", "held", "revoked", "sums");
    SERIES = bounded "series" ("ca", "generation", "partition"; "state", "built", "published");
    CRL = growing "crl" ("ca", "generation", "partition", "number"; "this_update", "next_update",
        "next_publish", "entries", "sha256", "as_of", "published");
    APPLICATION = growing "application" ("id"; "municipality", "ca", "kind", "state", "resident", "record",
        "received");
    OPERATION = growing "operation" ("id"; "answer", "recorded");
    CARD = growing "card" ("id"; "municipality", "holder", "record");
    CARD_SESSION = growing "card_session" ("card"; "sequence");
    REGISTER_CURSOR = bounded "register_cursor" ("only"; "position");
    VERIFIER = bounded "verifier" ("id"; "name", "bind_dn", "password_hash", "request_certificate",
        "may_query_ocsp", "may_read_crl");
    PERSON = bounded "person" ("id"; "name", "state", "municipality", "since", "roles", "proposed",
        "proposed_roles", "proposed_municipality", "proposed_by", "proposed_at");
    CREDENTIAL = bounded "credential" ("sha256"; "person", "kind", "console", "passkey_id",
        "passkey_spki", "passkey_counter", "made", "expires", "operation");
    PASSWORD = bounded "password" ("person"; "hash", "set_at", "failures", "failed_since", "locked_until");
    RESIDENT_KEY = growing "resident_key" ("resident"; "id", "wrapped") personal;
    CEREMONY = bounded "ceremony" ("id"; "script", "script_sha256", "state", "steps_done", "account",
        "revision");
    COMPROMISE = bounded "compromise" ("ca", "generation"; "state", "declared_at", "place", "revoked");
    NOTICE = bounded "notice" ("ca", "at", "text";);
    SERVICE_REQUEST = growing "service_request" ("id"; "ca", "state", "record", "received");
    HOLDER_REQUEST = growing "holder_request" ("id"; "holder", "nonce", "signed", "record", "receipt",
        "received");
    NOTED = bounded "noted" ("id"; "answer", "recorded");
    FORMER_CERTIFICATE = bounded "former_certificate" ("verifier"; "certificate");
}

impl Table {
    /// Whether it stays small however many certificates there are.
    pub(super) fn is_small(&self) -> bool {
        self.growth == Growth::Bounded
    }

    /// How many of the first columns are its key.
    pub(super) fn keys(&self) -> usize {
        self.keys
    }

    /// The names of its columns but for the last two.
    pub(super) fn columns(&self) -> &'static [&'static str] {
        self.columns
    }

    /// The row with this key and what `shape` reads of it, if there is one.
    pub(super) fn find<T>(
        &self,
        view: View<'_>,
        key: &[&dyn ToSql],
        shape: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<Option<(Stored, T)>> {
        let mut statement = view.connection.prepare_cached(&self.statements().find)?;
        let mut rows = statement.query(params_from_iter(key))?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let mac = self.proven(view, row)?;
        let values = (0..self.columns.len()).map(|column| row.get(column));
        let values = values.collect::<rusqlite::Result<_>>()?;
        Ok(Some((Stored { values, mac }, shape(row)?)))
    }

    /// Adds a row with `values` for all its columns.
    ///
    /// # Errors
    /// What the engine says: a key that exists, a parent that does not.
    pub(super) fn insert(
        &self,
        connection: &Connection,
        ledger: &mut Ledger<'_>,
        values: &[&dyn ToSql],
    ) -> rusqlite::Result<usize> {
        self.insert_at(connection, ledger, ledger.first(), values)
    }

    /// The same for a row that says of itself that another entry than the unit's first changed it.
    pub(super) fn insert_at(
        &self,
        connection: &Connection,
        ledger: &mut Ledger<'_>,
        changed: Sequence,
        values: &[&dyn ToSql],
    ) -> rusqlite::Result<usize> {
        debug_assert_eq!(values.len(), self.columns.len());
        let given = values.iter().map(|value| value.to_sql());
        let given = given.collect::<rusqlite::Result<Vec<_>>>()?;
        let cells: Vec<ValueRef<'_>> = given.iter().map(cell).collect::<rusqlite::Result<_>>()?;
        let mac = ledger.key().row(self.name, changed, &cells);
        let mut statement = connection.prepare_cached(&self.statements().insert)?;
        let last: [&dyn ToSql; 2] = [&changed, &mac];
        let added = statement.execute(params_from_iter(values.iter().chain(&last)))?;
        expect_one(added)?;
        ledger.note(self, Change { before: None, after: Some(mac) });
        Ok(added)
    }

    /// Gives a row other values in some columns, by their names.
    pub(super) fn update(
        &self,
        connection: &Connection,
        ledger: &mut Ledger<'_>,
        row: Stored,
        to: &[(&str, &dyn ToSql)],
    ) -> rusqlite::Result<usize> {
        let Stored { mut values, mac: before } = row;
        let mut assigned = String::new();
        for (column, value) in to {
            assigned.push_str(column);
            assigned.push_str(" = ?, ");
            if let Some(place) = self.columns.iter().position(|name| name == column) {
                values[place] = owned(value.to_sql()?)?;
            }
        }
        let cells: Vec<ValueRef<'_>> = values.iter().map(ValueRef::from).collect();
        let changed = ledger.first().max(self.least_change(&values));
        let mac = ledger.key().row(self.name, changed, &cells);
        let sql = format!(
            "UPDATE {} SET {assigned}changed = ?, mac = ? WHERE {}",
            self.name,
            self.by_key()
        );
        let last: [&dyn ToSql; 2] = [&changed, &mac];
        let given = to.iter().map(|(_, value)| *value).chain(last);
        let key = values[..self.keys].iter().map(|value| value as &dyn ToSql);
        let mut statement = connection.prepare_cached(&sql)?;
        let updated = statement.execute(params_from_iter(given.chain(key)))?;
        expect_one(updated)?;
        ledger.note(self, Change { before: Some(before), after: Some(mac) });
        Ok(updated)
    }

    /// Ends a row.
    pub(super) fn delete(
        &self,
        connection: &Connection,
        ledger: &mut Ledger<'_>,
        row: &Stored,
    ) -> rusqlite::Result<usize> {
        let mut statement = connection.prepare_cached(&self.statements().delete)?;
        let deleted = statement.execute(params_from_iter(&row.values[..self.keys]))?;
        expect_one(deleted)?;
        ledger.note(self, Change { before: Some(row.mac), after: None });
        Ok(deleted)
    }

    /// The authenticator of a row of `SELECT *`, after it was found to fit.
    ///
    /// # Errors
    /// [`crate::Error::Corrupt`] for a row that this program did not write, or that an entry is known
    /// to have replaced; the doubt is raised.
    pub(super) fn proven(&self, view: View<'_>, row: &Row<'_>) -> Result<Authenticator> {
        let count = self.columns.len();
        let cells = (0..count).map(|column| row.get_ref(column));
        let cells = cells.collect::<rusqlite::Result<Vec<_>>>()?;
        let mac: Authenticator = row.get(count + 1)?;
        if same(&view.key.row(self.name, row.get(count)?, &cells), &mac) {
            self.refuse_replaced(view, row, &mac)?;
            return Ok(mac);
        }
        let what = self.name_of(row);
        let reason = "it is not as this program wrote it: its authenticator does not fit";
        view.doubt.raise_named(format!("{what}: {reason}"));
        Err(corrupt(what, reason))
    }

    /// A row that is ours, and was put back to what it was, puts everything in doubt: whoever has one
    /// has others, which may be older than what is remembered.
    fn refuse_replaced(&self, view: View<'_>, row: &Row<'_>, mac: &Authenticator) -> Result<()> {
        let Some(entry) = view.replaced.by(mac) else { return Ok(()) };
        // A view from before the entry rightly shows what it replaced.
        if next_sequence(view.connection)? <= entry {
            return Ok(());
        }
        let what = self.name_of(row);
        let reason = format!("it was put back to what it was before entry {entry}");
        view.doubt.raise(format!("{what}: {reason}"));
        Err(corrupt(what, reason))
    }

    /// The authenticator that a row of `SELECT *` claims, whether it fits or not.
    pub(super) fn claimed(&self, row: &Row<'_>) -> Option<Authenticator> {
        row.get(self.columns.len() + 1).ok()
    }

    /// A row in a message.
    pub(super) fn name_of(&self, row: &Row<'_>) -> String {
        let key = |column| row.get_ref(column).map_or_else(|_| "?".to_owned(), plain);
        let place = match self.personal {
            true => "of a resident".to_owned(),
            false => (0..self.keys).map(key).collect::<Vec<_>>().join("/"),
        };
        format!("{} {place}", self.name)
    }

    /// A certificate's row is never older than its intent.
    fn least_change(&self, values: &[Value]) -> Sequence {
        let issued = self.columns.iter().position(|name| *name == "issued");
        match issued.and_then(|place| values.get(place)) {
            Some(Value::Integer(issued)) => Sequence::try_from(*issued).unwrap_or(0),
            _ => 0,
        }
    }

    fn by_key(&self) -> String {
        let equal = |name: &&str| format!("{name} = ?");
        self.columns[..self.keys].iter().map(equal).collect::<Vec<_>>().join(" AND ")
    }

    fn statements(&self) -> &Statements {
        self.statements.get_or_init(|| {
            let (name, columns) = (self.name, self.columns.join(", "));
            let marks = "?, ".repeat(self.columns.len());
            let by_key = self.by_key();
            Statements {
                find: format!("SELECT {columns}, changed, mac FROM {name} WHERE {by_key}"),
                insert: format!(
                    "INSERT INTO {name} ({columns}, changed, mac) VALUES ({marks}?, ?)"
                ),
                delete: format!("DELETE FROM {name} WHERE {by_key}"),
            }
        })
    }
}

/// What a statement did must be done: a rule of the database that is not this program's may have it
/// pass over the row in silence.
fn expect_one(rows: usize) -> rusqlite::Result<()> {
    match rows {
        1 => Ok(()),
        other => Err(rusqlite::Error::StatementChangedRows(other)),
    }
}

fn cell<'a>(value: &'a ToSqlOutput<'_>) -> rusqlite::Result<ValueRef<'a>> {
    match value {
        ToSqlOutput::Borrowed(value) => Ok(*value),
        ToSqlOutput::Owned(value) => Ok(value.into()),
        _ => Err(rusqlite::Error::ToSqlConversionFailure("no plain value".into())),
    }
}

fn owned(value: ToSqlOutput<'_>) -> rusqlite::Result<Value> {
    match value {
        ToSqlOutput::Borrowed(value) => Ok(value.try_into()?),
        ToSqlOutput::Owned(value) => Ok(value),
        _ => Err(rusqlite::Error::ToSqlConversionFailure("no plain value".into())),
    }
}

fn plain(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(octets) => octets.iter().map(|octet| format!("{octet:02x}")).collect(),
        ValueRef::Real(_) | ValueRef::Null => "?".to_owned(),
    }
}
