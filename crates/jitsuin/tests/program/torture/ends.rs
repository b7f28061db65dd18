//! The ends of keys under kills: a key that was lost comes back from its backup, and the key of a
//! generation that nothing needs is destroyed. Whoever carries it out dies at every named step and goes
//! on, and the server beside it dies as well.

use std::fs;
use std::path::Path;

use serde_json::Value;
use testkit::run;

use super::ceremonies::begin;
use super::lives::{AT_ITS_MOMENT, live, pause};
use super::world::World;
use super::{Settings, compare, outlived};
use crate::ceremony_room::script;
use crate::installation::{Installation, Server};
use crate::tamper::Chance;

/// The key that is lost and comes back: its CA issues with it.
const NEW: &str = "saitama-sign-ca-2";

/// The key that ends: its compromise is carried out.
const OLD: &str = "saitama-sign-ca-1";

/// Where both happen, each after the one before, as far as one goes on from another: a run that
/// follows a cut first tells of the interruption, and of who came again.
const RETURN: [&str; 10] = [
    "after:ceremony-started:1",
    "before:ceremony-started:1",
    "before:key-brought-back:1",
    "after:key-brought-back:1",
    "before:key-restored:3",
    "after:key-brought-back:1",
    "after:key-restored:4",
    "before:ceremony-step:3",
    "after:ceremony-step:3",
    "after:ceremony-completed:1",
];

/// The same for the destruction.
const DESTRUCTION: [&str; 12] = [
    "after:ceremony-started:1",
    "after:ceremony-step:2",
    "before:key-ended:1",
    "after:key-ended:1",
    "before:copy-ended:1",
    "after:copy-ended:1",
    "before:copy-ended:2",
    "after:copy-ended:3",
    "before:key-destroyed:1",
    "after:key-destroyed:1",
    "before:ceremony-step:3",
    "before:ceremony-completed:1",
];

/// Where the destruction's first ceremony is given up, and the id of the one that goes on with it.
const GIVEN_UP_AT: &str = "before:copy-ended:1";
const AGAIN: &str = "destruction-again";

#[test]
fn k4_k9_e6_a_key_comes_back_and_another_ends_whatever_is_killed() {
    let settings = Settings::read();
    let test = "torture::ends::k4_k9_e6_a_key_comes_back_and_another_ends_whatever_is_killed";
    settings.with_installations(test, |made| {
        for round in 0..1 + settings.kills / 100 {
            let mut chance = Chance::named(settings.seed, &format!("ends of keys {round}"));
            let outlived = match settings.has_token {
                // A token cannot be copied while somebody has it open.
                true => outlived::on(made()),
                false => Installation::made_by(outlived::copy),
            };
            let lost = one(&settings, &outlived, &mut chance);
            assert!(lost.is_empty(), "{settings}, round {round}:\n{}", lost.join("\n"));
        }
    });
}

/// A key's return and another's end; what is not as it must be.
fn one(settings: &Settings, installation: &Installation, chance: &mut Chance) -> Vec<String> {
    let (place, world) = (installation.path(), World::default());
    let mut server = live(installation, &world).unwrap();
    let secrets = secrets(place);
    let held = Held { installation, world: &world, all: settings.are_many(), name: "return" };
    // What is in a token is not lost by itself.
    if !settings.has_token {
        for lost in [format!("{NEW}.key"), "cards-1.cards".to_owned()] {
            fs::remove_file(place.join("data/keys").join(lost)).unwrap();
        }
        let restore = "do = \"restore\"\ndirectory = \"media/backup\"\ninto = \"installation\"";
        held.under_kills(restore, &RETURN, &mut server, chance);
        signs_again(&server, &world, place);
    }
    let destroy = "do = \"destroy-ca-key\"\nca = \"saitama-sign\"\ngeneration = 1";
    let held = Held { name: "destruction", ..held };
    let revoked = compare::users(&server.client, &world, "saitama-sign", 1);
    assert!(revoked.len() > 3, "{revoked:?}");
    held.under_kills(destroy, &DESTRUCTION, &mut server, chance);
    is_nowhere(&world, place, &secrets);
    if compare::users(&server.client, &world, "saitama-sign", 1) != revoked {
        world.lose(format!("{OLD} certified others after its end"));
    }
    world.acknowledge(|facts| {
        facts.certificates.extend(revoked.into_iter().map(|id| (id, "revoked")));
    });
    compare::everything(installation, &world, server);
    is_told(installation, &world, settings);
    world.facts(|facts| facts.lost.clone())
}

/// A ceremony of one step.
#[derive(Clone, Copy)]
struct Held<'a> {
    installation: &'a Installation,
    world: &'a World,
    /// Whether it is cut at every moment, and not at some drawn by chance.
    all: bool,
    name: &'a str,
}

impl Held<'_> {
    /// Held by processes that end themselves at these moments, and by one that does not.
    fn under_kills(&self, step: &str, moments: &[&str], server: &mut Server, chance: &mut Chance) {
        let place = self.installation.path();
        let file = format!("{}.toml", self.name);
        fs::write(place.join(&file), script(self.name, &[step])).unwrap();
        for (number, moment) in moments.iter().enumerate() {
            // The first is where the others go on from; about these two is most to be lost.
            // After the one at which it is given up, the other ceremony must have begun.
            let kept = ["before:key-ended:1", "before:key-brought-back:1"];
            let is_kept =
                kept.contains(moment) || [GIVEN_UP_AT, "after:copy-ended:1"].contains(moment);
            if !self.all && number > 0 && !is_kept && chance.below(3) > 0 {
                continue;
            }
            let said = begin(place, &file, Some(moment)).wait_with_output().unwrap();
            if !said.status.to_string().starts_with(AT_ITS_MOMENT) {
                let text = String::from_utf8_lossy(&said.stderr);
                self.world.lose(format!("{} at {moment}: {}: {text}", self.name, said.status));
            }
            tear(place, moment);
            if !moment.starts_with("after:ceremony-completed") {
                self.told_by_check(moment);
            }
            if *moment == GIVEN_UP_AT {
                self.given_up(&file);
            }
            if chance.below(4) == 0 {
                server.kill();
                *server = live(self.installation, self.world).unwrap();
            }
        }
        let said = begin(place, &file, None).wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&said.stdout);
        if !said.status.success() || !text.contains("\"completed\"") {
            let errors = String::from_utf8_lossy(&said.stderr);
            self.world.lose(format!("{} does not end: {text}{errors}", self.name));
        }
    }

    /// Whoever asks hears that it was begun, or by which ceremony what is amiss is mended.
    fn told_by_check(&self, moment: &str) {
        let said = self.installation.command("manager-1", &["check"]).text;
        let is_told = said.contains("ceremony-unfinished") && said.contains(self.name);
        let has_way = !said.contains("\"consistent\":true") && said.contains("ceremony with");
        if !is_told && !has_way {
            self.world.lose(format!("{} cut off at {moment} is not told: {said}", self.name));
        }
        // From the note that it began to the one that it is done.
        let is_half = ["key-ended", "copy-ended", "before:key-destroyed"];
        let is_half = is_half.iter().any(|within| moment.contains(within));
        if is_half != said.contains("destruction-unfinished") {
            self.world.lose(format!("at {moment} the destruction is told otherwise: {said}"));
        }
    }

    /// The ceremony is given up, and what it began is told without it; another goes on, by the same script
    /// under an id of its own.
    fn given_up(&self, file: &str) {
        let place = self.installation.path();
        let abandon = ["ceremony", "abandon", self.name, "--reason", "媒体の不足"];
        let said = self.installation.command("manager-1", &abandon);
        let check = self.installation.command("manager-1", &["check"]).text;
        let is_told = check.contains("destruction-unfinished");
        if !said.success || !is_told || check.contains("ceremony-unfinished") {
            self.world.lose(format!("given up: {}: {check}", said.text));
        }
        let text = fs::read_to_string(place.join(file)).unwrap();
        let text =
            text.replacen(&format!("id = \"{}\"", self.name), &format!("id = \"{AGAIN}\""), 1);
        fs::write(place.join(file), text).unwrap();
    }
}

/// Leaves what a cut in the middle of erasing a file leaves: zeros in its place.
fn tear(place: &Path, moment: &str) {
    let torn = match moment {
        "before:key-ended:1" => format!("data/keys/{OLD}.key"),
        "after:copy-ended:1" => format!("media/backup/{OLD}.json"),
        "before:copy-ended:2" => format!("data/restored/second-site/{OLD}.key"),
        _ => return,
    };
    let file = place.join(torn);
    if let Ok(found) = fs::metadata(&file) {
        fs::write(&file, vec![0; usize::try_from(found.len()).unwrap()]).unwrap();
    }
}

/// What came back is the key of the CA's certificate: a new list verifies under it.
fn signs_again(server: &Server, world: &World, place: &Path) {
    // A list is a second younger than the one before it.
    pause(1100);
    let (ca, generation) = ("saitama-sign", 2);
    let path = format!("cas/{ca}/publication");
    let (status, told) = server
        .client
        .ask("repository-1", "POST", &path, Some(&serde_json::json!({})), &[])
        .unwrap();
    let lists = told["lists"].as_array().cloned().unwrap_or_default();
    let made =
        lists.iter().filter(|one| one["generation"] == generation && one["outcome"] == "published");
    if status != 200 || made.count() == 0 {
        return world.lose(format!("the key that came back: {status} {told}"));
    }
    let password = fs::read_to_string(place.join("data/handed-out/verifier-1.password")).unwrap();
    let user = format!("verifier-1:{}", password.trim());
    let web = format!("http://{}", server.repository);
    let partition = lists.iter().find(|one| one["generation"] == generation).unwrap()["partition"]
        .as_str()
        .unwrap()
        .to_owned();
    let list = format!("{web}/crl/{ca}/{generation}/{partition}.crl");
    let root = format!("{web}/ca/{ca}/{generation}.cer");
    for (file, url) in [("new.crl", &list), ("new.cer", &root)] {
        let fetched = run(place, "curl", &["-sSf", "-u", &user, "-o", file, url]);
        if !fetched.success {
            return world.lose(format!("{url}: {}", fetched.text));
        }
    }
    let read = ["x509", "-inform", "DER", "-in", "new.cer", "-out", "new.pem"];
    assert!(run(place, "openssl", &read).success);
    let verify = ["crl", "-inform", "DER", "-in", "new.crl", "-CAfile", "new.pem", "-noout"];
    let said = run(place, "openssl", &verify).text;
    if !said.contains("verify OK") {
        world.lose(format!("{list}: {said}"));
    }
}

/// What is secret of the key that ends, as it stands in its files.
fn secrets(place: &Path) -> Vec<String> {
    let files = [format!("data/keys/{OLD}.key"), format!("media/backup/{OLD}.json")];
    let texts = files.iter().filter_map(|file| fs::read_to_string(place.join(file)).ok());
    let parsed = texts.map(|text| serde_json::from_str::<Value>(&text).unwrap());
    let secret = |file: Value| {
        let secret = file["wrapped"].as_str().or(file["private_key"]["text"].as_str());
        secret.expect("a secret part").to_owned()
    };
    parsed.map(secret).collect()
}

/// The key is in no file of the installation, under whatever name.
fn is_nowhere(world: &World, place: &Path, secrets: &[String]) {
    for file in files(place) {
        let content = String::from_utf8_lossy(&fs::read(&file).unwrap_or_default()).into_owned();
        let has_secret = secrets.iter().any(|secret| content.contains(secret));
        if has_secret || file.to_string_lossy().contains(OLD) {
            world.lose(format!("{} is there after {OLD} was destroyed", file.display()));
        }
    }
}

fn files(directory: &Path) -> Vec<std::path::PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => all.extend(files(&path)),
            false => all.push(path),
        }
    }
    all
}

/// The journal tells once that the destruction was begun, once that it was done and of each copy, and of no
/// list that was signed with the key afterwards.
fn is_told(installation: &Installation, world: &World, settings: &Settings) {
    let entries = journal(installation);
    let of = |kind: &str, subject: &str| -> Vec<&Value> {
        let is_meant = |entry: &&Value| {
            entry["kind"] == kind
                && entry["subject"] == subject
                && entry["outcome"]["result"] == "done"
        };
        entries.iter().filter(is_meant).collect()
    };
    let mut begun = of("key-act-begun", OLD);
    begun.retain(|entry| entry["details"].to_string().contains("\"destruction\""));
    let ended = of("key-destroyed", OLD);
    let ceremonies = ["return", AGAIN].map(|id| of("ceremony-completed", id).len());
    let returns = usize::from(!settings.has_token);
    if (begun.len(), ended.len(), ceremonies) != (1, 1, [returns, 1]) {
        return world.lose(format!("once each: {begun:#?}, {ended:#?}, ceremonies {ceremonies:?}"));
    }
    let told = ended[0]["details"].to_string();
    for copy in ["data/backups/", "media/backup/", "media/cut/", "second-site"] {
        if !told.contains(copy) {
            world.lose(format!("the entry of the end does not tell of {copy}: {told}"));
        }
    }
    let is_later = |entry: &&Value| entry["sequence"].as_u64() > ended[0]["sequence"].as_u64();
    for entry in entries.iter().filter(is_later) {
        let subject = entry["subject"].as_str().unwrap_or_default();
        if entry["kind"] == "crl-built"
            && entry["ca"] == "saitama-sign"
            && subject.starts_with("1/")
        {
            world.lose(format!("signed after the end: {entry}"));
        }
    }
}

/// Every entry of the journal.
fn journal(installation: &Installation) -> Vec<Value> {
    let export = installation.command("auditor-1", &["audit", "export", "journal.jsonl"]);
    assert!(export.success, "{}", export.text);
    let text = fs::read_to_string(installation.path().join("journal.jsonl")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let entries = lines.filter_map(|line| Some(line["entry"].as_str()?.to_owned()));
    entries.map(|entry| serde_json::from_str(&entry).unwrap()).collect()
}
