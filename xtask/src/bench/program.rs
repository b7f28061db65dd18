//! How large the program is, as it is built for release and as it is installed.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::{process, workspace};

/// What filters know it by.
pub(super) const NAME: &str = "program";

/// Builds the program and strips a copy: its octets beside those with the names of its functions, which
/// a backtrace wants.
///
/// # Errors
/// It cannot be built, or there is no `strip`, which comes with every C compiler.
pub(super) fn figure() -> Result<Value> {
    process::run(process::cargo().args(["build", "--quiet", "--release", "--package", "jitsuin"]))?;
    let built = workspace::target_dir().join("release/jitsuin");
    let stripped = built.with_extension("stripped");
    process::run(Command::new("strip").arg("-o").arg(&stripped).arg(&built))?;
    let octets = (length(&stripped)?, length(&built)?);
    std::fs::remove_file(&stripped)?;
    Ok(figure_of(octets))
}

fn length(file: &Path) -> Result<u64> {
    Ok(std::fs::metadata(file).with_context(|| file.display().to_string())?.len())
}

/// The figure of so many octets, stripped and as built.
fn figure_of((stripped, built): (u64, u64)) -> Value {
    let megabytes = |octets: u64| octets as f64 / 1e6;
    json!({
        "name": "program, stripped",
        "unit": "MB",
        "value": megabytes(stripped),
        "reference": "as built",
        "reference_value": megabytes(built),
        "ratio": stripped as f64 / built as f64,
        "aim": Value::Null,
        "meets_aim": Value::Null,
        "rounds": [[megabytes(stripped), megabytes(built)]],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_stands_in_the_table_beside_what_was_built() {
        let table = super::super::table::render(&[figure_of((25_400_000, 31_750_000))]);
        let row: Vec<&str> = table.lines().nth(1).unwrap_or_default().split("  ").collect();
        let row: Vec<&str> =
            row.into_iter().map(str::trim).filter(|cell| !cell.is_empty()).collect();
        assert_eq!(row, ["program, stripped", "25.4 MB", "31.8", "as built", "0.800"]);
    }
}
