//! What is recorded of an application from its receipt to its end (L4, L5), and of a card.

mod application;
mod card;
mod stored;
mod stored_form;
mod text;

pub use self::application::{Check, IssuedOnCard, Record, Stage};
pub use self::card::{CardRecord, OnSlot, SlotRecord};
pub(crate) use self::stored::{decode, encode};
pub(crate) use self::stored_form::form_text;
