//! A stop ends, whatever hangs, and what can be written before is written.

use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;
use testkit::run;

use crate::demo::copy_populated;
use crate::installation::{Installation, Server, TIMEOUT};

/// Within this time a stop has ended: three times the half minute that it waits for each of what is
/// under way, and some for a busy machine.
const BOUND: Duration = Duration::from_secs(150);

/// `O_NONBLOCK` of Linux: whoever opens a pipe to write is told where nobody reads.
const AT_ONCE: i32 = 0o4000;

fn tell_to_stop(server: &Server) {
    let pid = server.pid().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
}

/// The exit status of a server that was told to stop.
fn ended(server: &mut Server) -> Option<i32> {
    let begun = Instant::now();
    loop {
        match server.ended() {
            Some(status) => return status.code(),
            None if begun.elapsed() < BOUND => std::thread::sleep(Duration::from_millis(100)),
            None => panic!("the stop does not end"),
        }
    }
}

/// The writer waits for a disk that answers no more, and with it whoever wants something written: the
/// last work of a stop too.
#[test]
fn e1_e6_a_stop_ends_though_the_writer_hangs_and_nothing_of_it_was_acknowledged() {
    let installation = Installation::made_by(copy_populated);
    let hangs = [("JITSUIN_TORTURE", "hangs:staff-changed:1")];
    let mut server = installation.serve(&hangs).unwrap();
    let client = server.client.clone();
    let asked = std::thread::spawn(move || {
        let body = json!({ "id": "late-1", "name": "Late", "roles": ["examiner"] });
        client.ask("operator-1", "POST", "people", Some(&body), &[])
    });
    // Somebody else's commit waits behind it: then it hangs.
    let client = server.client.clone();
    let begun = Instant::now();
    loop {
        let mut kept = client.keep(Duration::from_secs(2)).unwrap();
        let bearer = format!("Bearer {}", client.token("operator-2"));
        let headers = [("Authorization", bearer.as_str())];
        let body = json!({ "id": "late-2", "name": "Late", "roles": ["examiner"] });
        if kept.ask("POST", "/api/v1/people", &headers, Some(&body)).is_err() {
            break;
        }
        assert!(begun.elapsed() < TIMEOUT, "the writer goes on");
    }
    tell_to_stop(&server);
    assert_eq!(ended(&mut server), Some(1), "it is broken off");
    let told = asked.join().unwrap();
    assert!(told.is_err() || told.as_ref().is_ok_and(|(status, _)| *status >= 500), "{told:?}");
    let server = installation.serve(&[]).unwrap();
    let (status, told) =
        server.client.ask("operator-1", "GET", "people/late-1", None, &[]).unwrap();
    assert_eq!(status, 404, "{told}");
    assert!(server.stop(), "and this one stops in good order");
}

/// The cycle waits for a file of the operator's that does not come: what strangers asked in the minute
/// that runs is written all the same.
#[test]
fn e1_v5_a_stop_writes_what_was_counted_of_strangers_whatever_the_cycle_hangs_at() {
    const ASKED: usize = 100;
    let installation = Installation::made_by(copy_populated);
    let place = installation.path();
    name_client_issuer(place);
    let mut server = installation.serve(&[]).unwrap();
    let pipe = place.join("issuer.crl");
    assert!(run(place, "mkfifo", &["issuer.crl"]).success);
    let begun = Instant::now();
    // While it is open nothing comes, and no end.
    let kept = loop {
        match fs::OpenOptions::new().write(true).custom_flags(AT_ONCE).open(&pipe) {
            Ok(open) => break open,
            Err(_) => assert!(begun.elapsed() < TIMEOUT, "the cycle does not read its lists"),
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    let url = format!("http://{}/crl/jpki-auth/1/11100/[1-{ASKED}].crl", server.repository);
    let said = run(place, "curl", &["-s", "-o", "/dev/null", "-w", "%{http_code}\n", &url]);
    assert_eq!(said.text.lines().filter(|line| *line == "401").count(), ASKED, "{}", said.text);
    tell_to_stop(&server);
    assert_eq!(ended(&mut server), Some(1), "the cycle did not end");
    let mut told = (0, 0);
    for file in fs::read_dir(place.join("data/queries")).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        for line in text.lines().filter(|line| line.contains("web ")) {
            match line.split(' ').skip_while(|word| *word != "sum").nth(1) {
                Some(count) => told.1 += count.parse::<usize>().unwrap(),
                None => told.0 += usize::from(line.contains("/crl/jpki-auth/1/11100/")),
            }
        }
    }
    assert_eq!(told.0 + told.1, ASKED, "{told:?}");
    assert!(told.1 > 0, "some were counted alone");
    drop(kept);
    fs::remove_file(&pipe).unwrap();
    let said = installation.command("manager-1", &["check"]);
    assert!(!said.text.contains("query records"), "{}", said.text);
}

/// Names an issuer of client certificates whose list does not lie there yet.
fn name_client_issuer(place: &Path) {
    let line = "req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -out issuer.pem -days 30 \
                -subj /CN=issuer.example";
    assert!(run(place, "openssl", &line.split_whitespace().collect::<Vec<_>>()).success);
    let config = place.join("jitsuin.toml");
    let text = fs::read_to_string(&config).unwrap();
    let named = "\n[[client_issuers]]\ncertificate = \"issuer.pem\"\nlist = \"issuer.crl\"\n";
    fs::write(config, text + named).unwrap();
}
