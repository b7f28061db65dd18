//! Certificates of residents: the rules around the six steps.

use std::sync::Arc;

use card::CardNumber;
use domain::act::Act;
use domain::application::{ApplicationKind, Others};
use domain::certificate::{CertificateEvent, CertificateKind, CertificateState};
use domain::id::{CardId, MunicipalityCode};
use domain::journal::EventKind;
use domain::municipality;
use domain::policy::{ExtensionRule, KeyMaker, NamesSource, UserKeyRule, ValidityRule};
use domain::revocation::RevocationCause;
use domain::rule;
use domain::rule::Hex;
use domain::validity::{self, Period};
use jiff::Timestamp;
use keys::{TransportKey, UserKeys};
use store::{CertificateRow, Entry, Unit};
use x509::general_name::GeneralName;
use x509::key_check::{self, WeakKeys};
use x509::name::Name;
use x509::oid;
use x509::public_key::SpkiInfo;
use zeroize::Zeroizing;

use crate::adoption::PolicyInEffect;
use crate::card_master::CardKeyring;
use crate::certificates::Certificates;
use crate::error::{Error, Result};
use crate::generations::Generations;
use crate::hands::Hands;
use crate::issuance::{Issuance, Order, no_key, profile, subject_of_user};
use crate::ledger::Ledger;
use crate::life::LifeCycle;
use crate::partition::partition_of;
use crate::possession::Possessions;
use crate::request::{CertifiedAttributes, IssuedToUser, KeySource, UserRequest};
use crate::sequence::SubjectSequence;

/// A private key wrapped to its card, if the CA made it.
type Wrapped = Option<Zeroizing<Vec<u8>>>;

/// What an earlier call for the same application left.
enum Again {
    /// The certificate that it is answered with.
    Issued(IssuedToUser),
    /// One whose key is lost, which ended now.
    Ended,
    /// Nothing.
    Nothing,
}

/// The certificates of residents. It makes their keys and wraps them to cards; the six steps sign.
pub struct UserCertificates {
    policy: Arc<PolicyInEffect>,
    ledger: Ledger,
    certificates: Certificates,
    generations: Arc<Generations>,
    possession: Arc<Possessions>,
    life: Arc<LifeCycle>,
    issuance: Arc<Issuance>,
    sequence: Arc<SubjectSequence>,
    keys: Arc<dyn UserKeys>,
    cards: Arc<CardKeyring>,
    weak_keys: Arc<WeakKeys>,
}

impl UserCertificates {
    pub(crate) fn new(
        hands: &Hands,
        possession: &Arc<Possessions>,
        life: &Arc<LifeCycle>,
        issuance: &Arc<Issuance>,
    ) -> Self {
        Self {
            policy: hands.policy.clone(),
            ledger: hands.ledger.clone(),
            certificates: hands.certificates.clone(),
            generations: hands.generations.clone(),
            possession: possession.clone(),
            life: life.clone(),
            issuance: issuance.clone(),
            sequence: hands.sequence.clone(),
            keys: hands.keys.clone(),
            cards: hands.cards.clone(),
            weak_keys: hands.weak_keys.clone(),
        }
    }

    /// Issues a resident's certificate onto an unusable card (A 4.3.1.1, S 4-2-1).
    ///
    /// Asked again for the same application with the key that the card has by now, it answers with the
    /// same certificate. A key that the CA made and wrapped left once and is nowhere else: if it did
    /// not reach the card, the first certificate is destroyed before delivery, and another issued
    /// with a new key.
    ///
    /// # Errors
    /// [`Error::Refused`] and [`Error::Unknown`] by the rules of the policy, journaled.
    pub fn issue(&self, act: &Act, request: UserRequest) -> Result<IssuedToUser> {
        let subject = request.application.clone();
        let result = self.issue_unrecorded(act, request);
        self.ledger.recording(act, EventKind::CertificateIntended, subject, result)
    }

    fn issue_unrecorded(&self, act: &Act, request: UserRequest) -> Result<IssuedToUser> {
        let municipality = self.check_territory(&request)?;
        let (application, holder) = (&request.application, &request.holder);
        let before = self.certificates.issued_before(application, holder)?;
        let others = match self.answer_again(act, &request, &before.for_application)? {
            Again::Issued(issued) => return Ok(issued),
            Again::Ended => self.certificates.of_holder(holder)?,
            Again::Nothing => before.of_holder,
        };
        let renewed = check_existing(act.at, &request, others)?;
        let (key, wrapped_key) = self.user_key(act, &request)?;
        let profile = profile(&self.policy, CertificateKind::User)?;
        let order = Order {
            kind: CertificateKind::User,
            partition: partition_of(CertificateKind::User, Some(municipality))?,
            subject: Name::write(&subject_of_user(
                &self.sequence,
                &profile.subject,
                act.at,
                municipality,
                request.window,
            )?)?,
            key,
            period: period(profile.validity, act.at, &request, renewed.as_ref())?,
            names: self.user_names(&request)?,
            holder: Some(request.holder.clone()),
            application: Some(request.application.clone()),
        };
        let signer = self.generations.current_at(act.at)?;
        let issued = self.issuance.issue(act, order, &signer, CertificateEvent::Issue)?;
        Ok(IssuedToUser {
            serial: issued.serial,
            certificate: issued.certificate,
            authority_certificate: self.generations.self_signed_certificate(&signer)?,
            wrapped_key,
        })
    }

    /// The municipality as the list knows it, if this CA serves it.
    fn check_territory(&self, request: &UserRequest) -> Result<MunicipalityCode> {
        let known = municipality::find(request.municipality).ok_or_else(|| Error::Unknown {
            field: "municipality",
            value: request.municipality.to_string(),
        })?;
        if !self.policy.serves(known.code) {
            return Err(Error::refused(
                "municipality",
                rule!("{} is outside the CA's territory", known.code),
            ));
        }
        if !request.kind.issues() || !self.policy.applications.kinds.contains(&request.kind) {
            let clause = &self.policy.applications.clause;
            return Err(Error::refused(
                "kind",
                rule!("{} is not taken here ({})", request.kind, clause),
            ));
        }
        if request.window > 99 {
            return Err(Error::refused("window", "0 to 99"));
        }
        Ok(known.code)
    }

    /// Answers by what an earlier call for this application left among `rows`, which are its certificates.
    fn answer_again(
        &self,
        act: &Act,
        request: &UserRequest,
        rows: &[CertificateRow],
    ) -> Result<Again> {
        let stands = |row: &&CertificateRow| !matches!(row.state, CertificateState::Revoked { .. });
        let Some(row) = rows.iter().find(stands) else { return Ok(Again::Nothing) };
        if row.state == CertificateState::Intended {
            return Err(Error::Unsettled(row.intent.serial.to_string()));
        }
        let (CertificateState::Undelivered { .. }, Some(der)) = (row.state, &row.der) else {
            return Err(Error::refused("application", "its certificate was delivered"));
        };
        match &request.key {
            KeySource::OnCard { spki, possession } => {
                let key = on_card(spki)?;
                if key.spki_sha256() != row.intent.spki_sha256 {
                    let rule = "the application has a certificate for another key";
                    return Err(Error::refused("public key", rule));
                }
                self.possession.check(act, &request.application, &key, possession)?;
                let generation = self.generations.numbered(row.intent.generation)?;
                Ok(Again::Issued(IssuedToUser {
                    serial: row.intent.serial,
                    certificate: der.clone(),
                    authority_certificate: self.generations.self_signed_certificate(&generation)?,
                    wrapped_key: None,
                }))
            }
            KeySource::Authority { .. } => {
                self.life.end(act, row, RevocationCause::DestroyedBeforeDelivery, None)?;
                Ok(Again::Ended)
            }
        }
    }

    /// The public key, made or checked as the policy says, and the wrapped private key if made here,
    /// whose deletion is in the journal before anything goes on (A 6.2.7.2).
    fn user_key(&self, act: &Act, request: &UserRequest) -> Result<(SpkiInfo, Wrapped)> {
        let none = || Error::refused("key", "this CA has no users");
        let rule: &UserKeyRule = self.policy.keys.user.as_ref().ok_or_else(none)?;
        let (spki, wrapped) = match (&request.key, rule.made_by) {
            (KeySource::Authority { card }, KeyMaker::Authority) => {
                self.key_for_card(act, request, rule, card)?
            }
            (KeySource::OnCard { spki, possession }, KeyMaker::Holder) => {
                let key = on_card(spki)?;
                self.possession.check(act, &request.application, &key, possession)?;
                (key, None)
            }
            (_, maker) => {
                let rule = rule!("keys are made by the {} ({})", maker.name(), rule.clause);
                return Err(Error::refused("key", rule));
            }
        };
        let found = rule.permitted().find(|permitted| spki.key_algorithm() == Some(*permitted));
        key_check::check(&spki, found.unwrap_or(rule.algorithm), &*self.weak_keys)
            .map_err(|refused| Error::refused("public key", refused))?;
        Ok((spki, wrapped))
    }

    fn key_for_card(
        &self,
        act: &Act,
        request: &UserRequest,
        rule: &UserKeyRule,
        card: &CardId,
    ) -> Result<(SpkiInfo, Wrapped)> {
        let transport = self.transport_key(card)?;
        let (public, wrapped) = self.keys.generate_for_card(rule.algorithm, &transport)?;
        let spki = SpkiInfo::parse(&public.spki_der)?;
        let entry = Entry::new(EventKind::KeyDestroyed, act)
            .ca(self.policy.id())
            .subject(&request.application)
            .detail("spki_sha256", Hex(&spki.spki_sha256()))
            .detail("left", rule!("wrapped to {}", *card).as_part());
        self.ledger.commit(Unit::new(entry))?;
        Ok((spki, Some(wrapped.into_octets())))
    }

    /// The key under which the CA wraps a user's key to a card (A 6.2.6).
    ///
    /// # Errors
    /// [`Error::Unknown`] for a card that is none of ours; [`Error::Keys`].
    fn transport_key(&self, card: &CardId) -> Result<TransportKey> {
        let none = || Error::Unknown { field: "card", value: card.to_string() };
        self.cards.transport_key(&CardNumber::of(card).ok_or_else(none)?)
    }

    /// The names for subjectAltName, where the profile carries the resident's attributes.
    fn user_names(&self, request: &UserRequest) -> Result<Vec<GeneralName>> {
        let profile = profile(&self.policy, CertificateKind::User)?;
        let carries = ExtensionRule::SubjectAltName(NamesSource::BasicAttributes);
        let wanted = profile.extensions.iter().any(|extension| extension.rule == carries);
        match (&request.attributes, wanted) {
            (Some(attributes), true) => Ok(attribute_names(attributes)),
            (None, true) => Err(Error::refused(
                "attributes",
                "the profile carries the four basic attributes (S 3-1-2)",
            )),
            (_, false) => Ok(Vec::new()),
        }
    }
}

/// Whether a holder of the certificates `rows` may be issued another; the one that is renewed, if so.
fn check_existing(
    at: Timestamp,
    request: &UserRequest,
    rows: Vec<CertificateRow>,
) -> Result<Option<CertificateRow>> {
    let pending = |row: &CertificateRow| {
        matches!(row.state, CertificateState::Intended | CertificateState::Undelivered { .. })
    };
    let awaits_delivery = rows.iter().any(pending);
    let in_force =
        rows.into_iter().find(|row| row.state.is_in_force() && row.intent.not_after >= at);
    let others = Others { awaits_delivery, is_in_force: in_force.is_some() };
    match request.kind.refusal(others) {
        Some(rule) => Err(Error::refused("holder", rule)),
        None => Ok(in_force.filter(|_| request.kind == ApplicationKind::Renewal)),
    }
}

/// A public key as a card gave it.
fn on_card(spki: &[u8]) -> Result<SpkiInfo> {
    SpkiInfo::parse(spki).map_err(no_key)
}

/// The six otherName values, in the order the profile of the CPS has them.
pub(crate) fn attribute_names(attributes: &CertifiedAttributes) -> Vec<GeneralName> {
    let gender = attributes.gender.to_string();
    [
        (oid::JPKI_NAME, &attributes.name),
        (oid::JPKI_DATE_OF_BIRTH, &attributes.date_of_birth),
        (oid::JPKI_GENDER, &gender),
        (oid::JPKI_ADDRESS, &attributes.address),
        (oid::JPKI_NAME_SUBSTITUTES, &attributes.name_flags),
        (oid::JPKI_ADDRESS_SUBSTITUTES, &attributes.address_flags),
    ]
    .map(|(oid, value)| GeneralName::OtherName { oid, value: value.clone() })
    .into()
}

fn period(
    rule: ValidityRule,
    at: Timestamp,
    request: &UserRequest,
    renewed: Option<&CertificateRow>,
) -> Result<Period> {
    Ok(match rule {
        ValidityRule::Years { years } => validity::for_years(at, years)?,
        ValidityRule::Birthdays { count, renewed_count, renewal_months } => {
            let near_end = |row: &CertificateRow| {
                validity::less_than_months_left(at, row.intent.not_after, renewal_months)
            };
            let count = if renewed.is_some_and(near_end) { renewed_count } else { count };
            let card_expiry = request.card_expiry;
            if card_expiry.is_some_and(|expiry| expiry < validity::civil_date(at)) {
                return Err(Error::refused("card_expiry", "the card has expired (A 6.3.2.2)"));
            }
            validity::to_birthday(at, request.birth_date, count, card_expiry)?
        }
        ValidityRule::OldWithNew | ValidityRule::NewWithOld => {
            return Err(Error::refused("profile", "only links last as links do"));
        }
    })
}
