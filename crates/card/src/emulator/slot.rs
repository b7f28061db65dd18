//! A slot of the card: the delivered key with its certificates, and the one on its way.

use domain::algorithm::KeyAlgorithm;

use super::guarded_secret::GuardedSecret;
use crate::error::CardError;
use crate::protocol::jpki::OperationTag;
use crate::protocol::secret::HolderSecret;
use crate::protocol::slot::{CardSlot, Certificates};

/// A private key as it was received, wrapped to the card, with its public key.
#[derive(Clone)]
pub(crate) struct CardKey {
    pub(crate) algorithm: KeyAlgorithm,
    pub(crate) spki_der: Vec<u8>,
    pub(crate) wrapped: Vec<u8>,
}

/// A key that its holder can use.
#[derive(Clone)]
pub(crate) struct Delivered {
    pub(crate) operation: OperationTag,
    pub(crate) key: CardKey,
    pub(crate) certificates: Certificates,
    pub(crate) secret: GuardedSecret,
}

/// A key on its way to the holder: it proves itself, and does nothing else.
#[derive(Clone)]
pub(crate) struct Loading {
    pub(crate) operation: OperationTag,
    pub(crate) key: CardKey,
    pub(crate) certificates: Option<Certificates>,
    /// What the holder set, to guard the key from its delivery on.
    pub(crate) staged: Option<HolderSecret>,
}

/// One slot. A renewal loads beside the delivered key, which goes only when the new one is delivered.
#[derive(Clone, Default)]
pub(crate) struct Slot {
    pub(crate) delivered: Option<Delivered>,
    pub(crate) loading: Option<Loading>,
}

impl Slot {
    /// Takes a key in; the same key again changes nothing, so that the window may repeat itself.
    pub(crate) fn load_key(
        &mut self,
        slot: CardSlot,
        operation: OperationTag,
        key: CardKey,
    ) -> Result<(), CardError> {
        self.expect_operation(slot, operation)?;
        match &self.loading {
            Some(loading) if loading.key.spki_der == key.spki_der => Ok(()),
            Some(_) => Err(CardError::LoadingAnother { slot, what: "key" }),
            None => {
                self.loading = Some(Loading { operation, key, certificates: None, staged: None });
                Ok(())
            }
        }
    }

    /// Refuses to go on with a loading that another operation began.
    pub(crate) fn expect_operation(
        &self,
        slot: CardSlot,
        operation: OperationTag,
    ) -> Result<(), CardError> {
        match &self.loading {
            Some(loading) if loading.operation != operation => {
                Err(CardError::LoadingAnother { slot, what: "key, by another operation" })
            }
            _ => Ok(()),
        }
    }

    /// Refuses to add to anything but what this operation is loading.
    pub(crate) fn expect_loading_by(
        &self,
        slot: CardSlot,
        operation: OperationTag,
    ) -> Result<(), CardError> {
        self.expect_operation(slot, operation)?;
        match &self.loading {
            Some(_) => Ok(()),
            None => Err(CardError::NothingLoading { slot }),
        }
    }

    /// Keeps the secret that the holder set until the delivery; a later one replaces it.
    pub(crate) fn stage(&mut self, secret: HolderSecret) -> Result<(), CardError> {
        let slot = secret.slot();
        let loading = self.loading.as_mut().ok_or(CardError::NothingLoading { slot })?;
        loading.staged = Some(secret);
        Ok(())
    }

    /// Gives up the secret that is kept until the delivery, if any.
    pub(crate) fn clear_staged(&mut self, slot: CardSlot) -> Result<(), CardError> {
        let loading = self.loading.as_mut().ok_or(CardError::NothingLoading { slot })?;
        loading.staged = None;
        Ok(())
    }

    /// Takes the certificates of the loading key in; the same ones again change nothing.
    pub(crate) fn load_certificates(
        &mut self,
        slot: CardSlot,
        certificates: Certificates,
    ) -> Result<(), CardError> {
        let loading = self.loading.as_mut().ok_or(CardError::NothingLoading { slot })?;
        check_form(slot, "certificate", &certificates.holder)?;
        check_form(slot, "CA certificate", &certificates.ca)?;
        let spki = &loading.key.spki_der;
        // The key's 160 octets and more stand in a certificate in one place only: its own key.
        if !certificates.holder.windows(spki.len()).any(|part| part == spki) {
            let rule = "it is not for the key on the card";
            return Err(CardError::CertificateRefused { slot, certificate: "certificate", rule });
        }
        match &loading.certificates {
            Some(present) if *present != certificates => {
                Err(CardError::LoadingAnother { slot, what: "certificate" })
            }
            _ => {
                loading.certificates = Some(certificates);
                Ok(())
            }
        }
    }

    /// What the slot will be once delivered, or `None` when nothing is loading.
    pub(crate) fn deliverable(
        &self,
        slot: CardSlot,
        new_secret: Option<GuardedSecret>,
    ) -> Result<Option<Delivered>, CardError> {
        let Some(loading) = &self.loading else {
            return match new_secret {
                Some(_) => Err(CardError::SecretUnwanted { slot }),
                None => Ok(None),
            };
        };
        let certificates =
            loading.certificates.clone().ok_or(CardError::CertificatesMissing { slot })?;
        // At a renewal the holder keeps the secret, with the tries as they are.
        let kept = || self.delivered.as_ref().map(|delivered| delivered.secret.clone());
        let staged = || loading.staged.clone().map(GuardedSecret::new);
        let secret = new_secret.or_else(staged).or_else(kept);
        let secret = secret.ok_or(CardError::SecretMissing { slot })?;
        let (operation, key) = (loading.operation, loading.key.clone());
        Ok(Some(Delivered { operation, key, certificates, secret }))
    }
}

/// Readers take a certificate's length from its first four octets: `30 82 hh ll`.
fn check_form(slot: CardSlot, certificate: &'static str, encoded: &[u8]) -> Result<(), CardError> {
    let refuse = |rule| Err(CardError::CertificateRefused { slot, certificate, rule });
    let [0x30, 0x82, high, low, content @ ..] = encoded else {
        return refuse("it must be DER of 256 to 65535 octets in a SEQUENCE");
    };
    if content.len() != usize::from(u16::from_be_bytes([*high, *low])) {
        return refuse("its length is not the one it states");
    }
    Ok(())
}
