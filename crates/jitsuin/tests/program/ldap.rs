//! The directory over TLS, for Python's ldap3, and against whoever wants to write.

use std::fs;

use testkit::run;

use crate::client::{Asker, python};
use crate::demo::Demo;

const LIST: &str = "certificateRevocationList;binary";

#[test]
fn v3_anyone_reads_ca_certificates_and_authority_lists() {
    let demo = Demo::start();
    for ca in &demo.ready.cas {
        let root = &ca.certificate_pem;
        let encoded = demo.says(&format!("openssl x509 -in {root} -outform DER -out root.der"));
        assert_eq!(encoded, "");
        let encoded = demo.says("openssl base64 -A -in root.der");
        let asked = ["-LLL", "-o", "ldif-wrap=no", "-s", "base", "-b", &ca.arl_dn];
        let said = demo.ldap("ldapsearch", &demo.ready.ldap_url, &asked);
        assert!(said.success, "{}", said.text);
        assert!(said.text.contains("objectClass: pkiCA"), "{}", said.text);
        assert!(
            said.text.contains(&format!("cACertificate;binary:: {encoded}\n")),
            "{}",
            said.text
        );
        assert_eq!(said.text.matches("authorityRevocationList;binary:: ").count(), 3);
    }
}

#[test]
fn v3_start_tls_and_ldaps_are_trusted_by_the_demos_root_alone() {
    let demo = Demo::start();
    let (plain, tls) = (&demo.ready.ldap_url, &demo.ready.ldaps_url);
    let name = &demo.ready.verifier.bind_dn;
    let bound = demo.bound();
    for (url, more) in [(plain, &["-ZZ"][..]), (tls, &[])] {
        let said = demo.ldap("ldapwhoami", url, &[more, &bound].concat());
        assert_eq!((said.status, said.text.trim()), (Some(0), format!("dn:{name}").as_str()));
        let other = format!("LDAPTLS_CACERT={}", demo.ca("saitama-sign").certificate_pem);
        let client = [other.as_str(), "ldapwhoami", "-x", "-H", url];
        let said = run(demo.path(), "env", &[&client[..], more].concat());
        assert!(!said.success, "another root is not trusted: {}", said.text);
    }
    let wrong = demo.ldap("ldapwhoami", tls, &["-D", name, "-w", "wrong"]);
    assert_eq!(wrong.status, Some(49), "{}", wrong.text);
}

#[test]
fn v3_whoever_writes_is_told_that_nothing_is_written() {
    let demo = Demo::start();
    let point = &demo.ca("jpki-auth").crl_dns[1];
    let change = format!("dn: {point}\nchangetype: modify\nreplace: cn\ncn: x\n");
    let entry = "dn: CN=new,C=JP\nchangetype: add\nobjectClass: device\ncn: new\n";
    fs::write(demo.path().join("change"), change).unwrap();
    fs::write(demo.path().join("entry"), entry).unwrap();
    let before = fs::read(demo.list(point)).unwrap();
    for (tool, arguments) in [
        ("ldapmodify", &["-f", "change"][..]),
        ("ldapadd", &["-f", "entry"]),
        ("ldapdelete", &[point]),
        ("ldapmodrdn", &[point, "CN=y"]),
    ] {
        let said = demo.ldap(tool, &demo.ready.ldap_url, &[&demo.bound()[..], arguments].concat());
        assert_eq!(said.status, Some(53), "{tool}: {}", said.text);
        assert!(said.text.contains("Server is unwilling to perform (53)"), "{}", said.text);
    }
    assert!(fs::read(demo.list(point)).unwrap() == before, "nothing changed");
}

/// Fetches a list over LDAPS, and over StartTLS, and is refused without a bind.
const SCRIPT: &str = r"
import ssl, sys
from urllib.parse import urlparse
from ldap3 import BASE, Connection, Server, Tls
ldap, ldaps, ca, name, password, point = sys.argv[1:]
attribute = 'certificateRevocationList;binary'
tls = Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=ca, valid_names=['localhost'])
plain = Server('localhost', port=urlparse(ldap).port, tls=tls)
secure = Server('localhost', port=urlparse(ldaps).port, use_ssl=True, tls=tls)
anonymous = Connection(plain, auto_bind=True)
assert not anonymous.search(point, '(objectClass=*)', BASE, attributes=[attribute])
assert anonymous.result['result'] == 50, anonymous.result
lists = []
for server, start_tls in (plain, True), (secure, False):
    verifier = Connection(server, name, password)
    assert not start_tls or verifier.start_tls(), verifier.result
    assert verifier.bind(), verifier.result
    assert verifier.search(point, '(objectClass=*)', BASE, attributes=[attribute]), verifier.result
    lists.append(verifier.response[0]['raw_attributes'][attribute][0])
assert lists[0] == lists[1]
open('list.der', 'wb').write(lists[0])
print('done')
";

#[test]
fn v3_pythons_ldap3_fetches_a_list_that_openssl_uses() {
    let demo = Demo::start();
    let ready = &demo.ready;
    let held = demo.certificates("jpki-auth", "user", "held")[0];
    let arguments = [
        "-c",
        SCRIPT,
        &ready.ldap_url,
        &ready.ldaps_url,
        &ready.tls_ca_pem,
        &ready.verifier.bind_dn,
        &ready.verifier.password,
        &held.crl_dn,
    ];
    let said = run(demo.path(), python().to_str().unwrap(), &arguments);
    assert_eq!(said.text.trim(), "done");
    let list = demo.list_as_pem(&demo.path().join("list.der"));
    let root = &demo.ca("jpki-auth").certificate_pem;
    let verify = format!("openssl verify -crl_check -CAfile {root} -CRLfile {list}");
    let said = demo.client(&format!("{verify} {}", held.certificate_pem));
    assert!(said.text.contains("error 23 "), "{}", said.text);
    let mut good = demo.certificates("jpki-auth", "user", "good");
    good.retain(|one| one.crl_dn == held.crl_dn);
    assert!(demo.says(&format!("{verify} {}", good[0].certificate_pem)).ends_with(": OK\n"));
}

#[test]
fn v3_v8_directory_and_repository_serve_the_same_octets() {
    let demo = Demo::start();
    for one in demo.certificates("saitama-sign", "user", "good") {
        let place = one.municipality.as_deref().unwrap();
        let path = format!("/crl/saitama-sign/1/{place}.crl");
        let values = demo.ldap_values(&one.crl_dn, LIST);
        let (_, fetched) = demo.fetch(&path, &Asker::Verifier);
        assert!(fs::read(&values[0]).unwrap() == fetched, "{path}");
    }
}
