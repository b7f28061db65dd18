//! What is told of ceremonies to whoever was not there.

use ca::ceremony::{Conductor, Record};
use domain::hexadecimal::hex;
use domain::text::FreeText;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::permission::Operation as Permitted;
use crate::operation::{Call, Listed, Operation, Spec, text};
use crate::problem::Problem;

/// The operations of this group.
pub(crate) const OPERATIONS: &[Listed] =
    &[Listed::of::<ShowCeremony>(), Listed::of::<AbandonCeremony>()];

/// Shows how far a ceremony came.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShowCeremony {
    /// The ceremony.
    pub ceremony: text::Ceremony,
}

impl Operation for ShowCeremony {
    const SPEC: Spec = Spec::get(
        Permitted::ShowCeremony,
        "/api/v1/ceremonies/{ceremony}",
        "keys",
        "How far it came.",
    );

    type Answer = CeremonyBody;

    fn run(self, call: &Call<'_>) -> Result<CeremonyBody, Problem> {
        let now = || call.act().at;
        let found = Conductor::new(call.store(), &now, call.act()).record(&self.ceremony);
        let found = call.checked(found.map_err(Problem::from))?;
        let record = call.checked(found.ok_or_else(|| Problem::unknown("ceremony")))?;
        // Who sat where was read: that is in the journal before it is told (E1).
        call.read(|entry| entry.subject(&self.ceremony))?;
        Ok(CeremonyBody::from(&record))
    }
}

/// Gives an interrupted ceremony up; what was done stays done, and the minutes say why.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AbandonmentBody)]
pub struct AbandonCeremony {
    /// The ceremony.
    pub ceremony: text::Ceremony,
    /// Why, on one line of at most 400 characters.
    pub reason: String,
}

/// Characters of the longest reason: what stands in the minutes on one line.
const LONGEST_REASON: usize = 400;

impl Operation for AbandonCeremony {
    const SPEC: Spec = Spec::post(
        Permitted::AbandonCeremony,
        "/api/v1/ceremonies/{ceremony}/abandonment",
        "keys",
        "Where it stands, and its minutes.",
    );

    type Answer = AbandonedBody;

    /// Whoever asks again, for the same reason, has the minutes drawn up that a cut or a full disk kept from
    /// being.
    fn run(self, call: &Call<'_>) -> Result<AbandonedBody, Problem> {
        let reason = FreeText::line(self.reason.trim(), LONGEST_REASON);
        let reason = reason.map_err(|error| Problem::refused("reason", error));
        let reason = call.checked(reason)?;
        let now = || call.act().at;
        let conductor = Conductor::new(call.store(), &now, call.act());
        let known = || {
            let found = call.checked(conductor.record(&self.ceremony).map_err(Problem::from))?;
            call.checked(found.ok_or_else(|| Problem::unknown("ceremony")))
        };
        known()?;
        let minutes = call.once(|| {
            let missing = |error: String| Problem::unavailable("the minutes", &error);
            let notary = call.desk().notary()?;
            notary.expect_drawable().map_err(missing)?;
            let given_up = conductor.abandon(&self.ceremony, reason.as_str());
            let record = call.checked(given_up.map_err(Problem::from))?;
            notary.draw_up(&record).map_err(missing)
        })?;
        Ok(AbandonedBody { ceremony: CeremonyBody::from(&known()?), minutes })
    }
}

/// A ceremony that was given up.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AbandonedBody {
    /// How far it came.
    #[serde(flatten)]
    pub ceremony: CeremonyBody,
    /// The files of its minutes, on the machine that drew them up.
    pub minutes: Vec<String>,
}

/// How far a ceremony came.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CeremonyBody {
    /// Its id.
    pub ceremony: String,
    /// ceremony, or rehearsal on keys that were thrown away.
    pub sort: &'static str,
    /// Where it stands.
    pub state: text::CeremonyState,
    /// SHA-256 of its script, hexadecimal.
    pub script_sha256: String,
    /// The script's steps, in their order.
    pub steps: Vec<CeremonyStepBody>,
    /// When and why it stopped before its end.
    pub interruptions: Vec<InterruptionBody>,
    /// Why it was abandoned, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abandoned_because: Option<String>,
}

/// A step of a ceremony.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CeremonyStepBody {
    /// What the script asks.
    #[serde(rename = "do")]
    pub kind: text::CeremonyStep,
    /// Where it stands.
    pub state: text::StepState,
}

/// An interruption of a ceremony.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InterruptionBody {
    /// When it was noted, RFC 3339.
    pub at: String,
    /// Why.
    pub reason: String,
}

impl From<&Record> for CeremonyBody {
    fn from(record: &Record) -> Self {
        let steps = record
            .steps
            .iter()
            .map(|one| CeremonyStepBody { kind: one.step.kind().into(), state: one.state.into() });
        let interruptions = record
            .interruptions
            .iter()
            .map(|one| InterruptionBody { at: one.at.at.to_string(), reason: one.reason.clone() });
        Self {
            ceremony: record.script.id.to_string(),
            sort: if record.rehearsal { "rehearsal" } else { "ceremony" },
            state: record.state.into(),
            script_sha256: hex(&record.script_sha256),
            steps: steps.collect(),
            interruptions: interruptions.collect(),
            abandoned_because: record.abandoned_because.clone(),
        }
    }
}
