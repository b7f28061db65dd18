//! The web repository as curl fetches it: certificates, fingerprints, CPS pages.

use std::fs;

use crate::client::Asker;
use crate::demo::Demo;

fn page(demo: &Demo, path: &str) -> String {
    let (status, body) = demo.fetch(path, &Asker::Nobody);
    assert_eq!(status, "200", "{path}");
    String::from_utf8(body).unwrap()
}

#[test]
fn v4_ca_certificates_and_their_fingerprints_are_those_that_openssl_computes() {
    let demo = Demo::start();
    let index = page(&demo, "/");
    for ca in &demo.ready.cas {
        let path = format!("/ca/{}/1.cer", ca.id);
        assert!(index.contains(&format!("href=\"{path}\"")), "{index}");
        let (status, published) = demo.fetch(&path, &Asker::Nobody);
        assert_eq!(status, "200");
        let root = &ca.certificate_pem;
        demo.says(&format!("openssl x509 -in {root} -outform DER -out root.der"));
        assert!(published == fs::read(demo.path().join("root.der")).unwrap(), "{path}");
        for hash in ["sha1", "sha256"] {
            let said = demo.says(&format!("openssl x509 -noout -fingerprint -{hash} -in {root}"));
            let fingerprint = said.trim().split_once('=').unwrap().1;
            assert!(index.contains(&format!("<code>{fingerprint}</code>")), "{fingerprint}");
        }
    }
}

#[test]
fn v4_the_cps_page_names_the_cps_and_the_law() {
    let demo = Demo::start();
    let index = page(&demo, "/");
    for (id, title) in [
        ("jpki-auth", "公的個人認証サービス利用者証明用認証局運用規程"),
        ("saitama-sign", "埼玉県公的個人認証サービス都道府県単位認証局運用規程"),
    ] {
        assert!(index.contains(&format!("href=\"/cps/{id}\"")), "{index}");
        let cps = page(&demo, &format!("/cps/{id}"));
        assert!(cps.contains(title), "{cps}");
        assert!(cps.contains("href=\"http://www.jpki.go.jp/cps.html\""), "{cps}");
        assert!(cps.contains("href=\"https://laws.e-gov.go.jp/law/"), "{cps}");
    }
}

#[test]
fn v4_what_is_not_there_is_not_found_and_nothing_leads_out_of_the_repository() {
    let demo = Demo::start();
    for path in [
        "/ca/jpki-auth/2.cer",
        "/ca/nobody/1.cer",
        "/cps/nobody",
        "/crl/nobody",
        "/jitsuin.toml",
        "/%2e%2e/data/master.key",
        "/ca/%2e%2e%2f%2e%2e/1.cer",
    ] {
        assert_eq!(demo.fetch(path, &Asker::Nobody).0, "404", "{path}");
    }
    let url = format!("{}/../data/master.key", demo.ready.repository_url);
    let said = demo.says(&format!("curl -sS --path-as-is -o /dev/null -w %{{http_code}} {url}"));
    assert_eq!(said, "404");
}
