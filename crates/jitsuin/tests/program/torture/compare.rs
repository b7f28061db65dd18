//! At the end: everything acknowledged against the API, OCSP, lists, the directory, the cards, the
//! check and the journal's verification.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::run;

use super::facts::CertificateId;
use super::world::World;
use crate::installation::{Client, Installation, Server};

/// Certificates in one OCSP request.
const IN_ONE_REQUEST: usize = 5;

/// What the API says of a certificate.
struct Told {
    state: String,
    generation: u64,
    partition: String,
    is_user: bool,
}

/// As whom the registered verifier binds to the directory.
const VERIFIER: &str = "CN=verifier-1,OU=Verifiers,O=JPKI,C=JP";

type Certificates = BTreeMap<CertificateId, Told>;

/// Compares, and stops the server; what differs is lost.
pub(super) fn everything(installation: &Installation, world: &World, server: Server) {
    let found = certificates(&server.client, world);
    states(world, &found);
    records(&server.client, world);
    cards(&server.client, world);
    lists_and_directory(installation, &server, world, &found);
    ocsp(installation, &server, world, &found);
    if !server.stop() {
        world.lose("the server did not stop in good order".to_owned());
    }
    evidence(installation, world);
}

fn get(client: &Client, world: &World, who: &str, path: &str) -> Value {
    match client.ask(who, "GET", path, None, &[]) {
        Ok((200, answer)) => answer,
        told => {
            world.lose(format!("GET {path}: {told:?}"));
            Value::Null
        }
    }
}

fn certificates(client: &Client, world: &World) -> Certificates {
    let mut found = Certificates::new();
    for ca in ["jpki-auth", "saitama-sign"] {
        let mut after = String::new();
        loop {
            let path = format!("cas/{ca}/certificates?limit=200{after}");
            let page = get(client, world, "operator-1", &path);
            for one in page["certificates"].as_array().into_iter().flatten() {
                let text = |field: &str| one[field].as_str().unwrap_or_default().to_owned();
                let told = Told {
                    state: text("state"),
                    generation: one["generation"].as_u64().unwrap_or_default(),
                    partition: text("partition"),
                    is_user: one["kind"] == "user",
                };
                if found.insert((ca.to_owned(), text("serial")), told).is_some() {
                    world.lose(format!("{ca} {} is there twice", text("serial")));
                }
            }
            let Some(next) = page["next"].as_u64() else { break };
            after = format!("&after={next}");
        }
    }
    found
}

/// The users' certificates of a generation.
pub(super) fn users(
    client: &Client,
    world: &World,
    ca: &str,
    generation: u64,
) -> Vec<CertificateId> {
    let is_meant = |(of, told): (&CertificateId, &Told)| {
        of.0 == ca && told.is_user && told.generation == generation
    };
    let all = certificates(client, world);
    all.iter().filter(|one| is_meant(*one)).map(|(id, _)| id.clone()).collect()
}

fn states(world: &World, found: &Certificates) {
    let acknowledged = world.facts(|facts| facts.certificates.clone());
    for (id, state) in acknowledged {
        match found.get(&id) {
            None => world.lose(format!("certificate {id:?} was {state}, and is not there")),
            Some(told) if told.state != state => {
                world.lose(format!("certificate {id:?} was {state}, and is {}", told.state));
            }
            Some(_) => {}
        }
    }
    for (id, told) in found.iter().filter(|(_, told)| told.state == "intended") {
        world.lose(format!("certificate {id:?} is still {}", told.state));
    }
}

/// Applications, people, service requests and lists.
fn records(client: &Client, world: &World) {
    let mut expected = Vec::new();
    world.facts(|facts| {
        for (id, (clerk, state)) in &facts.applications {
            expected.push((clerk.clone(), format!("applications/{id}"), *state));
        }
        for (id, state) in &facts.people {
            expected.push(("operator-1".to_owned(), format!("people/{id}"), *state));
        }
        for (id, state) in &facts.requests {
            expected.push(("operator-1".to_owned(), format!("service-requests/{id}"), *state));
        }
    });
    for (who, path, state) in expected {
        let told = get(client, world, &who, &path);
        if told["state"] != state {
            world.lose(format!("{path} was {state}, and is {}", told["state"]));
        }
    }
    for ((ca, generation, partition), number) in world.facts(|facts| facts.lists.clone()) {
        let series = get(client, world, "operator-1", &format!("cas/{ca}/lists"));
        let all = series["series"].as_array().cloned().unwrap_or_default();
        let is_meant = |one: &&Value| {
            one["generation"] == generation && one["partition"] == partition.as_str()
        };
        let one = all.iter().find(is_meant);
        let published = one.and_then(|one| one["published"]["number"].as_u64());
        if published < Some(number) {
            world.lose(format!("list {number} of {ca} {partition}: {published:?} is published"));
        }
    }
}

/// Every card that was delivered says so itself.
fn cards(client: &Client, world: &World) {
    for (card, (clerk, (ca, serial))) in world.facts(|facts| facts.cards.clone()) {
        let path = format!("card-readings?card={card}");
        match client.ask(&clerk, "POST", &path, Some(&json!({})), &[]) {
            Ok((200, told)) => {
                let slot = if ca == "jpki-auth" { "authentication" } else { "signature" };
                if told["life"] != "delivered" || told[slot]["delivered"] != true {
                    world.lose(format!("card {card} with {serial}: {told}"));
                }
            }
            told => world.lose(format!("card {card}: {told:?}")),
        }
    }
}

/// The lists by HTTP and LDAP are the same octets, and hold what the database has.
fn lists_and_directory(
    installation: &Installation,
    server: &Server,
    world: &World,
    found: &Certificates,
) {
    // A list is a second younger than the one before it.
    std::thread::sleep(Duration::from_millis(1100));
    for ca in ["jpki-auth", "saitama-sign"] {
        let path = format!("cas/{ca}/publication");
        let told = server.client.ask("repository-1", "POST", &path, Some(&json!({})), &[]);
        let is_published = |list: &Value| list["outcome"] == "published";
        match told {
            Ok((200, answer))
                if answer["lists"].as_array().is_some_and(|all| all.iter().all(is_published)) => {}
            other => world.lose(format!("publication of {ca}: {other:?}")),
        }
        let places: BTreeSet<_> = found
            .iter()
            .filter(|((of, _), told)| of == ca && told.is_user)
            .map(|(_, told)| (told.generation, told.partition.clone()))
            .collect();
        for (generation, partition) in places {
            one_list(installation, server, world, found, (ca, generation, &partition));
        }
    }
}

fn one_list(
    installation: &Installation,
    server: &Server,
    world: &World,
    found: &Certificates,
    (ca, generation, partition): (&str, u64, &str),
) {
    let password =
        fs::read_to_string(installation.path().join("data/handed-out/verifier-1.password"));
    let password = password.unwrap();
    let user = format!("verifier-1:{}", password.trim());
    let url = format!("http://{}/crl/{ca}/{generation}/{partition}.crl", server.repository);
    let fetched = run(installation.path(), "curl", &["-sSf", "-u", &user, "-o", "web.crl", &url]);
    if !fetched.success {
        return world.lose(format!("{url}: {}", fetched.text));
    }
    let text = ["crl", "-inform", "DER", "-in", "web.crl", "-noout", "-text"];
    let text = run(installation.path(), "openssl", &text).text;
    if !is_in_directory(installation, server, password.trim(), &text) {
        world.lose(format!("the list of {ca} {partition} is another one in the directory"));
    }
    let listed: BTreeSet<_> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Serial Number: "))
        .map(|serial| format!("{serial:0>32}").to_lowercase())
        .collect();
    for ((of, serial), told) in found {
        if of != ca || told.partition != partition || told.generation != generation {
            continue;
        }
        let expected = match told.state.as_str() {
            "undelivered" => ca == "jpki-auth",
            state => ["held", "revoked"].contains(&state),
        };
        if listed.contains(&serial.to_lowercase()) != expected {
            world.lose(format!("{ca} {serial} is {}, and on its list: {}", told.state, !expected));
        }
    }
}

/// Whether the directory has the list that was fetched from the repository, octet by octet.
fn is_in_directory(
    installation: &Installation,
    server: &Server,
    password: &str,
    text: &str,
) -> bool {
    let Some(name) = distribution_point(text) else { return false };
    let place = tempfile::tempdir_in(installation.path()).unwrap();
    let (folder, url) = (place.path().to_str().unwrap(), format!("ldap://{}", server.ldap));
    let bound = ["-x", "-H", &url, "-D", VERIFIER, "-w", password, "-t", "-T", folder];
    let asked = ["-s", "base", "-b", &name, "(objectClass=*)", "certificateRevocationList;binary"];
    let said = run(installation.path(), "ldapsearch", &[&bound[..], &asked].concat());
    // The lists of all generations are values of one attribute.
    let mut files = fs::read_dir(place.path()).unwrap().map(|one| one.unwrap().path());
    let web = fs::read(installation.path().join("web.crl")).unwrap();
    said.success && files.any(|file| fs::read(file).unwrap() == web)
}

/// The name of the list's own distribution point (RFC 4514), from openssl's words.
fn distribution_point(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("DirName:")?;
    let parts: Vec<_> = rest.lines().next()?.split("  ").next()?.split(", ").collect();
    let typed = parts.iter().rev().map(|part| part.replace(" = ", "="));
    Some(typed.collect::<Vec<_>>().join(","))
}

/// Every generation of both CAs; as many as were made.
fn generations(client: &Client, world: &World) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for (ca, least) in [("jpki-auth", 1 + world.facts(|facts| facts.renewals)), ("saitama-sign", 1)]
    {
        let told = get(client, world, "operator-1", &format!("cas/{ca}"));
        let found = told["generations"].as_array().cloned().unwrap_or_default();
        if (found.len() as u64) < least {
            world.lose(format!("{ca} has {} generations of {least}", found.len()));
        }
        all.extend(found.into_iter().map(|one| (ca.to_owned(), one)));
    }
    all
}

/// OCSP of every certificate, by openssl as the registered verifier.
fn ocsp(installation: &Installation, server: &Server, world: &World, found: &Certificates) {
    for (ca, generation) in generations(&server.client, world) {
        let root = generation["certificate_pem"].as_str().unwrap_or_default();
        fs::write(installation.path().join("root.pem"), root).unwrap();
        let is_of_it = |told: &Told| told.is_user && generation["number"] == told.generation;
        let users: Vec<_> =
            found.iter().filter(|((of, _), told)| *of == ca && is_of_it(told)).collect();
        for several in users.chunks(IN_ONE_REQUEST) {
            let url = format!("http://{}/ocsp", server.repository);
            let mut words = vec![
                "ocsp",
                "-issuer",
                "root.pem",
                "-CAfile",
                "root.pem",
                "-url",
                &url,
                "-signer",
                "data/handed-out/verifier-1.pem",
                "-signkey",
                "data/handed-out/verifier-1.key",
            ];
            let serials: Vec<String> =
                several.iter().map(|((_, serial), _)| format!("0x{serial}")).collect();
            for serial in &serials {
                words.extend(["-serial", serial]);
            }
            let said = run(installation.path(), "openssl", &words).text;
            for (serial, (id, told)) in serials.iter().zip(several) {
                let expected = match told.state.as_str() {
                    "good" => "good",
                    "undelivered" if ca == "saitama-sign" => "good",
                    _ => "revoked",
                };
                if !said.contains(&format!("{serial}: {expected}")) {
                    world.lose(format!("OCSP of {id:?}, which is {}: {said}", told.state));
                }
            }
        }
    }
}

/// The check, and the journal's verification with nothing but the public key and the checkpoints.
fn evidence(installation: &Installation, world: &World) {
    let said = installation.command("manager-1", &["check"]);
    if said.status != Some(0) {
        world.lose(format!("check: {}", said.text));
    }
    let verify = ["audit", "verify", "data/state.db", "--key", "data/audit.pub"];
    let said = installation
        .command("manager-1", &[&verify[..], &["--checkpoints", "checkpoints"]].concat());
    if said.status != Some(0) {
        world.lose(format!("audit verify: {}", said.text));
    }
}
