//! Query records in sealed segments, whose hashes are journal entries (E1).

use std::sync::Arc;

use domain::act::{Act, Actor};
use domain::journal::EventKind;
use status::query_log::{LogUnavailable, QueryLog, QueryRecord};
use store::segments::{QuerySegments, Sealed};
use store::{Entry, Store, Unit};

use crate::system::{Clock, new_operation};

/// Keeps every query before its answer leaves.
pub(crate) struct SealedQueryLog {
    segments: QuerySegments,
    store: Arc<dyn Store>,
    clock: Clock,
}

impl SealedQueryLog {
    pub(crate) fn new(segments: QuerySegments, store: Arc<dyn Store>, clock: Clock) -> Self {
        Self { segments, store, clock }
    }

    /// Puts the hash of a sealed segment into the journal.
    pub(crate) fn seal(&self, sealed: &Sealed) -> anyhow::Result<()> {
        let act = Act {
            actor: Actor::System("query-log".parse()?),
            at: (self.clock)(),
            operation: new_operation()?,
        };
        let sha256: String = sealed.sha256.iter().map(|octet| format!("{octet:02x}")).collect();
        let entry = Entry::new(EventKind::QuerySegmentSealed, &act)
            .subject(&sealed.name)
            .detail("records", sealed.records)
            .detail("sha256", sha256);
        self.store.commit(Unit::new(entry))?;
        Ok(())
    }

    /// Seals what is due by its age; called now and then.
    pub(crate) fn seal_due(&self) -> anyhow::Result<()> {
        match self.segments.seal_due()? {
            Some(sealed) => self.seal(&sealed),
            None => Ok(()),
        }
    }

    /// Seals what is open; called last.
    pub(crate) fn close(&self) -> anyhow::Result<()> {
        match self.segments.close()? {
            Some(sealed) => self.seal(&sealed),
            None => Ok(()),
        }
    }
}

impl QueryLog for SealedQueryLog {
    fn record(&self, record: &QueryRecord) -> Result<(), LogUnavailable> {
        let line = record.to_string();
        let sealed = self
            .segments
            .append(line.as_bytes())
            .map_err(|error| LogUnavailable(error.to_string()))?;
        match sealed {
            Some(sealed) => self.seal(&sealed).map_err(|error| LogUnavailable(error.to_string())),
            None => Ok(()),
        }
    }
}
