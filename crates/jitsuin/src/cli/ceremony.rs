//! The words of `ceremony`.

use std::path::PathBuf;

use clap::Subcommand;

/// Key ceremonies, from the script to the signed minutes.
#[derive(Debug, Subcommand)]
pub(crate) enum CeremonyCommand {
    /// Check a script as a whole and say everything that is wrong with it; nothing is done.
    Check {
        /// The script.
        file: PathBuf,
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
