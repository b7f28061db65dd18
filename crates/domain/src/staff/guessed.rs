//! Passwords that guessers try first (NIST SP 800-63B 5.1.1.2): common ones in whatever dress, the
//! same again and again, walks over the keyboard, and what has to do with the person or the service.

/// The list, with where it comes from at its head.
const LIST: &str = include_str!("common_passwords.txt");

/// Words that are common here though they are not on a list made elsewhere.
const HERE: &[&str] = &[
    "jitsuin",
    "jpki",
    "mynumber",
    "juki",
    "shiyakusho",
    "yakusho",
    "saitama",
    "kawaguchi",
    "himitsu",
    "sakura",
    "nippon",
    "japan",
    "tokyo",
    "konnichiwa",
    "arigatou",
    "operator",
    "clerk",
    "verifier",
];

/// Rows, columns and orders that fingers and minds walk along.
const WALKS: &[&str] = &[
    "1234567890qwertyuiopasdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "qazwsxedcrfvtgbyhnujmikolp",
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
];

/// Characters that do not follow from the one before, of a password that is no mere walk.
const LEAST_TURNS: usize = 5;

/// Why this password is one of the first that are tried, if it is.
pub(super) fn guessed(password: &str, id: &str) -> Option<&'static str> {
    let plain: String = password.chars().map(narrow).flat_map(char::to_lowercase).collect();
    if is_repeated(&plain) {
        return Some("it is not the same again and again");
    }
    if turns(&plain) < LEAST_TURNS {
        return Some("it is not a walk over the keyboard or the alphabet");
    }
    let letters = letters(&plain);
    let id = letters_of_id(id);
    if id.len() >= 4 && letters.contains(&id) {
        return Some("it does not hold its person's id, however it is written");
    }
    let worn = [without_edges(&plain), plain.clone()].map(|part| self::letters(&part));
    match worn.iter().any(|word| is_worn(word)) {
        true => Some("it is not one of the common passwords, with or without digits and signs"),
        false => None,
    }
}

/// Full-width forms as what they stand for.
fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xff01 + 0x21).unwrap_or(c),
        '\u{3000}' => ' ',
        _ => c,
    }
}

/// What people write for letters, undone, and nothing but letters.
fn letters(text: &str) -> String {
    let undone = text.chars().map(|c| match c {
        '0' => 'o',
        '1' | '|' => 'l',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        '!' => 'i',
        _ => c,
    });
    undone.filter(|c| c.is_alphabetic()).collect()
}

fn letters_of_id(id: &str) -> String {
    letters(&without_edges(&id.to_lowercase()))
}

/// Without the digits and signs before and after it.
fn without_edges(text: &str) -> String {
    text.trim_matches(|c: char| !c.is_alphabetic()).to_owned()
}

/// Whether it is nothing, one common word, one again and again, or two of them.
fn is_worn(word: &str) -> bool {
    let boundaries = word.char_indices().map(|(at, _)| at).skip(1);
    word.chars().count() < 4
        || is_common(word)
        || is_repeated(word) && is_common(&word[..period(word)])
        || boundaries.clone().any(|at| {
            let (first, second) = word.split_at(at);
            is_common(first) && is_common(second)
        })
}

fn is_common(word: &str) -> bool {
    let listed = || LIST.lines().filter(|line| !line.starts_with('#')).any(|line| line == word);
    HERE.contains(&word) || listed()
}

/// Whether it is a part of at most half its length, again and again, the last time perhaps cut.
fn is_repeated(text: &str) -> bool {
    let length = text.chars().count();
    length > 0 && text[..period(text)].chars().count() * 2 <= length
}

/// The octets of the shortest part that it repeats; all, if it repeats none.
fn period(text: &str) -> usize {
    let starts = text.char_indices().map(|(at, _)| at).skip(1);
    let repeats = |at: &usize| text.starts_with(&text[*at..]);
    starts.clone().find(repeats).unwrap_or(text.len())
}

/// How many characters do not follow from the one before along any walk.
fn turns(text: &str) -> usize {
    let characters: Vec<char> = text.chars().filter(|c| c.is_alphanumeric()).collect();
    let follow = characters.windows(2).filter(|two| follows(two[0], two[1])).count();
    characters.len() - follow
}

fn follows(one: char, next: char) -> bool {
    let beside = |walk: &str| {
        let pairs = walk.chars().zip(walk.chars().skip(1));
        pairs.into_iter().any(|pair| pair == (one, next) || pair == (next, one))
    };
    one == next || WALKS.iter().any(|walk| beside(walk))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w3_what_guessers_try_first_is_refused_in_every_dress() {
        for password in [
            "Password1234",
            "password1234",
            "P@ssw0rd!!!!",
            "p-a-s-s-w-o-r-d-1",
            "ｐａｓｓｗｏｒｄ１２３４",
            "passwordpassword",
            "PasswordPassword1",
            "iloveyoumonkey",
            "letmein-letmein",
            "000dragon0000",
            "123456789012",
            "098765432109",
            "qwertyuiopas",
            "1qaz2wsx3edc",
            "zaq12wsxcde3",
            "abcdefghijkl",
            "asdfasdfasdf",
            "abcabcabcabc",
            "aaaaaaaaaaaa",
            "aaaaaabbbbbb",
            "2026-11-28-01",
            "Jitsuin-2026!",
            "Saitama123456",
            "SAITAMA-clerk-1",
            "Kawaguchi2026",
            "s4t0-13579246",
            "xx-SATO99-xxxyz",
            "090-1234-5678",
        ] {
            assert!(guessed(password, "sato99").is_some(), "{password}");
        }
    }

    #[test]
    fn w3_what_nobody_tries_first_is_let_be() {
        for password in [
            "a horse, a battery",
            "four words that nobody guesses",
            "正しい馬と電池とホチキスの針",
            "K7QM2ZRW9XHT4BVD",
            "correct horse battery",
            "tr0ub4dor&3-xkcd",
            "さくらの下で寝ている猫たち",
            "ph7zq-k2wnd-x94ve",
        ] {
            assert_eq!(guessed(password, "sato99"), None, "{password}");
        }
    }

    #[test]
    fn w3_the_list_is_sorted_and_as_long_as_it_says() {
        let words: Vec<&str> = LIST.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(words.len(), 10_000);
        assert!(words.is_sorted(), "so that a change of it can be reviewed");
    }
}
