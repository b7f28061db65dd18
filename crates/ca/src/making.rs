//! Making a key generation part by part, each once: plan, key, certificates to the CA's own name.
//!
//! Each part leaves a row, so that whoever calls again after a cut goes on where it stopped. The
//! row of the generation comes last: until then nothing issues with its key.

use std::sync::Arc;

use domain::act::Act;
use domain::algorithm::KeyAlgorithm;
use domain::certificate::{CertificateEvent, CertificateKind};
use domain::id::CaId;
use domain::journal::EventKind;
use domain::policy::Policy;
use domain::rule::Hex;
use domain::validity::Period;
use jiff::Timestamp;
use keys::{KeyError, KeyLabel, KeyStore, PublicKey};
use store::{AuthorityRow, Change, Entry, GenerationPlan, PlannedKey, Unit};
use x509::key_check::{self, WeakKeys};
use x509::name::Name;
use x509::public_key::SpkiInfo;

use crate::adoption::PolicyInEffect;
use crate::error::{Error, Result};
use crate::generation::{Generation, label};
use crate::generations::Generations;
use crate::hands::Hands;
use crate::issuance::{Issuance, Order, own_period};
use crate::ledger::Ledger;
use crate::partition::partition_of;

/// Makes a CA's key in the store under a label, and whatever is to be made with it, such as a
/// backup. Asked again after a cut, it answers with the key that it made.
pub type MakeKey<'a> =
    dyn Fn(&dyn KeyStore, &KeyLabel, KeyAlgorithm) -> std::result::Result<PublicKey, KeyError> + 'a;

/// The usual way to make a key: in the store, without a backup.
///
/// # Errors
/// What the store says.
pub fn find_or_generate(
    keys: &dyn KeyStore,
    label: &KeyLabel,
    algorithm: KeyAlgorithm,
) -> std::result::Result<PublicKey, KeyError> {
    match keys.public_key(label) {
        Err(KeyError::UnknownLabel(_)) => keys.generate(label, algorithm),
        found => found,
    }
}

/// A certificate that the CA issued to its own name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Own {
    pub serial: domain::id::SerialNumber,
    pub certificate: Vec<u8>,
    pub ends: Timestamp,
}

/// The making of generations. It has the whole key store: whoever calls says how a key is made in it.
pub(crate) struct KeyMaking {
    policy: Arc<PolicyInEffect>,
    ledger: Ledger,
    generations: Arc<Generations>,
    issuance: Arc<Issuance>,
    keys: Arc<dyn KeyStore>,
    weak_keys: Arc<WeakKeys>,
}

impl KeyMaking {
    pub(crate) fn new(hands: &Hands, issuance: &Arc<Issuance>) -> Self {
        Self {
            policy: hands.policy.clone(),
            ledger: hands.ledger.clone(),
            generations: hands.generations.clone(),
            issuance: issuance.clone(),
            keys: hands.keys.clone(),
            weak_keys: hands.weak_keys.clone(),
        }
    }

    /// The key and the self-signed certificate of a planned generation.
    pub(crate) fn make_generation(
        &self,
        act: &Act,
        plan: GenerationPlan,
        make_key: &MakeKey<'_>,
    ) -> Result<Generation> {
        let key = match plan.key.clone() {
            Some(key) => key,
            None => self.make_key(act, &plan, make_key)?,
        };
        let mut generation = Generation::planned(&self.policy, &plan, &key)?;
        let kind = CertificateKind::SelfSigned;
        let period = own_period(&self.policy, kind, act.at, None)?;
        let own = self.own_certificate(act, kind, &generation, &generation, period)?;
        (generation.self_signed, generation.ends) = (own.serial, own.ends);
        Ok(generation)
    }

    /// Adds the row of a generation, which ends its plan, together with `entry`.
    pub(crate) fn complete_generation(&self, entry: Entry, generation: Generation) -> Result<()> {
        let row = AuthorityRow {
            ca: self.policy.id().clone(),
            generation: generation.number,
            key_label: generation.label.as_str().to_owned(),
            key_algorithm: generation.key_algorithm,
            signature_algorithm: generation.signature,
            name: generation.name.as_der().to_vec(),
            spki: generation.key.as_der().to_vec(),
            self_signed: generation.self_signed,
            created_at: generation.made_at,
            issues_from: generation.issues_from,
        };
        self.ledger.commit(Unit::new(entry).change(Change::AddAuthority(row)))?;
        self.generations.adopt(generation);
        Ok(())
    }

    /// The certificate of a kind for the key `of`, by the key of `signer`: the one that exists, one
    /// that a cut left unfinished, or a new one.
    pub(crate) fn own_certificate(
        &self,
        act: &Act,
        kind: CertificateKind,
        of: &Generation,
        signer: &Generation,
        period: Period,
    ) -> Result<Own> {
        if let Some(row) = self.generations.own_row(kind, of, signer)? {
            let ends = row.intent.not_after;
            let certificate = match row.der {
                Some(der) => der,
                None => {
                    self.issuance
                        .finish(act, &row, signer, CertificateEvent::IssueInForce)?
                        .certificate
                }
            };
            return Ok(Own { serial: row.intent.serial, certificate, ends });
        }
        let order = own_order(&self.policy, kind, of, period)?;
        let issued = self.issuance.issue(act, order, signer, CertificateEvent::IssueInForce)?;
        let (serial, certificate) = (issued.serial, issued.certificate);
        Ok(Own { serial, certificate, ends: period.not_after })
    }

    pub(crate) fn make_key(
        &self,
        act: &Act,
        plan: &GenerationPlan,
        make_key: &MakeKey<'_>,
    ) -> Result<PlannedKey> {
        let label = label(&plan.key_label)?;
        let public = make_key(&*self.keys, &label, plan.key_algorithm)?;
        let spki = SpkiInfo::parse(&public.spki_der)?;
        key_check::check(&spki, plan.key_algorithm, &*self.weak_keys)
            .map_err(|refused| Error::refused("public key", refused))?;
        // A cut between the making and this entry makes the key seem younger by the time of it.
        let key = PlannedKey { spki: public.spki_der, made_at: act.at };
        let entry = key_generated(self.policy.id(), act, &label, plan.key_algorithm, &key.spki);
        let plan = GenerationPlan { key: Some(key.clone()), ..plan.clone() };
        self.ledger.commit(Unit::new(entry).change(put_plan(plan)))?;
        Ok(key)
    }
}

/// A generation as the policy wants it now, to be made.
pub(crate) fn plan(
    policy: &PolicyInEffect,
    generation: u32,
    issues_from: Timestamp,
) -> GenerationPlan {
    GenerationPlan {
        ca: policy.id().clone(),
        generation,
        key_label: format!("{}-ca-{generation}", policy.id()),
        key_algorithm: policy.keys.ca.algorithm,
        signature_algorithm: policy.keys.signature,
        issues_from,
        key: None,
    }
}

/// What keeps a plan.
pub(crate) fn put_plan(plan: GenerationPlan) -> Change {
    Change::PutGenerationPlan(Box::new(plan))
}

/// What is ordered of a certificate to the CA's own name.
pub(crate) fn own_order(
    policy: &Policy,
    kind: CertificateKind,
    of: &Generation,
    period: Period,
) -> Result<Order> {
    Ok(Order {
        kind,
        partition: partition_of(kind, None)?,
        subject: Name::write(&policy.issuer.name)?,
        key: of.key.clone(),
        period,
        names: Vec::new(),
        holder: None,
        application: None,
    })
}

/// The entry of a key that was made for a CA.
pub(crate) fn key_generated(
    ca: &CaId,
    act: &Act,
    label: &KeyLabel,
    algorithm: KeyAlgorithm,
    spki: &[u8],
) -> Entry {
    Entry::new(EventKind::KeyGenerated, act)
        .ca(ca)
        .subject(label)
        .detail("algorithm", algorithm)
        .detail("spki_sha256", Hex(&x509::digest::sha256(spki)))
}
