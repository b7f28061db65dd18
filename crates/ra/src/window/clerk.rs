//! Who works at a window, and for which municipality.

use domain::act::Actor;
use domain::id::{ActorId, MunicipalityCode};
use domain::municipality;

use crate::error::{Result, WindowError};

/// The clerk and the municipality of the window, a ward's being its city.
pub(super) fn clerk(actor: &Actor) -> Result<(ActorId, MunicipalityCode)> {
    match actor {
        Actor::WindowClerk { id, municipality: code } => {
            Ok((id.clone(), municipality::find(*code).map_or(*code, |known| known.code)))
        }
        _ => Err(WindowError::NotPermitted("only a clerk at a municipality's window may")),
    }
}
