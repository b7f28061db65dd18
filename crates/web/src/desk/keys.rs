//! The CAs' keys: custodians who come and go, renewals rehearsed, and the worst day.

use std::sync::Arc;

use ca::{CertificationAuthority, Custody};
use domain::act::Act;
use domain::compromise::CompromiseState;
use domain::id::ActorId;
use jiff::{SignedDuration, Timestamp};
use keys::quorum::Passphrase;
use store::{Along, CompromiseRow};

use super::approvals::Approvable;
use super::permission::Operation;
use super::principal::Principal;
use super::{Desk, reading};
use crate::problem::Problem;
use crate::wire::{
    CompromiseBody, CompromiseOutcomeBody, CompromisePlanBody, ContributionBody, CustodyBody,
    RehearsalBody,
};

/// How often the lists of a compromised key are tried again: a list is a second younger than the
/// one before it, and that one may have been published just now.
const TRIES: u8 = 3;

/// Draws up documents for others than this installation's users, signed by its audit key.
pub trait Notary: Send + Sync {
    /// Keeps a signed document under this name and returns the SHA-256 of what was kept; the same
    /// one again is kept once.
    ///
    /// # Errors
    /// Why it could not be kept.
    fn keep(&self, name: &str, text: &str) -> Result<[u8; 32], String>;
}

/// What the desk needs for acts on keys.
#[derive(Clone)]
pub struct Keyroom {
    /// The custodians and the keys they guard.
    pub custody: Arc<Custody>,
    /// Who signs notifications.
    pub notary: Arc<dyn Notary>,
}

impl Desk {
    /// Adds the custody of the keys; what needs it is unavailable at a desk without.
    #[must_use]
    pub fn with_keyroom(self, keyroom: Keyroom) -> Self {
        Self { keyroom: Some(keyroom), ..self }
    }

    /// Where the custodians' work stands.
    ///
    /// # Errors
    /// 503 at a desk without keys.
    pub fn custody(&self, act: &Principal) -> Result<CustodyBody, Problem> {
        let operation = Operation::ShowKeys;
        self.admit(act, operation)?;
        let body = CustodyBody::from(self.keyroom()?.custody.standing());
        let unusable = if body.active { self.unusable_keys(act.at)? } else { Vec::new() };
        self.journal_reading(reading(act, operation).subject("keys"))?;
        Ok(body.with_unusable(unusable))
    }

    /// What every key store says of a key that should be usable and is not.
    fn unusable_keys(&self, at: Timestamp) -> Result<Vec<String>, Problem> {
        let mut told = Vec::new();
        for (ca, authority) in &self.authorities {
            for (generation, error) in authority.unusable_keys(at)? {
                told.push(format!("{ca}, generation {generation}: {error}"));
            }
        }
        Ok(told)
    }

    /// Wipes the share of a custodian who is none any more, where there are keys at this desk.
    pub(super) fn dismiss_custodian(&self, act: &Act) -> Result<(), Problem> {
        self.keyroom.as_ref().map_or(Ok(()), |room| Ok(room.custody.dismiss(act)?))
    }

    /// Takes the passphrase of the custodian who asks; the last one needed activates the keys
    /// (A 6.2.8.1, S 6-2-1-7).
    ///
    /// # Errors
    /// 422 for a stranger, a wrong passphrase, the same custodian again, or a window that is over.
    pub fn contribute(
        &self,
        act: &Principal,
        body: &ContributionBody,
    ) -> Result<CustodyBody, Problem> {
        let operation = Operation::ActivateKeys;
        self.admit(act, operation)?;
        let custodian = self.checked(act, operation, person(act))?;
        let passphrase = Passphrase::new(body.passphrase.expose().as_bytes())
            .map_err(|error| Problem::refused("passphrase", error));
        let passphrase = self.checked(act, operation, passphrase)?;
        self.once_here(act, operation, || {
            Ok(self.keyroom()?.custody.contribute(act, &custodian, &passphrase)?.into())
        })
    }

    /// Notes that a custodian wants the keys asleep; with enough of them they are (A 6.2.9.1,
    /// S 6-2-1-8).
    ///
    /// # Errors
    /// 422 for somebody who holds no share.
    pub fn leave(&self, act: &Principal) -> Result<CustodyBody, Problem> {
        let operation = Operation::DeactivateKeys;
        self.admit(act, operation)?;
        let custodian = self.checked(act, operation, person(act))?;
        self.once_here(act, operation, || {
            Ok(self.keyroom()?.custody.leave(act, &custodian)?.into())
        })
    }

    /// Rehearses the renewal of a CA's key: every path, with throwaway keys.
    ///
    /// # Errors
    /// 404 for no such CA; 422 for a moment that cannot be one.
    pub fn rehearse_renewal(
        &self,
        act: &Principal,
        ca: &str,
        issues_from: Option<&str>,
    ) -> Result<RehearsalBody, Problem> {
        let operation = Operation::RehearseRenewal;
        self.admit(act, operation)?;
        let authority = self.authority(act, operation, ca)?;
        let from = match issues_from {
            Some(text) => text
                .parse::<Timestamp>()
                .map_err(|_| Problem::refused("issues_from", "a moment as 2027-04-01T00:00:00Z")),
            None => Ok(act.at + SignedDuration::from_hours(24)),
        };
        let from = self.checked(act, operation, from)?;
        let rehearsal = authority.rehearse_renewal(act.at, from).map_err(Problem::from);
        let rehearsal = self.checked(act, operation, rehearsal)?;
        self.journal_reading(
            reading(act, operation).ca(authority.id()).detail("sound", rehearsal.is_sound()),
        )?;
        Ok(RehearsalBody::from(&rehearsal))
    }

    /// What the compromise of a key would mean, or where the procedure stands.
    ///
    /// # Errors
    /// 404 for no such CA or generation.
    pub fn compromise_plan(
        &self,
        act: &Principal,
        ca: &str,
        generation: u32,
    ) -> Result<CompromisePlanBody, Problem> {
        let operation = Operation::PlanCompromise;
        self.admit(act, operation)?;
        let authority = self.authority(act, operation, ca)?;
        let plan = authority.compromise_plan(generation).map_err(Problem::from);
        let plan = self.checked(act, operation, plan)?;
        self.journal_reading(reading(act, operation).ca(authority.id()))?;
        Ok(CompromisePlanBody::of(ca, &plan))
    }

    /// Declares a key compromised and carries out what follows, from where it stands (A 5.7.3,
    /// S 4-14-2). `told` hears of every step and of every thousand certificates.
    ///
    /// # Errors
    /// 403; 422 without a second person who has approved it (`POST /approvals`); 404; 409 or 503
    /// where a step could not be done: the same request goes on from there.
    pub fn compromise(
        &self,
        act: &Principal,
        ca: &str,
        generation: u32,
        body: &CompromiseBody,
        told: &dyn Fn(&str),
    ) -> Result<CompromiseOutcomeBody, Problem> {
        let operation = Operation::CompromiseKey;
        self.admit(act, operation)?;
        let authority = self.authority(act, operation, ca)?;
        let declared = self.store.compromises(authority.id())?.into_iter();
        let row = match declared.into_iter().find(|row| row.generation == generation) {
            // Declared by two people before: to go on with it takes nobody (A 5.7.3).
            Some(row) => row,
            None => self.declare(act, authority, generation, body)?,
        };
        told("declared: nothing is issued under the key any more");
        let row = self.carry_on(act, authority, row, told)?;
        Ok(CompromiseOutcomeBody::from(&row))
    }

    /// Declares it, by two people whose one approval serves this once.
    fn declare(
        &self,
        act: &Principal,
        authority: &CertificationAuthority,
        generation: u32,
        body: &CompromiseBody,
    ) -> Result<CompromiseRow, Problem> {
        let operation = Operation::CompromiseKey;
        let approver = body.approver.as_deref().unwrap_or_default();
        let what = Approvable::Compromise { ca: authority.id().as_str(), generation };
        let second: ActorId = self.id(act, operation, "approver", approver)?;
        let number = generation.to_string();
        let asked = [authority.id().as_str(), &number, approver];
        let state = |row: &CompromiseRow| Ok(row.state.name().to_owned());
        self.once_along(act, operation, &asked, state, |kept| {
            let seconded = self.seconded(act, approver, what)?;
            Ok(authority.declare_compromise(Along::new(&seconded, kept), generation, &second)?)
        })?;
        let declared = authority.compromise(generation)?;
        declared.ok_or_else(|| Problem::unknown("compromise"))
    }

    /// Carries every procedure on that was declared and is not complete: the program itself goes on
    /// where it, or another process, was cut off. No person and no key is needed to revoke (A 5.7.3).
    ///
    /// # Errors
    /// As of [`compromise`](Self::compromise), the first; every procedure is tried.
    pub fn go_on_with_compromises(&self, act: &Act) -> Result<(), Problem> {
        let mut outcome = Ok(());
        for (ca, authority) in &self.authorities {
            for row in self.store.compromises(ca)? {
                if row.state != CompromiseState::Completed {
                    let told = |step: &str| tracing::warn!(%ca, "a compromise goes on: {step}");
                    let done = self.carry_on(act, authority, row, &told).map(drop);
                    outcome = outcome.and(done);
                }
            }
        }
        outcome
    }

    /// Carries a procedure out from where it stands. Of two that do so at once, each takes up what the
    /// other has done.
    fn carry_on(
        &self,
        act: &Act,
        authority: &CertificationAuthority,
        mut row: CompromiseRow,
        told: &dyn Fn(&str),
    ) -> Result<CompromiseRow, Problem> {
        let generation = row.generation;
        let mut tries = 0;
        while row.state < CompromiseState::Announced {
            let now = Act { at: (self.clock)(), ..act.clone() };
            let heard = &mut |revoked| told(&format!("revoked: {revoked}"));
            match authority.continue_compromise(&now, generation, heard) {
                Ok(next) => row = next,
                Err(
                    ca::Error::Refused { field: "lists", .. }
                    | ca::Error::Store(store::Error::Stale { .. }),
                ) if tries < TRIES => {
                    tries += 1;
                    std::thread::sleep(std::time::Duration::from_secs(1));
                    if let Some(now) = authority.compromise(generation)? {
                        row = now;
                    }
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
            told(row.state.name());
        }
        if row.state == CompromiseState::Announced {
            let name = format!("compromise-{}-{generation}", authority.id());
            let kept = self.keyroom()?.notary.keep(&name, &notification(&row));
            let sha256 = kept.map_err(|error| Problem::unavailable("the notary", &error))?;
            row = authority.complete_compromise(act, generation, &sha256)?;
            told(row.state.name());
        }
        Ok(row)
    }

    pub(super) fn keyroom(&self) -> Result<&Keyroom, Problem> {
        self.keyroom
            .as_ref()
            .ok_or_else(|| Problem::unavailable("the keys", &"this desk has no custody of keys"))
    }
}

/// The notification that is handed to the bridge CA, in the words of S 4-14-2.
fn notification(row: &CompromiseRow) -> String {
    format!(
        "jitsuin compromise notification\nto: 個人認証BCA\nca: {}\ngeneration: {}\ndeclared: {}\n\
         revoked: {}\nこの世代の署名鍵が危殆化したため、発行業務を停止し、この鍵で署名したすべての\
         証明書を失効し、失効リストを公表しました。相互認証証明書の失効をお願いします。\n",
        row.ca, row.generation, row.declared_at, row.revoked
    )
}

/// The person who asks: the program itself holds no share.
fn person(act: &Principal) -> Result<ActorId, Problem> {
    act.id().cloned().ok_or_else(|| Problem::refused("custodian", "a person of the registry"))
}
