//! Who is at the command line: what they show, what is told them, and where what they are given goes.

use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use web::desk::Shown;
use web::wire::SecretText;
use zeroize::Zeroizing;

use crate::cli::{Cli, Person};
use crate::config::Config;
use crate::home::Home;

/// Where a command puts what it hands out for a person: among what the installation hands out or, where a
/// server elsewhere is asked, in a directory of the same name here, which nobody else can reach.
pub(super) fn handed_out(cli: &Cli) -> Result<PathBuf> {
    if cli.server.is_none() {
        return Ok(home(cli)?.handed_out());
    }
    let here = PathBuf::from("handed-out");
    let context = || here.display().to_string();
    if !here.exists() {
        std::fs::DirBuilder::new().mode(0o700).create(&here).with_context(context)?;
    }
    let found = std::fs::symlink_metadata(&here).with_context(context)?;
    let is_ours = found.uid() == rustix::process::geteuid().as_raw();
    ensure!(
        found.is_dir() && is_ours && found.mode() & 0o077 == 0,
        "{}: secrets go into a directory that is its owner's alone; this one is not",
        here.display()
    );
    Ok(here)
}

/// Where the installation lies, as its configuration says.
pub(super) fn home(cli: &Cli) -> Result<Home> {
    Ok(Home::new(&Config::read(&cli.config)?.data))
}

/// What the person at the command line shows.
pub(super) fn shown(person: &Person) -> Result<Shown> {
    let secret = read_secret(person.file()?)?;
    Ok(match &person.operator {
        Some(id) => Shown::Password { id: id.clone(), password: secret },
        None => Shown::bearer(secret.expose()),
    })
}

/// A secret in a file: arguments are for everybody on the machine to read.
pub(super) fn read_secret(path: &Path) -> Result<SecretText> {
    let read = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let text = Zeroizing::new(read);
    Ok(SecretText::new(text.trim_end_matches(['\r', '\n'])))
}

/// What whoever asked can do where the outcome is not known.
pub(super) fn how_to_ask(person: &Person) -> String {
    match (&person.shown, &person.operation) {
        (Some(_), Some(id)) => format!(
            "to learn what came of it, run it again with `--operation {id}`: it is done once, and answered \
             as it was where it was done before"
        ),
        _ => "to learn what came of it, run it again".to_owned(),
    }
}
