//! The demo's custodians: it plays them, so their passphrases lie where everything handed out lies.

use std::path::Path;

use anyhow::Result;
use keys::quorum::{CustodianId, Passphrase};

use crate::custodians::{Present, passphrases};
use crate::home::write_private;
use crate::random::random_text;

/// The people of the demo who hold a share.
const CUSTODIANS: [&str; 3] = ["custodian-1", "custodian-2", "custodian-3"];

/// The custodians with their passphrases, which are made when they are missing.
///
/// Nowhere but in the demo does this program know all of them.
pub(super) fn of_the_demo(directory: &Path) -> Result<Vec<(CustodianId, Passphrase)>> {
    let place = directory.join("data/handed-out");
    std::fs::create_dir_all(&place)?;
    let mut present = Vec::new();
    for id in CUSTODIANS {
        let file = place.join(format!("{id}.passphrase"));
        if !file.exists() {
            write_private(&file, random_text(24)?.as_bytes())?;
        }
        present.push(Present { custodian: id.parse()?, file: file.display().to_string() });
    }
    passphrases(&present)
}
