//! The right to do an operation, and what it is done with.

use std::sync::Arc;

use ca::CertificationAuthority;
use domain::id::CaId;
use ra::window::Window;
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::{Change, Entry, Store, Unit};

use super::Operation;
use crate::desk::permission;
use crate::desk::{Desk, Done, Entrance, Principal, reading};
use crate::problem::Problem;

/// Somebody's operation that the table of permissions lets pass. Nothing but [`Desk::ask`] makes one.
pub struct Call<'a> {
    desk: &'a Desk,
    act: &'a Principal,
    operation: permission::Operation,
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
        let operation = O::SPEC.operation;
        self.ledger().admit(act, operation)?;
        let text = serde_json::to_string(&asked).map_err(|error| Problem::broke(&error))?;
        asked.run(&Call { desk: self, act, operation, asked: text })
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
    /// 404.
    pub(crate) fn authority(&self, ca: &CaId) -> Result<&'a Arc<CertificationAuthority>, Problem> {
        self.checked(self.desk.authority_of(ca))
    }

    /// The windows of this installation.
    ///
    /// # Errors
    /// 503 at a desk without.
    pub(crate) fn window(&self) -> Result<&'a Window, Problem> {
        Ok(&self.desk.windows()?.window)
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
