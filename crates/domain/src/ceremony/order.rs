//! Whether the steps of a script can follow one another: they are gone through as if carried out.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::error::Problems;
use super::{Premises, RestoreTarget, Step};
use crate::id::CaId;
use crate::validity::civil_date;

/// A step with the words that name its place in messages.
pub(super) struct Placed {
    pub(super) place: String,
    pub(super) step: Step,
}

/// Notes every step that cannot stand where it stands.
pub(super) fn check_order(
    steps: &[Placed],
    planned: Option<Date>,
    premises: &Premises,
    problems: &mut Problems,
) {
    let mut hall = Hall::new(steps, planned, premises);
    for (index, placed) in steps.iter().enumerate() {
        if let Err(rule) = hall.carry_out(&placed.step, &steps[index + 1..]) {
            problems.add(&placed.place, rule);
        }
    }
}

/// The installation as the script would change it.
struct Hall {
    authorities: BTreeMap<CaId, Authority>,
    planned: Option<Date>,
    has_keys: bool,
    backups: BTreeSet<String>,
    restored: BTreeSet<String>,
}

#[derive(Clone, Default)]
struct Authority {
    /// Whether any policy speaks of it, as far as is known.
    unknown: bool,
    made: bool,
    made_here: bool,
    certified: bool,
    renewed: bool,
    /// The newest generation, where it is known.
    newest: Option<u32>,
    destroyed: BTreeSet<u32>,
}

type Verdict = Result<(), String>;

impl Hall {
    fn new(steps: &[Placed], planned: Option<Date>, premises: &Premises) -> Self {
        let named = steps.iter().filter_map(|placed| placed.step.ca());
        let authorities: BTreeMap<CaId, Authority> =
            named.map(|ca| (ca.clone(), Authority::before(ca, steps, premises))).collect();
        let founds = steps.iter().any(|placed| matches!(placed.step, Step::GenerateCaKey { .. }));
        let has_keys = match &premises.cas {
            Some(cas) => cas.values().any(|newest| *newest > 0),
            None => !founds || authorities.values().any(|authority| authority.made),
        };
        let (backups, restored) = (BTreeSet::new(), BTreeSet::new());
        Self { authorities, planned, has_keys, backups, restored }
    }

    fn carry_out(&mut self, step: &Step, later: &[Placed]) -> Verdict {
        if step.ca().is_some_and(|ca| self.authority(ca).unknown) {
            return Err("there is no such CA here".to_owned());
        }
        match step {
            Step::GenerateCaKey { ca } => {
                self.authority(ca).generate()?;
                self.has_keys = true;
                Ok(())
            }
            Step::SelfSign { ca } => self.authority(ca).self_sign(),
            Step::ResponderCertificate { ca } | Step::TlsCertificate { ca, .. } => {
                self.authority(ca).must_sign()
            }
            Step::RenewCaKey { ca, issues_from, .. } => {
                if self.planned.is_some_and(|planned| civil_date(*issues_from) < planned) {
                    return Err("issues_from lies before the day of the ceremony".to_owned());
                }
                self.authority(ca).renew()
            }
            Step::DestroyCaKey { ca, generation, .. } => {
                let renewed_later = |placed: &Placed| matches!(&placed.step, Step::RenewCaKey { ca: of, .. } if of == ca);
                if later.iter().any(renewed_later) {
                    return Err("stands before the renewal of the same CA's key".to_owned());
                }
                self.authority(ca).destroy(*generation)
            }
            Step::Backup { directory } => self.back_up(directory),
            Step::Restore { directory, into } => self.restore(directory, into, later),
        }
    }

    fn authority(&mut self, ca: &CaId) -> &mut Authority {
        self.authorities.entry(ca.clone()).or_default()
    }

    fn back_up(&mut self, directory: &str) -> Verdict {
        if !self.has_keys {
            return Err("there is no key yet that it could back up".to_owned());
        }
        match self.backups.insert(directory.to_owned()) {
            true => Ok(()),
            false => Err("an earlier step backs up into the same directory".to_owned()),
        }
    }

    fn restore(&mut self, directory: &str, into: &RestoreTarget, later: &[Placed]) -> Verdict {
        let made_later = |placed: &Placed| matches!(&placed.step, Step::Backup { directory: of } if of == directory);
        if !self.backups.contains(directory) && later.iter().any(made_later) {
            return Err("stands before the backup that it restores".to_owned());
        }
        match into {
            RestoreTarget::Named(name) if !self.restored.insert(name.clone()) => {
                Err("an earlier step restores into the same store".to_owned())
            }
            _ => Ok(()),
        }
    }
}

impl Authority {
    /// What is known of a CA before the first step.
    fn before(ca: &CaId, steps: &[Placed], premises: &Premises) -> Self {
        let newest = match &premises.cas {
            Some(cas) => match cas.get(ca) {
                Some(newest) => Some(*newest),
                None => return Self { unknown: true, ..Self::default() },
            },
            None => None,
        };
        let founds =
            |placed: &Placed| matches!(&placed.step, Step::GenerateCaKey { ca: of } if of == ca);
        let made = match newest {
            Some(newest) => newest > 0,
            // Without an installation, a CA exists unless the script makes its first key.
            None => !steps.iter().any(founds),
        };
        Self { made, certified: made, newest, ..Self::default() }
    }

    fn generate(&mut self) -> Verdict {
        if self.made {
            return Err("the CA has a key already; renew-ca-key makes the next one".to_owned());
        }
        *self = Self { made: true, made_here: true, newest: Some(1), ..Self::default() };
        Ok(())
    }

    fn self_sign(&mut self) -> Verdict {
        if !self.made_here {
            return Err("no earlier step generates the CA's key".to_owned());
        }
        if self.certified {
            return Err("an earlier step certifies the CA's key already".to_owned());
        }
        self.certified = true;
        self.must_sign()
    }

    /// Refuses where the CA could not sign a certificate.
    fn must_sign(&self) -> Verdict {
        let newest_is_gone = self.newest.is_some_and(|newest| self.destroyed.contains(&newest));
        let rule = match () {
            () if !self.made => "no earlier step generates the CA's key",
            () if !self.certified => "no earlier step certifies the CA's key (self-sign)",
            () if newest_is_gone => "an earlier step destroys the CA's key",
            () => return Ok(()),
        };
        Err(rule.to_owned())
    }

    fn renew(&mut self) -> Verdict {
        self.must_sign()?;
        if std::mem::replace(&mut self.renewed, true) {
            return Err("an earlier step renews the CA's key already".to_owned());
        }
        self.newest = self.newest.map(|newest| newest + 1);
        Ok(())
    }

    fn destroy(&mut self, generation: u32) -> Verdict {
        if !self.made {
            return Err("no earlier step generates the CA's key".to_owned());
        }
        if self.newest.is_some_and(|newest| generation > newest) {
            return Err(format!("the CA has no generation {generation} by then"));
        }
        match self.destroyed.insert(generation) {
            true => Ok(()),
            false => Err("an earlier step destroys this generation already".to_owned()),
        }
    }
}
