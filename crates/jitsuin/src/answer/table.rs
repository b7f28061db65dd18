//! Columns that are aligned on a terminal, where a full-width character takes two cells.

use unicode_width::UnicodeWidthStr;

/// What stands between two columns.
const GAP: &str = "  ";

/// Rows below a heading, each column as wide as its widest cell; nothing follows the last one.
pub(super) fn aligned(heading: &[String], rows: &[Vec<String>]) -> Vec<String> {
    let lines: Vec<&[String]> =
        std::iter::once(heading).chain(rows.iter().map(Vec::as_slice)).collect();
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.width()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..heading.len()).map(width).collect();
    let line = |cells: &&[String]| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| padded(cell, *width));
        padded.collect::<Vec<_>>().join(GAP).trim_end_matches(' ').to_owned()
    };
    lines.iter().map(line).collect()
}

/// Text with spaces after it, up to so many cells.
pub(super) fn padded(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_width_character_takes_two_cells() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let rows = [
            row(["埼玉　太郎", "-", "x"]),
            row(["ﾀﾛｳ", "good", "y"]),
            row(["か\u{3099}", "", "z"]),
        ];
        let lines = aligned(&row(["NAME", "STATE", "END"]), &rows);
        assert_eq!(
            lines,
            [
                "NAME        STATE  END",
                "埼玉　太郎  -      x",
                "ﾀﾛｳ         good   y",
                "か\u{3099}                 z",
            ]
        );
    }
}
