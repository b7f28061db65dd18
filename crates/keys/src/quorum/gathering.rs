//! Custodians coming together within a window of time, until there are enough of them.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::quorum::custodian::CustodianId;
use crate::quorum::custody::CustodySet;
use crate::quorum::error::QuorumError;
use crate::quorum::passphrase::Passphrase;
use crate::quorum::roster;
use crate::quorum::secret::QuorumSecret;
use crate::quorum::shares::{self, Share};

/// How many wrong passphrases a custodian may give before they are locked for one window's length.
pub const WRONG_PASSPHRASES: u8 = 5;

/// Custodians who came so far (A 6.2.8). What they gave is wiped when this is dropped.
///
/// The window runs from the first share that opened. When it is over, or the clock goes back, all
/// is forgotten and the custodians begin anew; locks outlast that, for as long as a window is.
pub struct Gathering {
    set: CustodySet,
    window: SignedDuration,
    latest: Option<Timestamp>,
    opened: Option<Timestamp>,
    here: BTreeMap<CustodianId, Share>,
    failures: BTreeMap<CustodianId, Failures>,
}

/// How far the custodians have come.
#[derive(Debug)]
pub enum Progress {
    /// More custodians are needed.
    Waiting {
        /// How many are here.
        have: u8,
        /// How many open the secret.
        need: u8,
        /// The last moment at which the others may come.
        until: Timestamp,
    },
    /// Enough were here: this is the secret. The gathering has forgotten everything.
    Complete(QuorumSecret),
}

/// Wrong passphrases of one custodian, counted for one window's length from the first.
struct Failures {
    since: Timestamp,
    number: u8,
}

impl Gathering {
    /// Waits for custodians of `set`, who have `window` from the first of them on.
    ///
    /// # Errors
    /// [`QuorumError::Window`] unless the window is longer than nothing and at most a day.
    pub fn new(set: &CustodySet, window: SignedDuration) -> Result<Self, QuorumError> {
        if window <= SignedDuration::ZERO || window > SignedDuration::from_hours(24) {
            return Err(QuorumError::Window(window));
        }
        Ok(Self {
            set: set.clone(),
            window,
            latest: None,
            opened: None,
            here: BTreeMap::new(),
            failures: BTreeMap::new(),
        })
    }

    /// Takes a custodian's passphrase at the time `now`, which must not go back.
    ///
    /// # Errors
    /// [`QuorumError::ClockWentBack`] and [`QuorumError::WindowOver`], after which all begin anew;
    /// [`QuorumError::UnknownCustodian`], [`QuorumError::HereAlready`], [`QuorumError::Locked`],
    /// [`QuorumError::WrongPassphrase`]; [`QuorumError::OthersShare`], [`QuorumError::WrongSecret`] when
    /// the record was forged.
    pub fn contribute(
        &mut self,
        custodian: &CustodianId,
        passphrase: &Passphrase,
        now: Timestamp,
    ) -> Result<Progress, QuorumError> {
        self.advance(now)?;
        if self.here.contains_key(custodian) {
            return Err(QuorumError::HereAlready(custodian.clone()));
        }
        self.check_lock(custodian, now)?;
        let Some(share) = self.set.open_share(custodian, passphrase)? else {
            return Err(self.count_failure(custodian, now));
        };
        self.failures.remove(custodian);
        let opened = *self.opened.get_or_insert(now);
        self.here.insert(custodian.clone(), share);
        if self.here.len() < usize::from(self.set.threshold) {
            let until = after(opened, self.window);
            return Ok(Progress::Waiting { have: self.have(), need: self.set.threshold, until });
        }
        self.complete()
    }

    /// Who is here, in the order of their names.
    pub fn custodians(&self) -> impl Iterator<Item = &CustodianId> {
        self.here.keys()
    }

    /// Sends one custodian away and wipes what they gave; whether they were here.
    pub fn dismiss(&mut self, custodian: &CustodianId) -> bool {
        let was_here = self.here.remove(custodian).is_some();
        if self.here.is_empty() {
            self.opened = None;
        }
        was_here
    }

    /// Sends everybody away and wipes what they gave.
    pub fn forget(&mut self) {
        self.here.clear();
        self.opened = None;
    }

    fn have(&self) -> u8 {
        u8::try_from(self.here.len()).unwrap_or(u8::MAX)
    }

    /// Lets time go on, to the end of the window perhaps.
    fn advance(&mut self, now: Timestamp) -> Result<(), QuorumError> {
        let latest = self.latest.replace(now);
        if let Some(from) = latest.filter(|latest| now < *latest) {
            self.forget();
            return Err(QuorumError::ClockWentBack { from, to: now });
        }
        let ended = self.opened.map(|opened| after(opened, self.window));
        if let Some(ended) = ended.filter(|ended| now > *ended) {
            self.forget();
            return Err(QuorumError::WindowOver { ended });
        }
        Ok(())
    }

    fn check_lock(&mut self, custodian: &CustodianId, now: Timestamp) -> Result<(), QuorumError> {
        let window = self.window;
        self.failures.retain(|_, failures| now <= after(failures.since, window));
        match self.failures.get(custodian) {
            Some(failures) if failures.number >= WRONG_PASSPHRASES => {
                let until = after(failures.since, window);
                Err(QuorumError::Locked { custodian: custodian.clone(), until })
            }
            _ => Ok(()),
        }
    }

    fn count_failure(&mut self, custodian: &CustodianId, now: Timestamp) -> QuorumError {
        let first = Failures { since: now, number: 0 };
        let failures = self.failures.entry(custodian.clone()).or_insert(first);
        failures.number += 1;
        let left = WRONG_PASSPHRASES.saturating_sub(failures.number);
        QuorumError::WrongPassphrase { custodian: custodian.clone(), left }
    }

    /// Puts the secret together and sends everybody away, whatever comes of it. Whose shares they are
    /// is not believed of the record: the list that the secret itself opens must name the same.
    fn complete(&mut self) -> Result<Progress, QuorumError> {
        let secret = shares::combine(self.here.values());
        let here: Vec<CustodianId> = self.here.keys().cloned().collect();
        self.forget();
        let secret = secret.filter(|secret| self.set.is_of(secret));
        let secret = secret.ok_or(QuorumError::WrongSecret)?;
        roster::check(&self.set, &secret, here.iter())?;
        Ok(Progress::Complete(secret))
    }
}

impl fmt::Debug for Gathering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gathering({} of {} custodians)", self.here.len(), self.set.threshold)
    }
}

/// The end of a window; no time comes after the last that there is.
fn after(start: Timestamp, window: SignedDuration) -> Timestamp {
    start.checked_add(window).unwrap_or(Timestamp::MAX)
}
