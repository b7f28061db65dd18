//! The residents with whom the windows work: those who have no certificate yet.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rusqlite::Connection;
use serde_json::Value;

/// The records of residents who never applied, of one municipality.
pub(super) fn strangers(place: &Path, municipality: &str) -> Vec<Value> {
    let known = known(&place.join("data/state.db"));
    let text = fs::read_to_string(place.join("data/register/residents.jsonl")).unwrap();
    let all = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    all.filter(|one| one["municipality"] == municipality && is_plain(one))
        .filter(|one| !known.contains(one["code"].as_str().unwrap()))
        .collect()
}

fn known(database: &Path) -> BTreeSet<String> {
    let database = Connection::open(database).unwrap();
    let mut statement = database.prepare("SELECT DISTINCT resident FROM application").unwrap();
    let codes = statement.query_map([], |row| row.get(0)).unwrap();
    codes.map(Result::unwrap).collect()
}

/// Born here, grown up, and in characters that need no substitutes.
fn is_plain(resident: &Value) -> bool {
    let common = |field: &str| {
        let text = resident[field].as_str().unwrap();
        let is_variant = |c: char| ('\u{e0100}'..='\u{e01ef}').contains(&c);
        !text.contains(['髙', '﨑', '𠮷', '德', '瀨', '栁', '濵', '邉', '－'])
            && !text.contains(is_variant)
    };
    resident["is_foreign"] == false
        && resident["moved_out"].is_null()
        && resident["birth_date"].as_str() < Some("2000")
        && common("family_name")
        && common("given_name")
        && common("address")
}
