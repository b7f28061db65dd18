//! What the process shares with others of the machine: no file, no memory.

use anyhow::{Context, Result};
use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, setrlimit, umask};

/// Nothing that this process makes can be read by others, and no copy of its memory is left behind.
///
/// Before the first file is made: database, query records, register, logs and the ready file hold
/// residents' data, and are the owner's alone in whatever directory they come to lie. The memory holds
/// keys while they are awake, and secrets while they are typed.
///
/// # Errors
/// When the system refuses; then nothing is begun.
pub(crate) fn enter() -> Result<()> {
    umask(Mode::from_raw_mode(0o077));
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })
        .context("no core dumps")?;
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
        .context("no reading of this process's memory")?;
    Ok(())
}
