//! Circles: files of one crate that name each other in a ring, so that none is read before the others.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::imports::{Edges, Imports};
use crate::workspace;

/// The circles of one crate.
pub(crate) struct Circles {
    /// The directory of the crate.
    pub(crate) place: String,
    /// Each with its files, the largest first.
    pub(crate) rings: Vec<BTreeSet<String>>,
    named: Edges,
}

impl Circles {
    /// The circles of every crate that has files.
    ///
    /// # Errors
    /// The files cannot be listed.
    pub(crate) fn of_workspace() -> Result<Vec<Self>> {
        let files = workspace::files()?;
        let roots = files.iter().filter(|file| is_root(file));
        let read = |file: &str| workspace::read(file).ok();
        let found = roots.filter_map(|root| {
            let (place, _) = root.split_once("/src/")?;
            Some(Self::of(place, Imports::of(root, read)))
        });
        Ok(found.collect())
    }

    fn of(place: &str, imports: Imports) -> Self {
        let reached: BTreeMap<&str, BTreeSet<&str>> =
            imports.named.keys().map(|file| (file.as_str(), reached(&imports, file))).collect();
        let mut rings = BTreeSet::new();
        for (file, others) in reached.iter().filter(|(file, others)| others.contains(*file)) {
            let back = others.iter().filter(|other| reached[*other].contains(file));
            rings.insert(back.map(|other| (*other).to_owned()).collect::<BTreeSet<_>>());
        }
        let mut rings: Vec<_> = rings.into_iter().collect();
        rings.sort_by_key(|ring| std::cmp::Reverse(ring.len()));
        Self { place: place.to_owned(), rings, named: imports.named }
    }

    /// How many files are in circles.
    pub(crate) fn files(&self) -> usize {
        self.rings.iter().map(BTreeSet::len).sum()
    }

    /// What a person needs to open a circle: each file with those of its circle that it names, and how.
    fn listing(&self) -> String {
        let mut text = format!("{}: {} files in circles\n", self.place, self.files());
        for ring in &self.rings {
            text += &format!("  a circle of {}\n", ring.len());
            for file in ring {
                text += &format!("    {}\n", self.short(file));
                for (other, names) in self.named[file].iter().filter(|(it, _)| ring.contains(*it)) {
                    let names = Vec::from_iter(names.iter().map(String::as_str)).join(", ");
                    text += &format!("      {}: {names}\n", self.short(other));
                }
            }
        }
        text
    }

    fn short<'a>(&self, file: &'a str) -> &'a str {
        let inside = file.strip_prefix(self.place.as_str());
        inside.and_then(|inside| inside.strip_prefix("/src/")).unwrap_or(file)
    }
}

/// Prints the circles of every crate, or of one.
///
/// # Errors
/// The files cannot be listed.
pub(crate) fn run(only: Option<&str>) -> Result<()> {
    for circles in Circles::of_workspace()? {
        if only.is_none_or(|only| circles.place.ends_with(&format!("/{only}"))) {
            print!("{}", circles.listing());
        }
    }
    Ok(())
}

fn is_root(file: &str) -> bool {
    file.starts_with("crates/") && (file.ends_with("/src/lib.rs") || file.ends_with("/src/main.rs"))
}

/// The files that are reached from one over any number of steps.
fn reached<'a>(imports: &'a Imports, from: &str) -> BTreeSet<&'a str> {
    let next =
        |file: &str| imports.named.get(file).into_iter().flatten().map(|(it, _)| it.as_str());
    let mut found = BTreeSet::new();
    let mut queue: Vec<&str> = next(from).collect();
    while let Some(file) = queue.pop() {
        if found.insert(file) {
            queue.extend(next(file));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_reach_each_other_are_one_circle() {
        let read = |file: &str| {
            let content = match file {
                "crates/x/src/lib.rs" => "mod a; mod b; mod c; mod d; mod e; pub use a::A;",
                "crates/x/src/a.rs" => "use crate::b::B; pub struct A;",
                "crates/x/src/b.rs" => "use crate::c::C; pub struct B;",
                "crates/x/src/c.rs" => "use crate::A; use crate::d::D; pub struct C;",
                "crates/x/src/d.rs" => "use super::e::E; pub struct D;",
                "crates/x/src/e.rs" => "pub struct E;",
                _ => return None,
            };
            Some(content.to_owned())
        };
        let circles = Circles::of("crates/x", Imports::of("crates/x/src/lib.rs", read));
        assert_eq!((circles.files(), circles.rings.len()), (3, 1));
        assert!(
            circles.listing().contains("    c.rs\n      a.rs: crate::A\n"),
            "{}",
            circles.listing()
        );
    }
}
