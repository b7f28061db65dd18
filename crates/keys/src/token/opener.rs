//! How the custodians' secret becomes an open token.

use std::sync::Arc;

use super::{Pkcs11KeyStore, TokenConfig, TokenPins};
use crate::error::KeyError;
use crate::guarded::Opener;
use crate::quorum::QuorumSecret;
use crate::store::KeyStore;

/// Opens a token whose two PINs are derived from the secret, and written nowhere (K2).
#[derive(Debug, Clone)]
pub struct TokenOpener {
    /// The token.
    pub config: TokenConfig,
}

impl Opener for TokenOpener {
    fn open(&self, secret: &QuorumSecret) -> Result<Arc<dyn KeyStore>, KeyError> {
        Ok(Arc::new(Pkcs11KeyStore::open(&self.config, &secret.user_pin()?)?))
    }

    fn create(&self, secret: &QuorumSecret) -> Result<Arc<dyn KeyStore>, KeyError> {
        let (so, user) = (secret.so_pin()?, secret.user_pin()?);
        Ok(Arc::new(Pkcs11KeyStore::init_token(&self.config, &so, &user)?))
    }

    fn rekey(&self, from: &QuorumSecret, to: &QuorumSecret) -> Result<(), KeyError> {
        let (old_so, old_user) = (from.so_pin()?, from.user_pin()?);
        let (new_so, new_user) = (to.so_pin()?, to.user_pin()?);
        let from = TokenPins { so: &old_so, user: &old_user };
        let to = TokenPins { so: &new_so, user: &new_user };
        Pkcs11KeyStore::change_pins(&self.config, from, to)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::algorithm::KeyAlgorithm;
    use jiff::Timestamp;
    use testkit::softhsm::SoftHsm;

    use super::*;
    use crate::ExpectedKeys;
    use crate::guarded::{AlwaysPermitted, GuardedKeyStore};
    use crate::label::KeyLabel;
    use crate::store::{Administer, Sign};

    #[test]
    fn k2_custodians_open_a_token_and_others_take_it_over() {
        let name = "token::opener::tests::k2_custodians_open_a_token_and_others_take_it_over";
        SoftHsm::in_child(name, |_| {
            let config =
                TokenConfig { module: SoftHsm::MODULE.into(), token_label: "guarded".to_owned() };
            let opener = TokenOpener { config };
            let now = Timestamp::from_second(1_800_000_000).expect("a time");
            let store = GuardedKeyStore::new(
                Box::new(opener.clone()),
                Arc::new(move || now),
                Arc::new(AlwaysPermitted),
            );
            let [old, new] = [(); 2].map(|()| QuorumSecret::generate().expect("randomness"));
            let label: KeyLabel = "ca".parse().expect("a label");
            store.create(&old, None).expect("a token");
            let made = store.generate(&label, KeyAlgorithm::EcP256).expect("a key pair");
            store.deactivate();
            assert!(matches!(store.public_key(&label), Err(KeyError::NotActivated)));
            opener.rekey(&old, &new).expect("taken over");
            let refused = store.activate(&old, &ExpectedKeys::default(), None);
            assert!(matches!(refused, Err(KeyError::PinRefused { .. })), "{refused:?}");
            store.activate(&new, &ExpectedKeys::default(), None).expect("activated");
            // The store that was open logs out when it goes; the one that took its place comes back.
            store.activate(&new, &ExpectedKeys::default(), None).expect("activated anew");
            assert_eq!(store.public_key(&label).expect("its key"), made);
        });
    }
}
