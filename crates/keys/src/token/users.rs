//! The pool of users' keys in a token: objects that leave once.
//!
//! CKA_LABEL tells the state: `ALGORITHM-user-ready`, then `ALGORITHM-user-leaving`. What a crash
//! left as leaving is destroyed at the next opening and never wrapped.

use cryptoki::object::{Attribute, ObjectClass, ObjectHandle};
use domain::algorithm::KeyAlgorithm;

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
        let name = Name::of_user(&held::pool_label(algorithm)?, ready(algorithm));
        self.generate_pair(algorithm, Life::Pooled, Some(&name))?;
        Ok(())
    }

    /// Marks one ready key as leaving and returns its CKA_ID. One thread at a time may do this.
    pub(super) fn mark_user(&self, algorithm: KeyAlgorithm) -> Result<Option<Vec<u8>>, Fault> {
        let found = self.users_in(Some(ObjectClass::PRIVATE_KEY), &ready(algorithm))?;
        let Some(private) = found.first().copied() else {
            self.expect_login()?;
            return Ok(None);
        };
        let id = self.id(private)?.ok_or_else(|| self.refuse("a user's key of it has no name"))?;
        let mark = [Attribute::Label(leaving(algorithm).into_bytes())];
        self.session.update_attributes(private, &mark)?;
        for public in self.find(ObjectClass::PUBLIC_KEY, &id)? {
            self.session.update_attributes(public, &mark)?;
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

    /// Destroys what was about to leave when another process ended.
    pub(super) fn destroy_leaving(&self) -> Result<(), Fault> {
        for algorithm in KeyAlgorithm::ALL {
            for object in self.users_in(None, &leaving(algorithm))? {
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
