//! The keys of a card's channel, those of one session, and what both sides prove with them.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use zeroize::Zeroizing;

use super::error::ChannelError;
use super::primitives::{Aes256Key, derive};
use crate::protocol::card_keys::CardKeys;

/// What each side sends for the other to prove itself over.
pub type Challenge = [u8; 8];

/// The proof over both challenges.
pub type Cryptogram = [u8; 8];

/// How many channels were begun with a card's keys; its challenge comes from it.
pub type SequenceCounter = [u8; 3];

/// The derivation constants (Amendment D, table 4-1).
const CARD_CRYPTOGRAM: u8 = 0x00;
const HOST_CRYPTOGRAM: u8 = 0x01;
const CARD_CHALLENGE: u8 = 0x02;
const SESSION_ENC: u8 = 0x04;
const SESSION_MAC: u8 = 0x06;
const SESSION_RMAC: u8 = 0x07;

/// The static keys of a card's channel: K-ENC and K-MAC.
#[derive(Clone)]
pub struct StaticKeys {
    enc: Aes256Key,
    mac: Aes256Key,
}

impl StaticKeys {
    /// The keys with these 256 bits each.
    pub fn new(enc: &[u8; 32], mac: &[u8; 32]) -> Self {
        Self { enc: Zeroizing::new(*enc), mac: Zeroizing::new(*mac) }
    }
}

impl From<&CardKeys> for StaticKeys {
    fn from(keys: &CardKeys) -> Self {
        Self { enc: keys.encryption.clone(), mac: keys.mac.clone() }
    }
}

/// The keys of one session: S-ENC, S-MAC and S-RMAC.
///
/// They are made of both challenges, so that those of one session are good for no other.
#[derive(Clone)]
pub struct SessionKeys {
    pub(super) enc: Aes256Key,
    pub(super) mac: Aes256Key,
    pub(super) rmac: Aes256Key,
}

/// The keys of the session with these two challenges (Amendment D 6.2.1).
///
/// # Errors
/// [`ChannelError::Provider`].
pub fn session_keys(
    keys: &StaticKeys,
    host: &Challenge,
    card: &Challenge,
) -> Result<SessionKeys, ChannelError> {
    let session = |key, purpose| -> Result<Aes256Key, ChannelError> {
        let mut octets = Zeroizing::new([0; 32]);
        derive(key, purpose, &[host, card], octets.as_mut_slice())?;
        Ok(octets)
    };
    Ok(SessionKeys {
        enc: session(&keys.enc, SESSION_ENC)?,
        mac: session(&keys.mac, SESSION_MAC)?,
        rmac: session(&keys.mac, SESSION_RMAC)?,
    })
}

/// The challenge of a card that begins its channel number `counter` for the application `aid`
/// (Amendment D 6.2.2.1).
///
/// # Errors
/// [`ChannelError::Provider`].
pub fn card_challenge(
    keys: &StaticKeys,
    counter: &SequenceCounter,
    aid: &[u8],
) -> Result<Challenge, ChannelError> {
    let mut challenge = [0; 8];
    derive(&keys.enc, CARD_CHALLENGE, &[counter, aid], &mut challenge)?;
    Ok(challenge)
}

impl SessionKeys {
    /// What the card answers to prove that it holds the keys (Amendment D 6.2.2.2).
    ///
    /// # Errors
    /// [`ChannelError::Provider`].
    pub fn card_cryptogram(
        &self,
        host: &Challenge,
        card: &Challenge,
    ) -> Result<Cryptogram, ChannelError> {
        self.cryptogram(CARD_CRYPTOGRAM, host, card)
    }

    /// What the host sends to prove that it holds the keys (Amendment D 6.2.2.3).
    ///
    /// # Errors
    /// [`ChannelError::Provider`].
    pub fn host_cryptogram(
        &self,
        host: &Challenge,
        card: &Challenge,
    ) -> Result<Cryptogram, ChannelError> {
        self.cryptogram(HOST_CRYPTOGRAM, host, card)
    }

    /// Compares the card's cryptogram with the one it must be, in constant time.
    ///
    /// # Errors
    /// [`ChannelError::NotAuthentic`].
    pub fn verify_card(
        &self,
        host: &Challenge,
        card: &Challenge,
        cryptogram: &Cryptogram,
    ) -> Result<(), ChannelError> {
        let expected = self.card_cryptogram(host, card)?;
        verify_slices_are_equal(&expected, cryptogram).map_err(|_| ChannelError::NotAuthentic)
    }

    fn cryptogram(
        &self,
        purpose: u8,
        host: &Challenge,
        card: &Challenge,
    ) -> Result<Cryptogram, ChannelError> {
        let mut cryptogram = [0; 8];
        derive(&self.mac, purpose, &[host, card], &mut cryptogram)?;
        Ok(cryptogram)
    }
}

impl fmt::Debug for SessionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKeys(secret)")
    }
}

impl fmt::Debug for StaticKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StaticKeys(secret)")
    }
}
