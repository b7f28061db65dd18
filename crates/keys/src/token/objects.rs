//! The objects of a token that are ours: how they are named, found and destroyed.
//!
//! CKA_LABEL is for people, and for the state of a user's key; CKA_ID tells our objects from those
//! of others. A key exists exactly if its private object does.

use std::sync::Arc;

use cryptoki::error::RvError;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;

use super::code;
use super::connection::{Connection, Fault};
use super::public;
use crate::error::KeyError;
use crate::label::KeyLabel;
use crate::store::PublicKey;

/// What the CKA_ID of a labelled key begins with; its label follows.
const KEY: &str = "jitsuin-key:";

/// What the CKA_ID of a user's key begins with; its name in the pool follows.
const USER_KEY: &str = "jitsuin-user-key:";

/// What the CKA_ID of a card master key begins with; its label follows.
const CARD_MASTER: &str = "jitsuin-card-master:";

/// A session in which work is done.
pub(super) struct Access<'a> {
    pub(super) connection: &'a Connection,
    pub(super) session: &'a Session,
}

/// A key of the token, as far as it can be known outside of it.
pub(super) struct TokenKey {
    pub(super) private: ObjectHandle,
    pub(super) public_key: PublicKey,
}

/// The name of both halves of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    /// CKA_ID.
    pub(super) id: Vec<u8>,
    /// CKA_LABEL.
    pub(super) label: String,
}

impl Name {
    /// The name of a labelled key.
    pub(super) fn of(label: &KeyLabel) -> Self {
        Self { id: format!("{KEY}{label}").into_bytes(), label: label.to_string() }
    }

    /// The name of a user's key that was called `name`, in a state.
    pub(super) fn of_user(name: &KeyLabel, state: String) -> Self {
        Self { id: format!("{USER_KEY}{name}").into_bytes(), label: state }
    }

    /// The name of a card master key.
    pub(super) fn of_master(label: &KeyLabel) -> Self {
        Self { id: format!("{CARD_MASTER}{label}").into_bytes(), label: label.to_string() }
    }

    /// The label in the CKA_ID of a card master key; none of other objects.
    pub(super) fn master_label_in(id: &[u8]) -> Option<KeyLabel> {
        str::from_utf8(id).ok()?.strip_prefix(CARD_MASTER)?.parse().ok()
    }

    /// The attributes that bear it.
    pub(super) fn attributes(&self) -> [Attribute; 2] {
        [Attribute::Id(self.id.clone()), Attribute::Label(self.label.clone().into_bytes())]
    }
}

impl Access<'_> {
    /// The key of a label, from the cache or looked up.
    pub(super) fn key(&self, label: &KeyLabel) -> Result<Arc<TokenKey>, Fault> {
        if let Some(key) = self.connection.known(label) {
            return Ok(key);
        }
        let private = self.private_of(label)?.ok_or(KeyError::UnknownLabel(label.clone()))?;
        let public_key = self.public_key(&Name::of(label).id)?;
        let key = Arc::new(TokenKey { private, public_key });
        self.connection.know(label, &key);
        Ok(key)
    }

    /// The private object of a label, if there is one.
    pub(super) fn private_of(&self, label: &KeyLabel) -> Result<Option<ObjectHandle>, Fault> {
        let id = Name::of(label).id;
        let mut found = self.find(ObjectClass::PRIVATE_KEY, &id)?;
        if found.is_empty() {
            // Without a login, or without its token, a driver finds none.
            self.expect_token()?;
            found = self.find(ObjectClass::PRIVATE_KEY, &id)?;
        }
        match found.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            _ => Err(self.refuse("it holds several keys of one label").into()),
        }
    }

    /// The public key whose object has this CKA_ID.
    pub(super) fn public_key(&self, id: &[u8]) -> Result<PublicKey, Fault> {
        match self.find(ObjectClass::PUBLIC_KEY, id)?.as_slice() {
            [one] => public::read(self, *one),
            _ => Err(self.refuse("it holds a private key without its one public key").into()),
        }
    }

    /// The labels of all labelled keys, in order.
    pub(super) fn labels(&self) -> Result<Vec<KeyLabel>, Fault> {
        self.expect_token()?;
        let private = [Attribute::Class(ObjectClass::PRIVATE_KEY)];
        let mut labels = Vec::new();
        for object in self.session.find_objects(&private)? {
            labels.extend(self.id(object)?.and_then(|id| label_in(&id)));
        }
        labels.sort();
        Ok(labels)
    }

    /// Destroys both halves of a key, the private one first, and proves that they are gone.
    pub(super) fn destroy_all(&self, id: &[u8]) -> Result<(), Fault> {
        for class in [ObjectClass::PRIVATE_KEY, ObjectClass::PUBLIC_KEY] {
            for object in self.find(class, id)? {
                self.destroy_object(object)?;
            }
        }
        if self.session.find_objects(&[Attribute::Id(id.to_vec())])?.is_empty() {
            Ok(())
        } else {
            Err(self.refuse("it still holds a key that it said it destroyed").into())
        }
    }

    /// Destroys an object; whether it was still there.
    pub(super) fn destroy_object(&self, object: ObjectHandle) -> Result<bool, Fault> {
        match self.session.destroy_object(object) {
            Ok(()) => Ok(true),
            Err(error) if code::value(&error) == Some(RvError::ObjectHandleInvalid) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// All objects of a class with this CKA_ID.
    pub(super) fn find(&self, class: ObjectClass, id: &[u8]) -> Result<Vec<ObjectHandle>, Fault> {
        let template = [Attribute::Class(class), Attribute::Id(id.to_vec())];
        Ok(self.session.find_objects(&template)?)
    }

    /// The CKA_ID of an object; none of one that another process destroyed meanwhile.
    pub(super) fn id(&self, object: ObjectHandle) -> Result<Option<Vec<u8>>, Fault> {
        match self.session.get_attributes(object, &[AttributeType::Id]) {
            Ok(attributes) => Ok(attributes.into_iter().find_map(|attribute| match attribute {
                Attribute::Id(id) => Some(id),
                _ => None,
            })),
            Err(error) if code::value(&error) == Some(RvError::ObjectHandleInvalid) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Does work with an AES key that is in the token for so long, for this session alone.
    pub(super) fn with_wrapping_key<T>(
        &self,
        key: &[u8; 32],
        work: impl FnOnce(ObjectHandle) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let template = [
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::AES),
            Attribute::Token(false),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Wrap(true),
            Attribute::Unwrap(true),
            Attribute::Value(key.to_vec()),
        ];
        let created = self.session.create_object(&template);
        wipe(template);
        let object = created?;
        let done = work(object);
        self.destroy_object(object)?;
        done
    }

    /// A refusal that names the token.
    pub(super) fn refuse(&self, rule: &'static str) -> KeyError {
        KeyError::TokenRefused { token: self.connection.token().to_owned(), rule }
    }
}

/// Wipes the key in a template that was used.
fn wipe(template: [Attribute; 9]) {
    for attribute in template {
        if let Attribute::Value(value) = attribute {
            drop(zeroize::Zeroizing::new(value));
        }
    }
}

/// The label in the CKA_ID of a labelled key; none of other objects.
fn label_in(id: &[u8]) -> Option<KeyLabel> {
    str::from_utf8(id).ok()?.strip_prefix(KEY)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k1_only_labelled_keys_have_labels() {
        let label: KeyLabel = "jpki-auth-ca-1".parse().expect("a label");
        assert_eq!(label_in(&Name::of(&label).id), Some(label.clone()));
        assert_eq!(label_in(&Name::of_user(&label, "x".to_owned()).id), None);
        for foreign in [&b""[..], b"\x01", b"jpki-auth-ca-1", b"jitsuin-key:a/b", b"\xff\xfe"] {
            assert_eq!(label_in(foreign), None, "{foreign:?}");
        }
    }
}
