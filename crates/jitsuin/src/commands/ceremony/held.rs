//! Ceremonies that are held: run, rehearsed, shown, given up.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use ca::ceremony::{Conductor, Record};
use domain::ceremony::CeremonyId;
use domain::journal::EventKind;
use domain::rule;
use domain::rule::Several;
use domain::staff::Role;
use domain::text::FreeText;
use serde_json::json;
use store::{Entry, Store, Unit};
use web::desk::Proof;

use crate::answer::Answer;
use crate::cli::Cli;
use crate::commands::Office;
use crate::config::Config;
use crate::hold::CeremonyRoom;
use crate::home::write_public;
use crate::join::AuditSigner;
use crate::minutes::{Minutes, expect_drawable};
use crate::stage::{Attendance, Attendant, SystemStage, attend, premises};
use crate::system::{Claim, Clock, System};

/// Carries a script out with everybody who came.
pub(super) fn run(cli: &Cli, file: &Path, present: &[Attendant], clock: Clock) -> Result<Answer> {
    let text = read(file)?;
    expect_drawable()?;
    let system = System::open(&cli.config, Claim::Visit, clock)?;
    let _room = CeremonyRoom::enter(&system.home)?;
    let answer = carry_out(cli, &system, &text, present);
    let asleep = match system.custody.is_active() {
        true => system.custody.deactivate(&system.act("ceremony")?).map(drop),
        false => Ok(()),
    };
    system.record_clock("command")?;
    // What failed is an entry too, and its evidence must not wait for the next server.
    system.seal().and(answer).and_then(|answer| asleep.map(|()| answer).map_err(Into::into))
}

fn carry_out(cli: &Cli, system: &System, text: &str, present: &[Attendant]) -> Result<Answer> {
    let (script, attendance) = attend(system, text, &cli.person.custodians, present)?;
    let Attendance { present, act, secret, custodians } = attendance;
    let mut stage = SystemStage {
        system,
        ceremony: script.id.clone(),
        secret: &secret,
        custodians,
        media: None,
        told: !cli.json,
    };
    let now = || system.now();
    let conductor = Conductor::new(&*system.store, &now, &act);
    let record = conductor.run(text, &premises(system)?, &present, &mut stage)?;
    ended(&record, &system.audit_signer()?, &place(system, &record.script.id))
}

/// Carries a script out on what is thrown away.
pub(super) fn rehearse(cli: &Cli, file: &Path, out: Option<&Path>, clock: Clock) -> Result<Answer> {
    let text = read(file)?;
    expect_drawable()?;
    // Before anything is rehearsed, which takes minutes.
    out.map_or(Ok(()), expect_free)?;
    let rehearsed = crate::stage::rehearse(&Config::read(&cli.config)?, clock, &text, !cli.json)?;
    let crate::stage::Rehearsed { record, signer, .. } = &rehearsed;
    let directory = match out {
        Some(out) => out.to_owned(),
        None => PathBuf::from(format!("{}-rehearsal", record.script.id)),
    };
    expect_free(&directory)?;
    let answer = ended(record, signer, &directory)?;
    let key = directory.join("audit.pub");
    write_public(&key, format!("{}\n", signer.verifier_key()?).as_bytes())?;
    Ok(answer)
}

fn expect_free(directory: &Path) -> Result<()> {
    let is_free = std::fs::read_dir(directory).map_or(true, |mut found| found.next().is_none());
    let place = directory.display();
    ensure!(is_free, "{place}: there is something in it; --out DIR names another place for this");
    Ok(())
}

/// How far a ceremony came.
pub(super) fn show(cli: &Cli, id: &str, clock: Clock) -> Result<Answer> {
    const MAY: [Role; 3] = [Role::CaManager, Role::SeniorOperator, Role::InternalAuditor];
    let system = System::open(&cli.config, Claim::Visit, clock)?;
    let shown = || {
        let office = admitted(cli, &system, &MAY, "show_ceremony")?;
        let id: CeremonyId = id.parse()?;
        let now = || system.now();
        let conductor = Conductor::new(&*system.store, &now, &office.act);
        let record = conductor.record(&id)?.with_context(|| format!("ceremony: unknown {id}"))?;
        // Who sat where was read: that is in the journal before it is told (E1).
        let entry = Entry::new(EventKind::RecordsRead, &office.act).subject(&id);
        system.store.commit(Unit::new(entry.detail("operation", "show_ceremony")))?;
        Ok(told(&record, Vec::new(), None))
    };
    let answer = shown();
    system.seal().and(answer)
}

/// Characters of the longest reason: what stands in the minutes on one line.
const LONGEST_REASON: usize = 400;

/// Gives a ceremony up.
pub(super) fn abandon(cli: &Cli, id: &str, reason: &str, clock: Clock) -> Result<Answer> {
    expect_drawable()?;
    let system = System::open(&cli.config, Claim::Visit, clock)?;
    let given_up = || {
        let office = admitted(cli, &system, &[Role::CaManager], "abandon_ceremony")?;
        let reason = FreeText::line(reason.trim(), LONGEST_REASON)
            .context("--reason: the minutes tell why")?;
        let id: CeremonyId = id.parse()?;
        let now = || system.now();
        let conductor = Conductor::new(&*system.store, &now, &office.act);
        let record = conductor.abandon(&id, reason.as_str())?;
        ended(&record, &system.audit_signer()?, &place(&system, &id))
    };
    let answer = given_up();
    system.seal().and(answer)
}

/// The desk with somebody who holds one of these roles; a refusal is in the journal first.
fn admitted(cli: &Cli, system: &System, roles: &[Role], operation: &str) -> Result<Office> {
    let office = Office::new(cli, system)?;
    let holds = office.act.roles().iter().any(|role| roles.contains(role));
    if holds && office.act.proof() == Proof::Strong {
        return Ok(office);
    }
    let words: Vec<_> = roles.iter().map(|role| role.words()).collect();
    let rule = rule!("this is for {}, with a token of their own", Several(words));
    let entry = Entry::new(EventKind::AccessRefused, &office.act).subject(operation);
    system.store.commit(Unit::new(entry.refused(rule.clone())))?;
    bail!("{}", rule.told())
}

/// Draws the minutes of a ceremony that ended up, and says where they are.
fn ended(record: &Record, signer: &AuditSigner, directory: &Path) -> Result<Answer> {
    let minutes = Minutes::draw_up(record, signer)?;
    let files = minutes.write(record.script.id.as_str(), directory)?;
    Ok(told(record, files.map(|file| file.display().to_string()).to_vec(), Some(directory)))
}

fn told(record: &Record, files: Vec<String>, directory: Option<&Path>) -> Answer {
    let sort = if record.rehearsal { "rehearsal" } else { "ceremony" };
    let sha256: String = record.script_sha256.iter().map(|b| format!("{b:02x}")).collect();
    let id = &record.script.id;
    let mut lines = vec![format!("{sort} {id}: {}, script SHA-256 {sha256}", record.state)];
    for (number, step) in (1..).zip(&record.steps) {
        lines.push(format!("step {number}: {} {}", step.step.kind(), step.state));
    }
    for interruption in &record.interruptions {
        lines.push(format!("interrupted {}: {}", interruption.at.at, interruption.reason));
    }
    if let Some(reason) = &record.abandoned_because {
        lines.push(format!("abandoned: {reason}"));
    }
    lines.extend(directory.map(|place| format!("minutes: {}", place.display())));
    lines.extend(files.iter().cloned());
    let steps = record
        .steps
        .iter()
        .map(|one| json!({ "do": one.step.kind().name(), "state": one.state.to_string() }));
    let json = json!({
        "ceremony": id.as_str(),
        "sort": sort,
        "state": record.state.to_string(),
        "script_sha256": sha256,
        "steps": steps.collect::<Vec<_>>(),
        "interruptions": record.interruptions.len(),
        "minutes": files,
    });
    Answer::new(lines.join("\n"), json)
}

fn place(system: &System, id: &CeremonyId) -> PathBuf {
    system.home.ceremonies().join(id.as_str())
}

fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).with_context(|| file.display().to_string())
}
