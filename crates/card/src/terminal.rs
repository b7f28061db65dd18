//! What a window or a CA sends to a card, and how it reads the answers: the host's side.
//!
//! A [`Connection`] carries commands to whatever lies on a reader. [`CardTerminal`] selects the
//! application and does what a holder may; [`CardTerminal::authenticate`] opens the secure channel
//! with the keys that a [`CardMaster`] grants for one session, and [`SecuredCard`] personalises.
//!
//! # Architecture invariant
//! Nothing that a card answers is trusted before it was parsed strictly; what a card may make this
//! side keep or do is bounded, whatever lies on the reader.

mod card_terminal;
mod error;
mod handshake;
mod line;
mod load;
mod refusal;
mod secured_card;

use domain::act::Act;

pub use self::card_terminal::CardTerminal;
pub use self::error::{CardMasterError, ConnectionError, TerminalError};
pub use self::handshake::Handshake;
pub use self::load::{Load, LoadedKey};
pub use self::secured_card::SecuredCard;
use crate::data_encryption::DataEncryptionKey;
pub use crate::jpki::OperationTag;
pub use crate::report::{CardReport, DeliveredReport, LoadingReport, SlotReport};
use crate::scp03::SessionKeys;

/// A card on a reader, powered, for as long as this lives.
///
/// # Contract
/// - **Order**: one command is answered before the next is sent, and nobody else's command comes
///   between: a connection has its card alone.
/// - **Retries**: none. A command that failed may have reached the card.
pub trait Connection: Send {
    /// Sends a command and returns the card's answer: data and status word, at least 2 octets.
    ///
    /// # Errors
    /// [`ConnectionError`]: the reader's fault, or the card is gone.
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ConnectionError>;
}

impl Connection for Box<dyn Connection> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ConnectionError> {
        (**self).transmit(command)
    }
}

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
