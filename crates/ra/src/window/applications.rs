//! Applications from the form to the approval, and those that are carried out without a card.

mod complete;
pub(super) mod receipt;
mod receive;
pub(super) mod verify;

use std::sync::Arc;

use domain::act::Actor;
use domain::application::ApplicationState;
use domain::id::ApplicationId;
use store::Page;
use store::reads::ReadWindows;

use super::application::Application;
use super::clerk::clerk;
use super::operation::Operations;
use super::step::Steps;
use crate::authority::Authorities;
use crate::error::Result;
use crate::register::ResidentRegister;

/// Applications: received, verified, approved, carried out on paper, shown. It reaches the register and the
/// CAs, and no card: whatever needs one is the [`CardCounter`](crate::window::CardCounter)'s.
pub struct Applications {
    operations: Operations,
    steps: Arc<Steps>,
    records: Arc<dyn ReadWindows>,
    register: Arc<dyn ResidentRegister>,
    authorities: Arc<Authorities>,
}

impl Applications {
    pub(super) fn new(
        operations: &Operations,
        steps: &Arc<Steps>,
        records: &Arc<dyn ReadWindows>,
        register: &Arc<dyn ResidentRegister>,
        authorities: &Arc<Authorities>,
    ) -> Self {
        Self {
            operations: operations.clone(),
            steps: steps.clone(),
            records: records.clone(),
            register: register.clone(),
            authorities: authorities.clone(),
        }
    }

    /// An application of the clerk's municipality.
    ///
    /// # Errors
    /// [`NotPermitted`](crate::WindowError::NotPermitted), [`Unknown`](crate::WindowError::Unknown),
    /// [`Elsewhere`](crate::WindowError::Elsewhere), and what the store says. Reading
    /// is not journaled here.
    pub fn find(&self, actor: &Actor, id: &ApplicationId) -> Result<Application> {
        let (_, municipality) = clerk(actor)?;
        Application::load(&*self.records, id, municipality)
    }

    /// The applications of the clerk's municipality, in one state or in all, newest first: at most `limit`
    /// after the one of the id `after`.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    pub fn list(
        &self,
        actor: &Actor,
        state: Option<ApplicationState>,
        after: Option<&ApplicationId>,
        limit: usize,
    ) -> Result<Page<Application, ApplicationId>> {
        let (_, municipality) = clerk(actor)?;
        let Page { rows, next } = self.records.applications(&municipality, state, after, limit)?;
        let rows = rows.into_iter().map(Application::restore).collect::<Result<_>>()?;
        Ok(Page { rows, next })
    }
}
