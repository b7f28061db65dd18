//! Schema versions: each is one bounded script, applied once, in order, in its own transaction.

use aws_lc_rs::digest::{SHA256, digest};
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, TransactionBehavior};

use crate::{Error, Result};

/// The scripts, the first leading from an empty file to version 1. A script must be bounded: it
/// may create, but never rewrite a table that grows; such a change is spread over later commits.
const SCRIPTS: &[&str] = &[
    include_str!("schema.sql"),
    include_str!("schema_compromise.sql"),
    include_str!("schema_ceremony.sql"),
    include_str!("schema_renewal.sql"),
    include_str!("schema_people.sql"),
    include_str!("schema_requests.sql"),
    include_str!("schema_card.sql"),
    include_str!("schema_holder.sql"),
    include_str!("schema_card_session.sql"),
    include_str!("schema_proof.sql"),
    include_str!("schema_remembered.sql"),
    include_str!("schema_verified.sql"),
    include_str!("schema_noted.sql"),
    include_str!("schema_register.sql"),
    include_str!("schema_verifier.sql"),
];

/// The first version in which everything proves itself, whatever versions come after. What an earlier
/// program wrote is nothing that this one could believe, and is not opened.
const FIRST_PROVEN: usize = 12;

/// Marks a file as ours: "JTSN" as a number.
const APPLICATION_ID: i32 = 0x4a54_534e;

/// Brings the database to the version this program knows.
///
/// # Errors
/// [`Error::Unavailable`] when the file belongs to something else, to a newer program, or to one whose
/// rows did not all prove themselves.
pub(super) fn migrate(connection: &mut Connection) -> Result<()> {
    migrate_with(connection, SCRIPTS, FIRST_PROVEN)
}

fn migrate_with(connection: &mut Connection, scripts: &[&str], first: usize) -> Result<()> {
    // Immediate, so that two programs that start together do not both migrate.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version = checked_version(&transaction, scripts.len())?;
    if (1..first).contains(&version) {
        return Err(Error::Unavailable(format!(
            "an earlier program made the database (version {version}), whose rows do not all prove \
             themselves: this one does not open it"
        )));
    }
    transaction.create_scalar_function("sha256", 1, FunctionFlags::SQLITE_UTF8, |call| {
        let octets = call.get_raw(0).as_blob_or_null()?;
        Ok(octets.map(|octets| digest(&SHA256, octets).as_ref().to_vec()))
    })?;
    for (done, script) in scripts.iter().enumerate().skip(version) {
        transaction.execute_batch(script)?;
        transaction.pragma_update(
            None,
            "user_version",
            i64::try_from(done + 1).unwrap_or(i64::MAX),
        )?;
        tracing::info!(version = done + 1, "migrated the database");
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    Ok(transaction.commit()?)
}

fn checked_version(connection: &Connection, known: usize) -> Result<usize> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (version, owner) = (pragma("user_version")?, pragma("application_id")?);
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if owner != i64::from(APPLICATION_ID) && tables != 0 {
        return Err(Error::Unavailable("the file is another program's database".into()));
    }
    let version = usize::try_from(version).unwrap_or(usize::MAX);
    if version == 0 && tables != 0 {
        let told = "the database has tables and no version: somebody changed it by hand";
        return Err(Error::Unavailable(told.into()));
    }
    if version > known {
        return Err(Error::Unavailable(format!(
            "the database has version {version}, and this program knows no version after {known}"
        )));
    }
    Ok(version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ProofExtent, Sqlite, StateProof, Store};

    const FIRST: &str = "CREATE TABLE a (x INTEGER) STRICT";
    const SECOND: &str = "CREATE TABLE b (x INTEGER) STRICT";

    fn version(connection: &Connection) -> i64 {
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).expect("a version")
    }

    #[test]
    fn a_migration_runs_once_and_in_order() {
        let mut connection = Connection::open_in_memory().expect("a database");
        migrate_with(&mut connection, &[FIRST], 0).expect("version 1");
        connection.execute("INSERT INTO a VALUES (1)", []).expect("a row");
        migrate_with(&mut connection, &[FIRST, SECOND], 0).expect("version 2");
        migrate_with(&mut connection, &[FIRST, SECOND], 0).expect("nothing left to do");
        let rows: i64 =
            connection.query_row("SELECT count(*) FROM a", [], |r| r.get(0)).expect("the row");
        assert_eq!((version(&connection), rows), (2, 1));
    }

    #[test]
    fn e2_a_database_whose_rows_prove_nothing_is_not_opened() {
        let mut old = Connection::open_in_memory().expect("a database");
        migrate_with(&mut old, &SCRIPTS[..FIRST_PROVEN - 2], 0).expect("an earlier program");
        let refused = migrate(&mut old).expect_err("unproven").to_string();
        assert!(refused.contains("an earlier program made"), "{refused}");
        assert_eq!(version(&old), i64::try_from(FIRST_PROVEN - 2).expect("small"));
    }

    /// A database that this program made and closed.
    fn made() -> (tempfile::TempDir, Connection) {
        let (place, store) = crate::sqlite::tests::open();
        drop(store);
        let connection = Connection::open(place.path().join("jitsuin.db")).expect("the file");
        (place, connection)
    }

    #[test]
    fn e2_a_later_program_migrates_what_this_one_wrote() {
        let (_place, mut connection) = made();
        let later = [SCRIPTS, &[FIRST]].concat();
        migrate_with(&mut connection, &later, FIRST_PROVEN).expect("migrated");
        assert_eq!(version(&connection), i64::try_from(SCRIPTS.len() + 1).expect("small"));
    }

    /// A table that was added is empty in a database of before, and adds up to nothing.
    #[test]
    fn e2_what_was_written_before_the_last_table_was_added_proves_itself_still() {
        let (place, connection) = made();
        connection.execute_batch("DROP TABLE former_certificate").expect("as before");
        let before = i64::try_from(SCRIPTS.len() - 1).expect("small");
        connection.pragma_update(None, "user_version", before).expect("as before");
        drop(connection);
        let path = place.path().join("jitsuin.db");
        let store = Sqlite::open(path, crate::sqlite::tests::options()).expect("migrated");
        let report = store.prove(&mut StateProof::default(), ProofExtent::Whole).expect("a proof");
        assert_eq!(report.findings, Vec::<String>::new());
    }

    #[test]
    fn e6_a_database_whose_version_was_taken_away_is_refused_in_words() {
        let (_place, mut connection) = made();
        connection.pragma_update(None, "user_version", 0).expect("changed");
        let refused = migrate(&mut connection).expect_err("no version").to_string();
        assert!(refused.contains("no version"), "{refused}");
    }

    #[test]
    fn a_migration_that_fails_leaves_the_version_before() {
        let mut connection = Connection::open_in_memory().expect("a database");
        migrate_with(&mut connection, &[FIRST], 0).expect("version 1");
        let broken = "CREATE TABLE c (x INTEGER) STRICT; CREATE TABLE a (x INTEGER) STRICT";
        migrate_with(&mut connection, &[FIRST, broken], 0).expect_err("table a exists");
        let c: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'c'", [], |r| r.get(0))
            .expect("a count");
        assert_eq!((version(&connection), c), (1, 0));
    }

    #[test]
    fn a_newer_database_and_a_strangers_database_are_refused() {
        let mut newer = Connection::open_in_memory().expect("a database");
        migrate_with(&mut newer, &[FIRST, SECOND], 0).expect("version 2");
        let refused = migrate_with(&mut newer, &[FIRST], 0).expect_err("newer").to_string();
        assert!(refused.contains("version 2"), "{refused}");

        let mut other = Connection::open_in_memory().expect("a database");
        other.execute_batch("CREATE TABLE theirs (x)").expect("a table");
        let refused = migrate_with(&mut other, &[FIRST], 0).expect_err("a stranger's").to_string();
        assert!(refused.contains("another program"), "{refused}");
    }
}
