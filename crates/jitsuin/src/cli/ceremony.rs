//! The words of `ceremony`.

use std::path::PathBuf;

use clap::Subcommand;

use crate::stage::Attendant;

/// Key ceremonies, from the script to the signed minutes.
#[derive(Debug, Subcommand)]
pub(crate) enum CeremonyCommand {
    /// Check a script as a whole and say everything that is wrong with it; nothing is done.
    Check {
        /// The script.
        file: PathBuf,
    },
    /// Confirm, in a session of your own, that you are present at this very script: for two hours, and for
    /// the next time that it begins or goes on. Whoever runs it shows nobody's token but their own.
    Attend {
        /// The script.
        file: PathBuf,
    },
    /// Carry a script out as an operator (--as) with everybody present (--custodian, --present), or go on
    /// with it where it was interrupted; the minutes are signed at its end.
    Run {
        /// The script.
        file: PathBuf,
        /// A witness, or another operator, who has confirmed that they are present (`ceremony attend`).
        #[arg(long, value_name = "ID")]
        present: Vec<Attendant>,
    },
    /// Carry a script out on a throwaway installation with the same policies; nothing of the real
    /// one is touched, and nobody has to come.
    Rehearse {
        /// The script.
        file: PathBuf,
        /// Where the minutes go, with the key that verifies them; ID-rehearsal unless told.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Show how far a ceremony came.
    Show {
        /// The ceremony.
        id: String,
    },
    /// Verify signed minutes with nothing but the files and the audit key.
    Verify {
        /// The directory with the minutes.
        directory: PathBuf,
        /// The audit key's public half, as set-up wrote it.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
}
