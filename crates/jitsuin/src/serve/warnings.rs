//! What ends soon is said in the log: once at each step nearer to the end.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow};
use domain::lifetime::Nearness;
use jiff::Timestamp;

use crate::system::System;

/// What was said so far, by what it is about and when that ends.
#[derive(Default)]
pub(super) struct Told(BTreeMap<(String, Timestamp), Nearness>);

impl Told {
    /// Says what came nearer since; the warnings themselves.
    pub(super) fn tell(&mut self, system: &System) -> Result<Vec<String>> {
        let now = system.now();
        let endings = system.desk_without_windows().endings(now);
        let endings = endings.map_err(|problem| anyhow!("{}", problem.detail))?;
        let (mut said, mut standing) = (Vec::new(), BTreeMap::new());
        for ending in endings {
            let Some(nearness) = ending.nearness(now) else { continue };
            let about = (format!("{} {}", ending.kind, ending.subject), ending.ends);
            if self.0.get(&about).is_none_or(|before| *before < nearness) {
                let warning = format!("{}: {}", about.0, ending.words(now));
                tracing::warn!("{warning}");
                said.push(warning);
            }
            standing.insert(about, nearness);
        }
        // What was renewed is forgotten, and told of again when it comes to its end.
        self.0 = standing;
        Ok(said)
    }
}
