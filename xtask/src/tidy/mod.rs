//! The rules of the text that a machine can check.

mod documents;
mod ratchet;
mod source;
mod text;

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use crate::circles::Circles;
use crate::workspace;
use ratchet::{Measure, Ratchet};
pub(crate) use source::{functions, production};

/// What is too long or too entangled today, and may only become less so.
const RATCHET: &str = "xtask/tidy-ratchet.txt";

/// Reads every file of the project once.
///
/// # Errors
/// Names every place that breaks a rule.
pub(crate) fn run() -> Result<()> {
    let files = workspace::files()?;
    let listing = Listing::of(&files);
    let mut complaints = Vec::new();
    let mut measures = Vec::new();
    for file in files.iter().filter(|file| workspace::root().join(file).is_file()) {
        let bytes = std::fs::read(workspace::root().join(file))?;
        complaints.extend(text::oversized(file, bytes.len()));
        let Ok(content) = String::from_utf8(bytes) else { continue };
        inspect(file, &content, &listing, &mut complaints, &mut measures);
    }
    measures.extend(Circles::of_workspace()?.iter().map(Measure::of_circles));
    let exceptions = std::fs::read_to_string(workspace::root().join(RATCHET)).unwrap_or_default();
    complaints.extend(Ratchet::parse(&exceptions)?.complaints(&measures));
    if complaints.is_empty() {
        return Ok(());
    }
    bail!("{} complaints:\n  {}", complaints.len(), complaints.join("\n  "))
}

/// The project's files and directories, to look links up in.
struct Listing {
    paths: BTreeSet<String>,
}

impl Listing {
    fn of(files: &[String]) -> Self {
        let mut paths = BTreeSet::new();
        for file in files {
            let parents = file.match_indices('/').map(|(end, _)| file[..end].to_owned());
            paths.extend(parents);
            paths.insert(file.clone());
        }
        Self { paths }
    }

    fn has(&self, path: &str) -> bool {
        path.is_empty() || self.paths.contains(path)
    }
}

fn inspect(
    file: &str,
    content: &str,
    listing: &Listing,
    complaints: &mut Vec<String>,
    measures: &mut Vec<Measure>,
) {
    complaints.extend(text::complaints(file, content));
    if file.ends_with(".md") {
        complaints.extend(documents::complaints(file, content, listing));
    }
    if file.ends_with(".rs") {
        complaints.extend(source::complaints(file, content));
        measures.extend(source::measures(file, content));
    }
}
