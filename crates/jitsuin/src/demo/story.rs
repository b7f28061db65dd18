//! The demo's story: people come to the desk by their tokens and ask for the operations that a window, a call
//! centre and an operator ask for by the API. Nothing here has a short cut.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use domain::application::{ApplicationKind, ApplicationState};
use domain::id::{ApplicationId, CaId, CardId, SerialNumber};
use domain::resident::Resident;
use domain::revocation::{Requester, RevocationCause};
use domain::text;
use domain::validity::civil_date;
use web::desk::ApproveOperation;
use web::desk::applications::{
    CompleteApplication, DeliverApplication, DiscardApplication, IssueApplication,
    VerifyApplication,
};
use web::desk::certificates::{RevokeCertificate, ShowCertificate};
use web::desk::check::CheckConsistency;
use web::desk::lists::PublishAllLists;
use web::desk::register::{ApplyRegisterEvents, RecordAddress, RecordDeath};
use web::operation::Operation;
use web::wire::{ApplicationBody, DocumentBody, HoldCertificates, ReceiveApplication, SecretText};

use super::municipalities::MUNICIPALITIES;
use super::people::{CALL_CENTRE, OPERATOR, SECOND_OPERATOR, Staff, clerk};
use super::town::newcomers;
use crate::random::new_operation;

pub(crate) const AUTH: &str = "jpki-auth";
pub(crate) const SIGN: &str = "saitama-sign";

/// The secrets that every invented holder chose.
pub(super) const PIN: &str = "1234";
pub(super) const PASSWORD: &str = "ABC123";

/// Where the story goes.
type Say<'a> = &'a dyn Fn(&str);

/// Issues certificates to residents of every municipality and leaves them in every state.
pub(super) fn issue_to_town(staff: &Staff<'_>, say: Say<'_>) -> Result<()> {
    let mut settled = Vec::new();
    for municipality in MUNICIPALITIES {
        let people = newcomers(staff.system(), municipality, 6)?;
        ensure!(people.len() == 6, "{municipality}: too few residents");
        let town = Town::new(staff, municipality);
        settled.push(town.issue_to(&people)?);
        staff.system().seal()?;
        say(&format!("{municipality}: 6 residents served at the window"));
    }
    for (place, people) in settled.iter().enumerate() {
        special_case(staff, place, people)?;
    }
    apply_register_events(staff)?;
    let published = publish_all(staff)?;
    say(&format!("{published} revocation lists published"));
    Ok(())
}

/// Serves a resident with both certificates on the card in a reader, delivered.
pub(super) fn serve_with_both(
    staff: &Staff<'_>,
    municipality: &'static str,
    resident: &Resident,
    reader: &str,
) -> Result<()> {
    let town = Town::new(staff, municipality);
    let auth = town.full_issue_at(Some(reader), resident, AUTH, "issue-with-card", None)?;
    town.full_issue_at(Some(reader), resident, SIGN, "issue-on-card", Some(&auth.card))?;
    Ok(())
}

/// One resident's way from the form to the end of the certificate, every step said with its result.
pub(super) fn tell(staff: &Staff<'_>, say: Say<'_>) -> Result<()> {
    let municipality = MUNICIPALITIES[2];
    let people = newcomers(staff.system(), municipality, 2)?;
    let [resident, second] = people.as_slice() else { anyhow::bail!("too few residents") };
    let town = Town::new(staff, municipality);
    say(&format!("1. {} applies at the window of {municipality}", resident.name()));
    let application = town.receive(resident, AUTH, "issue-with-card", None)?;
    town.verify(&application)?;
    say(&format!("2. application {application}: existence and identity checked"));
    let issued = town.issue(&application, None)?;
    say(&format!(
        "3. certificate {} is on card {}, unusable: {}",
        issued.serial,
        issued.card,
        town.state(AUTH, &issued.serial)?
    ));
    town.deliver(&application, AUTH, None)?;
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
    staff.ask(OPERATOR, RecordDeath { code: second.code.clone().into() })?;
    apply_register_events(staff)?;
    say(&format!("9. the register records a death: {}", town.state(AUTH, &other.serial)?));
    let published = publish_all(staff)?;
    say(&format!("10. {published} revocation lists published"));
    let report = serde_json::to_value(staff.ask(OPERATOR, CheckConsistency {})?)?;
    ensure!(report["findings"].as_array().is_some_and(Vec::is_empty), "check: {report}");
    say("11. check: everything agrees with everything else");
    Ok(())
}

/// Has the CAs follow what the register says.
pub(crate) fn apply_register_events(staff: &Staff<'_>) -> Result<()> {
    let failed = staff.ask(OPERATOR, ApplyRegisterEvents {})?.failed;
    let rules = failed.iter().map(|one| format!("event {}: {}", one.event, one.rule));
    ensure!(failed.is_empty(), "{}", rules.collect::<Vec<_>>().join("; "));
    Ok(())
}

/// Has every list published anew, whether it is due or not; returns how many.
///
/// A list of this very second cannot be replaced (`thisUpdate` has whole seconds), so this waits for the
/// next one.
pub(crate) fn publish_all(staff: &Staff<'_>) -> Result<usize> {
    let system = staff.system();
    let second = system.now().as_second();
    while system.now().as_second() == second {
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut published = 0;
    for ca in system.authorities.keys() {
        for list in staff.ask(OPERATOR, PublishAllLists { ca: ca.clone().into() })?.lists {
            let problems = list.problems.join("; ");
            ensure!(list.list.is_some(), "{ca} {}: {} {problems}", list.partition, list.outcome);
            published += 1;
        }
    }
    Ok(published)
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
    staff: &'a Staff<'a>,
    municipality: &'static str,
}

/// A certificate on a card.
pub(crate) struct OnCard {
    pub(crate) card: CardId,
    pub(crate) serial: SerialNumber,
}

impl<'a> Town<'a> {
    /// A window of this municipality.
    pub(crate) fn new(staff: &'a Staff<'a>, municipality: &'static str) -> Self {
        Self { staff, municipality }
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
        self.verify(&on_the_way)?;
        self.issue(&on_the_way, None)?;
        self.hold(held)?;
        for (resident, cause) in [(served[3].0, "use-ended"), (served[4].0, "key-compromised")] {
            self.carry_out(resident, AUTH, "revocation", cause)?;
            self.carry_out(resident, SIGN, "revocation", cause)?;
        }
        let waiting = self.receive(&people[5], AUTH, "issue-with-card", None)?;
        self.verify(&waiting)?;
        self.issue(&waiting, None)?;
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
        self.verify(&application)?;
        let issued = self.issue(&application, reader)?;
        self.deliver(&application, ca, reader)?;
        Ok(issued)
    }

    fn receive(
        &self,
        resident: &Resident,
        ca: &str,
        kind: &str,
        card: Option<&CardId>,
    ) -> Result<ApplicationId> {
        let form = ReceiveApplication {
            card: card.map(ToString::to_string).unwrap_or_default(),
            ..self.form(resident, ca, kind)
        };
        Ok(self.as_clerk(form)?.id.parse()?)
    }

    /// Checks the identity of a resident who shows a driving licence.
    fn verify(&self, application: &ApplicationId) -> Result<()> {
        let licence = DocumentBody {
            evidence: "photo-document".parse()?,
            document: "運転免許証".to_owned(),
            number: "見本第0001号".to_owned(),
            note: String::new(),
        };
        let (id, items) = (application.clone().into(), vec![licence]);
        let found = self.as_clerk(VerifyApplication { id, items, doubt: None })?;
        let doubts = found.doubts.join("; ");
        ensure!(*found.state != ApplicationState::Refused, "{application}: {doubts}");
        Ok(())
    }

    /// On a card of the cabinet, or on the one in a reader.
    fn issue(&self, application: &ApplicationId, reader: Option<&str>) -> Result<OnCard> {
        let (id, reader) = (application.clone().into(), reader.map(str::to_owned));
        let issued = self.as_clerk(IssueApplication { id, reader, card_absent: false })?;
        let (card, serial) = issued.card.zip(issued.serial).context("a certificate on a card")?;
        Ok(OnCard { card: card.parse()?, serial: serial.parse()? })
    }

    /// Hands the card over, with the secret that its holder sets.
    fn deliver(&self, application: &ApplicationId, ca: &str, reader: Option<&str>) -> Result<()> {
        let (authentication_pin, signature_password) = match ca {
            AUTH => (Some(SecretText::new(PIN)), None),
            _ => (None, Some(SecretText::new(PASSWORD))),
        };
        self.as_clerk(DeliverApplication {
            id: application.clone().into(),
            reader: reader.map(str::to_owned),
            card_absent: false,
            authentication_pin,
            signature_password,
            handover: None,
        })?;
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
        let form = self.form(resident, ca, kind);
        let form = ReceiveApplication { cause: cause.to_owned(), ..form };
        let id: ApplicationId = self.as_clerk(form)?.id.parse()?;
        self.verify(&id)?;
        self.as_clerk(CompleteApplication { id: id.into() })?;
        Ok(())
    }

    /// A loss that is reported by phone.
    pub(crate) fn hold(&self, resident: &Resident) -> Result<()> {
        let four = resident.basic_four();
        let asked = HoldCertificates {
            name: four.name,
            birth_date: four.birth_date.to_string(),
            gender: four.gender.code().to_string(),
            address: four.address,
        };
        self.staff.ask(CALL_CENTRE, asked)?;
        Ok(())
    }

    fn state(&self, ca: &str, serial: &SerialNumber) -> Result<String> {
        let asked = ShowCertificate { ca: ca.parse()?, serial: (*serial).into() };
        Ok(self.staff.ask(OPERATOR, asked)?.state.to_string())
    }

    /// What the clerk at this window asks for.
    fn as_clerk<O: Operation<Answer = ApplicationBody>>(
        &self,
        asked: O,
    ) -> Result<ApplicationBody> {
        self.staff.ask(&clerk(self.municipality), asked)
    }

    fn form(&self, resident: &Resident, ca: &str, kind: &str) -> ReceiveApplication {
        // Who has no certificate with the attributes issued chooses nothing.
        let is_carried = kind.parse().is_ok_and(ApplicationKind::issues) && ca == SIGN;
        let chosen = |text: &str| if is_carried { first_substitutes(text) } else { String::new() };
        ReceiveApplication {
            kind: kind.to_owned(),
            ca: ca.to_owned(),
            municipality: self.municipality.to_owned(),
            window: "1".to_owned(),
            date: civil_date(self.staff.system().now()).to_string(),
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
            ..ReceiveApplication::default()
        }
    }
}

/// One more reason for each municipality: 4, 5, 3, 3 and 0, and 2.
fn special_case(staff: &Staff<'_>, place: usize, settled: &Settled) -> Result<()> {
    let town = Town::new(staff, settled.municipality);
    let (resident, card, auth, sign) = &settled.in_force;
    let code = resident.code.clone();
    match place {
        0 => {
            town.full_issue(resident, AUTH, "renewal", Some(card))?;
            town.full_issue(resident, SIGN, "renewal", Some(card))?;
        }
        1 => {
            staff.ask(OPERATOR, RecordDeath { code: code.into() })?;
        }
        2 => {
            let address = format!("{}２号室", resident.address);
            staff.ask(OPERATOR, RecordAddress { code: code.into(), address })?;
        }
        3 => {
            // The mayor found that the record was wrong.
            for (ca, serial) in [(AUTH, auth), (SIGN, sign)] {
                let cause = RevocationCause::RecordingError.into();
                let (requester, ca, serial) =
                    (Requester::Mayor.into(), ca.parse()?, (*serial).into());
                let order = RevokeCertificate { ca, serial, cause, requester, approver: None };
                staff.ask(OPERATOR, order)?;
            }
            let id = settled.waiting.clone().into();
            town.as_clerk(DiscardApplication { id, reader: None, card_absent: false })?;
        }
        _ => {
            // What a compromise of the CA's key does to every certificate, on one of each CA.
            for (ca, serial) in [(AUTH, auth), (SIGN, sign)] {
                revoke_by_two(staff, &ca.parse()?, serial, RevocationCause::CaKeyCompromised)?;
            }
        }
    }
    Ok(())
}

/// Has the authority revoke a certificate by two people, the second of whom approves it first.
fn revoke_by_two(
    staff: &Staff<'_>,
    ca: &CaId,
    serial: &SerialNumber,
    cause: RevocationCause,
) -> Result<()> {
    let operation = new_operation()?;
    let (ca, serial) = (ca.clone().into(), (*serial).into());
    let (cause, requester) = (cause.into(), Requester::Authority.into());
    let order = RevokeCertificate { ca, serial, cause, requester, approver: None };
    let approval = ApproveOperation::Revocation {
        operation: operation.clone().into(),
        ca: order.ca.clone(),
        serial,
        cause,
        requester,
    };
    staff.ask(SECOND_OPERATOR, approval)?;
    let order = RevokeCertificate { approver: Some(SECOND_OPERATOR.parse()?), ..order };
    staff.ask_under(OPERATOR, Some(operation), order)?;
    Ok(())
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
