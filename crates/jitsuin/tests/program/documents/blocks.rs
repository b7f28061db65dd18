//! The blocks of a document: what its reader types, and what the document says that comes of it.
//!
//! A block of `sh` is typed line by line. A comment that begins with one of these words is held
//! against what the command before it does; every other comment is for the reader alone:
//!
//! ```text
//! # => words … more words      its status is 0, and it says these, in this order
//! # refused: words             its status is not 0, and it says these
//! ```
//!
//! A command without such a comment must end with status 0. A word after `sh` says that the block is
//! not typed into the reader's shell as it stands; [`Mark`] has every such word there is.

use std::path::Path;

use testkit::run;

/// How lines begin that are commands, wherever they stand.
const COMMANDS: [&str; 3] = ["jitsuin ", "cargo ", "$ "];

/// Why a block is not typed as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// It builds and runs a demo: the suite ends the one that runs, and starts the program it was built with.
    Demo,
    /// It builds the program or runs the tests: the suite is run by it.
    Build,
}

/// A block of commands.
#[derive(Debug)]
pub(super) struct Block {
    /// The heading that it stands under.
    pub(super) section: String,
    pub(super) mark: Option<Mark>,
    pub(super) commands: Vec<Typed>,
}

/// A command, and what the document says of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Typed {
    /// The line of the document where it begins.
    pub(super) line: usize,
    /// What is typed, over as many lines as it takes.
    pub(super) text: String,
    /// Whether it is said to fail.
    pub(super) is_refused: bool,
    /// What it is said to say, in this order.
    pub(super) words: Vec<String>,
}

/// The blocks of a document, in its order.
///
/// # Errors
/// A block is neither commands nor a picture (`text`), bears an unknown mark, or has commands that are
/// never finished; or a command stands outside of the blocks.
pub(super) fn of(document: &str) -> Result<Vec<Block>, String> {
    let (mut blocks, mut section) = (Vec::new(), String::new());
    let mut lines = (1..).zip(document.lines());
    while let Some((number, line)) = lines.next() {
        let begin = line.trim_start();
        let Some(kind) = begin.strip_prefix("```") else {
            if let Some(heading) = line.strip_prefix("## ") {
                section = heading.to_owned();
            }
            if line.starts_with("    ") && COMMANDS.iter().any(|word| begin.starts_with(word)) {
                return Err(format!("line {number}: a command stands outside of the blocks"));
            }
            continue;
        };
        let inside = lines.by_ref().take_while(|(_, line)| line.trim() != "```");
        let inside: Vec<_> = inside.collect();
        let mark = match kind {
            "text" => continue,
            "sh" => None,
            "sh demo" => Some(Mark::Demo),
            "sh build" => Some(Mark::Build),
            other => return Err(format!("line {number}: nobody knows a block of `{other}`")),
        };
        blocks.push(Block { section: section.clone(), mark, commands: commands(&inside)? });
    }
    Ok(blocks)
}

fn commands(lines: &[(usize, &str)]) -> Result<Vec<Typed>, String> {
    let mut all: Vec<Typed> = Vec::new();
    let mut begun: Option<Typed> = None;
    for &(number, line) in lines {
        let (code, note) = split(line);
        let mut next = begun.take();
        if next.is_none() && !code.trim().is_empty() && !code.trim_start().starts_with('#') {
            next = Some(Typed { line: number, ..Typed::default() });
        }
        let Some(mut next) = next else {
            if let Some(note) = note {
                let last = all.last_mut().ok_or(format!("line {number}: a note on nothing"))?;
                last.note(note);
            }
            continue;
        };
        next.text.push_str(code);
        next.text.push('\n');
        if let Some(note) = note {
            next.note(note);
        }
        if is_whole(&next.text) { all.push(next) } else { begun = Some(next) }
    }
    match begun {
        Some(left) => Err(format!("line {}: it is never finished", left.line)),
        None => Ok(all),
    }
}

/// What is typed of a line, and the note at its end.
fn split(line: &str) -> (&str, Option<&str>) {
    let begins = ["# => ", "# refused"].iter().filter_map(|word| line.find(word));
    match begins.min() {
        Some(at) => (line[..at].trim_end(), Some(&line[at + 2..])),
        None => (line, None),
    }
}

/// Whether bash would begin to run it.
fn is_whole(text: &str) -> bool {
    !text.ends_with("\\\n") && run(Path::new("/"), "bash", &["-n", "-c", text]).success
}

impl Typed {
    fn note(&mut self, note: &str) {
        let words = match note.strip_prefix("refused") {
            Some(words) => {
                self.is_refused = true;
                words.trim_start_matches(':')
            }
            None => note.trim_start_matches("=> "),
        };
        let words = words.split('…').map(flat).filter(|words| !words.is_empty());
        self.words.extend(words);
    }

    /// What is wrong with how it ended and what it said, if anything is.
    pub(super) fn complaint(&self, status: i32, said: &str) -> Option<String> {
        let told = |what: &str| {
            Some(format!("line {}: {what}\n  {}\n{said}", self.line, self.text.trim_end()))
        };
        if self.is_refused == (status == 0) {
            let due = if self.is_refused { "another" } else { "0" };
            return told(&format!("its status is {status} and should be {due}"));
        }
        let flat = flat(said);
        let mut rest = flat.as_str();
        for words in &self.words {
            match rest.split_once(words.as_str()) {
                Some((_, after)) => rest = after,
                None => return told(&format!("it does not say “{words}” (where it should)")),
            }
        }
        None
    }
}

/// The same with one space wherever there is any: how lines are broken is nobody's promise.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(document: &str) -> Vec<Typed> {
        let blocks = of(document).unwrap();
        blocks.into_iter().flat_map(|block| block.commands).collect()
    }

    #[test]
    fn a_command_ends_where_bash_would_run_it_and_has_the_notes_behind_it() {
        let all = only(
            "text\n```sh\n# prose\nfor i in 1 2; do   # prose\n  echo $i\ndone | cat   # => 1 … 2\n\
             # => end\necho a \\\n  b\n\nread x\n```\n",
        );
        let (lines, words): (Vec<_>, Vec<_>) =
            all.iter().map(|one| (one.line, one.words.len())).unzip();
        assert_eq!((lines, words), (vec![4, 8, 11], vec![3, 0, 0]));
        assert_eq!(all[0].text, "for i in 1 2; do   # prose\n  echo $i\ndone | cat\n");
    }

    #[test]
    fn what_is_not_as_the_document_says_is_told() {
        let [good, refused] = only("```sh\na   # => one … two\nb   # refused: no\n```\n")
            .try_into()
            .expect("two commands");
        assert_eq!(good.complaint(0, "  one\nand\ttwo"), None);
        assert_eq!(refused.complaint(1, "no"), None);
        for (command, status, said, why) in [
            (&good, 1, "one two", "should be 0"),
            (&good, 0, "two one", "“two”"),
            (&good, 0, "", "“one”"),
            (&refused, 0, "no", "should be another"),
            (&refused, 1, "yes", "“no”"),
        ] {
            let told = command.complaint(status, said).expect("a complaint");
            assert!(told.contains(why), "{told}");
        }
    }

    #[test]
    fn nothing_is_skipped_silently() {
        for (document, why) in [
            ("```sh sometimes\n```\n", "line 1: nobody knows"),
            ("```\nls\n```\n", "line 1: nobody knows"),
            ("```bash\nls\n```\n", "line 1: nobody knows"),
            ("```sh\nfor\n```\n", "line 2: it is never finished"),
            ("```sh\n# => words\n```\n", "line 2: a note on nothing"),
            ("1. Do\n\n       jitsuin check\n", "line 3: a command stands outside"),
        ] {
            let told = of(document).expect_err(document);
            assert!(told.starts_with(why), "{told}");
        }
        let blocks = of("```text\n─▶\n```\n```sh demo\n```\n## B\n```sh build\n```\n").unwrap();
        let found: Vec<_> = blocks.iter().map(|one| (one.section.as_str(), one.mark)).collect();
        assert_eq!(found, [("", Some(Mark::Demo)), ("B", Some(Mark::Build))]);
    }
}
