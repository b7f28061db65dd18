//! Holds by phone, at any hour, found by the four basic attributes (L10; A 3.4.3.1, 4.9.13).

use std::sync::Arc;

use domain::act::Act;
use domain::certificate::CertificateState;
use domain::id::{CaId, SerialNumber};
use domain::journal::EventKind;
use domain::resident::{BasicFour, Resident};
use domain::revocation::Requester;
use domain::rule;
use domain::rule::Rule;
use serde::{Deserialize, Serialize};
use store::{Entry, Unit};

use super::locks::Locks;
use super::operation::{Begun, Operations};
use crate::authority::{Authorities, Authority};
use crate::error::{Result, WindowError};
use crate::register::ResidentRegister;

/// What a hold by phone came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneHold {
    /// The certificates that are on hold now, by CA.
    pub held: Vec<(CaId, SerialNumber)>,
    /// The CAs where the caller has a certificate that may not be held, with the rule.
    pub refused: Vec<(CaId, String)>,
}

/// The call centre. It reaches the register and the CAs, and no application and no card.
pub struct CallCentre {
    operations: Operations,
    register: Arc<dyn ResidentRegister>,
    authorities: Arc<Authorities>,
    turns: Locks,
}

impl CallCentre {
    pub(super) fn new(
        operations: &Operations,
        register: &Arc<dyn ResidentRegister>,
        authorities: &Arc<Authorities>,
    ) -> Self {
        Self {
            operations: operations.clone(),
            register: register.clone(),
            authorities: authorities.clone(),
            turns: Locks::default(),
        }
    }

    /// Holds every certificate in force of the one resident who answers to `asked`, at the CAs
    /// that know a hold. Release is for the window alone (A 4.9.15③).
    ///
    /// # Errors
    /// [`WindowError::NotPermitted`] for anyone but the call centre; [`WindowError::Refused`] when
    /// not exactly one resident answers, or nothing can be held (S 4-4-5); journaled.
    pub fn hold_by_phone(&self, act: &Act, asked: &BasicFour) -> Result<PhoneHold> {
        let kind = EventKind::CertificateHeld;
        let _turn = self.turns.lock(act.operation.as_str());
        let result = self.hold_unrecorded(act, asked);
        self.operations.recording(act, kind, &act.operation, result)
    }

    fn hold_unrecorded(&self, act: &Act, asked: &BasicFour) -> Result<PhoneHold> {
        if let Some(rule) = act.actor.refusal_to_hold() {
            return Err(WindowError::NotPermitted(rule));
        }
        let (birth, gender) = (asked.birth_date.to_string(), asked.gender.code().to_string());
        let request = ["hold by phone", &asked.name, &asked.address, &birth, &gender];
        let operation = match self.operations.begin(act, &request)? {
            Begun::First(operation) => operation,
            Begun::Again(answer) => {
                self.operations.commit(Unit::new(entry(act).no_op()))?;
                return restore(&answer);
            }
        };
        let resident = self.the_one(asked)?;
        let (mut held, mut refused) = (Vec::new(), Vec::new());
        for authority in self.authorities.values() {
            match hold_at(authority.as_ref(), act, &resident)? {
                Ok(certificates) => held.extend(certificates),
                Err(rule) => refused.push((authority.id().clone(), rule)),
            }
        }
        if held.is_empty() {
            let none = "there is no certificate in force to hold (A 4.9.13)".into();
            let rule = refused.into_iter().next().map_or(none, |(_, rule)| rule);
            return Err(WindowError::refused("certificate", rule));
        }
        let told = |(ca, rule): &(CaId, Rule)| (ca.clone(), rule.closed().to_owned());
        let hold = PhoneHold { held, refused: refused.iter().map(told).collect() };
        let mut entry = entry(act).personal(&resident.code, format!("{asked:?}"));
        for (ca, serial) in &hold.held {
            entry = entry.detail("held", rule!("{}/{}", *ca, *serial).as_part());
        }
        for (_, rule) in &refused {
            entry = entry.detail("refused", rule.as_part());
        }
        self.operations.commit(Unit::new(entry).change(operation.answered(&stored(&hold)?)?))?;
        Ok(hold)
    }

    /// The resident who answers to the four attributes, if it is exactly one.
    fn the_one(&self, asked: &BasicFour) -> Result<Resident> {
        let mut found = self.register.search(asked)?;
        match (found.pop(), found.is_empty()) {
            (Some(resident), true) => Ok(resident),
            (None, _) => {
                let rule = "no resident answers to these four attributes (A 3.4.3.1)";
                Err(WindowError::refused("caller", rule))
            }
            (Some(_), false) => {
                let rule = "more than one resident answers to these four attributes (A 3.4.3.1)";
                Err(WindowError::refused("caller", rule))
            }
        }
    }
}

/// The certificates that are on hold at this CA now, or the rule by which it holds none for the holder.
fn hold_at(
    authority: &dyn Authority,
    act: &Act,
    resident: &Resident,
) -> Result<std::result::Result<Vec<(CaId, SerialNumber)>, Rule>> {
    let certificates = authority.certificates_of(&resident.code)?;
    let in_force: Vec<_> = certificates.iter().filter(|c| c.is_in_force(act.at)).collect();
    if in_force.is_empty() {
        return Ok(Ok(Vec::new()));
    }
    let ca = authority.id();
    let policy = authority.policy();
    match &policy.hold {
        None => return Ok(Err(rule!("{} knows no hold (S 4-4-5)", *ca))),
        Some(rule) if !rule.requested_by.contains(&Requester::Holder) => {
            return Ok(Err(rule!("{}: the holder may not ask for it ({})", *ca, rule.clause)));
        }
        Some(_) => {}
    }
    let mut held = Vec::new();
    for certificate in in_force {
        if certificate.state == CertificateState::Good {
            authority.hold(act, &certificate.serial)?;
        }
        held.push((ca.clone(), certificate.serial));
    }
    Ok(Ok(held))
}

fn entry(act: &Act) -> Entry {
    Entry::new(EventKind::CertificateHeld, act).subject(&act.operation).detail("asked", "by phone")
}

/// The stored shape of an answer.
#[derive(Serialize, Deserialize)]
struct StoredHold {
    held: Vec<(String, String)>,
    refused: Vec<(String, String)>,
}

fn stored(hold: &PhoneHold) -> Result<String> {
    let texts = |(ca, text): &(CaId, SerialNumber)| (ca.to_string(), text.to_string());
    let rules = |(ca, rule): &(CaId, String)| (ca.to_string(), rule.clone());
    let stored = StoredHold {
        held: hold.held.iter().map(texts).collect(),
        refused: hold.refused.iter().map(rules).collect(),
    };
    serde_json::to_string(&stored).map_err(unreadable)
}

fn restore(answer: &str) -> Result<PhoneHold> {
    let stored: StoredHold = serde_json::from_str(answer).map_err(unreadable)?;
    let held = stored.held.iter().map(|(ca, serial)| {
        Ok((ca.parse().map_err(unreadable)?, serial.parse().map_err(unreadable)?))
    });
    let refused =
        stored.refused.into_iter().map(|(ca, rule)| Ok((ca.parse().map_err(unreadable)?, rule)));
    Ok(PhoneHold { held: held.collect::<Result<_>>()?, refused: refused.collect::<Result<_>>()? })
}

fn unreadable(error: impl ToString) -> WindowError {
    WindowError::Unreadable { what: "the stored answer of a hold", problem: error.to_string() }
}
