//! The parts of an installation that exist before its CAs do.

use std::sync::Arc;

use keys::GuardedKeyStore;
use store::Sqlite;

use crate::hold::Hold;
use crate::home::Home;
use crate::machine::Machine;
use crate::trusted_time::TrustedClock;

/// The parts that exist before the CAs do.
pub(crate) struct Foundation {
    pub(crate) hold: Hold,
    pub(crate) home: Home,
    pub(crate) store: Arc<Sqlite>,
    pub(crate) keys: Arc<GuardedKeyStore>,
    pub(crate) machine: Arc<Machine>,
    pub(crate) trusted: TrustedClock,
}
