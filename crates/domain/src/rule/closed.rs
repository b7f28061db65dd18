//! What stands in a rule as it prints itself: numbers, times, and the types of this crate that hold no text
//! but their own.

use super::{Closed, Rule};

macro_rules! closed {
    ($($name:ty),* $(,)?) => {
        $(impl Closed for $name {
            fn words(&self) -> Rule {
                Rule::leaf(self)
            }
        })*
    };
}

closed!(
    u8,
    u16,
    u32,
    u64,
    usize,
    i8,
    i16,
    i32,
    i64,
    bool,
    jiff::Timestamp,
    jiff::civil::Date,
    jiff::civil::DateTime,
    std::net::IpAddr,
    crate::application::RefusedTransition,
    crate::certificate::RefusedTransition,
    crate::ceremony::CeremonyId,
    crate::ceremony::RefusedEvent,
    crate::crl_series::RefusedTransition,
    crate::crl_series::Partition,
    crate::id::MunicipalityCode,
    crate::id::ResidentCode,
    crate::id::SerialNumber,
    crate::policy::Clause,
    crate::policy::ObjectIdentifier,
    crate::resident::BasicAttribute,
    crate::service_request::RefusedStep,
    crate::staff::RefusedRoles,
    crate::staff::RefusedPerson,
    crate::text::InvalidFreeText,
    crate::validity::OutOfRange,
);
