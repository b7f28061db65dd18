//! The workshop: emulated cards and invented residents in the installation's directory.

use std::sync::Arc;

use anyhow::Result;
use ca::card_master::CardKeyring;
use card::{CardNumber, SignatureKeys};
use domain::id::CardId;
use domain::rule::Rule;
use domain::validity::civil_date;
use jiff::Timestamp;
use ra::register::embedded::EmbeddedRegister;
use web::desk::{Invented, Workshop};
use web::{Fault, Problem};

use crate::clock::Clock;
use crate::config::CardSource;
use crate::home::Home;
use crate::invented::{Parameters, SyntheticError, residents};
use crate::machine::Machine;
use crate::readers;

/// Makes cards and residents where an installation lies.
pub(crate) struct OwnWorkshop {
    pub(crate) home: Home,
    pub(crate) machine: Arc<Machine>,
    pub(crate) keyring: Arc<CardKeyring>,
    pub(crate) source: CardSource,
    pub(crate) clock: Clock,
}

impl Workshop for OwnWorkshop {
    fn make_card(&self, keys: SignatureKeys, number: CardNumber) -> Result<CardId, Problem> {
        if self.source == CardSource::Readers {
            let rule =
                "cards come to the readers of this machine ([cards] from in the configuration)";
            return Err(Problem::refused("card", rule));
        }
        let made = readers::cabinet(&self.home, &self.machine)
            .and_then(|cabinet| readers::make_once(&cabinet, &self.keyring, keys, number));
        made.map_err(|error| match error.downcast::<ca::Error>() {
            Ok(of_key) => of_key.into(),
            Err(other) => Problem::unavailable("the emulated cards", &format!("{other:#}")),
        })
    }

    fn generate_residents(&self, invented: &Invented<'_>) -> Result<(), Problem> {
        if EmbeddedRegister::exists(&self.home.register()) {
            let rule = Rule::from("there is a resident register already");
            return Err(Problem::new(Fault::Conflict, rule).of_field("register"));
        }
        let filled = invent(&self.home, invented, (self.clock)());
        filled.map_err(|error| match error.downcast::<SyntheticError>() {
            Ok(asked) => asked.into(),
            Err(other) => Problem::unavailable("the resident register", &format!("{other:#}")),
        })
    }
}

impl From<SyntheticError> for Problem {
    fn from(error: SyntheticError) -> Self {
        match error {
            SyntheticError::NoMunicipality => {
                Self::refused("municipalities", "no municipality is given")
            }
            SyntheticError::UnknownMunicipality(_) => Self::refused("municipalities", "not found"),
            SyntheticError::TooMany => {
                Self::refused("count", "more than there are people in the country")
            }
            SyntheticError::TooEarly | SyntheticError::Code(_) => Self::broke(&error),
        }
    }
}

/// Fills a register that is not there yet.
fn invent(home: &Home, invented: &Invented<'_>, now: Timestamp) -> Result<()> {
    let Invented { count, municipalities, seed } = *invented;
    let municipalities = municipalities.to_vec();
    let parameters = Parameters { seed, count, municipalities, today: civil_date(now) };
    let directory = home.register();
    std::fs::create_dir_all(&directory)?;
    EmbeddedRegister::create(&directory, residents(&parameters)?)?;
    Ok(())
}
