//! `ceremony`: the sample scripts, scripts that are wrong, and minutes that are not there.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use testkit::{Output, run};

use crate::demo::PROGRAM;

const SAMPLES: &[&str] = &["genesis", "renewal", "backup-restore", "destruction"];

fn documents() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/ceremonies").canonicalize().unwrap()
}

fn sample(name: &str) -> String {
    fs::read_to_string(documents().join(name).with_extension("toml")).unwrap()
}

/// Checks a text as a script.
fn check(text: impl AsRef<[u8]>) -> Output {
    let scratch = TempDir::new().unwrap();
    fs::write(scratch.path().join("script.toml"), text).unwrap();
    run(scratch.path(), PROGRAM, &["ceremony", "check", "script.toml"])
}

#[test]
fn k3_the_sample_scripts_are_valid_and_told_step_by_step() {
    let files = fs::read_dir(documents()).unwrap();
    let scripts = files.filter(|file| {
        file.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "toml")
    });
    assert_eq!(scripts.count(), SAMPLES.len(), "every script there is is checked here");
    for name in SAMPLES {
        let said = check(sample(name));
        assert_eq!(said.status, Some(0), "{name}: {}", said.text);
        let steps = said.text.lines().filter(|line| line.starts_with("step ")).count();
        assert_eq!(steps, sample(name).matches("[[step]]").count(), "{name}");
        for line in sample(name).lines().filter(|line| line.starts_with("ca = ")) {
            let ca = line.trim_start_matches("ca = ").trim_matches('"');
            let policy = format!("../../policy/{ca}.toml");
            assert!(documents().join(policy).is_file(), "{name}: {ca} has a policy");
        }
    }
}

#[test]
fn k3_the_readme_for_custodians_knows_every_step_and_sample() {
    let text = fs::read_to_string(documents().join("README.md")).unwrap();
    let refused = check(sample("genesis").replace("\"backup\"", "\"burn\"")).text;
    let known = refused.rsplit_once("there are ").expect("the steps there are").1;
    let steps: Vec<&str> = known.trim_end().split(", ").collect();
    assert_eq!(steps.len(), 8, "{refused}");
    for word in steps {
        assert!(text.contains(&format!("| `{word}` |")), "{word}");
    }
    for name in SAMPLES {
        assert!(text.contains(&format!("]({name}.toml)")), "{name}");
    }
}

#[test]
fn k3_everything_wrong_with_a_script_is_told_in_one_line() {
    let script = sample("genesis")
        .replace("\"self-sign\"\nca = \"bridge\"", "\"burn\"\nca = \"bridge\"")
        .replace("threshold = 2", "threshold = 9")
        .replace("planned = ", "planed = ");
    let said = check(script);
    assert_eq!((said.status, said.text.lines().count()), (Some(1), 1), "{}", said.text);
    for words in [
        "jitsuin: script.toml: ceremony script: ",
        "ceremony.planned: is missing",
        "ceremony.planed: there is no such field here",
        "ceremony.threshold: more than there are custodians",
        "step 2.do: \"burn\" is no step",
        "step 3 (responder-certificate): no earlier step certifies the CA's key",
    ] {
        assert!(said.text.contains(words), "{words}: {}", said.text);
    }
    for nothing in [&b""[..], b"\xff\xfe", b"\0", b"[ceremony"] {
        let said = check(nothing);
        assert_eq!((said.status, said.text.lines().count()), (Some(1), 1), "{}", said.text);
    }
}

#[test]
fn k3_minutes_that_are_not_there_are_not_verified() {
    let scratch = TempDir::new().unwrap();
    let verify = |key: &str| {
        fs::write(scratch.path().join("audit.pub"), key).unwrap();
        let arguments = ["ceremony", "verify", ".", "--key", "audit.pub"];
        run(scratch.path(), PROGRAM, &arguments)
    };
    // The key of the signed-note format's own documentation.
    let key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let said = verify(key);
    assert_eq!(said.status, Some(1));
    assert_eq!(said.text, "jitsuin: .: no minutes are here (*.minutes.note)\n");
    for name in ["a.minutes.note", "a.minutes.html", "a.minutes.pdf"] {
        fs::write(scratch.path().join(name), "a\n").unwrap();
    }
    let said = verify(key);
    assert_eq!((said.status, said.text.lines().count()), (Some(1), 1), "{}", said.text);
    assert!(said.text.contains("a.minutes.note"), "{}", said.text);
    assert!(verify("no key").text.contains("audit.pub: no public key"));
}
