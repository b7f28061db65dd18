//! What takes two people: the second one approves it in a session of their own.
//!
//! Nobody shows their token through another's hands. The second person says for themselves what is to
//! be done and under which operation id; that they did is kept by the digest of what they said, for a
//! day. Who asks names them, under that id; what is asked must be what was approved, the second person
//! must still have the right, and must keep it until the commit (A 5.2.2, S 5-2-2).

mod attendance;

use std::sync::Arc;

use domain::act::{Act, Basis, Standing};
use domain::id::{ActorId, CaId, OperationId, ResidentCode, SerialNumber, SystemOperation};
use domain::journal::EventKind;
use domain::revocation::{Requester, RevocationCause};
use domain::rule::{OfTheInstallation, Rule};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use store::reads::ReadPeople;
use store::{Change, Entry, Unit};
use utoipa::ToSchema;

use super::permission::{Operation as Permitted, Party};
use super::repeat;
use crate::entrance::grounds::{Grounds, Made, resting};
use crate::entrance::principal::Principal;
use crate::entrance::registry::{Registry, may_come_in};
use crate::entrance::resting::own;
use crate::kept;
use crate::kept::Kept;
use crate::ledger::Ledger;
use crate::operation::{Call, Listed, Operation, Spec, text};
use crate::problem::{Fault, Problem};
use crate::wire::ApprovalBody;

pub use self::attendance::{AttendCeremony, Attendances, Meeting};

/// The operations of this group.
pub(crate) const OPERATIONS: &[Listed] =
    &[Listed::of::<AttendCeremony>(), Listed::of::<ApproveOperation>()];

/// How long an approval waits to be used: two people who work together need minutes.
const VALID: SignedDuration = SignedDuration::from_hours(24);

/// The field of who asks.
const FIELD: &str = "approver";

/// What takes a second person's approval.
#[derive(Debug, Clone, Copy)]
pub enum Approvable<'a> {
    /// The revocation of a certificate.
    Revocation {
        /// The CA.
        ca: &'a CaId,
        /// The serial.
        serial: &'a SerialNumber,
        /// The event.
        cause: RevocationCause,
        /// Who asks.
        requester: Requester,
    },
    /// A CA's key declared compromised.
    Compromise {
        /// The CA.
        ca: &'a CaId,
        /// The generation of the key.
        generation: u32,
    },
    /// A person's records disposed of.
    Erasure(&'a ResidentCode),
    /// A policy adopted, by its text.
    Policy(&'a str),
    /// What people accept of a start.
    Start {
        /// The clock is said to be right, which a start refuses for what was done at a time that has
        /// not come yet, this time at the latest.
        latest: Option<Timestamp>,
        /// Query records that are lost for good.
        records: &'a [String],
    },
}

/// Approves, as the second person, what another asks for under the operation's id.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "what", rename_all = "kebab-case", deny_unknown_fields)]
#[schema(as = ApprovedBody)]
pub enum ApproveOperation {
    /// The revocation of a certificate.
    Revocation {
        /// The id under which it is asked for.
        operation: text::Operation,
        /// The CA.
        ca: text::Ca,
        /// The serial, hexadecimal.
        serial: text::Serial,
        /// The event, as the policy's table names it.
        cause: text::Cause,
        /// Who asks for it: holder, agent, mayor or authority.
        requester: text::Requester,
    },
    /// A CA's key declared compromised.
    Compromise {
        /// The id under which it is asked for.
        operation: text::Operation,
        /// The CA.
        ca: text::Ca,
        /// The generation of the key.
        generation: u32,
    },
    /// A person's records disposed of, and the key to their data destroyed.
    Erasure {
        /// The id under which it is asked for.
        operation: text::Operation,
        /// The person's resident code, 11 digits.
        resident: text::Resident,
    },
}

impl Operation for ApproveOperation {
    const SPEC: Spec = Spec::post(
        Permitted::ApproveOperation,
        "/api/v1/approvals",
        "approvals",
        "It is approved, for a day.",
    )
    .creating();

    type Answer = ApprovalBody;

    fn run(self, call: &Call<'_>) -> Result<ApprovalBody, Problem> {
        let (operation, what) = match &self {
            Self::Revocation { operation, ca, serial, cause, requester } => {
                let (cause, requester) = (cause.0, requester.0);
                (operation, Approvable::Revocation { ca, serial, cause, requester })
            }
            Self::Compromise { operation, ca, generation } => {
                (operation, Approvable::Compromise { ca, generation: *generation })
            }
            Self::Erasure { operation, resident } => (operation, Approvable::Erasure(resident)),
        };
        call.desk().approvals().approve(call.act(), operation, what)
    }
}

/// What is kept of an approval, and of an attendance.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    version: u8,
    digest: String,
    approver: String,
    /// Since when they stood as they did, in microseconds since 1970.
    since: i64,
    /// What they had shown.
    basis: StoredBasis,
    /// Seconds since 1970.
    until: i64,
    /// The latest time that was approved as wrong, in microseconds since 1970, of a clock.
    latest: Option<i64>,
}

/// The form of [`Stored`].
const VERSION: u8 = 3;

impl Stored {
    /// What `act` says now, of what has this digest.
    fn of(act: &Principal, digest: String, valid: SignedDuration) -> Result<Self, Problem> {
        let standing = act.standing.as_deref();
        let registered = standing.and_then(|standing| {
            StoredBasis::of(standing.basis).map(|basis| (&standing.person, standing.since, basis))
        });
        let registered = registered.ok_or_else(|| Problem::refused("person", "people approve"));
        let (person, since, basis) = registered?;
        let until = act.at.checked_add(valid).map_err(|error| Problem::broke(&error))?;
        Ok(Self {
            version: VERSION,
            digest,
            approver: person.to_string(),
            since: since.as_microsecond(),
            basis,
            until: until.as_second(),
            latest: None,
        })
    }

    /// That the same person approves the same once more, by what still counts.
    fn expect_same(&self, other: &Self, now: Timestamp) -> Result<(), Problem> {
        let taken = "operation: another was approved under this id";
        let ended = "operation: it was approved under this id before, and that counts no more: use another \
                     id";
        let told = |stored: &Self| (stored.digest.clone(), stored.approver.clone(), stored.latest);
        let counts = self.since == other.since && self.basis == other.basis;
        match () {
            () if told(self) != told(other) => Err(Problem::new(Fault::Conflict, taken)),
            () if !counts || now.as_second() >= self.until => {
                Err(Problem::new(Fault::Conflict, ended))
            }
            () => Ok(()),
        }
    }

    fn body(&self, approved: &OperationId) -> Result<ApprovalBody, Problem> {
        let until = Timestamp::from_second(self.until).map_err(|error| Problem::broke(&error))?;
        Ok(ApprovalBody {
            operation: approved.to_string(),
            approver: self.approver.clone(),
            digest: self.digest.clone(),
            until: until.to_string(),
        })
    }
}

/// What an approver was let in by, so that what was approved with it ends with it.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum StoredBasis {
    /// A credential, by its SHA-256.
    Credential([u8; 32]),
    /// The password that was set then, in microseconds since 1970.
    Password(i64),
}

impl StoredBasis {
    /// Of what somebody was let in by, if it was anything of the registry's.
    fn of(basis: Basis) -> Option<Self> {
        match basis {
            Basis::Credential(sha256) => Some(Self::Credential(sha256)),
            Basis::Password(set) => Some(Self::Password(set.as_microsecond())),
            Basis::Nothing => None,
        }
    }

    fn basis(&self) -> Result<Basis, Problem> {
        match self {
            Self::Credential(sha256) => Ok(Basis::Credential(*sha256)),
            Self::Password(set) => Timestamp::from_microsecond(*set)
                .map(Basis::Password)
                .map_err(|error| Problem::broke(&error)),
        }
    }
}

impl Approvable<'_> {
    /// The operation that is approved.
    pub(super) fn operation(self) -> Permitted {
        match self {
            Self::Revocation { .. } => Permitted::RevokeCertificate,
            Self::Compromise { .. } => Permitted::CompromiseKey,
            Self::Erasure(_) => Permitted::EraseResident,
            Self::Policy(_) => Permitted::AdoptPolicy,
            Self::Start { .. } => Permitted::AcceptStart,
        }
    }

    /// The latest time that is said to be wrong, in microseconds since 1970.
    fn latest(self) -> Option<i64> {
        match self {
            Self::Start { latest, .. } => latest.map(Timestamp::as_microsecond),
            _ => None,
        }
    }

    /// Whether a digest of it may stand where everybody reads it for good, because nobody learns a person from
    /// it: the code of a resident has eleven digits, and whoever has the journal tries them all.
    fn names_nobody(self) -> bool {
        match self {
            Self::Erasure(_) => false,
            Self::Revocation { .. }
            | Self::Compromise { .. }
            | Self::Policy(_)
            | Self::Start { .. } => true,
        }
    }

    /// What is approved, as a digest; of a person as a mark, which only who has our key can try.
    fn digest(self, kept: &Kept) -> store::Result<String> {
        let parts = match self {
            Self::Revocation { ca, serial, cause, requester } => {
                vec![ca.to_string(), serial.to_string(), cause.to_string(), requester.to_string()]
            }
            Self::Compromise { ca, generation } => vec![ca.to_string(), generation.to_string()],
            Self::Erasure(code) => vec![code.to_string()],
            Self::Policy(text) => vec![text.to_owned()],
            // What a clock says becomes less while people look: entries come after it, and times come.
            Self::Start { records, .. } => records.to_vec(),
        };
        let parts: Vec<_> = parts.iter().map(String::as_str).collect();
        let parts = [&["approval", self.operation().name()], &parts[..]].concat();
        if self.names_nobody() { Ok(repeat::digest(&parts)) } else { kept.mark(&parts) }
    }
}

/// Approvals by second people. It reads people, what lets them in and what was kept of approvals.
pub struct Approvals {
    ledger: Ledger,
    kept: Kept,
    sayers: Sayers,
}

impl Approvals {
    pub(super) fn new(
        (ledger, kept): (&Ledger, &Kept),
        people: Arc<dyn ReadPeople>,
        registry: &Arc<Registry>,
        grounds: &Arc<Grounds>,
    ) -> Self {
        let (ledger, kept) = (ledger.clone(), kept.clone());
        let sayers = Sayers { people, registry: registry.clone(), grounds: grounds.clone() };
        Self { ledger, kept, sayers }
    }

    /// The attendances at ceremonies.
    pub fn attendances(&self) -> Attendances<'_> {
        Attendances::new(&self.kept, &self.sayers)
    }

    /// Approves, as the second person, the operation that somebody else will ask for, or asked for, under
    /// the id `approved`.
    ///
    /// # Errors
    /// 403; 422 for who has not the right to the operation itself; 409 where another approved under the
    /// id.
    pub fn approve(
        &self,
        act: &Principal,
        approved: &OperationId,
        what: Approvable<'_>,
    ) -> Result<ApprovalBody, Problem> {
        let operation = Permitted::ApproveOperation;
        self.ledger.admit(act, operation)?;
        let may = what.operation().refusal(act).map(|rule| Problem::refused("what", rule));
        self.ledger.checked(act, operation, may.map_or(Ok(()), Err))?;
        let said = Stored::of(act, what.digest(&self.kept)?, VALID);
        let stored = Stored { latest: what.latest(), ..self.ledger.checked(act, operation, said)? };
        let kept = kept_under(approved)?;
        if let Some(before) = self.kept.of(&kept)? {
            let before = read(&before)?;
            self.ledger.checked(act, operation, before.expect_same(&stored, act.at))?;
            return before.body(approved);
        }
        let answer = serde_json::to_vec(&stored).map_err(|error| Problem::broke(&error))?;
        let entry = Entry::new(EventKind::OperationApproved, act)
            .subject(approved)
            .detail("operation", what.operation().name());
        let entry = match what.names_nobody() {
            true => entry.detail("digest", OfTheInstallation(&stored.digest)),
            false => entry,
        };
        let unit = Unit::new(entry).change(Change::RecordOperation { id: kept, answer });
        self.ledger.decided(act, operation, resting(unit, act, &Made::Approval(approved))?)?;
        stored.body(approved)
    }

    /// The act of who asks, together with the second person `approver`, who approved exactly this.
    ///
    /// # Errors
    /// 422 where they did not, or may not any more; journaled.
    pub(super) fn seconded(
        &self,
        act: &Principal,
        approver: &ActorId,
        what: Approvable<'_>,
    ) -> Result<Act, Problem> {
        let found = self.approval(act, approver, what);
        let standing = self.ledger.checked(act, what.operation(), found)?;
        Ok(Act { second: Some(Arc::new(standing)), ..Act::clone(act) })
    }

    fn approval(
        &self,
        act: &Principal,
        approver: &ActorId,
        what: Approvable<'_>,
    ) -> Result<Standing, Problem> {
        let refused = |rule: &'static str| Err(Problem::refused(FIELD, rule));
        if act.id() == Some(approver) {
            return refused("another person than the one who asks (A 5.2.2, S 5-2-2)");
        }
        let stored = self.kept.of(&kept_under(&act.operation)?)?;
        let Some(stored) = stored.map(|stored| read(&stored)).transpose()? else {
            return refused(
                "they approve this operation first, under its id, in a session of their own",
            );
        };
        if stored.approver != approver.as_str()
            || stored.digest != what.digest(&self.kept)?
            || what.latest() > stored.latest
        {
            return refused("what was approved under this operation's id is something else");
        }
        let left = SignedDuration::from_secs(stored.until - act.at.as_second());
        if left <= SignedDuration::ZERO {
            return refused("the approval is older than a day");
        }
        // Where the clock is in question, its day does not begin anew with it.
        if left > VALID {
            return refused("the approval is of a time that has not come yet");
        }
        let made = (&stored, Made::Approval(&act.operation));
        let standing = self.sayers.standing(approver, what.operation(), made, act.at);
        standing.map_err(|problem| problem.of_field(FIELD))
    }
}

/// Those who said something in a session of their own. It reads people and what lets them in.
#[derive(Clone)]
struct Sayers {
    people: Arc<dyn ReadPeople>,
    registry: Arc<Registry>,
    grounds: Arc<Grounds>,
}

impl Sayers {
    /// How somebody stands who said what is kept, and has the right to `operation`.
    ///
    /// # Errors
    /// 422 where they may not act any more, have not the right, or were let in by what has ended since.
    fn standing(
        &self,
        person: &ActorId,
        operation: Permitted,
        (stored, made): (&Stored, Made<'_>),
        now: Timestamp,
    ) -> Result<Standing, Problem> {
        let refused = |rule: Rule| Err(Problem::refused("person", rule));
        let Some(person) = self.people.person(person)?.filter(may_come_in) else {
            return refused("they may not act any more".into());
        };
        let open = |party: &Party| match party {
            Party::Holder(role) => person.roles.contains(role),
            _ => false,
        };
        if !operation.parties().iter().any(open) {
            return refused(operation.rule());
        }
        let basis = stored.basis.basis()?;
        let stands = self.registry.stands(&person.id, basis, now)?;
        if person.since.as_microsecond() != stored.since || stands.is_none() {
            return refused("what they were let in by has ended since".into());
        }
        let rests_on = self.grounds.rests_on(&made, now)?;
        Ok(person.standing(basis).resting_on(own(&rests_on)))
    }
}

/// Under which operation an approval is kept: one for each operation that is approved.
fn kept_under(approved: &OperationId) -> Result<OperationId, Problem> {
    kept::kept_under(SystemOperation::Approval, approved.as_str())
}

fn read(stored: &[u8]) -> Result<Stored, Problem> {
    let stored: Stored = serde_json::from_slice(stored).map_err(|error| Problem::broke(&error))?;
    match stored.version {
        VERSION => Ok(stored),
        _ => Err(Problem::broke(&"an approval in another form")),
    }
}
