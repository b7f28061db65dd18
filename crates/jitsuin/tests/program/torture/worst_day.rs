//! The worst day under kills: a CA's key is declared compromised, and whoever carries it out dies again
//! and again, the server too. In the end nothing of that CA is good for anybody.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use domain::journal::EventKind;
use serde_json::Value;

use super::lives::{live, pause};
use super::world::World;
use super::{Settings, compare};
use crate::demo::PROGRAM;
use crate::installation::{CUSTODIANS, Client, Installation};
use crate::tamper::Chance;

/// How often both are killed in one round.
const CUTS: u64 = 4;

/// Within this time what was declared is carried out, once nothing dies any more.
const CARRIED_OUT_WITHIN: Duration = Duration::from_secs(60);

#[test]
fn k7_e6_a_compromise_is_carried_out_whole_whatever_is_killed() {
    let test = "torture::worst_day::k7_e6_a_compromise_is_carried_out_whole_whatever_is_killed";
    days(&Settings::read(), test);
}

/// The short form of everything else in a token: its keys sleep and wake, sign and are let go of.
#[test]
fn k7_k1_a_compromise_is_carried_out_whole_with_the_keys_in_a_token() {
    let test =
        "torture::worst_day::k7_k1_a_compromise_is_carried_out_whole_with_the_keys_in_a_token";
    days(&Settings { has_token: true, ..Settings::read() }, test);
}

fn days(settings: &Settings, test: &str) {
    settings.with_installations(test, |made| {
        for round in 0..1 + settings.kills / 100 {
            let mut chance = Chance::named(settings.seed, &format!("worst day {round}"));
            let lost = one(&made(), &mut chance);
            assert!(lost.is_empty(), "{settings}, round {round}:\n{}", lost.join("\n"));
        }
    });
}

/// One worst day; what is not as it must be.
fn one(installation: &Installation, chance: &mut Chance) -> Vec<String> {
    let world = World::default();
    let approved = command(installation, "operator-1", &["--approves", "op-worst-day"]).output();
    let approved = approved.unwrap();
    assert!(approved.status.success(), "{}", String::from_utf8_lossy(&approved.stderr));
    for _ in 0..CUTS {
        let mut server = live(installation, &world).unwrap();
        let kind =
            [EventKind::KeyCompromised, EventKind::CertificateRevoked][chance.pick(2).unwrap()];
        let side = if chance.flip() { "before" } else { "after" };
        let moment = format!("{side}:{kind}:{}", 1 + chance.below(3));
        let mut child = command(installation, "manager-1", &TOGETHER)
            .env("JITSUIN_TORTURE", moment)
            .spawn()
            .unwrap();
        pause(chance.below(2500));
        let _ = child.kill();
        let _ = child.wait();
        pause(chance.below(300));
        server.kill();
    }
    let server = live(installation, &world).unwrap();
    // Two people say it to its end, whatever was said before.
    let said = command(installation, "manager-1", &TOGETHER).output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let begun = Instant::now();
    while plan(&server.client)["state"] != "completed" {
        assert!(begun.elapsed() < CARRIED_OUT_WITHIN, "{}", plan(&server.client));
        pause(200);
    }
    let all = server.client.ask(
        "operator-1",
        "GET",
        "cas/saitama-sign/certificates?limit=200",
        None,
        &[],
    );
    let (_, page) = all.unwrap();
    let users = page["certificates"].as_array().unwrap().iter().filter(|one| one["kind"] == "user");
    let users: Vec<_> = users.map(|one| one["serial"].as_str().unwrap().to_owned()).collect();
    assert!(users.len() > 3, "{page}");
    world.acknowledge(|facts| {
        let revoked =
            users.into_iter().map(|serial| (("saitama-sign".to_owned(), serial), "revoked"));
        facts.certificates.extend(revoked);
    });
    compare::everything(installation, &world, server);
    world.facts(|facts| facts.lost.clone())
}

fn plan(client: &Client) -> Value {
    let path = "cas/saitama-sign/generations/1/compromise";
    client.ask("manager-1", "GET", path, None, &[]).unwrap().1
}

/// As whoever asks together with operator-1, who approved it.
const TOGETHER: [&str; 4] = ["--operation", "op-worst-day", "--approver", "operator-1"];

fn command(installation: &Installation, who: &str, more: &[&str]) -> Command {
    let token = |id: &str| format!("data/handed-out/{id}.token");
    let mut command = Command::new(PROGRAM);
    command
        .args(["--json", "--as", &token(who)])
        .args(CUSTODIANS)
        .args(["key", "compromise", "saitama-sign", "--carry-out"])
        .args(more)
        .current_dir(installation.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}
