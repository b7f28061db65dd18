//! What one module says of others: the modules in it, the names it takes, and the paths in its code.

use std::collections::{BTreeMap, BTreeSet};

use super::tokens::{is_name, tokens};

/// A path as it is written.
pub(super) type Path = Vec<String>;

/// One module, in a file or in the braces of one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Module {
    /// The modules in files of their own, those for tests aside.
    pub(super) children: Vec<String>,
    /// The modules in braces.
    pub(super) inline: BTreeMap<String, Module>,
    /// What is declared here.
    pub(super) declared: BTreeSet<String>,
    /// The names that `use` brings, with the paths they stand for.
    pub(super) names: BTreeMap<String, Path>,
    /// The modules of which all is taken.
    pub(super) globs: Vec<Path>,
    /// What is taken and not only handed on (`pub use`).
    pub(super) taken: BTreeSet<Path>,
    /// What is handed on.
    pub(super) handed_on: BTreeSet<Path>,
    /// Paths in the code: all that have more than one name, and macros.
    pub(super) spoken: BTreeSet<Path>,
}

impl Module {
    /// Reads a file, without its test module.
    pub(super) fn read(content: &str) -> Self {
        let mut reader = Reader { words: tokens(content), place: 0 };
        reader.module()
    }
}

struct Reader<'a> {
    words: Vec<&'a str>,
    place: usize,
}

impl<'a> Reader<'a> {
    /// Up to the brace that closes it, or the end.
    fn module(&mut self) -> Module {
        let mut module = Module::default();
        let (mut depth, mut is_public, mut for_tests) = (0_usize, false, false);
        while let Some(word) = self.next() {
            match word {
                "{" => depth += 1,
                "}" if depth == 0 => break,
                "}" => depth -= 1,
                "#" => {
                    for_tests |= self.attribute();
                    if for_tests && !matches!(self.peek(), Some("#" | "mod" | "pub")) {
                        self.skip_item();
                        for_tests = false;
                    }
                }
                "pub" => {
                    is_public = self.skip_parentheses() != Some("self");
                    continue;
                }
                "mod" => self.declared_module(&mut module, std::mem::take(&mut for_tests)),
                "use" => self.imported(&mut module, is_public),
                "struct" | "enum" | "trait" | "type" | "fn" | "const" | "static" | "union"
                    if depth == 0 =>
                {
                    module.declared.extend(self.peek().filter(|w| is_name(w)).map(str::to_owned));
                }
                "macro_rules" => module.declared.extend(self.peek_at(1).map(str::to_owned)),
                _ if is_name(word) => self.path(word, &mut module),
                _ => {}
            }
            is_public = false;
            for_tests &= word == "#";
        }
        module
    }

    /// `mod a;`, or `mod a {` up to its end.
    fn declared_module(&mut self, module: &mut Module, for_tests: bool) {
        let Some(name) = self.next().map(str::to_owned) else { return };
        match self.next() {
            Some("{") => {
                let inside = self.module();
                if !for_tests {
                    module.inline.insert(name, inside);
                }
            }
            Some(";") if !for_tests => module.children.push(name),
            _ => {}
        }
    }

    /// A whole `use`.
    fn imported(&mut self, module: &mut Module, is_public: bool) {
        let mut found = Vec::new();
        self.tree(&[], &mut found);
        for (path, name) in found {
            let Some(name) = name else {
                module.globs.push(path.clone());
                if is_public { &mut module.handed_on } else { &mut module.taken }.insert(path);
                continue;
            };
            if is_public { &mut module.handed_on } else { &mut module.taken }.insert(path.clone());
            module.names.insert(name, path);
        }
    }

    /// One branch of a `use`, with what stands before it: paths and their names, none for `*`.
    fn tree(&mut self, before: &[String], found: &mut Vec<(Path, Option<String>)>) {
        let mut path = before.to_vec();
        loop {
            match self.next() {
                Some("{") => {
                    while self.peek().is_some_and(|word| word != "}") {
                        self.tree(&path, found);
                    }
                    self.next();
                    // What follows the brace: a comma, or the end.
                    self.take_if(&[",", ";"]);
                    return;
                }
                Some("*") => {
                    found.push((path, None));
                    self.take_if(&[",", ";"]);
                    return;
                }
                Some("::") => continue,
                Some("self") if !path.is_empty() => {}
                Some(word) if is_name(word) => path.push(word.to_owned()),
                _ => return,
            }
            if self.peek() != Some("::") {
                break;
            }
        }
        let mut name = path.last().cloned();
        if self.take_if(&["as"]) {
            name = self.next().map(str::to_owned);
        }
        self.take_if(&[",", ";"]);
        found.extend(name.map(|name| (path, Some(name))));
    }

    /// A path in the code that begins with this word.
    fn path(&mut self, first: &str, module: &mut Module) {
        if self.place >= 2 && matches!(self.words[self.place - 2], "::" | ".") {
            return;
        }
        let mut path = vec![first.to_owned()];
        while self.peek() == Some("::") {
            match self.peek_at(1) {
                Some(word) if is_name(word) => path.push(word.to_owned()),
                _ => break,
            }
            self.place += 2;
        }
        if path.len() > 1 || self.peek() == Some("!") {
            module.spoken.insert(path);
        }
    }

    /// Whether an attribute, of which `#` was read, keeps what follows for tests alone.
    fn attribute(&mut self) -> bool {
        self.take_if(&["!"]);
        if self.peek() != Some("[") {
            return false;
        }
        let start = self.place;
        let mut depth = 0_usize;
        while let Some(word) = self.next() {
            match word {
                "[" => depth += 1,
                "]" if depth == 1 => break,
                "]" => depth -= 1,
                _ => {}
            }
        }
        self.words[start..self.place] == ["[", "cfg", "(", "test", ")", "]"]
    }

    /// To the end of what an attribute stands before.
    fn skip_item(&mut self) {
        let mut depth = 0_usize;
        while let Some(word) = self.peek() {
            match word {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" if depth == 0 => return,
                ")" | "]" | "}" => depth -= 1,
                _ => {}
            }
            self.place += 1;
            if depth == 0 && matches!(word, ";" | "," | "}") {
                return;
            }
        }
    }

    /// To whom `pub` says something is public, where it says so.
    fn skip_parentheses(&mut self) -> Option<&'a str> {
        // `pub (` of a field of a tuple begins its type; then no path of ours is lost but `pub(in …)`.
        let whom = self.peek_at(1).filter(|_| self.peek() == Some("("))?;
        matches!(whom, "crate" | "super" | "in" | "self").then(|| {
            while self.next().is_some_and(|word| word != ")") {}
            whom
        })
    }

    fn next(&mut self) -> Option<&'a str> {
        let word = self.words.get(self.place).copied();
        self.place += 1;
        word
    }

    fn peek(&self) -> Option<&'a str> {
        self.peek_at(0)
    }

    fn peek_at(&self, ahead: usize) -> Option<&'a str> {
        self.words.get(self.place + ahead).copied()
    }

    fn take_if(&mut self, wanted: &[&str]) -> bool {
        let is_there = self.peek().is_some_and(|word| wanted.contains(&word));
        self.place += usize::from(is_there);
        is_there
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(found: &BTreeSet<Path>) -> Vec<String> {
        found.iter().map(|path| path.join("::")).collect()
    }

    #[test]
    fn modules_imports_and_paths_are_found() {
        let module = Module::read(
            "
            mod a;
            pub(crate) mod b;
            #[cfg(test)]
            mod tests;
            use crate::{c::{self, D as E}, f};
            pub(super) use b::*;
            pub struct G(pub crate::h::I);
            fn j(k: f::L) { E::m(); k.n::<super::O>(); p!(); }
            mod q { use super::G; }
            pub(self) use crate::r;
            #[cfg(test)]
            use crate::w;
            fn x() { #[cfg(test)] let y = crate::z::a(1)?; crate::b::c(); }
            fn s(t: [u8; 2]) { t[..crate::u::V]; }
            ",
        );
        assert_eq!(module.children, ["a", "b"]);
        assert_eq!(paths(&module.taken), ["crate::c", "crate::c::D", "crate::f", "crate::r"]);
        assert_eq!(module.names["E"].join("::"), "crate::c::D");
        assert_eq!(module.globs, [["b"]]);
        assert_eq!(paths(&module.handed_on), ["b"]);
        assert_eq!(
            paths(&module.spoken),
            ["E::m", "crate::b::c", "crate::h::I", "crate::u::V", "f::L", "p", "super::O"]
        );
        assert_eq!(paths(&module.inline["q"].taken), ["super::G"]);
        assert!(module.declared.contains("G") && module.declared.contains("j"));
    }
}
