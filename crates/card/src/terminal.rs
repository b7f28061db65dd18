//! What a window or a CA sends to a card, and how it reads the answers: the host's side.
//!
//! A [`Connection`] carries commands to whatever lies on a reader. [`CardTerminal`] selects the
//! application and does what a holder may; [`CardTerminal::authenticate`] opens the secure channel
//! with the keys that a [`CardMaster`] grants for one session, and [`SecuredCard`] personalises.
//!
//! # Architecture invariant
//! Nothing that a card answers is trusted before it was parsed strictly; what a card may make this
//! side keep or do is bounded, whatever lies on the reader.

mod authentication;
mod card_terminal;
mod error;
pub mod key_pair_generator;
mod line;
mod load;
#[cfg(any(test, feature = "contract"))]
pub mod memory;
#[cfg(any(test, feature = "pcsc"))]
mod patient;
#[cfg(feature = "pcsc")]
pub mod pcsc_reader;
mod refusal;
mod secured_card;

use domain::act::Act;

pub use self::card_terminal::CardTerminal;
pub use self::error::{CardMasterError, TerminalError};
pub use self::load::{Load, LoadedKey};
pub use self::secured_card::SecuredCard;
pub use crate::protocol::connection::{Connection, ConnectionError};
use crate::protocol::data_encryption::DataEncryptionKey;
pub use crate::protocol::handshake::{Handshake, MalformedHandshake};
pub use crate::protocol::jpki::OperationTag;
pub use crate::protocol::report::{CardReport, DeliveredReport, LoadingReport, SlotReport};
use crate::protocol::scp03::SessionKeys;

/// Who holds the card master key: the CA. Windows ask it for the keys of one session at a time.
///
/// # Contract
/// - **Who may call**: a window in which a clerk is logged in, who stands in `act`.
/// - **Secrets**: what is granted opens one session. Neither the master key nor the keys of a
///   card's channel nor its transport key leave, whoever asks.
/// - **Once**: the keys of a session are given once, and none older than one that was given.
/// - **Journal**: a handshake that is refused leaves an entry.
pub trait CardMaster: Send + Sync {
    /// Verifies the card's cryptogram and gives the keys of this one session.
    ///
    /// # Errors
    /// [`CardMasterError::NotAuthentic`] for a card that does not hold the keys of its number;
    /// [`CardMasterError::SetBack`] for a session that is not newer than all before it;
    /// [`CardMasterError::Unavailable`], for example while the custodians' keys sleep.
    fn open_session(
        &self,
        act: &Act,
        handshake: &Handshake,
    ) -> Result<SessionGrant, CardMasterError>;
}

/// The keys of one session with one card.
#[derive(Debug)]
pub struct SessionGrant {
    /// The keys of the channel, good for this handshake alone.
    pub keys: SessionKeys,
    /// The card's data encryption key, under which the window's generator wraps a signature key.
    pub dek: DataEncryptionKey,
}
