//! Which requirement rows have proof: tests whose names begin with the row's id.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};

use crate::workspace;

const LIST: &str = "docs/requirements.tsv";
const HEADER: &str = "id\twhat\tclauses";

/// Prints every row with its number of tests, and their names when all is to be told.
///
/// # Errors
/// The list is unreadable, or a test bears an id that no row has.
pub(crate) fn run(with_names: bool) -> Result<()> {
    let rows = parse(&workspace::read(LIST)?)?;
    let proofs = proofs_in_tree()?;
    print!("{}", report(&rows, &proofs, with_names));
    let unknown: Vec<&String> =
        proofs.keys().filter(|id| !rows.iter().any(|row| row.id == **id)).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let tests: Vec<&String> = unknown.iter().flat_map(|id| &proofs[*id]).collect();
    bail!("these tests bear an id that {LIST} does not have: {tests:?}")
}

/// A row of the list.
struct Row {
    id: String,
    what: String,
    clauses: String,
}

/// Tests by the id that they bear.
type Proofs = BTreeMap<String, Vec<String>>;

fn parse(text: &str) -> Result<Vec<Row>> {
    let mut lines = text.lines();
    ensure!(lines.next() == Some(HEADER), "{LIST}: the first line must be: {HEADER}");
    lines.map(|line| row(line).with_context(|| format!("{LIST}: {line}"))).collect()
}

fn row(line: &str) -> Result<Row> {
    let columns: Vec<&str> = line.split('\t').collect();
    let [id, what, clauses] = columns[..] else { bail!("{} columns, not 3", columns.len()) };
    ensure!(is_id(&id.to_lowercase()), "`{id}` is no id");
    Ok(Row { id: id.into(), what: what.into(), clauses: clauses.into() })
}

fn report(rows: &[Row], proofs: &Proofs, with_names: bool) -> String {
    let mut text = String::new();
    let mut proven = 0;
    for row in rows {
        let tests = proofs.get(&row.id).map_or(&[][..], Vec::as_slice);
        proven += usize::from(!tests.is_empty());
        let count = if tests.is_empty() { "-".to_owned() } else { tests.len().to_string() };
        text += &format!("{:<4}{count:>4}  {}  ({})\n", row.id, row.what, row.clauses);
        if with_names {
            text.extend(tests.iter().map(|test| format!("            {test}\n")));
        }
    }
    text + &format!("{proven} of {} rows have a test that bears their id\n", rows.len())
}

fn proofs_in_tree() -> Result<Proofs> {
    let mut proofs = Proofs::new();
    let files = workspace::files()?;
    for file in files.iter().filter(|file| file.starts_with("crates/") && file.ends_with(".rs")) {
        for name in tests(&workspace::read(file)?) {
            for id in ids(name) {
                proofs.entry(id).or_default().push(format!("{name} ({file})"));
            }
        }
    }
    Ok(proofs)
}

/// The names of the functions that a test attribute stands above.
fn tests(content: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut is_test = false;
    for line in content.lines().map(str::trim_start) {
        let name = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
        if let Some(name) = name.filter(|_| is_test) {
            names.push(name.split(['(', '<']).next().unwrap_or_default());
            is_test = false;
        } else if is_test_attribute(line) {
            is_test = true;
        } else if line.is_empty() || line.starts_with('}') {
            is_test = false;
        }
    }
    names
}

fn is_test_attribute(line: &str) -> bool {
    let Some(attribute) = line.strip_prefix("#[") else { return false };
    let path = attribute.split(['(', ']']).next().unwrap_or_default();
    path.ends_with("test")
}

/// The ids at the head of a name, as in `l1_l2_a_card_is_issued`.
fn ids(name: &str) -> Vec<String> {
    name.split('_').take_while(|part| is_id(part)).map(str::to_uppercase).collect()
}

/// A letter and a number below 100: `p256` is a curve and `x509` a standard.
fn is_id(part: &str) -> bool {
    let Some(number) = part.strip_prefix(['p', 'l', 'k', 'v', 'x', 'w', 'e', 'c']) else {
        return false;
    };
    (1..=2).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{Proofs, ids, parse, report, tests};

    #[test]
    fn a_name_bears_the_ids_at_its_head() {
        assert_eq!(ids("l10_hold_is_released"), ["L10"]);
        assert_eq!(ids("l1_l2_p3_a_card"), ["L1", "L2", "P3"]);
        assert!(ids("p256_signs").is_empty());
        assert!(ids("x509_is_read").is_empty());
        assert!(ids("end_to_end_l1").is_empty());
    }

    #[test]
    fn only_functions_under_a_test_attribute_count() {
        let content = "\
fn l1_helper() {}

#[test]
fn l2_plain() {}

#[rstest]
#[case::one(1)]
fn l3_cases(#[case] n: u8) {}

    #[tokio::test(flavor = \"multi_thread\")]
    async fn l4_async() {}

#[derive(Debug)]
struct A;
fn l5_helper() {}
";
        assert_eq!(tests(content), ["l2_plain", "l3_cases", "l4_async"]);
    }

    #[test]
    fn the_report_counts_rows_with_proof() {
        let rows = parse("id\twhat\tclauses\nL1\tissue\tA 4.3\nL2\tagain\tS 4\n").expect("rows");
        let proofs = Proofs::from([("L1".into(), vec!["l1_a (x.rs)".into()])]);
        let text = report(&rows, &proofs, true);
        assert!(text.contains("L1     1  issue  (A 4.3)\n            l1_a (x.rs)\n"), "{text}");
        assert!(text.contains("L2     -  again"), "{text}");
        assert!(text.ends_with("1 of 2 rows have a test that bears their id\n"), "{text}");
    }
}
