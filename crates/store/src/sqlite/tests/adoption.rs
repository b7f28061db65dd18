//! A database that an earlier program made: its state is adopted once, as it stands, and said so.

use std::path::PathBuf;

use domain::staff::{PersonState, ProposalKind, Role};
use rusqlite::Connection;
use tempfile::TempDir;

use super::options;
use crate::contract::fixtures::{act, ca, municipality, resident, serial};
use crate::journal::{KeyRing, PersonalDataKey, encode_unproven, leaf_hash};
use crate::sqlite::{migrate, table};
use crate::{ProofExtent, Sqlite, StateProof, Store, Tally};

/// As the program before left one: a CA, a revoked certificate and one in force, a person.
fn old() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("jitsuin.db");
    let mut connection = Connection::open(&path).expect("a file");
    migrate::migrate_to_unproven(&mut connection).expect("the version before");
    connection
        .execute_batch(&format!(
            "INSERT INTO ca VALUES ('test-auth', zeroblob(32), 1);
            INSERT INTO person VALUES ('operator-1', '見本', 'active', NULL, 5);
            INSERT INTO person_role VALUES ('operator-1', 0, 1, 'repository-operator'),
                ('operator-1', 0, 0, 'senior-operator'), ('operator-1', 1, 0, 'examiner');
            INSERT INTO proposal VALUES ('operator-1', 'roles', NULL, 'operator-1', 6);
            INSERT INTO certificate (ca, serial, generation, kind, partition, state, state_at, reason,
                not_before, not_after, issued, changed, intended_at, subject, spki_sha256,
                policy_digest, holder, tbs, der)
                VALUES ('test-auth', x'{}', 1, 'user', '{place}', 'revoked', 7, 'superseded', 0, 9,
                    0, 0, 0, x'01', zeroblob(32), zeroblob(32), '{}', x'aa', x'bb'),
                ('test-auth', x'{}', 1, 'user', '{place}', 'good', NULL, NULL, 0, 9,
                    1, 1, 0, x'02', zeroblob(32), zeroblob(32), '{}', x'cc', x'dd');",
            serial(1),
            resident(1),
            serial(2),
            resident(2),
            place = municipality(),
        ))
        .expect("rows");
    for sequence in 0..2 {
        let body = encode_unproven(sequence);
        let values = rusqlite::params![sequence, "system-started", body, leaf_hash(&body)];
        connection
            .execute("INSERT INTO journal VALUES (?1, ?2, ?3, ?4)", values)
            .expect("an entry");
    }
    let ring = KeyRing::new(PersonalDataKey::new([7; 32]));
    let proof = ring.proof().expect("a proof");
    connection
        .execute("INSERT INTO meta VALUES ('personal-data-key', ?1)", [proof])
        .expect("a row");
    (directory, path)
}

#[test]
fn e2_an_older_state_is_adopted_once_and_said_so() {
    let (_directory, path) = old();
    let error = Sqlite::open(&path, options()).expect_err("nobody adopts it").to_string();
    assert!(error.contains("adopt"), "{error}");
    let store = Sqlite::open(&path, options().adopting(act("op-adopt"))).expect("adopted");
    let prove = |store: &Sqlite| {
        store.prove(&mut StateProof::default(), ProofExtent::Whole).expect("a proof").findings
    };
    assert_eq!(prove(&store), Vec::<String>::new());
    let person = store.person(&"operator-1".parse().expect("an id")).expect("read").expect("there");
    assert_eq!(person.roles, [Role::SeniorOperator, Role::RepositoryOperator]);
    assert_eq!(person.state, PersonState::Active);
    let proposal = person.proposal.expect("it waits");
    assert_eq!((proposal.kind, proposal.roles), (ProposalKind::Roles, vec![Role::Examiner]));
    let row = store.certificate(&ca(), &serial(2)).expect("read").expect("there");
    assert_eq!(row.der.as_deref(), Some(&[0xdd][..]));
    let tally = Tally { revoked: 1, ..Tally::default() };
    assert_eq!(store.tallies(&ca()).expect("read")[0].1, tally);
    let (_, body) = store.journal(2, 1).expect("read").remove(0);
    assert!(String::from_utf8(body).expect("text").contains("state-adopted"));
    drop(store);
    let store = Sqlite::open(&path, options()).expect("once is enough");
    assert_eq!(prove(&store), Vec::<String>::new());
    let undone = "UPDATE certificate SET state = 'good', state_at = NULL, reason = NULL";
    Connection::open(&path).expect("the file").execute(undone, []).expect("undone");
    assert_eq!(prove(&store).len(), 2, "the row, and the tally");
}

/// What a row's authenticator is over is what `SELECT *` gives: all columns, in their order.
#[test]
fn e2_the_tables_are_those_of_the_schema() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("jitsuin.db");
    drop(Sqlite::open(&path, options()).expect("a store"));
    let connection = Connection::open(&path).expect("the file");
    for table in table::ALL {
        let sql = format!("SELECT name FROM pragma_table_info('{}') ORDER BY cid", table.name);
        let mut statement = connection.prepare(&sql).expect("SQL");
        let names = statement.query_map([], |row| row.get::<_, String>(0)).expect("columns");
        let names = names.collect::<rusqlite::Result<Vec<_>>>().expect("names");
        assert_eq!(names, [table.columns(), &["changed", "mac"]].concat(), "{}", table.name);
    }
}
