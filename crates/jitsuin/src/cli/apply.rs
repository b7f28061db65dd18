//! What can be asked about applications, on the command line.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum ApplyCommand {
    /// Deliver the card with the holder's PIN or password.
    Deliver {
        /// The application.
        id: String,
        /// A file with the authentication PIN or signature password.
        #[arg(long, value_name = "FILE")]
        secret: PathBuf,
        #[command(flatten)]
        handover: HandoverArguments,
        #[command(flatten)]
        place: ApplicationReader,
    },
}

/// The reader on which the card of an application lies.
#[derive(Debug, Args)]
pub(crate) struct ApplicationReader {
    /// The reader, as `card readers` names it; the only one with a card when left out.
    #[arg(long, value_name = "NAME")]
    pub(crate) reader: Option<String>,
}

/// How a new card reaches its holder, if not over the counter (A 4.4.1.1(2)).
#[derive(Debug, Args)]
pub(crate) struct HandoverArguments {
    /// It is handed over at this place, which the mayor designates.
    #[arg(long, value_name = "PLACE", conflicts_with = "sent_to")]
    pub(crate) at_place: Option<String>,
    /// It is sent to this address.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) sent_to: Option<String>,
    /// Who receives it there, where the applicant has named somebody.
    #[arg(long, value_name = "NAME")]
    pub(crate) receiver: Option<String>,
}
