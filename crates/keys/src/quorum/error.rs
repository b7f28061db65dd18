//! What can go wrong among custodians, and whose fault it is.

use domain::rule;
use domain::rule::{Closed, Plain, Rule};
use jiff::{SignedDuration, Timestamp};

use crate::error::KeyError;
use crate::quorum::custodian::CustodianId;

/// Why custodians cannot be set up, or do not open anything.
#[derive(Debug, thiserror::Error)]
pub enum QuorumError {
    /// The caller's fault: so many of so many is no quorum.
    #[error("{threshold} of {number} custodians is no quorum: {rule}")]
    NoQuorum {
        /// How many would be needed.
        threshold: u8,
        /// How many there would be.
        number: usize,
        /// The rule it breaks.
        rule: &'static str,
    },
    /// The caller's fault: one person cannot hold two shares.
    #[error("{0} is named twice; every custodian is another person")]
    NamedTwice(CustodianId),
    /// The custodians' fault: who knows two passphrases holds two shares.
    #[error("two custodians gave the same passphrase; each chooses one of their own")]
    SamePassphrase,
    /// The custodian's fault: the passphrase cannot serve.
    #[error("the passphrase is refused: {0}")]
    WeakPassphrase(&'static str),
    /// The caller's fault: this person holds no share.
    #[error("{0} is no custodian of these keys")]
    UnknownCustodian(CustodianId),
    /// The custodian's fault: coming twice is not being two.
    #[error("{0} is here already; other custodians are needed")]
    HereAlready(CustodianId),
    /// The custodian's fault, or the record of the share was changed: it does not open.
    #[error("the passphrase of {custodian} does not open the share; {left} more may be tried")]
    WrongPassphrase {
        /// Who tried.
        custodian: CustodianId,
        /// How many wrong passphrases are left before they are locked out.
        left: u8,
    },
    /// The custodian's fault: too many wrong passphrases.
    #[error("{custodian} gave too many wrong passphrases and is locked until {until}")]
    Locked {
        /// Who is locked.
        custodian: CustodianId,
        /// The last moment of it.
        until: Timestamp,
    },
    /// The custodians' fault: they came too slowly. Everything was forgotten.
    #[error("the custodians' time was over at {ended}; all of them begin anew")]
    WindowOver {
        /// The last moment of the window.
        ended: Timestamp,
    },
    /// The caller's fault: a window without length lets nobody in.
    #[error("a window of {0} is refused: it must be longer than nothing, and at most a day")]
    Window(SignedDuration),
    /// The machine's fault: time must advance. Everything was forgotten.
    #[error("the clock went back from {from} to {to}; all custodians begin anew")]
    ClockWentBack {
        /// The latest time seen.
        from: Timestamp,
        /// The time that came after it.
        to: Timestamp,
    },
    /// The operator's fault: records of two ceremonies were mixed.
    #[error("the share of {0} is of another ceremony")]
    OtherCeremony(CustodianId),
    /// The custodian's fault, or the record was changed: the share is not theirs.
    #[error(
        "the share that {custodian} brings was dealt to {holder}: it counts for nobody else \
         (A 6.2.8.1), and the custody record is not the one that was written"
    )]
    OthersShare {
        /// Who brought it, or whom the record names.
        custodian: CustodianId,
        /// To whom it was dealt, by the list that the shares themselves open.
        holder: String,
    },
    /// The record's fault: the shares open, and are not of this secret.
    #[error("the shares do not give the secret that the custody record was made for")]
    WrongSecret,
    /// The record's fault: it is not what was written.
    #[error("the custody record is refused: {0}")]
    Record(&'static str),
    /// The storage's or the provider's fault.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Of what was typed it repeats nothing but the custodian's id.
impl Closed for QuorumError {
    fn words(&self) -> Rule {
        match self {
            Self::NoQuorum { threshold, number, rule } => {
                rule!("{} of {} custodians is no quorum: {}", *threshold, *number, *rule)
            }
            Self::NamedTwice(custodian) => {
                rule!("{} is named twice; every custodian is another person", *custodian)
            }
            Self::SamePassphrase => {
                "two custodians gave the same passphrase; each chooses one of their own".into()
            }
            Self::WeakPassphrase(rule) => rule!("the passphrase is refused: {}", *rule),
            Self::UnknownCustodian(custodian) => {
                rule!("{} is no custodian of these keys", *custodian)
            }
            Self::HereAlready(custodian) => {
                rule!("{} is here already; other custodians are needed", *custodian)
            }
            Self::WrongPassphrase { custodian, left } => rule!(
                "the passphrase of {} does not open the share; {} more may be tried",
                *custodian,
                *left
            ),
            Self::Locked { custodian, until } => rule!(
                "{} gave too many wrong passphrases and is locked until {}",
                *custodian,
                *until
            ),
            Self::WindowOver { ended } => {
                rule!("the custodians' time was over at {}; all of them begin anew", *ended)
            }
            Self::Window(window) => rule!(
                "a window of {} is refused: it must be longer than nothing, and at most a day",
                Plain(*window)
            ),
            Self::ClockWentBack { from, to } => {
                rule!("the clock went back from {} to {}; all custodians begin anew", *from, *to)
            }
            Self::OtherCeremony(custodian) => {
                rule!("the share of {} is of another ceremony", *custodian)
            }
            Self::OthersShare { custodian, .. } => rule!(
                "the share that {} brings was dealt to somebody else (A 6.2.8.1), and the custody \
                 record is not the one that was written",
                *custodian
            )
            .told_as(self),
            Self::WrongSecret => {
                "the shares do not give the secret that the custody record was made for".into()
            }
            Self::Record(rule) => rule!("the custody record is refused: {}", *rule),
            Self::Key(error) => error.words(),
        }
    }
}
