//! Issues that were begun and not ended: by a crash, or by a failure while the program runs.

mod intents;

use anyhow::{Error, Result};
use ca::Settled;
use domain::id::{CaId, SerialNumber};
use store::CertificateRow;
use web::desk::Condition;

pub(crate) use self::intents::LeftOpen;
use self::intents::Waiting;
use crate::hold::Owned;
use crate::system::System;

impl System {
    /// Notes the intents that a crash left behind; nothing may have been issued in this process yet.
    /// Those that somebody beside us has in flight are settled by whoever began them.
    pub(crate) fn find_left_open(&self, _: &Owned) -> Result<()> {
        for authority in self.authorities.values() {
            self.left_open.note(authority.recovery().left_open()?);
        }
        Ok(())
    }

    /// Settles what was noted, and what broke off in this process, once the keys are awake and nobody
    /// visits, who may be in the middle of it. Says what was done.
    ///
    /// # Errors
    /// The first that was met: none keeps another from being settled. What failed is tried again.
    pub(crate) fn settle_left_open(&self, owned: &Owned) -> Result<Vec<String>> {
        for authority in self.authorities.values() {
            self.left_open.note(authority.recovery().take_broken_off()?);
        }
        let (mut said, mut failed) = (Vec::new(), None);
        if !self.custody.is_active() || self.left_open.all().is_empty() {
            return Ok(said);
        }
        let Some(_alone) = owned.alone()? else { return Ok(said) };
        // Nobody who asks what is left waits for a signature.
        let waiting = std::mem::take(&mut *self.left_open.all());
        for ((id, serial), waiting) in waiting {
            match self.settle(&waiting.row) {
                Ok(settled) => said.extend(settled.map(|settled| line(&id, settled))),
                Err(error) => {
                    let told = Some(format!("{error:#}"));
                    self.left_open.all().insert((id, serial), Waiting { failed: told, ..waiting });
                    failed = failed.or(Some(error));
                }
            }
        }
        failed.map_or(Ok(said), Err)
    }

    fn settle(&self, row: &CertificateRow) -> Result<Option<Settled>, Error> {
        let authority = self.authority(row.intent.ca.as_str())?;
        Ok(authority.recovery().settle(&self.act("recovery")?, row)?)
    }

    /// The issues that wait, and why: until they are settled nothing else is issued on the same application,
    /// and their key is not destroyed.
    pub(crate) fn issues_left_open(&self) -> Vec<Condition> {
        let warned = |((ca, serial), waiting): (&(CaId, SerialNumber), &Waiting)| {
            let why = waiting.failed.as_deref().unwrap_or(
                "it is settled once the keys are awake and no ceremony or command holds the \
                 installation",
            );
            let told = format!("its issue was begun and has not ended: {why}");
            Condition::warning("issue-unfinished", serial, told).of_ca(ca)
        };
        self.left_open.all().iter().map(warned).collect()
    }
}

fn line(ca: &CaId, settled: Settled) -> String {
    match settled {
        Settled::Finished(serial) => format!("{ca}: serial {serial} was possibly signed: finished"),
        Settled::Revoked(serial) => format!("{ca}: serial {serial} was possibly signed: revoked"),
    }
}
