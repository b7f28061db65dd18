//! What can be asked about cards, on the command line.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Which card is meant, and on which reader it lies.
#[derive(Debug, Args)]
pub(crate) struct OnReader {
    /// The reader, as `card readers` names it; the only one with a card when left out.
    #[arg(long, value_name = "NAME")]
    pub(crate) reader: Option<String>,
    /// The card; whatever lies on the reader when left out.
    #[arg(long, value_name = "ID")]
    pub(crate) card: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CardCommand {
    /// List the PC/SC readers of this machine.
    Readers,
    /// List the emulated cards of this installation.
    List,
    /// Put an emulated card into a virtual PC/SC reader (vpcd) until this is stopped.
    Insert {
        /// The card.
        id: String,
        /// Where the virtual reader waits for a card: HOST:PORT.
        #[arg(long, value_name = "HOST:PORT")]
        reader: String,
    },
    /// Read a card: what is on it, its certificates, and copies of them.
    Read {
        #[command(flatten)]
        place: OnReader,
        /// A file with the signature password, typed by the holder; without it the signature
        /// certificate stays on the card.
        #[arg(long, value_name = "FILE")]
        secret: Option<PathBuf>,
        /// Write the certificates and their copies into this directory.
        #[arg(long, value_name = "D")]
        out: Option<PathBuf>,
    },
}
