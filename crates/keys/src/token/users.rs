//! The pool of users' keys in a token: objects that leave once.
//!
//! CKA_LABEL tells the state: `ALGORITHM-user-making` while the token makes it, `ALGORITHM-user-ready`,
//! then `ALGORITHM-user-leaving`. What a crash left as making or leaving is destroyed at the next opening
//! and never wrapped: a token that is cut off while it makes a key may leave a part of one (SoftHSM2
//! writes one attribute after the other).

use cryptoki::error::RvError;
use cryptoki::object::{Attribute, ObjectClass, ObjectHandle};
use domain::algorithm::KeyAlgorithm;

use super::code;
use super::connection::Fault;
use super::keeping::{KEY_WRAP, Life};
use super::objects::{Access, Name};
use super::public;
use crate::error::KeyError;
use crate::held;
use crate::store::PublicKey;

/// A user's key on its way out: both halves of it, and its wrapping.
pub(super) type Left = (PublicKey, Vec<u8>);

impl Access<'_> {
    /// How many keys of an algorithm are ready.
    pub(super) fn count_users(&self, algorithm: KeyAlgorithm) -> Result<usize, Fault> {
        let ready = self.users_in(Some(ObjectClass::PRIVATE_KEY), &ready(algorithm))?;
        if ready.is_empty() {
            self.expect_login()?;
        }
        Ok(ready.len())
    }

    /// Makes one more key for the pool.
    pub(super) fn add_user(&self, algorithm: KeyAlgorithm) -> Result<(), Fault> {
        let name = Name::of_user(&held::pool_label(algorithm)?, making(algorithm));
        let (public, private) = self.generate_pair(algorithm, Life::Pooled, Some(&name))?;
        // The private half is what counts as a key, so it comes last.
        for half in [public, private] {
            if !self.label_user(half, ready(algorithm))? {
                return self.destroy_all(&name.id);
            }
        }
        Ok(())
    }

    /// Gives a half of a user's key the label of its next state; whether it is still there, for another
    /// process that opens the token destroys what it takes for left behind.
    fn label_user(&self, half: ObjectHandle, state: String) -> Result<bool, Fault> {
        match self.session.update_attributes(half, &[Attribute::Label(state.into_bytes())]) {
            Ok(()) => Ok(true),
            Err(error) if code::value(&error) == Some(RvError::ObjectHandleInvalid) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Marks one ready key as leaving and returns its CKA_ID. One thread at a time may do this.
    pub(super) fn mark_user(&self, algorithm: KeyAlgorithm) -> Result<Option<Vec<u8>>, Fault> {
        let found = self.users_in(Some(ObjectClass::PRIVATE_KEY), &ready(algorithm))?;
        let Some(private) = found.first().copied() else {
            self.expect_login()?;
            return Ok(None);
        };
        let id = self.id(private)?.ok_or_else(|| self.refuse("a user's key of it has no name"))?;
        for half in [vec![private], self.find(ObjectClass::PUBLIC_KEY, &id)?].concat() {
            self.label_user(half, leaving(algorithm))?;
        }
        Ok(Some(id))
    }

    /// Wraps a key that was marked and destroys it; none if another process was quicker to.
    ///
    /// The destruction decides whose it is: two processes may mark and wrap one key at once, but
    /// one of them alone destroys it, and only that one hands it on.
    pub(super) fn release_user(
        &self,
        id: &[u8],
        transport: &[u8; 32],
    ) -> Result<Option<Left>, Fault> {
        let privates = self.find(ObjectClass::PRIVATE_KEY, id)?;
        let Some(private) = privates.first().copied() else { return Ok(None) };
        let public_key = self.public_key(id)?;
        let wrapped = self.wrap_to(private, transport)?;
        let ours = self.destroy_object(private)?;
        self.destroy_all(id)?;
        Ok(ours.then_some((public_key, wrapped)))
    }

    /// Makes a key in this session, wraps it and destroys it.
    pub(super) fn make_user(
        &self,
        algorithm: KeyAlgorithm,
        transport: &[u8; 32],
    ) -> Result<Left, Fault> {
        self.with_passing_pair(algorithm, |public, private| {
            Ok((public::read(self, public)?, self.wrap_to(private, transport)?))
        })
    }

    /// Destroys what was being made or about to leave when another process ended.
    pub(super) fn destroy_left_behind(&self) -> Result<(), Fault> {
        for state in KeyAlgorithm::ALL.iter().flat_map(|one| [making(*one), leaving(*one)]) {
            for object in self.users_in(None, &state)? {
                if let Some(id) = self.id(object)? {
                    self.destroy_all(&id)?;
                }
            }
        }
        Ok(())
    }

    fn wrap_to(&self, private: ObjectHandle, transport: &[u8; 32]) -> Result<Vec<u8>, Fault> {
        self.with_wrapping_key(transport, |wrapping_key| {
            Ok(self.session.wrap_key(&KEY_WRAP, wrapping_key, private)?)
        })
    }

    fn users_in(
        &self,
        class: Option<ObjectClass>,
        state: &str,
    ) -> Result<Vec<ObjectHandle>, Fault> {
        let mut template = vec![Attribute::Label(state.as_bytes().to_vec())];
        template.extend(class.map(Attribute::Class));
        Ok(self.session.find_objects(&template)?)
    }
}

fn making(algorithm: KeyAlgorithm) -> String {
    held::pool_prefix(algorithm) + "making"
}

fn ready(algorithm: KeyAlgorithm) -> String {
    held::pool_prefix(algorithm) + "ready"
}

fn leaving(algorithm: KeyAlgorithm) -> String {
    held::pool_prefix(algorithm) + "leaving"
}

/// A user's key that no process may wrap any more.
pub(super) fn refused_twice() -> KeyError {
    KeyError::Provider("taking a user's key: another process took each of them first")
}
