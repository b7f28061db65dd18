//! The right to do an operation, and what it is done with.

use std::sync::Arc;

use ca::CertificationAuthority;
use domain::id::CaId;
use ra::window::Window;
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::{Change, Entry, Store, Unit};

use super::{Needs, Operation, Spec};
use crate::desk::permission;
use crate::desk::progress::AtWork;
use crate::desk::{Authorities, Desk, Done, Entrance, Principal, Windows, reading};
use crate::problem::Problem;

/// Somebody's operation that the table of permissions lets pass. Nothing but [`Desk::ask`] makes one.
pub struct Call<'a> {
    desk: &'a Desk,
    act: &'a Principal,
    operation: permission::Operation,
    needs: Needs,
    at_work: AtWork<'a>,
    /// All that was asked for, by which a repetition is known.
    asked: String,
}

impl Desk {
    /// Does an operation for whoever was let in, if the table of permissions lets them pass; else the
    /// journal has the attempt first.
    ///
    /// # Errors
    /// 403; those of the operation.
    pub fn ask<O: Operation>(&self, act: &Principal, asked: O) -> Result<O::Answer, Problem> {
        let Spec { operation, needs, .. } = O::SPEC;
        self.ledger().admit(act, operation)?;
        let text = serde_json::to_string(&asked).map_err(|error| Problem::broke(&error))?;
        let at_work = self.steps().begin(act);
        asked.run(&Call { desk: self, act, operation, needs, at_work, asked: text })
    }
}

impl<'a> Call<'a> {
    /// Where it is done.
    pub(crate) fn desk(&self) -> &'a Desk {
        self.desk
    }

    /// Who comes in.
    pub(crate) fn entrance(&self) -> &'a Entrance {
        self.desk.entrance()
    }

    /// What is known, to be read.
    pub(crate) fn store(&self) -> &'a dyn Store {
        &**self.desk.store()
    }

    /// Who asks.
    pub(crate) fn act(&self) -> &'a Principal {
        self.act
    }

    /// Its row of the table of permissions.
    pub(crate) fn operation(&self) -> permission::Operation {
        self.operation
    }

    /// Tells a step of what takes long to whoever waits for it ([`ShowProgress`](crate::desk::progress::ShowProgress)).
    pub(crate) fn tell(&self, step: impl Into<String>) {
        self.at_work.tell(step);
    }

    /// Hands `result` on; a refusal is in the journal first.
    ///
    /// # Errors
    /// Those of `result`; the journal's.
    pub(crate) fn checked<T>(&self, result: Result<T, Problem>) -> Result<T, Problem> {
        self.desk.ledger().checked(self.act, self.operation, result)
    }

    /// A CA of this installation.
    ///
    /// # Errors
    /// 404; 500 where the operation does not say that it needs the CAs.
    pub(crate) fn authority(&self, ca: &CaId) -> Result<&'a Arc<CertificationAuthority>, Problem> {
        let found = self.authorities()?.get(ca);
        self.checked(found.ok_or_else(|| Problem::unknown("ca")))
    }

    /// The CAs of this installation.
    ///
    /// # Errors
    /// 500 where the operation does not say that it needs them.
    pub(crate) fn authorities(&self) -> Result<&'a Authorities, Problem> {
        self.expect_said(self.needs != Needs::People, "the CAs")?;
        Ok(self.desk.authorities())
    }

    /// The windows of this installation, and their register.
    ///
    /// # Errors
    /// 503 at a desk without; 500 where the operation does not say that it needs them.
    pub(crate) fn windows(&self) -> Result<&'a Windows, Problem> {
        self.expect_said(self.needs == Needs::Windows, "the windows")?;
        self.desk.windows()
    }

    /// The windows alone.
    ///
    /// # Errors
    /// As [`windows`](Self::windows).
    pub(crate) fn window(&self) -> Result<&'a Window, Problem> {
        Ok(&self.windows()?.window)
    }

    /// An operation that does not say what it needs would work at a server, and at no command line.
    fn expect_said(&self, is_said: bool, what: &str) -> Result<(), Problem> {
        let name = self.operation.name();
        let unsaid = || Problem::broke(&format_args!("{name} does not say that it needs {what}"));
        is_said.then_some(()).ok_or_else(unsaid)
    }

    /// Does `work` once for the operation's id, and answers a repetition as before; see
    /// `Repetition::once`.
    ///
    /// # Errors
    /// 409 where the id was used for something else; those of the work.
    pub(crate) fn once<A: Serialize + DeserializeOwned>(
        &self,
        work: impl FnOnce() -> Result<A, Problem>,
    ) -> Result<A, Problem> {
        self.desk.repetition().once(self.act, self.operation, &[&self.asked], work)
    }

    /// The same for what is one unit, which commits with its answer; see `Repetition::once_in_a_unit`.
    ///
    /// # Errors
    /// As [`once`](Self::once).
    pub(crate) fn once_in_a_unit<A: Serialize + DeserializeOwned>(
        &self,
        decide: impl FnOnce() -> Result<(Unit, A), Problem>,
    ) -> Result<Done<A>, Problem> {
        self.desk.repetition().once_in_a_unit(self.act, self.operation, &[&self.asked], decide)
    }

    /// The same for what a CA or a window commits as one unit of theirs, in which the answer goes along.
    ///
    /// # Errors
    /// As [`once`](Self::once).
    pub(crate) fn once_along<T, A: Serialize + DeserializeOwned>(
        &self,
        answer: impl Fn(&T) -> Result<A, Problem>,
        work: impl FnOnce(&dyn Fn(&T) -> store::Result<Change>) -> Result<T, Problem>,
    ) -> Result<A, Problem> {
        self.desk.repetition().once_along(self.act, self.operation, &[&self.asked], answer, work)
    }

    /// The same for what has its effect in this process alone; see `Repetition::once_here`.
    ///
    /// # Errors
    /// As [`once`](Self::once).
    pub(crate) fn once_here<A: Serialize + DeserializeOwned>(
        &self,
        work: impl FnOnce() -> Result<A, Problem>,
    ) -> Result<A, Problem> {
        self.desk.repetition().once_here(self.act, self.operation, &[&self.asked], work)
    }

    /// Has the journal note that records are read, before they are shown; `about` says which.
    ///
    /// # Errors
    /// The journal's.
    pub(crate) fn read(&self, about: impl FnOnce(Entry) -> Entry) -> Result<(), Problem> {
        self.desk.ledger().read(about(reading(self.act, self.operation)))
    }

    /// Since when it is under way, in seconds since 1970, if an earlier try of it was cut off; else it
    /// begins now.
    ///
    /// # Errors
    /// As [`once`](Self::once).
    pub(crate) fn begun_before(&self) -> Result<Option<i64>, Problem> {
        self.desk.repetition().begun_before(self.act, self.operation, &[&self.asked])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use testkit::{Clock, Scratch, act};

    use super::*;
    use crate::problem::Fault;

    /// At a server everything is there, so that nobody would notice before a command is run at rest.
    #[test]
    fn what_an_operation_does_not_say_that_it_needs_it_is_not_given() {
        let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-22T03:00:00Z"));
        let (told, none) = (clock.clone(), BTreeMap::new());
        let now = Arc::new(move || told.now());
        let desk = Desk::builder(scratch.store.clone(), none, Arc::default(), now).build();
        let act = Principal::program(act(&clock));
        let ca: CaId = "jpki-auth".parse().expect("an id");
        // Of what is said, this desk has nothing; what is unsaid is a fault, wherever it is asked for.
        for (needs, of_windows, of_authority) in [
            (Needs::Windows, Fault::Unavailable, Fault::Unknown),
            (Needs::Authorities, Fault::Internal, Fault::Unknown),
            (Needs::People, Fault::Internal, Fault::Internal),
        ] {
            let operation = permission::Operation::ListPeople;
            let (at_work, asked) = (desk.steps().begin(&act), String::new());
            let call = Call { desk: &desk, act: &act, operation, needs, at_work, asked };
            let told = call.windows().err().map(|problem| problem.fault);
            assert_eq!(told, Some(of_windows), "{needs:?}");
            let told = call.authority(&ca).err().map(|problem| problem.fault);
            assert_eq!(told, Some(of_authority), "{needs:?}");
        }
    }
}
