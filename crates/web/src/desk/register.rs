//! The resident register: looked into, linked, and where it is the embedded one, commanded.

use domain::act::{Act, Actor};
use domain::id::{CaId, InvalidId, ResidentCode};
use domain::journal::EventKind;
use domain::municipality;
use domain::resident::{BasicAttribute, Resident};
use domain::text::{FreeText, NAME_MAX_CHARACTERS};
use ra::register::Removal;
use ra::register::embedded::{Correction, RegisterCommand};
use ra::window::{Forgotten, RegisterRun};
use serde::{Deserialize, Serialize};
use store::{Along, Entry, Unit};
use utoipa::ToSchema;

use super::Invented;
use super::approvals::Approvable;
use super::permission::Operation as Permitted;
use crate::operation::{Call, Listed, Needs, Operation, Spec, text};
use crate::problem::Problem;
use crate::wire::CertificateIdBody;

const GROUP: &str = "register";

/// The operations of this group.
pub(crate) const OPERATIONS: &[Listed] = &[
    Listed::of::<GenerateResidents>(),
    Listed::of::<ShowResident>(),
    Listed::of::<RecordDeath>(),
    Listed::of::<RecordAddress>(),
    Listed::of::<RecordMoveOut>(),
    Listed::of::<EraseResident>(),
    Listed::of::<ApplyRegisterEvents>(),
];

/// Characters of the longest address: as in a form.
const MAX_ADDRESS: usize = NAME_MAX_CHARACTERS;

/// Shows a resident.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShowResident {
    /// The resident's code, 11 digits.
    pub code: text::Resident,
}

impl Operation for ShowResident {
    const SPEC: Spec =
        Spec::get(Permitted::ShowResident, "/api/v1/residents/{code}", GROUP, "The resident.")
            .needing(Needs::Windows);

    type Answer = ResidentBody;

    /// A clerk sees those of their own municipality; another's resident is for them as nobody.
    fn run(self, call: &Call<'_>) -> Result<ResidentBody, Problem> {
        let code = self.code;
        let found = call.windows()?.register.find(&code).map_err(Problem::from);
        let found = found.and_then(|resident| own_resident(&call.act().actor, resident));
        let resident = call.checked(found)?;
        call.read(|entry| {
            entry.subject("resident register").personal(&code, format!("resident {code}"))
        })?;
        Ok(resident.into())
    }
}

/// Carries out what the register's events ask of the CAs.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplyRegisterEvents {}

impl Operation for ApplyRegisterEvents {
    const SPEC: Spec = Spec::post(
        Permitted::ApplyRegisterEvents,
        "/api/v1/register-runs",
        GROUP,
        "What the run came to.",
    )
    .needing(Needs::Windows);

    type Answer = RegisterRunBody;

    /// The windows take that from the system alone (L8); who set the system to work, the desk's own
    /// entry says. Where the register or a CA does not answer, the next run goes on from there.
    fn run(self, call: &Call<'_>) -> Result<RegisterRunBody, Problem> {
        let windows = call.windows()?;
        call.once(|| {
            let link = "register-link".parse();
            let link = link.map_err(|error: InvalidId| Problem::broke(&error))?;
            let system = Act { actor: Actor::System(link), ..Act::clone(call.act()) };
            Ok(windows.window.register_link().apply_events(&system)?.into())
        })
    }
}

/// Makes the embedded register of an installation that has none, with invented residents. A server that starts
/// makes an empty one.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InventedResidentsBody)]
pub struct GenerateResidents {
    /// How many; 2000 unless told.
    #[serde(default = "usual_number")]
    pub count: usize,
    /// The codes of their municipalities.
    pub municipalities: Vec<text::Municipality>,
    /// The seed, 1 unless told: the same one gives the same residents.
    #[serde(default = "usual_seed")]
    pub seed: u64,
}

impl Operation for GenerateResidents {
    const SPEC: Spec = Spec::post(
        Permitted::GenerateResidents,
        "/api/v1/register/invented-residents",
        GROUP,
        "Invented.",
    )
    .creating();

    type Answer = InventedResidentsAnswer;

    fn run(self, call: &Call<'_>) -> Result<InventedResidentsAnswer, Problem> {
        let Self { count, municipalities, seed } = &self;
        let municipalities: Vec<_> = municipalities.iter().map(|code| **code).collect();
        let done = call.once_in_a_unit(|| {
            let invented = Invented { count: *count, municipalities: &municipalities, seed: *seed };
            call.checked(call.desk().workshop()?.generate_residents(&invented))?;
            let entry = Entry::new(EventKind::RegisterEvent, call.act());
            let entry = entry.subject("resident register").detail("invented residents", count);
            Ok((Unit::new(entry), *count))
        });
        Ok(InventedResidentsAnswer { residents: done?.answer() })
    }
}

/// The residents who were invented.
#[derive(Debug, Serialize, ToSchema)]
pub struct InventedResidentsAnswer {
    /// How many.
    pub residents: usize,
}

fn usual_number() -> usize {
    2000
}

fn usual_seed() -> u64 {
    1
}

/// Records a death in the embedded register.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordDeath {
    /// The resident's code, 11 digits.
    pub code: text::Resident,
}

impl Operation for RecordDeath {
    const SPEC: Spec =
        Spec::post(Permitted::RecordDeath, "/api/v1/residents/{code}/death", GROUP, "Recorded.")
            .needing(Needs::Windows);

    type Answer = RegisterCommandBody;

    fn run(self, call: &Call<'_>) -> Result<RegisterCommandBody, Problem> {
        let code = self.code;
        command(call, &code, (Recorded::Death, ""), RegisterCommand::Remove(Removal::Death))
    }
}

/// Records a change of address in the embedded register.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AddressBody)]
pub struct RecordAddress {
    /// The resident's code, 11 digits.
    pub code: text::Resident,
    /// The address, prefecture first.
    pub address: String,
}

impl Operation for RecordAddress {
    const SPEC: Spec = Spec::post(
        Permitted::RecordAddress,
        "/api/v1/residents/{code}/address",
        GROUP,
        "Recorded.",
    )
    .placed(&["address"])
    .needing(Needs::Windows);

    type Answer = RegisterCommandBody;

    fn run(self, call: &Call<'_>) -> Result<RegisterCommandBody, Problem> {
        let Self { code, address } = self;
        let line = FreeText::line(&address, MAX_ADDRESS);
        call.checked(line.map_err(|error| Problem::refused("address", error)))?;
        let correction = Correction { address: Some(address.clone()), ..Correction::default() };
        command(call, &code, (Recorded::Address, &address), RegisterCommand::Correct(correction))
    }
}

/// Records a notice of moving out in the embedded register.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MoveOutBody)]
pub struct RecordMoveOut {
    /// The resident's code, 11 digits.
    pub code: text::Resident,
    /// The planned day, YYYY-MM-DD.
    pub planned: text::Day,
}

impl Operation for RecordMoveOut {
    const SPEC: Spec = Spec::post(
        Permitted::RecordMoveOut,
        "/api/v1/residents/{code}/move-out",
        GROUP,
        "Recorded.",
    )
    .placed(&["planned"])
    .needing(Needs::Windows);

    type Answer = RegisterCommandBody;

    fn run(self, call: &Call<'_>) -> Result<RegisterCommandBody, Problem> {
        let Self { code, planned } = self;
        let typed = planned.to_string();
        command(call, &code, (Recorded::MoveOut, &typed), RegisterCommand::MoveOut(*planned))
    }
}

/// Disposes of a person's records and of the key to their data, once the law lets go.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ErasurePermitBody)]
pub struct EraseResident {
    /// The resident's code, 11 digits.
    pub code: text::Resident,
    /// Who approves: another senior operator.
    pub approver: text::Person,
}

impl Operation for EraseResident {
    const SPEC: Spec = Spec::post(
        Permitted::EraseResident,
        "/api/v1/residents/{code}/erasure",
        GROUP,
        "What is gone, and what stays.",
    )
    .approved("erasure", Some(("code", "resident")))
    .needing(Needs::Windows);

    type Answer = ForgottenBody;

    fn run(self, call: &Call<'_>) -> Result<ForgottenBody, Problem> {
        let Self { code, approver } = self;
        let desk = call.desk();
        let is_embedded = call.windows()?.embedded.is_some();
        let authorities = call.authorities()?;
        let bears = |ca: &CaId| match authorities.get(ca) {
            Some(ca) if !ca.policy().certifies_signatures() => &[][..],
            _ => &BasicAttribute::ALL[..],
        };
        let answer = |forgotten: &Forgotten| Ok(ForgottenBody::of(forgotten, bears, is_embedded));
        call.once_along(answer, |kept| {
            let what = Approvable::Erasure(&code);
            let seconded = desk.approvals().seconded(call.act(), &approver, what)?;
            Ok(call.window()?.disposal().forget(Along::new(&seconded, kept), &code)?)
        })
    }
}

/// One command to the embedded register: in the journal before it is carried out, because the
/// register is a house of its own and cannot share the commit. It knows what it carried out by the
/// operation's id, so that a repetition after a cut finds its effect and no refusal.
///
/// What is recorded is a closed word, which is answered and kept, and what was typed, which is
/// nowhere but under the resident's own key.
fn command(
    call: &Call<'_>,
    code: &ResidentCode,
    (recorded, typed): (Recorded, &str),
    command: RegisterCommand<'_>,
) -> Result<RegisterCommandBody, Problem> {
    let windows = call.windows()?;
    let rule = "this installation's register is not the embedded one; it takes no commands";
    let embedded = windows.embedded.as_ref();
    let embedded = call.checked(embedded.ok_or_else(|| Problem::refused("register", rule)))?;
    // The answer stays when the resident is forgotten: what is kept of it names nobody, and whom it is of the
    // request says.
    let RecordedCommand { recorded } = call.once(|| {
        // An event that is taken for one that was applied long ago would never have an effect.
        windows.window.register_link().hold_register()?;
        // Nothing comes between what is held against the record and what is done to it.
        let checked = embedded.check(code, command, &**call.act()).map_err(Problem::from);
        let checked = call.checked(checked)?;
        if !checked.is_done() {
            let entry =
                Entry::new(EventKind::RegisterEvent, call.act()).subject("embedded register");
            let entry = entry.detail("command", call.operation().name());
            let personal = format!("{recorded} {typed}");
            call.store().commit(Unit::new(entry.personal(code, personal.trim_end())))?;
        }
        checked.carry_out()?;
        Ok(RecordedCommand { recorded: recorded.into() })
    })?;
    Ok(RegisterCommandBody { code: code.to_string(), recorded })
}

domain::named! {
    /// What the embedded register is told.
    Recorded {
        /// That the resident died.
        Death = "death",
        /// Another address.
        Address = "address",
        /// A notice of moving out.
        MoveOut = "move-out",
    }
}

text::written! {
    closed
    /// What it was told, as text.
    RecordedText = Recorded;
}

/// What is kept of a command's answer.
#[derive(Serialize, Deserialize)]
struct RecordedCommand {
    recorded: RecordedText,
}

/// The resident, if this actor may see the record.
fn own_resident(actor: &Actor, resident: Resident) -> Result<Resident, Problem> {
    let Actor::WindowClerk { municipality, .. } = actor else { return Ok(resident) };
    // A ward's window serves its city.
    let city = |code| municipality::find(code).map_or(code, |known| known.code);
    if city(*municipality) == city(resident.municipality) {
        return Ok(resident);
    }
    Err(Problem::elsewhere("resident"))
}

/// A resident as the register records them.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ResidentBody {
    /// The resident's code.
    pub code: String,
    /// The municipality that keeps the record.
    pub municipality: String,
    /// The family name.
    pub family_name: String,
    /// The given name.
    pub given_name: String,
    /// The reading of the name.
    pub reading: String,
    /// The alias of a foreign resident.
    pub alias: Option<String>,
    /// The address.
    pub address: String,
    /// The date of birth.
    pub birth_date: String,
    /// The gender: 1 male, 2 female, 3 unknown.
    pub gender: String,
    /// Whether this is a foreign resident.
    pub is_foreign: bool,
}

/// That the embedded register carried out a command.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RegisterCommandBody {
    /// The resident's code.
    pub code: String,
    /// What was recorded: death, address or move-out.
    pub recorded: RecordedText,
}

/// What was disposed of, and what stays of the person, with the reason.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ForgottenBody {
    /// The applications whose records are gone.
    pub applications: Vec<String>,
    /// The certificates, which stay as they were issued.
    pub certificates_kept: Vec<KeptCertificateBody>,
    /// What else stays.
    pub stays: Vec<StaysBody>,
}

/// A certificate that stays.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct KeptCertificateBody {
    /// The CA.
    pub ca: String,
    /// The serial, hexadecimal.
    pub serial: String,
    /// Which of the holder's data it bears, in clear: the four attributes, or none.
    pub bears: Vec<String>,
    /// Why it stays, with the clause.
    pub why: String,
}

/// Something that stays.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StaysBody {
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
}

/// Why certificates stay as they were issued.
const CERTIFICATES_STAY: &str = "lists and answers name it by its serial, what was signed with it is \
     verified by it, and certificates are kept (S 4-12-2-2, A 5.5.1); whose it was is told by what it bears alone";

impl ForgottenBody {
    /// The same on the wire: `bears` says which attributes a CA's certificates bear, and the register is
    /// the embedded one or not.
    pub fn of(
        forgotten: &Forgotten,
        bears: impl Fn(&CaId) -> &'static [BasicAttribute],
        is_embedded: bool,
    ) -> Self {
        let kept = forgotten.certificates.iter().map(|(ca, serial)| KeptCertificateBody {
            ca: ca.to_string(),
            serial: serial.to_string(),
            bears: bears(ca).iter().map(ToString::to_string).collect(),
            why: CERTIFICATES_STAY.to_owned(),
        });
        let register = match is_embedded {
            true => {
                "the embedded register's files: who was registered and every event, with names and \
                 addresses in clear"
            }
            false => "what the resident register has of the person",
        };
        let stays = [
            (register, "a register is a house of its own; who keeps it disposes of its records"),
            (
                "entries of the journal",
                "they name nobody; their parts about the person are unreadable",
            ),
            ("the office's record of a card", "it has the card's number, and is nobody's any more"),
            ("requests that the holder signed and sent", "they stay with the certificates"),
            ("backups and exports from before", "they are disposed of in their turn"),
        ];
        let stays =
            stays.map(|(what, why)| StaysBody { what: what.to_owned(), why: why.to_owned() });
        Self {
            applications: forgotten.applications.iter().map(ToString::to_string).collect(),
            certificates_kept: kept.collect(),
            stays: stays.to_vec(),
        }
    }
}

/// What a run over the register's events came to.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RegisterRunBody {
    /// How many events were applied.
    pub applied: usize,
    /// The certificates that were revoked.
    pub revoked: Vec<CertificateIdBody>,
    /// Move-outs whose thirty days are not over.
    pub open: usize,
    /// Events that a CA refused to follow; the next run tries them again.
    pub failed: Vec<EventFailureBody>,
    /// The last event up to which all are applied.
    pub cursor: u64,
}

/// An event that a CA refused to follow.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EventFailureBody {
    /// The event's number.
    pub event: u64,
    /// The rule.
    pub rule: String,
}

impl From<Resident> for ResidentBody {
    fn from(resident: Resident) -> Self {
        Self {
            code: resident.code.to_string(),
            municipality: resident.municipality.to_string(),
            family_name: resident.family_name,
            given_name: resident.given_name,
            reading: resident.reading,
            alias: resident.alias,
            address: resident.address,
            birth_date: resident.birth_date.to_string(),
            gender: resident.gender.code().to_string(),
            is_foreign: resident.is_foreign,
        }
    }
}

impl From<RegisterRun> for RegisterRunBody {
    fn from(run: RegisterRun) -> Self {
        let revoked = run.revoked.iter();
        let failed = run.failed.into_iter();
        Self {
            applied: run.applied,
            revoked: revoked
                .map(|(ca, serial)| CertificateIdBody {
                    ca: ca.to_string(),
                    serial: serial.to_string(),
                })
                .collect(),
            open: run.open,
            failed: failed
                .map(|(event, rule)| EventFailureBody { event, rule: rule.closed().to_owned() })
                .collect(),
            cursor: run.cursor,
        }
    }
}
