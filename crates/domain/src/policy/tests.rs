//! The shipped policies, and the refusals of broken ones.

use super::*;

const AUTH: &str = include_str!("../../../../policy/jpki-auth.toml");
const SIGN: &str = include_str!("../../../../policy/saitama-sign.toml");
const BRIDGE: &str = include_str!("../../../../policy/bridge.toml");

fn read(text: &str) -> Policy {
    Policy::from_toml(text).expect("a shipped policy is valid")
}

fn policy_oid(policy: &Policy, kind: CertificateKind) -> Option<String> {
    policy.profiles.get(&kind)?.extensions.iter().find_map(|extension| match &extension.rule {
        ExtensionRule::CertificatePolicies { policy, .. } => Some(policy.to_string()),
        _ => None,
    })
}

#[test]
fn p1_three_policies_are_shipped_and_valid() {
    let ids: Vec<_> = [AUTH, SIGN, BRIDGE].map(|text| read(text).ca.to_string()).into();
    assert_eq!(ids, ["jpki-auth", "saitama-sign", "bridge"]);
}

#[test]
fn p2_policy_oids_are_those_of_the_cps() {
    use CertificateKind::{OcspResponder, TlsServer, User, VerificationServer};
    let auth = read(AUTH);
    assert_eq!(policy_oid(&auth, User).as_deref(), Some("1.2.392.200149.8.5.1.3.30"));
    assert_eq!(policy_oid(&auth, TlsServer).as_deref(), Some("1.2.392.200149.8.5.1.3.130"));
    assert_eq!(policy_oid(&auth, OcspResponder).as_deref(), Some("1.2.392.200149.8.5.1.3.330"));
    let sign = read(SIGN);
    assert_eq!(policy_oid(&sign, User).as_deref(), Some("1.2.392.200149.8.5.1.1.10"));
    assert_eq!(policy_oid(&sign, VerificationServer).as_deref(), Some("1.2.392.200149.8.5.1.200"));
    assert_eq!(policy_oid(&sign, OcspResponder).as_deref(), Some("1.2.392.200149.8.5.1.300"));
}

#[test]
fn p2_test_oids_are_for_test_cas_alone() {
    let live_oid_in_test_ca = SIGN.replace("test = false", "test = true");
    let test_oid_in_live_ca = SIGN.replace("8.5.1.1.10", "8.5.1.0.10");
    let test_ca = live_oid_in_test_ca
        .replace("8.5.1.1.10", "8.5.1.0.10")
        .replace("8.5.1.200", "8.5.1.0.200")
        .replace("8.5.1.300", "8.5.1.0.300");
    assert!(
        Policy::from_toml(&test_oid_in_live_ca).is_err_and(|e| e.to_string().contains("S 1-2"))
    );
    assert!(
        Policy::from_toml(&live_oid_in_test_ca).is_err_and(|e| e.to_string().contains("S 1-2"))
    );
    assert!(Policy::from_toml(&test_ca).is_ok());
}

#[test]
fn l11_the_revocation_tables_are_those_of_the_cps() {
    let table = |policy: &Policy| -> Vec<(&'static str, u8)> {
        policy.revocations.iter().map(|rule| (rule.cause.name(), rule.reason.code())).collect()
    };
    let auth = table(&read(AUTH));
    let sign = table(&read(SIGN));
    assert!(auth.contains(&("destroyed-before-delivery", 0)), "A 4.9.9 knows reason 0");
    assert!(sign.iter().all(|(_, reason)| (1..=5).contains(reason)), "S 4-4-4-2 knows 1 to 5");
    assert!(
        auth.iter().all(|(cause, _)| *cause != "attributes-changed"),
        "A does not carry the attributes"
    );
    assert!(sign.contains(&("attributes-changed", 3)));
}

#[test]
fn l7_online_a_holder_can_stop_using_a_certificate_and_nothing_else() {
    for policy in [read(AUTH), read(SIGN)] {
        let online = policy.revocations.iter().filter(|rule| rule.online);
        let causes: Vec<_> = online.map(|rule| rule.cause.name()).collect();
        assert_eq!(causes, ["use-ended"], "A 4.9.3.1(1), S 4-4-2-2");
    }
    let row = "cause = \"record-removed\"";
    let mayors = AUTH.replacen(row, &format!("{row}\nonline = true"), 1);
    let refused = Policy::from_toml(&mayors).expect_err("the mayor asks");
    assert!(refused.to_string().contains("revocation[3].online"), "{refused}");
}

#[test]
fn l10_hold_stands_in_a_and_not_in_s() {
    assert!(read(AUTH).hold.is_some());
    assert!(read(SIGN).hold.is_none());
}

#[test]
fn every_broken_entry_is_refused_by_name_and_rule() {
    let cases: &[(&str, &str, &str)] = &[
        ("ca = \"jpki-auth\"", "ca = \"\"", "policy.ca"),
        ("ca = \"jpki-auth\"", "ca = \"jpki auth\"", "policy.ca"),
        (
            "effective_from = \"2026-01-01\"",
            "effective_from = \"2026-02-30\"",
            "policy.effective_from",
        ),
        ("test = false", "test = \"no\"", "policy file"),
        ("test = false", "test = false\nsurprise = 1", "surprise"),
        ("OU=JPKI for user authentication\", \"OU=Japan", "XX=1\", \"OU=Japan", "issuer.name"),
        (
            "\"C=JP\", \"O=JPKI\", \"OU=JPKI for user authentication\", \"OU=Japan",
            "\"C=Japan\", \"OU=Japan",
            "issuer.name",
        ),
        ("clause = \"A 3.1.2\"", "clause = \"see there\"", "issuer.clause"),
        ("ca = { algorithm = \"rsa-2048\"", "ca = { algorithm = \"rsa-1024\"", "keys.ca"),
        ("ca = { algorithm = \"rsa-2048\"", "ca = { algorithm = \"ec-p256\"", "keys.signature"),
        ("user = { algorithm = \"rsa-2048\"", "user = { algorithm = \"rsa-1024\"", "keys.user"),
        ("user = { algorithm = \"rsa-2048\"", "user = { algorithm = \"ed25519\"", "keys"),
        ("pool = 20", "instead = [\"rsa-2048\"], pool = 20", "keys.user.instead"),
        ("pool = 20", "instead = [\"rsa-1024\"], pool = 20", "keys.user.instead"),
        ("pool = 20", "instead = [\"ed25519\"], pool = 20", "keys"),
        ("sha256WithRSAEncryption", "sha1WithRSAEncryption", "keys.signature"),
        ("\"renewal\", ", "\"renewal\", \"renewal\", ", "applications.kinds"),
        (", \"hold-release\"]", "]", "applications.kinds"),
        ("undelivered = \"hold\"", "undelivered = \"perhaps\"", "applications.undelivered"),
        ("applicant = \"agent\"", "applicant = \"resident\"", "identity[1]"),
        ("reason = 1", "reason = 6", "revocation[1].reason"),
        ("cause = \"card-unusable\"", "cause = \"use-ended\"", "revocation[2]"),
        ("cause = \"renewed\"", "cause = \"boredom\"", "revocation[6]"),
        ("period_hours = 24", "period_hours = 72", "lists"),
        ("uri = \"http://ocsp", "uri = \"ftp://ocsp", "ocsp.uri"),
        ("random = 14", "random = 4", "profile user"),
        ("count = 5", "count = 0", "profile user"),
        (
            "bits = [\"digitalSignature\"] },\n  { id = \"extKeyUsage\", critical = false",
            "bits = [] },\n  { id = \"extKeyUsage\", critical = false",
            "profile user",
        ),
        (
            "{ id = \"issuerAltName\", critical = false },\n  { id = \"cRL",
            "{ id = \"subjectKeyIdentifier\", critical = false },\n  { id = \"cRL",
            "profile user",
        ),
        ("policy = \"1.2.392.200149.8.5.1.3.30\"", "policy = \"1.02.3\"", "profile user"),
        ("kind = \"ocsp-responder\"", "kind = \"user\"", "a second profile of user"),
        ("threshold = 2", "threshold = 1", "custodians"),
        ("threshold = 2", "threshold = 4", "custodians"),
        ("number = 3", "number = 17", "custodians"),
        ("window_minutes = 30", "window_minutes = 0", "custodians"),
        ("active_hours = 168", "active_hours = 9000", "custodians"),
        ("clause = \"A 6.2.2.1\"", "clause = \"two of three\"", "custodians.clause"),
        ("pool = 20, ", "", "keys.user.pool"),
        ("pool = 20", "pool = 20000", "keys.user.pool"),
        ("made_by = \"authority\"", "made_by = \"holder\"", "keys.user.pool"),
        ("rule = \"old-with-new\"", "rule = \"new-with-old\"", "profile link-old-with-new"),
        ("rule = \"old-with-new\"", "rule = \"years\", years = 10", "profile link-old-with-new"),
        ("rule = \"years\", years = 10", "rule = \"old-with-new\"", "profile self-signed"),
        ("kind = \"link-new-with-old\"", "kind = \"code-signing\"", "link-new-with-old is missing"),
    ];
    for (from, to, expected) in cases {
        let broken = AUTH.replacen(from, to, 1);
        assert_ne!(&broken, AUTH, "the case {from:?} must change the file");
        let error = Policy::from_toml(&broken).expect_err(to).to_string();
        assert!(error.contains(expected), "{to:?}: {error}");
    }
}

#[test]
fn v2_p3_no_profile_leaves_the_point_of_its_list_unnamed() {
    let named = "  { id = \"cRLDistributionPoints\", critical = false, point = \"partition\" },\n";
    let own = named.replace("\"partition\"", "\"issuer\"");
    for text in [AUTH, SIGN, BRIDGE] {
        let policy = read(text);
        for kind in policy.profiles.keys() {
            let start = text.find(&format!("kind = \"{kind}\"")).expect("it was read");
            let (before, profile) = text.split_at(start);
            let refused = |from: &str, to: &str| {
                let broken = format!("{before}{}", profile.replacen(from, to, 1));
                let error = Policy::from_toml(&broken).expect_err(from).to_string();
                assert!(
                    error.contains(&format!("profile {kind}: cRLDistributionPoints")),
                    "{error}"
                );
            };
            if *kind == CertificateKind::SelfSigned {
                refused(&own, "");
            } else {
                refused(named, "");
                refused(named, &own);
            }
        }
    }
}

#[test]
fn a_policy_is_bounded_in_size() {
    let long = format!("{AUTH}{}", "#".repeat(1 << 20));
    assert!(Policy::from_toml(&long).is_err());
}

#[test]
fn p3_a_profile_can_be_read_and_compared() {
    let auth = read(AUTH);
    let shown = auth.show_profile(CertificateKind::User).join("\n");
    assert!(
        shown.contains("extension 3: certificatePolicies, critical: 1.2.392.200149.8.5.1.3.30"),
        "{shown}"
    );
    let longer =
        read(&AUTH.replace("count = 5, renewed_count = 6", "count = 10, renewed_count = 10"));
    let difference = auth.diff(&longer);
    assert_eq!(difference.len(), 2, "{difference:?}");
    assert!(
        difference[0].starts_with("- profile user: validity")
            && difference[1].starts_with("+ profile user")
    );
    assert!(auth.diff(&auth).is_empty());
}

#[test]
fn p3_p4_every_shipped_policy_has_both_links_and_shows_them() {
    for text in [AUTH, SIGN, BRIDGE] {
        let policy = read(text);
        for (kind, key) in [
            (CertificateKind::LinkOldWithNew, "the old key"),
            (CertificateKind::LinkNewWithOld, "the new key"),
        ] {
            let shown = policy.show_profile(kind).join("\n");
            assert!(shown.contains("subject: the CA's own name"), "{shown}");
            let validity = format!("from the making of {key} to the end of the old root");
            assert!(shown.contains(&validity), "{shown}");
            assert!(shown.contains("basicConstraints, critical: CA:TRUE"), "{shown}");
        }
    }
}

#[test]
fn k2_k5_custodians_and_the_pool_of_keys_are_shown_and_compared() {
    let auth = read(AUTH);
    let wider =
        read(&AUTH.replace("threshold = 2", "threshold = 3").replace("pool = 20", "pool = 5"));
    assert_eq!(
        auth.diff(&wider),
        [
            "- custodians: 2 of 3 within 30 minutes open the CA's keys for 168 h [A 6.2.2.1]",
            "- user keys: rsa-2048, made by the authority, 20 ahead of need [A 6.1.5.2]",
            "+ custodians: 3 of 3 within 30 minutes open the CA's keys for 168 h [A 6.2.2.1]",
            "+ user keys: rsa-2048, made by the authority, 5 ahead of need [A 6.1.5.2]",
        ]
    );
    let sign = read(SIGN).keys.user.expect("S has users");
    assert_eq!(sign.pool, 0, "the holders make them");
    let taken = |algorithms: &[KeyAlgorithm]| sign.for_card(algorithms);
    assert_eq!(taken(&[KeyAlgorithm::Rsa2048, KeyAlgorithm::Rsa1024]), Some(KeyAlgorithm::Rsa1024));
    assert_eq!(taken(&[KeyAlgorithm::Rsa2048]), Some(KeyAlgorithm::Rsa2048));
    assert_eq!(taken(&[KeyAlgorithm::EcP256]), None);
}
