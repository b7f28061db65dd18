//! Lost logins, sessions, handles, tokens and modules: survived, or told in one clear error.

use std::fs;
use std::thread;

use cryptoki::context::{CInitializeArgs, CInitializeFlags};
use cryptoki::object::{Attribute, ObjectClass};
use cryptoki::session::SessionState;
use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use jitsuin_keys::{Administer, BackupKey, KeyError, Sign, UserKeys};
use testkit::softhsm::SoftHsm;

use crate::{expect_rsa_signature, label, new_token, open, session, somebody_else};

#[test]
fn k1_a_restarted_module_is_started_again() {
    SoftHsm::in_child("recovery::k1_a_restarted_module_is_started_again", |_| {
        let (store, ca) = (new_token("one"), label("ca"));
        store.generate(&ca, KeyAlgorithm::Rsa2048).expect("a key pair");
        somebody_else().finalize().expect("ended");
        expect_rsa_signature(&store, &ca);
        somebody_else().finalize().expect("ended");
        store.generate(&label("next"), KeyAlgorithm::EcP256).expect("a key pair after a restart");
        assert_eq!(store.labels().expect("labels"), [ca, label("next")]);
    });
}

#[test]
fn k1_sessions_that_a_restart_made_invalid_are_replaced() {
    SoftHsm::in_child("recovery::k1_sessions_that_a_restart_made_invalid_are_replaced", |_| {
        let (store, ca) = (new_token("one"), label("ca"));
        store.generate(&ca, KeyAlgorithm::Rsa2048).expect("a key pair");
        let restart = || {
            let module = somebody_else();
            module.clone().finalize().expect("ended");
            let flags = CInitializeFlags::OS_LOCKING_OK;
            module.initialize(CInitializeArgs::new(flags)).expect("started");
        };
        restart();
        expect_rsa_signature(&store, &ca);
        restart();
        assert_eq!(store.labels().expect("labels"), [ca]);
        restart();
        assert_eq!(store.prepare_user_keys(KeyAlgorithm::EcP256, 1).expect("made"), 1);
    });
}

#[test]
fn k1_a_logout_by_somebody_else_hides_no_key() {
    SoftHsm::in_child("recovery::k1_a_logout_by_somebody_else_hides_no_key", |_| {
        let (store, ca) = (new_token("one"), label("ca"));
        store.generate(&ca, KeyAlgorithm::Rsa2048).expect("a key pair");
        store.prepare_user_keys(KeyAlgorithm::EcP256, 1).expect("made");
        let (module, log_out) = (somebody_else(), || {
            session(&somebody_else(), "one").logout().expect("logged out");
        });
        let _open = session(&module, "one");
        log_out();
        expect_rsa_signature(&store, &ca);
        log_out();
        assert_eq!(store.labels().expect("labels"), std::slice::from_ref(&ca));
        log_out();
        assert_eq!(store.prepared_user_keys(KeyAlgorithm::EcP256).expect("a number"), 1);
        log_out();
        assert!(matches!(store.generate(&ca, KeyAlgorithm::Rsa2048), Err(KeyError::LabelTaken(_))));
        log_out();
        store.destroy(&ca).expect("destroyed");
        log_out();
        assert!(matches!(store.public_key(&ca), Err(KeyError::UnknownLabel(_))));
    });
}

#[test]
fn k1_threads_go_on_signing_while_somebody_else_logs_out() {
    SoftHsm::in_child("recovery::k1_threads_go_on_signing_while_somebody_else_logs_out", |_| {
        let (store, ca) = (new_token("one"), label("ca"));
        store.generate(&ca, KeyAlgorithm::Rsa2048).expect("a key pair");
        let module = somebody_else();
        // Tries are bounded: two logouts in a row are survived.
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..40 {
                        expect_rsa_signature(&store, &ca);
                    }
                });
            }
            for _ in 0..2 {
                expect_rsa_signature(&store, &ca);
                session(&module, "one").logout().expect("logged out");
            }
        });
    });
}

#[test]
fn k1_a_key_that_changed_its_handle_is_looked_up_again() {
    SoftHsm::in_child("recovery::k1_a_key_that_changed_its_handle_is_looked_up_again", |_| {
        let (store, ca) = (new_token("one"), label("ca"));
        let key = BackupKey::new(&[1; 32]);
        let backup = store.generate_with_backup(&ca, KeyAlgorithm::Rsa2048, &key).expect("made");
        expect_rsa_signature(&store, &ca);
        let module = somebody_else();
        let destroy = || {
            let session = session(&module, "one");
            let private = [Attribute::Class(ObjectClass::PRIVATE_KEY)];
            for object in session.find_objects(&private).expect("objects") {
                session.destroy_object(object).expect("destroyed");
            }
        };
        destroy();
        let gone = store.sign(&ca, SignatureAlgorithm::RsaSha256, b"x");
        assert!(matches!(gone, Err(KeyError::UnknownLabel(_))), "{gone:?}");
        store.restore(&backup, &key).expect("restored over what was left");
        expect_rsa_signature(&store, &ca);
        destroy();
        let other = open("one");
        other.restore(&backup, &key).expect("restored");
        expect_rsa_signature(&store, &ca);
    });
}

/// A cut may come between the ends of both halves of a key: then it exists no more, and its public half goes
/// as well.
#[test]
fn k9_the_public_half_that_a_cut_left_ends_with_its_key() {
    SoftHsm::in_child("recovery::k9_the_public_half_that_a_cut_left_ends_with_its_key", |_| {
        let (store, ca, other) = (new_token("one"), label("ca-1"), label("ca-10"));
        for label in [&ca, &other] {
            store.generate(label, KeyAlgorithm::Rsa2048).expect("a key pair");
        }
        let module = somebody_else();
        let session = session(&module, "one");
        let of = |label: &str| [Attribute::Id(format!("jitsuin-key:{label}").into_bytes())];
        let [id] = of("ca-1");
        let private = [Attribute::Class(ObjectClass::PRIVATE_KEY), id];
        for object in session.find_objects(&private).expect("objects") {
            session.destroy_object(object).expect("destroyed");
        }
        let counted = |label| session.find_objects(&of(label)).expect("objects").len();
        assert_eq!((counted("ca-1"), counted("ca-10")), (1, 2));
        let again = store.destroy(&ca);
        assert!(matches!(again, Err(KeyError::UnknownLabel(_))), "{again:?}");
        assert_eq!((counted("ca-1"), counted("ca-10")), (0, 2));
    });
}

#[test]
fn k1_a_token_that_is_gone_is_reported_and_found_when_it_is_back() {
    let name = "recovery::k1_a_token_that_is_gone_is_reported_and_found_when_it_is_back";
    SoftHsm::in_child(name, |tokens| {
        let (store, ca) = (new_token("one"), label("ca"));
        store.generate(&ca, KeyAlgorithm::Rsa2048).expect("a key pair");
        let away = tokens.with_file_name("away");
        fs::rename(tokens, &away).expect("moved");
        fs::create_dir(tokens).expect("made");
        somebody_else().finalize().expect("ended");
        for _ in 0..2 {
            let gone = store.sign(&ca, SignatureAlgorithm::RsaSha256, b"x");
            assert!(matches!(gone, Err(KeyError::TokenRefused { .. })), "{gone:?}");
            let gone = store.labels();
            assert!(matches!(gone, Err(KeyError::TokenRefused { .. })), "{gone:?}");
        }
        fs::remove_dir_all(tokens).expect("removed");
        fs::rename(&away, tokens).expect("moved back");
        somebody_else().finalize().expect("ended");
        expect_rsa_signature(&store, &ca);
    });
}

#[test]
fn k1_two_tokens_share_one_module_and_no_key() {
    SoftHsm::in_child("recovery::k1_two_tokens_share_one_module_and_no_key", |_| {
        let (one, two, ca) = (new_token("one"), new_token("two"), label("ca"));
        let first = one.generate(&ca, KeyAlgorithm::Rsa2048).expect("a key pair");
        let unknown = two.public_key(&ca);
        assert!(matches!(unknown, Err(KeyError::UnknownLabel(_))), "{unknown:?}");
        let second = two.generate(&ca, KeyAlgorithm::Rsa2048).expect("a key pair");
        assert_ne!(first, second);
        somebody_else().finalize().expect("ended");
        for store in [&one, &two] {
            expect_rsa_signature(store, &ca);
        }
        assert_eq!(one.public_key(&ca).expect("its key"), first);
        assert_eq!(two.public_key(&ca).expect("its key"), second);
        drop(one);
        expect_rsa_signature(&two, &ca);
    });
}

#[test]
fn k1_a_dropped_store_leaves_nobody_logged_in() {
    SoftHsm::in_child("recovery::k1_a_dropped_store_leaves_nobody_logged_in", |_| {
        let store = new_token("one");
        let (module, state) = (somebody_else(), |session: &cryptoki::session::Session| {
            session.get_session_info().expect("what it is").session_state()
        });
        let other = session(&module, "one");
        assert_eq!(state(&other), SessionState::RwUser);
        drop(store);
        assert_eq!(state(&other), SessionState::RwPublic);
    });
}
