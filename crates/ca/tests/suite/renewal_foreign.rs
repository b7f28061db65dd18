//! Both generations before openssl and Java, for every algorithm that a renewal may move to.

use domain::algorithm::KeyAlgorithm;
use domain::crl_series::Partition;
use jiff::SignedDuration;
use testkit::{Output, run};
use x509::pem;

use super::town::{Town, links, moved};
use super::world::{AUTH, KAWAGUCHI};

/// Everything that openssl reads, before and after the move to `key`.
fn renewed_town(key: KeyAlgorithm, policy: &str) -> Town {
    let mut town = Town::new(policy);
    town.write("server1.pem", &town.server("one"));
    town.write("user1.pem", &town.user(1));
    town.adopt(&moved(policy, key));
    let renewal = town.renewal();
    let renewed = town.renew(&renewal).expect("renewed");
    town.clock.advance(SignedDuration::from_hours(2));
    town.write("server2.pem", &town.server("two"));
    town.write("user2.pem", &town.user(2));
    town.write("root1.pem", &town.root(1));
    town.write("root2.pem", &town.root(2));
    town.write("old_with_new.pem", &links(&renewed).old_with_new);
    town.write("new_with_old.pem", &links(&renewed).new_with_old);
    let links = [&links(&renewed).old_with_new, &links(&renewed).new_with_old];
    let both: String = links.map(|der| pem::encode(pem::CERTIFICATE, der).expect("PEM")).concat();
    town.scratch.write("links.pem", both);
    let roots = [town.root(1), town.root(2)];
    let both: String =
        roots.iter().map(|der| pem::encode(pem::CERTIFICATE, der).expect("PEM")).collect();
    town.scratch.write("roots.pem", both);
    town.publish();
    let mut lists = String::new();
    for generation in [1, 2] {
        let kawaguchi = Partition::Municipality(KAWAGUCHI.parse().expect("a code"));
        for partition in [Partition::Other, Partition::ArlSelfSigned, Partition::ArlLink, kawaguchi]
        {
            let list = pem::encode(pem::CRL, &town.list(generation, partition)).expect("PEM");
            town.scratch.write(&format!("{partition}-{generation}.crl"), &list);
            lists.push_str(&list);
        }
    }
    town.scratch.write("lists.pem", lists);
    // Java counts a hold from the second after it.
    town.clock.advance(SignedDuration::from_mins(1));
    town
}

fn verify(town: &Town, more: &[&str]) -> Output {
    let at = town.clock.now().as_second().to_string();
    // Nothing but what is named is trusted.
    let fixed = ["verify", "-no-CApath", "-no-CAstore", "-attime", &at];
    run(town.scratch.path(), "openssl", &[&fixed, more].concat())
}

/// Root and target of every way a relying party goes; the links stand beside.
const WAYS: [(&str, &str); 4] =
    [("root1.pem", "1"), ("root1.pem", "2"), ("root2.pem", "1"), ("root2.pem", "2")];

fn check_both_ways(town: &Town) {
    for (root, generation) in WAYS {
        let server = format!("server{generation}.pem");
        let path = ["-CAfile", root, "-untrusted", "links.pem", &server];
        let said = verify(town, &path);
        assert!(said.success, "{root} {server}: {}", said.text);
        let lists = ["-crl_check_all", "-CRLfile", "lists.pem"];
        let said = verify(town, &[&lists[..], &path].concat());
        assert!(said.success, "{root} {server} with lists: {}", said.text);
        // With an explicit policy: anyPolicy of the link lets that of the server through.
        let wanted = ["-explicit_policy", "-policy", "1.2.392.200149.8.5.1.3.130"];
        let said = verify(town, &[&wanted[..], &path].concat());
        assert!(said.success, "{root} {server} with a policy: {}", said.text);
        if !root.contains(generation) {
            let said = verify(town, &["-CAfile", root, &server]);
            assert!(!said.success, "{root} {server} needs a link: {}", said.text);
        }
    }
    for generation in ["1", "2"] {
        for partition in ["other", "arl-self-signed", "arl-link", KAWAGUCHI] {
            let list = format!("{partition}-{generation}.crl");
            for root in ["1", "2"] {
                let file = format!("root{root}.pem");
                let arguments = ["crl", "-in", &list, "-CAfile", &file, "-no-CApath", "-noout"];
                let said = run(town.scratch.path(), "openssl", &arguments);
                let own = root == generation;
                assert_eq!(said.text.contains("verify OK"), own, "{list} {file}: {}", said.text);
            }
        }
    }
}

#[test]
fn k6_p5_openssl_crosses_the_links_both_ways_from_rsa_2048_to_rsa_3072() {
    check_both_ways(&renewed_town(KeyAlgorithm::Rsa3072, AUTH));
}

#[test]
fn k6_p5_openssl_crosses_the_links_both_ways_from_rsa_2048_to_p_256() {
    check_both_ways(&renewed_town(KeyAlgorithm::EcP256, AUTH));
}

#[test]
fn k6_p5_openssl_crosses_the_links_both_ways_from_rsa_2048_to_p_384() {
    check_both_ways(&renewed_town(KeyAlgorithm::EcP384, AUTH));
}

/// The trap: a user certificate names its root by issuer and serial, and a link has another serial.
#[test]
fn k6_openssl_refuses_user_certificates_across_links_and_takes_them_under_both_roots() {
    let town = renewed_town(KeyAlgorithm::Rsa2048, AUTH);
    for (root, generation) in WAYS {
        let user = format!("user{generation}.pem");
        let said = verify(&town, &["-CAfile", root, "-untrusted", "links.pem", &user]);
        assert_eq!(said.success, root.contains(generation), "{root} {user}: {}", said.text);
    }
    for user in ["user1.pem", "user2.pem"] {
        let said = verify(&town, &["-CAfile", "roots.pem", user]);
        assert!(said.success, "{user}: {}", said.text);
        // The user waits for delivery, so the right list says hold: a wrong one would say nothing.
        let lists = ["-crl_check", "-CRLfile", "lists.pem", "-CAfile", "roots.pem", user];
        let said = verify(&town, &lists);
        assert!(!said.success && said.text.contains("revoked"), "{user}: {}", said.text);
    }
}

/// The way out by policy: key identifiers alone, and users cross the links too.
#[test]
fn k6_openssl_takes_users_across_links_where_the_policy_names_issuers_by_key_alone() {
    let policy = AUTH.replace("issuer_and_serial = true", "issuer_and_serial = false");
    let town = renewed_town(KeyAlgorithm::EcP256, &policy);
    for (root, generation) in WAYS {
        let user = format!("user{generation}.pem");
        let said = verify(&town, &["-CAfile", root, "-untrusted", "links.pem", &user]);
        assert!(said.success, "{root} {user}: {}", said.text);
    }
}

/// Another generation's list under the same name is never taken for the right one (Kamu SM).
#[test]
fn k6_openssl_takes_no_list_of_another_generation() {
    let town = renewed_town(KeyAlgorithm::Rsa2048, AUTH);
    for (generation, other) in [("1", "2"), ("2", "1")] {
        let (server, root) = (format!("server{generation}.pem"), format!("root{generation}.pem"));
        for (list, taken) in [(generation, true), (other, false)] {
            let list = format!("other-{list}.crl");
            let arguments = ["-crl_check", "-CRLfile", &list, "-CAfile", &root, &server];
            let said = verify(&town, &arguments);
            assert_eq!(said.success, taken, "{server} {list}: {}", said.text);
        }
    }
}

/// What Java says of each way, "root anchor links target lists".
fn java(town: &Town, ways: &[String]) -> Vec<String> {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/foreign/RenewalPaths.java");
    let directory = town.scratch.path().to_str().expect("a path");
    let at = town.clock.now().as_second().to_string();
    let mut arguments = vec![program, directory, &at];
    arguments.extend(ways.iter().map(String::as_str));
    let said = run(town.scratch.path(), "java", &arguments);
    assert!(said.success, "{}", said.text);
    let lines: Vec<String> = said.text.lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), ways.len(), "{}", said.text);
    lines
}

/// Java reads identifiers by key: users and servers cross the links. Lists are looked at where the
/// root is trusted as a certificate; for a bare key Java looks for a certificate of the lists' issuer.
fn check_java(town: &Town) {
    let (mut ways, mut wanted) = (Vec::new(), Vec::new());
    for (root, generation) in WAYS {
        let length = if root.contains(generation) { 1 } else { 2 };
        // A root as a certificate goes with the one link that leads to it, as name and key with both.
        let one = if root == "root1.pem" { "new_with_old.pem" } else { "old_with_new.pem" };
        let certificate = format!("{root} certificate {one}");
        for (trusted, target, lists) in [
            (&certificate, "server", true),
            (&certificate, "user", false),
            (&format!("{root} key links.pem"), "server", false),
            (&format!("{root} key links.pem"), "user", false),
        ] {
            ways.push(format!("{trusted} {target}{generation}.pem {lists}"));
            wanted.push(format!("ok {length}"));
        }
        // The users wait for delivery and so are on hold.
        ways.push(format!("{certificate} user{generation}.pem true"));
        wanted.push("refused".to_owned());
    }
    for ((line, wanted), way) in java(town, &ways).iter().zip(&wanted).zip(&ways) {
        assert!(line.starts_with(wanted), "{way}: {line}");
        if wanted == "refused" {
            assert!(line.contains("CERTIFICATE_HOLD"), "{way}: {line}");
        }
    }
}

#[test]
fn k6_p5_java_crosses_the_links_both_ways_from_rsa_2048_to_rsa_3072() {
    check_java(&renewed_town(KeyAlgorithm::Rsa3072, AUTH));
}

#[test]
fn k6_p5_java_crosses_the_links_both_ways_from_rsa_2048_to_p_256() {
    check_java(&renewed_town(KeyAlgorithm::EcP256, AUTH));
}

#[test]
fn k6_p5_java_crosses_the_links_both_ways_from_rsa_2048_to_p_384() {
    check_java(&renewed_town(KeyAlgorithm::EcP384, AUTH));
}

/// A defect of the JDK, pinned: its builder breaks off at the second self-issued certificate that
/// it meets, and tries every link before a root that is trusted as a certificate.
#[test]
fn k6_java_with_both_links_and_a_root_certificate_breaks_off() {
    let town = renewed_town(KeyAlgorithm::EcP256, AUTH);
    let ways = [
        "root1.pem certificate links.pem server2.pem false".to_owned(),
        "root1.pem key links.pem server2.pem false".to_owned(),
    ];
    let said = java(&town, &ways);
    assert!(said[0].starts_with("refused") && said[1] == "ok 2", "{said:?}");
}

/// Generations share one name, so Java takes a list by either key for any certificate: each must
/// hold what all generations certified (RFC 5280 5).
#[test]
fn k6_java_takes_the_list_of_either_generation_and_finds_every_hold_in_it() {
    let town = renewed_town(KeyAlgorithm::EcP256, AUTH);
    let file =
        |name: &str| std::fs::read_to_string(town.scratch.path().join(name)).expect("a list");
    for generation in ["1", "2"] {
        let own = file(&format!("{KAWAGUCHI}-{generation}.crl"));
        let links = file("arl-link-1.crl") + &file("arl-link-2.crl");
        town.scratch.write("lists.pem", own + &links);
        let ways = [
            "root1.pem certificate new_with_old.pem user1.pem true".to_owned(),
            "root1.pem certificate new_with_old.pem user2.pem true".to_owned(),
            "root2.pem certificate old_with_new.pem user1.pem true".to_owned(),
            "root2.pem certificate old_with_new.pem user2.pem true".to_owned(),
        ];
        for (line, way) in java(&town, &ways).iter().zip(&ways) {
            assert!(line.contains("CERTIFICATE_HOLD"), "lists of {generation}, {way}: {line}");
        }
    }
}
