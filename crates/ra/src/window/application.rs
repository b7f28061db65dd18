//! An application as it stands, read back from its row.

use domain::application::{ApplicationKind, ApplicationState};
use domain::id::{ApplicationId, CaId, MunicipalityCode, ResidentCode};
use store::ApplicationRow;
use store::reads::ReadWindows;

use crate::authority::{Authorities, Authority};
use crate::error::{Result, WindowError};
use crate::record::{self, Record};

/// An application as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Its id.
    pub id: ApplicationId,
    /// The CA it is made to.
    pub ca: CaId,
    /// The municipality of the window.
    pub municipality: MunicipalityCode,
    /// What is applied for.
    pub kind: ApplicationKind,
    /// Where it stands.
    pub state: ApplicationState,
    /// The resident concerned.
    pub resident: ResidentCode,
    /// The form and everything recorded since.
    pub record: Record,
}

impl Application {
    pub(super) fn restore(row: ApplicationRow) -> Result<Self> {
        let record = record::decode(&row.record)?;
        Ok(Self {
            id: row.id,
            ca: row.ca,
            municipality: row.municipality,
            kind: row.kind,
            state: row.state,
            resident: row.resident,
            record,
        })
    }

    /// The application of this id, which is this municipality's.
    pub(super) fn load(
        records: &dyn ReadWindows,
        id: &ApplicationId,
        municipality: MunicipalityCode,
    ) -> Result<Self> {
        let row = records.application(id)?;
        let row = row.ok_or(WindowError::Unknown { field: "application" })?;
        if row.municipality != municipality {
            return Err(WindowError::Elsewhere { field: "application" });
        }
        Self::restore(row)
    }
}

/// The CA that an application is made to.
pub(super) fn authority_of<'a>(
    authorities: &'a Authorities,
    ca: &CaId,
) -> Result<&'a dyn Authority> {
    let authority = authorities.get(ca).map(AsRef::as_ref);
    authority.ok_or(WindowError::Unknown { field: "ca" })
}
