//! The part `[time]` of the configuration.

use anyhow::{Result, bail};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// What the clock is held against; without any of it, against itself alone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TimeConfig {
    /// An SNTP server (RFC 5905 14) as `host:port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<String>,
    /// By how many seconds the clock may be wrong.
    pub(crate) limit_seconds: u32,
    /// For how many hours the source may be silent.
    pub(crate) holdover_hours: u32,
}

impl Default for TimeConfig {
    /// Two seconds: a leap second may step a clock by one, a time daemon steps it by what is left
    /// below that, and no time we write is finer than a second. A day of silence lets an ordinary
    /// crystal (50 ppm) drift by four.
    fn default() -> Self {
        Self { source: None, limit_seconds: 2, holdover_hours: 24 }
    }
}

impl TimeConfig {
    /// Refuses values that would make the check mean nothing.
    pub(crate) fn check(&self) -> Result<()> {
        if !(1..=60).contains(&self.limit_seconds) {
            bail!("time.limit_seconds: 1 to 60, not {}", self.limit_seconds);
        }
        if !(1..=168).contains(&self.holdover_hours) {
            bail!("time.holdover_hours: 1 to 168, not {}", self.holdover_hours);
        }
        let has_port = |source: &String| {
            source.rsplit_once(':').is_some_and(|(host, port)| {
                !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0)
            })
        };
        match &self.source {
            Some(source) if !has_port(source) => bail!("time.source: host:port, not {source:?}"),
            _ => Ok(()),
        }
    }

    /// By how much the clock may be wrong.
    pub(crate) fn limit(&self) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.limit_seconds))
    }

    /// For how long the source may be silent.
    pub(crate) fn holdover(&self) -> SignedDuration {
        SignedDuration::from_hours(i64::from(self.holdover_hours))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e9_the_configuration_has_defaults_and_bounds() {
        let read = |text: &str| toml::from_str::<TimeConfig>(text).expect("reads");
        assert_eq!(read(""), TimeConfig::default());
        assert!(read("source = \"127.0.0.1:123\"").check().is_ok());
        assert!(read("source = \"[::1]:123\"\nlimit_seconds = 1").check().is_ok());
        for text in [
            "limit_seconds = 0",
            "limit_seconds = 61",
            "holdover_hours = 0",
            "holdover_hours = 169",
            "source = \"ntp.example\"",
            "source = \":123\"",
            "source = \"ntp.example:0\"",
        ] {
            assert!(read(text).check().is_err(), "{text}");
        }
        assert!(toml::from_str::<TimeConfig>("limit = 2").is_err());
    }
}
