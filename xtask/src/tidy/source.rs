//! Rules for Rust: a purpose on top, names that say something, and lengths.

use super::ratchet::Measure;

/// The most lines of a file, its inner test module aside.
const FILE_LINES: usize = 600;
/// The most lines of a function.
const FUNCTION_LINES: usize = 60;

/// Names of modules that gather what has no place.
const EMPTY_NAMES: &[&str] =
    &["common", "utils", "util", "types", "manager", "managers", "helpers", "misc"];
/// What stands where work is missing; in pieces, so that this file may stand in the tree.
const UNFINISHED: &[&str] =
    &[concat!("todo", "!("), concat!("unimplemented", "!("), concat!("dbg", "!(")];

/// The one door by which a text comes into the journal in clear (`domain::rule`).
const DOOR: &str = concat!("OfThe", "Installation(");
/// Where it stands open, each looked at: what the installation says of itself, never what a request brought.
const DOORS: &[&str] = &[
    "crates/domain/src/rule.rs",
    "crates/ca/src/ceremony/account.rs",
    "crates/ca/src/custody.rs",
    "crates/ca/src/custody/dealing.rs",
    "crates/ca/src/custody/office.rs",
    "crates/ca/src/custody/quorum.rs",
    "crates/ca/src/recovery.rs",
    "crates/ca/src/renewal/mod.rs",
    "crates/jitsuin/src/backups.rs",
    "crates/jitsuin/src/evidence.rs",
    "crates/jitsuin/src/evidence/records.rs",
    "crates/jitsuin/src/join/queries.rs",
    "crates/jitsuin/src/own_tls.rs",
    "crates/jitsuin/src/set_up.rs",
    "crates/jitsuin/src/stage/destroy.rs",
    "crates/jitsuin/src/stage/restore.rs",
    "crates/jitsuin/src/system.rs",
    "crates/keys/src/label.rs",
    "crates/ra/src/holder/request.rs",
    "crates/web/src/desk/approvals.rs",
    "crates/web/src/desk/recover.rs",
    "crates/web/src/desk/starts.rs",
    "crates/web/src/entrance/refusals.rs",
];

/// What is not to be named in these sources, outside of tests: whoever holds it can do more than is theirs.
const TOO_WIDE: &[(&str, &[&str])] = &[
    ("crates/status/src/verifier_auth", WIDE),
    ("crates/status/src/", WIDE_OF_A_DOOR),
    ("crates/ca/src/compromise.rs", WIDE),
    ("crates/ca/src/destruction.rs", WIDE),
    ("crates/ca/src/first_key.rs", WHOLE_STORE),
    ("crates/ca/src/generations.rs", WIDE),
    ("crates/ca/src/issuance/", WIDE),
    ("crates/ca/src/life.rs", WIDE),
    ("crates/ca/src/lists/", WIDE),
    ("crates/ca/src/making.rs", WHOLE_STORE),
    ("crates/ca/src/possession.rs", WIDE),
    ("crates/ca/src/recovery.rs", WIDE),
    ("crates/ca/src/renewal/mod.rs", WHOLE_STORE),
    ("crates/ca/src/request_record/", WIDE),
    ("crates/ca/src/responder.rs", WHOLE_STORE),
    ("crates/ca/src/service_certificates.rs", WIDE),
    ("crates/ca/src/service_requests/", WIDE),
    ("crates/ca/src/user_certificates.rs", WIDE),
    ("crates/web/src/desk/adoption.rs", WIDEST),
    ("crates/web/src/desk/approvals.rs", WIDE_OF_A_DESK),
    ("crates/web/src/desk/check.rs", WIDE_OF_A_DESK),
    ("crates/web/src/desk/compromises.rs", WIDE_OF_A_DESK),
    ("crates/web/src/desk/custodians.rs", WIDE_OF_A_DESK),
    ("crates/web/src/desk/endings.rs", WIDE_OF_A_DESK),
    ("crates/web/src/desk/first_people.rs", WIDEST),
    ("crates/web/src/desk/holder.rs", WIDE_OF_A_DESK),
    ("crates/web/src/desk/listed.rs", WIDE_OF_A_DESK),
    ("crates/web/src/desk/recover.rs", WIDEST),
    ("crates/web/src/desk/repeat.rs", WIDEST),
    ("crates/web/src/desk/starts.rs", WIDEST),
    ("crates/web/src/entrance", WIDEST),
    ("crates/web/src/kept.rs", WIDEST),
];
/// Of them, what whoever makes keys by other hands is not to name either.
const WHOLE_STORE: &[&str] = &["Store", "Sqlite"];
/// The hands by which everything is committed, and every key made and destroyed.
const WIDE: &[&str] = &["Store", "KeyStore", "Sqlite", "Administer", "MakeCardMasters"];

/// The same for what publishes: verifiers' passwords are compared in one place.
const WIDE_OF_A_DOOR: &[&str] = &[
    "Store",
    "KeyStore",
    "Sqlite",
    "Administer",
    "MakeCardMasters",
    "ReadVerifiers",
    "VerifierRow",
];

/// The same for the parts of a desk, and the desk itself.
const WIDE_OF_A_DESK: &[&str] =
    &["Store", "KeyStore", "Sqlite", "Administer", "MakeCardMasters", "Desk"];

/// The same for who comes in, with whatever else a desk has: CAs, windows and the custody of keys.
const WIDEST: &[&str] = &[
    "Store",
    "KeyStore",
    "Sqlite",
    "Administer",
    "MakeCardMasters",
    "Desk",
    "Hands",
    "CertificationAuthority",
    "Window",
    "Windows",
    "Keyroom",
    "Custody",
];

/// What breaks a rule in one file.
pub(super) fn complaints(file: &str, content: &str) -> Vec<String> {
    let mut found = Vec::new();
    if !content.starts_with("//! ") {
        found.push(format!("{file}: opens without a sentence of purpose (`//! …`)"));
    }
    if let Some(name) = empty_name(file) {
        found.push(format!("{file}: a module called `{name}` says nothing"));
    }
    if content.contains(DOOR) && file.contains("/src/") && !DOORS.contains(&file) {
        found
            .push(format!("{file}: `{DOOR}…)` lets text into the journal, and is not in the list"));
    }
    found.extend(too_wide(file, content).map(|word| {
        format!("{file}: `{word}` is a wider hand than this crate is given (docs/adr/0042)")
    }));
    for (number, line) in (1..).zip(content.lines()) {
        found.extend(line_complaint(line).map(|what| format!("{file}:{number}: {what}")));
    }
    found
}

/// The lengths of a file and of its functions.
pub(super) fn measures(file: &str, content: &str) -> Vec<Measure> {
    let production = production(content);
    let whole = Measure::of_lines(file.to_owned(), production.lines().count(), FILE_LINES);
    let functions = functions(content)
        .into_iter()
        .map(|(name, lines)| Measure::of_lines(format!("{file}::{name}"), lines, FUNCTION_LINES));
    std::iter::once(whole).chain(functions).collect()
}

/// The first name in the code of a file that stands for more than its crate may do.
fn too_wide(file: &str, content: &str) -> Option<&'static str> {
    let (_, words) = TOO_WIDE.iter().find(|(place, _)| file.starts_with(place))?;
    let code = production(content).lines().map(|line| line.split("//").next().unwrap_or_default());
    let named: Vec<&str> =
        code.flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_')).collect();
    words.iter().copied().find(|word| named.contains(word))
}

fn empty_name(file: &str) -> Option<&str> {
    let mut names = file.split('/').map(|part| part.strip_suffix(".rs").unwrap_or(part));
    names.find(|name| EMPTY_NAMES.contains(name))
}

fn line_complaint(line: &str) -> Option<String> {
    if line.ends_with([' ', '\t']) {
        return Some("ends in white space".into());
    }
    if line.trim_start_matches(' ').starts_with('\t') {
        return Some("is indented by a tab".into());
    }
    let code = line.split("//").next().unwrap_or_default();
    let word = UNFINISHED.iter().find(|word| code.contains(*word))?;
    Some(format!("`{word}…)` does not belong into the tree"))
}

/// The text up to the test module, which stands last.
pub(crate) fn production(content: &str) -> &str {
    const MARK: &str = "\n#[cfg(test)]\n";
    let mut marks = content.match_indices(MARK).map(|(start, _)| start);
    let opens_module = |start: &usize| {
        let mut lines = content[start + MARK.len()..].lines();
        let marked = lines.find(|line| !line.starts_with("#["));
        marked.is_some_and(|line| line.starts_with("mod ") && line.ends_with('{'))
    };
    let end = marks.find(opens_module);
    &content[..end.unwrap_or(content.len())]
}

/// Every function with its lines, by the indentation that rustfmt gives it.
pub(crate) fn functions(content: &str) -> Vec<(&str, usize)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, &str, &str)> = None;
    for (number, line) in content.lines().enumerate() {
        open = match open {
            None => head(line).map(|(indent, name)| (number, indent, name)),
            open => open,
        };
        let Some((start, indent, name)) = open else { continue };
        if ends_function(line, indent, start == number) {
            found.push((name, number - start + 1));
            open = None;
        }
    }
    found
}

/// Indentation and name, when a function begins on this line.
fn head(line: &str) -> Option<(&str, &str)> {
    const QUALIFIERS: &[&str] = &["const", "async", "unsafe", "extern", "\"C\"", "default"];
    let body = line.trim_start();
    let mut words = body.split(' ').skip_while(|word| {
        QUALIFIERS.contains(word) || word.starts_with("pub") || word.ends_with(')')
    });
    if words.next()? != "fn" {
        return None;
    }
    let name = words.next()?.split(['(', '<']).next()?;
    Some((&line[..line.len() - body.len()], name))
}

fn ends_function(line: &str, indent: &str, is_head: bool) -> bool {
    if is_head {
        return line.ends_with('}') || line.ends_with(';');
    }
    let Some(rest) = line.strip_prefix(indent) else { return false };
    // A trait's method may end with its signature.
    rest == "}" || rest.starts_with(')') && rest.ends_with(';')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case::no_purpose("src/a.rs", "fn a() {}\n", "sentence of purpose")]
    #[case::empty_name("src/utils.rs", "//! A.\n", "says nothing")]
    #[case::empty_directory("src/helpers/a.rs", "//! A.\n", "says nothing")]
    #[case::trailing("src/a.rs", "//! A.\nfn a() {} \n", "a.rs:2: ends in white space")]
    #[case::door("crates/a/src/a.rs", concat!("//! A.\nlet a = OfThe", "Installation(b);\n"), "the journal")]
    #[case::too_wide("crates/status/src/a.rs", "//! A.\nuse store::{Store, Unit};\n", "wider hand")]
    #[case::too_wide_in_a_part(
        "crates/ca/src/lists/a.rs",
        "//! A.\nuse keys::KeyStore;\n",
        "wider hand"
    )]
    #[case::too_wide_for_who_comes_in(
        "crates/web/src/entrance/a.rs",
        "//! A.\nuse ca::Custody;\n",
        "wider hand"
    )]
    #[case::tab("src/a.rs", "//! A.\n\tfn a() {}\n", "a.rs:2: is indented by a tab")]
    fn a_broken_rule_is_named(#[case] file: &str, #[case] content: &str, #[case] expected: &str) {
        let found = complaints(file, content);
        assert!(found.len() == 1 && found[0].contains(expected), "{found:?}");
    }

    #[test]
    fn unfinished_work_is_named_in_code_but_not_in_comments() {
        for word in UNFINISHED {
            let code = format!("//! A.\nfn a() {{\n    {word});\n}}\n");
            assert_eq!(complaints("src/a.rs", &code).len(), 1, "{word}");
            assert!(complaints("src/a.rs", &format!("//! A.\n// no {word})\n")).is_empty());
        }
    }

    #[test]
    fn a_hand_is_too_wide_in_code_of_its_place_alone() {
        let wide = "//! A.\nfn a(keys: &dyn KeyStore) {}\n";
        assert_eq!(complaints("crates/status/src/a.rs", wide).len(), 1);
        assert!(complaints("crates/ca/src/a.rs", wide).is_empty());
        let hashes = "//! A.\nuse store::reads::ReadVerifiers;\n";
        assert_eq!(complaints("crates/status/src/ocsp/a.rs", hashes).len(), 1);
        assert!(complaints("crates/status/src/verifier_auth.rs", hashes).is_empty());
        let narrow = "//! A.\n// no KeyStore\nuse keys::KeyStoreless;\n";
        assert!(complaints("crates/status/src/a.rs", narrow).is_empty());
    }

    #[test]
    fn the_test_module_does_not_count_for_the_file() {
        let content = "//! A.\nfn a() {}\n\n#[cfg(test)]\n#[allow(dead_code)]\nmod tests {\n    fn b() {}\n}\n";
        let found = measures("a.rs", content);
        assert_eq!(found[0].amount, 2);
        let names: Vec<&str> = found.iter().map(|measure| measure.what.as_str()).collect();
        assert_eq!(names, ["a.rs", "a.rs::a", "a.rs::b"]);
    }

    #[test]
    fn functions_are_measured_from_head_to_closing_brace() {
        let content = "\
pub(crate) async fn first(
    a: u8,
) -> u8 {
    let inner = |b| {
        b
    };
    inner(a)
}
trait T {
    fn short(&self) -> u8;
    fn long(
        &self,
    ) -> u8;
    const fn given<A>() {}
}
";
        assert_eq!(functions(content), [("first", 8), ("short", 1), ("long", 3), ("given", 1)]);
    }

    #[test]
    fn a_comment_or_a_type_is_no_function() {
        for line in ["// fn a() {", "    call: fn(u8) -> u8,", "/// The fn b", "let fn_c = 1;"] {
            assert_eq!(head(line), None, "{line}");
        }
    }
}
