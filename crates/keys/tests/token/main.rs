//! A store in a real token, SoftHSM2: what it survives, what it hides, what others make of it.

mod backups;
mod outside;
mod recovery;
mod refusals;
mod users;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use cryptoki::context::Pkcs11;
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use domain::algorithm::SignatureAlgorithm;
use jitsuin_keys::token::{Pkcs11KeyStore, TokenConfig};
use jitsuin_keys::{KeyLabel, KeyStore};
use testkit::softhsm::SoftHsm;

const SO_PIN: &str = "so-pin-1234";
const PIN: &str = "user-pin-1234";

fn config(token: &str) -> TokenConfig {
    TokenConfig { module: SoftHsm::MODULE.into(), token_label: token.to_owned() }
}

/// A new token and a store in it.
fn new_token(token: &str) -> Pkcs11KeyStore {
    Pkcs11KeyStore::init_token(&config(token), SO_PIN, PIN).expect("a token")
}

fn open(token: &str) -> Pkcs11KeyStore {
    Pkcs11KeyStore::open(&config(token), PIN).expect("the token opens")
}

/// The same module in the hands of somebody else in this process.
fn somebody_else() -> Pkcs11 {
    Pkcs11::new(SoftHsm::MODULE).expect("the module")
}

fn slot_of(module: &Pkcs11, token: &str) -> Slot {
    let slots = module.get_slots_with_initialized_token().expect("slots");
    let has_label =
        |slot: &&Slot| module.get_token_info(**slot).is_ok_and(|info| info.label() == token);
    *slots.iter().find(has_label).expect("the token")
}

/// A session of somebody else in this process, where the login of one is that of all.
fn session(module: &Pkcs11, token: &str) -> Session {
    module.open_rw_session(slot_of(module, token)).expect("a session")
}

/// A session of somebody else who logs in without our store.
fn logged_in(module: &Pkcs11, token: &str) -> Session {
    let session = session(module, token);
    session.login(UserType::User, Some(&AuthPin::from(PIN))).expect("a login");
    session
}

fn expect_rsa_signature(store: &dyn KeyStore, label: &KeyLabel) {
    let key = store.public_key(label).expect("a public key");
    let signature = store.sign(label, SignatureAlgorithm::RsaSha256, b"text").expect("a signature");
    let verified = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &key.spki_der)
        .verify(b"text", &signature);
    assert!(verified.is_ok());
}

fn label(text: &str) -> KeyLabel {
    text.parse().expect("a label")
}
