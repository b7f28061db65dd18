//! What can be asked about people, on the command line.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// The first two people, who register all others (A 5.2.4.1).
#[derive(Debug, Args)]
pub(crate) struct FirstPeople {
    /// The CA manager.
    #[arg(long, default_value = "manager-1", value_name = "ID")]
    pub(crate) manager: String,
    /// The first senior operator.
    #[arg(long, default_value = "operator-1", value_name = "ID")]
    pub(crate) senior_operator: String,
    /// Leave the CAs without keys: a ceremony makes them, and `init` is run once more after it.
    #[arg(long)]
    pub(crate) await_ceremony: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StaffCommand {
    /// Let a person in office in again, whose credentials ended or are lost, by the custodians who
    /// are present (--custodian): they prove themselves by their shares alone. What let the person
    /// in before ends, and a new enrolment secret is written.
    Recover {
        /// The person.
        id: String,
    },
    /// Confirm what was proposed for a person, as the CA manager.
    Confirm {
        /// The person.
        id: String,
    },
    /// Set one's own password.
    Password {
        /// A file with the new password.
        #[arg(long, value_name = "FILE")]
        new: PathBuf,
    },
    /// Make a token of one's own, bound to this machine.
    Token {
        /// For a program, to be shown from anywhere.
        #[arg(long)]
        program: bool,
        /// How many days it lasts.
        #[arg(long, value_name = "N")]
        days: Option<u32>,
        /// Where to write it; among what is handed out unless told.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}
