//! One random change of one table: a value altered or emptied, a row deleted, doubled, planted, or
//! put back to what it once was.

use std::fmt;
use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::chance::Chance;

/// How often another value is tried where a rule of the schema refuses one.
const TRIES: usize = 24;

/// What is done to a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// The value of a column becomes another one.
    Altered(String),
    /// The value of a column is taken away.
    Emptied(String),
    /// A row is deleted.
    Deleted,
    /// A row is written a second time under another key; into an empty table, one made up.
    Cloned,
    /// A row becomes again what it was in an older copy of the database.
    PutBack,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered(column) => write!(f, "{column} altered"),
            Self::Emptied(column) => write!(f, "{column} emptied"),
            Self::Deleted => f.write_str("row deleted"),
            Self::Cloned => f.write_str("row cloned"),
            Self::PutBack => f.write_str("row put back"),
        }
    }
}

/// A table as the schema has it.
pub(super) struct Shape {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
}

pub(super) struct Column {
    pub(super) name: String,
    kind: String,
    may_be_null: bool,
    is_key: bool,
}

impl Shape {
    /// Every table of the schema.
    pub(super) fn all(database: &Connection) -> Vec<Self> {
        let sql = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name";
        let mut statement = database.prepare(sql).unwrap();
        let names = statement.query_map([], |row| row.get(0)).unwrap();
        names.map(|name| Self::of(database, name.unwrap())).collect()
    }

    fn of(database: &Connection, name: String) -> Self {
        let mut statement = database.prepare(&format!("PRAGMA table_info({name})")).unwrap();
        let columns = statement.query_map([], |row| {
            Ok(Column {
                name: row.get("name")?,
                kind: row.get("type")?,
                may_be_null: !row.get::<_, bool>("notnull")?,
                is_key: row.get::<_, i64>("pk")? > 0,
            })
        });
        let columns = columns.unwrap().map(Result::unwrap).collect();
        Self { name, columns }
    }

    /// Every kind of change that the table admits.
    pub(super) fn changes(&self) -> Vec<Change> {
        let columns = self.columns.iter().map(|column| &column.name);
        let each =
            columns.flat_map(|name| [Change::Altered(name.clone()), Change::Emptied(name.clone())]);
        each.chain([Change::Deleted, Change::Cloned, Change::PutBack]).collect()
    }

    /// Makes a change; what was done, or none where the table has nothing that can be changed so.
    pub(super) fn make(
        &self,
        database: &Connection,
        older: &[impl AsRef<Path>],
        change: &Change,
        chance: &mut Chance,
    ) -> Option<String> {
        database.pragma_update(None, "foreign_keys", false).unwrap();
        let rows = self.rows(database);
        match change {
            Change::Altered(column) => self.alter(database, &rows, column, chance),
            Change::Emptied(column) => self.empty(database, &rows, column, chance),
            Change::Deleted => {
                // The last checkpoint that a place outside holds is one that a cut kept from the
                // database: it is sealed anew, and nothing is lost.
                let spared = usize::from(self.name == "checkpoint");
                let row = &rows[chance.pick(rows.len() - spared)?];
                let sql = format!("DELETE FROM {} WHERE {}", self.name, self.by_key());
                (database.execute(&sql, params_from_iter(self.key_of(row))).unwrap() > 0)
                    .then(|| self.told(row))
            }
            Change::Cloned => self.clone_row(database, &rows, chance),
            Change::PutBack => self.put_back(database, &rows, older, chance),
        }
    }

    fn alter(
        &self,
        database: &Connection,
        rows: &[Vec<Value>],
        column: &str,
        chance: &mut Chance,
    ) -> Option<String> {
        let place = self.place(column);
        for attempt in 0..TRIES {
            let row = &rows[chance.pick(rows.len())?];
            let other = &rows[chance.pick(rows.len())?][place];
            // Another row's value is the most plausible one.
            let value = match *other != row[place] && chance.flip() {
                true => other.clone(),
                false => altered(&row[place], &self.columns[place].kind, chance),
            };
            if self.set(database, row, place, &value, attempt) {
                return Some(format!("{} to {}", self.told(row), short(&value)));
            }
        }
        None
    }

    fn empty(
        &self,
        database: &Connection,
        rows: &[Vec<Value>],
        column: &str,
        chance: &mut Chance,
    ) -> Option<String> {
        let place = self.place(column);
        let Column { kind, may_be_null, .. } = &self.columns[place];
        let nothing = if *may_be_null { Value::Null } else { nothing_of(kind) };
        let full: Vec<_> = rows.iter().filter(|row| row[place] != nothing).collect();
        (0..TRIES).find_map(|attempt| {
            let row = full[chance.pick(full.len())?];
            self.set(database, row, place, &nothing, attempt).then(|| self.told(row))
        })
    }

    /// Sets one value. The schema's own rules are broken only where nothing else was possible.
    fn set(
        &self,
        database: &Connection,
        row: &[Value],
        place: usize,
        value: &Value,
        attempt: usize,
    ) -> bool {
        let lenient = attempt >= TRIES / 2;
        database.pragma_update(None, "ignore_check_constraints", lenient).unwrap();
        let column = &self.columns[place].name;
        let sql = format!("UPDATE {} SET {column} = ? WHERE {}", self.name, self.by_key());
        let given = std::iter::once(value.clone()).chain(self.key_of(row));
        row[place] != *value && database.execute(&sql, params_from_iter(given)) == Ok(1)
    }

    fn clone_row(
        &self,
        database: &Connection,
        rows: &[Vec<Value>],
        chance: &mut Chance,
    ) -> Option<String> {
        let mut row = match chance.pick(rows.len()) {
            Some(place) => rows[place].clone(),
            None => self.columns.iter().map(|column| made_up(&column.kind, chance)).collect(),
        };
        let marks = vec!["?"; row.len()].join(", ");
        let sql = format!("INSERT INTO {} VALUES ({marks})", self.name);
        for attempt in 0..TRIES {
            database.pragma_update(None, "ignore_check_constraints", attempt > 0).unwrap();
            match database.execute(&sql, params_from_iter(row.iter())) {
                Ok(_) => return Some(self.told(&row)),
                Err(error) => {
                    // The rule says which column must be another one.
                    let said = error.to_string();
                    let named = |column: &Column| said.ends_with(&format!(".{}", column.name));
                    let key = |column: &Column| column.is_key;
                    let place = self.columns.iter().position(named);
                    let place = place.or_else(|| self.columns.iter().rposition(key)).unwrap_or(0);
                    row[place] = altered(&row[place], &self.columns[place].kind, chance);
                }
            }
        }
        None
    }

    fn put_back(
        &self,
        database: &Connection,
        rows: &[Vec<Value>],
        older: &[impl AsRef<Path>],
        chance: &mut Chance,
    ) -> Option<String> {
        let mut gone = Vec::new();
        for older in older {
            let older = Connection::open(older).unwrap();
            gone.extend(self.rows(&older).into_iter().filter(|row| !rows.contains(row)));
        }
        let row = &gone[chance.pick(gone.len())?];
        let marks = vec!["?"; row.len()].join(", ");
        let sql = format!("INSERT OR REPLACE INTO {} VALUES ({marks})", self.name);
        database.execute(&sql, params_from_iter(row)).unwrap();
        Some(self.told(row))
    }

    fn rows(&self, database: &Connection) -> Vec<Vec<Value>> {
        let names: Vec<_> = self.columns.iter().map(|column| column.name.as_str()).collect();
        let sql = format!("SELECT {} FROM {}", names.join(", "), self.name);
        let mut statement = database.prepare(&sql).unwrap();
        let row = |row: &rusqlite::Row<'_>| (0..names.len()).map(|place| row.get(place)).collect();
        statement.query_map([], row).unwrap().map(Result::unwrap).collect()
    }

    fn place(&self, column: &str) -> usize {
        self.columns.iter().position(|one| one.name == column).unwrap()
    }

    /// Every table of ours has a key.
    fn by_key(&self) -> String {
        let keys = self.columns.iter().filter(|column| column.is_key);
        keys.map(|column| format!("{} IS ?", column.name)).collect::<Vec<_>>().join(" AND ")
    }

    fn key_of<'a>(&'a self, row: &'a [Value]) -> impl Iterator<Item = Value> + 'a {
        let both = self.columns.iter().zip(row);
        both.filter(|(column, _)| column.is_key).map(|(_, value)| value.clone())
    }

    fn told(&self, row: &[Value]) -> String {
        let key: Vec<_> = self.key_of(row).map(|value| short(&value)).collect();
        format!("{} {}", self.name, key.join("/"))
    }
}

/// Another value of the same type.
fn altered(value: &Value, kind: &str, chance: &mut Chance) -> Value {
    match value {
        Value::Null => made_up(kind, chance),
        Value::Integer(number) => {
            let far = i64::try_from(2 + chance.below(1 << 20)).unwrap();
            let step = [1, -1, far][chance.pick(3).unwrap()];
            Value::Integer(number.wrapping_add(step))
        }
        Value::Real(number) => Value::Real(number + 1.0),
        Value::Text(text) => {
            let mut letters: Vec<char> = text.chars().collect();
            match chance.pick(letters.len()) {
                Some(place) => letters[place] = if letters[place] == '0' { '1' } else { '0' },
                None => letters.push('0'),
            }
            Value::Text(letters.into_iter().collect())
        }
        Value::Blob(octets) => {
            let mut octets = octets.clone();
            match chance.pick(octets.len()) {
                Some(place) => octets[place] ^= 1 << chance.below(8),
                None => octets.push(0),
            }
            Value::Blob(octets)
        }
    }
}

fn made_up(kind: &str, chance: &mut Chance) -> Value {
    match kind {
        "INTEGER" => Value::Integer(i64::try_from(chance.below(1 << 20)).unwrap() + 1),
        "TEXT" => Value::Text(format!("{:011}", chance.below(100_000_000))),
        _ => Value::Blob((0..16).map(|_| u8::try_from(chance.below(256)).unwrap()).collect()),
    }
}

fn nothing_of(kind: &str) -> Value {
    match kind {
        "INTEGER" => Value::Integer(0),
        "TEXT" => Value::Text(String::new()),
        _ => Value::Blob(Vec::new()),
    }
}

fn short(value: &Value) -> String {
    let whole = match value {
        Value::Null => "nothing".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Blob(octets) => octets.iter().map(|octet| format!("{octet:02x}")).collect(),
    };
    whole.chars().take(40).collect()
}
