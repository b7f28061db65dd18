//! Rust's text in words: identifiers, `::`, `..`, and single signs; comments and literals are gone.

/// The words of a text, in order.
pub(super) fn tokens(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => block_comment(rest),
            '"' => quoted(rest),
            '\'' => apostrophe(rest),
            'r' | 'b' | 'c' if literal_prefix(rest).is_some() => {
                literal_prefix(rest).unwrap_or(first.len_utf8())
            }
            _ if is_of_name(first) => {
                let length = rest.find(|c| !is_of_name(c)).unwrap_or(rest.len());
                found.push(&rest[..length]);
                length
            }
            ':' | '.' if rest.starts_with("::") || rest.starts_with("..") => {
                found.push(&rest[..2]);
                2
            }
            _ => {
                let length = first.len_utf8();
                if !first.is_whitespace() {
                    found.push(&rest[..length]);
                }
                length
            }
        };
        rest = &rest[length..];
    }
    found
}

/// Whether a word is a name or a keyword.
pub(super) fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| is_of_name(c) && !c.is_numeric())
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of a comment that may hold others.
fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut place = 0;
    while let Some(next) = text[place..].find(['/', '*']).map(|at| place + at) {
        if text[next..].starts_with("/*") {
            depth += 1;
            place = next + 2;
        } else if text[next..].starts_with("*/") {
            depth -= 1;
            place = next + 2;
            if depth == 0 {
                return place;
            }
        } else {
            place = next + 1;
        }
    }
    text.len()
}

/// The length of a literal in `"`, whose end no backslash takes away.
fn quoted(text: &str) -> usize {
    let mut is_escaped = false;
    for (place, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return place + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a character, or of the sign before the name of a lifetime.
fn apostrophe(text: &str) -> usize {
    let mut inside = text.char_indices().skip(1);
    match inside.next() {
        // The character after the backslash is none that ends the literal.
        Some((_, '\\')) => text[3..].find('\'').map_or(text.len(), |end| end + 4),
        Some(_) => inside.next().filter(|(_, c)| *c == '\'').map_or(1, |(place, _)| place + 1),
        None => 1,
    }
}

/// The length of a literal that letters stand before: `b"…"`, `b'…'`, `r"…"`, `br#"…"#`.
fn literal_prefix(text: &str) -> Option<usize> {
    let letters = text.find(|c| !matches!(c, 'r' | 'b' | 'c'))?;
    let body = &text[letters..];
    let hashes = body.find(|c| c != '#')?;
    let is_raw = text[..letters].ends_with('r');
    match body[hashes..].chars().next()? {
        '"' if is_raw => {
            let end = format!("\"{}", "#".repeat(hashes));
            let length = body[hashes + 1..].find(&end)? + hashes + 1 + end.len();
            Some(letters + length)
        }
        '"' if hashes == 0 => Some(letters + quoted(body)),
        '\'' if hashes == 0 && &text[..letters] == "b" => Some(letters + apostrophe(body)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case::a_path("use a::b;", &["use", "a", "::", "b", ";"])]
    #[case::comments("a // b\n /* c /* d */ e */ f", &["a", "f"])]
    #[case::literals(r##"a "b \" c" r#"d " e"# b'f' '\'' 'g' br"h" i"##, &["a", "i"])]
    #[case::a_lifetime("&'a b", &["&", "a", "b"])]
    #[case::letters("r b crate::r", &["r", "b", "crate", "::", "r"])]
    #[case::others("(実印)", &["(", "実印", ")"])]
    fn words_are_told_apart(#[case] text: &str, #[case] expected: &[&str]) {
        assert_eq!(tokens(text), expected);
    }
}
