//! Wrong PINs, wrong tokens and wrong modules: refused at once and by name.

use cryptoki::context::{CInitializeArgs, CInitializeFlags};
use cryptoki::types::AuthPin;
use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use jitsuin_keys::token::{Pkcs11KeyStore, TokenConfig, TokenPins};
use jitsuin_keys::{Administer, KeyError, Sign};
use testkit::softhsm::SoftHsm;

use crate::{
    PIN, SO_PIN, config, expect_rsa_signature, label, logged_in, new_token, open, session, slot_of,
    somebody_else,
};

#[test]
fn k1_a_wrong_pin_is_reported_and_the_right_one_still_opens() {
    SoftHsm::in_child("refusals::k1_a_wrong_pin_is_reported_and_the_right_one_still_opens", |_| {
        drop(new_token("one"));
        let refused = Pkcs11KeyStore::open(&config("one"), "wrong-pin").expect_err("refused");
        assert!(matches!(refused, KeyError::PinRefused { .. }), "{refused}");
        assert!(
            refused.to_string().contains("one refuses the login: the PIN is wrong"),
            "{refused}"
        );
        assert!(!format!("{refused:?}").contains("wrong-pin"), "a PIN is never shown");
        let module = somebody_else();
        let token = module.get_token_info(slot_of(&module, "one")).expect("what it is");
        assert!(token.user_pin_count_low() && !token.user_pin_locked());
        open("one");
    });
}

#[test]
fn k1_a_pin_that_became_wrong_is_tried_once_and_never_again() {
    SoftHsm::in_child("refusals::k1_a_pin_that_became_wrong_is_tried_once_and_never_again", |_| {
        let (store, ca) = (new_token("one"), label("ca"));
        store.generate(&ca, KeyAlgorithm::Rsa2048).expect("a key pair");
        let module = somebody_else();
        let other = session(&module, "one");
        let [old, new] = [PIN, "another-pin"].map(AuthPin::from);
        other.set_pin(&old, &new).expect("changed");
        other.logout().expect("logged out");
        let refused = store.sign(&ca, SignatureAlgorithm::RsaSha256, b"x");
        assert!(matches!(refused, Err(KeyError::PinRefused { .. })), "{refused:?}");
        other.set_pin(&new, &old).expect("changed back");
        // The PIN would be right now: that it is refused shows that it is not tried.
        let refused = store.sign(&ca, SignatureAlgorithm::RsaSha256, b"x");
        assert!(matches!(refused, Err(KeyError::PinRefused { .. })), "{refused:?}");
        expect_rsa_signature(&open("one"), &ca);
    });
}

#[test]
fn k1_somebody_elses_login_does_not_replace_the_pin() {
    SoftHsm::in_child("refusals::k1_somebody_elses_login_does_not_replace_the_pin", |_| {
        let (store, ca) = (new_token("one"), label("ca"));
        store.generate(&ca, KeyAlgorithm::Rsa2048).expect("a key pair");
        let refused = Pkcs11KeyStore::open(&config("one"), "wrong-pin");
        assert!(matches!(refused, Err(KeyError::PinRefused { .. })), "{refused:?}");
        expect_rsa_signature(&store, &ca);
        drop(store);
        let module = somebody_else();
        let _other = logged_in(&module, "one");
        let refused = Pkcs11KeyStore::open(&config("one"), "wrong-pin");
        assert!(matches!(refused, Err(KeyError::PinRefused { .. })), "{refused:?}");
        expect_rsa_signature(&open("one"), &ca);
    });
}

#[test]
fn k1_a_token_is_neither_overwritten_nor_invented() {
    SoftHsm::in_child("refusals::k1_a_token_is_neither_overwritten_nor_invented", |_| {
        let store = new_token("one");
        let made = store.generate(&label("ca"), KeyAlgorithm::EcP256).expect("a key pair");
        let again = Pkcs11KeyStore::init_token(&config("one"), SO_PIN, PIN).expect_err("refused");
        assert!(again.to_string().contains("there is a token of this label already"), "{again}");
        assert_eq!(store.public_key(&label("ca")).expect("still there"), made);
        let nothing = Pkcs11KeyStore::open(&config("two"), PIN).expect_err("refused");
        assert!(nothing.to_string().contains("there is no token of this label"), "{nothing}");
        for odd in ["", "two words", "非ASCII", &"long".repeat(9)] {
            let refused = Pkcs11KeyStore::init_token(&config(odd), SO_PIN, PIN);
            assert!(matches!(refused, Err(KeyError::TokenRefused { .. })), "{odd:?}");
        }
        let short = Pkcs11KeyStore::init_token(&config("two"), SO_PIN, "1");
        assert!(matches!(short, Err(KeyError::PinRefused { .. })), "{short:?}");
    });
}

#[test]
fn k1_an_initialisation_that_was_cut_off_is_taken_up_again() {
    SoftHsm::in_child("refusals::k1_an_initialisation_that_was_cut_off_is_taken_up_again", |_| {
        let module = somebody_else();
        let flags = CInitializeFlags::OS_LOCKING_OK;
        module.initialize(CInitializeArgs::new(flags)).expect("started");
        let free = *module.get_slots_with_token().expect("slots").last().expect("a free slot");
        module.init_token(free, &AuthPin::from(SO_PIN), "one").expect("initialised");
        let refused = Pkcs11KeyStore::open(&config("one"), PIN).expect_err("refused");
        assert!(refused.to_string().contains("no user PIN was ever set"), "{refused}");
        let wrong = Pkcs11KeyStore::init_token(&config("one"), "not-the-so-pin", PIN);
        assert!(matches!(wrong, Err(KeyError::PinRefused { .. })), "{wrong:?}");
        new_token("one");
    });
}

#[test]
fn k2_changed_pins_shut_the_old_ones_out_and_an_interruption_is_finished() {
    let name = "refusals::k2_changed_pins_shut_the_old_ones_out_and_an_interruption_is_finished";
    SoftHsm::in_child(name, |_| {
        let (store, ca) = (new_token("one"), label("ca"));
        store.generate(&ca, KeyAlgorithm::Rsa2048).expect("a key pair");
        drop(store);
        let old = TokenPins { so: SO_PIN, user: PIN };
        let new = TokenPins { so: "another-so-pin", user: "another-pin" };
        let half = TokenPins { so: SO_PIN, user: new.user };
        let change = |from, to| Pkcs11KeyStore::change_pins(&config("one"), from, to);
        change(old, half).expect("the user's alone, as before an interruption");
        change(old, new).expect("finished");
        change(old, new).expect("finished already");
        let refused = Pkcs11KeyStore::open(&config("one"), PIN);
        assert!(matches!(refused, Err(KeyError::PinRefused { .. })), "{refused:?}");
        let store = Pkcs11KeyStore::open(&config("one"), new.user).expect("opens");
        expect_rsa_signature(&store, &ca);
        drop(store);
        let wrong = change(old, TokenPins { so: "third-so-pin", user: "third-pin" });
        assert!(matches!(wrong, Err(KeyError::PinRefused { .. })), "{wrong:?}");
        assert!(!format!("{old:?}").contains(PIN), "PINs are never shown");
    });
}

#[test]
fn k1_what_is_no_module_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let text = directory.path().join("text.so");
    std::fs::write(&text, "no module").expect("written");
    for module in [text, directory.path().join("absent.so")] {
        let config = TokenConfig { module: module.clone(), token_label: "one".to_owned() };
        let refused = Pkcs11KeyStore::open(&config, PIN).expect_err("refused");
        assert!(matches!(refused, KeyError::TokenDriver { .. }), "{refused}");
        assert!(refused.to_string().contains(module.to_str().expect("text")), "{refused}");
    }
}
