//! Which file of a crate names what another declares: the graph behind the rules on its rooms and circles.
//!
//! A name is followed through `pub use` to the file that declares it, so that neither a crate's `lib.rs`
//! nor the head of a directory stands between two files. Code for tests does not count.

mod module;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};

use crate::tidy::production;
use module::{Module, Path};

/// The files of one crate and what they name of each other.
pub(crate) struct Imports {
    modules: BTreeMap<Path, Placed>,
    /// What code names.
    pub(crate) named: Edges,
    /// What is handed on under another path.
    pub(crate) handed_on: Edges,
}

/// For each file the other files of which it says something, with the paths that say it.
pub(crate) type Edges = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// A module and the file it is in.
struct Placed {
    file: String,
    module: Module,
}

/// What a path leads to.
enum Found {
    Module(Path),
    /// Something that this module declares.
    Declared(Path),
    /// Something of another crate.
    Elsewhere,
}

/// How often a name may be handed on before it counts as one of another crate.
const DEEPEST: usize = 16;

impl Imports {
    /// The graph of a crate, by its root (`…/src/lib.rs`) and whatever reads a file of it.
    pub(crate) fn of(root: &str, read: impl Fn(&str) -> Option<String>) -> Self {
        let (named, handed_on) = (Edges::new(), Edges::new());
        let mut imports = Self { modules: BTreeMap::new(), named, handed_on };
        if let Some(content) = read(root) {
            let directory = root.rsplit_once('/').map_or("", |(directory, _)| directory);
            imports.place(Vec::new(), root, directory, Module::read(production(&content)), &read);
        }
        imports.link();
        imports
    }

    /// Puts a module and those in it where they belong.
    fn place(
        &mut self,
        path: Path,
        file: &str,
        directory: &str,
        mut module: Module,
        read: &impl Fn(&str) -> Option<String>,
    ) {
        let inside = |name: &str| [path.as_slice(), &[name.to_owned()]].concat();
        for (name, inline) in std::mem::take(&mut module.inline) {
            self.place(inside(&name), file, &format!("{directory}/{name}"), inline, read);
            module.children.push(name);
        }
        for name in &module.children {
            let beside = format!("{directory}/{name}");
            let files = [format!("{beside}.rs"), format!("{beside}/mod.rs")];
            let found = files.iter().find_map(|file| Some((file, read(file)?)));
            if let Some((file, content)) = found {
                let child = Module::read(production(&content));
                self.place(inside(name), file, &beside, child, read);
            }
        }
        self.modules.insert(path, Placed { file: file.to_owned(), module });
    }

    /// Follows every path that is written.
    fn link(&mut self) {
        let (mut named, mut handed_on) = (Edges::new(), Edges::new());
        for (path, Placed { file, module }) in &self.modules {
            let names = module.taken.iter().chain(&module.spoken);
            self.link_to(path, names, named.entry(file.clone()).or_default());
            self.link_to(path, &module.handed_on, handed_on.entry(file.clone()).or_default());
        }
        (self.named, self.handed_on) = (named, handed_on);
    }

    fn link_to<'a>(
        &self,
        at: &Path,
        names: impl IntoIterator<Item = &'a Path>,
        edges: &mut BTreeMap<String, BTreeSet<String>>,
    ) {
        for name in names {
            if let Some(other) =
                self.file_of(at, name).filter(|other| *other != self.modules[at].file)
            {
                edges.entry(other).or_default().insert(name.join("::"));
            }
        }
    }

    /// The file that declares what a path names in a module.
    fn file_of(&self, at: &Path, name: &Path) -> Option<String> {
        let is_macro = name.len() == 1;
        match self.follow(at, name, DEEPEST) {
            Found::Declared(path) => Some(self.modules.get(&path)?.file.clone()),
            // A module by itself is named only to say more; a macro may bear its module's name.
            Found::Module(path) if is_macro || self.is_glob(at, name) => {
                Some(self.modules.get(&path)?.file.clone())
            }
            Found::Module(_) | Found::Elsewhere => None,
        }
    }

    fn is_glob(&self, at: &Path, name: &Path) -> bool {
        self.modules.get(at).is_some_and(|placed| placed.module.globs.contains(name))
    }

    /// Where a path leads to.
    fn follow(&self, at: &[String], name: &[String], depth: usize) -> Found {
        let (Some(depth), Some((first, rest))) = (depth.checked_sub(1), name.split_first()) else {
            return Found::Elsewhere;
        };
        let mut found = match first.as_str() {
            "crate" => Found::Module(Vec::new()),
            "self" => Found::Module(at.to_vec()),
            "super" => above(at),
            _ => self.inside(at, first, depth).unwrap_or(Found::Elsewhere),
        };
        for next in rest {
            found = match found {
                Found::Module(path) if next == "super" => above(&path),
                // What is declared by a macro is found nowhere, and is where it is said to be.
                Found::Module(path) => {
                    self.inside(&path, next, depth).unwrap_or(Found::Declared(path))
                }
                Found::Declared(_) | Found::Elsewhere => return found,
            };
        }
        found
    }

    /// What a name stands for in a module that is known to have it.
    fn inside(&self, path: &[String], name: &str, depth: usize) -> Option<Found> {
        let module = &self.modules.get(path)?.module;
        if module.children.iter().any(|child| child == name) {
            return Some(Found::Module([path, &[name.to_owned()]].concat()));
        }
        if module.declared.contains(name) {
            return Some(Found::Declared(path.to_vec()));
        }
        if let Some(meant) = module.names.get(name) {
            let is_itself = meant.as_slice() == [name];
            return Some(if is_itself {
                Found::Elsewhere
            } else {
                self.follow(path, meant, depth)
            });
        }
        module.globs.iter().find_map(|glob| match self.follow(path, glob, depth) {
            Found::Module(all) if all != path => self.inside(&all, name, depth.checked_sub(1)?),
            _ => None,
        })
    }
}

/// The module around one.
fn above(path: &[String]) -> Found {
    path.split_last().map_or(Found::Elsewhere, |(_, around)| Found::Module(around.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each file names, of files given as `path: content`.
    fn named(files: &[(&str, &str)]) -> BTreeMap<String, BTreeSet<String>> {
        let read = |file: &str| {
            files.iter().find(|(name, _)| *name == file).map(|(_, content)| (*content).to_owned())
        };
        let named = Imports::of("src/lib.rs", read).named.into_iter();
        let named = named.map(|(file, others)| (file, others.into_keys().collect()));
        named.filter(|(_, others): &(_, BTreeSet<_>)| !others.is_empty()).collect()
    }

    fn expected(edges: &[(&str, &[&str])]) -> BTreeMap<String, BTreeSet<String>> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        edges.iter().map(|(from, to)| ((*from).to_owned(), owned(to))).collect()
    }

    #[test]
    fn a_name_is_followed_to_the_file_that_declares_it() {
        let found = named(&[
            ("src/lib.rs", "mod a; mod b; pub use a::A;"),
            ("src/a.rs", "mod c; pub use c::C as A; pub(crate) use c::*;"),
            ("src/a/c.rs", "use std::fmt; pub struct C; pub struct D;"),
            ("src/b/mod.rs", "use crate::A; use crate::a::D; use other::E;"),
        ]);
        assert_eq!(found, expected(&[("src/b/mod.rs", &["src/a/c.rs"])]));
    }

    #[test]
    fn paths_in_the_code_count_and_a_module_by_itself_does_not() {
        let found = named(&[
            ("src/lib.rs", "mod a; mod b; mod c; fn e() { c::f(); }"),
            ("src/a.rs", "use crate::b; fn g() { b::h(); super::e(); }"),
            ("src/b.rs", "use crate::a; pub fn h() {}"),
            ("src/c.rs", "pub fn f() {} #[cfg(test)] mod tests { use crate::a::g; }"),
        ]);
        let edges: &[(&str, &[&str])] =
            &[("src/a.rs", &["src/b.rs", "src/lib.rs"]), ("src/lib.rs", &["src/c.rs"])];
        assert_eq!(found, expected(edges));
    }
}
