//! Starting the demo again with what libraries read from the environment once.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

/// Returns in a process whose environment has this value; starts the program again, in the place of
/// this one, where it has another.
pub(super) fn with(variable: &str, value: &Path) -> Result<()> {
    if std::env::var_os(variable).as_deref() == Some(value.as_os_str()) {
        return Ok(());
    }
    let mut again = Command::new(std::env::current_exe()?);
    again.args(std::env::args_os().skip(1)).env(variable, value);
    Err(again.exec()).with_context(|| format!("starting again with {variable}"))
}
