//! The readers of the windows: the cabinet of emulated cards, and the PC/SC readers of the machine.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;

use anyhow::Context;
use ca::card_master::CardKeyring;
use card::terminal::Connection;
use card::{Cabinet, CabinetError, CardNumber, SignatureKeys, VaultKey};
use domain::id::{CardId, InvalidId, MunicipalityCode};
use ra::readers::{ReaderError, Readers, Wanted};

use crate::config::CardSource;
use crate::home::Home;
use crate::machine::Machine;

/// What the name of a reader begins with in which an emulated card lies; the card's id follows.
pub(crate) const CABINET: &str = "cabinet:";

/// The cabinet of an installation's emulated cards.
pub(crate) fn cabinet(home: &Home, machine: &Machine) -> anyhow::Result<Cabinet> {
    let vault = VaultKey::new(&*machine.secret("vault")?);
    Ok(Cabinet::open(&home.cards(), vault)?)
}

/// Makes a blank emulated card of this number, unless there is one: whoever was cut off asks again.
///
/// # Errors
/// While the card master key sleeps, or when the cabinet cannot keep the card.
pub(crate) fn make_once(
    cabinet: &Cabinet,
    keyring: &CardKeyring,
    signature_keys: SignatureKeys,
    number: CardNumber,
) -> anyhow::Result<CardId> {
    let keys = keyring.card_keys(&number).context("the card keys")?;
    let id = number.id();
    match cabinet.make_taking(signature_keys, &id, keys) {
        Err(CabinetError::Exists(_)) | Ok(()) => Ok(id),
        Err(error) => Err(error.into()),
    }
}

/// Cards of an installation: a named reader is one of the machine, or a card of the cabinet;
/// without a name the configured source serves. A reader of the machine is its municipality's.
pub(crate) struct CardReaders {
    cabinet: Cabinet,
    keyring: Arc<CardKeyring>,
    source: CardSource,
    bound: BTreeMap<String, MunicipalityCode>,
}

impl CardReaders {
    /// The readers over a cabinet, whose blank cards get their keys from `keyring`.
    pub(crate) fn new(
        cabinet: Cabinet,
        keyring: Arc<CardKeyring>,
        source: CardSource,
        bound: BTreeMap<String, MunicipalityCode>,
    ) -> Self {
        Self { cabinet, keyring, source, bound }
    }

    /// Makes a blank emulated card under a random number.
    ///
    /// # Errors
    /// As [`make_once`].
    pub(crate) fn make_blank(&self, signature_keys: SignatureKeys) -> anyhow::Result<CardId> {
        let mut number = [0; 10];
        aws_lc_rs::rand::fill(&mut number)
            .map_err(|_| anyhow::anyhow!("the random generator failed"))?;
        make_once(&self.cabinet, &self.keyring, signature_keys, CardNumber(number))
    }

    /// The card that is meant, or a blank one.
    fn cabinet_card(&self, wanted: Option<&CardId>) -> Result<Box<dyn Connection>, ReaderError> {
        let id = match wanted {
            Some(id) => id.clone(),
            None => self.make_blank(SignatureKeys::Any).map_err(|error| {
                match error.downcast_ref::<ca::Error>() {
                    Some(keys) => keys
                        .hindrance()
                        .map_or_else(|| ReaderError::Keys(keys.to_string()), ReaderError::Hindered),
                    None => unavailable(&format!("{error:#}")),
                }
            })?,
        };
        let card = self.cabinet.insert(&id).map_err(|error| match error {
            CabinetError::Unknown(_) | CabinetError::NoNumber(_) => {
                ReaderError::no_such_card(error)
            }
            busy @ CabinetError::InUse(_) => ReaderError::Busy(busy.to_string()),
            other => unavailable(&other),
        })?;
        Ok(Box::new(card))
    }
}

impl Readers for CardReaders {
    fn connect(
        &self,
        municipality: MunicipalityCode,
        wanted: &Wanted,
    ) -> Result<Box<dyn Connection>, ReaderError> {
        let named = wanted.reader.as_deref();
        if let Some(id) = named.and_then(|name| name.strip_prefix(CABINET)) {
            // Where cards come to readers, none lies in a file.
            if self.source == CardSource::Readers {
                return Err(ReaderError::no_such_reader());
            }
            let id = id
                .parse()
                .map_err(|refused: InvalidId| ReaderError::Refused(refused.rule.into()))?;
            return self.cabinet_card(Some(&id));
        }
        match (named, self.source) {
            (None, CardSource::Cabinet) => self.cabinet_card(wanted.in_drawer()?),
            (Some(reader), _) => self.own_reader(municipality, reader),
            (None, _) => self.only_reader(municipality),
        }
    }
}

impl CardReaders {
    /// A reader of the machine, where it is this municipality's; another's is none, and is told apart
    /// from none by no word.
    fn own_reader(
        &self,
        municipality: MunicipalityCode,
        reader: &str,
    ) -> Result<Box<dyn Connection>, ReaderError> {
        match self.bound.get(reader) {
            Some(owner) if *owner == municipality => machine::connect(reader),
            _ => Err(ReaderError::no_such_reader()),
        }
    }

    /// The one reader of this municipality with a card on it.
    fn only_reader(
        &self,
        municipality: MunicipalityCode,
    ) -> Result<Box<dyn Connection>, ReaderError> {
        let found = machine::list().map_err(|error| unavailable(&format!("{error:#}")))?;
        let is_own = |name: &String| self.bound.get(name) == Some(&municipality);
        let own: Vec<_> =
            found.into_iter().filter(|(name, has_card)| *has_card && is_own(name)).collect();
        match own.as_slice() {
            [(reader, _)] => machine::connect(reader),
            [] => Err(unavailable(&"no card lies on a reader of this municipality")),
            _ => Err(ReaderError::Refused("several have a card: name the reader".into())),
        }
    }
}

fn unavailable(error: &dyn Display) -> ReaderError {
    ReaderError::Unavailable(error.to_string())
}

/// The readers of this machine.
#[cfg(feature = "pcsc")]
pub(crate) mod machine {
    use anyhow::Result;
    use card::pcsc_reader::{self, CardOnReader};
    use card::terminal::Connection;
    use domain::rule::Rule;
    use ra::readers::ReaderError;

    /// Their names, and whether a card lies on each.
    pub(crate) fn list() -> Result<Vec<(String, bool)>> {
        let found = pcsc_reader::readers()?;
        Ok(found.into_iter().map(|reader| (reader.name, reader.has_card)).collect())
    }

    /// The card on one of them.
    pub(super) fn connect(reader: &str) -> Result<Box<dyn Connection>, ReaderError> {
        use pcsc_reader::ReaderError as E;
        match CardOnReader::connect(Some(reader)) {
            Ok(card) => Ok(Box::new(card)),
            Err(error @ (E::UnknownReader(_) | E::SeveralCards(_))) => Err(ReaderError::Refused(
                Rule::from("it is none, or it cannot be told which").telling(error),
            )),
            Err(error) => Err(super::unavailable(&error)),
        }
    }
}

/// What is said of them in a program that was built without.
#[cfg(not(feature = "pcsc"))]
pub(crate) mod machine {
    use anyhow::{Result, bail};
    use card::terminal::Connection;
    use ra::readers::ReaderError;

    const RULE: &str = "this program was built without PC/SC: install libpcsclite-dev and \
        pkg-config, and build it with --features pcsc";

    pub(crate) fn list() -> Result<Vec<(String, bool)>> {
        bail!("readers: {RULE}")
    }

    pub(super) fn connect(_: &str) -> Result<Box<dyn Connection>, ReaderError> {
        Err(ReaderError::Refused(RULE.into()))
    }
}

#[cfg(test)]
mod tests {
    use ca::card_master::dangerous_set_up_without_backup;
    use keys::MemoryKeyStore;
    use testkit::{Clock, Scratch, act};

    use super::*;

    #[test]
    fn c2_the_cabinets_readers_keep_what_windows_rely_on() {
        let (scratch, clock) = (Scratch::new(), Clock::at("2026-04-01T03:00:00Z"));
        let (act, keys) = (act(&clock), Arc::new(MemoryKeyStore::new()));
        let keyring = dangerous_set_up_without_backup(&act, scratch.store.clone(), keys);
        let keyring = Arc::new(keyring.expect("a card master"));
        let vault = VaultKey::new(&[5; 32]);
        let cabinet = Cabinet::open(&scratch.path().join("cards"), vault).expect("a cabinet");
        let kawaguchi = "11203".parse().expect("a municipality");
        let bound = BTreeMap::from([("Reader 01".to_owned(), kawaguchi)]);
        let source = CardSource::Cabinet;
        let readers = CardReaders::new(cabinet, keyring.clone(), source, bound);
        let reader = ("Reader 01", kawaguchi);
        ra::readers::contract::check(&readers, &*keyring, reader, &act);
    }
}
