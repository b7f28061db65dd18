//! The key generations of a CA: which there are, which signs when, and which of them came to an end.

use std::sync::{Arc, PoisonError, RwLock};

use domain::certificate::{CertificateKind, CertificateState};
use domain::crl_series::Partition;
use domain::rule;
use jiff::Timestamp;
use keys::{KeyError, KeyLabel, PublicKey};
use store::reads::{ReadAuthorities, ReadGenerations};
use store::{
    AuthorityRow, CertificateRow, CompromiseRow, GenerationPlan, IntentRow, Sequence, StatusRow,
};

use crate::adoption::PolicyInEffect;
use crate::certificates::Certificates;
use crate::error::{Error, Result};
use crate::generation::Generation;
use crate::key_ends::KeyEnds;
use crate::public_keys::PublicKeys;

/// The key generations of a CA. It reads them and looks after their keys; it signs and commits nothing.
pub struct Generations {
    policy: Arc<PolicyInEffect>,
    authorities: Arc<dyn ReadAuthorities>,
    lives: Arc<dyn ReadGenerations>,
    certificates: Certificates,
    ends: KeyEnds,
    keys: PublicKeys,
    known: RwLock<Vec<Arc<Generation>>>,
}

impl Generations {
    /// Those that the database has.
    pub(crate) fn open(
        policy: Arc<PolicyInEffect>,
        authorities: Arc<dyn ReadAuthorities>,
        lives: Arc<dyn ReadGenerations>,
        certificates: Certificates,
        (ends, keys): (KeyEnds, PublicKeys),
    ) -> Result<Self> {
        let known = RwLock::default();
        let new = Self { policy, authorities, lives, certificates, ends, keys, known };
        for row in new.authorities.authorities(new.policy.id())? {
            new.adopt(new.stored(&row)?);
        }
        Ok(new)
    }

    /// All of them, oldest first.
    pub fn all(&self) -> Vec<Arc<Generation>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The generation that signs new certificates at `at`: the newest that has begun to.
    ///
    /// # Errors
    /// [`Error::Unknown`] before the first key exists.
    pub fn current_at(&self, at: Timestamp) -> Result<Arc<Generation>> {
        let missing = || Error::Unknown { field: "ca key", value: self.policy.id().to_string() };
        let begun = |generation: &Arc<Generation>| generation.issues_from <= at;
        self.all().into_iter().rev().find(begun).ok_or_else(missing)
    }

    /// A generation by its number.
    ///
    /// # Errors
    /// [`Error::Unknown`] if there is none.
    pub fn numbered(&self, number: u32) -> Result<Arc<Generation>> {
        let none = || Error::Unknown { field: "generation", value: number.to_string() };
        self.all().into_iter().find(|generation| generation.number == number).ok_or_else(none)
    }

    /// Learns of generations that another process added; whether there were any.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn refresh(&self) -> Result<bool> {
        let rows = self.authorities.authorities(self.policy.id())?;
        let known = self.all();
        let news: Vec<_> = rows
            .iter()
            .filter(|row| known.iter().all(|generation| generation.number != row.generation))
            .collect();
        if !news.is_empty() {
            self.keys.look_again();
        }
        for row in &news {
            self.adopt(self.stored(row)?);
        }
        Ok(!news.is_empty())
    }

    /// The self-signed certificate of a generation, DER.
    ///
    /// # Errors
    /// [`Error::Unknown`] if it was never issued.
    pub fn self_signed_certificate(&self, generation: &Generation) -> Result<Vec<u8>> {
        if let Some(known) = generation.certificate.get() {
            return Ok(known.clone());
        }
        let row = self.certificates.find(&generation.self_signed)?;
        let missing = || Error::Unknown {
            field: "self-signed certificate",
            value: generation.self_signed.to_string(),
        };
        let der = row.and_then(|row| row.der).ok_or_else(missing)?;
        Ok(generation.certificate.get_or_init(|| der).clone())
    }

    /// The certificate (DER) of a generation's key by the one before it, if there is one (A 5.6).
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn new_with_old(&self, generation: &Generation) -> Result<Option<Vec<u8>>> {
        let generations = self.all();
        let old = generations.iter().rfind(|one| one.number < generation.number);
        let Some(old) = old else { return Ok(None) };
        let row = self.own_row(CertificateKind::LinkNewWithOld, generation, old)?;
        Ok(row.and_then(|row| row.der))
    }

    /// The copies that were noted when the destruction of a generation's key was begun; nothing where
    /// it was not.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn begun_destruction(&self, generation: &Generation) -> Result<Option<Vec<u8>>> {
        self.ends.copies(&generation.label)
    }

    /// Whether the destruction of a generation's key was begun, be it that it ended.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn is_ending(&self, generation: &Generation) -> Result<bool> {
        self.ends.is_noted(&generation.label)
    }

    /// Whether a generation's key was destroyed.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn is_destroyed(&self, generation: &Generation) -> Result<bool> {
        self.ends.is_done(&generation.label)
    }

    /// Whether the destruction of a generation's key was begun and not brought to its end.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn is_half_destroyed(&self, generation: &Generation) -> Result<bool> {
        Ok(self.begun_destruction(generation)?.is_some() && !self.is_destroyed(generation)?)
    }

    /// Whether a generation's key was destroyed and the key store has it again, be it damaged.
    ///
    /// # Errors
    /// [`Error::Store`]; [`Error::Keys`] where the key store cannot be asked.
    pub fn has_returned(&self, generation: &Generation) -> Result<bool> {
        if !self.is_destroyed(generation)? {
            return Ok(false);
        }
        match self.keys.of(&generation.label) {
            Ok(_) | Err(KeyError::Corrupt(_)) => Ok(true),
            Err(KeyError::UnknownLabel(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The generations that sign lists at `now`: those whose root has not ended and whose key was not
    /// destroyed (A 5.6, K6).
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn listing_at(&self, now: Timestamp) -> Result<Vec<Arc<Generation>>> {
        let mut listing = Vec::new();
        for generation in self.all() {
            if now <= generation.ends && !self.is_destroyed(&generation)? {
                listing.push(generation);
            }
        }
        Ok(listing)
    }

    /// The generations whose key is needed at `now` and cannot be used, each with what the key store
    /// says of it; none whose destruction was begun. Keys that were destroyed are asked for as well, so
    /// that a store which kept one in memory lets go of it.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn unusable_keys(&self, now: Timestamp) -> Result<Vec<(u32, KeyError)>> {
        let mut unusable = Vec::new();
        for generation in self.all() {
            let mut found = self.keys.of(&generation.label);
            let is_needed = now <= generation.ends && !self.is_ending(&generation)?;
            if is_needed && matches!(found, Err(KeyError::UnknownLabel(_))) {
                // It may have been brought back by a ceremony just now.
                self.keys.look_again();
                found = self.keys.of(&generation.label);
            }
            if let (Err(error), true) = (found, is_needed) {
                unusable.push((generation.number, error));
            }
        }
        Ok(unusable)
    }

    /// The key of the generation that is being made, once it was generated, with its label.
    ///
    /// # Errors
    /// What the store says.
    pub fn planned_key(&self) -> Result<Option<(KeyLabel, PublicKey)>> {
        let planned = self.planned()?;
        Ok(planned.map(|generation| {
            let spki_der = generation.key.as_der().to_vec();
            let public = PublicKey { algorithm: generation.key_algorithm, spki_der };
            (generation.label, public)
        }))
    }

    /// Where the procedure for a generation's compromised key stands, if there is one.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn compromise(&self, generation: u32) -> Result<Option<CompromiseRow>> {
        let rows = self.lives.compromises(self.policy.id())?;
        Ok(rows.into_iter().find(|row| row.generation == generation))
    }

    /// Takes a generation in that was made just now.
    pub(crate) fn adopt(&self, generation: Generation) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        // Two threads may learn of the same generation; it stands here once, in order.
        if known.iter().all(|one| one.number != generation.number) {
            known.push(Arc::new(generation));
            known.sort_by_key(|generation| generation.number);
        }
    }

    /// The plan of the generation that is being made, if one is.
    pub(crate) fn plan(&self) -> Result<Option<GenerationPlan>> {
        Ok(self.lives.generation_plan(self.policy.id())?)
    }

    /// The generation that is being made, once it has its key ([`Generation::planned`]).
    pub(crate) fn planned(&self) -> Result<Option<Generation>> {
        match self.plan()? {
            Some(plan) => match &plan.key {
                Some(key) => Ok(Some(Generation::planned(&self.policy, &plan, key)?)),
                None => Ok(None),
            },
            None => Ok(None),
        }
    }

    /// The generation that was to sign an intent; it may still be in the making.
    pub(crate) fn signer_of(&self, row: &IntentRow) -> Result<Option<Arc<Generation>>> {
        if let Ok(found) = self.numbered(row.generation) {
            return Ok(Some(found));
        }
        let planned = self.planned()?;
        Ok(planned.filter(|generation| generation.number == row.generation).map(Arc::new))
    }

    /// Refuses to begin what waits for a signature by a key that sleeps or is not there.
    ///
    /// # Errors
    /// [`Error::Keys`].
    pub(crate) fn expect_awake(&self, generation: &Generation) -> Result<()> {
        self.keys.of(&generation.label)?;
        Ok(())
    }

    /// Refuses to sign by a key whose destruction was begun: one that lies in the key store again has no
    /// right to be there. An intent, and a list that is kept, are held against it in their commits as well
    /// ([`while_kept`](crate::while_kept)).
    ///
    /// # Errors
    /// [`Error::Refused`]; [`Error::Store`].
    pub(crate) fn expect_kept(&self, generation: &Generation) -> Result<()> {
        match self.is_ending(generation)? {
            false => Ok(()),
            true => {
                let (number, ca) = (generation.number, self.policy.id());
                let why = "its key was destroyed, and nothing is signed by it";
                Err(Error::refused(
                    "generation",
                    rule!("generation {} of {}: {}", number, *ca, why),
                ))
            }
        }
    }

    /// The partitions in which a generation ever certified or intended to.
    pub(crate) fn partitions(&self, generation: &Generation) -> Result<Vec<Partition>> {
        Ok(self.lives.partitions(self.policy.id(), generation.number)?)
    }

    /// What the CA issued, or intended, to its own name as a generation bears it, oldest first.
    pub(crate) fn self_issued(&self, generation: &Generation) -> Result<Vec<CertificateRow>> {
        Ok(self.authorities.self_issued(self.policy.id(), generation.name.as_der())?)
    }

    /// The row of a certificate that the key of `signer` gave that of `of`, finished or not, that was not revoked.
    pub(crate) fn own_row(
        &self,
        kind: CertificateKind,
        of: &Generation,
        signer: &Generation,
    ) -> Result<Option<CertificateRow>> {
        let (number, spki) = (signer.number, of.key.spki_sha256());
        let rows = self.self_issued(of)?;
        Ok(rows.into_iter().find(|row| {
            let intent = &row.intent;
            (intent.kind, intent.generation, intent.spki_sha256) == (kind, number, spki)
                && !matches!(row.state, CertificateState::Revoked { .. })
        }))
    }

    /// What a generation signed, or may have signed, and is not revoked: at most `limit` in order of
    /// issue from the place `from` on, with the place after the last of them; nothing after the end.
    pub(crate) fn unrevoked(
        &self,
        generation: u32,
        from: Sequence,
        limit: usize,
    ) -> Result<Option<(Sequence, Vec<StatusRow>)>> {
        let page = self.lives.unrevoked(self.policy.id(), generation, from, limit)?;
        let Some((last, _)) = page.last() else { return Ok(None) };
        Ok(Some((last + 1, page.into_iter().map(|(_, row)| row).collect())))
    }

    /// A generation as it is stored.
    fn stored(&self, row: &AuthorityRow) -> Result<Generation> {
        let missing = || Error::Unknown {
            field: "self-signed certificate",
            value: row.self_signed.to_string(),
        };
        let own = self.certificates.find(&row.self_signed)?.ok_or_else(missing)?;
        Generation::stored(row, own.intent.not_after)
    }
}
