//! What happens at a window: each resident's story, from the form to the end of the certificate.

use std::collections::VecDeque;
use std::path::Path;

use serde_json::{Value, json};

use super::facts::CertificateId;
use super::holders::{AUTHENTICATION_PIN, AtHome, OwnReader};
use super::world::{BrokenOff, Worker, World};
use crate::tamper::Chance;
use crate::workplace::form;

/// The secrets that are set at a delivery, and the PIN that is set anew.
const PIN: &str = "1234";
const NEW_PIN: &str = "4321";
const PASSWORD: &str = "ABC123";

/// Where a window is.
pub(super) struct Site<'a> {
    pub(super) world: &'a World,
    pub(super) place: &'a Path,
    pub(super) municipality: &'a str,
}

/// A window's work: one resident after the other, and again those who live, until work stops.
pub(super) fn window(site: &Site<'_>, residents: Vec<Value>, seed: u64) {
    let Site { world, place, municipality } = *site;
    let mut chance = Chance::named(seed, municipality);
    let mut waiting: VecDeque<_> = residents.into_iter().map(|one| (one, Vec::new())).collect();
    for number in 0.. {
        let Some((resident, in_force)) = waiting.pop_front() else { return };
        if world.is_stopping() {
            return;
        }
        let mut visit = Visit {
            worker: Worker::new(world, format!("window-{municipality}-{number}")),
            clerk: format!("clerk-{municipality}"),
            municipality: municipality.to_owned(),
            home: AtHome { world, place, name: format!("holder-{municipality}-{number}") },
            resident,
        };
        // What broke a story off is known to the world.
        if let Ok(Some(in_force)) = visit.story(in_force, &mut chance) {
            waiting.push_back((visit.resident, in_force));
        }
    }
}

/// One resident at a window.
struct Visit<'a> {
    worker: Worker<'a>,
    clerk: String,
    municipality: String,
    /// The resident at home.
    home: AtHome<'a>,
    resident: Value,
}

impl Visit<'_> {
    /// What was in force is ended, and a new card issued; what is in force then, unless the resident
    /// died.
    fn story(
        &mut self,
        in_force: Vec<CertificateId>,
        chance: &mut Chance,
    ) -> Result<Option<Vec<CertificateId>>, BrokenOff> {
        for certificate in in_force {
            self.ended(&certificate)?;
        }
        let more = json!({ "ca": "jpki-auth", "kind": "issue-with-card" });
        let secret = json!({ "authentication_pin": PIN });
        let (card, certificate) = self.delivered(&more, &secret)?;
        if chance.below(3) == 0 {
            let more = json!({ "ca": "saitama-sign", "kind": "issue-on-card", "card": card });
            let secret = json!({ "signature_password": PASSWORD });
            let (_, other) = self.delivered(&more, &secret)?;
            match chance.below(3) {
                0 => {
                    self.moved(&other)?;
                    return Ok(Some(vec![certificate]));
                }
                1 => {
                    self.home.revoke(&card, PASSWORD, &certificate)?;
                    self.state(&certificate, "revoked");
                    return Ok(Some(vec![other]));
                }
                _ => {}
            }
            // The register ends certificates of both CAs: not for those who have two.
            return Ok(Some(vec![certificate, other]));
        }
        match chance.below(5) {
            0 => self.forgotten(&card)?,
            1 => {
                if chance.flip() { self.ended(&certificate) } else { self.struck(&certificate) }?;
                return Ok(Some(Vec::new()));
            }
            2 => {
                self.died(&certificate)?;
                return Ok(None);
            }
            other => {
                self.held(&certificate)?;
                if other == 3 {
                    self.released(&certificate)?;
                }
            }
        }
        Ok(Some(vec![certificate]))
    }

    /// From the form to the delivered card.
    fn delivered(
        &mut self,
        more: &Value,
        secret: &Value,
    ) -> Result<(String, CertificateId), BrokenOff> {
        let ca = text(&more["ca"]);
        let id = self.verified(more)?;
        let issued = self.at_window(&id, "issue", None, "issued")?;
        let certificate = (ca, text(&issued["serial"]));
        self.state(&certificate, "undelivered");
        self.at_window(&id, "delivery", Some(secret), "completed")?;
        self.state(&certificate, "good");
        let card = text(&issued["card"]);
        let on_card = (self.clerk.clone(), certificate.clone());
        self.worker.world.acknowledge(|facts| facts.cards.extend([(card.clone(), on_card)]));
        Ok((card, certificate))
    }

    fn verified(&mut self, more: &Value) -> Result<String, BrokenOff> {
        let mut form = form(&self.resident, more);
        form["municipality"] = self.municipality.as_str().into();
        let received = self.worker.done(&self.clerk, "applications", Some(&form))?;
        let id = text(&received["id"]);
        let shown = json!({ "items": [
            { "evidence": "photo-document", "document": "旅券", "number": "TR1234567" }
        ] });
        self.at_window(&id, "verification", Some(&shown), "verified")?;
        Ok(id)
    }

    fn at_window(
        &mut self,
        id: &str,
        step: &str,
        body: Option<&Value>,
        state: &'static str,
    ) -> Result<Value, BrokenOff> {
        let path = format!("applications/{id}/{step}");
        let answer = self.worker.done(&self.clerk, &path, body)?;
        if answer["state"] != state {
            self.worker.world.lose(format!("{path}: {answer}"));
            return Err(BrokenOff);
        }
        let (id, clerk) = (id.to_owned(), self.clerk.clone());
        self.worker.world.acknowledge(|facts| facts.applications.extend([(id, (clerk, state))]));
        Ok(answer)
    }

    /// Reported lost by phone.
    fn held(&mut self, certificate: &CertificateId) -> Result<(), BrokenOff> {
        let of = |field: &str| text(&self.resident[field]);
        let body = json!({
            "name": format!("{}\u{3000}{}", of("family_name"), of("given_name")),
            "birth_date": of("birth_date"), "gender": of("gender"), "address": of("address"),
        });
        let answer = self.worker.done("call-centre", "holds", Some(&body))?;
        if !answer["held"].to_string().contains(&certificate.1) {
            self.worker.world.lose(format!("hold of {certificate:?}: {answer}"));
            return Err(BrokenOff);
        }
        self.state(certificate, "held");
        Ok(())
    }

    /// The holder forgot the PIN: the window sets another, and the card takes that one.
    fn forgotten(&mut self, card: &str) -> Result<(), BrokenOff> {
        let body = json!({ "slot": "authentication", "new": NEW_PIN, "items": [
            { "evidence": "photo-document", "document": "旅券", "number": "TR1234567" }
        ] });
        let path = format!("card-secret-resets?card={card}");
        self.worker.done(&self.clerk, &path, Some(&body))?;
        let mut reader = OwnReader::with(self.home.place, card);
        if !reader.takes(AUTHENTICATION_PIN, NEW_PIN) {
            self.worker.world.lose(format!("card {card} does not take the PIN that was set"));
            return Err(BrokenOff);
        }
        Ok(())
    }

    fn released(&mut self, certificate: &CertificateId) -> Result<(), BrokenOff> {
        let id = self.verified(&json!({ "ca": certificate.0, "kind": "hold-release" }))?;
        self.at_window(&id, "completion", None, "completed")?;
        self.state(certificate, "good");
        Ok(())
    }

    fn ended(&mut self, certificate: &CertificateId) -> Result<(), BrokenOff> {
        let more = json!({ "ca": certificate.0, "kind": "revocation", "cause": "use-ended" });
        let id = self.verified(&more)?;
        self.at_window(&id, "completion", None, "completed")?;
        self.state(certificate, "revoked");
        Ok(())
    }

    /// Two of the staff revoke it: one approves in a session of their own, the other has it carried out.
    fn struck(&mut self, certificate: &CertificateId) -> Result<(), BrokenOff> {
        let (ca, serial) = certificate;
        let (cause, requester) = ("recording-error", "authority");
        let approval = json!({
            "what": "revocation", "operation": self.worker.operation(2), "ca": ca,
            "serial": serial, "cause": cause, "requester": requester,
        });
        self.worker.done("operator-2", "approvals", Some(&approval))?;
        let order = json!({ "cause": cause, "requester": requester, "approver": "operator-2" });
        let path = format!("cas/{ca}/certificates/{serial}/revocation");
        self.worker.done("operator-1", &path, Some(&order))?;
        self.state(certificate, "revoked");
        Ok(())
    }

    /// The register tells of another address, which ends a signature certificate and no other.
    fn moved(&mut self, signature: &CertificateId) -> Result<(), BrokenOff> {
        let code = text(&self.resident["code"]);
        let address = format!("{}－１", text(&self.resident["address"]));
        self.resident["address"] = address.as_str().into();
        let told = json!({ "address": address });
        self.worker.done("general-1", &format!("residents/{code}/address"), Some(&told))?;
        self.worker.done("general-1", "register-runs", None)?;
        self.state(signature, "revoked");
        Ok(())
    }

    /// The register tells of a death; a run of the link ends the certificate.
    fn died(&mut self, certificate: &CertificateId) -> Result<(), BrokenOff> {
        let code = text(&self.resident["code"]);
        self.worker.done("general-1", &format!("residents/{code}/death"), None)?;
        self.worker.done("general-1", "register-runs", None)?;
        self.state(certificate, "revoked");
        Ok(())
    }

    fn state(&self, certificate: &CertificateId, state: &'static str) {
        let certificate = certificate.clone();
        self.worker.world.acknowledge(|facts| facts.certificates.extend([(certificate, state)]));
    }
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
