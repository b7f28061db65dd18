//! What must be so: every certificate that was issued at the windows, and how it stands.

use domain::id::{CardId, SerialNumber};
use domain::resident::Resident;
use jiff::Timestamp;

/// How a certificate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stand {
    Good,
    Held,
    Revoked,
}

impl Stand {
    /// The name of the state in the database.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Held => "held",
            Self::Revoked => "revoked",
        }
    }
}

/// A certificate on a card.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) ca: &'static str,
    pub(super) serial: SerialNumber,
    pub(super) holder: Resident,
    pub(super) card: CardId,
    pub(super) stand: Stand,
    pub(super) ends: Timestamp,
}

/// Everything that was issued, and what happened.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) known: Vec<Known>,
    pub(super) renewed_keys: usize,
    pub(super) renewed_tls: usize,
    pub(super) let_in: usize,
    pub(super) stops: usize,
}

impl Model {
    /// How many ended by themselves.
    pub(super) fn ended(&self, now: Timestamp) -> usize {
        self.known.iter().filter(|one| one.stand == Stand::Good && one.ends < now).count()
    }

    /// A resident of whom a certificate of `ca` is good now and stays so for a while, the `nth` again
    /// from the newest.
    pub(super) fn in_force(&self, ca: &str, now: Timestamp, nth: usize) -> Option<Known> {
        let is_good = |one: &&Known| one.ca == ca && one.stand == Stand::Good && now < one.ends;
        self.known.iter().rev().filter(is_good).nth(nth).cloned()
    }

    /// Every good or held certificate of a resident at a CA ends.
    pub(super) fn revoke(&mut self, ca: &str, holder: &Resident, now: Timestamp) {
        for one in self.of(ca, holder) {
            if one.stand != Stand::Revoked && now <= one.ends {
                one.stand = Stand::Revoked;
            }
        }
    }

    pub(super) fn set(&mut self, ca: &str, holder: &Resident, from: Stand, to: Stand) {
        self.of(ca, holder).filter(|one| one.stand == from).for_each(|one| one.stand = to);
    }

    /// A resident has another address from now on.
    pub(super) fn moved(&mut self, holder: &Resident, address: &str) {
        let theirs = self.known.iter_mut().filter(|one| one.holder.code == holder.code);
        theirs.for_each(|one| address.clone_into(&mut one.holder.address));
    }

    fn of<'a>(
        &'a mut self,
        ca: &'a str,
        holder: &'a Resident,
    ) -> impl Iterator<Item = &'a mut Known> {
        self.known.iter_mut().filter(move |one| one.ca == ca && one.holder.code == holder.code)
    }
}
