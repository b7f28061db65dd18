//! The revocation that a holder asks for online (L7; A 3.4.1.1, 4.9.3.1(1), S 4-4-2-2①).

use domain::act::{Act, Actor};
use domain::certificate::CertificateState;
use domain::hexadecimal::hex;
use domain::id::ApplicationId;
use domain::journal::EventKind;
use domain::revocation::Requester;
use domain::rule;
use domain::rule::{Hex, OfTheInstallation, Rule};
use jiff::Timestamp;
use store::{Change, Entry, HolderRequestRow, Unit};
use x509::cms::{SignedData, unarmored};
use x509::digest::sha256;

use super::certificate::{KnownCertificate, Standing};
use super::receipt::{self, HolderReceipt, Outcome};
use super::stored::{self, Asked};
use super::text::RequestText;
use super::{Holders, Refusal, Result, expect_online};
use crate::authority::{AuthorityError, RevocationOrder};
use crate::error::WindowError;

/// The part of the system that finishes what was taken in.
const FINISHER: &str = "holder-requests";
/// At most so many open requests are finished in one go.
const AT_ONCE: usize = 100;

/// A request whose signature was verified, and whose signer may ask for what it asks.
#[derive(Debug, Clone)]
pub struct SignedRequest {
    row: HolderRequestRow,
    asked: Asked,
}

impl SignedRequest {
    /// Its number: of the same octets always the same.
    pub fn id(&self) -> &ApplicationId {
        &self.row.id
    }

    /// As whom the signer acts.
    pub fn actor(&self) -> Actor {
        let (ca, serial) = self.asked.signer.clone();
        Actor::Holder { ca, serial }
    }
}

impl Holders {
    /// Reads a signed request and checks everything about it. A message that was taken in before is
    /// recognised by its octets, whatever became of its signer's certificate since.
    ///
    /// # Errors
    /// [`super::HolderError::Refused`], one for each rule; nothing was changed.
    pub fn open(&self, message: &[u8], at: Timestamp) -> Result<SignedRequest> {
        let signed = unarmored(message)?;
        let id = request_id(&signed)?;
        if let Some(row) = self.store.holder_request(&id)? {
            let asked = stored::decode(&row.record)?;
            return Ok(SignedRequest { row, asked });
        }
        let data = SignedData::parse(&signed)?;
        let signer = self.known(&data.certificate().der)?;
        // Before anything is told of the certificate's state: verifiers alone may ask for that.
        data.verify()?;
        expect_may_sign(&signer, at)?;
        let text = RequestText::read(&self.key, data.content(), at)?;
        if self.store.holder_nonce_was_used(&text.nonce)? {
            return Err(Refusal::NonceUsed.into());
        }
        self.expect_allowed(&signer, &text, at)?;
        let asked = Asked {
            ca: text.ca,
            serial: text.serial,
            cause: text.cause,
            signer: (signer.ca, signer.serial),
            received: at,
        };
        let (nonce, record) = (text.nonce, stored::encode(&asked)?);
        let row =
            HolderRequestRow { id, holder: signer.holder, nonce, signed, record, receipt: None };
        Ok(SignedRequest { row, asked })
    }

    /// Takes the request in, has the CA revoke, and answers with the receipt. Repeated with the same
    /// message it answers with the same receipt. If the CA refuses what was taken in, the receipt says
    /// so and the request is closed: another answer will never come.
    ///
    /// # Errors
    /// [`Refusal::NonceUsed`]; what the store and the CA say: then a repetition goes on.
    pub fn revoke(&self, act: &Act, request: &SignedRequest) -> Result<HolderReceipt> {
        let _turn = self.in_turn();
        // Another connection may have sent the same octets meanwhile.
        let row = match self.store.holder_request(&request.row.id)? {
            Some(row) => row,
            None => {
                self.take_in(act, request)?;
                request.row.clone()
            }
        };
        if let Some(receipt) = &row.receipt {
            let receipt = receipt::restore(&row.id, &request.asked, receipt)?;
            let entry = closed(act, &row, &request.asked, &receipt.outcome);
            self.store.commit(Unit::new(entry.no_op()))?;
            return Ok(receipt);
        }
        self.carry_out(act, &row, &request.asked)
    }

    /// Carries out what was taken in before a cut; how many there were.
    ///
    /// # Errors
    /// What the store and the CA say of the first that could not be; the others are carried out, and
    /// the next call tries again.
    pub fn finish(&self, at: Timestamp) -> Result<usize> {
        let _turn = self.in_turn();
        let open = self.store.open_holder_requests(AT_ONCE)?;
        let finished: Vec<_> = open.iter().map(|row| self.finish_one(row, at)).collect();
        finished.into_iter().collect::<Result<Vec<_>>>().map(|finished| finished.len())
    }

    fn finish_one(&self, row: &HolderRequestRow, at: Timestamp) -> Result<HolderReceipt> {
        let actor = Actor::System(FINISHER.parse().map_err(unnamed)?);
        let operation = row.id.as_str().parse().map_err(unnamed)?;
        self.carry_out(&Act::new(actor, at, operation), row, &stored::decode(&row.record)?)
    }

    /// The certificate must be the signer's own and in force, the cause one for holders online.
    fn expect_allowed(
        &self,
        signer: &KnownCertificate,
        text: &RequestText,
        at: Timestamp,
    ) -> Result<()> {
        let policy = self.policy(&text.ca)?;
        let row = self.store.certificate(&text.ca, &text.serial)?;
        let own = row.and_then(KnownCertificate::of).filter(|own| own.holder == signer.holder);
        let own = own.ok_or(Refusal::TargetNotOwn)?;
        expect_online(policy, text.cause)?;
        match own.standing(at) {
            Standing::Good | Standing::Held { .. } => Ok(()),
            Standing::Undelivered { .. } => Err(Refusal::TargetUndelivered.into()),
            Standing::Revoked { .. } | Standing::Expired => Err(Refusal::TargetEnded.into()),
        }
    }

    fn take_in(&self, act: &Act, request: &SignedRequest) -> Result<()> {
        let SignedRequest { row, asked, .. } = request;
        let (ca, serial) = &asked.signer;
        let entry = Entry::new(EventKind::ApplicationReceived, act)
            .ca(&asked.ca)
            .subject(&row.id)
            .detail("asked", "online")
            .detail("serial", asked.serial)
            .detail("cause", asked.cause)
            .detail("signer", rule!("{}/{}", *ca, *serial).as_part())
            .detail("signed_sha256", Hex(&sha256(&row.signed)));
        let unit = Unit::new(entry).change(Change::AddHolderRequest(Box::new(row.clone())));
        match self.store.commit(unit) {
            Ok(_) => Ok(()),
            // The number is new, so it is the nonce that is not: used since it was looked up.
            Err(store::Error::Duplicate { .. }) => Err(Refusal::NonceUsed.into()),
            Err(error) => Err(error.into()),
        }
    }

    fn carry_out(&self, act: &Act, row: &HolderRequestRow, asked: &Asked) -> Result<HolderReceipt> {
        let authority = self.authorities.get(&asked.ca).ok_or(Refusal::CaUnknown)?;
        let requester = Requester::Holder;
        let order = RevocationOrder { cause: asked.cause, requester, approver: None };
        let refusal = match authority.revoke(act, &asked.serial, &order) {
            Ok(()) => None,
            Err(AuthorityError::Refused { field, rule }) => Some(rule.about(field)),
            Err(error) => return Err(error.into()),
        };
        let outcome = self.outcome(asked, refusal)?;
        let entry = closed(act, row, asked, &outcome);
        let receipt = receipt::make(&row.id, asked, authority.policy(), (act.at, outcome));
        let stored = receipt::store(&receipt)?;
        let change = Change::CompleteHolderRequest { id: row.id.clone(), receipt: stored };
        self.store.commit(Unit::new(entry).change(change))?;
        Ok(receipt)
    }

    /// What became of a request that the CA answered, with a refusal or without.
    fn outcome(&self, asked: &Asked, refusal: Option<Rule>) -> Result<Outcome> {
        let row = self.store.certificate(&asked.ca, &asked.serial)?;
        let row = row.ok_or(WindowError::Unknown { field: "certificate" })?;
        match (row.state, refusal) {
            // Refused because it ended meanwhile for another reason: it has ended all the same.
            (CertificateState::Revoked { at, reason }, _) => {
                Ok(Outcome::Revoked { at, reason, entry: row.changed })
            }
            (_, Some(rule)) => Ok(Outcome::Refused { rule: rule.closed().to_owned() }),
            (_, None) => {
                Err(WindowError::refused("certificate", "the CA did not revoke it").into())
            }
        }
    }
}

/// The signer's certificate must be one for signatures, and in force.
fn expect_may_sign(signer: &KnownCertificate, at: Timestamp) -> Result<()> {
    signer.expect_begun(at)?;
    if !signer.is_for_signatures()? {
        return Err(Refusal::CertificateNotForSignatures.into());
    }
    match signer.standing(at) {
        Standing::Good => Ok(()),
        Standing::Held { .. } => Err(Refusal::CertificateHeld.into()),
        Standing::Revoked { .. } => Err(Refusal::CertificateRevoked.into()),
        Standing::Expired => Err(Refusal::CertificateExpired.into()),
        Standing::Undelivered { .. } => Err(Refusal::CertificateUndelivered.into()),
    }
}

/// The entry by which a request is closed.
fn closed(act: &Act, row: &HolderRequestRow, asked: &Asked, outcome: &Outcome) -> Entry {
    let entry = |kind| Entry::new(kind, act).ca(&asked.ca).subject(&row.id);
    match outcome {
        Outcome::Revoked { .. } => {
            entry(EventKind::ApplicationCompleted).detail("serials", asked.serial)
        }
        // The CA's words, as the receipt has kept them.
        Outcome::Refused { rule } => entry(EventKind::ApplicationRefused)
            .detail("serials", asked.serial)
            .detail("reason", OfTheInstallation(rule)),
    }
}

/// The number of a request: of its octets, so that a repetition has the same.
fn request_id(signed: &[u8]) -> Result<ApplicationId> {
    let digest = hex(&sha256(signed));
    format!("online-{}", &digest[..40]).parse().map_err(unnamed)
}

fn unnamed(error: domain::id::InvalidId) -> super::HolderError {
    let what = "the number of a holder's request";
    WindowError::Unreadable { what, problem: error.to_string() }.into()
}
