//! OCSP, the directory and the web repository say the same about every certificate of the demo.

use std::collections::BTreeMap;
use std::fs;

use crate::client::Asker;
use crate::demo::{Certificate, Demo};
use crate::lists::{entries, is_listed};
use crate::ocsp::statuses;

/// What the two ways to a list, and OCSP, say about each certificate of a CA.
fn told(demo: &Demo, ca: &str) -> Vec<(String, [String; 3])> {
    let by_ocsp = statuses(demo, ca);
    let (mut by_ldap, mut by_http) = (BTreeMap::new(), BTreeMap::new());
    for name in &demo.ca(ca).crl_dns {
        by_ldap.extend(entries(demo, &demo.list(name)));
        let here = |one: &&Certificate| one.ca == ca && one.crl_dn == *name;
        let one = demo.ready.certificates.iter().find(here).expect("one in every partition");
        let partition = one.municipality.as_deref().unwrap_or("other");
        let (status, der) = demo.fetch(&format!("/crl/{ca}/1/{partition}.crl"), &Asker::Verifier);
        assert_eq!(status, "200");
        fs::write(demo.path().join("web.der"), der).unwrap();
        by_http.extend(entries(demo, &demo.list_as_pem(&demo.path().join("web.der"))));
    }
    let listed = |by: &BTreeMap<String, String>, serial: &String| {
        by.get(serial).cloned().unwrap_or_else(|| "good".to_owned())
    };
    by_ocsp
        .into_iter()
        .map(|(serial, status)| {
            let others = [listed(&by_ldap, &serial), listed(&by_http, &serial)];
            let [ldap, http] = others;
            (serial, [status, ldap, http])
        })
        .collect()
}

#[test]
fn v11_ocsp_directory_and_repository_agree_about_every_certificate() {
    let demo = Demo::start();
    for ca in ["jpki-auth", "saitama-sign"] {
        let told = told(&demo, ca);
        let count = demo.ready.certificates.iter().filter(|one| one.ca == ca).count();
        assert_eq!(told.len(), count);
        for (serial, [ocsp, ldap, http]) in told {
            assert_eq!((&ocsp, &ocsp), (&ldap, &http), "{ca} {serial}");
            let one = demo.ready.certificates.iter().find(|one| one.serial_hex == serial).unwrap();
            assert_eq!(ocsp != "good", is_listed(one), "{one:?} is {ocsp}");
        }
    }
}
