//! A command on this machine lets in, and believes, no client certificate that the API would not.

use std::fs;
use std::net::Ipv4Addr;

use domain::journal::EventKind;
use domain::staff::{CredentialKind, Role};
use jiff::Timestamp;
use store::{Change, CredentialRow, Entry, Store, Unit};
use testkit::OpensslCa;
use web::desk::people::ProposePerson;
use web::desk::{Door, Shown};
use x509::digest::sha256;
use x509::pem;

use super::place::Place;

/// Has operator-1 propose people by the card, as they would over the API.
fn propose_by_card(place: &Place, people: &[&str]) {
    let text = fs::read_to_string(place.path().join("card.pem")).expect("PEM");
    let der = pem::decode(pem::CERTIFICATE, &text).expect("DER");
    let system = place.open(0);
    let row = CredentialRow {
        sha256: sha256(&der),
        person: "operator-1".parse().expect("an id"),
        kind: CredentialKind::ClientCertificate,
        console: None,
        passkey: None,
        made: system.now(),
        expires: None,
        operation: None,
    };
    let act = system.act("test").expect("an act");
    let unit = Unit::new(Entry::new(EventKind::StaffChanged, &act));
    system.store.commit(unit.change(Change::AddCredential(row.into()))).expect("registered");
    let desk = system.desk().expect("a desk");
    let door = Door { name: "test".to_owned(), from: Ipv4Addr::LOCALHOST.into() };
    for id in people {
        let shown = Ok(Shown::Certificate(der.clone().into()));
        let act = desk.entrance().enter(shown, &door, None).expect("the card lets them in");
        let (id, name) = (id.parse().expect("an id"), "新人".to_owned());
        let asked =
            ProposePerson { id, name, roles: vec![Role::Examiner.into()], municipality: None };
        desk.ask(&act, asked).expect("proposed");
    }
}

#[test]
fn w2_w3_the_command_line_looks_client_certificates_of_other_issuers_up_as_well() {
    let place = Place::at(&Timestamp::now().to_string());
    let issuer = OpensslCa::root(place.path(), "root", "/CN=Cards");
    issuer.certify("card", "user");
    issuer.list();
    let config = place.path().join("jitsuin.toml");
    let kept = fs::read_to_string(&config).expect("a configuration");
    let named = "[[client_issuers]]\ncertificate = \"root.pem\"\nlist = \"root.crl\"\n";
    fs::write(&config, format!("{kept}\n{named}")).expect("written");
    place.answer(3, "", &["init", "--to-try-out"]);
    for id in ["manager-1", "operator-1"] {
        place.answer(0, &format!("{id}.enrolment"), &["staff", "token"]);
    }
    propose_by_card(&place, &["novice-1", "novice-2"]);
    place.answer(0, "manager-1.token", &["staff", "confirm", "novice-1"]);
    issuer.revoke("card");
    issuer.list();
    let said = place.refusal(0, "manager-1.token", &["staff", "confirm", "novice-2"]);
    assert!(said.contains("revoked"), "{said}");
}
