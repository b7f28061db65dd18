//! The CAs' keys: custodians who come and go, renewals rehearsed, and the worst day.

use std::sync::Arc;

use ca::ceremony::Record;
use ca::{CertificationAuthority, CompromisePlan, Custody, Rehearsal, Standing};
use domain::compromise::CompromiseState;
use domain::id::ActorId;
use jiff::SignedDuration;
use keys::Activation;
use keys::quorum::Passphrase;
use serde::{Deserialize, Serialize};
use store::{Along, CompromiseRow};
use utoipa::ToSchema;

use super::approvals::Approvable;
use super::permission::Operation as Permitted;
use crate::entrance::principal::Principal;
use crate::operation::{Call, Listed, Operation, Spec, text};
use crate::problem::Problem;
use crate::wire::SecretText;

const GROUP: &str = "keys";

/// The operations of this group.
pub(crate) const OPERATIONS: &[Listed] = &[
    Listed::of::<ShowKeys>(),
    Listed::of::<ActivateKeys>(),
    Listed::of::<DeactivateKeys>(),
    Listed::of::<RehearseRenewal>(),
    Listed::of::<PlanCompromise>(),
    Listed::of::<CompromiseKey>(),
];

/// Where the compromise of a key is planned and declared.
const COMPROMISE: &str = "/api/v1/cas/{ca}/generations/{generation}/compromise";

/// Draws up documents for others than this installation's users, signed by its audit key.
pub trait Notary: Send + Sync {
    /// Keeps a signed document under this name and returns the SHA-256 of what was kept; the same
    /// one again is kept once.
    ///
    /// # Errors
    /// Why it could not be kept.
    fn keep(&self, name: &str, text: &str) -> Result<[u8; 32], String>;

    /// Whether minutes can be drawn up; asked before a ceremony ends, not after it.
    ///
    /// # Errors
    /// What is missing.
    fn expect_drawable(&self) -> Result<(), String>;

    /// Draws up the minutes of a ceremony that ended, signs them and returns the names of their files; the
    /// same ones again are the same files.
    ///
    /// # Errors
    /// Why they could not be drawn up or kept.
    fn draw_up(&self, record: &Record) -> Result<Vec<String>, String>;
}

/// What the desk needs for acts on keys.
#[derive(Clone)]
pub struct Keyroom {
    /// The custodians and the keys they guard.
    pub custody: Arc<Custody>,
    /// Who signs notifications and minutes.
    pub notary: Arc<dyn Notary>,
}

/// Shows where the custodians' work stands.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShowKeys {}

impl Operation for ShowKeys {
    const SPEC: Spec =
        Spec::get(Permitted::ShowKeys, "/api/v1/keys", GROUP, "The custody of the keys.");

    type Answer = CustodyBody;

    fn run(self, call: &Call<'_>) -> Result<CustodyBody, Problem> {
        let body = CustodyBody::from(call.desk().custody()?.standing());
        let unusable = if body.active { unusable_keys(call)? } else { Vec::new() };
        call.read(|entry| entry.subject("keys"))?;
        Ok(body.with_unusable(unusable))
    }
}

/// Brings a custodian's passphrase; the last one needed activates the keys.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ContributionBody)]
pub struct ActivateKeys {
    /// The passphrase of their share.
    pub passphrase: SecretText,
}

impl Operation for ActivateKeys {
    const SPEC: Spec = Spec::post(
        Permitted::ActivateKeys,
        "/api/v1/keys/activation",
        GROUP,
        "The custody of the keys.",
    );

    type Answer = CustodyBody;

    /// Refuses a stranger, a wrong passphrase, the same custodian again, and a window that is over
    /// (A 6.2.8.1, S 6-2-1-7).
    fn run(self, call: &Call<'_>) -> Result<CustodyBody, Problem> {
        let act = call.act();
        let custodian = call.checked(person(act))?;
        let passphrase = Passphrase::new(self.passphrase.expose().as_bytes());
        let passphrase = passphrase.map_err(|error| Problem::refused("passphrase", error));
        let passphrase = call.checked(passphrase)?;
        call.once_here(|| {
            let custody = call.desk().custody()?;
            Ok(custody.contribute(act, &custodian, &passphrase)?.into())
        })
    }
}

/// Says that a custodian wants the keys asleep; the last one needed deactivates them.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeactivateKeys {}

impl Operation for DeactivateKeys {
    const SPEC: Spec = Spec::post(
        Permitted::DeactivateKeys,
        "/api/v1/keys/deactivation",
        GROUP,
        "The custody of the keys.",
    );

    type Answer = CustodyBody;

    /// Refuses somebody who holds no share (A 6.2.9.1, S 6-2-1-8).
    fn run(self, call: &Call<'_>) -> Result<CustodyBody, Problem> {
        let custodian = call.checked(person(call.act()))?;
        call.once_here(|| Ok(call.desk().custody()?.leave(call.act(), &custodian)?.into()))
    }
}

/// Rehearses the renewal of a CA's key with throwaway keys, and says what would break.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RehearseRenewal {
    /// The CA.
    pub ca: text::Ca,
    /// The moment, RFC 3339; a day from now unless told.
    pub issues_from: Option<text::Moment>,
}

impl Operation for RehearseRenewal {
    const SPEC: Spec = Spec::get(
        Permitted::RehearseRenewal,
        "/api/v1/cas/{ca}/renewal-rehearsal",
        GROUP,
        "Every path, and what was found.",
    );

    type Answer = RehearsalBody;

    fn run(self, call: &Call<'_>) -> Result<RehearsalBody, Problem> {
        let authority = call.authority(&self.ca)?;
        let now = call.act().at;
        let from = match self.issues_from {
            Some(text::Text(text::Utc(from))) => from,
            None => now + SignedDuration::from_hours(24),
        };
        let rehearsal = authority.rehearsals().rehearse(now, from).map_err(Problem::from);
        let rehearsal = call.checked(rehearsal)?;
        call.read(|entry| entry.ca(authority.id()).detail("sound", rehearsal.is_sound()))?;
        Ok(RehearsalBody::from(&rehearsal))
    }
}

/// Says what the compromise of a key would mean, or where the procedure stands.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanCompromise {
    /// The CA.
    pub ca: text::Ca,
    /// The generation of the key.
    pub generation: u32,
}

impl Operation for PlanCompromise {
    const SPEC: Spec =
        Spec::get(Permitted::PlanCompromise, COMPROMISE, GROUP, "What there is to do.");

    type Answer = CompromisePlanBody;

    fn run(self, call: &Call<'_>) -> Result<CompromisePlanBody, Problem> {
        let authority = call.authority(&self.ca)?;
        let plan = authority.compromises().plan(self.generation).map_err(Problem::from);
        let plan = call.checked(plan)?;
        call.read(|entry| entry.ca(authority.id()))?;
        Ok(CompromisePlanBody::of(self.ca.as_str(), &plan))
    }
}

/// Declares a key compromised and carries out what follows, or goes on with it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CompromiseBody)]
pub struct CompromiseKey {
    /// The CA.
    pub ca: text::Ca,
    /// The generation of the key.
    pub generation: u32,
    /// The second person, who has approved this under the operation's id; nobody is needed to go on
    /// with what was declared before.
    pub approver: Option<text::Person>,
}

impl Operation for CompromiseKey {
    const SPEC: Spec =
        Spec::post(Permitted::CompromiseKey, COMPROMISE, GROUP, "How far it has come.");

    type Answer = CompromiseOutcomeBody;

    /// From where it stands (A 5.7.3, S 4-14-2): where a step could not be done, the same request goes
    /// on from there. Every step is told, and every thousand certificates.
    fn run(self, call: &Call<'_>) -> Result<CompromiseOutcomeBody, Problem> {
        let authority = call.authority(&self.ca)?;
        let mut declared = call.store().compromises(authority.id())?.into_iter();
        let row = match declared.find(|row| row.generation == self.generation) {
            // Declared by two people before: to go on with it takes nobody (A 5.7.3).
            Some(row) => row,
            None => self.declare(call, authority)?,
        };
        let told = |step: &str| call.tell(format!("{}: {step}", authority.id()));
        let row = call.desk().compromises().carry_out(call.act(), row, &told)?;
        Ok(CompromiseOutcomeBody::from(&row))
    }
}

impl CompromiseKey {
    /// Declares it, by two people whose one approval serves this once.
    fn declare(
        self,
        call: &Call<'_>,
        authority: &CertificationAuthority,
    ) -> Result<CompromiseRow, Problem> {
        let generation = self.generation;
        let rule = "the second of the two people who declare it (A 5.2.2, S 5-2-2)";
        let second = self.approver.ok_or_else(|| Problem::refused("approver", rule));
        let second = call.checked(second)?;
        let state = |row: &CompromiseRow| Ok(row.state.name().to_owned());
        call.once_along(state, |kept| {
            let what = Approvable::Compromise { ca: authority.id(), generation };
            let seconded = call.desk().approvals().seconded(call.act(), &second, what)?;
            Ok(authority.compromises().declare(Along::new(&seconded, kept), generation, &second)?)
        })?;
        let declared = authority.generations().compromise(generation)?;
        declared.ok_or_else(|| Problem::unknown("compromise"))
    }
}

/// What every key store says of a key that should be usable and is not.
fn unusable_keys(call: &Call<'_>) -> Result<Vec<String>, Problem> {
    let mut told = Vec::new();
    for (ca, authority) in call.authorities()? {
        for (generation, error) in authority.generations().unusable_keys(call.act().at)? {
            told.push(format!("{ca}, generation {generation}: {error}"));
        }
    }
    Ok(told)
}

/// The person who asks: the program itself holds no share.
fn person(act: &Principal) -> Result<ActorId, Problem> {
    act.id().cloned().ok_or_else(|| Problem::refused("custodian", "a person of the registry"))
}

/// Where the custodians' work stands.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CustodyBody {
    /// Whether the CAs' keys can be used: the custodians woke them, and every key answers.
    pub active: bool,
    /// What keeps keys that are awake from being used, one line for each: a token that is not found,
    /// a key that is missing.
    pub unusable: Vec<String>,
    /// Since when, if they can.
    pub since: Option<String>,
    /// Until when, if they can.
    pub until: Option<String>,
    /// How many custodians have to come together.
    pub threshold: u8,
    /// Who holds a share.
    pub custodians: Vec<String>,
    /// Who came so far to activate the keys.
    pub present: Vec<String>,
    /// Who asked so far to deactivate them.
    pub leaving: Vec<String>,
    /// The name of the set of shares.
    pub set: String,
}

impl From<Standing> for CustodyBody {
    fn from(standing: Standing) -> Self {
        let (since, until) = match standing.activation {
            Activation::Active { since, until } => {
                (Some(since.to_string()), until.map(|until| until.to_string()))
            }
            Activation::Inactive => (None, None),
        };
        let names =
            |people: Vec<ActorId>| people.iter().map(ToString::to_string).collect::<Vec<_>>();
        Self {
            active: since.is_some(),
            unusable: Vec::new(),
            since,
            until,
            threshold: standing.threshold,
            custodians: names(standing.custodians),
            present: names(standing.present),
            leaving: names(standing.leaving),
            set: standing.set,
        }
    }
}

impl CustodyBody {
    /// The same with what keeps keys that are awake from being used.
    #[must_use]
    pub(crate) fn with_unusable(self, unusable: Vec<String>) -> Self {
        Self { active: self.active && unusable.is_empty(), unusable, ..self }
    }
}

/// What a renewal would break, told before anything is signed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RehearsalBody {
    /// Whether no path breaks.
    pub sound: bool,
    /// Every path that relying parties would take.
    pub paths: Vec<String>,
    /// What was found, the grave first.
    pub findings: Vec<String>,
}

impl From<&Rehearsal> for RehearsalBody {
    fn from(rehearsal: &Rehearsal) -> Self {
        Self {
            sound: rehearsal.is_sound(),
            paths: rehearsal.paths.iter().map(ToString::to_string).collect(),
            findings: rehearsal.findings.iter().map(ToString::to_string).collect(),
        }
    }
}

/// What the compromise of a key would mean.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CompromisePlanBody {
    /// The CA.
    pub ca: String,
    /// The generation of the key.
    pub generation: u32,
    /// Where the procedure stands, if it was declared.
    pub state: Option<text::CompromiseState>,
    /// How many certificates are to be revoked.
    pub certificates: u64,
    /// How many lists are to be published.
    pub lists: usize,
    /// What has to be done, in order.
    pub tasks: Vec<String>,
}

impl CompromisePlanBody {
    /// The plan of a CA.
    pub fn of(ca: &str, plan: &CompromisePlan) -> Self {
        let left = CompromiseState::ALL;
        let tasks = left.into_iter().filter(|state| plan.state.is_none_or(|now| *state >= now));
        Self {
            ca: ca.to_owned(),
            generation: plan.generation,
            state: plan.state.map(Into::into),
            certificates: plan.certificates,
            lists: plan.lists.len(),
            tasks: tasks.map(|state| state.task().to_owned()).collect(),
        }
    }
}

/// Where the procedure for a compromised key stands.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CompromiseOutcomeBody {
    /// The CA.
    pub ca: String,
    /// The generation of the key.
    pub generation: u32,
    /// How far it has come.
    pub state: text::CompromiseState,
    /// When it was declared.
    pub declared_at: String,
    /// How many certificates it revoked.
    pub revoked: u64,
    /// What is left to do.
    pub task: String,
}

impl From<&CompromiseRow> for CompromiseOutcomeBody {
    fn from(row: &CompromiseRow) -> Self {
        Self {
            ca: row.ca.to_string(),
            generation: row.generation,
            state: row.state.into(),
            declared_at: row.declared_at.to_string(),
            revoked: row.revoked,
            task: row.state.task().to_owned(),
        }
    }
}
