//! The demo's residents: two thousand and more people who do not exist, in five municipalities.

use anyhow::Result;
use domain::resident::Resident;
use ra::register::embedded::EmbeddedRegister;
use store::reads::ReadCertificates;
use web::desk::register::GenerateResidents;

use super::municipalities::MUNICIPALITIES;
use super::people::{OPERATOR, Staff};
use crate::system::System;

/// How many residents live there.
const COUNT: usize = 2_500;

/// The seed of the demo: everybody who runs it meets the same people.
const SEED: u64 = 2026;

/// Whether the register has residents.
pub(super) fn is_populated(system: &System) -> bool {
    EmbeddedRegister::exists(&system.home.register())
}

/// Fills the register.
pub(super) fn populate(system: &System) -> Result<()> {
    let municipalities =
        MUNICIPALITIES.iter().map(|code| code.parse()).collect::<Result<_, _>>()?;
    let invented = GenerateResidents { count: COUNT, municipalities, seed: SEED };
    Staff::without_windows(system).ask(OPERATOR, invented)?;
    Ok(())
}

/// The residents of a municipality who never had a certificate, adults first come first.
pub(crate) fn newcomers(
    system: &System,
    municipality: &str,
    count: usize,
) -> Result<Vec<Resident>> {
    let mut found = Vec::with_capacity(count);
    for resident in system.register()?.residents()? {
        if found.len() == count {
            break;
        }
        if resident.municipality.as_str() == municipality && !has_certificates(system, &resident)? {
            found.push(resident);
        }
    }
    Ok(found)
}

fn has_certificates(system: &System, resident: &Resident) -> Result<bool> {
    for authority in system.authorities.keys() {
        if !system.store.certificates_of(authority, &resident.code)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}
