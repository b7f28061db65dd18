//! The demo's card: a resident's, delivered, in a virtual reader of the demo's own.

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use card::vpcd::{self, Stay};
use card::{InsertedCard, SignatureKeys};
use domain::id::CardId;
use serde_json::{Value, json};
use store::reads::{ReadCertificates, ReadWindows};
use web::desk::cards::MakeCard;

use super::municipalities::MUNICIPALITIES;
use super::pcscd::{self, Pcscd};
use super::people::{self, Staff};
use super::story;
use super::story::{PASSWORD, PIN};
use super::town::newcomers;
use crate::home::write_private;
use crate::readers::{self, CABINET};
use crate::system::System;

/// The directory of the service below the demo's.
const PLACE: &str = "pcscd";

/// A busy machine takes longer than a second to notice a card.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Who has the card, beside the other things that set-up hands out.
const NOTE: &str = "card-1.id";

/// A card in a reader; it is taken out when this is dropped, and the reader goes.
pub(super) struct CardInReader {
    id: CardId,
    pcscd: Pcscd,
    stay: Arc<Stay>,
    attached: Option<JoinHandle<()>>,
}

/// Has this process ask the readers of the demo, where it asks any.
pub(super) fn ask_here(directory: &Path) -> Result<()> {
    pcscd::ask_here(&directory.join(PLACE))
}

/// Both virtual readers are at the windows of the first municipality.
pub(super) fn readers_of_the_demo() -> BTreeMap<String, String> {
    [0, 1].map(|slot| (Pcscd::reader(slot), MUNICIPALITIES[0].to_owned())).into()
}

/// Has a resident served with both certificates on a card that today's clients can use, if that was
/// not done before.
pub(super) fn issue_once(staff: &Staff<'_>) -> Result<()> {
    let system = staff.system();
    let note = system.home.handed_out().join(NOTE);
    if note.exists() {
        return Ok(());
    }
    let municipality = MUNICIPALITIES[0];
    let blank = MakeCard { keys: SignatureKeys::Rsa2048.into() };
    let blank = staff.ask(&people::clerk(municipality), blank)?.card;
    let residents = newcomers(system, municipality, 1)?;
    let resident = residents.first().context("too few residents")?;
    let reader = format!("{CABINET}{blank}");
    story::serve_with_both(staff, municipality, resident, &reader)?;
    write_private(&note, blank.as_bytes())
}

/// Puts the card into a reader of its own; says why, where that is not possible here.
pub(super) fn insert(system: &System, directory: &Path) -> Result<CardInReader, String> {
    let missing = pcscd::missing_packages();
    if !missing.is_empty() {
        return Err(format!("to try the card too: apt-get install {}", missing.join(" ")));
    }
    start(system, directory).map_err(|error| format!("the card is in no reader: {error:#}"))
}

fn start(system: &System, directory: &Path) -> Result<CardInReader> {
    let note = system.home.handed_out().join(NOTE);
    let id: CardId = std::fs::read_to_string(&note)
        .with_context(|| note.display().to_string())?
        .parse()
        .with_context(|| note.display().to_string())?;
    let card = readers::cabinet(&system.home, &system.machine)?.insert(&id)?;
    let pcscd = Pcscd::start(&directory.join(PLACE))?;
    let stream = TcpStream::connect(pcscd.address(0)).context("the virtual reader")?;
    let stay = Arc::new(Stay::default());
    let agreed = stay.clone();
    let attached = std::thread::Builder::new()
        .name("card-in-reader".to_owned())
        .spawn(move || leave_in(card, stream, &agreed))?;
    let in_reader = CardInReader { id, pcscd, stay, attached: Some(attached) };
    in_reader.wait_until_noticed()?;
    Ok(in_reader)
}

fn leave_in(mut card: InsertedCard, stream: TcpStream, stay: &Stay) {
    if let Err(error) = vpcd::attach(&mut card, stream, stay) {
        tracing::warn!(%error, "the card came out of its reader");
    }
}

impl CardInReader {
    /// Waits until clients find the card, which takes a second at most.
    fn wait_until_noticed(&self) -> Result<()> {
        let end = Instant::now() + TIMEOUT;
        while !self.stay.is_noticed() {
            ensure!(Instant::now() < end, "the virtual reader does not notice it");
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// The ready file's word on the card.
    pub(super) fn describe(&self, system: &System, ready: &Value) -> Result<Value> {
        let row = system.store.card(&self.id)?.ok_or_else(|| anyhow!("{}: no record", self.id))?;
        // For programs that take a secret as an argument otherwise.
        let handed_out = system.home.handed_out();
        write_private(&handed_out.join("card-1.pin"), PIN.as_bytes())?;
        write_private(&handed_out.join("card-1.password"), PASSWORD.as_bytes())?;
        let mut described = json!({
            "id": self.id.as_str(),
            "holder": row.holder.as_str(),
            "pcsc_socket": self.pcscd.socket(),
            "reader": Pcscd::reader(0),
            "empty_reader": Pcscd::reader(1),
            "empty_reader_address": self.pcscd.address(1).to_string(),
            "auth_pin": PIN,
            "sign_password": PASSWORD,
        });
        for (field, ca) in
            [("auth_certificate_pem", story::AUTH), ("sign_certificate_pem", story::SIGN)]
        {
            let authority = system.authority(ca)?;
            let rows = system.store.certificates_of(authority.id(), &row.holder)?;
            let serial = rows.first().context("the card's certificate")?.intent.serial.to_string();
            let known = ready["certificates"].as_array().and_then(|all| {
                all.iter().find(|one| one["ca"] == ca && one["serial_hex"] == serial.as_str())
            });
            described[field] = known.map_or(Value::Null, |one| one["certificate_pem"].clone());
        }
        Ok(described)
    }
}

impl Drop for CardInReader {
    fn drop(&mut self) {
        self.stay.end();
        // The card before the reader: a reader that waits for a card's answer waits for ever.
        if let Some(attached) = self.attached.take() {
            let _ = attached.join();
        }
    }
}
