//! What everything must do that a window takes for a CA: one suite, run over each.
//!
//! Every part of it has residents and cards of its own.

use std::sync::atomic::{AtomicU32, Ordering};

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use card::{CardNumber, CardSlot, TransportKey, possession_statement};
use domain::act::{Act, Actor};
use domain::application::ApplicationKind;
use domain::certificate::{CertificateState, StateName};
use domain::id::{ApplicationId, CardId, ResidentCode, SerialNumber};
use domain::policy::KeyMaker;
use domain::revocation::{Requester, RevocationCause, RevocationReason};
use domain::validity;
use jiff::civil::date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use x509::digest::sha256;

use super::{
    Authority, AuthorityError, CertifiedAttributes, HolderCertificate, IssueRequest,
    IssuedCertificate, KeySource, Possession, RevocationOrder,
};

type Outcome<T> = Result<T, AuthorityError>;

/// An authority under test, and what the suite plays beside it: windows, residents and their cards.
struct Bench<'a> {
    authority: &'a dyn Authority,
    transport: &'a dyn Fn(CardNumber) -> TransportKey,
    begin: Timestamp,
    drawn: AtomicU32,
}

/// Everything the contract of [`Authority`] says, where the policy of this one has it.
///
/// It serves Kawaguchi (11203) and knows cards of any number, whose transport keys are `transport`'s. What
/// the suite does begins at `begin` and takes some minutes of its time.
///
/// # Panics
/// At the first sentence of the contract that does not hold.
pub fn check(
    authority: &dyn Authority,
    transport: &dyn Fn(CardNumber) -> TransportKey,
    begin: Timestamp,
) {
    let bench = Bench { authority, transport, begin, drawn: AtomicU32::new(0) };
    bench.what_is_issued_is_on_its_way_to_its_holder();
    bench.a_key_is_made_by_whom_the_policy_says();
    bench.a_holder_waits_for_one_certificate_and_has_one();
    bench.an_issue_that_is_asked_for_again_leaves_one_certificate();
    bench.what_was_delivered_is_not_issued_again();
    bench.a_proof_is_over_the_last_nonce_once_and_for_ten_minutes();
    bench.what_is_delivered_was_proven_and_ends_the_older();
    bench.a_hold_is_taken_by_phone_and_released_at_the_window();
    bench.a_revocation_is_by_the_policys_table_and_for_one_reason();
    bench.what_never_arrived_is_discarded();
    bench.what_is_unknown_is_told_as_that();
}

/// A key pair on a card.
#[derive(Debug)]
struct OnCard {
    card: CardId,
    pair: RsaKeyPair,
}

impl OnCard {
    fn made(card: CardId) -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key pair");
        Self { card, pair }
    }

    fn spki(&self) -> Vec<u8> {
        let spki: PublicKeyX509Der<'_> = self.pair.public_key().as_der().expect("SPKI");
        spki.as_ref().to_vec()
    }
}

/// An application at the window.
struct Applied {
    application: ApplicationId,
    holder: ResidentCode,
    kind: ApplicationKind,
    card: CardId,
}

/// A certificate with the card that it is for.
struct Subject {
    applied: Applied,
    serial: SerialNumber,
    on_card: OnCard,
}

impl Bench<'_> {
    fn what_is_issued_is_on_its_way_to_its_holder(&self) {
        let subject = self.issued();
        let found = self.certificates_of(&subject);
        let [found] = found.as_slice() else { panic!("one certificate: {found:?}") };
        assert!(found.is_undelivered(), "{found:?}");
        assert_eq!(found.serial, subject.serial);
        assert_eq!(found.application.as_ref(), Some(&subject.applied.application));
        assert_eq!(found.spki_sha256, sha256(&subject.on_card.spki()));
        let other = self.applied();
        assert_eq!(self.authority.certificates_of(&other.holder).expect("a read"), []);
    }

    fn a_key_is_made_by_whom_the_policy_says(&self) {
        let applied = self.applied();
        let key = match self.made_by() {
            KeyMaker::Authority => {
                let on_card = OnCard::made(applied.card.clone());
                self.key_on(&applied, &on_card, self.begin)
            }
            KeyMaker::Holder => KeySource::FromAuthority { card: applied.card.clone() },
        };
        refused(self.authority.issue(&self.clerk(self.begin), self.request(&applied, key)));
        assert_eq!(self.authority.certificates_of(&applied.holder).expect("a read"), []);
    }

    fn a_holder_waits_for_one_certificate_and_has_one(&self) {
        let subject = self.issued();
        refused(self.issue(&self.again(&subject, ApplicationKind::IssueOnCard)));
        self.delivered(&subject);
        refused(self.issue(&self.again(&subject, ApplicationKind::IssueOnCard)));
        let applied = Applied { kind: ApplicationKind::Renewal, ..self.applied() };
        refused(self.issue(&applied));
        assert_eq!(self.certificates_of(&subject).len(), 1);
    }

    fn an_issue_that_is_asked_for_again_leaves_one_certificate(&self) {
        let first = self.issued();
        if self.made_by() == KeyMaker::Authority {
            let (another, _) = self.issue(&first.applied).expect("another key");
            assert_ne!(another.serial, first.serial);
            assert_eq!(self.state(&first).name(), StateName::Revoked);
            let left = self.certificates_of(&first);
            assert_eq!(left.first().map(|newest| newest.serial), Some(another.serial), "{left:?}");
            assert_eq!(left.iter().filter(|one| one.is_undelivered()).count(), 1, "{left:?}");
            return;
        }
        let stranger = OnCard::made(first.applied.card.clone());
        let key = self.key_on(&first.applied, &stranger, self.begin);
        let act = self.clerk(self.begin);
        refused(self.authority.issue(&act, self.request(&first.applied, key)));
        // With the key that is on the card, it is the same certificate.
        let key = self.key_on(&first.applied, &first.on_card, self.begin);
        let same = self.authority.issue(&act, self.request(&first.applied, key));
        let same = same.expect("the same");
        assert_eq!((same.serial, same.wrapped_key), (first.serial, None));
        assert_eq!(self.certificates_of(&first).len(), 1);
    }

    fn what_was_delivered_is_not_issued_again(&self) {
        let subject = self.issued();
        self.delivered(&subject);
        let Subject { applied, on_card, .. } = &subject;
        let key = match self.made_by() {
            KeyMaker::Holder => self.key_on(applied, on_card, self.begin),
            KeyMaker::Authority => KeySource::FromAuthority { card: applied.card.clone() },
        };
        refused(self.authority.issue(&self.clerk(self.begin), self.request(applied, key)));
        assert_eq!(self.certificates_of(&subject).len(), 1);
    }

    fn a_proof_is_over_the_last_nonce_once_and_for_ten_minutes(&self) {
        let subject = self.issued();
        let confirm = |proof: &Possession, at| {
            self.authority.confirm(&self.clerk(at), &subject.serial, proof)
        };
        let proof = || self.proof(&subject.applied, &subject.on_card, self.begin);
        let older = proof();
        let newer = proof();
        refused(confirm(&older, self.begin));
        refused(confirm(&newer, self.begin));
        let lasts = self.begin + SignedDuration::from_mins(10);
        let good = proof();
        confirm(&good, lasts).expect("the last second belongs to it");
        refused(confirm(&good, lasts));
        refused(confirm(&proof(), lasts + SignedDuration::from_secs(1)));
        let another = self.issued();
        refused(confirm(&self.proof(&another.applied, &subject.on_card, self.begin), self.begin));
        let stranger = OnCard::made(subject.on_card.card.clone());
        refused(confirm(&self.proof(&subject.applied, &stranger, self.begin), self.begin));
        confirm(&proof(), self.begin).expect("again, by a proof of its own");
        assert!(matches!(self.state(&subject), CertificateState::Undelivered { .. }));
    }

    fn what_is_delivered_was_proven_and_ends_the_older(&self) {
        let first = self.issued();
        let deliver = |subject: &Subject, on_card: &OnCard| {
            let proof = self.proof(&subject.applied, on_card, self.begin);
            self.authority.deliver(&self.clerk(self.begin), &subject.serial, &proof)
        };
        let stranger = OnCard::made(first.on_card.card.clone());
        refused(deliver(&first, &stranger));
        assert!(matches!(self.state(&first), CertificateState::Undelivered { .. }));
        deliver(&first, &first.on_card).expect("delivered");
        assert_eq!(self.state(&first), CertificateState::Good);
        // Once more it changes nothing, and is proven all the same.
        deliver(&first, &first.on_card).expect("no effect");
        refused(deliver(&first, &stranger));
        let proof = self.proof(&first.applied, &first.on_card, self.begin);
        let confirmed = self.authority.confirm(&self.clerk(self.begin), &first.serial, &proof);
        refused(confirmed);
        let newer = self.issued_for(self.again(&first, ApplicationKind::Renewal));
        assert_eq!(self.state(&first), CertificateState::Good, "until the newer one is delivered");
        deliver(&newer, &newer.on_card).expect("delivered");
        assert_eq!(self.state(&newer), CertificateState::Good);
        assert_eq!(self.reason(&first), Some(RevocationReason::Superseded));
    }

    fn a_hold_is_taken_by_phone_and_released_at_the_window(&self) {
        let subject = self.issued();
        self.delivered(&subject);
        let (serial, begin) = (&subject.serial, self.begin);
        if self.authority.policy().hold.is_none() {
            refused(self.authority.hold(&self.agent(begin), serial));
            refused(self.authority.release(&self.clerk(begin), serial));
            assert_eq!(self.state(&subject), CertificateState::Good);
            return;
        }
        refused(self.authority.release(&self.clerk(begin), serial));
        refused(self.authority.hold(&self.clerk(begin), serial));
        self.authority.hold(&self.agent(begin), serial).expect("held");
        let held = self.state(&subject);
        assert_eq!(held.name(), StateName::Held);
        let later = begin + SignedDuration::from_mins(1);
        self.authority.hold(&self.agent(later), serial).expect("no effect");
        assert_eq!(self.state(&subject), held);
        refused(self.authority.release(&self.agent(later), serial));
        self.authority.release(&self.clerk(later), serial).expect("released");
        assert_eq!(self.state(&subject), CertificateState::Good);
        refused(self.authority.release(&self.clerk(later), serial));
    }

    fn a_revocation_is_by_the_policys_table_and_for_one_reason(&self) {
        let subject = self.issued();
        self.delivered(&subject);
        let revoke = |cause, requester, at| {
            let order = RevocationOrder { cause, requester, approver: None };
            self.authority.revoke(&self.clerk(at), &subject.serial, &order)
        };
        // Whoever asks is no second person.
        let oneself = RevocationOrder {
            cause: RevocationCause::CaKeyCompromised,
            requester: Requester::Authority,
            approver: Some("clerk-a".parse().expect("an id")),
        };
        refused(self.authority.revoke(&self.clerk(self.begin), &subject.serial, &oneself));
        // Not the holder's to ask, without a second person, and not in the table.
        refused(revoke(RevocationCause::RecordRemoved, Requester::Holder, self.begin));
        refused(revoke(RevocationCause::CaKeyCompromised, Requester::Authority, self.begin));
        let policy = self.authority.policy();
        for cause in RevocationCause::ALL {
            if policy.revocation(cause).is_none() {
                refused(revoke(cause, Requester::Authority, self.begin));
            }
        }
        assert_eq!(self.state(&subject), CertificateState::Good);
        revoke(RevocationCause::KeyCompromised, Requester::Holder, self.begin).expect("revoked");
        let revoked = self.state(&subject);
        assert_eq!(self.reason(&subject), Some(RevocationReason::KeyCompromise));
        let later = self.begin + SignedDuration::from_mins(1);
        revoke(RevocationCause::KeyCompromised, Requester::Holder, later).expect("no effect");
        refused(revoke(RevocationCause::UseEnded, Requester::Holder, later));
        assert_eq!(self.state(&subject), revoked);
    }

    fn what_never_arrived_is_discarded(&self) {
        let subject = self.issued();
        let act = self.clerk(self.begin);
        self.authority.discard(&act, &subject.serial).expect("discarded");
        assert_eq!(self.state(&subject).name(), StateName::Revoked);
        self.authority.discard(&act, &subject.serial).expect("no effect");
        let proof = self.proof(&subject.applied, &subject.on_card, self.begin);
        refused(self.authority.deliver(&act, &subject.serial, &proof));
        assert_eq!(self.state(&subject).name(), StateName::Revoked);
        // Its holder may apply anew.
        self.issued_for(self.again(&subject, ApplicationKind::IssueOnCard));
    }

    fn what_is_unknown_is_told_as_that(&self) {
        let nobody = SerialNumber::from_random([0x5a; 16]).expect("not zero");
        let applied = self.applied();
        let on_card = OnCard::made(applied.card.clone());
        let proof = self.proof(&applied, &on_card, self.begin);
        let (clerk, agent) = (self.clerk(self.begin), self.agent(self.begin));
        unknown(self.authority.confirm(&clerk, &nobody, &proof));
        unknown(self.authority.deliver(&clerk, &nobody, &proof));
        unknown(self.authority.discard(&clerk, &nobody));
        if self.authority.policy().hold.is_some() {
            unknown(self.authority.hold(&agent, &nobody));
            unknown(self.authority.release(&clerk, &nobody));
        }
    }
}

impl Bench<'_> {
    fn made_by(&self) -> KeyMaker {
        self.authority.policy().keys.user.as_ref().expect("a CA with users").made_by
    }

    fn number(&self) -> u32 {
        self.drawn.fetch_add(1, Ordering::Relaxed)
    }

    fn act(&self, actor: Actor, at: Timestamp) -> Act {
        let operation = format!("op-{}-{}", self.authority.id(), self.number());
        Act::new(actor, at, operation.parse().expect("an id"))
    }

    fn clerk(&self, at: Timestamp) -> Act {
        let (id, municipality) = ("clerk-a", "11203");
        let actor = Actor::WindowClerk {
            id: id.parse().expect("an id"),
            municipality: municipality.parse().expect("a code"),
        };
        self.act(actor, at)
    }

    fn agent(&self, at: Timestamp) -> Act {
        self.act(Actor::CallCentreAgent("agent-a".parse().expect("an id")), at)
    }

    /// The first application of a resident whom nobody knows.
    fn applied(&self) -> Applied {
        let number = self.number();
        let mut digits = [0; 10];
        digits[6..].copy_from_slice(&number.to_be_bytes());
        Applied {
            // Both CAs may be over one database, where an application is one CA's.
            application: format!("ap-{}-{number}", self.authority.id()).parse().expect("an id"),
            holder: format!("2{number:010}").parse().expect("a code"),
            kind: ApplicationKind::IssueOnCard,
            card: CardNumber(digits).id(),
        }
    }

    /// Another application of the same resident, for another card.
    fn again(&self, subject: &Subject, kind: ApplicationKind) -> Applied {
        Applied { holder: subject.applied.holder.clone(), kind, ..self.applied() }
    }

    fn request(&self, applied: &Applied, key: KeySource) -> IssueRequest {
        IssueRequest {
            application: applied.application.clone(),
            kind: applied.kind,
            holder: applied.holder.clone(),
            municipality: "11203".parse().expect("a code"),
            window: 3,
            birth_date: date(1980, 1, 2),
            card_expiry: validity::civil_date(self.begin + (24 * 365 * 9).hours()),
            attributes: self.authority.policy().certifies_signatures().then(attributes),
            key,
        }
    }

    fn key_on(&self, applied: &Applied, on_card: &OnCard, at: Timestamp) -> KeySource {
        KeySource::OnCard { spki: on_card.spki(), possession: self.proof(applied, on_card, at) }
    }

    /// Issues for an application, with a key made as the policy says.
    fn issue(&self, applied: &Applied) -> Outcome<(IssuedCertificate, OnCard)> {
        let act = self.clerk(self.begin);
        match self.made_by() {
            KeyMaker::Holder => {
                let on_card = OnCard::made(applied.card.clone());
                let key = self.key_on(applied, &on_card, self.begin);
                let issued = self.authority.issue(&act, self.request(applied, key))?;
                assert!(issued.wrapped_key.is_none(), "the card has the key");
                Ok((issued, on_card))
            }
            KeyMaker::Authority => {
                let key = KeySource::FromAuthority { card: applied.card.clone() };
                let issued = self.authority.issue(&act, self.request(applied, key))?;
                let wrapped = issued.wrapped_key.as_ref().expect("a key for the card");
                let on_card = self.loaded(&applied.card, wrapped);
                Ok((issued, on_card))
            }
        }
    }

    /// What a card has of a key that was wrapped to it.
    fn loaded(&self, card: &CardId, wrapped: &[u8]) -> OnCard {
        let transport = (self.transport)(CardNumber::of(card).expect("a number"));
        let wrapping_key = AesKek::new(&AES_256, transport.as_bytes()).expect("a key");
        let mut output = vec![0; wrapped.len()];
        let pkcs8 = wrapping_key.unwrap_with_padding(wrapped, &mut output).expect("the card's");
        let pair = RsaKeyPair::from_pkcs8(pkcs8).expect("a key pair");
        OnCard { card: card.clone(), pair }
    }

    fn issued_for(&self, applied: Applied) -> Subject {
        let (issued, on_card) = self.issue(&applied).expect("issued");
        Subject { applied, serial: issued.serial, on_card }
    }

    fn issued(&self) -> Subject {
        self.issued_for(self.applied())
    }

    fn delivered(&self, subject: &Subject) {
        let proof = self.proof(&subject.applied, &subject.on_card, self.begin);
        let act = self.clerk(self.begin);
        self.authority.deliver(&act, &subject.serial, &proof).expect("delivered");
    }

    /// What the card says over a nonce that is drawn now.
    fn proof(&self, applied: &Applied, on_card: &OnCard, at: Timestamp) -> Possession {
        let nonce = self.authority.nonce(&self.clerk(at), &applied.application).expect("a nonce");
        let slot = match self.authority.policy().certifies_signatures() {
            true => CardSlot::Signature,
            false => CardSlot::Authentication,
        };
        let statement = possession_statement(&on_card.card, slot, &nonce);
        let mut signature = vec![0; on_card.pair.public_modulus_len()];
        on_card
            .pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &statement, &mut signature)
            .expect("a signature");
        Possession { card: on_card.card.clone(), nonce, signature }
    }

    fn certificates_of(&self, subject: &Subject) -> Vec<HolderCertificate> {
        self.authority.certificates_of(&subject.applied.holder).expect("a read")
    }

    fn state(&self, subject: &Subject) -> CertificateState {
        let mut all = self.certificates_of(subject).into_iter();
        all.find(|one| one.serial == subject.serial).expect("it was issued").state
    }

    fn reason(&self, subject: &Subject) -> Option<RevocationReason> {
        match self.state(subject) {
            CertificateState::Revoked { reason, .. } => Some(reason),
            _ => None,
        }
    }
}

fn attributes() -> CertifiedAttributes {
    CertifiedAttributes {
        name: "川口\u{3000}太郎".to_owned(),
        name_flags: "00000".to_owned(),
        date_of_birth: domain::era::certified(date(1980, 1, 2)),
        gender: '1',
        address: "埼玉県川口市青木二丁目１番１号".to_owned(),
        address_flags: "000000000000000".to_owned(),
    }
}

#[track_caller]
fn refused<T: std::fmt::Debug>(outcome: Outcome<T>) {
    assert!(matches!(outcome, Err(AuthorityError::Refused { .. })), "{outcome:?}");
}

#[track_caller]
fn unknown<T: std::fmt::Debug>(outcome: Outcome<T>) {
    assert!(matches!(outcome, Err(AuthorityError::Unknown { .. })), "{outcome:?}");
}

#[cfg(test)]
mod tests {
    use domain::policy::Policy;

    use super::super::memory::MemoryAuthority;
    use super::*;

    #[test]
    fn w1_the_twin_is_what_windows_take_for_a_ca() {
        let auth = include_str!("../../../../policy/jpki-auth.toml");
        let sign = include_str!("../../../../policy/saitama-sign.toml");
        let transport = |_| TransportKey::new(&[7; 32]);
        for policy in [auth, sign] {
            let policy = Policy::from_toml(policy).expect("a policy");
            let twin = MemoryAuthority::new(policy, transport);
            check(&twin, &transport, "2026-04-01T03:00:00Z".parse().expect("a timestamp"));
        }
    }
}
