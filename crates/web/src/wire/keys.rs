//! The CAs' keys in their custodians' hands, renewals rehearsed and compromises, on the wire.

use ca::{CompromisePlan, Rehearsal, Standing};
use keys::Activation;
use serde::{Deserialize, Serialize};
use store::CompromiseRow;
use utoipa::ToSchema;

use super::secret::SecretText;

/// What a custodian brings.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContributionBody {
    /// The passphrase of their share.
    #[schema(value_type = String)]
    pub passphrase: SecretText,
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
        let names = |people: Vec<domain::id::ActorId>| {
            people.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
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
    pub state: Option<String>,
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
        let left = domain::compromise::CompromiseState::ALL;
        let tasks = left.into_iter().filter(|state| plan.state.is_none_or(|now| *state >= now));
        Self {
            ca: ca.to_owned(),
            generation: plan.generation,
            state: plan.state.map(|state| state.to_string()),
            certificates: plan.certificates,
            lists: plan.lists.len(),
            tasks: tasks.map(|state| state.task().to_owned()).collect(),
        }
    }
}

/// Who agrees that a key counts as compromised.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompromiseBody {
    /// The second person, who has approved this under the operation's id; nobody is needed to go on
    /// with what was declared before.
    #[serde(default)]
    pub approver: Option<String>,
}

/// Where the procedure for a compromised key stands.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CompromiseOutcomeBody {
    /// The CA.
    pub ca: String,
    /// The generation of the key.
    pub generation: u32,
    /// How far it has come.
    pub state: String,
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
            state: row.state.to_string(),
            declared_at: row.declared_at.to_string(),
            revoked: row.revoked,
            task: row.state.task().to_owned(),
        }
    }
}
