//! Acts on the CAs' keys through the command line.

use std::fs;
use std::net::UdpSocket;
use std::time::Duration;

use crate::workplace::{MANAGER, STAFF, Workplace, present};

const COMPROMISE: [&str; 4] = ["key", "compromise", "jpki-auth", "--carry-out"];

#[test]
fn k6_the_dry_run_tells_every_path_and_a_renewal_itself_wants_a_ceremony() {
    let place = Workplace::new();
    let told = place.answer(&STAFF, &["key", "renew", "jpki-auth", "--dry-run"]);
    assert_eq!(told["sound"], true, "{told}");
    assert!(told["paths"].as_array().unwrap().len() >= 4, "{told}");
    let said = place.refusal(&STAFF, &["key", "renew", "jpki-auth"]);
    assert!(said.contains("ceremony"), "{said}");
}

#[test]
fn k7_a_compromise_without_custodians_stops_and_goes_on_when_they_come() {
    let place = Workplace::new();
    let plan = place.answer(&MANAGER, &["key", "compromise", "jpki-auth"]);
    assert!(plan["state"].is_null(), "{plan}");
    // Revoking needs no key; the lists do, so the procedure waits there.
    let said = place.run_as_is(&MANAGER, &COMPROMISE);
    assert!(!said.success && said.text.contains("approver"), "{}", said.text);
    place.answer(&STAFF, &[&COMPROMISE[..], &["--approves", "op-end"]].concat());
    let two = ["--operation", "op-end", "--approver", "operator-1"];
    let said = place.run_as_is(&MANAGER, &[&COMPROMISE[..], &two].concat());
    assert_eq!(said.status, Some(1), "{}", said.text);
    assert!(said.text.contains("not activated"), "{}", said.text);
    let plan = place.answer(&MANAGER, &["key", "compromise", "jpki-auth"]);
    assert_eq!((&plan["state"], &plan["certificates"]), (&"revoked".into(), &0.into()), "{plan}");
    let custodians = present(&["custodian-1", "custodian-3"]);
    let custodians: Vec<&str> = custodians.iter().map(String::as_str).collect();
    let done = place.run_as_is(&MANAGER, &[&custodians, &COMPROMISE[..]].concat());
    assert_eq!(done.status, Some(0), "{}", done.text);
    let plan = place.answer(&MANAGER, &["key", "compromise", "jpki-auth"]);
    assert_eq!(plan["state"], "completed");
    assert!(place.path().join("data/notifications/compromise-jpki-auth-1.note").exists());
    // The custody is told to whoever may know.
    let keys = place.answer(&MANAGER, &["key", "status"]);
    assert_eq!((&keys["active"], &keys["threshold"]), (&false.into(), &2.into()));
}

/// A time server that is so many seconds ahead answers each question once asked, until it is dropped.
fn time_server(ahead_seconds: u32) -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let port = socket.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut question = [0; 48];
        while let Ok((48, from)) = socket.recv_from(&mut question) {
            // RFC 5905 8: what the client sent comes back as the originate timestamp.
            let mut answer = [0; 48];
            (answer[0], answer[1]) = (0x24, 1);
            answer[12..16].copy_from_slice(b"TEST");
            answer[24..32].copy_from_slice(&question[40..48]);
            let sent = jiff::Timestamp::now().as_second() as u64 + 2_208_988_800;
            let now = (sent as u32).wrapping_add(ahead_seconds).to_be_bytes();
            for place in [16, 32, 40] {
                answer[place..place + 4].copy_from_slice(&now);
                // In the middle of the second: no rounding decides.
                answer[place + 4] = 0x80;
            }
            let _ = socket.send_to(&answer, from);
        }
    });
    port
}

fn with_source(place: &Workplace, port: u16) {
    let file = place.path().join("jitsuin.toml");
    let text = fs::read_to_string(&file).unwrap();
    let kept: Vec<&str> = text.split("[time]").collect();
    let rest = kept.get(1).and_then(|time| time.find("\n[").map(|at| &time[at..])).unwrap_or("");
    let time = format!("[time]\nsource = \"127.0.0.1:{port}\"\nlimit_seconds = 2\n");
    fs::write(&file, format!("{}{time}{rest}", kept[0])).unwrap();
}

#[test]
fn e9_a_clock_an_hour_away_from_the_time_source_signs_nothing_and_says_so() {
    let place = Workplace::new();
    with_source(&place, time_server(3600));
    let custodians = present(&["custodian-1", "custodian-2"]);
    let custodians: Vec<&str> = custodians.iter().map(String::as_str).collect();
    let publish = [&custodians, &["crl", "publish", "--ca", "saitama-sign"][..]].concat();
    let said = place.run_as_is(&STAFF, &publish);
    assert_eq!(said.status, Some(1), "{}", said.text);
    assert!(said.text.contains("signing is stopped"), "{}", said.text);
    assert!(said.text.contains("time source"), "{}", said.text);
    let said = place.refusal(&STAFF, &["check"]);
    assert!(said.contains("clock"), "{said}");
    // The same installation with a source that agrees goes on.
    with_source(&place, time_server(0));
    std::thread::sleep(Duration::from_secs(1));
    let said = place.run_as_is(&STAFF, &publish);
    assert_eq!(said.status, Some(0), "{}", said.text);
}
