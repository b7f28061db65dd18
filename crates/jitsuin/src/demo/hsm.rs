//! `demo --hsm softhsm`: the CAs' keys in a software token, with everything beside the demo's data.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use keys::quorum::{CustodianId, Passphrase};
use serde_json::{Value, json};

use super::again;
use crate::config::TokenTable;
use crate::system::System;

/// The variable in which SoftHSM2 looks for its configuration, once for a process.
const VARIABLE: &str = "SOFTHSM2_CONF";

/// Where distributions put the module.
const MODULES: [&str; 4] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
];

/// The label of the demo's token.
const LABEL: &str = "jitsuin";

/// The label of the token of its services; tools take a label for any that begins with it.
const SERVICES: &str = "services";

/// The services' own token beside the CAs', behind the same module: custodians open that one, the
/// machine this one.
pub(super) fn of_services(token: &TokenTable) -> TokenTable {
    TokenTable { module: token.module.clone(), label: SERVICES.to_owned() }
}

/// The token for the configuration, if one is asked for.
///
/// The variable has to stand before the module is loaded, and a process cannot safely change its
/// own: so the program starts itself again with it.
pub(super) fn token(directory: &Path, asked: Option<&str>) -> Result<Option<TokenTable>> {
    // The command line knows no other (`init` takes any token).
    if asked.is_none() {
        return Ok(None);
    }
    let found = MODULES.into_iter().map(PathBuf::from).find(|module| module.exists());
    let module = found.context("--hsm softhsm: install SoftHSM2 (Debian package softhsm2)")?;
    let configuration = write_configuration(directory)?;
    again::with(VARIABLE, &configuration)?;
    Ok(Some(TokenTable { module, label: LABEL.to_owned() }))
}

/// SoftHSM2's configuration beside the demo's data, absolute as the variable needs it.
fn write_configuration(directory: &Path) -> Result<PathBuf> {
    let place = directory.join("softhsm");
    std::fs::create_dir_all(place.join("tokens")).with_context(|| place.display().to_string())?;
    let place = std::fs::canonicalize(&place)?;
    let configuration = place.join("softhsm2.conf");
    let text = format!(
        "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
        place.join("tokens").display()
    );
    std::fs::write(&configuration, text)?;
    Ok(configuration)
}

/// What the ready file says of the token. The demo plays the custodians, so it can tell the PIN
/// that only they can put together.
pub(super) fn describe(
    system: &System,
    custodians: &[(CustodianId, Passphrase)],
) -> Result<Option<Value>> {
    let Some(token) = &system.config.token else { return Ok(None) };
    let secret = system.custody.secret(&system.act("demo")?, custodians)?;
    Ok(Some(json!({
        "module": token.module,
        "conf": std::env::var(VARIABLE).unwrap_or_default(),
        "token_label": token.token_label,
        "user_pin": secret.user_pin()?.as_str(),
    })))
}
