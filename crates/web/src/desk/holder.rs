//! The holders' side of the desk: what a certificate opens, and requests signed with one.
//!
//! The rules are all in [`ra::holder`]. Here stands who is let to them, and that every refusal is in
//! the journal before it is told, with the door and the code and without anybody's certificate.

use std::sync::Arc;

use domain::act::{Act, Actor};
use ra::holder::{HolderError, HolderReceipt, Holders, Overview, Refusal};
use store::{Entry, Unit};

use super::permission::Operation;
use crate::acts::{Clock, act_now};
use crate::entrance::door::Door;
use crate::entrance::principal::Principal;
use crate::entrance::refusals::{Kind, Refusals};
use crate::ledger::{Ledger, reading};
use crate::problem::{Fault, Problem};

/// Why a holder did not get what they asked, in words for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declined {
    /// Whose fault it is, which decides the HTTP status.
    pub fault: Fault,
    /// The rule by its stable code.
    pub code: &'static str,
    /// What they read, in Japanese.
    pub sentence: &'static str,
    /// Under which id the log has the inner words.
    pub incident: Option<String>,
}

/// What holders ask from home, by their certificates alone. It commits readings and refusals.
pub(crate) struct SelfService {
    clock: Clock,
    ledger: Ledger,
    refusals: Arc<Refusals>,
    holders: Option<Arc<Holders>>,
}

impl SelfService {
    pub(super) fn new(
        clock: Clock,
        ledger: &Ledger,
        refusals: &Arc<Refusals>,
        holders: Option<Arc<Holders>>,
    ) -> Self {
        Self { clock, ledger: ledger.clone(), refusals: refusals.clone(), holders }
    }

    /// Shows whoever proved to hold the key of `certificate` how their certificates stand (W9).
    ///
    /// # Errors
    /// [`Declined`]; a refusal is journaled. Without a certificate nobody tried anything.
    pub(crate) fn show_own_certificates(
        &self,
        certificate: Option<&[u8]>,
        door: &Door,
    ) -> Result<Overview, Declined> {
        let operation = Operation::ShowOwnCertificates;
        let certificate = certificate.ok_or(Declined::NO_CERTIFICATE)?;
        let holders = self.holders()?;
        let stranger = act_now(&self.clock, Actor::Anonymous, None)?;
        let known = holders.identify(certificate, stranger.at);
        let known = self.journaled((&stranger, operation, door), known)?;
        let actor = Actor::Holder { ca: known.ca.clone(), serial: known.serial };
        let act = Principal::certificate_holder(Act { actor, ..stranger });
        self.ledger.admit(&act, operation)?;
        let overview = self.journaled((&act, operation, door), holders.overview(&known, act.at))?;
        let entry = reading(&act, operation).ca(&known.ca).subject(known.serial);
        let others = overview.others.as_ref().map_or(0, Vec::len);
        self.ledger.read(entry.detail("others", others))?;
        Ok(overview)
    }

    /// The text to be signed. Everybody gets it: it says only what was asked, and a nonce.
    ///
    /// # Errors
    /// [`Declined`]; nothing is journaled, for nothing was tried yet.
    pub(crate) fn draft_revocation_request(
        &self,
        ca: &str,
        serial: &str,
        cause: &str,
    ) -> Result<String, Declined> {
        let act = act_now(&self.clock, Actor::Anonymous, None)?;
        Ok(self.holders()?.draft(ca, serial, cause, act.at)?)
    }

    /// Takes a signed request in and carries it out (L7).
    ///
    /// # Errors
    /// [`Declined`]; a refusal is journaled and has no other effect.
    pub(crate) fn request_revocation(
        &self,
        message: &[u8],
        door: &Door,
    ) -> Result<HolderReceipt, Declined> {
        let operation = Operation::RequestRevocation;
        let holders = self.holders()?;
        let stranger = act_now(&self.clock, Actor::Anonymous, None)?;
        let request = holders.open(message, stranger.at);
        let request = self.journaled((&stranger, operation, door), request)?;
        let operation_id = crate::problem::parse_id("request", request.id().as_str())?;
        let act = Act::new(request.actor(), stranger.at, operation_id);
        let act = Principal::certificate_holder(act);
        self.ledger.admit(&act, operation)?;
        self.journaled((&act, operation, door), holders.revoke(&act, &request))
    }

    fn holders(&self) -> Result<&Holders, Problem> {
        self.holders
            .as_deref()
            .ok_or_else(|| Problem::unavailable("what holders ask", &"this desk serves no holders"))
    }

    /// Hands `result` on; a refusal is in the journal first.
    fn journaled<T>(
        &self,
        (act, operation, door): (&Act, Operation, &Door),
        result: Result<T, HolderError>,
    ) -> Result<T, Declined> {
        if let Err(HolderError::Refused(refusal)) = &result {
            let kind = match operation {
                Operation::ShowOwnCertificates => domain::journal::EventKind::AccessRefused,
                _ => operation.kind(),
            };
            if act.actor == Actor::Anonymous {
                let door = Door { name: operation.name().to_owned(), from: door.from };
                let kind = Kind::new(kind, &door, refusal.rule());
                let kind = Kind { code: Some(refusal.code()), ..kind };
                self.refusals.refuse(act, kind, door.from)?;
                return result.map_err(Declined::from);
            }
            let entry = Entry::new(kind, act)
                .subject(operation.name())
                .detail("peer", door.from)
                .detail("code", refusal.code());
            self.ledger.commit(Unit::new(entry.refused(refusal.rule()))).map_err(Problem::from)?;
        }
        result.map_err(Declined::from)
    }
}

impl Declined {
    /// Nobody can be told anything without one.
    const NO_CERTIFICATE: Self = Self {
        fault: Fault::NotPermitted,
        code: "certificate-needed",
        sentence: "利用者証明用電子証明書が提示されていません。",
        incident: None,
    };
}

impl From<HolderError> for Declined {
    fn from(error: HolderError) -> Self {
        match error {
            HolderError::Refused(refusal) => Self {
                fault: fault_of(refusal),
                code: refusal.code(),
                sentence: refusal.sentence(),
                incident: None,
            },
            HolderError::Failed(error) => Problem::from(error).into(),
            HolderError::Random => Problem::broke(&error).into(),
        }
    }
}

impl From<Problem> for Declined {
    fn from(problem: Problem) -> Self {
        let fault = problem.fault;
        let sentence = match fault {
            Fault::Internal => "システムに障害が発生しました。",
            Fault::Unavailable | Fault::AtWork | Fault::Conflict => {
                "ただいま処理できません。しばらくしてから、同じ操作をもう一度行ってください。"
            }
            Fault::Unknown | Fault::Elsewhere => "指定されたページはありません。",
            Fault::TooLarge => Refusal::MessageTooLarge.sentence(),
            Fault::TooSlow => "データの送信が時間内に終わりませんでした。",
            Fault::NoSuchMethod => "このページでは、その操作を行えません。",
            _ => "送信された内容に誤りがあります。",
        };
        Self { fault, code: fault.words().1, sentence, incident: problem.incident }
    }
}

/// Whose fault a refusal is, for programs that look at the status alone.
fn fault_of(refusal: Refusal) -> Fault {
    use Refusal as R;
    match refusal {
        R::MessageTooLarge => Fault::TooLarge,
        R::CertificateUnreadable
        | R::MessageUnreadable
        | R::MessageDetached
        | R::MessageSigners
        | R::MessageAlgorithm
        | R::MessageAttributes
        | R::MessageCertificate
        | R::SerialMalformed => Fault::Malformed,
        R::CaUnknown => Fault::Unknown,
        R::NonceUsed => Fault::Conflict,
        R::ContentUnreadable
        | R::NonceForeign
        | R::NonceExpired
        | R::CauseNotOnline
        | R::TargetEnded
        | R::TargetUndelivered => Fault::Refused,
        R::CertificateForeign
        | R::CertificateAltered
        | R::CertificateNotUsers
        | R::CertificateForSignatures
        | R::CertificateNotForSignatures
        | R::CertificateNotYetValid
        | R::CertificateExpired
        | R::CertificateRevoked
        | R::CertificateHeld
        | R::CertificateUndelivered
        | R::MessageAltered
        | R::SignatureInvalid
        | R::TargetNotOwn => Fault::NotPermitted,
    }
}
