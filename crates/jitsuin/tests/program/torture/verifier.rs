//! The registered verifier, who asks while the work goes on and the server dies: what was revoked for
//! good is never told as good again, by whom it is asked.

use std::path::Path;
use std::time::Duration;

use testkit::run;

use super::facts::CertificateId;
use super::world::{Life, World};
use crate::tamper::Chance;

/// Asks about certificates that were revoked, drawn by chance, of the API and of OCSP.
pub(super) fn asks(world: &World, place: &Path, seed: u64) {
    let mut chance = Chance::named(seed, "verifier");
    while !world.is_stopping() {
        std::thread::sleep(Duration::from_millis(100));
        let revoked: Vec<_> = world.facts(|facts| {
            let all = facts.certificates.iter();
            all.filter(|(_, state)| **state == "revoked").map(|(id, _)| id.clone()).collect()
        });
        let Some(one) = chance.pick(revoked.len()).map(|place| &revoked[place]) else { continue };
        let Some(life) = world.life() else { continue };
        match answered(place, &life, one) {
            None => {}
            Some(said) if said.contains(": revoked") => world.count(|figures| figures.asked += 1),
            Some(said) => world.lose(format!("{one:?} is revoked, and was answered: {said}")),
        }
    }
}

/// What API and OCSP answer; nothing where one of them gives none, or says that it cannot.
fn answered(place: &Path, life: &Life, (ca, serial): &CertificateId) -> Option<String> {
    let path = format!("cas/{ca}/certificates/{serial}");
    let Ok((200, told)) = life.client.ask("operator-1", "GET", &path, None, &[]) else {
        return None;
    };
    if told["state"] != "revoked" {
        return Some(told.to_string());
    }
    let url = format!("http://{}", life.repository);
    let generation = told["generation"].as_u64().expect("a generation");
    let (der, root) = (format!("{ca}-{generation}.der"), format!("{ca}-{generation}.pem"));
    let fetch = ["-sSf", "-o", &der, &format!("{url}/ca/{ca}/{generation}.cer")];
    if !run(place, "curl", &fetch).success {
        return None;
    }
    let read = run(place, "openssl", &["x509", "-inform", "DER", "-in", &der, "-out", &root]);
    assert!(read.success, "{}", read.text);
    let (url, serial) = (format!("{url}/ocsp"), format!("0x{serial}"));
    let asked = ["ocsp", "-issuer", &root, "-CAfile", &root, "-url", &url, "-serial", &serial];
    let signed = ["-signer", "data/handed-out/verifier-1.pem", "-signkey"];
    let key = ["data/handed-out/verifier-1.key"];
    let said = run(place, "openssl", &[&asked[..], &signed, &key].concat()).text;
    let statuses = [": good", ": revoked", ": unknown"];
    statuses.iter().any(|status| said.contains(status)).then_some(said)
}
