//! Secrets that come in a file, or on a line of standard input.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// One line from standard input, or a file.
pub(crate) fn read_secret(file: &str) -> Result<Vec<u8>> {
    if file == "-" {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).context("standard input")?;
        return Ok(line.into_bytes());
    }
    fs::read(Path::new(file)).with_context(|| file.to_owned())
}
