//! Ceremonies beside the work: a CA's key is renewed, by a process that is itself killed at any moment
//! and run again until the ceremony has come to its end.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use domain::journal::EventKind;
use jiff::{SignedDuration, Timestamp};

use super::world::World;
use crate::ceremony_room::{OTHERS, coming, script};
use crate::demo::PROGRAM;
use crate::installation::{CUSTODIANS, command};
use crate::tamper::Chance;

/// What a ceremony comes to, before or after which its process ends itself.
const MOMENTS: [EventKind; 6] = [
    EventKind::CeremonyStarted,
    EventKind::CeremonyStep,
    EventKind::KeyGenerated,
    EventKind::KeyBackedUp,
    EventKind::KeyRenewed,
    EventKind::CeremonyCompleted,
];

/// How long a ceremony may take, with all its interruptions.
const TIMEOUT: Duration = Duration::from_secs(180);

/// When a renewed key issues: after the ceremony, each try of which takes three processes.
const BEFORE_IT_ISSUES: SignedDuration = SignedDuration::from_secs(90);

/// How often at most a ceremony is cut.
const CUTS: u64 = 4;

/// How many renewals one run has: each makes lists of its own for every municipality.
const RENEWALS: u64 = 3;

/// Renews the key of jpki-auth again and again.
pub(super) fn renewals(world: &World, place: &Path, seed: u64) {
    let mut chance = Chance::named(seed, "ceremonies");
    for number in 1..=RENEWALS {
        if world.is_stopping() {
            return;
        }
        let file = format!("renewal-{number}.toml");
        let issues_from = Timestamp::now() + BEFORE_IT_ISSUES;
        let renew = format!(
            "do = \"renew-ca-key\"\nca = \"jpki-auth\"\nissues_from = \"{issues_from}\"\n\
             early = \"暗号方式が脆弱になったと判断した\""
        );
        let text = script(&format!("renewal-{number}"), &[&renew]);
        fs::write(place.join(&file), text).unwrap();
        if let Err(said) = held(place, &file, &mut chance) {
            return world.lose(format!("ceremony {file}: {said}"));
        }
        world.acknowledge(|facts| facts.renewals += 1);
        // The next is of another day; work goes on between them, before the new key issues and after.
        let next = issues_from.max(Timestamp::now() + SignedDuration::from_secs(30));
        while Timestamp::now() < next {
            if world.is_stopping() {
                return;
            }
            std::thread::sleep(Duration::from_secs(1));
        }
    }
}

/// Runs a script, and again where it was killed, until it has come to its end.
fn held(place: &Path, file: &str, chance: &mut Chance) -> Result<(), String> {
    let (begun, mut last) = (Instant::now(), String::new());
    for number in 0.. {
        if begun.elapsed() > TIMEOUT {
            break;
        }
        let moment = (number < CUTS && chance.flip()).then(|| moment(chance));
        let mut child = begin(place, file, moment.as_deref());
        if number < CUTS && moment.is_none() && chance.flip() {
            std::thread::sleep(Duration::from_millis(chance.below(6000)));
            let _ = child.kill();
            let _ = child.wait();
            continue;
        }
        let said = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&said.stdout);
        if said.status.success() && text.contains("\"completed\"") {
            return Ok(());
        }
        // The server may be starting, or dying, and people come again in a moment.
        last = format!("{text}{}", String::from_utf8_lossy(&said.stderr));
        std::thread::sleep(Duration::from_millis(500));
    }
    Err(last)
}

fn moment(chance: &mut Chance) -> String {
    let side = if chance.flip() { "before" } else { "after" };
    let kind = MOMENTS[chance.pick(MOMENTS.len()).unwrap()];
    format!("{side}:{kind}:{}", 1 + chance.below(2))
}

/// Begins to run a script, in a process that ends itself at a moment. Those who are present confirm it
/// anew, for each time it goes on; where they cannot, it says so.
pub(super) fn begin(place: &Path, file: &str, moment: Option<&str>) -> Child {
    std::thread::scope(|scope| {
        for id in OTHERS {
            scope.spawn(move || command(place, id, &["ceremony", "attend", file]));
        }
    });
    Command::new(PROGRAM)
        .envs(moment.map(|moment| ("JITSUIN_TORTURE", moment)))
        .args(["--json", "--as", "data/handed-out/operator-1.token"])
        .args(["ceremony", "run", file])
        .args(CUSTODIANS)
        .args(OTHERS.map(coming))
        .current_dir(place)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}
