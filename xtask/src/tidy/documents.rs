//! Rules for Markdown: links and quoted paths lead to files that exist.

use super::Listing;

/// Links and paths of one document that lead nowhere.
pub(super) fn complaints(file: &str, content: &str, listing: &Listing) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in prose(content) {
        for target in links(line).filter(|target| is_dead_link(file, target, listing)) {
            found.push(format!("{file}:{number}: the link `{target}` leads nowhere"));
        }
        for path in quoted(line).filter(|path| is_dead_path(path, listing)) {
            found.push(format!("{file}:{number}: there is no `{path}`"));
        }
    }
    found
}

/// The numbered lines outside of fenced code.
fn prose(content: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    (1..).zip(content.lines()).filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// The targets of `[text](target)`.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target)
}

/// What stands between backticks.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

fn is_dead_link(file: &str, target: &str, listing: &Listing) -> bool {
    let path = target.split('#').next().unwrap_or_default();
    if path.is_empty() || path.contains("://") || path.starts_with("mailto:") {
        return false;
    }
    let directory = file.rsplit_once('/').map_or("", |(directory, _)| directory);
    !resolve(directory, path).is_some_and(|path| listing.has(&path))
}

/// A quoted text counts as a path when it begins with a directory of the root.
fn is_dead_path(text: &str, listing: &Listing) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    let Some((first, _)) = text.split_once('/') else { return false };
    let is_path = listing.has(first) && !first.is_empty() && text.chars().all(plain);
    is_path && !listing.has(text.trim_end_matches('/'))
}

/// The path from the root; `None` when it leads out of the project.
fn resolve(directory: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Vec<String> {
        let files = ["README.md", "docs/a.md", "crates/ca/src/lib.rs"].map(str::to_owned);
        complaints("docs/a.md", line, &Listing::of(&files))
    }

    #[rstest::rstest]
    #[case::up("[x](../README.md)")]
    #[case::beside_with_anchor("[x](a.md#there)")]
    #[case::directory("[x](../crates/ca/)")]
    #[case::anchor("[x](#here)")]
    #[case::web("[x](https://example.org/y)")]
    #[case::path("see `crates/ca/src/lib.rs` and `docs/`")]
    #[case::no_path("`and/or`, `application/pkix-crl`, `a -> b/c`")]
    #[case::code("```\n[x](nowhere.md)\n`docs/none.md`\n```")]
    fn a_living_link_passes(#[case] line: &str) {
        assert_eq!(found(line), Vec::<String>::new());
    }

    #[rstest::rstest]
    #[case::missing("[x](b.md)")]
    #[case::not_from_the_root("[x](docs/a.md)")]
    #[case::out_of_the_project("[x](../../README.md)")]
    #[case::second("[x](a.md) and [y](c.md)")]
    #[case::path("see `crates/cb`")]
    #[case::after_code("```\n```\n`docs/none.md`")]
    fn a_dead_link_is_named(#[case] line: &str) {
        assert_eq!(found(line).len(), 1);
    }
}
