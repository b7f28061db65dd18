//! The minutes of a ceremony (A 5.5.1.1, S 4-12-1-1): HTML and PDF of one record, and a note over
//! both that the audit key signs.

mod content;
mod font;
mod html;
mod layout;
mod note;
mod pdf;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use ca::ceremony::Record;
use store::journal::{CheckpointSigner, VerifierKey};

use self::font::MinutesFont;
pub(crate) use self::note::Attested;
use crate::home::write_public;

/// What the file names of the minutes end with; the ceremony's id stands before it.
const HTML: &str = ".minutes.html";
const PDF: &str = ".minutes.pdf";
const NOTE: &str = ".minutes.note";

/// The minutes, drawn up and signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Minutes {
    /// For screens and printers.
    pub(crate) html: String,
    /// For paper and archives.
    pub(crate) pdf: Vec<u8>,
    /// The signed note over both.
    pub(crate) note: String,
}

/// Whether minutes can be drawn up on this machine; asked before a ceremony, not after it.
///
/// # Errors
/// The font is not on the machine.
pub(crate) fn expect_drawable() -> Result<()> {
    MinutesFont::find().map(drop)
}

impl Minutes {
    /// Draws the minutes of a ceremony up; the same record and key make the same octets.
    ///
    /// # Errors
    /// The ceremony has not ended; the font is not on the machine; the key cannot sign.
    pub(crate) fn draw_up(record: &Record, signer: &dyn CheckpointSigner) -> Result<Self> {
        let id = &record.script.id;
        ensure!(record.ended.is_some(), "ceremony {id} has not ended: there are no minutes yet");
        let font = MinutesFont::find()?;
        let blocks = content::content(record).with_context(|| format!("the minutes of {id}"))?;
        let html = html::render(&record.script.title, &blocks);
        let pdf = pdf::render(&record.script.title, id.as_str(), &blocks, &font)?;
        let note = Attested::of(record, html.as_bytes(), &pdf).sign(signer)?;
        Ok(Self { html, pdf, note })
    }

    /// Writes the three files into a directory, the note last.
    ///
    /// # Errors
    /// A file cannot be written.
    pub(crate) fn write(&self, id: &str, directory: &Path) -> Result<[PathBuf; 3]> {
        std::fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
        let [html, pdf, note] = [HTML, PDF, NOTE].map(|end| directory.join(format!("{id}{end}")));
        write_public(&html, self.html.as_bytes())?;
        write_public(&pdf, &self.pdf)?;
        write_public(&note, self.note.as_bytes())?;
        Ok([html, pdf, note])
    }
}

/// Draws the minutes of a ceremony up and writes them into a directory; returns the names of the files.
///
/// # Errors
/// As [`Minutes::draw_up`] and [`Minutes::write`].
pub(crate) fn keep(
    record: &Record,
    signer: &dyn CheckpointSigner,
    directory: &Path,
) -> Result<[String; 3]> {
    let files = Minutes::draw_up(record, signer)?.write(record.script.id.as_str(), directory)?;
    Ok(files.map(|file| file.display().to_string()))
}

/// Verifies minutes with nothing but the files and the audit key.
///
/// # Errors
/// One, which names the file that was changed.
pub(crate) fn verify_minutes(
    note: &str,
    html: &[u8],
    pdf: &[u8],
    key: &VerifierKey,
) -> Result<Attested> {
    let attested = Attested::open(note, key).context("the minutes' note")?;
    for (end, octets, signed) in
        [(HTML, html, &attested.html_sha256), (PDF, pdf, &attested.pdf_sha256)]
    {
        let found = note::sha256_hex(octets);
        ensure!(
            found == *signed,
            "{}{end} was changed: its SHA-256 is {found}, and {signed} was signed",
            attested.ceremony
        );
    }
    Ok(attested)
}

/// Verifies every minutes in a directory; there must be some.
///
/// # Errors
/// One, which names the file.
pub(crate) fn verify_directory(directory: &Path, key: &VerifierKey) -> Result<Vec<Attested>> {
    let place = || directory.display().to_string();
    let mut names: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(directory).with_context(place)? {
        let name = entry.with_context(place)?.file_name().to_string_lossy().into_owned();
        names.extend(name.strip_suffix(NOTE).map(ToOwned::to_owned));
    }
    names.sort_unstable();
    if names.is_empty() {
        bail!("{}: no minutes are here (*{NOTE})", directory.display());
    }
    names.iter().map(|name| verify_files(directory, name, key)).collect()
}

fn verify_files(directory: &Path, name: &str, key: &VerifierKey) -> Result<Attested> {
    let path = |end: &str| directory.join(format!("{name}{end}"));
    let read = |end: &str| {
        let path = path(end);
        std::fs::read(&path).with_context(|| path.display().to_string())
    };
    let note = path(NOTE).display().to_string();
    let text = String::from_utf8(read(NOTE)?).ok().with_context(|| format!("{note}: no text"))?;
    let attested =
        verify_minutes(&text, &read(HTML)?, &read(PDF)?, key).with_context(|| note.clone())?;
    ensure!(attested.ceremony == name, "{note} is the note of {}", attested.ceremony);
    Ok(attested)
}
