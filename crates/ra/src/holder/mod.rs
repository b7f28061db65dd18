//! The holder of a card, at home: what they may see of their certificates, and what they may ask.
//!
//! Whoever shows a certificate has proven to hold its key before anything here is asked; that the
//! certificate is one of ours, byte for byte, is checked here. A request is a text that was given
//! out with a nonce, signed with the holder's signature certificate (A 3.4.1.1, S 4-4-2-2①). It is
//! taken in before it is carried out, so that what was taken in is carried out after any cut.

mod certificate;
mod receipt;
mod refusal;
mod request;
mod stored;
mod text;

use std::sync::{Arc, Mutex, PoisonError};

use domain::id::CaId;
use domain::policy::Policy;
use domain::revocation::RevocationCause;
use jiff::Timestamp;
use store::{Sequence, Store};
use x509::name::Name;

use crate::authority::{Authorities, Authority};
use crate::error::WindowError;

pub use certificate::{KnownCertificate, Standing};
pub use receipt::{HolderReceipt, Outcome};
pub use refusal::{HolderError, Refusal};
pub use request::SignedRequest;
pub use text::{VALID_MINUTES, cause_words};

use self::text::{RequestKey, RequestText};

/// The result of everything here.
pub type Result<T> = std::result::Result<T, HolderError>;

/// What is done for holders who come with their certificates.
///
/// One for each process that serves them: the texts it gives out are its own, and it takes requests
/// in one after the other.
pub struct Holders {
    store: Arc<dyn Store>,
    authorities: Authorities,
    key: RequestKey,
    turn: Mutex<()>,
}

/// What a holder sees of their own certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// When it was read.
    pub at: Timestamp,
    /// The last journal entry it includes for certain.
    pub as_of: Option<Sequence>,
    /// The certificate that was shown.
    pub shown: OwnCertificate,
    /// The holder's others, newest first; only for who shows a certificate that is good.
    pub others: Option<Vec<OwnCertificate>>,
}

/// One certificate, as its holder sees it. It names no person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnCertificate {
    /// The CA.
    pub ca: CaId,
    /// The CA's title.
    pub title: String,
    /// The serial, as it is written everywhere.
    pub serial: String,
    /// How it stands.
    pub standing: Standing,
    /// The first second of its validity.
    pub not_before: Timestamp,
    /// The last second of its validity.
    pub not_after: Timestamp,
    /// The causes for which its holder can ask online that it ends; none once it has ended.
    pub online_causes: Vec<RevocationCause>,
}

impl Holders {
    /// Over a store and the CAs of the installation.
    ///
    /// # Errors
    /// What the store says.
    pub fn new(
        store: Arc<dyn Store>,
        authorities: impl IntoIterator<Item = Arc<dyn Authority>>,
    ) -> Result<Self> {
        let authorities = authorities.into_iter().map(|ca| (ca.id().clone(), ca)).collect();
        let key = RequestKey::of(&*store)?;
        Ok(Self { store, authorities, key, turn: Mutex::new(()) })
    }

    /// The names (DER) of the CAs whose user certificates open the page, so that a browser offers
    /// those alone.
    ///
    /// # Errors
    /// A policy names its issuer so that it cannot be written.
    pub fn issuers(&self) -> Result<Vec<Vec<u8>>> {
        let policies = self.authorities.values().map(|authority| authority.policy());
        let opening = policies.filter(|policy| !policy.certifies_signatures());
        let names = opening.map(|policy| match Name::write(&policy.issuer.name) {
            Ok(name) => Ok(name.as_der().to_vec()),
            Err(error) => {
                let problem = error.to_string();
                Err(WindowError::Unreadable { what: "the name of a CA", problem }.into())
            }
        });
        names.collect()
    }

    /// The certificate with which somebody comes to look: any of ours that reached its holder and
    /// is not for signatures, in whatever state it is by now.
    ///
    /// A certificate that ended opens its own state still: that it is held or revoked is what its
    /// holder comes to see, and who holds the key of a stolen card learns nothing else by it.
    ///
    /// # Errors
    /// [`HolderError::Refused`]; and what the store says.
    pub fn identify(&self, der: &[u8], at: Timestamp) -> Result<KnownCertificate> {
        let known = self.known(der)?;
        known.expect_begun(at)?;
        if known.is_for_signatures()? {
            return Err(Refusal::CertificateForSignatures.into());
        }
        if matches!(known.standing(at), Standing::Undelivered { .. }) {
            return Err(Refusal::CertificateUndelivered.into());
        }
        Ok(known)
    }

    /// How the certificate stands, and the holder's others at every CA (W9). The others are shown
    /// only for a certificate that is good: of all others it is doubtful who comes with it.
    ///
    /// # Errors
    /// What the store or a CA says.
    pub fn overview(&self, known: &KnownCertificate, at: Timestamp) -> Result<Overview> {
        let as_of = self.store.last_sequence()?;
        let shown = self.own(known, at)?;
        let others = match shown.standing {
            Standing::Good => Some(self.others(known, at)?),
            _ => None,
        };
        Ok(Overview { at, as_of, shown, others })
    }

    /// The text by which the holder asks that a certificate ends, to be signed within
    /// [`VALID_MINUTES`]. It holds no secret, and is given to anybody.
    ///
    /// # Errors
    /// [`HolderError::Refused`] for a CA, a serial or a cause that cannot be.
    pub fn draft(&self, ca: &str, serial: &str, cause: &str, at: Timestamp) -> Result<String> {
        let ca: CaId = ca.parse().map_err(|_| Refusal::CaUnknown)?;
        let policy = self.policy(&ca)?;
        let serial = serial.parse().map_err(|_| Refusal::SerialMalformed)?;
        let cause = RevocationCause::from_name(cause).ok_or(Refusal::CauseNotOnline)?;
        expect_online(policy, cause)?;
        RequestText::draft(&self.key, ca, serial, cause, at)
    }

    fn policy(&self, ca: &CaId) -> Result<&Policy> {
        let authority = self.authorities.get(ca).ok_or(Refusal::CaUnknown)?;
        Ok(authority.policy())
    }

    fn own(&self, known: &KnownCertificate, at: Timestamp) -> Result<OwnCertificate> {
        let policy = self.policy(&known.ca)?;
        let standing = known.standing(at);
        let can_end = matches!(standing, Standing::Good | Standing::Held { .. });
        Ok(OwnCertificate {
            ca: known.ca.clone(),
            title: policy.title.clone(),
            serial: known.serial.to_string(),
            standing,
            not_before: known.not_before,
            not_after: known.not_after,
            online_causes: if can_end { online_causes(policy) } else { Vec::new() },
        })
    }

    fn others(&self, known: &KnownCertificate, at: Timestamp) -> Result<Vec<OwnCertificate>> {
        let mut others = Vec::new();
        for ca in self.authorities.keys() {
            for row in self.store.certificates_of(ca, &known.holder)? {
                let is_shown = row.intent.serial == known.serial && *ca == known.ca;
                if let (false, Some(other)) = (is_shown, KnownCertificate::of(row)) {
                    others.push(self.own(&other, at)?);
                }
            }
        }
        Ok(others)
    }

    fn in_turn(&self) -> std::sync::MutexGuard<'_, ()> {
        // The lock guards no data of its own, so a panic elsewhere leaves nothing broken behind it.
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Holders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Holders({:?})", self.authorities.keys())
    }
}

/// Refuses a cause that the policy does not open to holders online (A 4.9.3.1(1), S 4-4-2-2①).
fn expect_online(policy: &Policy, cause: RevocationCause) -> Result<()> {
    match online_causes(policy).contains(&cause) {
        true => Ok(()),
        false => Err(Refusal::CauseNotOnline.into()),
    }
}

fn online_causes(policy: &Policy) -> Vec<RevocationCause> {
    let online = |cause: &RevocationCause| policy.revocation(*cause).is_some_and(|row| row.online);
    RevocationCause::ALL.into_iter().filter(online).collect()
}

impl From<WindowError> for HolderError {
    fn from(error: WindowError) -> Self {
        Self::Failed(error)
    }
}
