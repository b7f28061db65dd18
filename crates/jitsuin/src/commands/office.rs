//! A desk in this process, and who stands at it.

use std::net::Ipv4Addr;

use anyhow::Result;
use domain::id::OperationId;
use web::desk::{Approvable, Desk, Door, Principal};

use super::person::shown;
use crate::answer::Answer;
use crate::cli::Cli;
use crate::system::System;

/// The desk, and who stands at it.
pub(super) struct Office {
    pub(super) desk: Desk,
    pub(super) act: Principal,
}

impl Office {
    /// A desk without windows.
    pub(super) fn new(cli: &Cli, system: &System) -> Result<Self> {
        Self::at(cli, system.desk_without_windows())
    }

    /// A desk with the windows and the resident register, unless a server has these.
    pub(super) fn with_windows_if_free(cli: &Cli, system: &System) -> Result<Self> {
        match system.desk() {
            Ok(desk) => Self::at(cli, desk),
            Err(_) => Self::new(cli, system),
        }
    }

    fn at(cli: &Cli, desk: Desk) -> Result<Self> {
        let operation = cli.person.operation.as_deref().map(str::parse).transpose()?;
        let act = desk.entrance().enter(Ok(shown(&cli.person)?), &console(), operation)?;
        Ok(Self { desk, act })
    }

    /// A desk at which the program acts for the custodians who came.
    pub(super) fn of_custodians(system: &System) -> Result<Self> {
        let act = Principal::program(system.act("custodians")?);
        Ok(Self { desk: system.desk_without_windows(), act })
    }

    /// Approves, as the second person, what another asks for under the id `operation`.
    pub(super) fn approve(&self, operation: &OperationId, what: Approvable<'_>) -> Result<Answer> {
        Answer::of(&self.desk.approvals().approve(&self.act, operation, what)?)
    }
}

/// The door of the installation's own console.
fn console() -> Door {
    Door { name: "command line".to_owned(), from: Ipv4Addr::LOCALHOST.into() }
}
