//! An intent that was found in the database, held against the journal before anything is signed.
//!
//! The row is evidence and no more: whoever can write the database can write one. What vouches for it
//! is the entry of its intent in the sealed journal; and what is signed is drafted once more by the
//! policy, and must be the same octets.

use std::sync::Arc;

use domain::algorithm::KeyAlgorithm;
use domain::certificate::{CertificateKind, CertificateState};
use domain::hexadecimal::hex;
use domain::journal::EventKind;
use domain::service_request::Request;
use store::journal::SealedEntry;
use store::reads::ReadJournal;
use store::{CertificateRow, IntentRow};
use x509::digest::sha256;
use x509::key_check::{self, WeakKeys};

use super::draft::{Draft, Order, PROGRAM};
use super::expect;
use crate::adoption::PolicyInEffect;
use crate::error::{Error, Result};
use crate::generation::Generation;
use crate::hands::Hands;
use crate::request_record::RequestRecord;

/// An intent for which the journal vouches, drafted and linted anew.
pub(super) struct Redrafted {
    pub(super) draft: Draft,
    pub(super) request: Option<Request>,
}

/// The word of the journal for an intent. It has no key, and commits nothing.
pub(super) struct Voucher {
    policy: Arc<PolicyInEffect>,
    record: RequestRecord,
    journal: Arc<dyn ReadJournal>,
    weak_keys: Arc<WeakKeys>,
}

impl Voucher {
    pub(super) fn new(hands: &Hands) -> Self {
        Self {
            policy: hands.policy.clone(),
            record: RequestRecord::new(hands),
            journal: hands.store.clone(),
            weak_keys: hands.weak_keys.clone(),
        }
    }

    /// Holds an intent that a cut left behind against the sealed journal, and drafts it again.
    ///
    /// # Errors
    /// [`Error::Unvouched`] for a row that the journal does not tell of, or that the policy would not
    /// issue: nothing is signed, and people decide. [`Error::Superseded`] where the policy or the list
    /// of weak keys is another than it was then, or a program of another version drafted it. [`Error::Unsealed`] while no checkpoint covers its
    /// entry yet: it may be asked again.
    pub(super) fn vouch(&self, row: &CertificateRow, signer: &Generation) -> Result<Redrafted> {
        let intent = &row.intent;
        let unvouched =
            |reason: String| Error::Unvouched { serial: intent.serial.to_string(), reason };
        if row.state != CertificateState::Intended {
            return Err(unvouched(format!("it is {} and no open intent", row.state.name())));
        }
        let entry = self.journal.sealed_entry(row.issued)?.ok_or_else(|| Error::Unsealed {
            serial: intent.serial.to_string(),
            entry: row.issued,
        })?;
        // What the database says of a request proves itself; a row that does not is an error here.
        let request = self.record.confirmed_for(intent)?;
        check_entry(intent, &entry, request.as_ref()).map_err(unvouched)?;
        let superseded =
            |reason: String| Error::Superseded { serial: intent.serial.to_string(), reason };
        if intent.policy_digest != *self.policy.digest() {
            return Err(superseded("another policy was adopted since".into()));
        }
        let order = Order::of_intent(intent).map_err(|error| unvouched(error.to_string()))?;
        self.check_order_of(intent, &order).map_err(unvouched)?;
        self.check_key_of(intent, &order).map_err(superseded)?;
        let undrafted = |reason: String| match entry.detail("program") == Some(PROGRAM) {
            true => unvouched(format!("the policy would not draft these octets: {reason}")),
            false => superseded(format!("another program drafted it: {reason}")),
        };
        let draft = Draft::new(&self.policy, intent.serial, order, signer);
        let draft = draft.map_err(|error| undrafted(error.to_string()))?;
        if draft.tbs != intent.tbs {
            return Err(undrafted("they differ".into()));
        }
        expect::check(&self.policy, &draft).map_err(|error| undrafted(error.to_string()))?;
        Ok(Redrafted { draft, request })
    }

    /// What a draft does not take from the policy must still be what the policy allows.
    fn check_order_of(&self, intent: &IntentRow, order: &Order) -> std::result::Result<(), String> {
        let as_row = [
            ("subject", order.subject.as_der() == intent.subject),
            ("key", order.key.spki_sha256() == intent.spki_sha256),
            ("notBefore", order.period.not_before == intent.not_before),
            ("notAfter", order.period.not_after == intent.not_after),
        ];
        if let Some((field, _)) = as_row.iter().find(|(_, same)| !same) {
            return Err(format!("its {field} is not the one that the row names"));
        }
        Ok(())
    }

    /// The key was good enough when it was asked for, and must be still.
    fn check_key_of(&self, intent: &IntentRow, order: &Order) -> std::result::Result<(), String> {
        let wanted =
            self.algorithm_of(intent, order).ok_or("its key is of no kind that is certified")?;
        key_check::check(&order.key, wanted, &*self.weak_keys)
            .map_err(|refused| format!("its key: {refused}"))
    }

    /// The algorithm that the key must be of: the CA's own have that of their generation.
    fn algorithm_of(&self, intent: &IntentRow, order: &Order) -> Option<KeyAlgorithm> {
        let found = order.key.key_algorithm();
        match intent.kind {
            CertificateKind::User => {
                let user = self.policy.keys.user.as_ref()?;
                user.permitted().find(|allowed| Some(*allowed) == found)
            }
            kind if kind.is_authority() => found,
            _ => Some(self.policy.keys.other.algorithm),
        }
    }
}

/// The entry must tell of this intent and no other: of the same octets, by the same policy, at the
/// same requester's word.
fn check_entry(
    intent: &IntentRow,
    entry: &SealedEntry,
    request: Option<&Request>,
) -> std::result::Result<(), String> {
    let told = |name| entry.detail(name).map(str::to_owned);
    let application = intent.application.as_ref().map(ToString::to_string);
    let expected = [
        ("kind of entry", Some(entry.kind.name().to_owned()), Some(kind().to_owned())),
        ("CA", entry.ca.clone(), Some(intent.ca.to_string())),
        ("serial", entry.subject.clone(), Some(intent.serial.to_string())),
        ("kind", told("kind"), Some(intent.kind.to_string())),
        ("generation", told("generation"), Some(intent.generation.to_string())),
        ("partition", told("partition"), Some(intent.partition.to_string())),
        ("octets", told("tbs_sha256"), Some(hex(&sha256(&intent.tbs)))),
        ("policy", told("policy_sha256"), Some(hex(&intent.policy_digest))),
        ("application", told("application"), application),
        ("request", told("service_request"), request.map(|request| request.id().to_string())),
    ];
    if !entry.is_done {
        return Err(format!("entry {} tells of a refusal", entry.sequence));
    }
    match expected.into_iter().find(|(_, told, row)| told != row) {
        None => Ok(()),
        Some((field, _, _)) => Err(format!("entry {} tells of another {field}", entry.sequence)),
    }
}

fn kind() -> &'static str {
    EventKind::CertificateIntended.name()
}
