//! Who is let in where: every route with every role, by whatever they show, as the API answers; and what
//! comes of an operation that is asked for twice. The answers are a table under review.

mod caller;
mod holders;
mod knocks;
mod twice;

use std::collections::BTreeMap;
use std::fs;

use domain::staff::Role;

use super::document::{Described, described};
use super::world::World;

/// The table, which `cargo xtask tables` has this test write.
const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/tables/access.txt");

/// Set where the table is to be written.
const WRITE: &str = "JITSUIN_WRITE_TABLES";

const HEAD: &str = "\
Every route of the API, and what it answers to whom. Let in: what is asked for decides, and may refuse it;
401, 403 and 421: refused before. What names no role holds for every role.

strong proof        a token of this console
weak proof          a program's token
enrolment           the secret of an enrolment
expired             a token after its end
suspended           the token of somebody who is suspended
a certificate       a client certificate of somebody who has every role
expired password    a session by a password that is to be changed, of somebody who has every role
ended session       a session's token after its end
nothing             neither token nor certificate
resumed             neither, over what would be a session of TLS that a certificate opened
cross-site          a token, a certificate, and what the browser says of a page of another site
form                a certificate, and nothing that a form could not send
another host        a token, for a name that is not ours
another municipality: a clerk of another one asks for what the next line says is done, or for the same
done, again, by another: the operation as somebody may do it; under the same id again; and under the same
id by another person who has the same roles
";

/// A route and what is said of it.
struct Row {
    route: Described,
    lines: Vec<String>,
}

#[test]
fn w2_w3_every_route_answers_every_role_as_the_table_under_review_says() {
    let world = World::new();
    let mut rows: Vec<Row> = described().into_iter().map(Row::of).collect();
    knocks::add(&world, &mut rows);
    let mut walked = twice::walk();
    for row in &mut rows {
        let key = (row.route.method.clone(), row.route.template.clone());
        row.lines.extend(walked.remove(&key).unwrap_or_default());
    }
    assert!(walked.is_empty(), "no route of the document: {:?}", walked.keys());
    let printed = printed(&rows) + &holders::printed();
    if std::env::var_os(WRITE).is_some() {
        fs::write(TABLE, printed).expect("the table");
        return;
    }
    let reviewed = fs::read_to_string(TABLE).expect("the table");
    for (number, (found, reviewed)) in printed.lines().zip(reviewed.lines()).enumerate() {
        assert_eq!(found, reviewed, "docs/tables/access.txt, line {}", number + 1);
    }
    assert_eq!(printed, reviewed, "docs/tables/access.txt ends elsewhere");
}

impl Row {
    fn of(route: Described) -> Self {
        Self { route, lines: Vec::new() }
    }

    fn head(&self) -> String {
        let Described { method, template, operation, .. } = &self.route;
        format!("{method} {template} ({operation})")
    }
}

fn printed(rows: &[Row]) -> String {
    let mut text = HEAD.to_owned();
    for row in rows {
        text += &format!("\n{}\n", row.head());
        row.lines.iter().for_each(|line| text += &format!("  {line}\n"));
    }
    text
}

/// What the API answered, as far as it is about access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// What was asked for decided.
    LetIn,
    /// Access was refused.
    Refused(u16),
}

impl Outcome {
    fn of(status: u16) -> Self {
        match status {
            401 | 403 | 421 => Self::Refused(status),
            500.. => panic!("something broke: {status}"),
            _ => Self::LetIn,
        }
    }

    fn words(self) -> String {
        match self {
            Self::LetIn => "let in".to_owned(),
            Self::Refused(status) => status.to_string(),
        }
    }
}

/// Which roles have which outcome; nothing where it is one for all.
fn told_by_role(outcomes: &[(Role, Outcome)]) -> Option<String> {
    let mut groups: BTreeMap<Outcome, Vec<&str>> = BTreeMap::new();
    for (role, outcome) in outcomes {
        groups.entry(*outcome).or_default().push(role.name());
    }
    let last = groups.keys().last().copied();
    let told = groups.iter().map(|(outcome, roles)| {
        let others = Some(*outcome) == last;
        let roles = if others { "every other role".to_owned() } else { roles.join(", ") };
        format!("{} {roles}", outcome.words())
    });
    (groups.len() > 1).then(|| told.collect::<Vec<_>>().join("; "))
}
