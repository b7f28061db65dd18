//! The stage of ceremonies: one installation, on which each step of a script is carried out.

mod backup;
mod certify;
mod copies;
mod copy;
mod destroy;
mod gone;
mod known;
mod presence;
mod reach;
mod rehearsal;
mod restore;
mod telling;
#[cfg(test)]
mod tests;
mod told;

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use anyhow::Result;
use ca::ceremony::{KeyFact, Occurrence, Stage, StageError, StepFacts};
use ca::{CertificationAuthority, Renewal};
use domain::act::Act;
use domain::ceremony::{CeremonyId, Premises, RestoreTarget};
use domain::id::CaId;
use keys::quorum::{CustodianId, QuorumSecret};
use keys::{KeyLabel, PublicKey};

pub(crate) use self::presence::{Attendance, Attendant, Comers, attend};
pub(crate) use self::rehearsal::{Rehearsed, rehearse};
use crate::backups::Backups;
use crate::custodians::quorum;
use crate::system::System;

/// Carries the steps out on an installation, with the secret of the custodians who are present.
pub(crate) struct SystemStage<'a> {
    pub(crate) system: &'a System,
    pub(crate) ceremony: CeremonyId,
    pub(crate) secret: &'a QuorumSecret,
    /// The custodians who put it together.
    pub(crate) custodians: Vec<CustodianId>,
    /// The directory under which a rehearsal keeps all media.
    pub(crate) media: Option<PathBuf>,
    /// Whether the people present read along on standard output.
    pub(crate) told: bool,
}

impl SystemStage<'_> {
    /// Wakes the keys, if they sleep, and carries a step out.
    fn carry_out(
        &self,
        act: &Act,
        step: impl FnOnce() -> Result<StepFacts>,
    ) -> Result<StepFacts, StageError> {
        let done = self.wake(act).and_then(|()| self.expect_present(act)).and_then(|()| step());
        done.map_err(|error| StageError::new(format!("{error:#}")))
    }

    fn wake(&self, act: &Act) -> Result<()> {
        if !self.system.custody.is_active() {
            self.system.custody.activate(act, self.secret, &self.custodians)?;
        }
        Ok(())
    }

    /// Looks again, before what lies outside of the database is made or ends, whether everybody stands
    /// as they did when they came.
    fn expect_present(&self, act: &Act) -> Result<()> {
        Ok(store::expect_standing(&*self.system.store, act)?)
    }

    fn backups(&self) -> Backups<'_> {
        self.system.backups()
    }

    /// Where a directory of the script is; in a rehearsal, below a place that is thrown away.
    fn place(&self, path: &str) -> PathBuf {
        let Some(media) = &self.media else { return PathBuf::from(path) };
        // The throwaway installation's own places are there already.
        if media.parent().is_some_and(|all| Path::new(path).starts_with(all)) {
            return PathBuf::from(path);
        }
        let inside = Path::new(path).components().filter(|c| matches!(c, Component::Normal(_)));
        media.join(inside.collect::<PathBuf>())
    }
}

impl Stage for SystemStage<'_> {
    fn generate_ca_key(&mut self, act: &Act, ca: &CaId) -> Result<StepFacts, StageError> {
        self.carry_out(act, || self.generate(act, ca))
    }

    fn self_sign(&mut self, act: &Act, ca: &CaId) -> Result<StepFacts, StageError> {
        self.carry_out(act, || self.certify_itself(act, ca))
    }

    fn responder_certificate(&mut self, act: &Act, ca: &CaId) -> Result<StepFacts, StageError> {
        self.carry_out(act, || self.certify_responder(act, ca))
    }

    fn tls_certificate(
        &mut self,
        act: &Act,
        ca: &CaId,
        request: &str,
    ) -> Result<StepFacts, StageError> {
        self.carry_out(act, || self.certify_server(act, ca, request))
    }

    fn back_up(&mut self, act: &Act, directory: &str) -> Result<StepFacts, StageError> {
        self.carry_out(act, || self.write_backups(act, directory))
    }

    fn restore(
        &mut self,
        act: &Act,
        directory: &str,
        into: &RestoreTarget,
    ) -> Result<StepFacts, StageError> {
        self.carry_out(act, || self.restore_backups(act, directory, into))
    }

    fn renew_ca_key(
        &mut self,
        act: &Act,
        ca: &CaId,
        renewal: &Renewal,
    ) -> Result<StepFacts, StageError> {
        self.carry_out(act, || self.renew(act, ca, renewal))
    }

    fn destroy_ca_key(
        &mut self,
        act: &Act,
        ca: &CaId,
        generation: u32,
        gone: &BTreeMap<String, String>,
    ) -> Result<StepFacts, StageError> {
        self.carry_out(act, || self.destroy(act, ca, generation, gone))
    }

    fn record(&mut self, occurrence: &Occurrence) {
        if self.told {
            telling::tell(occurrence);
        }
        // A ceremony may take hours, and no entry waits that long for its seal.
        if let Err(error) = self.system.seal() {
            tracing::error!("the journal is not sealed: {error:#}");
        }
    }
}

/// What a script is held against in an installation.
pub(crate) fn premises(system: &System) -> Result<Premises> {
    let (threshold, _) = quorum(&system.config)?;
    let newest = |authority: &CertificationAuthority| {
        authority.generations().all().last().map_or(0, |generation| generation.number)
    };
    let cas = system.authorities.iter().map(|(id, authority)| (id.clone(), newest(authority)));
    Ok(Premises { threshold, cas: Some(cas.collect()) })
}

/// A key as the minutes name it.
fn key_fact(label: &KeyLabel, public: &PublicKey) -> KeyFact {
    KeyFact {
        label: label.to_string(),
        algorithm: public.algorithm.to_string(),
        spki_sha256: x509::digest::sha256(&public.spki_der),
    }
}
