//! What is wrong, or will be: one list of conditions that the log, `check` and `GET /health` share.
//!
//! Whatever watches something tells the list, at each of its looks, everything that it sees; what it
//! told before and tells no more has ended. To add a condition, call [`Health::tell`] with a name of
//! one's own for the part, from whatever looks every few seconds.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::findings::{FindingBody, Gathered};

/// How much a condition weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gravity {
    /// Everything is done, but will not be if nobody acts: a fact of `check`.
    Warning,
    /// Something that is owed is not done now: a finding of `check`.
    Failing,
}

/// Something that people should know of and act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// Its name, in lower case with hyphens, for example `token-lost`: shown to everybody who asks.
    pub rule: String,
    /// How much it weighs.
    pub gravity: Gravity,
    /// The CA that it is about; empty for the whole installation.
    pub ca: String,
    /// What it is about: a generation, a list, a person.
    pub subject: String,
    /// What is wrong and what to do, in words for the operator. No secret and nothing personal.
    pub detail: String,
}

impl Condition {
    /// Something that is owed and not done.
    pub fn failing(rule: &str, subject: impl ToString, detail: impl ToString) -> Self {
        Self::new(Gravity::Failing, rule, subject, detail)
    }

    /// Something that will not be done if nobody acts.
    pub fn warning(rule: &str, subject: impl ToString, detail: impl ToString) -> Self {
        Self::new(Gravity::Warning, rule, subject, detail)
    }

    fn new(gravity: Gravity, rule: &str, subject: impl ToString, detail: impl ToString) -> Self {
        let (rule, ca) = (rule.to_owned(), String::new());
        Self { rule, gravity, ca, subject: subject.to_string(), detail: detail.to_string() }
    }

    /// The same of one CA.
    #[must_use]
    pub fn of_ca(self, ca: impl ToString) -> Self {
        Self { ca: ca.to_string(), ..self }
    }

    /// Whether another look saw the same thing, in whatever words.
    fn is_same(&self, other: &Self) -> bool {
        (&self.rule, &self.ca, &self.subject) == (&other.rule, &other.ca, &other.subject)
    }
}

/// The conditions that stand, each part's as it told them last.
#[derive(Debug, Default)]
pub struct Health {
    told: Mutex<BTreeMap<String, Vec<Condition>>>,
    is_logged: AtomicBool,
}

impl Health {
    /// From now on what is new and what has ended goes to the log: of a program that runs, and not of
    /// a command, whose answer tells.
    pub fn log(&self) {
        self.is_logged.store(true, Ordering::Relaxed);
    }

    /// Takes what `part` of the program sees now, in the place of all that it told before.
    pub fn tell(&self, part: &str, conditions: Vec<Condition>) {
        let before = self.lock().insert(part.to_owned(), conditions.clone()).unwrap_or_default();
        if !self.is_logged.load(Ordering::Relaxed) {
            return;
        }
        let lacks =
            |all: &[Condition], one: &Condition| !all.iter().any(|other| other.is_same(one));
        for Condition { rule, ca, subject, detail, gravity } in
            conditions.iter().filter(|one| lacks(&before, one))
        {
            match gravity {
                Gravity::Failing => tracing::error!("{rule}: {ca} {subject}: {detail}"),
                Gravity::Warning => tracing::warn!("{rule}: {ca} {subject}: {detail}"),
            }
        }
        for Condition { rule, ca, subject, .. } in
            before.iter().filter(|one| lacks(&conditions, one))
        {
            tracing::info!("{rule}: {ca} {subject}: this is over");
        }
    }

    /// All conditions that stand, the gravest first.
    pub fn standing(&self) -> Vec<Condition> {
        self.standing_but(&[])
    }

    /// The conditions that stand but for those that these parts of the program told, the gravest first.
    pub fn standing_but(&self, parts: &[&str]) -> Vec<Condition> {
        let told = self.lock();
        let of_others = told.iter().filter(|(part, _)| !parts.contains(&part.as_str()));
        let mut standing: Vec<Condition> = of_others.flat_map(|(_, told)| told).cloned().collect();
        standing.sort_by(|one, other| {
            other.gravity.cmp(&one.gravity).then_with(|| one.rule.cmp(&other.rule))
        });
        standing
    }

    /// One line for whoever asks without a name: `ok`, or the gravest weight and the names of the
    /// conditions, without what they are about.
    pub(crate) fn line(&self) -> (Option<Gravity>, String) {
        let standing = self.standing();
        let Some(gravest) = standing.first().map(|one| one.gravity) else {
            return (None, "ok".to_owned());
        };
        let word = match gravest {
            Gravity::Failing => "failing",
            Gravity::Warning => "warning",
        };
        let mut rules: Vec<&str> = standing.iter().map(|one| one.rule.as_str()).collect();
        rules.dedup();
        (Some(gravest), format!("{word}: {}", rules.join(", ")))
    }

    /// No thread leaves the table half changed, so a poisoned lock is taken over.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Vec<Condition>>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gathered {
    /// Adds conditions to what a check gathers, each once.
    pub(super) fn add(&mut self, conditions: impl IntoIterator<Item = Condition>) {
        for Condition { rule, gravity, ca, subject, detail } in conditions {
            let place = match gravity {
                Gravity::Failing => &mut self.findings,
                Gravity::Warning => &mut self.facts,
            };
            if !place.iter().any(|one| one.rule == rule && one.ca == ca && one.subject == subject) {
                place.push(FindingBody { rule, ca, subject, detail });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e10_what_a_part_tells_no_more_has_ended_and_the_gravest_comes_first() {
        let health = Health::default();
        assert_eq!(health.line(), (None, "ok".to_owned()));
        health.tell("backups", vec![Condition::warning("backup-here", "ca-1", "take it away")]);
        let lost = Condition::failing("token-lost", "jitsuin", "no token").of_ca("jpki-auth");
        health.tell("keys", vec![lost.clone()]);
        assert_eq!(health.standing()[0], lost);
        assert!(!health.standing_but(&["keys"]).contains(&lost));
        let said = "failing: token-lost, backup-here".to_owned();
        assert_eq!(health.line(), (Some(Gravity::Failing), said));
        health.tell("keys", Vec::new());
        let said = "warning: backup-here".to_owned();
        assert_eq!(health.line(), (Some(Gravity::Warning), said));
        health.tell("backups", Vec::new());
        assert!(health.standing().is_empty());
    }

    #[test]
    fn e10_a_check_has_each_condition_once_and_only_what_fails_as_a_finding() {
        let health = Health::default();
        let late = Condition::failing("list-late", "1/other", "it did not come").of_ca("jpki-auth");
        health.tell("lists", vec![late, Condition::warning("backup-here", "ca-1", "take it away")]);
        let mut gathered = Gathered::default();
        gathered.add(health.standing());
        gathered.add(health.standing());
        let rules =
            |all: &[FindingBody]| all.iter().map(|one| one.rule.clone()).collect::<Vec<_>>();
        assert_eq!(rules(&gathered.findings), ["list-late"]);
        assert_eq!(rules(&gathered.facts), ["backup-here"]);
    }
}
