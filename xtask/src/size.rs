//! How large the house is: lines by crate and kind, the longest pieces, what is public, and what an
//! operation costs.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::Result;

use crate::tidy::{functions, production};
use crate::workspace;

/// How many of the longest are named.
const LONGEST: usize = 10;

/// Where operations are told: to the API, to the windows and the people, and to the command line.
const OPERATIONS: &[&str] = &[
    "crates/web/src/api",
    "crates/web/src/desk",
    "crates/web/src/operation",
    "crates/web/src/wire",
    "crates/jitsuin/src/cli",
    "crates/jitsuin/src/commands",
];

/// The table with a line for each operation.
const TABLE: &str = "docs/tables/permissions.txt";

/// Lines by kind.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Lines {
    /// Of the program, comments and empty lines aside.
    code: usize,
    /// Comments of the program.
    comments: usize,
    /// Of tests, benchmarks and examples, whatever is on them.
    tests: usize,
    /// Items that other crates see.
    public: usize,
}

impl Lines {
    fn of(file: &str, content: &str, of_tests: &[String]) -> Self {
        let is_beside = ["/tests/", "/benches/", "/examples/"].iter().any(|p| file.contains(p));
        if is_beside || of_tests.iter().any(|module| is_in(file, module)) {
            return Self { tests: content.lines().count(), ..Self::default() };
        }
        let program = production(content);
        let tests = content.lines().count() - program.lines().count();
        let lines = program.lines().map(str::trim_start).filter(|line| !line.is_empty());
        let (comments, code): (Vec<_>, Vec<_>) = lines.partition(|line| line.starts_with("//"));
        let public = code.iter().filter(|line| is_public(line)).count();
        Self { code: code.len(), comments: comments.len(), tests, public }
    }

    fn add(&mut self, other: Self) {
        self.code += other.code;
        self.comments += other.comments;
        self.tests += other.tests;
        self.public += other.public;
    }
}

/// Prints the figures.
///
/// # Errors
/// A file cannot be read.
pub(crate) fn run() -> Result<()> {
    let mut files = Vec::new();
    for file in workspace::files()?.into_iter().filter(|file| file.ends_with(".rs")) {
        let content = workspace::read(&file)?;
        files.push((file, content));
    }
    let operations = workspace::read(TABLE)?.lines().count();
    print!("{}", report(&files, operations));
    Ok(())
}

fn report(files: &[(String, String)], operations: usize) -> String {
    let mut text =
        format!("{:<12} {:>8} {:>9} {:>8} {:>7}\n", "crate", "code", "comments", "tests", "public");
    let mut crates: BTreeMap<&str, Lines> = BTreeMap::new();
    let (mut long_files, mut long_functions) = (Vec::new(), Vec::new());
    let mut told = 0;
    let of_tests: Vec<_> =
        files.iter().flat_map(|(file, content)| test_modules(file, content)).collect();
    for (file, content) in files {
        let lines = Lines::of(file, content, &of_tests);
        crates.entry(crate_of(file)).or_default().add(lines);
        if lines.code > 0 {
            let length = production(content).lines().count();
            long_files.push((length, file.clone()));
            let inside = functions(production(content)).into_iter();
            long_functions.extend(inside.map(|(name, lines)| (lines, format!("{file} {name}"))));
            if OPERATIONS.iter().any(|place| is_in(file, place)) {
                told += length;
            }
        }
    }
    let mut all = Lines::default();
    for (name, lines) in &crates {
        row(&mut text, name, lines);
        all.add(*lines);
    }
    row(&mut text, "all", &all);
    longest(&mut text, "files", long_files);
    longest(&mut text, "functions", long_functions);
    let each = told / operations.max(1);
    let _ = write!(
        text,
        "\n{operations} operations are told in {told} lines, {each} each, with comments and without \
         tests\n"
    );
    text
}

fn row(text: &mut String, name: &str, lines: &Lines) {
    let Lines { code, comments, tests, public } = lines;
    let _ = writeln!(text, "{name:<12} {code:>8} {comments:>9} {tests:>8} {public:>7}");
}

fn longest(text: &mut String, what: &str, mut found: Vec<(usize, String)>) {
    found.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
    let _ = writeln!(text, "\nlongest {what}, with comments and without tests");
    for (lines, name) in found.into_iter().take(LONGEST) {
        let _ = writeln!(text, "{lines:>5} {name}");
    }
}

/// The crate of a file, or the directory of what is none.
fn crate_of(file: &str) -> &str {
    let inside = file.strip_prefix("crates/").unwrap_or(file);
    inside.split('/').next().unwrap_or(inside)
}

/// Whether a file is a module or lies in its directory.
fn is_in(file: &str, module: &str) -> bool {
    let rest = file.strip_prefix(module);
    rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

/// The modules of a file, in files of their own, that are there for tests alone.
fn test_modules(file: &str, content: &str) -> Vec<String> {
    let (directory, name) = file.rsplit_once('/').unwrap_or(("", file));
    let place = match name {
        "lib.rs" | "main.rs" | "mod.rs" => directory.to_owned(),
        name => format!("{directory}/{}", name.trim_end_matches(".rs")),
    };
    let lines = content.lines().collect::<Vec<_>>();
    let marked = lines.windows(2).filter(|pair| pair[0].trim() == "#[cfg(test)]");
    let names = marked.filter_map(|pair| pair[1].trim().strip_prefix("mod ")?.strip_suffix(';'));
    names.map(|name| format!("{place}/{name}")).collect()
}

fn is_public(line: &str) -> bool {
    const ITEMS: &[&str] = &[
        "async", "const", "enum", "fn", "macro", "mod", "static", "struct", "trait", "type", "use",
    ];
    let mut words = line.split(' ');
    words.next() == Some("pub") && words.next().is_some_and(|word| ITEMS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
//! A.

/// B.
pub fn b() {
    c();
}

pub(crate) fn c() {}

#[cfg(test)]
mod tests {
    fn d() {}
}
";

    #[test]
    fn lines_are_of_code_comments_or_tests() {
        let found = Lines::of("crates/a/src/a.rs", FILE, &[]);
        assert_eq!(found, Lines { code: 4, comments: 2, tests: 5, public: 1 });
        let all = Lines { tests: 13, ..Lines::default() };
        assert_eq!(Lines::of("crates/a/tests/a.rs", FILE, &[]), all);
        let of_tests = test_modules("crates/a/src/main.rs", "#[cfg(test)]\nmod years;\nmod b;\n");
        assert_eq!(of_tests, ["crates/a/src/years"]);
        assert_eq!(Lines::of("crates/a/src/years/c.rs", FILE, &of_tests), all);
        assert_eq!(Lines::of("crates/a/src/years.rs", FILE, &of_tests), all);
    }

    #[test]
    fn the_figures_name_the_longest_and_what_an_operation_costs() {
        let files = ["crates/web/src/desk.rs", "crates/web/src/desk/b.rs", "crates/x/src/a.rs"]
            .map(|name| (name.to_owned(), FILE.to_owned()));
        let said = report(&files, 4);
        assert!(said.contains("web                 8"), "{said}");
        assert!(said.contains("    3 crates/x/src/a.rs b"), "{said}");
        assert!(said.contains("4 operations are told in 16 lines, 4 each"), "{said}");
    }
}
