//! Applications at the windows, and holds by phone.

use card::HolderSecrets;
use domain::id::ApplicationId;
use domain::resident::BasicFour;
use ra::WindowError;
use ra::window::{CardPlace, EvidenceRecord, Handover, Window};

use super::permission::Operation;
use super::principal::Principal;
use super::{Desk, MAX_PAGE, reading};
use crate::problem::Problem;
use crate::wire::{
    ApplicationBody, ApplicationPage, CertificateIdBody, DeliveryBody, EvidenceBody, FormBody,
    HoldBody, HoldOutcomeBody, RefusalBody, RefusedHoldBody,
};

type Answer = Result<ApplicationBody, Problem>;

impl Desk {
    /// Takes an application in.
    ///
    /// # Errors
    /// 422 with the field of the form and its rule; 403 for another municipality's form.
    pub fn receive(&self, act: &Principal, form: FormBody) -> Answer {
        self.admit(act, Operation::ReceiveApplication)?;
        let window = &self.windows()?.window;
        let id = window.receive(act, &form.into())?;
        Ok(window.application(&act.actor, &id)?.into())
    }

    /// Records the identity check; a doubt, the clerk's or the register's, refuses the application.
    ///
    /// # Errors
    /// 422 by the rules, 404 for no such application of this municipality.
    pub fn verify(&self, act: &Principal, id: &str, evidence: EvidenceBody) -> Answer {
        let operation = Operation::VerifyApplication;
        self.admit(act, operation)?;
        let evidence = self.checked(act, operation, EvidenceRecord::try_from(evidence))?;
        self.step(act, operation, id, |window, id| window.verify(act, id, &evidence))
    }

    /// Approves as the second person (A 5.2.1.2).
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn approve(&self, act: &Principal, id: &str) -> Answer {
        self.step(act, Operation::ApproveApplication, id, |window, id| window.approve(act, id))
    }

    /// Has the certificate issued onto the card, unusable until the delivery.
    ///
    /// # Errors
    /// As [`verify`](Self::verify); 503 when CA or register do not answer.
    pub fn issue(&self, act: &Principal, id: &str, place: CardPlace<'_>) -> Answer {
        let operation = Operation::IssueApplication;
        let reader = self.checked_reader(act, operation, place)?;
        self.step(act, operation, id, |window, id| window.issue(act, id, reader))
    }

    /// Delivers the card with the secret its holder sets.
    ///
    /// # Errors
    /// As [`issue`](Self::issue).
    pub fn deliver(
        &self,
        act: &Principal,
        id: &str,
        place: CardPlace<'_>,
        delivery: DeliveryBody,
    ) -> Answer {
        let operation = Operation::DeliverApplication;
        let reader = self.checked_reader(act, operation, place)?;
        let handover = delivery.handover.clone().map(Handover::from).unwrap_or_default();
        let secrets = self.checked(act, operation, HolderSecrets::try_from(delivery))?;
        self.step(act, operation, id, |window, id| {
            window.deliver_by(act, id, secrets, reader, &handover)
        })
    }

    /// Carries out a revocation or the release of a hold; the answer has the receipt.
    ///
    /// # Errors
    /// As [`issue`](Self::issue).
    pub fn complete(&self, act: &Principal, id: &str) -> Answer {
        self.step(act, Operation::CompleteApplication, id, |window, id| window.complete(act, id))
    }

    /// Destroys what was issued and never delivered (A 4.9.9).
    ///
    /// # Errors
    /// As [`issue`](Self::issue).
    pub fn discard(&self, act: &Principal, id: &str, place: CardPlace<'_>) -> Answer {
        let operation = Operation::DiscardApplication;
        self.step(act, operation, id, |window, id| window.discard(act, id, place))
    }

    /// Refuses an application for a reason.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn refuse(
        &self,
        act: &Principal,
        id: &str,
        place: CardPlace<'_>,
        refusal: &RefusalBody,
    ) -> Answer {
        self.step(act, Operation::RefuseApplication, id, |window, id| {
            window.refuse(act, id, &refusal.reason, place)
        })
    }

    /// Notes that the applicant withdrew.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn withdraw(&self, act: &Principal, id: &str, place: CardPlace<'_>) -> Answer {
        let operation = Operation::WithdrawApplication;
        self.step(act, operation, id, |window, id| window.withdraw(act, id, place))
    }

    /// Shows an application of the clerk's municipality.
    ///
    /// # Errors
    /// 404; the reading is journaled first.
    pub fn application(&self, act: &Principal, id: &str) -> Answer {
        let operation = Operation::ShowApplication;
        self.admit(act, operation)?;
        let id: ApplicationId = self.id(act, operation, "application", id)?;
        let found = self.windows()?.window.application(&act.actor, &id).map_err(Problem::from);
        let application = self.checked(act, operation, found)?;
        let entry = reading(act, operation).subject(&id).ca(&application.ca);
        self.journal_reading(entry.personal(&application.resident, "application"))?;
        Ok(application.into())
    }

    /// The newest applications of the clerk's municipality, at most `limit`.
    ///
    /// # Errors
    /// 403; the reading is journaled first.
    pub fn applications(&self, act: &Principal, limit: usize) -> Result<ApplicationPage, Problem> {
        let operation = Operation::ListApplications;
        self.admit(act, operation)?;
        let window = &self.windows()?.window;
        let found = window.applications(&act.actor, limit.min(MAX_PAGE)).map_err(Problem::from);
        let found = self.checked(act, operation, found)?;
        self.journal_reading(reading(act, operation).detail("rows", found.len()))?;
        Ok(ApplicationPage { applications: found.into_iter().map(Into::into).collect() })
    }

    /// Holds every certificate in force of the one resident who answers to the four attributes.
    ///
    /// # Errors
    /// 422 when not exactly one resident answers or nothing can be held.
    pub fn hold(&self, act: &Principal, asked: HoldBody) -> Result<HoldOutcomeBody, Problem> {
        let operation = Operation::HoldCertificates;
        self.admit(act, operation)?;
        let asked = self.checked(act, operation, BasicFour::try_from(asked))?;
        let hold = self.windows()?.window.hold_by_phone(act, &asked)?;
        let held = hold.held.into_iter();
        let refused = hold.refused.into_iter();
        Ok(HoldOutcomeBody {
            held: held
                .map(|(ca, serial)| CertificateIdBody {
                    ca: ca.to_string(),
                    serial: serial.to_string(),
                })
                .collect(),
            refused: refused
                .map(|(ca, rule)| RefusedHoldBody { ca: ca.to_string(), rule })
                .collect(),
        })
    }

    /// The reader of a card that has to be at hand.
    fn checked_reader<'a>(
        &self,
        act: &Principal,
        operation: Operation,
        place: CardPlace<'a>,
    ) -> Result<Option<&'a str>, Problem> {
        self.admit(act, operation)?;
        let reader = match place {
            CardPlace::Reader(reader) => Ok(reader),
            CardPlace::Absent => {
                Err(Problem::refused("card_absent", "this cannot be done without the card"))
            }
        };
        self.checked(act, operation, reader)
    }

    /// One step of an application, and the application as it stands after it.
    fn step<T>(
        &self,
        act: &Principal,
        operation: Operation,
        id: &str,
        step: impl FnOnce(&Window, &ApplicationId) -> Result<T, WindowError>,
    ) -> Answer {
        self.admit(act, operation)?;
        let id: ApplicationId = self.id(act, operation, "application", id)?;
        let window = &self.windows()?.window;
        step(window, &id)?;
        Ok(window.application(&act.actor, &id)?.into())
    }
}
