//! What the CA is asked to certify, as the windows and the staff put it.

use domain::application::ApplicationKind;
use domain::certificate::CertificateKind;
use domain::id::{ApplicationId, CardId, MunicipalityCode, ResidentCode, SerialNumber};
use jiff::civil::Date;
use zeroize::Zeroizing;

/// A resident's certificate, as a window asks for it after its checks (A 4.3.1.1, S 4-2-1).
#[derive(Debug)]
pub struct UserRequest {
    /// The application; asking again for the same one has no second effect.
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
    /// When the card that will carry the certificate ends, if it ends.
    pub card_expiry: Option<Date>,
    /// The four basic attributes as they are to be certified; needed where the profile carries them.
    pub attributes: Option<CertifiedAttributes>,
    /// Where the key pair comes from.
    pub key: KeySource,
}

/// The four basic attributes with their substitute flags, as a certificate carries them (S 3-1-2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertifiedAttributes {
    /// Name, with alias for foreign residents.
    pub name: String,
    /// One digit a character: 1 where it is a substitute (S 3-1-8).
    pub name_flags: String,
    /// Era digit and date of birth.
    pub date_of_birth: String,
    /// 1 male, 2 female, 3 unknown.
    pub gender: char,
    /// Address, prefecture first.
    pub address: String,
    /// One digit a character: 1 where it is a substitute (S 3-1-8).
    pub address_flags: String,
}

/// Where a holder's key pair comes from; the policy permits one of the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// The CA makes it and wraps the private key to the card, whose transport key it derives itself
    /// (A 6.1.1.2, 6.2.6).
    Authority {
        /// The card.
        card: CardId,
    },
    /// The card has it already: the holder made it at the municipality's generator (S 6-1-2), or it
    /// is the one that the CA made for this application before the operation was cut off.
    OnCard {
        /// The SubjectPublicKeyInfo, DER.
        spki: Vec<u8>,
        /// That the card has the private key.
        possession: Possession,
    },
}

/// A card's word that it holds a key, over a nonce that the CA drew for the application
/// ([`Possessions::nonce`](crate::Possessions::nonce)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Possession {
    /// The card.
    pub card: CardId,
    /// The nonce.
    pub nonce: [u8; 32],
    /// The signature over [`card::possession_statement`], PKCS#1 v1.5 with SHA-256.
    pub signature: Vec<u8>,
}

/// A certificate that was issued to a resident, with what must reach the card.
#[derive(Debug)]
pub struct IssuedToUser {
    /// The serial.
    pub serial: SerialNumber,
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// The CA's self-signed certificate, DER, to be stored beside it.
    pub authority_certificate: Vec<u8>,
    /// The private key wrapped to the card, when the CA made it just now. It exists nowhere else, and
    /// is wiped when it is dropped.
    pub wrapped_key: Option<Zeroizing<Vec<u8>>>,
}

/// A certificate for a server or responder, from a checked request of the staff (L13).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRequest {
    /// What it is for.
    pub kind: CertificateKind,
    /// The common name.
    pub common_name: String,
    /// The SubjectPublicKeyInfo, DER.
    pub spki: Vec<u8>,
    /// The DNS names for subjectAltName.
    pub dns_names: Vec<String>,
    /// The addresses for subjectAltName.
    pub addresses: Vec<std::net::IpAddr>,
}
