//! Life after life: started, awakened by its custodians, put to work, killed.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::world::World;
use super::{Settings, ceremonies, compare, moments, residents, staff, stories, verifier};
use crate::installation::{Installation, Server};
use crate::tamper::Chance;

const MUNICIPALITIES: [&str; 5] = ["11100", "11201", "11203", "11208", "11222"];

/// How a process ends at its named moment: by `abort`.
pub(super) const AT_ITS_MOMENT: &str = "signal: 6";

#[test]
fn e6_v11_what_was_acknowledged_survives_any_kill() {
    let settings = Settings::read();
    let test = "torture::lives::e6_v11_what_was_acknowledged_survives_any_kill";
    settings.with_installations(test, |made| survives(&settings, &made()));
}

/// Lives of an installation under work, and what is left in the end.
fn survives(settings: &Settings, installation: &Installation) {
    let world = World::default();
    let windows = MUNICIPALITIES.map(|one| residents::strangers(installation.path(), one));
    let begun = Instant::now();
    let ended = std::thread::scope(|scope| {
        for (municipality, residents) in MUNICIPALITIES.into_iter().zip(windows) {
            let site = stories::Site { world: &world, place: installation.path(), municipality };
            scope.spawn(move || stories::window(&site, residents, settings.seed));
        }
        scope.spawn(|| staff::people(&world));
        scope.spawn(|| staff::requests(&world, installation.path()));
        scope.spawn(|| staff::lists(&world));
        scope.spawn(|| ceremonies::renewals(&world, installation.path(), settings.seed));
        scope.spawn(|| verifier::asks(&world, installation.path(), settings.seed));
        let deaths = kills(installation, &world, settings, begun);
        // The last life is not killed: everybody comes to the end of what they do.
        world.stop();
        deaths.map(|deaths| (deaths, live(installation, &world)))
    });
    let (deaths, last) = ended.unwrap_or_else(|said| panic!("{settings}: {said}"));
    let last = last.unwrap_or_else(|said| panic!("{settings}: {said}"));
    let figures = world.figures();
    compare::everything(installation, &world, last);
    let lost = world.facts(|facts| {
        println!(
            "{settings}: {deaths:?} in {} s; {figures:?}; {} certificates, {} applications, \
             {} people, {} service requests, {} cards, {} list series, {} renewals",
            begun.elapsed().as_secs(),
            facts.certificates.len(),
            facts.applications.len(),
            facts.people.len(),
            facts.requests.len(),
            facts.cards.len(),
            facts.lists.len(),
            facts.renewals,
        );
        facts.lost.clone()
    });
    assert!(lost.is_empty(), "{settings}: {} lost:\n{}", lost.len(), lost.join("\n"));
    let was_ended = settings.is_limited && begun.elapsed() > settings.limit;
    let is_enough = was_ended || deaths.are_enough(settings) && figures.acknowledged > 20;
    assert!(is_enough, "{settings}: too little was tried: {deaths:?}");
    assert!(figures.asked > 0, "{settings}: the verifier never had an answer");
    assert!(figures.from_home > 0, "{settings}: no holder asked anything from home");
    let unreached = moments::unreached(&deaths.reached);
    println!("{settings}: never came to {}", unreached.join(", "));
    let may_miss_some = was_ended || !settings.are_many();
    assert!(may_miss_some || unreached.is_empty(), "{settings}: {unreached:?}");
}

/// How the lives ended.
#[derive(Debug, Default)]
struct Deaths {
    at_work: u64,
    while_starting: u64,
    /// At the named moment that was asked for.
    at_moments: u64,
    /// Which these were.
    reached: BTreeSet<String>,
}

impl Deaths {
    /// Whether a tenth of what was asked for came at work, and a tenth at named moments.
    fn are_enough(&self, settings: &Settings) -> bool {
        let least = settings.kills / 10;
        self.at_work >= least && self.at_moments >= least
    }
}

/// Kills as often as is asked for.
fn kills(
    installation: &Installation,
    world: &World,
    settings: &Settings,
    begun: Instant,
) -> Result<Deaths, String> {
    let mut chance = Chance::named(settings.seed, "kills");
    let mut deaths = Deaths::default();
    let mut moments = moments::all(&mut chance).into_iter().cycle();
    for _ in 0..settings.kills {
        let Settings { limit, is_limited, .. } = *settings;
        // A slow machine has more time for the least that must be tried.
        let limit = if is_limited || deaths.are_enough(settings) { limit } else { 3 * limit };
        if begun.elapsed() > limit {
            break;
        }
        match chance.below(8) {
            0 => {
                let mut child = installation.begin(&[]);
                pause(chance.below(600));
                let _ = child.kill();
                let _ = child.wait();
                deaths.while_starting += 1;
            }
            1..=3 => {
                let mut server = live(installation, world)?;
                // Now and then one lives for longer: what comes once in a while, as the proof of the whole state,
                // comes to its end too.
                let longer = if chance.below(30) == 0 { 10 } else { 1 };
                pause(chance.below(longer * settings.life));
                world.let_the_kept_waiting_end();
                server.kill();
                deaths.at_work += 1;
            }
            _ => {
                let moment = moments.next().ok_or("there are no moments")?;
                match until(installation, world, settings, &moment)? {
                    true => {
                        deaths.at_moments += 1;
                        deaths.reached.insert(moment);
                    }
                    false => deaths.at_work += 1,
                }
            }
        }
        world.dies();
    }
    Ok(deaths)
}

/// A life that ends itself at a moment; whether it came to it before it was killed.
///
/// # Errors
/// It ended for another reason.
fn until(
    installation: &Installation,
    world: &World,
    settings: &Settings,
    moment: &str,
) -> Result<bool, String> {
    let mut server = match installation.serve(&[("JITSUIN_TORTURE", moment)]) {
        Ok(server) => server,
        Err(said) if said.starts_with(AT_ITS_MOMENT) => return Ok(true),
        Err(said) => return Err(format!("{moment}: it does not start: {said}")),
    };
    world.lives(&server);
    // It may end while the custodians come.
    let _ = server.client.awaken();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(settings.life) {
        match server.ended().map(|status| status.to_string()) {
            Some(status) if status.starts_with(AT_ITS_MOMENT) => return Ok(true),
            Some(status) => return Err(format!("{moment}: it ended by itself: {status}")),
            None => pause(10),
        }
    }
    server.kill();
    Ok(false)
}

/// Starts a life and has two custodians wake its keys.
pub(super) fn live(installation: &Installation, world: &World) -> Result<Server, String> {
    let server = installation.serve(&[])?;
    world.lives(&server);
    match server.client.awaken() {
        Ok((200, keys)) if keys["active"] == true => Ok(server),
        told => Err(format!("the keys do not awake: {told:?}")),
    }
}

pub(super) fn pause(millis: u64) {
    std::thread::sleep(Duration::from_millis(millis));
}
