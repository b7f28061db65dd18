//! The pool of users' keys in a token: what was leaving is destroyed, what is ready cannot sign.

use cryptoki::context::Pkcs11;
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use domain::algorithm::KeyAlgorithm;
use jitsuin_keys::{TransportKey, UserKeys};
use testkit::softhsm::SoftHsm;

use crate::{new_token, open, session, somebody_else};

#[test]
fn k5_a_key_that_a_crash_left_leaving_is_destroyed_and_never_wrapped() {
    let name = "users::k5_a_key_that_a_crash_left_leaving_is_destroyed_and_never_wrapped";
    SoftHsm::in_child(name, |_| {
        let store = new_token("one");
        store.prepare_user_keys(KeyAlgorithm::Rsa2048, 2).expect("made");
        let module = somebody_else();
        let other = session(&module, "one");
        let leaving = [Attribute::Label(b"rsa-2048-user-leaving".to_vec())];
        // The crash came after the private half was marked, before the public one.
        other.update_attributes(objects(&other)[0], &leaving).expect("marked");
        assert_eq!(store.prepared_user_keys(KeyAlgorithm::Rsa2048).expect("a number"), 1);
        drop((store, other));
        let store = open("one");
        assert_eq!(counted(&module), (1, 1), "both halves of it are gone");
        let card = TransportKey::new(&[9; 32]);
        store.generate_for_card(KeyAlgorithm::Rsa2048, &card).expect("the other one");
        assert_eq!(counted(&module), (0, 0));
    });
}

/// A token whose program ends while it makes a key may keep a part of one, that is not as keys are made.
#[test]
fn k5_a_key_that_a_crash_left_half_made_is_destroyed_and_never_wrapped() {
    let name = "users::k5_a_key_that_a_crash_left_half_made_is_destroyed_and_never_wrapped";
    SoftHsm::in_child(name, |_| {
        let store = new_token("one");
        store.prepare_user_keys(KeyAlgorithm::Rsa2048, 2).expect("made");
        let module = somebody_else();
        let other = session(&module, "one");
        let making = [Attribute::Label(b"rsa-2048-user-making".to_vec())];
        other.update_attributes(objects(&other)[0], &making).expect("marked");
        assert_eq!(store.prepared_user_keys(KeyAlgorithm::Rsa2048).expect("a number"), 1);
        let card = TransportKey::new(&[9; 32]);
        store.generate_for_card(KeyAlgorithm::Rsa2048, &card).expect("the other one");
        assert_eq!(counted(&module), (1, 1), "it is not taken");
        drop((store, other));
        let store = open("one");
        assert_eq!(counted(&module), (0, 0));
        // What is made now is ready, both halves of it.
        store.prepare_user_keys(KeyAlgorithm::Rsa2048, 1).expect("made");
        let ready = [Attribute::Label(b"rsa-2048-user-ready".to_vec())];
        let found = session(&module, "one").find_objects(&ready).expect("objects");
        assert_eq!(found.len(), 2);
    });
}

#[test]
fn k5_a_half_that_a_crash_left_behind_is_destroyed() {
    SoftHsm::in_child("users::k5_a_half_that_a_crash_left_behind_is_destroyed", |_| {
        let store = new_token("one");
        store.prepare_user_keys(KeyAlgorithm::EcP256, 1).expect("made");
        let module = somebody_else();
        let other = session(&module, "one");
        let leaving = [Attribute::Label(b"ec-p256-user-leaving".to_vec())];
        let public = other.find_objects(&[Attribute::Class(ObjectClass::PUBLIC_KEY)]);
        other.update_attributes(public.expect("objects")[0], &leaving).expect("marked");
        other.destroy_object(objects(&other)[0]).expect("destroyed");
        drop((store, other));
        let _store = open("one");
        assert_eq!(counted(&module), (0, 0));
    });
}

#[test]
fn k5_a_users_key_leaves_nothing_behind_and_cannot_sign() {
    SoftHsm::in_child("users::k5_a_users_key_leaves_nothing_behind_and_cannot_sign", |_| {
        let store = new_token("one");
        store.prepare_user_keys(KeyAlgorithm::Rsa2048, 1).expect("made");
        let module = somebody_else();
        let other = session(&module, "one");
        let signed = other.sign(&Mechanism::RsaPkcs, objects(&other)[0], b"x");
        assert!(signed.is_err(), "a user's key signs nothing here");
        let card = TransportKey::new(&[9; 32]);
        for prepared in [true, false] {
            store.generate_for_card(KeyAlgorithm::Rsa2048, &card).expect("a wrapped key");
            let left = other.find_objects(&[]).expect("objects");
            assert!(left.is_empty(), "prepared {prepared}: {left:?}");
        }
    });
}

fn objects(session: &Session) -> Vec<ObjectHandle> {
    session.find_objects(&[Attribute::Class(ObjectClass::PRIVATE_KEY)]).expect("objects")
}

/// How many private and public objects there are.
fn counted(module: &Pkcs11) -> (usize, usize) {
    let session = session(module, "one");
    let public = session.find_objects(&[Attribute::Class(ObjectClass::PUBLIC_KEY)]);
    (objects(&session).len(), public.expect("objects").len())
}
