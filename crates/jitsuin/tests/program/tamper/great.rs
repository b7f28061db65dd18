//! An installation that is too great to be proven whole at each start, by a limit of no rows.

use rusqlite::Connection;

use super::populate;
use crate::installation::Installation;

/// More than this is proven whole beside the work alone.
const GREAT: [(&str, &str); 1] = [("JITSUIN_PROVEN_FIRST", "0")];

/// Certificates that were revoked since the oldest copy, back as they were.
const PUT_BACK: &str = "REPLACE INTO main.certificate SELECT old.* FROM older.certificate AS old
    JOIN main.certificate AS now USING (ca, serial)
    WHERE now.state = 'revoked' AND old.state = 'good'";

#[test]
fn v11_revocations_put_back_in_a_great_installation_are_refused_at_its_start() {
    let place = Installation::made_by(populate::copy);
    let server = place.serve(&GREAT).unwrap_or_else(|said| panic!("untouched: {said}"));
    drop(server);
    let [older, _] = populate::older(place.path());
    let database = Connection::open(place.path().join("data/state.db")).unwrap();
    database.execute("ATTACH ?1 AS older", [older.to_str()]).unwrap();
    assert!(database.execute(PUT_BACK, []).unwrap() > 0, "nothing was revoked since");
    drop(database);
    let said = place.serve(&GREAT).map(drop).expect_err("it serves");
    assert!(said.contains("nothing is done on a database in doubt"), "{said}");
    assert!(said.contains("the certificates that lists of jpki-auth"), "{said}");
}
