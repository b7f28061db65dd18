//! Who is present at a ceremony: everybody proves who they are before anything happens (A 5.2.2).

use std::net::Ipv4Addr;
use std::str::FromStr;

use anyhow::{Context, Result, anyhow, ensure};
use ca::ceremony::{Present, objections, sittings};
use domain::act::{Act, Standing};
use domain::ceremony::{Premises, Script, Seat};
use domain::id::ActorId;
use domain::journal::EventKind;
use domain::rule::{ColonHex, Rule};
use keys::quorum::{CustodianId, QuorumSecret};
use store::{Entry, Store, Unit};
use web::desk::permission::Operation;
use web::desk::{Desk, Door, Meeting, Principal, Shown};

use crate::custodians::{self, passphrases};
use crate::system::System;

/// Somebody who confirmed beforehand, in a session of their own, that they are present.
#[derive(Debug, Clone)]
pub(crate) struct Attendant(ActorId);

impl FromStr for Attendant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((id, _)) = text.split_once('=') {
            return Err(format!(
                "nobody's token or password goes through another's hands: they confirm that they are present by \
                 `jitsuin --as FILE ceremony attend SCRIPT` in a session of their own, and are named here by \
                 `--present {id}`"
            ));
        }
        text.parse().map(Self).map_err(|error: domain::id::InvalidId| error.to_string())
    }
}

/// Who comes to a ceremony.
pub(crate) struct Comers<'a> {
    /// What is shown by whoever runs it.
    pub(crate) shown: Shown,
    pub(crate) custodians: &'a [custodians::Present],
    pub(crate) attendants: &'a [Attendant],
}

/// Everybody who came, proven, and the secret that the custodians put together.
pub(crate) struct Attendance {
    pub(crate) present: Vec<Present>,
    /// How many sittings there were before this one.
    pub(crate) sittings: usize,
    /// As whom the ceremony is recorded, the operator who runs it, and on whose right it rests:
    /// everybody's who is present.
    pub(crate) act: Act,
    pub(crate) secret: QuorumSecret,
    pub(crate) custodians: Vec<CustodianId>,
}

/// Lets everybody in whom the script wants. A refusal is in the journal, and nothing is done.
///
/// # Errors
/// The first that was wrong: the script, a seat, a credential, a role, a confirmation, a passphrase.
pub(crate) fn attend(
    system: &System,
    text: &str,
    comers: Comers<'_>,
) -> Result<(Script, Attendance)> {
    let Comers { shown, custodians, attendants } = comers;
    let desk = system.desk_without_windows();
    let (operator, person) = journaled(system, text, operator(&desk, shown))?;
    let seated = seated(system, text, &person, custodians, attendants);
    let (script, present) = journaled(system, text, seated)?;
    let sha256 = x509::digest::sha256(text.as_bytes());
    let sittings = sittings(&*system.store, &script.id)?;
    let meeting = Meeting { ceremony: &script.id, script_sha256: &sha256, sittings };
    let confirmed = confirmed(system, &desk, &meeting, &script, attendants);
    let confirmed = journaled(system, text, confirmed)?;
    for one in custodians {
        system.expect_custodian(&one.custodian)?;
    }
    let act = system.act("ceremony")?;
    let secret = system.custody.secret_of_all(&act, &passphrases(custodians)?)?;
    let custodians: Vec<_> = custodians.iter().map(|one| one.custodian.clone()).collect();
    let mut standings = system.custody.standings(&custodians)?;
    standings.extend(confirmed);
    let act = Act { present: standings.into(), ..Act::clone(&operator) };
    Ok((script, Attendance { present, sittings, act, secret, custodians }))
}

/// Whoever runs it, as the desk knows them.
fn operator(desk: &Desk, shown: Shown) -> Result<(Principal, ActorId)> {
    let door = Door { name: "ceremony".to_owned(), from: Ipv4Addr::LOCALHOST.into() };
    let operator = desk.entrance().enter(Ok(shown), &door, None).context("present")?;
    let person = operator.id().context("present: whoever runs it is not in the registry")?.clone();
    match Operation::HoldCeremony.refusal(&operator) {
        Some(rule) => Err(anyhow!("present: {person}: {}", rule.told())),
        None => Ok((operator, person)),
    }
}

/// Whether everybody is named, in the right seat, and enough of them are there.
fn seated(
    system: &System,
    text: &str,
    operator: &ActorId,
    custodians: &[custodians::Present],
    attendants: &[Attendant],
) -> Result<(Script, Vec<Present>)> {
    let (threshold, _) = custodians::quorum(&system.config)?;
    let script = Script::from_toml(text, &Premises { threshold, cas: None })?;
    let sit = |person: &ActorId, seat| Present { person: person.clone(), seat };
    let mut present: Vec<Present> =
        custodians.iter().map(|one| sit(one.custodian.actor(), Seat::Custodian)).collect();
    present.push(sit(operator, Seat::Operator));
    let mut found = Vec::new();
    for Attendant(person) in attendants {
        match script.seat_of(person) {
            Some(Seat::Custodian) => found.push(format!(
                "{person} is named as a custodian, and comes with a passphrase (--custodian)"
            )),
            // Whoever is not named is objected to in any seat.
            seat => present.push(sit(person, seat.unwrap_or(Seat::Witness))),
        }
    }
    found.extend(objections(&script, &present));
    ensure!(found.is_empty(), "present: {}", found.join("; "));
    Ok((script, present))
}

/// How everybody stands who confirmed that they are present.
fn confirmed(
    system: &System,
    desk: &Desk,
    meeting: &Meeting<'_>,
    script: &Script,
    attendants: &[Attendant],
) -> Result<Vec<Standing>> {
    let standing = |Attendant(person): &Attendant| {
        let operation = match script.seat_of(person) {
            Some(Seat::Operator) => Operation::HoldCeremony,
            _ => Operation::AttendCeremony,
        };
        let attendances = desk.approvals().attendances();
        let standing = attendances.standing(meeting, person, operation, system.now());
        standing.map_err(|problem| anyhow!("{person}: {}", problem.detail))
    };
    attendants.iter().map(standing).collect()
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
