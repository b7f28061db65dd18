//! What a page tells a newcomer to do, done in a copy of the tree: the program needs nothing beside it.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::root;
use crate::demo::PROGRAM;
use crate::workplace::{MANAGER, Workplace};

const PAGE: &str = "docs/how-to/add-an-operation.md";

/// One file of the page, and what is to be written into it.
struct Change {
    file: String,
    text: String,
}

#[test]
fn an_operation_with_its_command_is_what_the_page_says_and_nothing_more() {
    let copy = TempDir::new().unwrap();
    let target = Path::new(PROGRAM).parent().unwrap();
    // Everything but the crates of the tree is built, and is not built again.
    let line = format!(
        "set -o pipefail; tar --exclude=./target --exclude=./.git -C {root} -cf - . | tar -xf - && \
         mkdir -p target/debug && cd {target} && \
         (find deps -maxdepth 1 -type f -name '*.*' ! -name '*jitsuin*' -print0; \
         find build .fingerprint -mindepth 1 -maxdepth 1 ! -name '*jitsuin*' -print0) | \
         xargs -0 cp -a --parents -t {copy}/target/debug",
        root = root().display(),
        target = target.display(),
        copy = copy.path().display(),
    );
    let copied = testkit::run_long(copy.path(), "bash", &["-c", &line]);
    assert!(copied.success, "{}", copied.text);
    let [row, operation, listed] = changes();
    insert(copy.path(), &row, "\n}\n\nimpl Party {");
    insert(copy.path(), &operation, "\nfn authority_body(");
    insert(copy.path(), &listed, "Listed::of::<ListAuthorities>()");
    let crates = ["build", "--offline", "--package", "jitsuin", "--package", "jitsuin-web"];
    let what = ["--bin", "jitsuin", "--example", "permissions", "--example", "openapi"];
    let features = ["--features", "jitsuin/pcsc,jitsuin/torture"];
    let built = [&crates[..], &what, &features, &["--target-dir", "target"]].concat();
    let built = testkit::run_long(copy.path(), env!("CARGO"), &built);
    assert!(built.success, "{}", built.text);
    let debug = copy.path().join("target/debug");
    let said = |program: PathBuf, words: &[&str]| {
        let said = testkit::run(copy.path(), program.to_str().unwrap(), words);
        assert!(said.success, "{}", said.text);
        said.text
    };
    // What it answers is asked of an installation, which the same program made without it.
    let place = Workplace::new();
    let ask = [&["--json"], &MANAGER[..], &["ca", "generations", "jpki-auth"]].concat();
    let asked = testkit::run(place.path(), debug.join("jitsuin").to_str().unwrap(), &ask);
    assert!(asked.success && asked.text.contains("\"generations\":[1]"), "{}", asked.text);
    let help = said(debug.join("jitsuin"), &["ca", "generations", "--help"]);
    assert!(help.contains("the oldest first") && help.contains("<CA>"), "{help}");
    let table = said(debug.join("examples/permissions"), &[]);
    let row = "list_generations | any | ca-manager, internal-auditor | API, ca generations";
    assert!(table.lines().any(|line| line == row), "{table}");
    let document = said(debug.join("examples/openapi"), &[]);
    for part in ["/api/v1/cas/{ca}/generations", "GenerationList", "The generations."] {
        assert!(document.contains(part), "{part}");
    }
}

/// The changes of the page, each after the last file that is named before it.
fn changes() -> [Change; 3] {
    let text = fs::read_to_string(root().join(PAGE)).unwrap();
    let blocks: Vec<_> = text.split("```rust\n").collect();
    let changes = blocks.windows(2).map(|pair| {
        let (_, link) = pair[0].rsplit_once("(../../").unwrap();
        let (block, _) = pair[1].split_once("```").unwrap();
        let lines = block.lines().map(|line| line.strip_prefix("   ").unwrap_or(line));
        let lines: Vec<_> = lines.collect();
        let (file, _) = link.split_once(')').unwrap();
        Change { file: file.to_owned(), text: lines.join("\n") }
    });
    let changes: Vec<_> = changes.collect();
    changes.try_into().unwrap_or_else(|_| panic!("{PAGE}: a row, the operation and its line"))
}

/// Writes it before the first such place.
fn insert(copy: &Path, change: &Change, place: &str) {
    let path = copy.join(&change.file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(place), "{}: {place:?}", change.file);
    fs::write(path, text.replacen(place, &format!("\n{}{place}", change.text), 1)).unwrap();
}
