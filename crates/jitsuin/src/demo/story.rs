//! The demo's story, told through the same operations that a window, a call centre and the
//! register use: nothing here has a short cut.

use anyhow::{Context, Result, ensure};
use card::{CardSlot, HolderSecret, HolderSecrets};
use domain::act::{Act, Actor};
use domain::application::ApplicationKind;
use domain::id::{ApplicationId, CardId, SerialNumber};
use domain::identity::Evidence;
use domain::resident::Resident;
use domain::revocation::{Requester, RevocationCause};
use domain::text;
use domain::validity::civil_date;
use ra::form::ReceivedForm;
use ra::register::{Removal, embedded::Correction};
use ra::window::{CardPlace, EvidenceItem, EvidenceRecord, Verification};
use web::desk::Principal;
use web::desk::check::CheckConsistency;

use super::town::{MUNICIPALITIES, newcomers};
use crate::system::{System, new_operation};

pub(crate) const AUTH: &str = "jpki-auth";
pub(crate) const SIGN: &str = "saitama-sign";

/// The secrets that every invented holder chose.
pub(super) const PIN: &str = "1234";
pub(super) const PASSWORD: &str = "ABC123";

/// Where the story goes.
type Say<'a> = &'a dyn Fn(&str);

/// Issues certificates to residents of every municipality and leaves them in every state.
pub(super) fn issue_to_town(system: &System, say: Say<'_>) -> Result<()> {
    let mut settled = Vec::new();
    for municipality in MUNICIPALITIES {
        let people = newcomers(system, municipality, 6)?;
        ensure!(people.len() == 6, "{municipality}: too few residents");
        let town = Town::new(system, municipality);
        settled.push(town.issue_to(&people)?);
        system.seal()?;
        say(&format!("{municipality}: 6 residents served at the window"));
    }
    for (place, people) in settled.iter().enumerate() {
        special_case(system, place, people)?;
    }
    system.apply_register_events()?;
    let published = system.publish_all()?;
    say(&format!("{published} revocation lists published"));
    Ok(())
}

/// Serves a resident with both certificates on the card in a reader, delivered.
pub(super) fn serve_with_both(
    system: &System,
    municipality: &'static str,
    resident: &Resident,
    reader: &str,
) -> Result<()> {
    let town = Town::new(system, municipality);
    let auth = town.full_issue_at(Some(reader), resident, AUTH, "issue-with-card", None)?;
    town.full_issue_at(Some(reader), resident, SIGN, "issue-on-card", Some(&auth.card))?;
    Ok(())
}

/// One resident's way from the form to the end of the certificate, every step said with its result.
pub(super) fn tell(system: &System, say: Say<'_>) -> Result<()> {
    let municipality = MUNICIPALITIES[2];
    let people = newcomers(system, municipality, 2)?;
    let [resident, second] = people.as_slice() else { anyhow::bail!("too few residents") };
    let town = Town::new(system, municipality);
    say(&format!("1. {} applies at the window of {municipality}", resident.name()));
    let application = town.receive(resident, AUTH, "issue-with-card", None)?;
    town.verify(&application, &resident_evidence())?;
    say(&format!("2. application {application}: existence and identity checked"));
    let issued = system.window()?.card_counter().issue(&town.clerk()?, &application, None)?;
    say(&format!(
        "3. certificate {} is on card {}, unusable: {}",
        issued.serial,
        issued.card,
        town.state(AUTH, &issued.serial)?
    ));
    town.deliver(&application, AUTH)?;
    say(&format!(
        "4. the card proved its key and was delivered: {}",
        town.state(AUTH, &issued.serial)?
    ));
    let sign = town.full_issue(resident, SIGN, "issue-on-card", Some(&issued.card))?;
    say(&format!(
        "5. signature certificate {} on the same card: {}",
        sign.serial,
        town.state(SIGN, &sign.serial)?
    ));
    town.hold(resident)?;
    say(&format!("6. the card is reported lost by phone: {}", town.state(AUTH, &issued.serial)?));
    town.carry_out(resident, AUTH, "hold-release", "")?;
    say(&format!("7. found again, released at the window: {}", town.state(AUTH, &issued.serial)?));
    town.carry_out(resident, AUTH, "revocation", "use-ended")?;
    say(&format!("8. use ended, in writing: {}", town.state(AUTH, &issued.serial)?));
    let other = town.full_issue(second, AUTH, "issue-with-card", None)?;
    system.register()?.remove(&second.code, Removal::Death, system.now())?;
    system.apply_register_events()?;
    say(&format!("9. the register records a death: {}", town.state(AUTH, &other.serial)?));
    let published = system.publish_all()?;
    say(&format!("10. {published} revocation lists published"));
    let desk = system.desk()?;
    let act = Principal::program(system.act("demo")?);
    let report = serde_json::to_value(desk.ask(&act, CheckConsistency {})?)?;
    ensure!(report["findings"].as_array().is_some_and(Vec::is_empty), "check: {report}");
    say("11. check: everything agrees with everything else");
    Ok(())
}

/// What became of a municipality's first residents.
struct Settled {
    municipality: &'static str,
    /// One with both certificates in force.
    in_force: (Resident, CardId, SerialNumber, SerialNumber),
    /// One whose card waits to be handed over.
    waiting: ApplicationId,
}

/// A window of one municipality.
pub(crate) struct Town<'a> {
    system: &'a System,
    municipality: &'static str,
}

/// A certificate on a card.
pub(crate) struct OnCard {
    pub(crate) card: CardId,
    pub(crate) serial: SerialNumber,
}

impl<'a> Town<'a> {
    /// A window of this municipality.
    pub(crate) fn new(system: &'a System, municipality: &'static str) -> Self {
        Self { system, municipality }
    }

    /// Six residents: two in force, one held, two revoked for reasons 5 and 1, one undelivered.
    fn issue_to(&self, people: &[Resident]) -> Result<Settled> {
        let mut served = Vec::new();
        for resident in &people[..5] {
            let auth = self.full_issue(resident, AUTH, "issue-with-card", None)?;
            served.push((resident, auth));
        }
        let mut signed = Vec::new();
        for (resident, auth) in [&served[0], &served[1], &served[3], &served[4]] {
            signed.push(self.full_issue(resident, SIGN, "issue-on-card", Some(&auth.card))?.serial);
        }
        let (held, card) = (served[2].0, &served[2].1.card);
        let on_the_way = self.receive(held, SIGN, "issue-on-card", Some(card))?;
        self.verify(&on_the_way, &resident_evidence())?;
        self.system.window()?.card_counter().issue(&self.clerk()?, &on_the_way, None)?;
        self.hold(held)?;
        for (resident, cause) in [(served[3].0, "use-ended"), (served[4].0, "key-compromised")] {
            self.carry_out(resident, AUTH, "revocation", cause)?;
            self.carry_out(resident, SIGN, "revocation", cause)?;
        }
        let waiting = self.receive(&people[5], AUTH, "issue-with-card", None)?;
        self.verify(&waiting, &resident_evidence())?;
        self.system.window()?.card_counter().issue(&self.clerk()?, &waiting, None)?;
        let (resident, auth) = &served[1];
        let in_force = ((*resident).clone(), auth.card.clone(), auth.serial, signed[1]);
        Ok(Settled { municipality: self.municipality, in_force, waiting })
    }

    /// From the form to the delivered certificate, on a card of the cabinet.
    pub(crate) fn full_issue(
        &self,
        resident: &Resident,
        ca: &str,
        kind: &str,
        card: Option<&CardId>,
    ) -> Result<OnCard> {
        self.full_issue_at(None, resident, ca, kind, card)
    }

    /// From the form to the delivered certificate, on the card in a reader.
    fn full_issue_at(
        &self,
        reader: Option<&str>,
        resident: &Resident,
        ca: &str,
        kind: &str,
        card: Option<&CardId>,
    ) -> Result<OnCard> {
        let application = self.receive(resident, ca, kind, card)?;
        self.verify(&application, &resident_evidence())?;
        let window = self.system.window()?;
        let issued = window.card_counter().issue(&self.clerk()?, &application, reader)?;
        self.deliver_at(reader, &application, ca)?;
        Ok(OnCard { card: issued.card, serial: issued.serial })
    }

    fn receive(
        &self,
        resident: &Resident,
        ca: &str,
        kind: &str,
        card: Option<&CardId>,
    ) -> Result<ApplicationId> {
        let form = ReceivedForm {
            card: card.map(ToString::to_string).unwrap_or_default(),
            ..self.form(resident, ca, kind)
        };
        Ok(self.system.window()?.applications().receive(&self.clerk()?, &form)?)
    }

    fn verify(&self, application: &ApplicationId, evidence: &EvidenceRecord) -> Result<()> {
        match self.system.window()?.applications().verify(&self.clerk()?, application, evidence)? {
            Verification::Verified => Ok(()),
            Verification::Refused { doubts } => {
                anyhow::bail!("{application} refused: {}", doubts.join("; "))
            }
        }
    }

    fn deliver(&self, application: &ApplicationId, ca: &str) -> Result<()> {
        self.deliver_at(None, application, ca)
    }

    fn deliver_at(
        &self,
        reader: Option<&str>,
        application: &ApplicationId,
        ca: &str,
    ) -> Result<()> {
        let secrets = match ca {
            AUTH => holder_secrets(CardSlot::Authentication, PIN)?,
            _ => holder_secrets(CardSlot::Signature, PASSWORD)?,
        };
        let window = self.system.window()?;
        window.card_counter().deliver(&self.clerk()?, application, secrets, reader)?;
        Ok(())
    }

    /// A revocation or release on paper, from the form to the receipt.
    pub(crate) fn carry_out(
        &self,
        resident: &Resident,
        ca: &str,
        kind: &str,
        cause: &str,
    ) -> Result<()> {
        let form = ReceivedForm { cause: cause.to_owned(), ..self.form(resident, ca, kind) };
        let application = self.system.window()?.applications().receive(&self.clerk()?, &form)?;
        self.verify(&application, &resident_evidence())?;
        self.system.window()?.applications().complete(&self.clerk()?, &application)?;
        Ok(())
    }

    pub(crate) fn hold(&self, resident: &Resident) -> Result<()> {
        let act = self.act(Actor::CallCentreAgent("call-centre".parse()?))?;
        self.system.window()?.call_centre().hold_by_phone(&act, &resident.basic_four())?;
        Ok(())
    }

    fn state(&self, ca: &str, serial: &SerialNumber) -> Result<String> {
        Ok(self.system.authority(ca)?.certificate(serial)?.state.name().to_string())
    }

    fn clerk(&self) -> Result<Act> {
        let id = format!("clerk-{}", self.municipality).parse()?;
        self.act(Actor::WindowClerk { id, municipality: self.municipality.parse()? })
    }

    fn act(&self, actor: Actor) -> Result<Act> {
        Ok(Act::new(actor, self.system.now(), new_operation()?))
    }

    fn form(&self, resident: &Resident, ca: &str, kind: &str) -> ReceivedForm {
        // Who has no certificate with the attributes issued chooses nothing.
        let is_carried = kind.parse().is_ok_and(ApplicationKind::issues) && ca == SIGN;
        let chosen = |text: &str| if is_carried { first_substitutes(text) } else { String::new() };
        ReceivedForm {
            kind: kind.to_owned(),
            ca: ca.to_owned(),
            municipality: self.municipality.to_owned(),
            window: "1".to_owned(),
            date: civil_date(self.system.now()).to_string(),
            resident: resident.code.to_string(),
            family_name: resident.family_name.clone(),
            given_name: resident.given_name.clone(),
            reading: resident.reading.clone(),
            alias: resident.alias.clone().unwrap_or_default(),
            address: resident.address.clone(),
            birth_date: resident.birth_date.to_string(),
            gender: resident.gender.code().to_string(),
            name_substitutes: chosen(&resident.name_with_alias()),
            address_substitutes: chosen(&resident.address),
            ..ReceivedForm::default()
        }
    }
}

/// One more reason for each municipality: 4, 5, 3, 0 and 2.
fn special_case(system: &System, place: usize, settled: &Settled) -> Result<()> {
    let town = Town::new(system, settled.municipality);
    let (resident, card, auth, sign) = &settled.in_force;
    let now = system.now();
    match place {
        0 => {
            town.full_issue(resident, AUTH, "renewal", Some(card))?;
            town.full_issue(resident, SIGN, "renewal", Some(card))?;
        }
        1 => system.register()?.remove(&resident.code, Removal::Death, now)?,
        2 => {
            let address = format!("{}２号室", resident.address);
            system.register()?.correct(
                &resident.code,
                Correction { address: Some(address), ..Correction::default() },
                now,
            )?;
        }
        3 => {
            system.register()?.declare_error(&resident.code, now)?;
            let (window, clerk) = (system.window()?, town.clerk()?);
            window.card_counter().discard(&clerk, &settled.waiting, CardPlace::default())?;
        }
        _ => {
            // What a compromise of the CA's key does to every certificate, on one of each CA.
            let order = ca::RevocationOrder {
                cause: RevocationCause::CaKeyCompromised,
                requester: Requester::Authority,
                approver: Some("operator-2".parse()?),
            };
            let act = town.act(Actor::Staff("operator-1".parse()?))?;
            system.authority(AUTH)?.life().revoke(&act, auth, &order)?;
            let act = town.act(Actor::Staff("operator-1".parse()?))?;
            system.authority(SIGN)?.life().revoke(&act, sign, &order)?;
        }
    }
    Ok(())
}

/// What a resident with a driving licence shows.
fn resident_evidence() -> EvidenceRecord {
    let item = EvidenceItem {
        evidence: Evidence::PhotoDocument,
        document: "運転免許証".to_owned(),
        number: "見本第0001号".to_owned(),
        note: String::new(),
    };
    EvidenceRecord { items: vec![item], doubt: None }
}

fn holder_secrets(slot: CardSlot, secret: &str) -> Result<HolderSecrets> {
    Ok(match HolderSecret::parse(slot, secret).context("a secret of the demo")? {
        HolderSecret::Authentication(pin) => {
            HolderSecrets { authentication: Some(pin), signature: None }
        }
        HolderSecret::Signature(password) => {
            HolderSecrets { authentication: None, signature: Some(password) }
        }
    })
}

/// The first substitute on offer for every character outside the repertoire; a geta mark where
/// nothing is on offer.
fn first_substitutes(text: &str) -> String {
    let Err(offences) = text::check(text) else { return String::new() };
    let chosen = offences.iter().map(|offence| {
        let substitute = offence.substitutes.first().map_or('〓', |candidate| candidate.character);
        format!("{}:{substitute}", offence.index)
    });
    chosen.collect::<Vec<_>>().join(" ")
}
