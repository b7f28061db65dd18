//! Who is present at a ceremony confirms it in a session of their own.
//!
//! Nobody's token goes through the hands of whoever runs a ceremony. Who attends says for themselves at
//! which script they are present, by its SHA-256; whoever runs it names them. What they said counts for two
//! hours, and for one sitting: the unit in which that begins makes every later one another (A 5.2.2,
//! S 5-2-1(6)).

use ca::ceremony::sittings;
use domain::act::Standing;
use domain::ceremony::CeremonyId;
use domain::hexadecimal::{from_hex, hex};
use domain::id::{ActorId, OperationId, SystemOperation};
use domain::journal::EventKind;
use domain::rule::Hex;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Change, Entry, Unit};
use utoipa::ToSchema;

use super::{Made, Permitted, Principal, Sayers, Stored, read, resting};
use crate::desk::repeat;
use crate::kept::{Kept, kept_under};
use crate::operation::{Call, Operation, Spec, text};
use crate::problem::{Fault, Problem};

/// For how many minutes it counts: people come together, and nobody leaves again, within two hours.
const VALID_MINUTES: i64 = 120;

/// Confirms that one is present at a ceremony, for two hours: at the next time that it begins or goes on.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AttendanceRequest)]
pub struct AttendCeremony {
    /// The ceremony.
    pub ceremony: text::Ceremony,
    /// SHA-256 of the script, hexadecimal.
    pub script_sha256: String,
}

impl Operation for AttendCeremony {
    const SPEC: Spec = Spec::post(
        Permitted::AttendCeremony,
        "/api/v1/ceremonies/{ceremony}/attendances",
        "keys",
        "Who is present at what, and until when that counts.",
    )
    .creating();

    type Answer = AttendanceBody;

    fn run(self, call: &Call<'_>) -> Result<AttendanceBody, Problem> {
        let sha256 = from_hex(&self.script_sha256);
        let sha256 = sha256.ok_or_else(|| Problem::refused("script_sha256", "64 digits"));
        let sha256 = call.checked(sha256)?;
        let held = call.checked(sittings(call.store(), &self.ceremony).map_err(Problem::from))?;
        let meeting = Meeting { ceremony: &self.ceremony, script_sha256: &sha256, sittings: held };
        let attendances = call.desk().approvals().attendances();
        let decide = || call.checked(attendances.confirm(call.act(), &meeting));
        Ok(call.once_in_a_unit(decide)?.answer())
    }
}

/// That somebody is present at a ceremony.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AttendanceBody {
    /// The ceremony.
    pub ceremony: String,
    /// SHA-256 of the script, hexadecimal.
    pub script_sha256: String,
    /// Who.
    pub person: String,
    /// Until when it can begin, RFC 3339.
    pub until: String,
}

/// What people come together for.
#[derive(Debug, Clone, Copy)]
pub struct Meeting<'a> {
    /// The ceremony.
    pub ceremony: &'a CeremonyId,
    /// SHA-256 of its script.
    pub script_sha256: &'a [u8; 32],
    /// How many sittings it has had.
    pub sittings: usize,
}

impl Meeting<'_> {
    /// The meeting, as a digest.
    fn digest(&self) -> String {
        let sittings = self.sittings.to_string();
        let script = hex(self.script_sha256);
        repeat::digest(&["attendance", self.ceremony.as_str(), &script, &sittings])
    }

    /// Under which operation it is kept that somebody confirmed in a minute since 1970 that they attend.
    fn kept_under(&self, person: &ActorId, minute: i64) -> Result<OperationId, Problem> {
        let named = format!("{} {person} {minute}", self.digest());
        kept_under(SystemOperation::Attendance, &named)
    }

    /// What somebody is told who said that they attend.
    fn answer(&self, said: &Stored) -> Result<AttendanceBody, Problem> {
        let until = Timestamp::from_second(said.until).map_err(|error| Problem::broke(&error))?;
        Ok(AttendanceBody {
            ceremony: self.ceremony.to_string(),
            script_sha256: hex(self.script_sha256),
            person: said.approver.clone(),
            until: until.to_string(),
        })
    }
}

/// Who confirmed that they are present.
pub struct Attendances<'a> {
    kept: &'a Kept,
    sayers: &'a Sayers,
}

impl<'a> Attendances<'a> {
    pub(super) fn new(kept: &'a Kept, sayers: &'a Sayers) -> Self {
        Self { kept, sayers }
    }

    /// The unit by which it is known that whoever asks is present, and what they are told. Said again in
    /// the same minute, it is as it was.
    fn confirm(
        &self,
        act: &Principal,
        meeting: &Meeting<'_>,
    ) -> Result<(Unit, AttendanceBody), Problem> {
        let said = Stored::of(act, meeting.digest(), SignedDuration::from_mins(VALID_MINUTES))?;
        let person = act.id().ok_or_else(|| Problem::refused("person", "people attend"))?;
        let id = meeting.kept_under(person, minute(act.at))?;
        let entry = Entry::new(EventKind::CeremonyAttended, act).subject(meeting.ceremony);
        let entry = entry.detail("script_sha256", Hex(meeting.script_sha256));
        if let Some(before) = self.kept.of(&id)? {
            let before = read(&before)?;
            if (before.since, &before.basis) != (said.since, &said.basis) {
                let rule = "it was confirmed this minute by what counts no more: do so in the next";
                return Err(Problem::new(Fault::Conflict, rule));
            }
            return Ok((Unit::new(entry.no_op()), meeting.answer(&before)?));
        }
        let answer = serde_json::to_vec(&said).map_err(|error| Problem::broke(&error))?;
        let unit = resting(Unit::new(entry), act, &Made::Attendance(&id))?;
        Ok((unit.change(Change::RecordOperation { id, answer }), meeting.answer(&said)?))
    }

    /// How somebody stands who confirmed last that they are present at this meeting, and who has the right
    /// to `operation`.
    ///
    /// # Errors
    /// 422 where they did not, or may not be any more.
    pub fn standing(
        &self,
        meeting: &Meeting<'_>,
        person: &ActorId,
        operation: Permitted,
        now: Timestamp,
    ) -> Result<Standing, Problem> {
        let this_minute = minute(now);
        for minute in (this_minute - VALID_MINUTES..=this_minute).rev() {
            let id = meeting.kept_under(person, minute)?;
            let Some(said) = self.kept.of(&id)? else { continue };
            let said = read(&said)?;
            let is_it = said.approver == person.as_str() && said.digest == meeting.digest();
            if is_it && now.as_second() < said.until {
                let made = (&said, Made::Attendance(&id));
                return self.sayers.standing(person, operation, made, now);
            }
        }
        let rule = "they confirm first, in a session of their own, that they are present at this very script \
                    (jitsuin ceremony attend); it counts for two hours, and for one sitting";
        Err(Problem::refused("present", rule))
    }
}

/// The minute of a time, since 1970.
fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}
