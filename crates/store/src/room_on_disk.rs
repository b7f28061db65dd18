//! Whether the disk has room for what strangers ask: below a reserve they are turned away first, so
//! that revocations, lists and registered verifiers go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What was seen last of the disk, shared by whoever looks and whoever writes for strangers.
#[derive(Debug, Clone, Default)]
pub struct RoomOnDisk(Arc<AtomicBool>);

impl RoomOnDisk {
    /// Notes whether less than the reserve is left.
    pub fn note(&self, is_short: bool) {
        self.0.store(is_short, Ordering::Relaxed);
    }

    /// Whether less than the reserve was left at the last look.
    pub fn is_short(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
