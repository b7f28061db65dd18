//! The clock, which `main` alone looks at.

use std::sync::Arc;

use jiff::Timestamp;

/// The clock that the program injects everywhere.
pub(crate) type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
