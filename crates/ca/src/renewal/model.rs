//! A renewal in small: both generations with throwaway keys, in memory.

use std::sync::OnceLock;

use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use domain::certificate::CertificateKind;
use domain::validity::{self, Period};
use jiff::Timestamp;
use keys::{Administer, MemoryKeyStore, Sign};
use store::PlannedKey;
use x509::path::Anchor;
use x509::public_key::SpkiInfo;
use x509::read::Certificate;

use crate::adoption::PolicyInEffect;
use crate::error::{Error, Result};
use crate::generation::{Generation, label};
use crate::issuance::{Order, own_period, sketch};
use crate::making::{own_order, plan};
use crate::sequence::SubjectSequence;

/// Both generations and their links.
pub(super) struct Model<'a> {
    pub(super) policy: &'a PolicyInEffect,
    pub(super) sequence: &'a SubjectSequence,
    pub(super) keys: MemoryKeyStore,
    pub(super) old: Generation,
    pub(super) new: Generation,
    pub(super) anchors: [Anchor; 2],
    pub(super) links: [Certificate; 2],
}

impl<'a> Model<'a> {
    /// A key like the one that stands, one as the policy wants the next, and all certificates
    /// between them.
    pub(super) fn new(
        (policy, sequence): (&'a PolicyInEffect, &'a SubjectSequence),
        real: &Generation,
        now: Timestamp,
        issues_from: Timestamp,
    ) -> Result<Self> {
        let keys = MemoryKeyStore::new();
        let rules = &policy.keys;
        let mut old = twin(policy, &keys, real.number, real.key_algorithm, real.signature)?;
        (old.made_at, old.ends) = (real.made_at, real.ends);
        let mut new = twin(policy, &keys, real.number + 1, rules.ca.algorithm, rules.signature)?;
        (new.made_at, new.issues_from) = (now, issues_from);
        let own = |kind, of: &Generation, signer: &Generation, period| {
            sketch(policy, &keys, own_order(policy, kind, of, period)?, signer)
        };
        let kind = CertificateKind::SelfSigned;
        let old_root = own(
            kind,
            &old,
            &old,
            Period { not_before: validity::whole_second(real.made_at), not_after: real.ends },
        )?;
        let new_root = own(kind, &new, &new, own_period(policy, kind, now, None)?)?;
        old.self_signed = serial(&old_root)?;
        (new.self_signed, new.ends) = (serial(&new_root)?, new_root.tbs.validity.not_after);
        let link = |kind, of: &Generation, signer: &Generation| {
            own(kind, of, signer, own_period(policy, kind, now, Some((of.made_at, old.ends)))?)
        };
        let links = [
            link(CertificateKind::LinkOldWithNew, &old, &new)?,
            link(CertificateKind::LinkNewWithOld, &new, &old)?,
        ];
        let anchors = [Anchor::from_self_signed(&old_root)?, Anchor::from_self_signed(&new_root)?];
        Ok(Self { policy, sequence, keys, old, new, anchors, links })
    }

    /// A sample certificate by the key of one of the generations.
    pub(super) fn certify(&self, mut order: Order, signer: &Generation) -> Result<Certificate> {
        // What would last longer is not issued; the longest that is ends with the root.
        order.period.not_after = order.period.not_after.min(signer.ends);
        sketch(self.policy, &self.keys, order, signer)
    }

    /// A throwaway key for samples.
    pub(super) fn sample_key(&self, algorithm: KeyAlgorithm) -> Result<SpkiInfo> {
        // The holder makes RSA-1024 elsewhere; for a path any key of a subject will do.
        let algorithm = match algorithm {
            KeyAlgorithm::Rsa1024 => KeyAlgorithm::Rsa2048,
            other => other,
        };
        let label = label(&format!("sample-{algorithm}"))?;
        let public = match self.keys.public_key(&label) {
            Ok(found) => found,
            Err(_) => self.keys.generate(&label, algorithm)?,
        };
        Ok(SpkiInfo::parse(&public.spki_der)?)
    }

    pub(super) fn generations(&self) -> [&Generation; 2] {
        [&self.old, &self.new]
    }
}

/// A generation with a throwaway key.
fn twin(
    policy: &PolicyInEffect,
    keys: &MemoryKeyStore,
    number: u32,
    algorithm: KeyAlgorithm,
    signature: SignatureAlgorithm,
) -> Result<Generation> {
    let mut plan = plan(policy, number, Timestamp::UNIX_EPOCH);
    (plan.key_algorithm, plan.signature_algorithm) = (algorithm, signature);
    let public = keys.generate(&label(&plan.key_label)?, algorithm)?;
    let key = PlannedKey { spki: public.spki_der, made_at: Timestamp::UNIX_EPOCH };
    let generation = Generation::planned(policy, &plan, &key)?;
    Ok(Generation { certificate: OnceLock::new(), ..generation })
}

fn serial(certificate: &Certificate) -> Result<domain::id::SerialNumber> {
    let foreign = || Error::refused("serial", "a sketch bears a serial of ours");
    certificate.tbs.serial_number().ok_or_else(foreign)
}
