//! Ends certificates by what happens in the resident register (L8; A 4.9.1.1(2), S 4-4-1).
//!
//! Each event is applied once: the unit that says so carries its number as an operation's id. The
//! cursor goes up to the first event that is still open and stays before it, so that a move-out
//! whose thirty days run is read again in every run and over restarts; the events behind it that
//! were applied are recognised by their operations. What is read again is as long as the oldest
//! open move-out is old, whatever became of the program in between.
//!
//! So the cursor does not say what the register must still have: the last event that was applied does,
//! wherever the cursor stands. A register that ends before it is followed no further. Where another event
//! stands under an applied number, that number is in dispute: nothing is done for it, it is told in each
//! run, and the cursor stays; later events are applied, because a death does not wait for a dispute.

mod moves;

use std::sync::Arc;

use domain::act::{Act, Actor};
use domain::certificate::CertificateState;
use domain::id::{CaId, InvalidId, OperationId, SerialNumber, SystemOperation};
use domain::journal::EventKind;
use domain::municipality;
use domain::revocation::{Requester, RevocationCause};
use domain::rule;
use domain::rule::Rule;
use domain::validity::civil_date;
use jiff::Timestamp;
use store::reads::ReadWindows;
use store::{Change, Entry, Unit};

use self::moves::{Fate, Moves};
use super::application::Application;
use super::existence::existence_doubts;
use super::locks::Locks;
use super::operation::{Kept, Operations, system_operation};
use crate::authority::{Authorities, Authority, HolderCertificate, RevocationOrder};
use crate::error::{Result, WindowError};
use crate::form::carries_attributes;
use crate::register::{RegisterError, RegisterEvent, RegisterEventKind, ResidentRegister};

/// How many events are asked for at once.
const PAGE: usize = 1000;

/// What a run over the register's events came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegisterRun {
    /// How many events were applied.
    pub applied: usize,
    /// The certificates that were revoked.
    pub revoked: Vec<(CaId, SerialNumber)>,
    /// Move-outs whose thirty days are not over.
    pub open: usize,
    /// Events that a CA refused to follow or that are in dispute, with the rule; the next run tries them
    /// again.
    pub failed: Vec<(u64, Rule)>,
    /// The cursor after the run.
    pub cursor: u64,
}

impl RegisterRun {
    /// Takes the cursor over this event, if that is the next and nothing at the cursor is in dispute.
    fn pass(&mut self, sequence: u64) {
        let is_disputed = self.failed.iter().any(|(failed, _)| *failed == self.cursor);
        if self.cursor + 1 == sequence && !is_disputed {
            self.cursor = sequence;
        }
    }
}

/// What an event asks for now.
enum Decision {
    /// Revocation for this cause, of what was issued until `before` and later if it is not true.
    Revoke { cause: RevocationCause, before: Timestamp },
    /// Nothing.
    Nothing,
    /// To wait: its days are not over.
    Open,
}

/// The link to the resident register: what happens there ends certificates. It reaches the register and the
/// CAs, and no card.
pub struct RegisterLink {
    operations: Operations,
    records: Arc<dyn ReadWindows>,
    register: Arc<dyn ResidentRegister>,
    authorities: Arc<Authorities>,
    turns: Locks,
}

impl RegisterLink {
    pub(super) fn new(
        operations: &Operations,
        records: &Arc<dyn ReadWindows>,
        register: &Arc<dyn ResidentRegister>,
        authorities: &Arc<Authorities>,
    ) -> Self {
        Self {
            operations: operations.clone(),
            records: records.clone(),
            register: register.clone(),
            authorities: authorities.clone(),
            turns: Locks::default(),
        }
    }

    /// Applies the events of the register that were not applied yet, as of the act's moment.
    ///
    /// Every certificate in force or undelivered ends at each CA whose policy has the cause. One
    /// that was issued after the event and says what the register says stays: it came of it.
    ///
    /// # Errors
    /// [`WindowError::NotPermitted`] for anyone but the system; [`WindowError::Register`],
    /// [`WindowError::Store`] or an unavailable CA break the run off. The next goes on from there.
    pub fn apply_events(&self, act: &Act) -> Result<RegisterRun> {
        let kind = EventKind::RegisterEvent;
        let permitted = match act.actor {
            Actor::System(_) => Ok(()),
            _ => Err(WindowError::NotPermitted("the register's events are applied by the system")),
        };
        self.operations.recording(act, kind, "register", permitted)?;
        let _turn = self.turns.lock("the register's events");
        let from = self.records.register_cursor()?;
        let mut run = RegisterRun { cursor: from, ..RegisterRun::default() };
        self.last_followed(from)?;
        if let Some(event) = self.event(from)? {
            let act = Act { operation: event_operation(from)?, ..act.clone() };
            if matches!(self.event_kept(&act, &event)?, Kept::Another) {
                self.failed(&act, &event, in_dispute(), &mut run)?;
            }
        }
        let moves = self.moves_after(from)?;
        let mut read = from;
        while read < moves.last {
            let events = self.register.events_after(read, PAGE)?;
            for event in events.iter().filter(|event| event.sequence <= moves.last) {
                self.apply_event(act, event, &moves, &mut run)?;
            }
            read = events.last().map_or(moves.last, |event| event.sequence);
        }
        self.move_cursor(act, from, &run)?;
        Ok(run)
    }

    /// Holds the register against what was followed of it: the last event that was applied, and the one
    /// at the cursor, are still in it and are those that were applied.
    ///
    /// # Errors
    /// [`RegisterError::Behind`]; [`WindowError::Register`] and [`WindowError::Store`] otherwise.
    pub fn hold_register(&self) -> Result<()> {
        let cursor = self.records.register_cursor()?;
        for event in [self.last_followed(cursor)?, self.event(cursor)?].into_iter().flatten() {
            if matches!(self.event_kept(&act_of(&event)?, &event)?, Kept::Another) {
                return Err(RegisterError::Behind(event.sequence).into());
            }
        }
        Ok(())
    }

    /// The last event that was applied, at `cursor` or behind it; none where none was.
    ///
    /// # Errors
    /// [`RegisterError::Behind`] where the register has no event of this number.
    fn last_followed(&self, cursor: u64) -> Result<Option<RegisterEvent>> {
        // Before the register is asked: it may only grow meanwhile.
        let last = self.records.last_register_event()?.unwrap_or_default().max(cursor);
        match self.event(last)? {
            None if last > 0 => Err(RegisterError::Behind(last).into()),
            event => Ok(event),
        }
    }

    /// The register's event of this number.
    fn event(&self, sequence: u64) -> Result<Option<RegisterEvent>> {
        let Some(before) = sequence.checked_sub(1) else { return Ok(None) };
        let event = self.register.events_after(before, 1)?.into_iter().next();
        Ok(event.filter(|event| event.sequence == sequence))
    }

    /// Every move of the events after `from`, read ahead: a move-in settles an earlier move-out.
    fn moves_after(&self, from: u64) -> Result<Moves> {
        let mut moves = Moves::new(from);
        loop {
            let events = self.register.events_after(moves.last, PAGE)?;
            if events.is_empty() {
                return Ok(moves);
            }
            events.iter().for_each(|event| moves.add(event));
        }
    }

    /// What is kept of an event under its number, which `act` carries.
    fn event_kept<'a>(&self, act: &'a Act, event: &RegisterEvent) -> Result<Kept<'a>> {
        let kind = kind_name(&event.kind);
        Ok(match self.operations.kept(act, &[event.resident.as_str(), kind])? {
            // An earlier program kept the kind alone.
            Kept::Same(answer) if answer != kind && answer != kept_answer(event) => Kept::Another,
            kept => kept,
        })
    }

    fn apply_event(
        &self,
        act: &Act,
        event: &RegisterEvent,
        moves: &Moves,
        run: &mut RegisterRun,
    ) -> Result<()> {
        let act = Act { operation: event_operation(event.sequence)?, ..act.clone() };
        let operation = match self.event_kept(&act, event)? {
            Kept::Nothing(operation) => operation,
            Kept::Same(_) => {
                run.pass(event.sequence);
                return Ok(());
            }
            Kept::Another => return self.failed(&act, event, in_dispute(), run),
        };
        let revoked = match decide(event, moves, act.at) {
            Decision::Open => {
                run.open += 1;
                return Ok(());
            }
            Decision::Nothing => Ok(Vec::new()),
            Decision::Revoke { cause, before } => {
                self.revoke_everywhere(&act, event, cause, before)
            }
        };
        let revoked = match revoked {
            Ok(revoked) => revoked,
            Err(error) => return self.failed(&act, event, error, run),
        };
        let entry = entry_of(&act, event, &revoked);
        self.operations
            .commit(Unit::new(entry).change(operation.answered(&kept_answer(event))?))?;
        run.applied += 1;
        run.pass(event.sequence);
        run.revoked.extend(revoked);
        Ok(())
    }

    /// A refusal by a CA or an event in dispute is journaled and does not keep later events waiting; anything
    /// else does.
    fn failed(
        &self,
        act: &Act,
        event: &RegisterEvent,
        error: WindowError,
        run: &mut RegisterRun,
    ) -> Result<()> {
        let rule = error.refusal();
        let Some(rule) = rule else {
            return Err(error);
        };
        self.operations.commit(Unit::new(entry(act, event).refused(rule.clone())))?;
        run.failed.push((event.sequence, rule));
        Ok(())
    }

    fn revoke_everywhere(
        &self,
        act: &Act,
        event: &RegisterEvent,
        cause: RevocationCause,
        before: Timestamp,
    ) -> Result<Vec<(CaId, SerialNumber)>> {
        let mut revoked = Vec::new();
        for authority in self.authorities.values() {
            if authority.policy().revocation(cause).is_none() {
                continue;
            }
            let order = RevocationOrder { cause, requester: Requester::Mayor, approver: None };
            for certificate in authority.certificates_of(&event.resident)? {
                let ended = matches!(certificate.state, CertificateState::Revoked { .. });
                // An intent is the CA's own to settle: nobody knows yet whether it was signed.
                let intended = certificate.state == CertificateState::Intended;
                if ended || intended || act.at > certificate.not_after {
                    continue;
                }
                if self.came_of_it(authority.as_ref(), &certificate, before)? {
                    continue;
                }
                authority.revoke(act, &certificate.serial, &order)?;
                revoked.push((authority.id().clone(), certificate.serial));
            }
        }
        Ok(revoked)
    }

    /// Whether the certificate was issued after `before` for what the register says now.
    ///
    /// Both are asked: the clocks of register and CA may differ, and a stale certificate must go.
    fn came_of_it(
        &self,
        authority: &dyn Authority,
        certificate: &HolderCertificate,
        before: Timestamp,
    ) -> Result<bool> {
        let Some(id) = &certificate.application else {
            return Ok(false);
        };
        let Some(row) = self.records.application(id)? else {
            return Ok(false);
        };
        if certificate.issued_at <= before {
            return Ok(false);
        }
        let form = Application::restore(row)?.record.form;
        if carries_attributes(authority.policy()) {
            return Ok(existence_doubts(&*self.register, &form, authority.policy())?.is_empty());
        }
        match self.register.find(&form.resident) {
            Ok(resident) => {
                let home = municipality::find(resident.municipality).map(|known| known.code);
                Ok(home == Some(form.municipality))
            }
            Err(RegisterError::NotFound(_)) => Ok(false),
            Err(down) => Err(down.into()),
        }
    }

    fn move_cursor(&self, act: &Act, from: u64, run: &RegisterRun) -> Result<()> {
        if run.cursor == from {
            return Ok(());
        }
        let entry = Entry::new(EventKind::RegisterEvent, act)
            .subject("cursor")
            .detail("from", from)
            .detail("to", run.cursor)
            .detail("open", run.open);
        let change = Change::SetRegisterCursor { from, to: run.cursor };
        self.operations.commit(Unit::new(entry).change(change))
    }
}

fn decide(event: &RegisterEvent, moves: &Moves, now: Timestamp) -> Decision {
    let revoke = |cause| Decision::Revoke { cause, before: event.at };
    match &event.kind {
        RegisterEventKind::Removed(_) => revoke(RevocationCause::RecordRemoved),
        RegisterEventKind::Changed(_) => revoke(RevocationCause::AttributesChanged),
        RegisterEventKind::RecordingError => revoke(RevocationCause::RecordingError),
        RegisterEventKind::MovedIn { .. } => Decision::Nothing,
        RegisterEventKind::MovedOut { planned } => {
            match moves.fate(event, *planned, civil_date(now)) {
                Fate::Running => Decision::Open,
                Fate::MovedIn => Decision::Nothing,
                // Who moved in late may have a certificate since: that one stays.
                Fate::Overdue { moved_in } => Decision::Revoke {
                    cause: RevocationCause::NotMovedIn,
                    before: moved_in.unwrap_or(Timestamp::MAX),
                },
            }
        }
    }
}

fn entry(act: &Act, event: &RegisterEvent) -> Entry {
    Entry::new(EventKind::RegisterEvent, act)
        .subject(event.sequence)
        .detail("kind", kind_name(&event.kind))
}

/// The entry of an event that was applied, with what it ended.
fn entry_of(act: &Act, event: &RegisterEvent, revoked: &[(CaId, SerialNumber)]) -> Entry {
    let personal = format!("{:?}", event.kind);
    let entry = entry(act, event).personal(&event.resident, personal);
    revoked.iter().fold(entry, |entry, (ca, serial)| {
        entry.detail("revoked", rule!("{}/{}", *ca, *serial).as_part())
    })
}

fn kind_name(kind: &RegisterEventKind) -> &'static str {
    match kind {
        RegisterEventKind::Removed(_) => "removed",
        RegisterEventKind::Changed(_) => "changed",
        RegisterEventKind::MovedOut { .. } => "moved-out",
        RegisterEventKind::MovedIn { .. } => "moved-in",
        RegisterEventKind::RecordingError => "recording-error",
    }
}

/// What is kept of an event that was applied: two of one kind and person differ in their moment.
fn kept_answer(event: &RegisterEvent) -> String {
    format!("{} {}", kind_name(&event.kind), event.at)
}

/// The act of the system by which an event is applied, to look for what is kept of it.
fn act_of(event: &RegisterEvent) -> Result<Act> {
    let link = "register-link".parse().map_err(|error: InvalidId| WindowError::Unreadable {
        what: "the link's own name",
        problem: error.to_string(),
    })?;
    Ok(Act::new(Actor::System(link), event.at, event_operation(event.sequence)?))
}

fn in_dispute() -> WindowError {
    let rule = "it has another event under this number than the one that was applied";
    WindowError::refused("register", rule)
}

fn event_operation(sequence: u64) -> Result<OperationId> {
    system_operation(SystemOperation::RegisterEvent, &sequence.to_string())
}
