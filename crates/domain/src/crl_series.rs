//! The life of a revocation list series: one per CA key and partition, from built to published.

use std::fmt;

use crate::id::{InvalidId, MunicipalityCode};
use crate::named::named;
use crate::transition::{TransitionTable, row};

/// Which certificates a list covers; every certificate belongs to exactly one, fixed at issue.
/// ```
/// use jitsuin_domain::crl_series::Partition;
///
/// let saitama: Partition = "11100".parse()?;
/// assert_eq!(saitama, Partition::Municipality("11100".parse()?));
/// assert!(!saitama.is_authority());
/// assert!("arl-link".parse::<Partition>()?.is_authority());
/// # Ok::<(), jitsuin_domain::id::InvalidId>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Partition {
    /// User certificates of one municipality (区分CRL, S 4-4-4-4).
    Municipality(MunicipalityCode),
    /// Certificates of no municipality: responders and servers (A 4.9.12(3)).
    Other,
    /// Self-signed certificates (S 7-2-3).
    ArlSelfSigned,
    /// Link certificates (S 7-2-4).
    ArlLink,
    /// Cross-certificates (S 7-2-2).
    ArlCross,
}

impl Partition {
    /// Whether the list is an ARL: it covers CA certificates only.
    pub fn is_authority(self) -> bool {
        matches!(self, Self::ArlSelfSigned | Self::ArlLink | Self::ArlCross)
    }
}

impl fmt::Display for Partition {
    /// The name in rows and addresses: five digits, `other`, or `arl-…`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Municipality(code) => write!(f, "{code}"),
            Self::Other => f.write_str("other"),
            Self::ArlSelfSigned => f.write_str("arl-self-signed"),
            Self::ArlLink => f.write_str("arl-link"),
            Self::ArlCross => f.write_str("arl-cross"),
        }
    }
}

impl std::str::FromStr for Partition {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "other" => Self::Other,
            "arl-self-signed" => Self::ArlSelfSigned,
            "arl-link" => Self::ArlLink,
            "arl-cross" => Self::ArlCross,
            code => Self::Municipality(code.parse()?),
        })
    }
}

/// A series among those of its CA, as it is written: `1/11100`.
/// ```
/// use jitsuin_domain::crl_series::{Partition, SeriesPlace};
///
/// let place: SeriesPlace = "2/other".parse()?;
/// assert_eq!(place, SeriesPlace { generation: 2, partition: Partition::Other });
/// assert_eq!(place.to_string(), "2/other");
/// assert!("other".parse::<SeriesPlace>().is_err());
/// # Ok::<(), jitsuin_domain::id::InvalidId>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesPlace {
    /// The generation of the key that signs the lists.
    pub generation: u32,
    /// What they cover.
    pub partition: Partition,
}

impl fmt::Display for SeriesPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.generation, self.partition)
    }
}

impl std::str::FromStr for SeriesPlace {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let rule = "it must be a generation and a partition, as 1/11100";
        let unfit = || InvalidId::new("series", text, rule);
        let (generation, partition) = text.split_once('/').ok_or_else(unfit)?;
        let generation = generation.parse().map_err(|_| unfit())?;
        Ok(Self { generation, partition: partition.parse()? })
    }
}

named! {
    /// Where the newest list of a series stands.
    SeriesState {
        /// No list was ever built.
        Empty = "empty",
        /// A list is built and signed, and waits at the publication gate.
        Built = "built",
        /// The newest list is published.
        Published = "published",
        /// The gate refused the newest list; the one published before stays up.
        Withheld = "withheld",
    }
}

named! {
    /// What can happen to a series.
    SeriesEvent {
        /// A list with the next number is built and signed.
        Build = "build",
        /// The second reader found it complete and fitting.
        Publish = "publish",
        /// The second reader found a difference.
        Withhold = "withhold",
    }
}

/// Every transition there is; a number is never used twice, whatever the gate says.
pub const TRANSITIONS: TransitionTable<SeriesState, SeriesEvent> = {
    use SeriesEvent as E;
    use SeriesState as S;
    TransitionTable {
        rows: &[
            row(S::Empty, E::Build, S::Built, "the first list (A 4.9.7, S 4-4-9)"),
            row(S::Published, E::Build, S::Built, "every 24 hours, or at once (A 4.9.7, S 4-4-9)"),
            row(
                S::Withheld,
                E::Build,
                S::Built,
                "a new list with a new number replaces a withheld one",
            ),
            row(
                S::Built,
                E::Build,
                S::Built,
                "a list left unpublished by a crash is overtaken by the next number",
            ),
            row(
                S::Built,
                E::Publish,
                S::Published,
                "complete, advancing, fitting issuer, AKI and IDP (A 4.9.8)",
            ),
            row(S::Built, E::Withhold, S::Withheld, "the second reader found a difference"),
        ],
    }
};

/// A transition that is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a revocation list series that is {state} cannot {event}")]
pub struct RefusedTransition {
    /// The state it is in.
    pub state: SeriesState,
    /// What was asked.
    pub event: SeriesEvent,
}

impl SeriesState {
    /// The state after `event`.
    ///
    /// # Errors
    /// [`RefusedTransition`] when [`TRANSITIONS`] has no row for it.
    pub fn after(self, event: SeriesEvent) -> Result<Self, RefusedTransition> {
        TRANSITIONS.after(self, event).ok_or(RefusedTransition { state: self, event })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l14_only_a_built_list_meets_the_gate() {
        for state in SeriesState::ALL {
            for event in [SeriesEvent::Publish, SeriesEvent::Withhold] {
                assert_eq!(
                    state.after(event).is_ok(),
                    state == SeriesState::Built,
                    "{state} {event}"
                );
            }
            assert_eq!(state.after(SeriesEvent::Build), Ok(SeriesState::Built));
        }
    }

    #[test]
    fn v2_a_partition_survives_its_name() {
        let municipality = Partition::Municipality("11203".parse().expect("a code"));
        for partition in [
            municipality,
            Partition::Other,
            Partition::ArlSelfSigned,
            Partition::ArlLink,
            Partition::ArlCross,
        ] {
            assert_eq!(partition.to_string().parse(), Ok(partition));
        }
    }
}
