//! Elementary files: which there are, what is in them and who may read it.

use super::{Emulator, Performed};
use crate::emulator::card::Card;
use crate::protocol::apdu::{Command, StatusWord};
use crate::protocol::jpki::file;
use crate::protocol::slot::CardSlot;

/// The octets of the token information.
const TOKEN_INFORMATION_OCTETS: usize = 160;

/// The octets of its label, padded with spaces (PKCS#11, CK_TOKEN_INFO).
const TOKEN_LABEL_OCTETS: usize = 32;

impl Emulator {
    /// SELECT of an elementary file of the application (P1 = 02), without file control information.
    pub(super) fn select_file(&mut self, command: &Command) -> Performed {
        if (command.p1, command.p2) != (0x02, 0x0C) {
            return Err(StatusWord::INCORRECT_P1_P2);
        }
        let [high, low] = command.data[..] else {
            return Err(StatusWord::WRONG_LENGTH);
        };
        let id = u16::from_be_bytes([high, low]);
        let is_there = is_key_or_secret(id) || content(&self.card, id).is_some();
        if !is_there {
            return Err(StatusWord::FILE_NOT_FOUND);
        }
        self.application()?.file = Some(id);
        Ok(Vec::new())
    }

    /// READ BINARY of the selected file, from the offset in P1 and P2.
    pub(super) fn read_binary(&mut self, command: &Command) -> Performed {
        if command.p1 & 0x80 != 0 {
            // Short file ids are not of this application.
            return Err(StatusWord::INCORRECT_P1_P2);
        }
        if !command.data.is_empty() {
            return Err(StatusWord::WRONG_LENGTH);
        }
        let id = self.application()?.file.ok_or(StatusWord::COMMAND_NOT_ALLOWED)?;
        if is_key_or_secret(id) {
            return Err(StatusWord::COMMAND_NOT_ALLOWED);
        }
        if id == file::SIGNATURE_CERTIFICATE && !self.is_verified(CardSlot::Signature) {
            return Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED);
        }
        // It may have been erased since it was selected.
        let content = content(&self.card, id).ok_or(StatusWord::FILE_NOT_FOUND)?;
        let offset = usize::from(u16::from_be_bytes([command.p1, command.p2]));
        let rest = content.get(offset..).filter(|rest| !rest.is_empty());
        let rest = rest.ok_or(StatusWord::WRONG_P1_P2)?;
        let asked = command.le.unwrap_or(256).min(rest.len());
        Ok(rest[..asked].to_vec())
    }

    /// The slot whose secret's file is selected.
    pub(super) fn selected_secret(&self) -> Option<CardSlot> {
        match self.selected.as_ref()?.file? {
            file::AUTHENTICATION_PIN => Some(CardSlot::Authentication),
            file::SIGNATURE_PASSWORD => Some(CardSlot::Signature),
            _ => None,
        }
    }

    /// The slot whose key's file is selected.
    pub(super) fn selected_key(&self) -> Option<CardSlot> {
        match self.selected.as_ref()?.file? {
            file::AUTHENTICATION_KEY => Some(CardSlot::Authentication),
            file::SIGNATURE_KEY => Some(CardSlot::Signature),
            _ => None,
        }
    }
}

/// Files that are on a blank card too, and that nobody reads.
fn is_key_or_secret(id: u16) -> bool {
    matches!(
        id,
        file::AUTHENTICATION_KEY
            | file::AUTHENTICATION_PIN
            | file::SIGNATURE_KEY
            | file::SIGNATURE_PASSWORD
    )
}

/// What is in a file, or `None` where there is none.
///
/// What is only being loaded shows nowhere: until its delivery a certificate is not on the card.
fn content(card: &Card, id: u16) -> Option<Vec<u8>> {
    let certificates = |slot| card.certificates(slot).ok();
    let (authentication, signature) = (CardSlot::Authentication, CardSlot::Signature);
    match id {
        file::AUTHENTICATION_CERTIFICATE => Some(certificates(authentication)?.holder.clone()),
        file::AUTHENTICATION_CA_CERTIFICATE => Some(certificates(authentication)?.ca.clone()),
        file::SIGNATURE_CERTIFICATE => Some(certificates(signature)?.holder.clone()),
        file::SIGNATURE_CA_CERTIFICATE => Some(certificates(signature)?.ca.clone()),
        file::TOKEN_INFORMATION => Some(token_information()),
        file::CERTIFICATES_PRESENT => {
            let present = |slot| certificates(slot).map_or(0, |_| file::PRESENT);
            Some(vec![present(signature), present(authentication), 0])
        }
        _ => None,
    }
}

fn token_information() -> Vec<u8> {
    let mut information = file::TOKEN_LABEL.as_bytes().to_vec();
    information.resize(TOKEN_LABEL_OCTETS, b' ');
    information.resize(TOKEN_INFORMATION_OCTETS, 0);
    information
}
