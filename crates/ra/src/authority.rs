//! What a window needs of a CA: the program joins the two.

#[cfg(any(test, feature = "contract"))]
pub mod contract;
#[cfg(any(test, feature = "contract"))]
pub mod memory;

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::act::Act;
use domain::application::ApplicationKind;
use domain::certificate::CertificateState;
use domain::hindrance::Hindrance;
use domain::id::{
    ActorId, ApplicationId, CaId, CardId, MunicipalityCode, ResidentCode, SerialNumber,
};
use domain::policy::Policy;
use domain::revocation::{Requester, RevocationCause};
use domain::rule::Rule;
use jiff::Timestamp;
use jiff::civil::Date;
use zeroize::Zeroizing;

/// A certification authority, as the windows see it.
///
/// # Contract
/// - Each call is committed, with its journal entry, before it returns; a call whose answer was
///   lost may have been carried out.
/// - [`nonce`](Self::nonce) draws a nonce for one proof of the application's card: good once, for ten
///   minutes, and only until the next is drawn or the authority starts anew. A proof over any other
///   is refused.
/// - [`issue`](Self::issue) for an application that has an undelivered certificate already answers
///   with that certificate when the card proves that it holds its key. Asked for a new key instead,
///   the authority destroys the first certificate before delivery and issues another: a wrapped key
///   leaves once and is nowhere else.
/// - [`confirm`](Self::confirm) may be called again; each call is a proof of its own.
/// - [`deliver`](Self::deliver) puts the certificate in force and ends the holder's older ones in
///   one commit; of a certificate that is good it changes nothing, after the same check of the
///   proof. The CA believes no window: without a valid proof nothing is delivered.
/// - [`hold`](Self::hold) of a held certificate changes nothing, nor does [`revoke`](Self::revoke)
///   of one that was revoked for the same reason. A revocation for another reason, and the release
///   of one that is not held, are refused.
/// - Refusals are in the CA's journal and have no other effect. Only
///   [`AuthorityError::Unavailable`] and [`AuthorityError::Hindered`] are worth a retry, and the
///   caller decides when.
pub trait Authority: Send + Sync {
    /// Which CA this is.
    fn id(&self) -> &CaId;

    /// The policy in effect.
    fn policy(&self) -> &Policy;

    /// Draws the nonce that the application's card signs next.
    ///
    /// # Errors
    /// `Unavailable`.
    fn nonce(&self, act: &Act, application: &ApplicationId) -> Result<[u8; 32], AuthorityError>;

    /// Issues a resident's certificate, undelivered (A 4.3.1.1, S 4-2-1).
    ///
    /// # Errors
    /// `Refused` and `Unknown` by the rules of the policy; `Unavailable`.
    fn issue(&self, act: &Act, request: IssueRequest) -> Result<IssuedCertificate, AuthorityError>;

    /// Takes the word of a card that stored key and certificate: the wrapped key exists nowhere any
    /// more, at the CA nor at the window (A 6.2.7.2, S 6-2-2-4).
    ///
    /// # Errors
    /// `Refused` if the proof fails or the certificate is not on its way; `Unknown`; `Unavailable`.
    fn confirm(
        &self,
        act: &Act,
        serial: &SerialNumber,
        proof: &Possession,
    ) -> Result<(), AuthorityError>;

    /// Puts a certificate in force whose key the card has proven to hold (A 4.4.1.1, S 4-3-1).
    ///
    /// # Errors
    /// `Refused` if the proof or the state does not allow it; `Unknown`; `Unavailable`.
    fn deliver(
        &self,
        act: &Act,
        serial: &SerialNumber,
        proof: &Possession,
    ) -> Result<(), AuthorityError>;

    /// Holds a certificate at the holder's word (A 4.9.13).
    ///
    /// # Errors
    /// `Refused` where the CPS knows no hold, or the state does not allow it; `Unknown`;
    /// `Unavailable`.
    fn hold(&self, act: &Act, serial: &SerialNumber) -> Result<(), AuthorityError>;

    /// Releases a hold, at the window alone (A 4.9.15).
    ///
    /// # Errors
    /// `Refused` anywhere else, or if it is not held; `Unknown`; `Unavailable`.
    fn release(&self, act: &Act, serial: &SerialNumber) -> Result<(), AuthorityError>;

    /// Revokes a certificate for good (A 4.9.1, S 4-4-1, 4-4-2).
    ///
    /// # Errors
    /// `Refused` by the policy's table or by the state; `Unknown`; `Unavailable`.
    fn revoke(
        &self,
        act: &Act,
        serial: &SerialNumber,
        order: &RevocationOrder,
    ) -> Result<(), AuthorityError>;

    /// Ends a certificate that never reached its holder (A 4.9.9, S 4-4-4-2).
    ///
    /// # Errors
    /// As [`revoke`](Self::revoke).
    fn discard(&self, act: &Act, serial: &SerialNumber) -> Result<(), AuthorityError> {
        let cause = RevocationCause::DestroyedBeforeDelivery;
        let order = RevocationOrder { cause, requester: Requester::Mayor, approver: None };
        self.revoke(act, serial, &order)
    }

    /// A holder's user certificates, newest first, in whatever state.
    ///
    /// # Errors
    /// `Unavailable`.
    fn certificates_of(
        &self,
        holder: &ResidentCode,
    ) -> Result<Vec<HolderCertificate>, AuthorityError>;
}

/// The CAs a window works for, by their ids.
pub type Authorities = BTreeMap<CaId, Arc<dyn Authority>>;

/// A resident's certificate, as a window asks for it after its checks (A 4.3.1.1, S 4-2-1).
#[derive(Debug)]
pub struct IssueRequest {
    /// The application.
    pub application: ApplicationId,
    /// What is applied for.
    pub kind: ApplicationKind,
    /// The future holder.
    pub holder: ResidentCode,
    /// The municipality of the window.
    pub municipality: MunicipalityCode,
    /// The number of the window within the municipality, 0 to 99.
    pub window: u8,
    /// The holder's date of birth, as the resident register has it.
    pub birth_date: Date,
    /// The last civil day of the card that will carry the certificate.
    pub card_expiry: Date,
    /// The four basic attributes; present where the profile carries them.
    pub attributes: Option<CertifiedAttributes>,
    /// Where the key pair comes from.
    pub key: KeySource,
}

/// The four basic attributes with their substitute flags, as a certificate carries them (S 3-1-2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertifiedAttributes {
    /// The name, with alias for foreign residents.
    pub name: String,
    /// One digit a character: 1 where it is a substitute (S 3-1-8).
    pub name_flags: String,
    /// Era digit and date of birth ([`domain::era::certified`]).
    pub date_of_birth: String,
    /// 1 male, 2 female, 3 unknown.
    pub gender: char,
    /// The address, prefecture first.
    pub address: String,
    /// One digit a character: 1 where it is a substitute (S 3-1-8).
    pub address_flags: String,
}

/// Where a holder's key pair comes from; the policy permits one of the two at a first issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// The authority makes it and wraps the private key to the card (A 6.1.1.2).
    FromAuthority {
        /// The card, whose transport key the authority knows.
        card: CardId,
    },
    /// The card has it: the holder made it at the municipality's generator (S 6-1-2), or it arrived
    /// before an earlier attempt of this application was cut off.
    OnCard {
        /// The SubjectPublicKeyInfo, DER.
        spki: Vec<u8>,
        /// That the card has the private key.
        possession: Possession,
    },
}

/// A card's word that it holds the key being loaded, over a nonce of the authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Possession {
    /// The card.
    pub card: CardId,
    /// The nonce.
    pub nonce: [u8; 32],
    /// The signature over [`card::possession_statement`], PKCS#1 v1.5 with SHA-256.
    pub signature: Vec<u8>,
}

/// A certificate that was issued, with what must reach the card.
#[derive(Debug)]
pub struct IssuedCertificate {
    /// The serial.
    pub serial: SerialNumber,
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// The CA's self-signed certificate, DER, to be stored beside it.
    pub authority_certificate: Vec<u8>,
    /// The private key wrapped to the card, when the authority made it just now. It exists nowhere
    /// else, and is wiped when it is dropped.
    pub wrapped_key: Option<Zeroizing<Vec<u8>>>,
}

/// Who asks for a revocation and who, where the policy wants it, approves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationOrder {
    /// The event.
    pub cause: RevocationCause,
    /// Who asks.
    pub requester: Requester,
    /// The second person, who must not be the one who acts.
    pub approver: Option<ActorId>,
}

/// A certificate of a holder, as far as windows need to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolderCertificate {
    /// The serial.
    pub serial: SerialNumber,
    /// Its state.
    pub state: CertificateState,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// The last second of its validity.
    pub not_after: Timestamp,
    /// The application it comes from.
    pub application: Option<ApplicationId>,
    /// SHA-256 of the SubjectPublicKeyInfo: which key on a card it is for.
    pub spki_sha256: [u8; 32],
}

impl HolderCertificate {
    /// Whether the holder can use it, or could but for a hold: good or held, not expired (L12).
    pub fn is_in_force(&self, at: Timestamp) -> bool {
        self.state.is_in_force() && at <= self.not_after
    }

    /// Whether it exists and is on its way to the holder.
    pub fn is_undelivered(&self) -> bool {
        matches!(self.state, CertificateState::Undelivered { .. })
    }
}

/// Why a CA did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    /// The asker's fault: a rule forbids it.
    #[error("{field}: {}", .rule.told())]
    Refused {
        /// The field or thing that breaks the rule.
        field: &'static str,
        /// The rule, with its clause.
        rule: Rule,
    },
    /// The asker's fault: there is no such thing at this CA.
    #[error("{field}: {value} does not exist at this CA")]
    Unknown {
        /// The field that names it.
        field: &'static str,
        /// What was named.
        value: String,
    },
    /// Nobody's fault: the CA does not do it at present, and nothing was carried out.
    #[error(transparent)]
    Hindered(Hindrance),
    /// The state is another one by now, whoever acts has the right no more, or what exists once exists:
    /// nothing was carried out, and the database says why.
    #[error("{0}")]
    Store(store::Error),
    /// The CA or the way to it is down; whether it was carried out is not known.
    #[error("the CA cannot be reached: {0}")]
    Unavailable(String),
}
