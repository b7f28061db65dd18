//! Ceremonies that are held: run, rehearsed, shown.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use ca::ceremony::{Conductor, Record};
use domain::ceremony::CeremonyId;
use serde_json::{Value, json};
use web::desk::ceremonies::CeremonyBody;

use crate::answer::{Answer, digest};
use crate::cli::Cli;
use crate::clock::Clock;
use crate::commands::person::shown;
use crate::config::Config;
use crate::hold::CeremonyRoom;
use crate::home::write_public;
use crate::join::AuditSigner;
use crate::minutes::{self, expect_drawable};
use crate::stage::{Attendance, Attendant, Comers, SystemStage, attend, premises};
use crate::system::{Claim, System};

/// Carries a script out with everybody who came; only whoever runs it shows who they are here.
pub(super) fn run(cli: &Cli, file: &Path, present: &[Attendant], clock: Clock) -> Result<Answer> {
    let text = read(file)?;
    let shown = shown(&cli.person)?;
    expect_drawable()?;
    let system = System::open(&cli.config, Claim::Visit, clock)?;
    let _room = CeremonyRoom::enter(&system.home)?;
    let comers = Comers { shown, custodians: &cli.person.custodians, attendants: present };
    let answer = carry_out(cli, &system, &text, comers);
    let asleep = match system.custody.is_active() {
        true => system.custody.deactivate(&system.act("ceremony")?).map(drop),
        false => Ok(()),
    };
    system.record_clock("command")?;
    // What failed is an entry too, and its evidence must not wait for the next server.
    system.seal().and(answer).and_then(|answer| asleep.map(|()| answer).map_err(Into::into))
}

fn carry_out(cli: &Cli, system: &System, text: &str, comers: Comers<'_>) -> Result<Answer> {
    let (script, attendance) = attend(system, text, comers)?;
    let Attendance { present, sittings, act, secret, custodians } = attendance;
    let mut stage = SystemStage {
        system,
        ceremony: script.id.clone(),
        secret: &secret,
        custodians,
        media: None,
        told: cli.form().is_for_people(),
    };
    let now = || system.now();
    let conductor = Conductor::new(&*system.store, &now, &act).after_sittings(sittings);
    let record = conductor.run(text, &premises(system)?, &present, &mut stage)?;
    ended(&record, &system.audit_signer()?, &place(system, &record.script.id))
}

/// Carries a script out on what is thrown away.
pub(super) fn rehearse(cli: &Cli, file: &Path, out: Option<&Path>, clock: Clock) -> Result<Answer> {
    let text = read(file)?;
    expect_drawable()?;
    // Before anything is rehearsed, which takes minutes.
    out.map_or(Ok(()), expect_free)?;
    let rehearsed = crate::stage::rehearse(
        &Config::read(&cli.config)?,
        clock,
        &text,
        cli.form().is_for_people(),
    )?;
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

/// Draws the minutes of a ceremony that ended up, and says where they are.
fn ended(record: &Record, signer: &AuditSigner, directory: &Path) -> Result<Answer> {
    let files = minutes::keep(record, signer, directory)?;
    let mut answer = summary(serde_json::to_value(CeremonyBody::from(record))?);
    answer.text += &format!("\nminutes: {}\n{}", directory.display(), files.join("\n"));
    answer.json["minutes"] = json!(files);
    Ok(answer)
}

/// How far a ceremony came, line by line.
pub(super) fn summary(shown: Value) -> Answer {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rows = |field: &str| shown[field].as_array().cloned().unwrap_or_default();
    let [sort, id, state, sha256] =
        ["sort", "ceremony", "state", "script_sha256"].map(|field| text(&shown[field]));
    let mut lines = vec![format!("{sort} {id}: {state}, script SHA-256 {}", digest(&sha256))];
    for (number, step) in (1..).zip(rows("steps")) {
        lines.push(format!("step {number}: {} {}", text(&step["do"]), text(&step["state"])));
    }
    for one in rows("interruptions") {
        lines.push(format!("interrupted {}: {}", text(&one["at"]), text(&one["reason"])));
    }
    if let Some(reason) = shown["abandoned_because"].as_str() {
        lines.push(format!("abandoned: {reason}"));
    }
    Answer::new(lines.join("\n"), shown)
}

fn place(system: &System, id: &CeremonyId) -> PathBuf {
    system.home.ceremonies().join(id.as_str())
}

pub(super) fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).with_context(|| file.display().to_string())
}
