//! What ends: the ways in of the roles without which nothing goes on, and what the program itself uses.
//! Each end is warned of before it comes, with what is to be done about it.

use std::sync::Arc;

use ca::Custody;
use domain::act::Act;
use domain::id::ActorId;
use domain::lifetime::{Nearness, nearness};
use domain::staff::{
    CredentialKind, Floor, NEVER_FEWER, PersonState, Role, quorum_floor, role_filled_until,
    way_in_until,
};
use jiff::Timestamp;
use store::reads::ReadPeople;
use store::{CredentialRow, PersonRow};

use super::findings::Gathered;
use super::health::Condition;
use super::permission::Operation;
use crate::acts::Clock;
use crate::entrance::grounds::Grounds;
use crate::entrance::principal::Principal;
use crate::ledger::Ledger;
use crate::problem::Problem;

/// How somebody is let in again whom nothing lets in any more.
pub const RECOVER: &str = "`jitsuin staff recover PERSON --custodian ID=FILE ...`";

/// How somebody can come in who has a role without which nothing goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayIn {
    /// Who.
    pub person: ActorId,
    /// Their roles.
    pub roles: Vec<Role>,
    /// Until when; [`Timestamp::MIN`] where nothing ever let them in, [`Timestamp::MAX`] for ever.
    pub until: Timestamp,
    /// Whether it is the secret of their enrolment, which they have not used.
    pub is_enrolment: bool,
}

/// Something that ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// What kind of thing, for example `role`.
    pub kind: &'static str,
    /// The CA that is concerned, or nothing.
    pub ca: String,
    /// Which one.
    pub subject: String,
    /// When. [`Timestamp::MIN`] stands for what has not begun.
    pub ends: Timestamp,
    /// What is to be done, and by whom.
    pub cure: String,
    /// Whether the installation agrees with itself no more once it has ended.
    pub is_finding: bool,
}

impl Ending {
    /// How near the end is; nothing, while it is too far away to be told of.
    pub fn nearness(&self, now: Timestamp) -> Option<Nearness> {
        nearness(now, self.ends)
    }

    /// What the list of conditions says of it at `now`.
    pub fn condition(&self, now: Timestamp) -> Condition {
        let has_ended = self.nearness(now) == Some(Nearness::Ended);
        let rule = format!("{}-{}", self.kind, if has_ended { "ended" } else { "ends-soon" });
        let condition = match has_ended && self.is_finding {
            true => Condition::failing(&rule, &self.subject, self.words(now)),
            false => Condition::warning(&rule, &self.subject, self.words(now)),
        };
        condition.of_ca(&self.ca)
    }

    /// What is said of it at `now`.
    pub fn words(&self, now: Timestamp) -> String {
        let Self { ends, cure, .. } = self;
        match self.nearness(now) {
            _ if *ends == Timestamp::MIN => cure.clone(),
            Some(Nearness::Ended) => format!("ended {ends}: {cure}"),
            Some(Nearness::Within(_)) | None => format!("ends {ends}: {cure}"),
        }
    }
}

/// What the program itself uses, and knows the end of.
pub trait Endings: Send + Sync {
    /// Everything, however far away its end is.
    ///
    /// # Errors
    /// Why it could not be found out.
    fn endings(&self, now: Timestamp) -> Result<Vec<Ending>, String>;
}

/// How many custodians have to come together, where there are keys.
struct Threshold(Option<Arc<Custody>>);

impl Threshold {
    fn floor(&self) -> Option<Floor> {
        self.0.as_ref().map(|custody| quorum_floor(custody.standing().threshold))
    }
}

/// What ends, and when. It reads people and what lets them in, and commits refusals alone.
pub struct Deadlines {
    clock: Clock,
    ledger: Ledger,
    people: Arc<dyn ReadPeople>,
    grounds: Arc<Grounds>,
    threshold: Threshold,
    program: Option<Arc<dyn Endings>>,
}

impl Deadlines {
    pub(super) fn new(
        (clock, ledger): (Clock, &Ledger),
        people: Arc<dyn ReadPeople>,
        grounds: &Arc<Grounds>,
        custody: Option<Arc<Custody>>,
        program: Option<Arc<dyn Endings>>,
    ) -> Self {
        let (ledger, grounds) = (ledger.clone(), grounds.clone());
        Self { clock, ledger, people, grounds, threshold: Threshold(custody), program }
    }

    /// What ends soon, or has ended, most urgent first.
    ///
    /// # Errors
    /// The database's, and what the program could not find out.
    pub fn endings(&self, now: Timestamp) -> Result<Vec<Ending>, Problem> {
        match self.known_endings(now)? {
            (endings, None) => Ok(endings),
            (_, Some(error)) => Err(Problem::broke(&error)),
        }
    }

    /// The same as far as it is known, and what the program could not find out.
    fn known_endings(&self, now: Timestamp) -> Result<(Vec<Ending>, Option<String>), Problem> {
        let mut all = self.role_endings()?;
        let found = self.program.as_ref().map(|program| program.endings(now));
        let unknown = match found.transpose() {
            Ok(found) => {
                all.extend(found.unwrap_or_default());
                None
            }
            Err(error) => Some(error),
        };
        all.retain(|ending| ending.nearness(now).is_some());
        all.sort_by_key(|ending| ending.ends);
        Ok((all, unknown))
    }

    /// How those can come in who register all others, and are in office.
    ///
    /// # Errors
    /// The database's; 403 for whom the table does not let list people.
    pub fn ways_in(&self, act: &Principal) -> Result<Vec<WayIn>, Problem> {
        self.ledger.admit(act, Operation::ListPeople)?;
        let mut ways = Vec::new();
        let is_needed = |role: &Role| NEVER_FEWER.iter().any(|floor| floor.role == *role);
        for person in self.people.people()? {
            if person.state != PersonState::Active || !person.roles.iter().any(is_needed) {
                continue;
            }
            let rows = self.people.credentials_of(&person.id)?;
            let is_enrolment = rows.iter().all(|row| row.kind == CredentialKind::Enrolment);
            let until = self.way_in(&person)?;
            let PersonRow { id, roles, .. } = person;
            ways.push(WayIn { person: id, roles, until, is_enrolment });
        }
        Ok(ways)
    }

    /// What ends soon, or has ended, as findings and facts.
    pub(super) fn check(&self, act: &Act, gathered: &mut Gathered) -> Result<(), Problem> {
        let (endings, unknown) = self.known_endings(act.at)?;
        // What cannot be looked at is told beside the rest, and hides none of it.
        gathered.add(unknown.map(|error| Condition::failing("look-failed", "what ends", error)));
        gathered.add(endings.into_iter().map(|ending| ending.condition(act.at)));
        Ok(())
    }

    /// Until when the roles can be filled without which nothing goes on.
    fn role_endings(&self) -> Result<Vec<Ending>, Problem> {
        let people = self.people.people()?;
        let custodians = self.threshold.floor();
        let mut endings = Vec::new();
        for floor in NEVER_FEWER.iter().chain(&custodians) {
            let in_office = |person: &&PersonRow| {
                person.state == PersonState::Active && person.roles.contains(&floor.role)
            };
            let held: Vec<_> = people.iter().filter(in_office).collect();
            let ways = held.iter().map(|person| self.way_in(person));
            let mut ways = ways.collect::<Result<Vec<_>, _>>()?;
            // Custodians without a log-in come to the console with their share.
            if floor.has_unregistered {
                ways.retain(|until| *until != Timestamp::MIN);
                if ways.len() < usize::try_from(floor.least).unwrap_or(0) {
                    continue;
                }
            }
            if let Some(ends) = role_filled_until(floor.least, ways) {
                endings.push(role_ending(floor, ends));
            }
        }
        Ok(endings)
    }

    fn way_in(&self, person: &PersonRow) -> Result<Timestamp, Problem> {
        let now = (self.clock)();
        let rows = self.people.credentials_of(&person.id)?.into_iter();
        let stands = |row: CredentialRow| match self.grounds.credential_rests_on(&row, now) {
            Ok(_) => Some(Ok((row.kind, row.expires))),
            Err(problem) if problem.is_refusal() => None,
            Err(problem) => Some(Err(problem)),
        };
        Ok(way_in_until(rows.filter_map(stands).collect::<Result<Vec<_>, _>>()?))
    }
}

fn role_ending(floor: &Floor, ends: Timestamp) -> Ending {
    // Custodians prove themselves by their shares, whatever became of their log-ins.
    let is_finding = floor.role != Role::KeyCustodian;
    let cure = format!(
        "too few people of this role can come in from then on; {}. Whoever still can makes a new \
         token, certificate or passkey; for others the custodians come to the console: {RECOVER}",
        floor.rule
    );
    let subject = floor.role.to_string();
    Ending { kind: "way-in", ca: String::new(), subject, ends, cure, is_finding }
}
