//! Applications that need a card: issued onto it, delivered with it, or ended before that.

pub(super) mod abandon;
mod binding;
mod deliver;
pub(super) mod handover;
mod issue;

use std::sync::Arc;

use domain::act::Act;
use store::Unit;

use super::at_reader::{AtReader, Channels, changed};
use super::cards::CardRecords;
use super::locks::Turn;
use super::operation::Operations;
use super::step::Steps;
use crate::authority::Authorities;
use crate::error::Result;
use crate::record::CardRecord;
use crate::register::ResidentRegister;

/// Where applications and cards meet: a certificate is issued onto a card, delivered with it, or ends with
/// what was loaded for it. It reaches the register, the CAs and the cards on the readers.
pub struct CardCounter {
    operations: Operations,
    steps: Arc<Steps>,
    register: Arc<dyn ResidentRegister>,
    authorities: Arc<Authorities>,
    cards: CardRecords,
    channels: Arc<Channels>,
}

impl CardCounter {
    pub(super) fn new(
        operations: &Operations,
        steps: &Arc<Steps>,
        register: &Arc<dyn ResidentRegister>,
        authorities: &Arc<Authorities>,
        cards: &CardRecords,
        channels: &Arc<Channels>,
    ) -> Self {
        Self {
            operations: operations.clone(),
            steps: steps.clone(),
            register: register.clone(),
            authorities: authorities.clone(),
            cards: cards.clone(),
            channels: channels.clone(),
        }
    }

    /// Destroys the card on the reader. That it is to be is noted first: a destroyed card cannot say
    /// any more who it is, so that a repetition must know what it did.
    pub(super) fn destroy<'a>(
        &self,
        act: &Act,
        card: &mut CardRecord,
        at: AtReader<'a>,
    ) -> Result<Turn<'a>> {
        if !card.is_destroyed {
            card.is_destroyed = true;
            let entry = changed(act, &card.id, "to be destroyed");
            self.operations.commit(Unit::new(entry).change(card.put()?))?;
        }
        at.card.destroy()?;
        Ok(at.turn)
    }
}
