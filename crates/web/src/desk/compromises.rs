//! What follows the compromise of a key, step by step from where it stands.

use std::collections::BTreeMap;
use std::sync::Arc;

use ca::{CertificationAuthority, Compromises};
use domain::act::Act;
use domain::compromise::CompromiseState;
use domain::id::CaId;
use store::CompromiseRow;
use store::reads::ReadGenerations;

use super::custodians::no_custody;
use super::hands::Hands;
use super::keys::Notary;
use crate::acts::Clock;
use crate::problem::{Problem, was_overtaken};

/// How often the lists of a compromised key are tried again: a list is a second younger than the
/// one before it, and that one may have been published just now.
const TRIES: u8 = 3;

/// A CA as its compromised keys are dealt with.
struct Compromised(Arc<CertificationAuthority>);

impl Compromised {
    fn procedure(&self) -> &Compromises {
        self.0.compromises()
    }

    /// What was declared of a generation's key, as it stands now.
    fn declared(&self, generation: u32) -> Result<Option<CompromiseRow>, Problem> {
        Ok(self.0.generations().compromise(generation)?)
    }
}

/// The procedures after compromises. It has them carried out, which takes no key, and the notary sign.
pub struct CompromiseProcedures {
    clock: Clock,
    declared: Arc<dyn ReadGenerations>,
    authorities: BTreeMap<CaId, Compromised>,
    notary: Option<Arc<dyn Notary>>,
}

impl CompromiseProcedures {
    /// Over what `hands` have.
    pub(super) fn new(hands: &Hands) -> Self {
        let of_one = |(ca, authority): (&CaId, &Arc<CertificationAuthority>)| {
            (ca.clone(), Compromised(authority.clone()))
        };
        Self {
            clock: hands.clock.clone(),
            declared: hands.store.clone(),
            authorities: hands.authorities.iter().map(of_one).collect(),
            notary: hands.keyroom.as_ref().map(|room| room.notary.clone()),
        }
    }

    /// Carries out what follows a declaration, from where it stands, and tells every step and every thousand
    /// certificates.
    pub(super) fn carry_out(
        &self,
        act: &Act,
        row: CompromiseRow,
        told: &dyn Fn(&str),
    ) -> Result<CompromiseRow, Problem> {
        told("declared: nothing is issued under the key any more");
        let authority = self.authorities.get(&row.ca).ok_or_else(|| Problem::unknown("ca"))?;
        self.carry_on(act, authority, row, told)
    }

    /// Carries every procedure on that was declared and is not complete: the program itself goes on
    /// where it, or another process, was cut off. No person and no key is needed to revoke (A 5.7.3).
    ///
    /// # Errors
    /// 409 or 503 where a step could not be done, the first; every procedure is tried.
    pub fn go_on(&self, act: &Act) -> Result<(), Problem> {
        let mut outcome = Ok(());
        for (ca, authority) in &self.authorities {
            for row in self.declared.compromises(ca)? {
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
        authority: &Compromised,
        mut row: CompromiseRow,
        told: &dyn Fn(&str),
    ) -> Result<CompromiseRow, Problem> {
        let generation = row.generation;
        let mut tries = 0;
        while row.state < CompromiseState::Announced {
            let now = Act { at: (self.clock)(), ..act.clone() };
            let heard = &mut |revoked| told(&format!("revoked: {revoked}"));
            match authority.procedure().proceed(&now, generation, heard) {
                Ok(next) => row = next,
                Err(error) if tries < TRIES && was_overtaken(&error) => {
                    tries += 1;
                    std::thread::sleep(std::time::Duration::from_secs(1));
                    if let Some(now) = authority.declared(generation)? {
                        row = now;
                    }
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
            told(row.state.name());
        }
        if row.state == CompromiseState::Announced {
            let name = format!("compromise-{}-{generation}", row.ca);
            let notary = self.notary.as_ref().ok_or_else(no_custody)?;
            let kept = notary.keep(&name, &notification(&row));
            let sha256 = kept.map_err(|error| Problem::unavailable("the notary", &error))?;
            row = authority.procedure().complete(act, generation, &sha256)?;
            told(row.state.name());
        }
        Ok(row)
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
