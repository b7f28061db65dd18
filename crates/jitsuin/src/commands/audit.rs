//! `audit`: the journal goes out, and is verified by anyone with the public key.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use domain::staff::PersonState;
use serde_json::json;
use store::journal::{
    EntryCounter, Report, SinkReading, VerifierKey, read_sink, verify_database, verify_export,
};
use store::reads::ReadPeople;
use web::desk::journal::ExportJournal;
use web::desk::{Approvable, Approval, Objections};

use super::client::CommandClient;
use super::office::Office;
use crate::answer::{Answer, in_japan};
use crate::cli::{AuditCommand, Cli, Second};
use crate::custodians::passphrases;
use crate::home::{on_one_file_system, write_whole};
use crate::join::recall_all;
use crate::seal::SealLock;
use crate::system::System;

/// What a database file of SQLite begins with.
const SQLITE_MAGIC: &[u8] = b"SQLite format 3\0";

pub(super) fn export_to(client: &CommandClient<'_>, path: &Path) -> Result<Answer> {
    let entries = write_whole(path, |file| {
        let mut writer = EntryCounter::new(BufWriter::new(file));
        client.write::<ExportJournal>(json!({}), &mut writer)?;
        writer.flush().with_context(|| path.display().to_string())?;
        Ok(writer.into_parts().0)
    })?;
    let text = format!("{entries} entries written to {}", path.display());
    Ok(Answer::new(text, json!({ "entries": entries, "file": path })))
}

/// Why a start is refused; with the custodians, or a second person, what they accept.
///
/// The CAs are not opened: whatever keeps one of them from opening, this way out is open first.
pub(super) fn accept(
    cli: &Cli,
    system: &System,
    records: bool,
    carry_out: bool,
    second: &Second,
) -> Result<Answer> {
    // Before whoever asks is let in, which is an entry itself.
    let found = system.objections()?;
    let all: Vec<_> = found.all().cloned().collect();
    // What is lost for as long as a disk is away is not given up with what else is wrong.
    let given_up = if records { found.records.clone() } else { Vec::new() };
    let objections = Objections { records: given_up, ..found };
    let custodians = passphrases(&cli.person.custodians)?;
    // They prove themselves by their shares, and nobody else need be let in.
    let quorum = match custodians.is_empty() {
        true => None,
        false => Some(system.custody.quorum(&system.act("custodians")?, &custodians)?),
    };
    let office = match &quorum {
        None => Office::new(cli, system)?,
        Some(_) => Office::of_custodians(system)?,
    };
    let back = match (&quorum, objections.evidence.is_empty()) {
        (Some(_), false) => who_comes_back(system)?,
        _ => Vec::new(),
    };
    if let Some(operation) = &second.approves {
        let Objections { latest, records, .. } = &objections;
        return office.approve(operation, Approvable::Start { latest: *latest, records });
    }
    if !carry_out {
        office.desk.starts().note_objections(&office.act, all.len())?;
        let text = match all.is_empty() {
            true => "nothing is objected to a start".to_owned(),
            false => [&all[..], &back].concat().join("\n"),
        };
        return Ok(Answer::new(text, json!({ "objections": all, "in_office": back })));
    }
    let by = match (&quorum, &second.approver) {
        (Some(quorum), _) => Approval::Custodians(quorum),
        (None, Some(approver)) => Approval::SecondPerson(approver),
        (None, None) => bail!(
            "who accepts it: the custodians (--custodian ID=FILE each), or two people (--operation ID \
             --approver PERSON, who approved it with --approves ID)"
        ),
    };
    let aside = accepted(system, &office, &by, &objections)?;
    let told: Vec<_> = objections.all().cloned().collect();
    let mut text = format!("accepted: {}", told.join("; "));
    if !aside.is_empty() {
        text = format!("{text}\nset aside, for whoever inquires: {}", aside.join(", "));
    }
    let text = [&[text][..], &back].concat().join("\n");
    Ok(Answer::new(text, json!({ "accepted": told, "set_aside": aside, "in_office": back })))
}

/// Has the objections accepted by a quorum or a second person, and begins the places anew; what was set
/// aside.
fn accepted(
    system: &System,
    office: &Office,
    by: &Approval<'_>,
    objections: &Objections,
) -> Result<Vec<String>> {
    let Some(lock) = SealLock::take(system)? else {
        bail!("stop `jitsuin serve` first: a program that runs has nothing to be accepted");
    };
    // Before it is done, which cannot be done again: what is recalled twice is recalled once.
    if !objections.clock.is_empty() {
        recall_all(&system.home)?;
    }
    let places: Vec<_> =
        system.config.checkpoint_places.iter().map(|place| place.name.clone()).collect();
    office.desk.starts().accept(&office.act, by, objections, &places)?;
    let aside = system.begin_places_anew(&lock)?;
    drop(lock);
    system.seal()?;
    Ok(aside.iter().map(|path| path.display().to_string()).collect())
}

/// Who is in office by a database that may be an older one. Nothing outside of it tells who was suspended
/// since, custodians among them, so those who accept it are told whom they let act again.
fn who_comes_back(system: &System) -> Result<Vec<String>> {
    let rule = "by this database these are in office. If it is an older one, whoever was suspended, removed or \
                given another role since acts again: hold this against the last list of people, and suspend \
                at once who left (jitsuin staff suspend)";
    let people = system.store.people()?.into_iter();
    let in_office = people.filter(|person| person.state == PersonState::Active).map(|person| {
        let roles: Vec<_> = person.roles.iter().map(|role| role.name()).collect();
        format!("{} ({}) since {}", person.id, roles.join(" "), in_japan(person.since))
    });
    Ok([rule.to_owned()].into_iter().chain(in_office).collect())
}

/// Verifies with nothing but files: no installation is needed, and none is believed.
pub(super) fn verify(command: &AuditCommand) -> Result<Answer> {
    let AuditCommand::Verify { file, key, checkpoints } = command else {
        bail!("audit: only verify works without an installation");
    };
    let text = std::fs::read_to_string(key).with_context(|| key.display().to_string())?;
    let verifier: VerifierKey =
        text.trim().parse().with_context(|| format!("{}: no public key", key.display()))?;
    let mut known = Vec::new();
    let mut remarks = Vec::new();
    let mut is_beside = true;
    for directory in checkpoints {
        let SinkReading { checkpoints, remarks: told } = read_sink(directory, &verifier)?;
        // Whoever has the file system of the file has what lies beside it.
        is_beside &= checkpoints.is_empty() || on_one_file_system(directory, file);
        known.extend(checkpoints);
        remarks.extend(told);
    }
    let report = if is_database(file)? {
        verify_database(file, &verifier, &known)?
    } else {
        let opened = File::open(file).with_context(|| file.display().to_string())?;
        verify_export(&mut BufReader::new(opened), &verifier, &known)?
    };
    answer(&report, is_beside, remarks)
}

fn answer(report: &Report, is_beside: bool, remarks: Vec<String>) -> Result<Answer> {
    if !report.is_intact() {
        let findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
        bail!("the journal is not intact: {}", findings.join("; "));
    }
    let intact = format!(
        "intact: {} entries, {} of them sealed by {} checkpoints",
        report.entries, report.sealed, report.checkpoints
    );
    let mut lines = vec![intact, witness(report)];
    if is_beside && report.witnessed > 0 {
        let rule = "all on the file's own file system: whoever has that could have made both anew, so \
                    they are no witness";
        lines.push(rule.to_owned());
    }
    lines.extend(remarks.iter().cloned());
    let json = json!({
        "intact": true,
        "entries": report.entries,
        "sealed": report.sealed,
        "checkpoints": report.checkpoints,
        "witnessed": report.witnessed,
        "alone": report.alone,
        "on_one_file_system": is_beside,
        "witnessed_until": report.witnessed_until,
        "remarks": remarks,
    });
    Ok(Answer::new(lines.join("\n"), json))
}

/// Which checkpoints somebody else knows too.
fn witness(report: &Report) -> String {
    let Report { own, witnessed, witnessed_until, entries, .. } = report;
    let alone: Vec<_> = report.alone.iter().map(u64::to_string).collect();
    let alone = match alone.is_empty() {
        true => String::new(),
        false => format!("; those of {} entries do not", alone.join(", ")),
    };
    match (witnessed_until, entries) {
        (0, _) => format!(
            "none of its {own} checkpoints has a witness here: whoever had the file and the audit \
             key could have made all of it anew (--checkpoints DIR)"
        ),
        (until, entries) if until >= entries => {
            format!(
                "{witnessed} of its {own} checkpoints lie outside as well, and cover every entry{alone}"
            )
        }
        (until, _) => format!(
            "{witnessed} of its {own} checkpoints lie outside as well, the last over {until} entries: \
             nobody else vouches for those from entry {until} on{alone}"
        ),
    }
}

fn is_database(path: &Path) -> Result<bool> {
    let mut magic = Vec::new();
    let file = File::open(path).with_context(|| path.display().to_string())?;
    file.take(SQLITE_MAGIC.len() as u64).read_to_end(&mut magic)?;
    Ok(magic == SQLITE_MAGIC)
}
