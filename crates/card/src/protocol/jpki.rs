//! The JPKI application as both sides know it: names of files and secrets, instructions, and the
//! shapes of what personalisation sends and asks.
//!
//! The part that readers use is as real cards have it. How real cards are personalised is not
//! published: there the command set of GlobalPlatform is followed where it has a word for it.

use aws_lc_rs::digest::{SHA256, digest};
use domain::id::OperationId;

use crate::protocol::slot::CardSlot;

/// The name of the application (AID).
pub const AID: [u8; 10] = [0xD3, 0x92, 0xF0, 0x00, 0x26, 0x01, 0x00, 0x00, 0x00, 0x01];

/// The answer to reset, that of a contactless card: readers then ask the card what it is.
pub const ATR: [u8; 13] =
    [0x3B, 0x88, 0x80, 0x01, 0x00, 0x00, 0x00, 0x00, 0x33, 0x81, 0x81, 0x00, 0x3A];

/// Instruction octets.
pub mod instruction {
    /// VERIFY.
    pub const VERIFY: u8 = 0x20;
    /// CHANGE REFERENCE DATA.
    pub const CHANGE_REFERENCE_DATA: u8 = 0x24;
    /// PERFORM SECURITY OPERATION.
    pub const PERFORM_SECURITY_OPERATION: u8 = 0x2A;
    /// RESET RETRY COUNTER, in the channel.
    pub const RESET_RETRY_COUNTER: u8 = 0x2C;
    /// INITIALIZE UPDATE.
    pub const INITIALIZE_UPDATE: u8 = 0x50;
    /// EXTERNAL AUTHENTICATE.
    pub const EXTERNAL_AUTHENTICATE: u8 = 0x82;
    /// INTERNAL AUTHENTICATE, in the channel.
    pub const INTERNAL_AUTHENTICATE: u8 = 0x88;
    /// SELECT.
    pub const SELECT: u8 = 0xA4;
    /// READ BINARY.
    pub const READ_BINARY: u8 = 0xB0;
    /// GET RESPONSE: the next octets of an answer longer than was asked for (61xx).
    pub const GET_RESPONSE: u8 = 0xC0;
    /// GET DATA, in the channel.
    pub const GET_DATA: u8 = 0xCA;
    /// STORE DATA, in the channel.
    pub const STORE_DATA: u8 = 0xE2;
    /// SET STATUS, in the channel.
    pub const SET_STATUS: u8 = 0xF0;
}

/// Elementary files.
pub mod file {
    /// The user authentication certificate; free.
    pub const AUTHENTICATION_CERTIFICATE: u16 = 0x000A;
    /// The certificate of the user authentication CA; free.
    pub const AUTHENTICATION_CA_CERTIFICATE: u16 = 0x000B;
    /// The signature certificate; after VERIFY of the signature password.
    pub const SIGNATURE_CERTIFICATE: u16 = 0x0001;
    /// The certificate of the signature CA; free.
    pub const SIGNATURE_CA_CERTIFICATE: u16 = 0x0002;
    /// Token information; free.
    pub const TOKEN_INFORMATION: u16 = 0x0006;
    /// Which certificates are present; free.
    pub const CERTIFICATES_PRESENT: u16 = 0x0008;
    /// The user authentication key.
    pub const AUTHENTICATION_KEY: u16 = 0x0017;
    /// The user authentication PIN.
    pub const AUTHENTICATION_PIN: u16 = 0x0018;
    /// The signature key.
    pub const SIGNATURE_KEY: u16 = 0x001A;
    /// The signature password.
    pub const SIGNATURE_PASSWORD: u16 = 0x001B;

    /// What [`CERTIFICATES_PRESENT`] says of a certificate that is there.
    pub const PRESENT: u8 = 0x8F;
    /// What [`TOKEN_INFORMATION`] begins with, padded with spaces to 32 octets.
    pub const TOKEN_LABEL: &str = "JPKIAPICCTOKEN2";
}

/// P2 of VERIFY and CHANGE REFERENCE DATA: the secret whose file is selected.
pub const SELECTED_SECRET: u8 = 0x80;

/// P1 and P2 of GET DATA for the [`CardReport`](crate::protocol::report::CardReport).
pub const REPORT: [u8; 2] = [0xDF, 0x20];

/// P1 and P2 of GET DATA for the public key (SPKI DER) being loaded into a slot.
pub fn loading_public_key(slot: CardSlot) -> [u8; 2] {
    [0xDF, 0x20 | octet(slot)]
}

/// The tag of FCI, the name and the proprietary part in it, and the longest command data in that.
pub mod tag {
    /// File control information.
    pub const FCI: u8 = 0x6F;
    /// The name of the application.
    pub const NAME: u8 = 0x84;
    /// Proprietary information.
    pub const PROPRIETARY: u8 = 0xA5;
    /// The most octets of command data that the card takes, 2 octets (GlobalPlatform 11.9.3.1).
    pub const MAX_COMMAND_DATA: [u8; 2] = [0x9F, 0x65];
}

/// P1 of STORE DATA when the block is the last one.
pub const LAST_BLOCK: u8 = 0x80;

/// P1 of SET STATUS: what the action is done to.
pub const WHOLE_CARD: u8 = 0x80;

/// P2 of SET STATUS: what is done to a slot, or to the card.
pub mod action {
    /// Delivers what is loading. Data: the operation tag it was loaded under.
    pub const DELIVER: u8 = 0x01;
    /// Discards what is loading.
    pub const DISCARD: u8 = 0x02;
    /// Erases keys, certificates and secret of the slot.
    pub const ERASE: u8 = 0x03;
    /// Destroys the card; for [`WHOLE_CARD`](super::WHOLE_CARD) alone.
    pub const DESTROY: u8 = 0xFF;
}

/// A slot as P1 or P2 of the channel's commands and as high octet of a group's id.
pub fn octet(slot: CardSlot) -> u8 {
    match slot {
        CardSlot::Authentication => 0x01,
        CardSlot::Signature => 0x02,
    }
}

/// The slot of an octet.
pub fn slot(octet: u8) -> Option<CardSlot> {
    match octet {
        0x01 => Some(CardSlot::Authentication),
        0x02 => Some(CardSlot::Signature),
        _ => None,
    }
}

/// P2 of RESET RETRY COUNTER: the secret of a slot by the short id of its file (ISO/IEC 7816-4
/// table 78: specific reference data).
pub fn secret_reference(slot: CardSlot) -> u8 {
    match slot {
        CardSlot::Authentication => 0x80 | 0x18,
        CardSlot::Signature => 0x80 | 0x1B,
    }
}

/// The name of one loading of a slot, drawn from the id of the operation at the window: the same
/// operation repeated finds its own work on the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OperationTag(pub [u8; 16]);

impl OperationTag {
    /// Of a key that no operation loaded through a reader.
    pub(crate) const NONE: Self = Self([0; 16]);

    /// The tag of an operation: the first 16 octets of SHA-256 over its id.
    pub fn of(operation: &OperationId) -> Self {
        let hash = digest(&SHA256, operation.as_str().as_bytes());
        let mut tag = [0; 16];
        tag.iter_mut().zip(hash.as_ref()).for_each(|(octet, hashed)| *octet = *hashed);
        Self(tag)
    }
}
