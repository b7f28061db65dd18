//! Every table, every column: what somebody else changes in the file is found, or harmless.

pub(super) mod filled;

use std::path::{Path, PathBuf};

use domain::certificate::CertificateState;
use domain::journal::EventKind;
use domain::revocation::RevocationReason;
use jiff::Timestamp;
use rusqlite::Connection;
use rusqlite::types::Value;
use tempfile::TempDir;

use self::filled::{filled, signer};
use super::options;
use crate::contract::fixtures::{at, ca, serial, series, unit};
use crate::journal::{PersonalDataKey, Sealer, verify_database};
use crate::reads::{ReadCertificates, ReadHead, ReadPeople, ReadRevoked, ReadStatuses};
use crate::{
    Change, Error, Extent, NoticeRow, Options, ProofExtent, Sqlite, StateKey, StateProof, Store,
};

/// What nothing is decided on, with the reason.
const HARMLESS: &[(&str, &str)] = &[("sqlite_stat", "the planner's statistics")];

/// One change by somebody who has the file and SQL, and not the keys.
struct Intrusion {
    name: String,
    sql: String,
}

fn tables(connection: &Connection) -> Vec<String> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let mut statement = connection.prepare(sql).expect("SQL");
    let names = statement.query_map([], |row| row.get(0)).expect("tables");
    names.collect::<rusqlite::Result<_>>().expect("names")
}

fn columns(connection: &Connection, table: &str) -> Vec<(String, bool)> {
    let sql = format!("SELECT name, pk FROM pragma_table_info('{table}')");
    let mut statement = connection.prepare(&sql).expect("SQL");
    let names = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, u32>(1)? > 0)));
    names.expect("columns").collect::<rusqlite::Result<_>>().expect("names")
}

/// A condition for the one row that is changed: by its whole key.
fn one_row(connection: &Connection, table: &str, place: usize) -> Option<String> {
    let keys: Vec<_> = columns(connection, table).into_iter().filter(|(_, key)| *key).collect();
    let names: Vec<_> = keys.iter().map(|(name, _)| format!("quote({name})")).collect();
    let sql = format!("SELECT {} FROM {table} LIMIT 1 OFFSET {place}", names.join(", "));
    let mut statement = connection.prepare(&sql).expect("SQL");
    let mut rows = statement.query([]).expect("rows");
    let row = rows.next().expect("a read")?;
    let equal = keys.iter().enumerate().map(|(place, (name, _))| {
        format!("{name} = {}", row.get::<_, String>(place).expect("quoted"))
    });
    Some(equal.collect::<Vec<_>>().join(" AND "))
}

/// Every column of the first row set to another value of its kind, every row deleted, and rows whose
/// authenticators were exchanged.
fn changes(connection: &Connection) -> Vec<Intrusion> {
    let mut changes = Vec::new();
    for table in tables(connection) {
        let Some(row) = one_row(connection, &table, 0) else {
            panic!("{table} has no row: the suite does not fill it");
        };
        for (column, is_key) in columns(connection, &table) {
            let other = match other_value(connection, &table, &column, &row) {
                // A number that no other row has.
                Ok(_) if is_key => format!("{column} + 100000"),
                Ok(other) | Err(other) => other,
            };
            changes.push(Intrusion {
                name: format!("{table}.{column}"),
                sql: format!("UPDATE {table} SET {column} = {other} WHERE {row}"),
            });
        }
        let delete = format!("DELETE FROM {table} WHERE {row}");
        changes.push(Intrusion { name: format!("delete {table}"), sql: delete });
        changes.push(Intrusion {
            name: format!("empty {table}"),
            sql: format!("DELETE FROM {table}"),
        });
        let second = one_row(connection, &table, 1);
        let marked = columns(connection, &table).iter().any(|(name, _)| name == "mac");
        if let Some(second) = second.filter(|_| marked) {
            let sql = format!(
                "UPDATE {table} SET mac = (SELECT mac FROM {table} WHERE {second}) WHERE {row}"
            );
            changes.push(Intrusion { name: format!("foreign mac {table}"), sql });
        }
    }
    changes
}

/// SQL for a value that is not the one that stands there: a number, or something else.
fn other_value(
    connection: &Connection,
    table: &str,
    column: &str,
    row: &str,
) -> Result<String, String> {
    let sql = format!("SELECT {column} FROM {table} WHERE {row}");
    let value: Value = connection.query_row(&sql, [], |row| row.get(0)).expect("a value");
    match value {
        Value::Integer(0) => Ok("1".into()),
        Value::Integer(1) => Ok("0".into()),
        Value::Integer(number) => Ok((number + 1).to_string()),
        Value::Real(number) => Ok((number + 1.0).to_string()),
        Value::Text(text) => Err(format!("'{}x'", text.replace('\'', "''"))),
        Value::Blob(mut octets) => {
            match octets.last_mut() {
                Some(octet) => *octet ^= 1,
                None => octets.push(1),
            }
            let digits: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
            Err(format!("x'{digits}'"))
        }
        Value::Null => {
            let kind: String = connection
                .query_row(
                    "SELECT type FROM pragma_table_info(?1) WHERE name = ?2",
                    [table, column],
                    |row| row.get(0),
                )
                .expect("a type");
            Err(match kind.as_str() {
                "INTEGER" => "7".into(),
                "TEXT" => "'seven'".into(),
                _ => "x'07'".into(),
            })
        }
    }
}

/// Somebody with the file: no constraint holds them up.
fn intruder(path: &Path) -> Connection {
    let connection = Connection::open(path).expect("the file");
    let free = "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;";
    connection.execute_batch(free).expect("no constraints");
    connection
}

/// What a start or a check says of the file: nothing, if it finds nothing.
fn found(path: &Path) -> Vec<String> {
    let store = match Sqlite::open(path, options()) {
        Ok(store) => store,
        Err(error) => return vec![error.to_string()],
    };
    let report = store.prove(&mut StateProof::default(), ProofExtent::Whole).expect("a proof");
    let mut found = report.findings;
    assert_eq!(found.is_empty(), store.doubt().extent().is_none(), "{found:?}");
    let journal = verify_database(path, &signer().key(), &[]).expect("a verification");
    found.extend(journal.findings.iter().map(ToString::to_string));
    found
}

fn copy(from: &Path, name: &str) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join(name);
    std::fs::copy(from, &path).expect("a copy");
    (directory, path)
}

fn is_harmless(name: &str) -> bool {
    HARMLESS.iter().any(|(harmless, _)| name == *harmless)
}

#[test]
fn e2_every_change_of_every_column_is_found() {
    let (_directory, path) = filled();
    assert_eq!(found(&path), Vec::<String>::new(), "untouched");
    let mut missed = Vec::new();
    for change in changes(&intruder(&path)) {
        let (_copy, path) = copy(&path, "tampered.db");
        match intruder(&path).execute(&change.sql, []) {
            Ok(0) => panic!("{}: it changed nothing: {}", change.name, change.sql),
            Ok(_) => {}
            // The engine itself refuses it, constraints or not.
            Err(error) => {
                println!("{}: {error}", change.name);
                continue;
            }
        }
        if found(&path).is_empty() != is_harmless(&change.name) {
            missed.push(change.name);
        }
    }
    assert_eq!(missed, Vec::<String>::new());
}

/// Changes a row of every table once more, so that there is an older form of it to put back.
fn move_on(path: &Path) {
    let store = Sqlite::open(path, options()).expect("a store");
    filled::change_again(&store);
    Sealer::new([]).seal(&store, &signer(), at(9)).expect("sealed");
}

#[test]
fn e2_rows_that_are_put_back_or_planted_are_found() {
    let (_directory, path) = filled();
    let (_old, old) = copy(&path, "old.db");
    move_on(&path);
    assert_eq!(found(&path), Vec::<String>::new(), "moved on");
    let mut put_back = 0;
    for table in crate::sqlite::table::ALL.iter().map(|table| table.name) {
        let (_copy, path) = copy(&path, "tampered.db");
        let intruder = intruder(&path);
        intruder.execute("ATTACH ?1 AS old", [old.to_str()]).expect("the old one");
        let same = format!(
            "SELECT NOT EXISTS (SELECT * FROM main.{table} EXCEPT SELECT * FROM old.{table})
            AND NOT EXISTS (SELECT * FROM old.{table} EXCEPT SELECT * FROM main.{table})"
        );
        if intruder.query_row(&same, [], |row| row.get(0)).expect("compared") {
            continue;
        }
        let all =
            format!("DELETE FROM main.{table}; INSERT INTO main.{table} SELECT * FROM old.{table}");
        intruder.execute_batch(&all).expect("put back");
        drop(intruder);
        let told = found(&path).join("; ");
        assert!(told.contains(&format!("{table}: rows were put back")), "{table}: {told}");
        put_back += 1;
    }
    assert!(put_back >= 19, "{put_back} tables have an older form");
}

/// Somebody may copy a whole row, authenticator and all: it is not theirs to give.
#[test]
fn e2_a_planted_right_is_no_right() {
    let (_directory, path) = filled();
    let store = Sqlite::open(&path, options()).expect("a store");
    let planted =
        "INSERT INTO person SELECT 'ghost', name, state, municipality, since, 'ca-manager',
        proposed, proposed_roles, proposed_municipality, proposed_by, proposed_at, changed, mac
        FROM person WHERE id = 'manager-1'";
    intruder(&path).execute(planted, []).expect("planted");
    let ghost = "ghost".parse().expect("an id");
    let error = store.person(&ghost).expect_err("it proves nothing").to_string();
    assert!(error.contains("person ghost") && error.contains("authenticator"), "{error}");
    let refused = store.commit(unit(EventKind::RoomEntry, Change::AddNotice(notice())));
    assert!(matches!(refused, Err(Error::Doubted { .. })), "{refused:?}");
    assert_eq!(store.doubt().extent(), Some(Extent::Named));
    assert!(store.status(&ca(), &serial(3)).is_ok(), "every other row still proves itself");
}

#[test]
fn v11_a_revocation_undone_in_the_file_is_never_good() {
    let (_directory, path) = filled();
    let store = Sqlite::open(&path, options()).expect("a store");
    let undone = "UPDATE certificate SET state = 'good', state_at = NULL, reason = NULL
        WHERE state = 'revoked'";
    intruder(&path).execute(undone, []).expect("undone");
    let error = store.status(&ca(), &serial(1)).expect_err("in doubt");
    assert!(matches!(error, Error::Corrupt { .. }), "{error}");
    let report = store.prove(&mut StateProof::default(), ProofExtent::Whole).expect("a proof");
    assert_eq!(report.findings.len(), 4, "both, and what they come to: {report:?}");
}

/// What is in the journal's table is not yet in the journal: an entry that the program did not write
/// is never sealed, and so never vouches for anything.
#[test]
fn e2_a_planted_entry_is_never_sealed() {
    let (_directory, path) = filled();
    let store = Sqlite::open(&path, options()).expect("a store");
    let planted = "INSERT INTO journal SELECT sequence + 1, kind, body, leaf, mac FROM journal
        ORDER BY sequence DESC LIMIT 1";
    intruder(&path).execute(planted, []).expect("planted");
    let error = Sealer::new([]).seal(&store, &signer(), at(9)).expect_err("not ours");
    assert!(matches!(error, Error::Corrupt { .. }), "{error}");
    assert_eq!(store.doubt().extent(), Some(Extent::Everything));
    assert!(matches!(store.status(&ca(), &serial(3)), Err(Error::Doubted { .. })));
}

#[test]
fn e2_the_state_digest_needs_its_key() {
    let (_directory, path) = filled();
    let other = Options::new(PersonalDataKey::new([7; 32]), StateKey::new([5; 32]));
    let error = Sqlite::open(&path, other).expect_err("another key").to_string();
    assert!(error.contains("state digest"), "{error}");
    intruder(&path).execute("DELETE FROM state_digest", []).expect("gone");
    let error = Sqlite::open(&path, options()).expect_err("it was taken away").to_string();
    assert!(error.contains("missing"), "{error}");
}

/// A proof that follows another reads the new entries alone, and both see a small table at once.
#[test]
fn e2_a_recent_proof_sees_rights_at_once() {
    let (_directory, path) = filled();
    let store = Sqlite::open(&path, options()).expect("a store");
    let mut proof = StateProof::default();
    let recent = |proof: &mut StateProof| store.prove(proof, ProofExtent::Recent).expect("a proof");
    assert_eq!(recent(&mut proof).findings, Vec::<String>::new());
    filled::change_again(&store);
    let report = recent(&mut proof);
    assert_eq!((report.findings, Some(report.entries)), (vec![], next(&store)));
    intruder(&path).execute("DELETE FROM credential", []).expect("deleted");
    let told = recent(&mut proof).findings.join("; ");
    assert!(told.contains("credential: rows were put back, taken away or doubled: 0"), "{told}");
}

fn next(store: &Sqlite) -> Option<u64> {
    store.last_sequence().expect("read").map(|last| last + 1)
}

fn notice() -> NoticeRow {
    NoticeRow { ca: ca(), at: at(7), text: "後".to_owned() }
}

fn prove(store: &Sqlite) -> Vec<String> {
    store.prove(&mut StateProof::default(), ProofExtent::Recent).expect("a proof").findings
}

/// Rules over rows are written with them: a rule that passes over a change in silence, one more, one
/// less.
#[test]
fn e2_v11_rules_that_are_not_this_programs_are_found() {
    let hidden = "CREATE TRIGGER hide BEFORE UPDATE ON certificate WHEN NEW.state = 'revoked'
        BEGIN SELECT RAISE(IGNORE); END";
    for change in [
        hidden,
        "DROP INDEX certificate_pending",
        "CREATE TABLE more (x INTEGER) STRICT",
        "CREATE VIEW more AS SELECT * FROM person",
    ] {
        let (_directory, path) = filled();
        let store = Sqlite::open(&path, options()).expect("a store");
        assert!(prove(&store).is_empty());
        intruder(&path).execute_batch(change).expect("changed");
        let revoke = Change::SetCertificate {
            ca: ca(),
            serial: serial(3),
            from: CertificateState::Good,
            to: CertificateState::Revoked { at: at(9), reason: RevocationReason::Unspecified },
        };
        let said = store.commit(unit(EventKind::CertificateRevoked, revoke));
        let now = store.certificate(&ca(), &serial(3)).expect("a read").expect("a row").state;
        assert_eq!(said.is_ok(), matches!(now, CertificateState::Revoked { .. }), "{change}");
        let found = prove(&store);
        assert!(found.iter().any(|one| one.contains("schema")), "{change}: {found:?}");
        drop(store);
        let error = Sqlite::open(&path, options()).expect_err(change).to_string();
        assert!(error.contains("schema"), "{change}: {error}");
    }
}

/// A list is read from an index: a certificate that was revoked leaves it and another takes its place,
/// by the same state and as many as before.
#[test]
fn v11_e2_a_list_is_of_the_certificates_that_units_made_so_and_no_others() {
    let listed = |store: &Sqlite| {
        let mut serials = Vec::new();
        let series = series();
        let read = store.with_revoked(&series, true, Timestamp::MIN, &mut |snapshot| {
            snapshot.for_each(&mut |row| serials.push(row.serial)).map(drop)
        });
        read.map(|()| serials)
    };
    let (_directory, path) = filled();
    let store = Sqlite::open(&path, options()).expect("a store");
    let before = listed(&store).expect("it proves itself");
    assert!(!before.is_empty());
    let revoked = before[0].as_bytes().to_vec();
    let intruder = intruder(&path);
    let swap = "UPDATE certificate SET state = a.state, state_at = a.state_at, reason = a.reason
        FROM certificate AS a WHERE a.serial = ?1 AND certificate.serial = ?2";
    let good = "SELECT serial FROM certificate WHERE state = 'good' AND partition =
        (SELECT partition FROM certificate WHERE serial = ?1) LIMIT 1";
    let good: Vec<u8> = intruder.query_row(good, [&revoked], |row| row.get(0)).expect("a good one");
    intruder.execute(swap, [&revoked, &good]).expect("listed");
    let end = "UPDATE certificate SET state = 'good', state_at = NULL, reason = NULL
        WHERE serial = ?1";
    intruder.execute(end, [&revoked]).expect("not listed");
    let error = listed(&store).expect_err("as many, and others");
    assert!(matches!(error, Error::Corrupt { .. }), "{error}");
    assert_eq!(store.doubt().extent(), Some(Extent::Everything));
}

/// A file that was put in the place of the open one is another database, and what is committed to the
/// open one would be gone with the process.
#[test]
fn e6_v11_a_database_or_a_log_that_was_replaced_under_the_program_is_found() {
    for file in ["", "-wal", "-shm"] {
        let (_directory, path) = filled();
        let store = Sqlite::open(&path, options()).expect("a store");
        assert!(prove(&store).is_empty());
        let replaced = PathBuf::from(format!("{}{file}", path.display()));
        let copy = replaced.with_extension("copy");
        std::fs::copy(&replaced, &copy).expect("a copy");
        std::fs::rename(&copy, &replaced).expect("put in its place");
        // Nothing is acknowledged that might go into a file that is gone.
        let before = store.last_sequence().expect("read");
        let outcome = store.commit(super::durability::answer("op-beside", 1));
        assert!(matches!(outcome, Err(Error::Doubted { .. })), "{file}: {outcome:?}");
        assert_eq!(store.last_sequence().expect("read"), before, "{file}");
        let found = prove(&store);
        assert!(found.iter().any(|one| one.contains("another file")), "{file}: {found:?}");
        assert_eq!(store.doubt().extent(), Some(Extent::Everything));
    }
}

/// A copy by hard links is the same file under a second name, with a log of its own.
#[test]
fn e6_a_database_with_a_second_name_is_not_opened() {
    let (_directory, path) = filled();
    let second = path.with_extension("second");
    std::fs::hard_link(&path, &second).expect("a link");
    for name in [&path, &second] {
        let error = Sqlite::open(name, options()).expect_err("two names").to_string();
        assert!(error.contains("2 names"), "{error}");
    }
    std::fs::remove_file(&second).expect("removed");
    assert!(Sqlite::open(&path, options()).is_ok());
}
