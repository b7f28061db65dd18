//! Why a card could not be worked with, and whose fault it is.

use domain::hindrance::Hindrance;
use domain::rule;
use domain::rule::{Closed, Hex, Plain, Rule};

use crate::protocol::apdu::StatusWord;
use crate::protocol::connection::ConnectionError;
use crate::protocol::handshake::MalformedHandshake;
use crate::protocol::scp03::ChannelError;
use crate::protocol::slot::CardSlot;

/// Why a card master opens no session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CardMasterError {
    /// The card's fault: it does not hold the keys of the number that it claims.
    #[error("the card could not prove that it is genuine")]
    NotAuthentic,
    /// The card's fault, or that of whoever stands before it: its session counter is not ahead of
    /// the last session. A genuine card counts up and never back.
    #[error(
        "the card's session counter is not ahead of its last session: the card was set back to an \
         older state, or an old session is being repeated"
    )]
    SetBack,
    /// Nobody's fault: the master key is not used at present, and this is why.
    #[error(transparent)]
    Hindered(Hindrance),
    /// Nobody's fault at the window: the master key cannot be used now.
    #[error("the card keys cannot be used now: {0}")]
    Unavailable(String),
}

/// Of secrets it tells nothing but how many tries are left.
impl Closed for TerminalError {
    fn words(&self) -> Rule {
        match self {
            Self::Connection(_) => Rule::from("the connection to the card failed").told_as(self),
            Self::AnotherMake => "this is no card of this make".into(),
            Self::Destroyed => "the card is destroyed".into(),
            Self::KeyVersion { version } => {
                let version = [*version];
                let version = Hex(&version);
                rule!("the card has keys of version {}, which this system does not manage", version)
            }
            Self::NotAuthentic => {
                "the card is not authentic, or its messages were changed on the way".into()
            }
            Self::Refused { command, status, rule } => {
                rule!("the card refuses to {}: {} ({})", *command, *rule, Plain(*status))
            }
            Self::SecretWrong { slot, tries_left } => {
                rule!("the {} is wrong; {} tries left", slot.secret_name(), *tries_left)
            }
            Self::SecretBlocked { slot } => {
                rule!("the {} is blocked; the window has to unlock it", slot.secret_name())
            }
            Self::Unsendable(what) => rule!("that cannot be sent to a card: {}", *what),
            Self::Provider(action) => rule!("the cryptographic provider failed at {}", *action),
            Self::Malformed(what) => rule!("the card's answer is malformed: {}", *what),
            Self::Master(error) => error.words(),
        }
    }
}

impl Closed for CardMasterError {
    fn words(&self) -> Rule {
        match self {
            Self::NotAuthentic => "the card is not authentic".into(),
            Self::SetBack => {
                "the card's session counter is not ahead of its last session: the card was set back \
                 to an older state, or an old session is being repeated"
                    .into()
            }
            Self::Hindered(hindrance) => hindrance.words(),
            Self::Unavailable(_) => Rule::from("the card keys cannot be used now").told_as(self),
        }
    }
}

/// Why a card could not be worked with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TerminalError {
    /// The reader failed, or the card was taken away. Whether the last command reached the card is
    /// not known: connect again and look at its report.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// It is a card without this application.
    #[error("this is no card of this make")]
    AnotherMake,
    /// It has this application, and says that it is destroyed. It holds no keys any more and can
    /// prove neither that nor its number.
    #[error("the card is destroyed")]
    Destroyed,
    /// Its keys are of another version than the card master's.
    #[error("the card has keys of version {version:02X}, which this system does not manage")]
    KeyVersion {
        /// The version that the card states.
        version: u8,
    },
    /// It could not prove that it is genuine, or a message was not authentic: it may be forged, or
    /// somebody stands between.
    #[error("the card is not authentic, or its messages were changed on the way")]
    NotAuthentic,
    /// The card refused what the rule forbids; it changed nothing.
    #[error("the card refuses to {command}: {rule} ({status})")]
    Refused {
        /// What was asked of it.
        command: &'static str,
        /// What it answered.
        status: StatusWord,
        /// The rule in words.
        rule: &'static str,
    },
    /// The secret was wrong; the try is spent.
    #[error("the {} is wrong; {tries_left} tries left", .slot.secret_name())]
    SecretWrong {
        /// The slot.
        slot: CardSlot,
        /// How many tries are left; at 0 the slot is blocked.
        tries_left: u8,
    },
    /// All tries are spent; the window unlocks it (C3).
    #[error("the {} is blocked; the window has to unlock it", .slot.secret_name())]
    SecretBlocked {
        /// The slot.
        slot: CardSlot,
    },
    /// The caller's fault: something that no card of this make takes.
    #[error("that cannot be sent to a card: {0}")]
    Unsendable(&'static str),
    /// The cryptographic library failed.
    #[error("the cryptographic provider failed at {0}")]
    Provider(&'static str),
    /// The card answered what no card of this make answers.
    #[error("the card's answer is malformed: {0}")]
    Malformed(&'static str),
    /// The card master opened no session.
    #[error(transparent)]
    Master(CardMasterError),
}

impl From<MalformedHandshake> for TerminalError {
    fn from(MalformedHandshake(rule): MalformedHandshake) -> Self {
        Self::Malformed(rule)
    }
}

impl From<ChannelError> for TerminalError {
    fn from(error: ChannelError) -> Self {
        match error {
            ChannelError::NotAuthentic => Self::NotAuthentic,
            ChannelError::TooLong => Self::Unsendable("it is longer than a command can be"),
            ChannelError::Provider(action) => Self::Provider(action),
        }
    }
}

impl From<ChannelError> for CardMasterError {
    fn from(error: ChannelError) -> Self {
        match error {
            ChannelError::NotAuthentic => Self::NotAuthentic,
            other => Self::Unavailable(other.to_string()),
        }
    }
}

impl From<CardMasterError> for TerminalError {
    fn from(error: CardMasterError) -> Self {
        match error {
            CardMasterError::NotAuthentic => Self::NotAuthentic,
            CardMasterError::SetBack
            | CardMasterError::Hindered(_)
            | CardMasterError::Unavailable(_) => Self::Master(error),
        }
    }
}
