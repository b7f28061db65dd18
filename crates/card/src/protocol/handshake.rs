//! What was said when a channel was begun: enough to check the card and to make the session's keys.

use aws_lc_rs::constant_time::verify_slices_are_equal;

use crate::protocol::card_number::CardNumber;
use crate::protocol::jpki;
use crate::protocol::scp03::{
    self, Challenge, ChannelError, Cryptogram, SequenceCounter, SessionKeys, StaticKeys,
};

/// Why an answer to INITIALIZE UPDATE is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer that begins a channel is malformed: {0}")]
pub struct MalformedHandshake(pub &'static str);

/// The first exchange with a card (INITIALIZE UPDATE; Amendment D 7.1.1).
///
/// It holds no secret: it may cross a network to the card master.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake {
    /// The number that the card claims.
    pub number: CardNumber,
    /// The version of the card's keys.
    pub key_version: u8,
    /// What the window drew at random.
    pub host_challenge: Challenge,
    /// What the card answered: made of its sequence counter.
    pub card_challenge: Challenge,
    /// The card's proof over both.
    pub card_cryptogram: Cryptogram,
    /// How many channels were begun with the card before and with this one.
    pub sequence: SequenceCounter,
}

impl Handshake {
    /// Reads the answer to INITIALIZE UPDATE (Amendment D, table 7-2): 32 octets.
    ///
    /// # Errors
    /// [`MalformedHandshake`] for another length or protocol.
    pub fn parse(host_challenge: Challenge, answer: &[u8]) -> Result<Self, MalformedHandshake> {
        let malformed = MalformedHandshake;
        let answer: &[u8; 32] =
            answer.try_into().map_err(|_| malformed("INITIALIZE UPDATE answers 32 octets"))?;
        if answer[11..13] != [scp03::PROTOCOL, scp03::OPTIONS] {
            return Err(malformed("it does not speak SCP03 with a pseudo-random challenge"));
        }
        Ok(Self {
            number: CardNumber(part(answer, 0)),
            key_version: answer[10],
            host_challenge,
            card_challenge: part(answer, 13),
            card_cryptogram: part(answer, 21),
            sequence: part(answer, 29),
        })
    }

    /// The keys of this session, if it is one with the card that holds `keys`: what a card master grants.
    ///
    /// # Errors
    /// [`ChannelError::NotAuthentic`] for any other; [`ChannelError::Provider`].
    pub fn session_keys(&self, keys: &StaticKeys) -> Result<SessionKeys, ChannelError> {
        let (host, card) = (&self.host_challenge, &self.card_challenge);
        // Made of the card's own counter: a challenge that is not was made up by somebody else.
        let expected = scp03::card_challenge(keys, &self.sequence, &jpki::AID)?;
        verify_slices_are_equal(&expected, card).map_err(|_| ChannelError::NotAuthentic)?;
        let session = scp03::session_keys(keys, host, card)?;
        session.verify_card(host, card, &self.card_cryptogram)?;
        Ok(session)
    }

    /// How many channels were begun with the card, this one among them.
    pub fn count(&self) -> u32 {
        let [high, middle, low] = self.sequence;
        u32::from_be_bytes([0, high, middle, low])
    }

    /// The answer to INITIALIZE UPDATE, as the card sends it.
    pub fn answer(&self) -> Vec<u8> {
        let information = [self.key_version, scp03::PROTOCOL, scp03::OPTIONS];
        let parts: [&[u8]; 5] = [
            &self.number.0,
            &information,
            &self.card_challenge,
            &self.card_cryptogram,
            &self.sequence,
        ];
        parts.concat()
    }
}

/// The octets from `start`, which the caller knows to be there.
fn part<const N: usize>(answer: &[u8; 32], start: usize) -> [u8; N] {
    std::array::from_fn(|i| answer[start + i])
}
