//! An installation with a generation that nothing needs any more: it was renewed, and its compromise
//! carried out to the end. Copies of its key are where ceremonies put them.

use std::fs;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::ceremonies::begin;
use super::lives::AT_ITS_MOMENT;
use crate::ceremony_room::script;
use crate::demo::{copy_populated, copy_prepared};
use crate::installation::{CUSTODIANS, Installation, command};

const BACKUP: &str = "do = \"backup\"\ndirectory = \"media/backup\"";
const RESTORE: &str = "do = \"restore\"\ndirectory = \"media/backup\"\ninto = \"second-site\"";
const RESPONDER: &str = "do = \"responder-certificate\"\nca = \"saitama-sign\"";

/// Copies the installation to `target`.
pub(super) fn copy(target: &Path) {
    copy_prepared("outlived", target, |directory| {
        copy_populated(directory);
        outlive(directory);
    });
}

/// The same of an installation that is there.
pub(super) fn on(installation: Installation) -> Installation {
    outlive(installation.path());
    installation
}

fn outlive(place: &Path) {
    fs::create_dir(place.join("media")).unwrap();
    let issues_from = Timestamp::now() + SignedDuration::from_secs(20);
    let renew = format!(
        "do = \"renew-ca-key\"\nca = \"saitama-sign\"\nissues_from = \"{issues_from}\"\n\
         early = \"暗号方式が脆弱になったと判断した\""
    );
    fs::write(place.join("renewal.toml"), script("renewal", &[&renew, RESPONDER, BACKUP, RESTORE]))
        .unwrap();
    let said = begin(place, "renewal.toml", None).wait_with_output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    cut_and_give_up(place);
    while Timestamp::now() <= issues_from {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let ends = ["key", "compromise", "saitama-sign", "--generation", "1", "--carry-out"];
    let approved = [&ends[..], &["--approves", "op-outlived"]].concat();
    let said = command(place, "operator-1", &approved);
    assert!(said.success, "{}", said.text);
    let together = ["--operation", "op-outlived", "--approver", "operator-1"];
    let said = command(place, "manager-1", &[&CUSTODIANS[..], &ends, &together].concat());
    assert!(said.success, "{}", said.text);
}

/// Copies to another medium, until the power goes; nobody goes on with it. Every copy but the list is
/// there, and one is being written.
fn cut_and_give_up(place: &Path) {
    let backup = BACKUP.replace("media/backup", "media/cut");
    fs::write(place.join("cut.toml"), script("cut", &[&backup])).unwrap();
    let said = begin(place, "cut.toml", Some("after:copy-written:4")).wait_with_output().unwrap();
    assert!(said.status.to_string().starts_with(AT_ITS_MOMENT), "{said:?}");
    let abandon = ["ceremony", "abandon", "cut", "--reason", "媒体の故障"];
    let said = command(place, "manager-1", &abandon);
    assert!(said.success, "{}", said.text);
    // What is being written when the power goes lies there under other names.
    for (written, partial) in [
        ("media/cut/saitama-sign-ca-1.json", "media/cut/saitama-sign-ca-1.partial"),
        (
            "data/restored/second-site/saitama-sign-ca-1.key",
            "data/restored/second-site/.saitama-sign-ca-1.key.new",
        ),
        ("data/keys/saitama-sign-ca-1.key", "data/keys/saitama-sign-ca-1.damaged-1"),
    ] {
        // A token has none of these files.
        if place.join(written).exists() {
            fs::copy(place.join(written), place.join(partial)).unwrap();
        }
    }
}
