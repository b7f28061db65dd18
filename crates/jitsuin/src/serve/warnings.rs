//! What ends soon is said in the log: once at each step nearer to the end.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow};
use domain::lifetime::Nearness;
use jiff::{SignedDuration, Timestamp};

use crate::system::System;

/// What was said so far, by what it is about and when that ends.
#[derive(Default)]
pub(super) struct Told {
    said: BTreeMap<(String, Timestamp), Nearness>,
    /// When is looked again.
    next: Option<Timestamp>,
}

/// How often is looked: what ends is told of in days.
const INTERVAL: SignedDuration = SignedDuration::from_mins(10);

impl Told {
    /// Says what came nearer since; the warnings themselves.
    pub(super) fn tell(&mut self, system: &System) -> Result<Vec<String>> {
        let now = system.now();
        if self.next.is_some_and(|next| now < next) {
            return Ok(Vec::new());
        }
        self.next = Some(now + INTERVAL);
        let endings = system.desk_without_windows().deadlines().endings(now);
        let endings = endings.map_err(|problem| anyhow!("{}", problem.detail))?;
        let conditions = endings.iter().map(|ending| ending.condition(now)).collect();
        system.health.tell("endings", conditions);
        let (mut said, mut standing) = (Vec::new(), BTreeMap::new());
        for ending in endings {
            let Some(nearness) = ending.nearness(now) else { continue };
            let about = (format!("{} {}", ending.kind, ending.subject), ending.ends);
            if self.said.get(&about).is_none_or(|before| *before < nearness) {
                let warning = format!("{}: {}", about.0, ending.words(now));
                tracing::warn!("{warning}");
                said.push(warning);
            }
            standing.insert(about, nearness);
        }
        // What was renewed is forgotten, and told of again when it comes to its end.
        self.said = standing;
        Ok(said)
    }
}
