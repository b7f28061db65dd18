//! What happens to a certificate after its issue: delivery, hold, release, revocation.

use std::sync::Arc;

use domain::act::Act;
use domain::certificate::{CertificateEvent, CertificateKind, CertificateState};
use domain::id::{ActorId, SerialNumber};
use domain::journal::EventKind;
use domain::policy::RevocationRule;
use domain::revocation::{Requester, RevocationCause, RevocationReason};
use domain::rule;
use domain::rule::Several;
use jiff::Timestamp;
use store::{Along, CertificateRow, Change, Entry, Unit};

use crate::adoption::PolicyInEffect;
use crate::certificates::Certificates;
use crate::error::{Error, Result};
use crate::hands::Hands;
use crate::ledger::Ledger;
use crate::possession::Possessions;
use crate::request::Possession;

/// What a certificate's change of state came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changed {
    /// The certificate.
    pub serial: SerialNumber,
    /// Its state now.
    pub state: CertificateState,
    /// Whether it was so before; then nothing changed.
    pub no_op: bool,
}

/// Who asks for a revocation and who, where the policy wants it, approves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationOrder {
    /// The event.
    pub cause: RevocationCause,
    /// Who asks.
    pub requester: Requester,
    /// The second person, who must not be the one who acts.
    pub approver: Option<ActorId>,
}

/// What happens to certificates after their issue: it ends them and puts them in force. It has no key.
pub struct LifeCycle {
    policy: Arc<PolicyInEffect>,
    ledger: Ledger,
    certificates: Certificates,
    possession: Arc<Possessions>,
}

impl LifeCycle {
    pub(crate) fn new(hands: &Hands, possession: &Arc<Possessions>) -> Self {
        Self {
            policy: hands.policy.clone(),
            ledger: hands.ledger.clone(),
            certificates: hands.certificates.clone(),
            possession: possession.clone(),
        }
    }

    /// Puts a delivered certificate in force; in the same commit the holder's older ones end
    /// (A 4.3.1.1(1), 4.4.1.1). The card has proven that it holds the key.
    ///
    /// # Errors
    /// [`Error::Refused`] if the proof fails or the state does not allow it, journaled.
    pub fn deliver(
        &self,
        act: &Act,
        serial: &SerialNumber,
        possession: &Possession,
    ) -> Result<Changed> {
        let result = self.deliver_unrecorded(act, serial, possession);
        self.ledger.recording(act, EventKind::CertificateDelivered, serial, result)
    }

    fn deliver_unrecorded(
        &self,
        act: &Act,
        serial: &SerialNumber,
        possession: &Possession,
    ) -> Result<Changed> {
        let row = self.certificates.one(serial)?;
        self.possession.check_certified(act, &row, possession)?;
        if row.state == CertificateState::Good {
            return self.no_op(act, EventKind::CertificateDelivered, &row);
        }
        let to = row.state.after(CertificateEvent::Deliver, act.at)?;
        let mut unit = Unit::new(self.entry(EventKind::CertificateDelivered, act, serial));
        let renewed = self.rule(CertificateKind::User, RevocationCause::Renewed)?;
        for older in self.older_in_force(act.at, &row)? {
            let end = older.state.after(event_of(renewed.reason), act.at)?;
            let entry = self
                .entry(EventKind::CertificateRevoked, act, &older.intent.serial)
                .detail("cause", renewed.cause)
                .detail("reason", renewed.reason);
            unit = unit.entry(entry).change(self.change(&older, end));
        }
        self.ledger.commit(unit.change(self.change(&row, to)))?;
        Ok(Changed { serial: *serial, state: to, no_op: false })
    }

    /// Holds a certificate at the holder's word, by phone at any hour (A 4.9.13–4.9.15).
    ///
    /// # Errors
    /// [`Error::Refused`] where the CPS knows no hold (S 4-4-5), or the state does not allow it.
    pub fn hold(&self, act: &Act, serial: &SerialNumber) -> Result<Changed> {
        let result = self.check_hold().and_then(|()| {
            if let Some(rule) = act.actor.refusal_to_hold() {
                return Err(Error::refused("actor", rule));
            }
            let row = self.certificates.one(serial)?;
            if matches!(row.state, CertificateState::Held { .. }) {
                return self.no_op(act, EventKind::CertificateHeld, &row);
            }
            self.refuse_expired(act, &row)?;
            self.transition(act, &row, CertificateEvent::Hold, EventKind::CertificateHeld)
        });
        self.ledger.recording(act, EventKind::CertificateHeld, serial, result)
    }

    /// Releases a hold at the window, after its identity check (A 4.9.15③–⑤).
    ///
    /// # Errors
    /// [`Error::Refused`] anywhere but at a window, or if the certificate is not held.
    pub fn release(&self, act: &Act, serial: &SerialNumber) -> Result<Changed> {
        let result = self.check_hold().and_then(|()| {
            if let Some(rule) = act.actor.refusal_to_release() {
                return Err(Error::refused("actor", rule));
            }
            let row = self.certificates.one(serial)?;
            self.transition(act, &row, CertificateEvent::Release, EventKind::CertificateReleased)
        });
        self.ledger.recording(act, EventKind::CertificateReleased, serial, result)
    }

    /// Revokes a certificate for good by a row of the policy's table (A 4.9.1, S 4-4-1, 4-4-2).
    ///
    /// # Errors
    /// [`Error::Refused`] when the table has no row for the cause, the requester may not ask, a
    /// second approval is missing, or the certificate ended for another reason before.
    pub fn revoke<'a>(
        &self,
        act: impl Into<Along<'a, Changed>>,
        serial: &SerialNumber,
        order: &RevocationOrder,
    ) -> Result<Changed> {
        let act = &act.into();
        let result = self.certificates.one(serial).and_then(|row| {
            if row.intent.kind.is_service() {
                let rule = "a service's certificate is revoked by a request that goes from hand to \
                            hand (A 4.9.3.2, A 5.2.1.1(3)-(6))";
                return Err(Error::refused("kind", rule));
            }
            let reason = self.check_order(act, row.intent.kind, order)?;
            match row.state {
                CertificateState::Revoked { reason: was, .. } if was == reason => {
                    let entry = self.entry(EventKind::CertificateRevoked, act, serial).no_op();
                    let same = Changed { serial: *serial, state: row.state, no_op: true };
                    self.ledger.commit(act.unit(Unit::new(entry), &same)?)?;
                    Ok(same)
                }
                _ => {
                    let (unit, changed) = self.ending(act, &row, order.cause, Some(order))?;
                    self.ledger.commit(act.unit(unit, &changed)?)?;
                    Ok(changed)
                }
            }
        });
        self.ledger.recording(act, EventKind::CertificateRevoked, serial, result)
    }

    /// Ends a certificate by the policy's row for `cause`; the entry says who asked and approved.
    pub(crate) fn end(
        &self,
        act: &Act,
        row: &CertificateRow,
        cause: RevocationCause,
        order: Option<&RevocationOrder>,
    ) -> Result<Changed> {
        let (unit, changed) = self.ending(act, row, cause, order)?;
        self.ledger.commit(unit)?;
        Ok(changed)
    }

    /// The unit that ends it, and what it comes to; nothing is committed yet.
    pub(crate) fn ending(
        &self,
        act: &Act,
        row: &CertificateRow,
        cause: RevocationCause,
        order: Option<&RevocationOrder>,
    ) -> Result<(Unit, Changed)> {
        let rule = self.rule(row.intent.kind, cause)?;
        let event = event_of(rule.reason);
        let kind = match cause {
            RevocationCause::DestroyedBeforeDelivery => EventKind::CertificateDiscarded,
            _ => EventKind::CertificateRevoked,
        };
        let to = row.state.after(event, act.at)?;
        let mut entry = self
            .entry(kind, act, &row.intent.serial)
            .detail("cause", cause)
            .detail("reason", rule.reason);
        if let Some(order) = order {
            entry = entry.detail("requester", order.requester);
        }
        if let Some(approver) = order.and_then(|order| order.approver.as_ref()) {
            entry = entry.detail("approver", approver);
        }
        let unit = Unit::new(entry).change(self.change(row, to));
        Ok((unit, Changed { serial: row.intent.serial, state: to, no_op: false }))
    }

    pub(crate) fn check_order(
        &self,
        act: &Act,
        kind: CertificateKind,
        order: &RevocationOrder,
    ) -> Result<RevocationReason> {
        let rule = self.rule(kind, order.cause)?;
        if !rule.requested_by.contains(&order.requester) {
            let text = rule!(
                "{} may not be asked for by the {} ({})",
                order.cause,
                order.requester,
                rule.clause
            );
            return Err(Error::refused("requester", text));
        }
        if rule.second_approval && order.approver.as_ref().is_none_or(|second| act.actor.is(second))
        {
            let text =
                rule!("{} needs the approval of a second person ({})", order.cause, rule.clause);
            return Err(Error::refused("approver", text));
        }
        Ok(rule.reason)
    }

    fn check_hold(&self) -> Result<()> {
        match self.policy.hold {
            Some(_) => Ok(()),
            None => {
                Err(Error::refused("hold", rule!("{} knows no hold (S 4-4-5)", self.policy.id())))
            }
        }
    }

    fn refuse_expired(&self, act: &Act, row: &CertificateRow) -> Result<()> {
        if row.intent.not_after < act.at {
            return Err(Error::refused(
                "state",
                "it has expired; its use has ended (A 4.9.16, 4.11)",
            ));
        }
        Ok(())
    }

    pub(crate) fn rule(
        &self,
        kind: CertificateKind,
        cause: RevocationCause,
    ) -> Result<&RevocationRule> {
        let none = || {
            let (ca, known) = (self.policy.id(), Several(self.policy.causes_of(kind)));
            let rule = rule!(
                "the policy of {} has no row for {} of {}, but for {}",
                ca,
                cause,
                kind,
                known
            );
            Error::refused("cause", rule)
        };
        self.policy.revocation_of(kind, cause).ok_or_else(none)
    }

    /// The holder's other certificates that are in force; an expired one has ended by itself (L12).
    fn older_in_force(&self, at: Timestamp, row: &CertificateRow) -> Result<Vec<CertificateRow>> {
        let Some(holder) = &row.intent.holder else { return Ok(Vec::new()) };
        let mut rows = self.certificates.of_holder(holder)?;
        rows.retain(|other| {
            other.intent.serial != row.intent.serial
                && other.state.is_in_force()
                && other.intent.not_after >= at
        });
        Ok(rows)
    }

    fn transition(
        &self,
        act: &Act,
        row: &CertificateRow,
        event: CertificateEvent,
        kind: EventKind,
    ) -> Result<Changed> {
        let to = row.state.after(event, act.at)?;
        let unit =
            Unit::new(self.entry(kind, act, &row.intent.serial)).change(self.change(row, to));
        self.ledger.commit(unit)?;
        Ok(Changed { serial: row.intent.serial, state: to, no_op: false })
    }

    fn no_op(&self, act: &Act, kind: EventKind, row: &CertificateRow) -> Result<Changed> {
        self.ledger.commit(Unit::new(self.entry(kind, act, &row.intent.serial).no_op()))?;
        Ok(Changed { serial: row.intent.serial, state: row.state, no_op: true })
    }

    fn entry(&self, kind: EventKind, act: &Act, serial: &SerialNumber) -> Entry {
        Entry::new(kind, act).ca(self.policy.id()).subject(serial)
    }

    fn change(&self, row: &CertificateRow, to: CertificateState) -> Change {
        Change::SetCertificate {
            ca: self.policy.id().clone(),
            serial: row.intent.serial,
            from: row.state,
            to,
        }
    }
}

/// Reason 0 stands only for what was destroyed before delivery, a transition of its own.
pub(crate) fn event_of(reason: RevocationReason) -> CertificateEvent {
    match reason {
        RevocationReason::Unspecified => CertificateEvent::Discard,
        reason => CertificateEvent::Revoke(reason),
    }
}
