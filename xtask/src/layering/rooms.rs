//! The rooms inside a crate: which folder's files must not name what another's declare.

use std::collections::BTreeSet;

use super::rules::Room;
use crate::imports::{Edges, Imports};

/// Files that name something behind a wall, and rooms that there are not, each as one line.
pub(super) fn violations(rooms: &[Room], read: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let crates: BTreeSet<&str> = rooms.iter().map(|room| room.within).collect();
    let mut found = Vec::new();
    for within in crates {
        let imports = Imports::of(&format!("{within}/src/lib.rs"), &read);
        for room in rooms.iter().filter(|room| room.within == within) {
            found.extend(missing(room, &imports));
            found.extend(seen(room, &imports.named));
            found.extend(seen(room, &imports.handed_on));
        }
    }
    found
}

/// A wall that stands nowhere holds nothing.
fn missing(room: &Room, imports: &Imports) -> Option<String> {
    let is_there = |name| imports.named.keys().any(|file| is_in(room, name, file));
    let gone = [room.from, room.to].into_iter().find(|name| !is_there(name))?;
    Some(format!("{} has no room {gone}: mend the table", room.within))
}

/// What files of the room name of the other.
fn seen(room: &Room, edges: &Edges) -> Vec<String> {
    let from = edges.iter().filter(|(file, _)| is_in(room, room.from, file));
    let edges = from.flat_map(|(file, others)| others.keys().map(move |other| (file, other)));
    let broken = edges.filter(|(_, other)| is_in(room, room.to, other));
    broken.map(|(file, other)| format!("{file} must not see {other}: {}", room.reason)).collect()
}

/// Whether a file is the head of a room or lies in its folder.
fn is_in(room: &Room, name: &str, file: &str) -> bool {
    let inside = file.strip_prefix(room.within).and_then(|rest| rest.strip_prefix("/src/"));
    let rest = inside.and_then(|inside| inside.strip_prefix(name));
    rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WALL: Room = Room { within: "crates/x", from: "a", to: "b", reason: "they are apart" };

    fn found(a: &str) -> String {
        let read = |file: &str| match file {
            "crates/x/src/lib.rs" => Some("mod a; mod b; pub use b::B;".to_owned()),
            "crates/x/src/a.rs" => Some(a.to_owned()),
            "crates/x/src/b/mod.rs" => Some("pub struct B;".to_owned()),
            _ => None,
        };
        violations(&[WALL], read).join("\n")
    }

    #[rstest::rstest]
    #[case::itself("use crate::b::B;")]
    #[case::by_another_name("use crate::B;")]
    #[case::without_use("fn f(b: super::B) {}")]
    #[case::handed_on("pub use crate::b::B;")]
    fn who_names_what_is_behind_a_wall_is_named(#[case] a: &str) {
        let expected = "crates/x/src/a.rs must not see crates/x/src/b/mod.rs: they are apart";
        assert_eq!(found(a), expected);
    }

    #[test]
    fn rooms_without_a_door_are_fine_and_missing_ones_are_told() {
        assert_eq!(found("use std::fmt;"), "");
        let told = violations(&[WALL], |_| None).join("\n");
        assert!(told.contains("crates/x has no room a"), "{told}");
    }
}
