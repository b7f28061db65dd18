//! Applications at the windows, and holds by phone.

use card::HolderSecrets;
use domain::id::ApplicationId;
use domain::resident::BasicFour;
use ra::WindowError;
use ra::form::ReceivedForm;
use ra::window::{CardPlace, EvidenceItem, EvidenceRecord, Handover, Window};
use serde::{Deserialize, Serialize};
use store::Page;
use utoipa::ToSchema;

use super::permission::Operation as Permitted;
use super::{MAX_PAGE, usual_page};
use crate::operation::{Call, Listed, Needs, Operation, Spec, text};
use crate::problem::Problem;
use crate::wire::{
    ApplicationBody, ApplicationPage, CertificateIdBody, DocumentBody, HandoverBody,
    HoldCertificates, HoldOutcomeBody, ReceiveApplication, RefusedHoldBody, SecretText,
    holder_secrets,
};

const GROUP: &str = "applications";

/// The operations of this group.
pub(crate) const OPERATIONS: &[Listed] = &[
    Listed::of::<ReceiveApplication>(),
    Listed::of::<VerifyApplication>(),
    Listed::of::<ApproveApplication>(),
    Listed::of::<IssueApplication>(),
    Listed::of::<DeliverApplication>(),
    Listed::of::<CompleteApplication>(),
    Listed::of::<DiscardApplication>(),
    Listed::of::<RefuseApplication>(),
    Listed::of::<WithdrawApplication>(),
    Listed::of::<ShowApplication>(),
    Listed::of::<ListApplications>(),
    Listed::of::<HoldCertificates>(),
];

/// The fields that say where the card of an application lies.
const AT_READER: &[&str] = &["reader", "card_absent"];

impl Operation for ReceiveApplication {
    const SPEC: Spec =
        Spec::post(Permitted::ReceiveApplication, "/api/v1/applications", GROUP, "It is received.")
            .creating()
            .by_file("form", "The form, in JSON.", &[])
            .needing(Needs::Windows);

    type Answer = ApplicationBody;

    fn run(self, call: &Call<'_>) -> Result<ApplicationBody, Problem> {
        let window = call.window()?;
        let id = window.applications().receive(call.act(), &ReceivedForm::from(self))?;
        Ok(window.applications().find(&call.act().actor, &id)?.into())
    }
}

/// Lists the applications of the clerk's municipality, newest first: all of them, or those in one state.
///
/// A page may be short, or empty, and not be the last: at most 50 applications are looked at for each that
/// is asked for. Where `next` is there, the list goes on.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListApplications {
    /// Only those in this state.
    pub state: Option<text::ApplicationState>,
    /// The application after which the page begins, from the answer before.
    pub after: Option<text::Application>,
    /// At most so many rows; 1 to 1000.
    #[serde(default = "usual_page")]
    pub limit: usize,
}

impl Operation for ListApplications {
    const SPEC: Spec =
        Spec::get(Permitted::ListApplications, "/api/v1/applications", GROUP, "The applications.")
            .needing(Needs::Windows);

    type Answer = ApplicationPage;

    fn run(self, call: &Call<'_>) -> Result<ApplicationPage, Problem> {
        let (actor, limit) = (&call.act().actor, self.limit.clamp(1, MAX_PAGE));
        let (state, after) = (self.state.as_deref().copied(), self.after.as_deref());
        let found = call.window()?.applications().list(actor, state, after, limit);
        let Page { rows, next } = call.checked(found.map_err(Problem::from))?;
        call.read(|entry| entry.detail("rows", rows.len()))?;
        let applications = rows.into_iter().map(Into::into).collect();
        Ok(ApplicationPage { applications, next: next.map(|id| id.to_string()) })
    }
}

/// Shows an application.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShowApplication {
    /// The application.
    pub id: text::Application,
}

impl Operation for ShowApplication {
    const SPEC: Spec = Spec::get(
        Permitted::ShowApplication,
        "/api/v1/applications/{id}",
        GROUP,
        "The application.",
    )
    .needing(Needs::Windows);

    type Answer = ApplicationBody;

    fn run(self, call: &Call<'_>) -> Result<ApplicationBody, Problem> {
        let found = call.window()?.applications().find(&call.act().actor, &self.id);
        let application = call.checked(found.map_err(Problem::from))?;
        call.read(|entry| {
            let entry = entry.subject(&self.id).ca(&application.ca);
            entry.personal(&application.resident, "application")
        })?;
        Ok(application.into())
    }
}

/// Records the identity check; a doubt refuses the application.
///
/// The register match is the system's own.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EvidenceBody)]
pub struct VerifyApplication {
    /// The application.
    pub id: text::Application,
    /// Each document that the clerk saw.
    #[serde(default)]
    pub items: Vec<DocumentBody>,
    /// What made the clerk doubt; it refuses the application.
    pub doubt: Option<String>,
}

impl Operation for VerifyApplication {
    const SPEC: Spec = Spec::post(
        Permitted::VerifyApplication,
        "/api/v1/applications/{id}/verification",
        GROUP,
        "Verified, or refused with the doubts.",
    )
    .by_file("evidence", "The record of the identity check, in JSON.", &["items", "doubt"])
    .needing(Needs::Windows);

    type Answer = ApplicationBody;

    fn run(self, call: &Call<'_>) -> Result<ApplicationBody, Problem> {
        let items = self.items.into_iter().map(EvidenceItem::from).collect();
        let evidence = EvidenceRecord { items, doubt: self.doubt };
        call.step(&self.id, |window, id| window.applications().verify(call.act(), id, &evidence))
    }
}

/// Approves as the second person.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveApplication {
    /// The application.
    pub id: text::Application,
}

impl Operation for ApproveApplication {
    const SPEC: Spec = Spec::post(
        Permitted::ApproveApplication,
        "/api/v1/applications/{id}/approval",
        GROUP,
        "Approved.",
    )
    .needing(Needs::Windows);

    type Answer = ApplicationBody;

    fn run(self, call: &Call<'_>) -> Result<ApplicationBody, Problem> {
        call.step(&self.id, |window, id| window.applications().approve(call.act(), id))
    }
}

/// Has the certificate issued onto the card, unusable.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueApplication {
    /// The application.
    pub id: text::Application,
    /// The name of the reader; the only one with a card when left out.
    pub reader: Option<String>,
    /// Whether the card is not at hand: what is on it is dealt with when it turns up.
    #[serde(default)]
    #[schema(required = false)]
    pub card_absent: bool,
}

impl Operation for IssueApplication {
    const SPEC: Spec = Spec::post(
        Permitted::IssueApplication,
        "/api/v1/applications/{id}/issue",
        GROUP,
        "Issued.",
    )
    .asked(AT_READER)
    .needing(Needs::Windows);

    type Answer = ApplicationBody;

    fn run(self, call: &Call<'_>) -> Result<ApplicationBody, Problem> {
        let reader = call.reader_at_hand(self.reader.as_deref(), self.card_absent)?;
        call.step(&self.id, |window, id| window.card_counter().issue(call.act(), id, reader))
    }
}

/// Delivers the card with the secret its holder sets.
///
/// None is set where the card keeps the one it has.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DeliveryBody)]
pub struct DeliverApplication {
    /// The application.
    pub id: text::Application,
    /// The name of the reader; the only one with a card when left out.
    pub reader: Option<String>,
    /// Whether the card is not at hand: what is on it is dealt with when it turns up.
    #[serde(default)]
    #[schema(required = false)]
    pub card_absent: bool,
    /// The PIN for authentication: 4 digits.
    pub authentication_pin: Option<SecretText>,
    /// The password for signatures: 6 to 16 of A–Z and 0–9.
    pub signature_password: Option<SecretText>,
    /// How a new card reaches its holder, if not over the counter (A 4.4.1.1(2)).
    pub handover: Option<HandoverBody>,
}

impl Operation for DeliverApplication {
    const SPEC: Spec = Spec::post(
        Permitted::DeliverApplication,
        "/api/v1/applications/{id}/delivery",
        GROUP,
        "Delivered and in force.",
    )
    .asked(AT_READER)
    .needing(Needs::Windows);

    type Answer = ApplicationBody;

    fn run(self, call: &Call<'_>) -> Result<ApplicationBody, Problem> {
        let reader = call.reader_at_hand(self.reader.as_deref(), self.card_absent)?;
        let handover = self.handover.map(Handover::from).unwrap_or_default();
        let secrets = holder_secrets(self.authentication_pin, self.signature_password);
        let secrets: HolderSecrets = call.checked(secrets)?;
        call.step(&self.id, |window, id| {
            window.card_counter().deliver_by(call.act(), id, secrets, reader, &handover)
        })
    }
}

/// Carries out a revocation or the release of a hold.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteApplication {
    /// The application.
    pub id: text::Application,
}

impl Operation for CompleteApplication {
    const SPEC: Spec = Spec::post(
        Permitted::CompleteApplication,
        "/api/v1/applications/{id}/completion",
        GROUP,
        "Carried out; the receipt is in it.",
    )
    .needing(Needs::Windows);

    type Answer = ApplicationBody;

    fn run(self, call: &Call<'_>) -> Result<ApplicationBody, Problem> {
        call.step(&self.id, |window, id| window.applications().complete(call.act(), id))
    }
}

/// Destroys what was issued and never delivered.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DiscardApplication {
    /// The application.
    pub id: text::Application,
    /// The name of the reader; the only one with a card when left out.
    pub reader: Option<String>,
    /// Whether the card is not at hand: what is on it is dealt with when it turns up.
    #[serde(default)]
    #[schema(required = false)]
    pub card_absent: bool,
}

impl Operation for DiscardApplication {
    const SPEC: Spec = Spec::post(
        Permitted::DiscardApplication,
        "/api/v1/applications/{id}/discard",
        GROUP,
        "Destroyed.",
    )
    .asked(AT_READER)
    .needing(Needs::Windows);

    type Answer = ApplicationBody;

    fn run(self, call: &Call<'_>) -> Result<ApplicationBody, Problem> {
        let place = call.card_place(self.reader.as_deref(), self.card_absent)?;
        call.step(&self.id, |window, id| window.card_counter().discard(call.act(), id, place))
    }
}

/// Refuses an application.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RefusalBody)]
pub struct RefuseApplication {
    /// The application.
    pub id: text::Application,
    /// The name of the reader; the only one with a card when left out.
    pub reader: Option<String>,
    /// Whether the card is not at hand: what is on it is dealt with when it turns up.
    #[serde(default)]
    #[schema(required = false)]
    pub card_absent: bool,
    /// The reason.
    pub reason: String,
}

impl Operation for RefuseApplication {
    const SPEC: Spec = Spec::post(
        Permitted::RefuseApplication,
        "/api/v1/applications/{id}/refusal",
        GROUP,
        "Refused.",
    )
    .asked(AT_READER)
    .needing(Needs::Windows);

    type Answer = ApplicationBody;

    fn run(self, call: &Call<'_>) -> Result<ApplicationBody, Problem> {
        let place = call.card_place(self.reader.as_deref(), self.card_absent)?;
        call.step(&self.id, |window, id| {
            window.card_counter().refuse(call.act(), id, &self.reason, place)
        })
    }
}

/// Notes that the applicant withdrew.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawApplication {
    /// The application.
    pub id: text::Application,
    /// The name of the reader; the only one with a card when left out.
    pub reader: Option<String>,
    /// Whether the card is not at hand: what is on it is dealt with when it turns up.
    #[serde(default)]
    #[schema(required = false)]
    pub card_absent: bool,
}

impl Operation for WithdrawApplication {
    const SPEC: Spec = Spec::post(
        Permitted::WithdrawApplication,
        "/api/v1/applications/{id}/withdrawal",
        GROUP,
        "Withdrawn.",
    )
    .asked(AT_READER)
    .needing(Needs::Windows);

    type Answer = ApplicationBody;

    fn run(self, call: &Call<'_>) -> Result<ApplicationBody, Problem> {
        let place = call.card_place(self.reader.as_deref(), self.card_absent)?;
        call.step(&self.id, |window, id| window.card_counter().withdraw(call.act(), id, place))
    }
}

impl Operation for HoldCertificates {
    const SPEC: Spec =
        Spec::post(Permitted::HoldCertificates, "/api/v1/holds", "holds", "What is on hold now.")
            .needing(Needs::Windows);

    type Answer = HoldOutcomeBody;

    fn run(self, call: &Call<'_>) -> Result<HoldOutcomeBody, Problem> {
        let asked = call.checked(BasicFour::try_from(self))?;
        let hold = call.window()?.call_centre().hold_by_phone(call.act(), &asked)?;
        let held = hold.held.into_iter().map(|(ca, serial)| CertificateIdBody {
            ca: ca.to_string(),
            serial: serial.to_string(),
        });
        let refused = hold.refused.into_iter();
        let refused = refused.map(|(ca, rule)| RefusedHoldBody { ca: ca.to_string(), rule });
        Ok(HoldOutcomeBody { held: held.collect(), refused: refused.collect() })
    }
}

impl Call<'_> {
    /// Where the card of an application lies: on a reader, or not at hand.
    fn card_place<'r>(
        &self,
        reader: Option<&'r str>,
        is_absent: bool,
    ) -> Result<CardPlace<'r>, Problem> {
        let rule = "a card on a reader is at hand";
        self.checked(match (is_absent, reader) {
            (true, Some(_)) => Err(Problem::refused("card_absent", rule)),
            _ => Ok(CardPlace::of(reader, is_absent)),
        })
    }

    /// The reader of a card that has to be at hand.
    fn reader_at_hand<'r>(
        &self,
        reader: Option<&'r str>,
        is_absent: bool,
    ) -> Result<Option<&'r str>, Problem> {
        let rule = "this cannot be done without the card";
        self.checked(match is_absent {
            false => Ok(reader),
            true => Err(Problem::refused("card_absent", rule)),
        })
    }

    /// One step of an application, and the application as it stands after it.
    fn step<T>(
        &self,
        id: &ApplicationId,
        step: impl FnOnce(&Window, &ApplicationId) -> Result<T, WindowError>,
    ) -> Result<ApplicationBody, Problem> {
        let window = self.window()?;
        step(window, id)?;
        Ok(window.applications().find(&self.act().actor, id)?.into())
    }
}
