//! Everything that the demo issues before relying parties that nobody here wrote, before a renewal of a CA's
//! key and after it: Java's PKIX, BouncyCastle, NSS, GnuTLS, pyhanko-certvalidator, Python's cryptography.

use std::fs;

use testkit::{Output, run, run_long};

use serde_json::{Value, json};

use crate::beside_server::{
    expect_the_second_generation, expect_the_server_to_issue, expect_the_server_to_revoke,
    renew_all, revoke, soon,
};
use crate::client::{Asker, python};
use crate::demo::{Certificate, Demo};
use crate::keys_api::{ask, verified};
use crate::workplace::KAWAGUCHI;

/// What a relying party must say: what a list names is revoked, whether for good or for now.
fn verdict(one: &Certificate) -> &'static str {
    let listed = crate::lists::is_listed(one);
    if listed { "revoked" } else { "good" }
}

/// One CA as relying parties get it: files in the scratch directory, and what is asked about.
struct Party<'a> {
    demo: &'a Demo,
    ca: &'static str,
    roots: String,
    lists: String,
    targets: Vec<Target>,
}

/// A certificate that is asked about.
struct Target {
    path: String,
    /// What must be said of it.
    verdict: &'static str,
    /// Of the CA's key that signed it.
    generation: u32,
    /// The partition on whose lists it would be.
    partition: String,
}

const FOREIGN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/foreign");
const BOUNCY_CASTLE: &str =
    "/usr/share/java/bcprov.jar:/usr/share/java/bcutil.jar:/usr/share/java/bcpkix.jar";

impl<'a> Party<'a> {
    /// The roots and lists of so many generations, out of the web repository.
    fn new(demo: &'a Demo, ca: &'static str, generations: u32) -> Self {
        let own = || demo.ready.certificates.iter().filter(|one| one.ca == ca);
        let mut partitions: Vec<_> = own().filter_map(|one| one.municipality.clone()).collect();
        partitions.sort();
        partitions.dedup();
        partitions.extend(["other", "arl-self-signed", "arl-link"].map(str::to_owned));
        let (mut roots, mut lists) = (String::new(), String::new());
        for generation in 1..=generations {
            let root = fetched(demo, &format!("/ca/{ca}/{generation}.cer"), "x509");
            fs::write(demo.path().join(format!("{ca}.root-{generation}")), &root).unwrap();
            roots.push_str(&root);
            for partition in &partitions {
                let list = fetched(demo, &format!("/crl/{ca}/{generation}/{partition}.crl"), "crl");
                let file = format!("{ca}.{partition}-{generation}");
                fs::write(demo.path().join(file), &list).unwrap();
                lists.push_str(&list);
            }
        }
        let files = (format!("{ca}.roots"), format!("{ca}.lists"));
        fs::write(demo.path().join(&files.0), roots).unwrap();
        fs::write(demo.path().join(&files.1), lists).unwrap();
        let target = |one: &Certificate| Target {
            path: one.certificate_pem.clone(),
            verdict: verdict(one),
            generation: 1,
            partition: one.municipality.clone().unwrap_or_else(|| "other".to_owned()),
        };
        let targets = own().map(target).collect();
        Self { demo, ca, roots: files.0, lists: files.1, targets }
    }

    fn targets_file(&self) -> String {
        let paths: Vec<_> = self.targets.iter().map(|target| target.path.as_str()).collect();
        fs::write(self.demo.path().join("targets"), paths.join("\n")).unwrap();
        "targets".to_owned()
    }

    /// Every line of the output is two words, both of which must be the verdict, and the path.
    fn expect(&self, said: &Output) {
        assert!(said.success, "{}", said.text);
        let lines: Vec<&str> = said.text.lines().collect();
        assert_eq!(lines.len(), self.targets.len(), "{}", said.text);
        for (line, Target { path, verdict, .. }) in lines.into_iter().zip(&self.targets) {
            assert_eq!(line, format!("{verdict} {verdict} {path}"));
        }
    }

    /// Java's own PKIX and BouncyCastle.
    fn java(&self, beside: &[&str]) -> Output {
        let targets = self.targets_file();
        let arguments = ["paths", &self.roots, &self.lists, &targets];
        java(self.demo, &[&arguments[..], beside].concat())
    }

    fn python(&self) -> Output {
        let script = format!("{FOREIGN}/relying_parties.py");
        let arguments = [&script, &self.roots, &self.lists, &self.targets_file()];
        run_long(self.demo.path(), python().to_str().unwrap(), &arguments.map(String::as_str))
    }

    /// GnuTLS, which takes the first list of an issuer: it is to be given the right one alone.
    fn gnutls(&self) {
        for Target { path, verdict, generation, partition } in &self.targets {
            let (ca, place) = (self.ca, format!("{partition}-{generation}"));
            let said = self.demo.client(&format!(
                "certtool --verify --verify-profile low --load-ca-certificate {ca}.root-{generation} \
                 --load-crl {ca}.{place} --infile {path}"
            ));
            let chain = said.text.split("Chain verification output: ").nth(1).unwrap_or_default();
            let told = match chain.contains("chain is revoked") {
                true => "revoked",
                false if chain.starts_with("Verified. The certificate is trusted.") => "good",
                false => "something else",
            };
            assert_eq!(told, *verdict, "{path}: {}", said.text);
        }
    }
}

/// Fetches DER and has openssl turn it into PEM.
fn fetched(demo: &Demo, path: &str, kind: &str) -> String {
    let (status, der) = demo.fetch(path, &Asker::Verifier);
    assert_eq!(status, "200", "{path}");
    fs::write(demo.path().join("der"), der).unwrap();
    demo.says(&format!("openssl {kind} -inform DER -in der"))
}

fn java(demo: &Demo, arguments: &[&str]) -> Output {
    let program = format!("{FOREIGN}/RelyingParties.java");
    run_long(demo.path(), "java", &[&["-cp", BOUNCY_CASTLE, program.as_str()], arguments].concat())
}

/// NSS, which imports no list with a critical issuing distribution point: chains and OCSP.
fn expect_nss(demo: &Demo, ca: &str, generation: u32, server: Option<&str>) {
    let (store, root) = (format!("nss-{ca}-{generation}"), format!("{ca}.root-{generation}"));
    fs::create_dir(demo.path().join(&store)).unwrap();
    demo.says(&format!("certutil -N -d sql:{store} --empty-password"));
    demo.says(&format!("certutil -A -d sql:{store} -n {ca} -t CT,C,C -a -i {root}"));
    // The delegate is the one certificate in the answer that NSS holds against what it knows of responders.
    demo.says(&format!(
        "openssl ocsp -issuer {root} -CAfile {root} -cert {root} -url {} -respout response.der",
        demo.ready.ocsp_url
    ));
    let text = demo.says("openssl ocsp -respin response.der -noverify -text");
    let delegate = text.find("-----BEGIN CERTIFICATE-----").expect("the delegate came along");
    fs::write(demo.path().join("delegate.pem"), &text[delegate..]).unwrap();
    let said = demo.client(&format!("vfychain -d sql:{store} -u 10 -a delegate.pem"));
    assert!(said.text.contains("Chain is good!"), "{ca} {generation}: {}", said.text);
    let Some(server) = server else { return };
    demo.says(&format!("certutil -A -d sql:{store} -n server -t ,, -a -i {server}"));
    let said = demo
        .client(&format!("ocspclnt -S server -l {} -t {ca} -d sql:{store}", demo.ready.ocsp_url));
    assert!(said.success && !said.text.contains("nvalid"), "{ca} {generation}: {}", said.text);
    let said = demo.client(&format!("vfychain -d sql:{store} -u 1 -a {server}"));
    assert!(said.text.contains("Chain is good!"), "{ca} {generation}: {}", said.text);
}

fn expect_all(party: &Party<'_>) {
    party.expect(&party.java(&[]));
    party.expect(&party.python());
    party.gnutls();
}

fn server(demo: &Demo) -> &str {
    &demo.certificates("jpki-auth", "tls-server", "good")[0].certificate_pem
}

#[test]
fn v1_v5_l10_every_relying_party_says_of_each_certificate_what_its_state_is() {
    let demo = Demo::start();
    for ca in ["jpki-auth", "saitama-sign"] {
        expect_all(&Party::new(&demo, ca, 1));
        expect_nss(&demo, ca, 1, (ca == "jpki-auth").then(|| server(&demo)));
    }
}

#[test]
fn k6_v1_v5_every_relying_party_says_the_same_after_a_renewal() {
    let mut demo = Demo::start();
    let issues_from = renew_all(&demo, &["jpki-auth", "saitama-sign"]);
    expect_the_second_generation(&demo);
    soon(|| {
        let (status, _) = demo.fetch("/crl/saitama-sign/2/11203.crl", &Asker::Verifier);
        if status == "200" { Ok(()) } else { Err("no list of saitama-sign's new key".to_owned()) }
    });
    while jiff::Timestamp::now() <= issues_from {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    expect_the_server_to_issue(&demo);
    let users = users_of_the_second_generation(&demo);
    let new = demo.path().join("web.pem").display().to_string();
    let mut party = after_the_renewal(&demo, "jpki-auth", &users[0]);
    let partition = "other".to_owned();
    party.targets.push(Target { path: new.clone(), verdict: "good", generation: 2, partition });
    expect_all(&party);
    expect_nss(&demo, "jpki-auth", 1, Some(server(&demo)));
    expect_nss(&demo, "jpki-auth", 2, Some(&new));
    expect_all(&after_the_renewal(&demo, "saitama-sign", &users[1]));
    expect_nss(&demo, "saitama-sign", 1, None);
    expect_nss(&demo, "saitama-sign", 2, None);
    // A defect of BouncyCastle, pinned: it has no guard against going in circles where links and roots lie
    // beside the lists as certificates, as in the directory's cACertificate.
    let mut beside = fs::read_to_string(demo.path().join(&party.roots)).unwrap();
    for link in ["2-link-old-with-new", "2-link-new-with-old"] {
        beside.push_str(&fetched(&demo, &format!("/ca/jpki-auth/{link}.cer"), "x509"));
    }
    fs::write(demo.path().join("beside.pem"), beside).unwrap();
    let said = party.java(&["beside.pem"]);
    for (line, Target { path, verdict, .. }) in said.text.lines().zip(&party.targets) {
        assert_eq!(line, format!("{verdict} endless {path}"));
    }
    expect_the_server_to_revoke(&demo);
    expect_nss_to_refuse(&demo, "jpki-auth", 2, &new);
    demo.stop();
    demo.start_again();
    expect_what_the_demo_prints(&demo);
}

/// No list applied to a responder's certificate once: it named no point, and nobody asks a responder about
/// its own. NSS imports no such list at all.
#[test]
fn v1_v5_every_relying_party_learns_that_a_responder_was_revoked() {
    let demo = Demo::start();
    for ca in ["jpki-auth", "saitama-sign"] {
        let delegate = demo.certificates(ca, "ocsp-responder", "good")[0];
        let (serial, path) = (&delegate.serial_hex, &delegate.certificate_pem);
        let party = |verdict| {
            let mut party = Party::new(&demo, ca, 1);
            party.targets.retain(|target| target.path == *path);
            party.targets.iter_mut().for_each(|target| target.verdict = verdict);
            party
        };
        let by_openssl = || {
            let trust = format!("-CAfile {ca}.root-1 -crl_check -CRLfile {ca}.other-1");
            demo.client(&format!("openssl verify -x509_strict {trust} {path}")).text
        };
        expect_all(&party("good"));
        assert!(by_openssl().ends_with(": OK\n"), "{}", by_openssl());
        revoke(&demo, ca, serial, "key-compromised");
        let who =
            ["--config", "demo/jitsuin.toml", "--as", "demo/data/handed-out/operator-1.token"];
        let said = demo.jitsuin(&[&who[..], &["crl", "publish", "--ca", ca]].concat());
        assert!(said.success, "{}", said.text);
        expect_all(&party("revoked"));
        assert!(by_openssl().contains("certificate revoked"), "{}", by_openssl());
        // Another answers in its place.
        let good = demo.certificates(ca, "user", "good")[0];
        soon(|| match demo.ask(ca, &[good], Asker::Verifier, "") {
            said if said.contains(": good") => Ok(()),
            said => Err(said),
        });
    }
}

/// A CA with the lists of both its keys, a user certificate by the new one, and two of each verdict by the
/// old: before a renewal all were asked about.
fn after_the_renewal<'a>(demo: &'a Demo, ca: &'static str, user: &str) -> Party<'a> {
    let mut party = Party::new(demo, ca, 2);
    let mut seen = std::collections::BTreeMap::new();
    party.targets.retain(|target| {
        let count = seen.entry(target.verdict).or_insert(0);
        *count += 1;
        *count <= 2
    });
    let (path, partition) = (user.to_owned(), KAWAGUCHI.to_owned());
    party.targets.push(Target { path, verdict: "good", generation: 2, partition });
    party
}

/// A resident gets a card at the window, and on it a certificate of each CA by its new key: their files.
fn users_of_the_second_generation(demo: &Demo) -> [String; 2] {
    let clerk = "clerk-11203";
    let does = |path: &str, body: &Value| {
        let (status, answer) = ask(demo, clerk, path, Some(body), &[]);
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    };
    let mut wanted = json!({ "ca": "jpki-auth", "kind": "issue-with-card" });
    [
        ("jpki-auth", "authentication_pin", "2580"),
        ("saitama-sign", "signature_password", "HIMITSU99"),
    ]
    .map(|(ca, secret, value)| {
        let path = verified(demo, clerk, &wanted);
        let issued = does(&format!("{path}/issue"), &json!({}));
        let card = issued["card"].clone();
        wanted = json!({ "ca": "saitama-sign", "kind": "issue-on-card", "card": card });
        let delivered = does(&format!("{path}/delivery"), &json!({ secret: value }));
        assert_eq!(delivered["state"], "completed", "{delivered}");
        let serial = delivered["serial"].as_str().unwrap();
        let shown = format!("cas/{ca}/certificates/{serial}");
        let (status, shown) = ask(demo, "operator-1", &shown, None, &[]);
        assert_eq!((status, &shown["generation"]), (200, &json!(2)), "{shown}");
        let file = demo.path().join(format!("user-{ca}.pem"));
        fs::write(&file, shown["certificate_pem"].as_str().unwrap()).unwrap();
        file.display().to_string()
    })
}

/// NSS, asking by OCSP about a certificate that was revoked since.
fn expect_nss_to_refuse(demo: &Demo, ca: &str, generation: u32, server: &str) {
    // A store that has asked about it before has kept the answer.
    let store = format!("nss-revoked-{ca}-{generation}");
    fs::create_dir(demo.path().join(&store)).unwrap();
    demo.says(&format!("certutil -N -d sql:{store} --empty-password"));
    let root = format!("{ca}.root-{generation}");
    demo.says(&format!("certutil -A -d sql:{store} -n {ca} -t CT,C,C -a -i {root}"));
    demo.says(&format!("certutil -A -d sql:{store} -n server -t ,, -a -i {server}"));
    let url = &demo.ready.ocsp_url;
    let said = demo.client(&format!("ocspclnt -S server -l {url} -t {ca} -d sql:{store}"));
    assert!(said.text.contains("has been revoked"), "{ca} {generation}: {}", said.text);
}

/// The commands about statuses and lists that the demo prints hold for what it shows, renewed or not.
fn expect_what_the_demo_prints(demo: &Demo) {
    let printed = fs::read_to_string(demo.path().join("log")).unwrap();
    let said = |begin: &str| -> Vec<String> {
        let lines = printed.lines().filter(|line| line.starts_with(begin));
        // What is written to /tmp by whoever pastes it stays in this directory.
        let lines = lines.map(|line| line.replace("/tmp/jitsuin-", "jitsuin-"));
        lines.map(|line| run(demo.path(), "bash", &["-c", &line]).text).collect()
    };
    let asked = said("openssl ocsp");
    let expected = [": good", "Reason: certificateHold", ": revoked", "sigrequired"];
    assert_eq!(asked.len(), expected.len(), "{printed}");
    for (answer, expected) in asked.iter().zip(expected) {
        assert!(answer.contains(expected), "{expected}: {answer}");
    }
    said("ldapsearch");
    let lists = fs::read_to_string(demo.path().join("jitsuin-crl.pem")).unwrap();
    assert_eq!(lists.matches("BEGIN X509 CRL").count(), 2, "one by each key");
    let verified = said("openssl verify -crl_check");
    assert!(verified.len() == 1 && verified[0].ends_with(": OK\n"), "{verified:?}");
}

#[test]
fn v5_bouncycastle_signs_its_questions_with_every_algorithm_and_with_the_longest_nonce() {
    let demo = Demo::start();
    let verifier = &demo.ready.verifier;
    let asked =
        ["good", "held", "revoked"].map(|state| demo.certificates("jpki-auth", "user", state)[0]);
    let paths: Vec<&str> = asked.iter().map(|one| one.certificate_pem.as_str()).collect();
    for algorithm in
        ["SHA256withRSA", "SHA512withRSA", "SHA256withRSAandMGF1", "SHA512withRSAandMGF1"]
    {
        let root = demo.ca("jpki-auth").certificate_pem.as_str();
        let (certificate, key) = (&verifier.client_certificate_pem, &verifier.client_key_pem);
        let first = ["ocsp", &demo.ready.ocsp_url, root, certificate, key, algorithm];
        let said = java(&demo, &[&first[..], &paths].concat());
        assert!(said.success, "{}", said.text);
        let expected: Vec<_> =
            asked.iter().map(|one| format!("{} {}", verdict(one), one.certificate_pem)).collect();
        assert_eq!(said.text.lines().collect::<Vec<_>>(), expected, "{algorithm}");
    }
    let root = &demo.ca("jpki-auth").certificate_pem;
    let (certificate, key) = (&verifier.client_certificate_pem, &verifier.client_key_pem);
    let sha1 = ["ocsp", &demo.ready.ocsp_url, root, certificate, key, "SHA1withRSA", paths[0]];
    assert_eq!(java(&demo, &sha1).text.trim(), format!("refused-6 {}", paths[0]));
}
