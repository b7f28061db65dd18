//! Somebody knocks at every route, in every role and by whatever they show, without asking for anything
//! that there is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::staff::{CredentialKind, PersonState, Role};
use jiff::SignedDuration;
use rustls::version::{TLS12, TLS13};
use serde_json::json;
use store::reads::ReadPeople;
use store::{Change, CredentialRow, PersonRow};
use x509::digest::sha256;

use super::caller::{Caller, Question};
use super::{Outcome, Row, told_by_role};
use crate::suite::document::Described;
use crate::suite::world::{KAWAGUCHI, World, add_person, commit, token};

/// Somebody who has every role (but a program's, which has no password) and a client certificate: what
/// is closed to them is closed for another reason than their role.
const EVERYTHING: &str = "suzuki";

const PASSWORD: &str = "a horse, a battery";

/// What somebody of a role shows at a route.
type TokenOf = fn(Role, &Described) -> String;

/// The conditions at one route, each with what comes of it.
#[derive(Default)]
struct Found {
    by_role: Vec<(&'static str, Vec<(Role, Outcome)>)>,
    at_once: Vec<(&'static str, Outcome)>,
}

/// Adds to each row who is let in.
pub(super) fn add(world: &World, rows: &mut [Row]) {
    let people = People::of(world);
    let mut found: Vec<Found> = rows.iter().map(|row| people.knock(&row.route)).collect();
    // Passwords expire as time goes by, so what is tried with one comes last.
    let session = people.expired_password();
    for (row, found) in rows.iter_mut().zip(&mut found) {
        let outcome = people.outcome(&row.route, |question| question.token(&session));
        found.at_once.push(("expired password", outcome));
        row.lines.extend(found.lines());
    }
}

impl Found {
    /// A line for whatever depends on the role, and one for each outcome of all else.
    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut alike: BTreeMap<Outcome, Vec<&str>> = BTreeMap::new();
        for (condition, outcomes) in &self.by_role {
            match told_by_role(outcomes) {
                Some(told) => lines.push(format!("{condition}: {told}")),
                None => alike.entry(outcomes[0].1).or_default().push(condition),
            }
        }
        for (condition, outcome) in &self.at_once {
            alike.entry(*outcome).or_default().push(condition);
        }
        let told = |(outcome, conditions): (&Outcome, &Vec<&str>)| {
            format!("{}: {}", outcome.words(), conditions.join(", "))
        };
        lines.extend(alike.iter().map(told));
        lines
    }
}

/// Those who knock.
struct People<'a> {
    world: &'a World,
    caller: Caller<'a>,
    certified: Caller<'a>,
    /// One for each version of TLS, and whether they show their certificate.
    resuming: [Caller<'a>; 2],
    shows: Arc<AtomicBool>,
    ended_session: String,
}

impl<'a> People<'a> {
    fn of(world: &'a World) -> Self {
        for role in Role::ALL {
            add_tokens(world, role);
            let suspended = format!("suspended-{role}");
            let municipality = role.is_municipal().then_some(KAWAGUCHI);
            add_person(&world.scratch, &world.clock, &suspended, role, municipality);
            set(world, &suspended, |person| person.state = PersonState::Suspended);
        }
        set(world, EVERYTHING, |person| {
            person.roles = Role::ALL.into_iter().filter(|role| *role != Role::Verifier).collect();
            person.municipality = Some(KAWAGUCHI.parse().expect("a municipality"));
        });
        let shows = Arc::new(AtomicBool::new(true));
        let certified = |version, shows| Caller::certified(world, EVERYTHING, version, shows);
        let people = Self {
            world,
            caller: Caller::new(world),
            certified: certified(&TLS13, Arc::new(AtomicBool::new(true))),
            resuming: [&TLS13, &TLS12].map(|version| certified(version, shows.clone())),
            shows,
            ended_session: String::new(),
        };
        let session = people.session();
        let end = Question::new("POST", "/api/v1/sessions/end").token(&session);
        assert_eq!(people.caller.ask(&end).status, 200);
        Self { ended_session: session, ..people }
    }

    /// Somebody of every role sets a password and logs in by it.
    fn session(&self) -> String {
        let new = json!({ "new": PASSWORD }).to_string();
        let set = Question::new("POST", "/api/v1/me/password").token(EVERYTHING).body(new);
        assert_eq!(self.caller.ask(&set).status, 200);
        let login = json!({ "id": EVERYTHING, "password": PASSWORD }).to_string();
        let opened = self.caller.ask(&Question::new("POST", "/api/v1/sessions").body(login));
        opened.body["token"].as_str().expect("a session").to_owned()
    }

    /// The same by one that is to be changed.
    fn expired_password(&self) -> String {
        let days = i64::from(u16::try_from(domain::staff::PASSWORD_DAYS).expect("days"));
        self.world.clock.advance(SignedDuration::from_hours(24 * (days + 1)));
        let login = json!({ "id": EVERYTHING, "password": PASSWORD }).to_string();
        let opened = self.caller.ask(&Question::new("POST", "/api/v1/sessions").body(login));
        assert_eq!(opened.body["must_change_password"], true, "{opened:?}");
        opened.body["token"].as_str().expect("a session").to_owned()
    }

    /// What comes of a request that `shown` completes; it brings nothing that could be done.
    fn outcome<'q>(
        &self,
        route: &'q Described,
        shown: impl FnOnce(Question<'q>) -> Question<'q>,
    ) -> Outcome {
        self.outcome_of(&self.caller, route, shown)
    }

    fn outcome_of<'q>(
        &self,
        caller: &Caller<'_>,
        route: &'q Described,
        shown: impl FnOnce(Question<'q>) -> Question<'q>,
    ) -> Outcome {
        let answer = caller.ask(&shown(Question::new(&route.method, &route.path)));
        let told = answer.body["detail"].to_string();
        assert!(!told.contains("no such address") && answer.status != 405, "{}", route.template);
        // This world has no custodians.
        let without_keys = answer.status == 503 && told.contains("the keys does not answer");
        if without_keys { Outcome::LetIn } else { Outcome::of(answer.status) }
    }

    fn knock(&self, route: &Described) -> Found {
        let tokens: [(&str, TokenOf); 5] = [
            ("strong proof", |role, _| role.to_string()),
            ("weak proof", |role, _| format!("weak-{role}")),
            ("enrolment", |role, route| format!("enrolling-{role}-{}", route.operation)),
            ("expired", |role, _| format!("expired-{role}")),
            ("suspended", |role, _| format!("suspended-{role}")),
        ];
        let mut found = Found::default();
        for (condition, of) in tokens {
            let knock = |role| {
                let shown = of(role, route);
                if condition == "enrolment" {
                    add_enrolment(self.world, role, &shown);
                }
                (role, self.outcome(route, |question| question.token(&shown)))
            };
            found.by_role.push((condition, Role::ALL.map(knock).to_vec()));
        }
        let elsewhere = |role: Role| {
            let shown = |question| page_of_another(Question::token(question, role.name()));
            (role, self.outcome(route, shown))
        };
        found.by_role.push(("cross-site", Role::ALL.map(elsewhere).to_vec()));
        found.at_once.extend(self.knock_otherwise(route));
        found
    }

    /// What does not depend on a role: with every role, or with none.
    fn knock_otherwise(&self, route: &Described) -> Vec<(&'static str, Outcome)> {
        let ended = self.outcome(route, |question| question.token(&self.ended_session));
        let nothing = self.outcome(route, |question| question);
        let other_host = self.outcome(route, |question| Question {
            host: "evil.example",
            ..question.token(EVERYTHING)
        });
        let by_certificate = |shown: fn(Question<'_>) -> Question<'_>| {
            self.outcome_of(&self.certified, route, shown)
        };
        vec![
            ("a certificate", by_certificate(|question| question)),
            ("ended session", ended),
            ("nothing", nothing),
            ("resumed (1.3)", self.resumed(0, route)),
            ("resumed (1.2)", self.resumed(1, route)),
            ("cross-site (certificate)", by_certificate(page_of_another)),
            ("cross-site (browser)", by_certificate(fetched_elsewhere)),
            ("form", by_certificate(form)),
            ("another host", other_host),
        ]
    }

    /// Comes in with a certificate, and asks again over the same session of TLS without it.
    fn resumed(&self, version: usize, route: &Described) -> Outcome {
        let caller = &self.resuming[version];
        self.shows.store(true, Ordering::SeqCst);
        caller.leave();
        assert_eq!(caller.ask(&Question::new("GET", "/api/v1/cas")).status, 200);
        self.shows.store(false, Ordering::SeqCst);
        caller.leave();
        let outcome = self.outcome_of(caller, route, |question| question);
        caller.leave();
        outcome
    }
}

fn page_of_another(question: Question<'_>) -> Question<'_> {
    question.header("Origin", "https://evil.example")
}

fn fetched_elsewhere(question: Question<'_>) -> Question<'_> {
    question.header("Sec-Fetch-Site", "cross-site")
}

fn form(question: Question<'_>) -> Question<'_> {
    question.header("Content-Type", "text/plain")
}

fn set(world: &World, id: &str, change: impl FnOnce(&mut PersonRow)) {
    let from = world.scratch.store.person(&id.parse().expect("an id")).expect("a read");
    let from = from.expect("a person");
    let mut to = from.clone();
    change(&mut to);
    commit(&world.scratch, &world.clock, Change::SetPerson { from: from.into(), to: to.into() });
}

fn add_tokens(world: &World, role: Role) {
    let row = |name: &str| CredentialRow {
        sha256: sha256(format!("{name}-{role}").as_bytes()),
        ..token(&world.clock, role.name())
    };
    let weak = CredentialRow { kind: CredentialKind::ProgramToken, console: None, ..row("weak") };
    let expired = CredentialRow { expires: Some(world.clock.now()), ..row("expired") };
    for row in [weak, expired] {
        commit(&world.scratch, &world.clock, Change::AddCredential(row.into()));
    }
}

/// A secret of its own for each try: the first thing that is done with it uses it up.
fn add_enrolment(world: &World, role: Role, secret: &str) {
    let row = CredentialRow {
        sha256: sha256(secret.as_bytes()),
        kind: CredentialKind::Enrolment,
        console: None,
        ..token(&world.clock, role.name())
    };
    commit(&world.scratch, &world.clock, Change::AddCredential(row.into()));
}
