//! Rules for every text of the project: nothing of one workplace in it, and nothing huge.

/// Larger files are not committed.
const LARGEST_BYTES: usize = 1024 * 1024;

/// Words that tie the text to one workplace; in pieces, so that this file may stand in the tree.
const FOREIGN: &[(&str, &str)] = &[
    (concat!("crates", ".io"), "a package registry's host"),
    (concat!("pypi", ".org"), "a package registry's host"),
    (concat!("python", "hosted.org"), "a package registry's host"),
    (concat!("registry.", "npmjs.org"), "a package registry's host"),
    (concat!("deb.", "debian.org"), "a package registry's host"),
    (concat!("/work", "/"), "a path of one machine"),
    (concat!("../", "shared/"), "a path outside of the project"),
];

/// The lock files name the registry by themselves.
const LOCK_FILE: &str = "Cargo.lock";

/// A complaint about a file of too many bytes.
pub(super) fn oversized(file: &str, bytes: usize) -> Option<String> {
    (bytes > LARGEST_BYTES).then(|| format!("{file}: {bytes} bytes, more than {LARGEST_BYTES}"))
}

/// Foreign words, by line.
pub(super) fn complaints(file: &str, content: &str) -> Vec<String> {
    if file.ends_with(LOCK_FILE) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (number, line) in (1..).zip(content.lines()) {
        let words = FOREIGN.iter().filter(|(word, _)| line.contains(word));
        found.extend(words.map(|(word, what)| format!("{file}:{number}: `{word}`, {what}")));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_word_is_found_but_not_in_lock_files() {
        for (word, _) in FOREIGN {
            let content = format!("first\nsee https://{word} there\n");
            let found = complaints("docs/a.md", &content);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].starts_with("docs/a.md:2: "), "{found:?}");
            assert!(complaints("fuzz/Cargo.lock", &content).is_empty());
        }
        assert!(complaints("a.md", "a plain line\n").is_empty());
    }

    #[test]
    fn a_mebibyte_is_the_most() {
        assert!(oversized("a", LARGEST_BYTES).is_none());
        assert!(oversized("a", LARGEST_BYTES + 1).is_some());
    }
}
