//! Who is present at a ceremony: everybody proves who they are before anything happens (A 5.2.2).

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, Result, anyhow};
use ca::ceremony::{Present, objections};
use domain::act::Act;
use domain::ceremony::{Premises, Script, Seat};
use domain::id::ActorId;
use domain::journal::EventKind;
use domain::rule::{ColonHex, Rule};
use keys::quorum::{CustodianId, QuorumSecret};
use store::reads::ReadPeople;
use store::{Entry, Store, Unit};
use web::desk::permission::Operation;
use web::desk::{Desk, Door, Principal, Shown};
use web::wire::SecretText;
use zeroize::Zeroizing;

use crate::custodians::{self, passphrases};
use crate::system::System;

/// Somebody other than a custodian, with the file of their token or password.
#[derive(Debug, Clone)]
pub(crate) struct Attendant {
    person: ActorId,
    file: PathBuf,
}

impl FromStr for Attendant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (id, file) = text.split_once('=').ok_or("ID=FILE is needed")?;
        let person = id.parse().map_err(|error: domain::id::InvalidId| error.to_string())?;
        Ok(Self { person, file: PathBuf::from(file) })
    }
}

/// Everybody who came, proven, and the secret that the custodians put together.
pub(crate) struct Attendance {
    pub(crate) present: Vec<Present>,
    /// As whom the ceremony is recorded, the first of the operators, and on whose right it rests:
    /// everybody's who is present.
    pub(crate) act: Act,
    pub(crate) secret: QuorumSecret,
    pub(crate) custodians: Vec<CustodianId>,
}

/// Lets everybody in whom the script wants. A refusal is in the journal, and nothing is done.
///
/// # Errors
/// The first that was wrong: the script, a seat, a credential, a role, a passphrase.
pub(crate) fn attend(
    system: &System,
    text: &str,
    custodians: &[custodians::Present],
    attendants: &[Attendant],
) -> Result<(Script, Attendance)> {
    let (script, present) = journaled(system, text, seated(system, text, custodians, attendants))?;
    let people = people(system, &script, attendants);
    let principals = journaled(system, text, people)?;
    let operator = principals
        .iter()
        .find(|one| one.id().is_some_and(|id| script.seat_of(id) == Some(Seat::Operator)));
    let operator = operator.context("no operator is present")?;
    for one in custodians {
        system.expect_custodian(&one.custodian)?;
    }
    let act = system.act("ceremony")?;
    let secret = system.custody.secret_of_all(&act, &passphrases(custodians)?)?;
    let custodians: Vec<_> = custodians.iter().map(|one| one.custodian.clone()).collect();
    let mut standings = system.custody.standings(&custodians)?;
    standings.extend(principals.iter().filter_map(|one| one.standing.as_deref().cloned()));
    let act = Act { present: standings.into(), ..Act::clone(operator) };
    Ok((script, Attendance { present, act, secret, custodians }))
}

/// Whether everybody is named, in the right seat, and enough of them are there.
fn seated(
    system: &System,
    text: &str,
    custodians: &[custodians::Present],
    attendants: &[Attendant],
) -> Result<(Script, Vec<Present>)> {
    let (threshold, _) = custodians::quorum(&system.config)?;
    let script = Script::from_toml(text, &Premises { threshold, cas: None })?;
    let sit = |person: &ActorId, seat| Present { person: person.clone(), seat };
    let mut present: Vec<Present> =
        custodians.iter().map(|one| sit(one.custodian.actor(), Seat::Custodian)).collect();
    let mut found = Vec::new();
    for Attendant { person, .. } in attendants {
        match script.seat_of(person) {
            Some(Seat::Custodian) => found.push(format!(
                "{person} is named as a custodian, and comes with a passphrase (--custodian)"
            )),
            // Whoever is not named is objected to in any seat.
            seat => present.push(sit(person, seat.unwrap_or(Seat::Witness))),
        }
    }
    found.extend(objections(&script, &present));
    if found.is_empty() {
        Ok((script, present))
    } else {
        Err(anyhow!("present: {}", found.join("; ")))
    }
}

/// Everybody but the custodians, as the desk knows them.
fn people(system: &System, script: &Script, attendants: &[Attendant]) -> Result<Vec<Principal>> {
    let desk = system.desk_without_windows();
    let mut found: Vec<Principal> = Vec::new();
    let mut seen = BTreeSet::new();
    for attendant in attendants {
        let person = &attendant.person;
        let principal = enter(system, &desk, attendant)?;
        let rule = match principal.id() {
            Some(id) if id != person => Some("what is shown is another person's".to_owned()),
            Some(_) => objection(&principal, script.seat_of(person)),
            None => Some("not in the registry".to_owned()),
        };
        if let Some(rule) = rule {
            return Err(anyhow!("present: {person}: {rule}"));
        }
        if !seen.insert(person) {
            return Err(anyhow!("present: {person} came twice"));
        }
        found.push(principal);
    }
    Ok(found)
}

fn enter(system: &System, desk: &Desk, attendant: &Attendant) -> Result<Principal> {
    let place = || attendant.file.display().to_string();
    let read = Zeroizing::new(std::fs::read_to_string(&attendant.file).with_context(place)?);
    let secret = read.trim_end_matches(['\r', '\n']);
    let is_token = system.store.credential(&x509::digest::sha256(secret.as_bytes()))?.is_some();
    let shown = if is_token {
        Shown::bearer(secret)
    } else {
        let id = attendant.person.to_string();
        Shown::Password { id, password: SecretText::new(secret) }
    };
    let door = Door { name: "ceremony".to_owned(), from: Ipv4Addr::LOCALHOST.into() };
    desk.entrance()
        .enter(Ok(shown), &door, None)
        .with_context(|| format!("present: {}", attendant.person))
}

/// Why somebody cannot sit in a seat.
fn objection(principal: &Principal, seat: Option<Seat>) -> Option<String> {
    let operation = match seat {
        Some(Seat::Operator) => Operation::HoldCeremony,
        _ => Operation::WitnessCeremony,
    };
    operation.refusal(principal).map(|rule| rule.told())
}

/// Hands `result` on; a refusal is in the journal first.
fn journaled<T>(system: &System, text: &str, result: Result<T>) -> Result<T> {
    if let Err(error) = &result {
        let sha256 = x509::digest::sha256(text.as_bytes());
        let entry = Entry::new(EventKind::CeremonyStarted, &system.act("ceremony")?)
            .detail("script_sha256", ColonHex(&sha256))
            .refused(Rule::from("who is present cannot hold it").telling(format!("{error:#}")));
        system.store.commit(Unit::new(entry))?;
    }
    result
}
