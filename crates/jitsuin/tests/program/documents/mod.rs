//! Documents that are run: every block that a reader is told to type, and what comes of it.

mod blocks;
mod newcomer;
mod shell;

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{fmt, fs};

use serde_json::Value;
use tempfile::TempDir;

use self::blocks::{Block, Mark};
use self::shell::Shell;
use crate::ceremony_room::with_the_bridge;
use crate::demo::{Demo, PROGRAM};
use crate::workplace::Workplace;

/// The services at the ports of the README, which may be taken here, by their places in the ready file.
const SERVICES: [(&str, &str); 5] = [
    ("127.0.0.1:8440", "web_url"),
    ("127.0.0.1:8441", "repository_url"),
    ("127.0.0.1:8442", "ldap_url"),
    ("127.0.0.1:8443", "ldaps_url"),
    ("127.0.0.1:8444", "holder_url"),
];

/// The ports of the README's second demo, which may be taken as well.
const SECOND_DEMO: &str = "--base-port 8540";

/// The section of the README that needs no other: it runs beside the rest.
const TOKEN: &str = "Keys in a token";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The blocks of a document, with other texts in the place of some, each of which must stand there so often.
fn blocks_of(document: &str, others: &[(&str, &str, usize)]) -> Vec<Block> {
    let text = fs::read_to_string(root().join(document)).unwrap();
    let text = others.iter().fold(text, |text, (from, to, times)| {
        assert_eq!(text.matches(from).count(), *times, "{document}: {from}");
        text.replace(from, to)
    });
    blocks::of(&text).unwrap_or_else(|wrong| panic!("{document}: {wrong}"))
}

/// Types all commands of a block; what is not as the document says is added.
fn type_all(shell: &mut Shell, block: &Block, complaints: &mut Vec<String>) {
    assert_eq!(block.mark, None);
    for command in &block.commands {
        let begun = Instant::now();
        let (status, said) = shell.types(command);
        // Seen when the test fails, and with --no-capture.
        println!("[{:.1?}] $ {}{said}", begun.elapsed(), command.text);
        complaints.extend(command.complaint(status, &said));
    }
}

/// What was wrong, as the last words of a test that fails: of a long output the end is what is kept.
struct Complaints(Vec<String>);

impl fmt::Debug for Complaints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

fn none(complaints: Vec<String>) -> Result<(), Complaints> {
    if complaints.is_empty() { Ok(()) } else { Err(Complaints(complaints)) }
}

/// The program that is tested, where the README has its reader build it.
fn built(directory: &Path) {
    fs::create_dir_all(directory.join("target/release")).unwrap();
    symlink(PROGRAM, directory.join("target/release/jitsuin")).unwrap();
}

/// The README's blocks but those about a token, with the addresses of the demo that runs.
fn readme(demo: &Demo) -> Vec<Block> {
    let ready: Value = serde_json::from_str(&demo.ready_text()).unwrap();
    let others = SERVICES.map(|(address, field)| {
        let (_, here) = ready[field].as_str().unwrap().split_once("://").unwrap();
        (address, here, 1)
    });
    let mut all = blocks_of("README.md", &others);
    all.retain(|block| block.section != TOKEN);
    all
}

/// Starts the demo as a block says, in the place of the one that runs.
fn start(demo: &mut Demo, block: &Block) {
    let [command] = &block.commands[..] else { panic!("one command starts a demo: {block:?}") };
    // Both are what the tests are built with.
    let known = ["cargo run --release -- demo\n", "cargo run --release --features pcsc -- demo\n"];
    assert!(known.contains(&command.text.as_str()), "{command:?}");
    assert!(demo.stop().success());
    demo.start_again();
}

#[test]
fn every_block_of_the_readme_does_what_the_readme_says() -> Result<(), Complaints> {
    let mut demo = Demo::start_in_an_empty_directory();
    let place = demo.path().to_owned();
    symlink("demo", place.join("demo-data")).unwrap();
    symlink(root().join("docs"), place.join("docs")).unwrap();
    built(&place);
    let mut shell = Shell::start(&place);
    let mut complaints = Vec::new();
    for at in 0..readme(&demo).len() {
        let all = readme(&demo);
        match all[at].mark {
            None => type_all(&mut shell, &all[at], &mut complaints),
            Some(Mark::Build) => {}
            Some(Mark::Demo) => {
                start(&mut demo, &all[at]);
                // Here it has other ports each time: the block that names them is typed again.
                if all[..at].iter().any(|block| block.mark.is_none()) {
                    let named = readme(&demo).into_iter().find(|block| block.mark.is_none());
                    type_all(&mut shell, &named.unwrap(), &mut complaints);
                }
            }
        }
    }
    none(complaints)
}

#[test]
fn the_readmes_demo_with_keys_in_a_token_does_what_the_readme_says() -> Result<(), Complaints> {
    let place = TempDir::new().unwrap();
    built(place.path());
    let mut shell = Shell::start(place.path());
    let mut complaints = Vec::new();
    let mut all = blocks_of("README.md", &[(SECOND_DEMO, "--base-port 0", 1)]);
    all.retain(|block| block.section == TOKEN);
    assert!(!all.is_empty());
    all.iter().for_each(|block| type_all(&mut shell, block, &mut complaints));
    none(complaints)
}

#[test]
fn what_the_demo_prints_to_try_works_when_it_is_pasted() -> Result<(), Complaints> {
    let demo = Demo::start();
    let printed = fs::read_to_string(demo.path().join("log")).unwrap();
    let (_, guide) = printed.split_once("Try these:\n").expect("what to try");
    // The log stands in the same file; files go where this test is alone.
    let lines = guide.lines().filter(|line| !line.starts_with(|c: char| c.is_ascii_digit()));
    let typed = lines.collect::<Vec<_>>().join("\n").replace("/tmp/jitsuin-", "jitsuin-");
    let all = blocks::of(&format!("```sh\n{typed}\n```\n")).unwrap();
    assert!(all[0].commands.len() > 15, "{all:?}");
    let mut shell = Shell::start(demo.path());
    let mut complaints = Vec::new();
    type_all(&mut shell, &all[0], &mut complaints);
    none(complaints)
}

#[test]
fn k3_every_block_of_the_readme_for_custodians_does_what_it_says() -> Result<(), Complaints> {
    let place = Workplace::empty();
    place.init_awaiting_a_ceremony();
    place.enrol();
    with_the_bridge(&place);
    let script = root().join("docs/ceremonies/genesis.toml");
    fs::copy(script, place.path().join("genesis.toml")).unwrap();
    for (medium, file, brought) in [
        ("a", "passphrase", "custodian-1.passphrase"),
        ("b", "passphrase", "custodian-2.passphrase"),
        ("c", "token", "data/handed-out/auditor-1.token"),
        ("d", "token", "data/handed-out/operator-1.token"),
        ("e", "token", "data/handed-out/operator-2.token"),
    ] {
        let medium = place.path().join("media").join(medium);
        fs::create_dir_all(&medium).unwrap();
        fs::copy(place.path().join(brought), medium.join(file)).unwrap();
    }
    symlink(PROGRAM, place.path().join("jitsuin")).unwrap();
    let mut shell = Shell::start(place.path());
    let mut complaints = Vec::new();
    let all = blocks_of("docs/ceremonies/README.md", &[("/media/", "media/", 8)]);
    all.iter().for_each(|block| type_all(&mut shell, block, &mut complaints));
    none(complaints)
}
