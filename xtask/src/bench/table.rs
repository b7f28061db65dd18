//! Figures as a table for people.

use serde_json::Value;

const HEADINGS: [&str; 6] = ["figure", "value", "beside", "reference", "ratio", "aim"];

/// The table, one line for each figure.
pub(super) fn render(figures: &[Value]) -> String {
    let mut rows = vec![HEADINGS.map(str::to_owned)];
    rows.extend(figures.iter().map(row));
    let width =
        |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 6] = std::array::from_fn(width);
    let line = |row: &[String; 6]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn row(figure: &Value) -> [String; 6] {
    let text = |field: &str| figure[field].as_str().unwrap_or_default().to_owned();
    let number = |field: &str| shown(figure[field].as_f64().unwrap_or(f64::NAN));
    [
        text("name"),
        format!("{} {}", number("value"), text("unit")),
        number("reference_value"),
        text("reference"),
        number("ratio"),
        aim(figure),
    ]
}

fn aim(figure: &Value) -> String {
    let met = if figure["meets_aim"] == true { "met" } else { "missed" };
    match (figure["aim"]["at_least"].as_f64(), figure["aim"]["at_most"].as_f64()) {
        (Some(least), _) => format!(">= {least}, {met}"),
        (_, Some(most)) => format!("<= {most}, {met}"),
        _ => String::new(),
    }
}

/// Three digits that say something; a whole number is a count, and stands as it is.
fn shown(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 || value.fract() == 0.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_figure_stands_beside_its_reference_and_aim() {
        let figure = json!({
            "name": "issuance", "unit": "1/s", "value": 1234.5, "reference": "raw",
            "reference_value": 2000.0, "ratio": 0.617, "aim": {"at_least": 0.8}, "meets_aim": false,
        });
        let table = render(&[figure]);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(
            lines[1].split_whitespace().collect::<Vec<_>>(),
            ["issuance", "1234", "1/s", "2000", "raw", "0.617", ">=", "0.8,", "missed"]
        );
        assert_eq!(lines[0].find("aim"), lines[1].find(">="));
    }

    #[test]
    fn a_count_has_no_decimals() {
        assert_eq!([7.0, 0.0, 7.5, 12345.0].map(shown), ["7", "0", "7.50", "12345"]);
    }
}
