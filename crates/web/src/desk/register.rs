//! The resident register: looked into, linked, and where it is the embedded one, commanded.

use domain::act::{Act, Actor};
use domain::id::{CaId, InvalidId, ResidentCode};
use domain::journal::EventKind;
use domain::municipality;
use domain::resident::{BasicAttribute, Resident};
use domain::text::{self, FreeText};
use jiff::civil::Date;
use ra::register::Removal;
use ra::register::embedded::{Correction, EmbeddedError, EmbeddedRegister};
use ra::window::Forgotten;
use store::{Along, Entry, Unit};

use super::approvals::Approvable;
use super::permission::Operation;
use super::principal::Principal;
use super::{Desk, reading};
use crate::problem::Problem;
use crate::wire::{
    AddressBody, ErasurePermitBody, ForgottenBody, MoveOutBody, RegisterCommandBody,
    RegisterRunBody, ResidentBody,
};

/// Characters of the longest address: as in a form.
const MAX_ADDRESS: usize = text::NAME_MAX_CHARACTERS;

impl Desk {
    /// Shows a resident; a clerk sees those of their own municipality.
    ///
    /// # Errors
    /// 404, for another municipality's resident as for nobody's; the reading is journaled first.
    pub fn resident(&self, act: &Principal, code: &str) -> Result<ResidentBody, Problem> {
        let operation = Operation::ShowResident;
        self.admit(act, operation)?;
        let code: ResidentCode = self.id(act, operation, "resident", code)?;
        let found = self.windows()?.register.find(&code).map_err(Problem::from);
        let found = found.and_then(|resident| own_resident(&act.actor, resident));
        let resident = self.checked(act, operation, found)?;
        let entry = reading(act, operation).subject("resident register");
        self.journal_reading(entry.personal(&code, format!("resident {code}")))?;
        Ok(resident.into())
    }

    /// Carries out what the register's events ask of the CAs (L8).
    ///
    /// The windows take that from the system alone; who set the system to work, the desk's own
    /// entry says.
    ///
    /// # Errors
    /// 503 when the register or a CA does not answer; the next run goes on from there.
    pub fn apply_register_events(&self, act: &Principal) -> Result<RegisterRunBody, Problem> {
        let operation = Operation::ApplyRegisterEvents;
        self.admit(act, operation)?;
        let windows = self.windows()?;
        self.once(act, operation, &[], || {
            let link = "register-link".parse();
            let link = link.map_err(|error: InvalidId| Problem::broke(&error))?;
            let system = Act { actor: Actor::System(link), ..Act::clone(act) };
            Ok(windows.window.apply_register_events(&system)?.into())
        })
    }

    /// Records a resident's death in the embedded register.
    ///
    /// # Errors
    /// 404; 422 where the register is not the embedded one.
    pub fn record_death(
        &self,
        act: &Principal,
        code: &str,
    ) -> Result<RegisterCommandBody, Problem> {
        self.command(act, Operation::RecordDeath, code, ("death", ""), |register, code| {
            register.remove(code, Removal::Death, &**act)
        })
    }

    /// Records a new address within the municipality in the embedded register.
    ///
    /// # Errors
    /// As [`record_death`](Self::record_death), and 422 for an address elsewhere.
    pub fn record_address(
        &self,
        act: &Principal,
        code: &str,
        body: &AddressBody,
    ) -> Result<RegisterCommandBody, Problem> {
        let operation = Operation::RecordAddress;
        self.admit(act, operation)?;
        let address = FreeText::line(&body.address, MAX_ADDRESS);
        let address = address.map_err(|error| Problem::refused("address", error));
        self.checked(act, operation, address)?;
        let recorded = ("address", body.address.as_str());
        self.command(act, operation, code, recorded, |register, code| {
            let address = Some(body.address.clone());
            register.correct(code, Correction { address, ..Correction::default() }, &**act)
        })
    }

    /// Records a notice of moving out in the embedded register.
    ///
    /// # Errors
    /// As [`record_death`](Self::record_death), and 422 for no such day.
    pub fn record_move_out(
        &self,
        act: &Principal,
        code: &str,
        body: &MoveOutBody,
    ) -> Result<RegisterCommandBody, Problem> {
        let operation = Operation::RecordMoveOut;
        self.admit(act, operation)?;
        let planned = body.planned.parse::<Date>();
        let planned =
            planned.map_err(|_| Problem::refused("planned", "it must be a day, YYYY-MM-DD"));
        let planned = self.checked(act, operation, planned)?;
        let day = planned.to_string();
        self.command(act, operation, code, ("move-out", &day), |register, code| {
            register.move_out(code, planned, &**act)
        })
    }

    /// Disposes of a person's records, and destroys the key to their data in the journal.
    ///
    /// # Errors
    /// 422 while the law wants something kept, or where the second person did not approve it.
    pub fn erase_resident(
        &self,
        act: &Principal,
        code: &str,
        body: &ErasurePermitBody,
    ) -> Result<ForgottenBody, Problem> {
        let operation = Operation::EraseResident;
        self.admit(act, operation)?;
        let resident: ResidentCode = self.id(act, operation, "resident", code)?;
        let is_embedded = self.windows()?.embedded.is_some();
        let bears = |ca: &CaId| match self.authorities.get(ca) {
            Some(ca) if !ca.policy().certifies_signatures() => &[][..],
            _ => &BasicAttribute::ALL[..],
        };
        let answer = |forgotten: &Forgotten| Ok(ForgottenBody::of(forgotten, bears, is_embedded));
        self.once_along(act, operation, &[code, &body.approver], answer, |kept| {
            let seconded = self.seconded(act, &body.approver, Approvable::Erasure(code))?;
            Ok(self.windows()?.window.forget(Along::new(&seconded, kept), &resident)?)
        })
    }

    /// One command to the embedded register: in the journal before it is carried out, because the
    /// register is a house of its own and cannot share the commit. It knows what it carried out by the
    /// operation's id, so that a repetition after a cut finds its effect and no refusal.
    ///
    /// What is recorded is a closed word, which is answered and kept, and what was typed, which is
    /// nowhere but under the resident's own key.
    fn command(
        &self,
        act: &Principal,
        operation: Operation,
        code: &str,
        (recorded, typed): (&'static str, &str),
        work: impl FnOnce(&EmbeddedRegister, &ResidentCode) -> Result<(), EmbeddedError>,
    ) -> Result<RegisterCommandBody, Problem> {
        self.admit(act, operation)?;
        let code: ResidentCode = self.id(act, operation, "resident", code)?;
        let rule = "this installation's register is not the embedded one; it takes no commands";
        let embedded = self.windows()?.embedded.as_ref();
        let embedded = embedded.ok_or_else(|| Problem::refused("register", rule));
        let embedded = self.checked(act, operation, embedded)?;
        self.once(act, operation, &[code.as_str(), recorded, typed], || {
            // An event that is taken for one that was applied long ago would never have an effect.
            self.windows()?.window.hold_register()?;
            let known = embedded.expect_known(&code, &**act).map_err(Problem::from);
            self.checked(act, operation, known)?;
            let entry = Entry::new(EventKind::RegisterEvent, act).subject("embedded register");
            let entry = entry.detail("command", operation.name());
            let personal = format!("{recorded} {typed}");
            self.store.commit(Unit::new(entry.personal(&code, personal.trim_end())))?;
            self.checked(act, operation, work(embedded, &code).map_err(Problem::from))?;
            Ok(RegisterCommandBody { code: code.to_string(), recorded: recorded.to_owned() })
        })
    }
}

/// The resident, if this actor may see the record.
fn own_resident(actor: &Actor, resident: Resident) -> Result<Resident, Problem> {
    let Actor::WindowClerk { municipality, .. } = actor else { return Ok(resident) };
    // A ward's window serves its city.
    let city = |code| municipality::find(code).map_or(code, |known| known.code);
    if city(*municipality) == city(resident.municipality) {
        return Ok(resident);
    }
    Err(Problem::elsewhere("resident"))
}
