//! What a window needs of card readers: a connection to the card that lies on one.

#[cfg(any(test, feature = "contract"))]
pub mod contract;
#[cfg(any(test, feature = "contract"))]
pub mod memory;

use card::terminal::Connection;
use domain::hindrance::Hindrance;
use domain::id::{CardId, MunicipalityCode};
use domain::rule::Rule;

/// The readers of the windows.
///
/// # Contract
/// - A connection is exclusive: until it is dropped, nobody else reaches the card. Whoever tries is told so,
///   and whoever has it notices nothing.
/// - Connecting sends the card nothing that changes it, and powers it on anew: no secret that was
///   verified before counts.
/// - Which card answers is not believed here. The window asks it in the channel.
pub trait Readers: Send + Sync {
    /// Connects to the card that is meant, on a reader of the windows of `municipality`: those of
    /// others are not there for it, whatever is named.
    ///
    /// # Errors
    /// [`ReaderError::Refused`] when there can be no such reader or card, or neither is named and no
    /// card lies anywhere; [`ReaderError::Busy`] and [`ReaderError::Unavailable`] when there is none just
    /// now, and repeating may help. Nothing was made then.
    fn connect(
        &self,
        municipality: MunicipalityCode,
        wanted: &Wanted,
    ) -> Result<Box<dyn Connection>, ReaderError>;
}

/// Which card is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The name of the reader; any that serves when left open.
    pub reader: Option<String>,
    /// The card; whatever lies on the reader when left open.
    pub card: Option<CardId>,
    /// Whether a new card is to be made out, so that without a reader's name and a card a blank one
    /// may be made. Nothing but an issue with a card wants that.
    pub is_new: bool,
}

impl Wanted {
    /// A card of the office, on the reader that is named.
    pub fn card(card: &CardId, reader: Option<&str>) -> Self {
        Self { reader: reader.map(str::to_owned), card: Some(card.clone()), is_new: false }
    }

    /// A blank card to be made out, on the reader that is named; one may be made.
    pub fn blank(reader: Option<&str>) -> Self {
        Self { reader: reader.map(str::to_owned), card: None, is_new: true }
    }

    /// Which card of a drawer of emulated ones is meant, where no reader is named; none where a blank one
    /// is to be made.
    ///
    /// # Errors
    /// [`ReaderError::Refused`] where no card is named either, and none may be made.
    pub fn in_drawer(&self) -> Result<Option<&CardId>, ReaderError> {
        match (&self.card, self.is_new) {
            (None, false) => Err(ReaderError::Refused(NOTHING_LIES_THERE.into())),
            (named, _) => Ok(named.as_ref()),
        }
    }
}

const NOTHING_LIES_THERE: &str =
    "no card lies on it: name the card, or the reader on which it lies";

impl ReaderError {
    /// There is no such card in the drawer; `told` is why, for the log.
    pub fn no_such_card(told: impl std::fmt::Display) -> Self {
        Self::Refused(Rule::from("no such card; name the reader on which it lies").telling(told))
    }

    /// The municipality has no reader of this name: another's is told apart from none by no word.
    pub fn no_such_reader() -> Self {
        Self::Refused(NO_SUCH_READER.into())
    }
}

const NO_SUCH_READER: &str = "this municipality has no such reader ([cards.readers] in the configuration says whose each is)";

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReaderError {
    /// The caller's fault: no such reader, no such card, or not in this program.
    #[error("reader: {}", .0.told())]
    Refused(Rule),
    /// Nobody's fault: a card cannot be made out now, and this is why.
    #[error(transparent)]
    Hindered(Hindrance),
    /// Nobody's fault at the window: the keys of the cards are awake and cannot be used, and so no card can
    /// be made.
    #[error("the card keys cannot be used now: {0}")]
    Keys(String),
    /// Nobody's fault: another operation works with the card.
    #[error("{0}")]
    Busy(String),
    /// The reader's fault or nobody's: no card lies on it, or somebody else is using it.
    #[error("the reader cannot be used now: {0}")]
    Unavailable(String),
}
