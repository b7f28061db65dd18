//! Records of strangers' queries: so many are kept one by one, the rest of a minute in sums.
//!
//! A query of a registered verifier is a record of its own, always (A 5.4.1). Of whom nobody knows there
//! may be any number, and records are kept for years: without a bound, strangers fill the disk that
//! verifiers' records need. So a minute has a bound of lines, whatever they ask, and no query of theirs
//! is without a trace: each is a line, or counted in one.

use std::collections::HashMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::{OcspOutcome, Query, QueryRecord};
use crate::ldap;
use crate::subscriber::Subscriber;

/// The time whose queries have one bound.
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// Queries of one subscriber that are lines of their own in a minute: more than a person tries by hand.
const OF_ONE: u32 = 60;

/// The same of all: 1.5 MB at most, at [`super::KEPT_OCTETS`] for each text; 2 GB a day.
const OF_ALL: u32 = 1_000;

/// Sums by subscriber in a minute; beyond, those of one kind are one sum of everywhere.
const MOST_SUMS: usize = 256;

/// The sum of those whose subscriber has no sum of its own.
const MANY: &str = "many";

/// What a stranger's query was, in words of ours alone, so that there are few kinds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Kind(String);

impl Kind {
    fn of(query: &Query) -> Self {
        Self(match query {
            Query::Ocsp { outcome: OcspOutcome::Refused { status, .. }, .. } => {
                format!("ocsp {status:?}")
            }
            Query::Ocsp { outcome, .. } => format!("ocsp {outcome}"),
            Query::Ldap { asked, result } => format!("ldap {result:?} {}", word(asked)),
            Query::Web { status, .. } => format!("web {status}"),
        })
    }
}

/// The operation alone.
fn word(asked: &ldap::Asked) -> &'static str {
    match asked {
        ldap::Asked::Bind { .. } => "bind",
        ldap::Asked::Search { .. } => "search",
        ldap::Asked::Compare { .. } => "compare",
        ldap::Asked::Extended(_) => "extended",
        ldap::Asked::Refused(_) => "refused",
        ldap::Asked::Malformed(_) => "malformed",
    }
}

/// Who is counted together: a subscriber, or `None` for many.
type Whose = Option<Subscriber>;

/// The queries of strangers in the minute that runs.
#[derive(Debug, Default)]
pub struct Strangers {
    since: Option<Timestamp>,
    all: u32,
    each: HashMap<Subscriber, u32>,
    sums: HashMap<(Kind, Whose), u64>,
}

/// A sum as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    at: Timestamp,
    since: Timestamp,
    whose: Whose,
    kind: Kind,
    count: u64,
}

impl fmt::Display for Sum {
    /// One line, in which no text of outside stands.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, since, whose, kind: Kind(kind), count } = self;
        let whose = whose.map_or(MANY.to_owned(), |one| one.to_string());
        write!(f, "{at} {whose} - sum {count} since {since}: {kind}")
    }
}

impl Strangers {
    /// Whether a stranger's query is to be a record of its own; else it is counted. It is `now`, whenever
    /// the query began: a slow one may be an hour old.
    pub fn is_recorded(&mut self, record: &QueryRecord, now: Timestamp) -> bool {
        self.since.get_or_insert(now);
        let from = Subscriber::of(record.peer.ip());
        let own = self.each.get(&from).copied().unwrap_or(0);
        if self.all >= OF_ALL || own >= OF_ONE {
            self.count(record, now);
            return false;
        }
        self.all += 1;
        self.each.insert(from, own + 1);
        true
    }

    /// Counts a query that is no record of its own.
    pub fn count(&mut self, record: &QueryRecord, now: Timestamp) {
        self.since.get_or_insert(now);
        let kind = Kind::of(&record.query);
        let own = (kind, Some(Subscriber::of(record.peer.ip())));
        let is_free = self.sums.len() < MOST_SUMS || self.sums.contains_key(&own);
        let key = if is_free { own } else { (own.0, None) };
        *self.sums.entry(key).or_default() += 1;
    }

    /// Takes the sums of a minute that is over, or of the one that runs; then another begins.
    pub fn take(&mut self, now: Timestamp, all: bool) -> Vec<Sum> {
        let Some(since) = self.since else { return Vec::new() };
        // A clock that was put back ends the minute as well; threads that come out of turn do not.
        if !all && now.duration_since(since).abs() < MINUTE {
            return Vec::new();
        }
        let Self { sums, .. } = std::mem::take(self);
        let sum = |((kind, whose), count)| Sum { at: now, since, whose, kind, count };
        sums.into_iter().map(sum).collect()
    }

    /// Counts again what could not be written.
    pub fn give_back(&mut self, sums: impl IntoIterator<Item = Sum>) {
        for Sum { since, whose, kind, count, .. } in sums {
            self.since = Some(self.since.map_or(since, |now| now.min(since)));
            *self.sums.entry((kind, whose)).or_default() += count;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use super::*;

    fn record(number: u32, second: i64, status: u16) -> QueryRecord {
        let at = Timestamp::from_second(second).expect("a time");
        let peer = SocketAddr::from((Ipv4Addr::from_bits(number), 40_000));
        let query = Query::Web { path: format!("/{number}"), status };
        QueryRecord { at, peer, verifier: None, query }
    }

    fn tried(strangers: &mut Strangers, record: &QueryRecord) -> bool {
        strangers.is_recorded(record, record.at)
    }

    #[test]
    fn e1_v5_a_minute_has_a_bound_of_lines_and_every_query_is_in_one() {
        let mut strangers = Strangers::default();
        let mut lines = 0;
        for number in 0..5_000_u32 {
            for status in [200, 401] {
                lines += u32::from(tried(&mut strangers, &record(number % 2_500, 0, status)));
            }
        }
        assert_eq!(lines, OF_ALL);
        let now = Timestamp::from_second(60).expect("a time");
        let sums = strangers.take(now, false);
        assert_eq!(sums.len(), MOST_SUMS + 2, "and one of everywhere for each kind");
        let counted: u64 = sums.iter().map(|sum| sum.count).sum();
        assert_eq!(counted + u64::from(lines), 10_000);
        assert!(tried(&mut strangers, &record(0, 60, 200)), "a new minute");
    }

    #[test]
    fn e1_v5_one_subscriber_has_a_share_of_lines_and_a_sum_of_the_rest() {
        let mut strangers = Strangers::default();
        let kept = (0..100).filter(|_| tried(&mut strangers, &record(7, 0, 401))).count();
        assert_eq!(kept, 60);
        assert!(tried(&mut strangers, &record(8, 0, 401)), "another has its own");
        assert!(strangers.take(Timestamp::from_second(-1).expect("a time"), false).is_empty());
        assert!(strangers.take(Timestamp::from_second(59).expect("a time"), false).is_empty());
        let sums = strangers.take(Timestamp::from_second(61).expect("a time"), false);
        let told: Vec<_> = sums.iter().map(Sum::to_string).collect();
        let expected = "1970-01-01T00:01:01Z 0.0.0.7 - sum 40 since 1970-01-01T00:00:00Z: web 401";
        assert_eq!(told, [expected]);
        {
            let one = record(7, 62, 401);
            strangers.count(&one, one.at)
        };
        strangers.give_back(sums);
        let again = strangers.take(Timestamp::from_second(63).expect("a time"), true);
        assert_eq!(
            again[0].to_string().split(": ").next(),
            Some("1970-01-01T00:01:03Z 0.0.0.7 - sum 41 since 1970-01-01T00:00:00Z")
        );
        assert_eq!(super::super::heard(&again[0].to_string()), None);
    }
}
