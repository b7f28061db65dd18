//! The numbered steps of issuance, and who is told of each: tests crash the program there.

use std::sync::Arc;

/// A numbered step of issuance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum IssuanceStep {
    /// 1: a serial is reserved.
    Reserved = 1,
    /// 2: the TBS is drafted.
    Drafted = 2,
    /// 3: the draft is linted.
    Linted = 3,
    /// 4: the intent is on disk.
    Intended = 4,
    /// 5: the signature exists.
    Signed = 5,
    /// 6: the issue is on disk.
    Issued = 6,
}

/// Who is told of steps; nobody by default.
#[derive(Clone, Default)]
pub(crate) struct Observer(Option<Arc<dyn Fn(IssuanceStep) + Send + Sync>>);

impl Observer {
    pub(crate) fn new(told: Arc<dyn Fn(IssuanceStep) + Send + Sync>) -> Self {
        Self(Some(told))
    }

    pub(crate) fn reached(&self, step: IssuanceStep) {
        if let Some(told) = &self.0 {
            told(step);
        }
    }
}
