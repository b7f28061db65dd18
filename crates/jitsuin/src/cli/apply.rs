//! What can be asked about applications, on the command line.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum ApplyCommand {
    /// Take an application in, from a form in JSON.
    Receive {
        /// The form.
        form: PathBuf,
    },
    /// Record the identity check, from a record in JSON.
    Verify {
        /// The application.
        id: String,
        /// The evidence.
        evidence: PathBuf,
    },
    /// Approve as the second person.
    Approve {
        /// The application.
        id: String,
    },
    /// Have the certificate issued onto the card, unusable.
    Issue {
        /// The application.
        id: String,
        #[command(flatten)]
        place: ApplicationReader,
    },
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
    /// Carry out an application for revocation or for the release of a hold.
    Complete {
        /// The application.
        id: String,
    },
    /// Destroy a certificate that was issued but never delivered.
    Discard {
        /// The application.
        id: String,
        #[command(flatten)]
        place: LeftCard,
    },
    /// Refuse an application.
    Refuse {
        /// The application.
        id: String,
        /// Why.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        place: LeftCard,
    },
    /// Note that the applicant withdrew.
    Withdraw {
        /// The application.
        id: String,
        #[command(flatten)]
        place: LeftCard,
    },
    /// Show an application.
    Show {
        /// The application.
        id: String,
    },
    /// List the applications of the window's municipality, newest first.
    List {
        /// Only those in this state.
        #[arg(long)]
        state: Option<String>,
        /// The application after which the page begins, from the page before.
        #[arg(long)]
        after: Option<String>,
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

/// Where the card of an application is that ends.
#[derive(Debug, Args)]
pub(crate) struct LeftCard {
    /// The reader, as `card readers` names it; the only one with a card when left out.
    #[arg(long, value_name = "NAME")]
    pub(crate) reader: Option<String>,
    /// The card is not at hand; `card reconcile` deals with it when it turns up.
    #[arg(long, conflicts_with = "reader")]
    pub(crate) card_absent: bool,
}
