//! The directory as OpenLDAP's own tools see it, in clear and over TLS.
#![allow(clippy::unwrap_used)]

mod ldap_fixture;

use std::sync::Arc;

use jitsuin_status::ldap::{Asked, ClearPasswords, Identity, Limits, Load, ResultCode, Settings};
use ldap_fixture::{
    CA, CRL, KAWAGUCHI, PASSWORD, POINTS, Running, VERIFIER, directory_with, large_list, serve,
    serve_from, settings,
};

const BOUND: [&str; 4] = ["-D", VERIFIER, "-w", PASSWORD];

fn with<'a>(first: &[&'a str], second: &[&'a str]) -> Vec<&'a str> {
    [first, second].concat()
}

/// Fetches Kawaguchi's list into a file and compares every octet.
async fn fetches_the_large_list(server: &Running, url: &str, more: &[&str]) {
    let arguments = with(&["-t", "-T", ".", "-s", "base", "-b", KAWAGUCHI], more);
    let said =
        server.openldap_at(url, "ldapsearch", &with(&arguments, &["(objectClass=*)", CRL])).await;
    assert_eq!(said.code, 0, "{said:?}");
    let files = std::fs::read_dir(server.folder.path()).unwrap().map(|file| file.unwrap().path());
    let list = files.filter(|path| path.to_string_lossy().contains("certificateRevocationList"));
    let contents: Vec<_> = list.map(|path| std::fs::read(path).unwrap()).collect();
    assert_eq!(contents.len(), 1, "{said:?}");
    assert!(contents[0] == large_list(), "the list was changed on its way");
}

#[tokio::test(flavor = "multi_thread")]
async fn v3_a_verifier_fetches_a_large_list_unchanged() {
    let server = serve(settings()).await;
    let url = format!("ldap://127.0.0.1:{}", server.plain.port());
    fetches_the_large_list(&server, &url, &BOUND).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn v3_a_verifier_fetches_a_large_list_over_start_tls() {
    let server = serve(Settings::default()).await;
    let url = format!("ldap://127.0.0.1:{}", server.plain.port());
    fetches_the_large_list(&server, &url, &with(&["-ZZ"], &BOUND)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn v3_a_verifier_fetches_a_large_list_over_ldaps() {
    let server = serve(Settings::default()).await;
    let url = format!("ldaps://127.0.0.1:{}", server.tls.port());
    fetches_the_large_list(&server, &url, &BOUND).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn v3_anyone_reads_all_but_the_user_list() {
    let server = serve(settings()).await;
    let said = server.openldap("ldapsearch", &["-LLL", "-b", "C=JP"]).await;
    assert_eq!(said.code, 0, "{said:?}");
    for expected in [
        "cACertificate;binary:: MAMCAf8=",
        "authorityRevocationList;binary:: MAA=",
        "dn: O=JPKI,C=JP",
    ] {
        assert!(said.out.contains(expected), "{expected} is missing in {}", said.out);
    }
    assert!(!said.out.contains("certificateRevocationList"), "{}", said.out);
    assert_eq!(said.out.matches("objectClass: cRLDistributionPoint").count(), 7);

    let said = server
        .openldap("ldapsearch", &["-s", "base", "-b", KAWAGUCHI, "(objectClass=*)", CRL])
        .await;
    assert_eq!(said.code, 50, "{said:?}");
    assert!(said.out.contains("bind first"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn v3_binds_are_told_apart() {
    let server = serve(settings()).await;
    let whoami = async |arguments: &[&str]| server.openldap("ldapwhoami", arguments).await;
    assert_eq!(whoami(&[]).await.out.trim(), "anonymous");
    assert_eq!(whoami(&BOUND).await.out.trim(), format!("dn:{VERIFIER}"));
    assert_eq!(whoami(&["-D", VERIFIER, "-w", "wrong"]).await.code, 49);
    assert_eq!(whoami(&["-D", "CN=nobody,C=JP", "-w", PASSWORD]).await.code, 49);
    assert_eq!(whoami(&["-D", "nonsense", "-w", PASSWORD]).await.code, 34);
    // A name without a password (RFC 4513 section 5.1.2).
    assert_eq!(whoami(&["-D", VERIFIER, "-w", ""]).await.code, 53);
    let bound =
        server.log.queries().into_iter().filter(|query| matches!(&query.asked, Asked::Bind { .. }));
    let results: Vec<_> =
        bound.map(|query| (query.result, query.identity != Identity::Anonymous)).collect();
    let refused = |code| (code, false);
    assert_eq!(
        results,
        [
            refused(ResultCode::Success),
            (ResultCode::Success, true),
            refused(ResultCode::InvalidCredentials),
            refused(ResultCode::InvalidCredentials),
            refused(ResultCode::InvalidDnSyntax),
            refused(ResultCode::UnwillingToPerform),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn v3_passwords_in_clear_are_refused_by_default() {
    let server = serve(Settings::default()).await;
    let said = server.openldap("ldapwhoami", &BOUND).await;
    assert_eq!(said.code, 13, "{said:?}");
    let said = server.openldap("ldapwhoami", &with(&["-ZZ"], &BOUND)).await;
    assert_eq!(said.out.trim(), format!("dn:{VERIFIER}"), "{said:?}");
    assert_eq!(Settings::default().clear_passwords, ClearPasswords::Refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn v3_scopes_and_filters() {
    let server = serve(settings()).await;
    let cases = [
        (["-s", "base", "-b", POINTS], "(objectClass=*)", 1),
        (["-s", "one", "-b", POINTS], "(objectClass=*)", 7),
        (["-s", "sub", "-b", POINTS], "(objectClass=*)", 8),
        (["-s", "sub", "-b", "c=jp"], "(&(objectClass=cRLDistributionPoint)(cn=ka*))", 1),
        (["-s", "sub", "-b", "c=jp"], "(|(cn=Toda-shi CRLDP)(cn=*soka*))", 2),
        (["-s", "sub", "-b", "c=jp"], "(!(objectClass=cRLDistributionPoint))", 5),
        (["-s", "sub", "-b", "c=jp"], "(certificateRevocationList=*)", 0),
        (["-s", "sub", "-b", "c=jp"], "(userCertificate;binary=\\30\\82\\ff)", 0),
        (["-s", "sub", "-b", "c=jp"], "(cn=\\ff\\fe)", 0),
        (["-s", "sub", "-b", "c=jp"], "(cn:caseIgnoreMatch:=toda-shi crldp)", 1),
        (["-s", "sub", "-b", "c=jp"], "(ou:dn:=Saitama-ken)", 8),
        (
            ["-s", "sub", "-b", "c=jp"],
            "(objectClass:objectIdentifierMatch:=cRLDistributionPoint)",
            7,
        ),
        (["-s", "sub", "-b", "c=jp"], "(modifyTimestamp>=20260101090000+0900)", 12),
        (["-s", "sub", "-b", "c=jp"], "(modifyTimestamp>=20260101000000Z)", 12),
        (["-s", "sub", "-b", ""], "(cACertificate=*)", 1),
        (["-s", "one", "-b", ""], "(objectClass=country)", 1),
        (["-s", "sub", "-b", "c=jp"], "(&)", 12),
        (["-s", "sub", "-b", "c=jp"], "(|)", 0),
    ];
    for (scope, filter, expected) in cases {
        let said = server.openldap("ldapsearch", &with(&scope, &["-LLL", filter, "1.1"])).await;
        assert_eq!(
            (said.code, said.out.matches("dn: ").count()),
            (0, expected),
            "{scope:?} {filter}: {said:?}"
        );
    }
}

/// RFC 4523 4 has rules for what certificates and lists hold. None is served, so what names one is Undefined
/// (RFC 4511 4.5.1.7), and so is its opposite: it finds nothing, also for a verifier, and reads no list.
#[tokio::test(flavor = "multi_thread")]
async fn v3_assertions_about_what_is_in_certificates_and_lists_are_undefined() {
    let unread: Arc<Load> = Arc::new(|| panic!("a filter read the list"));
    let server = serve_from(Arc::new(directory_with(unread)), settings()).await;
    let list = "{ issuer rdnSequence:\"C=JP\", thisUpdate utcTime:\"260101000000Z\" }";
    let certificate = "{ serialNumber 1, issuer rdnSequence:\"C=JP\" }";
    let mut filters = vec!["(certificateRevocationList;binary=\\30\\00)".to_owned()];
    for (attribute, value, rules) in [
        (
            CRL,
            list,
            ["certificateListExactMatch", "certificateListMatch", "2.5.13.38", "2.5.13.39"],
        ),
        (
            "cACertificate;binary",
            certificate,
            ["certificateExactMatch", "certificateMatch", "2.5.13.34", "2.5.13.35"],
        ),
    ] {
        filters.push(format!("({attribute}={value})"));
        filters.push(format!("({attribute}:={value})"));
        for rule in rules {
            filters.push(format!("({attribute}:{rule}:={value})"));
            filters.push(format!("(:{rule}:={value})"));
        }
    }
    for who in [&[][..], &BOUND] {
        for filter in &filters {
            for filter in [filter.clone(), format!("(!{filter})")] {
                let asked = ["-LLL", "-s", "sub", "-b", "c=jp", &filter, "1.1"];
                let said = server.openldap("ldapsearch", &with(who, &asked)).await;
                assert_eq!((said.code, said.out.as_str()), (0, ""), "{filter}: {said:?}");
            }
        }
    }
    // Nor does the subschema tell of a rule that is not served.
    let asked = ["-LLL", "-s", "base", "-b", "cn=Subschema", "(objectClass=subschema)"];
    let schema = ["matchingRules", "attributeTypes"];
    let said = server.openldap("ldapsearch", &with(&asked, &schema)).await;
    assert!(said.out.contains("certificateRevocationList"), "{said:?}");
    assert!(!said.out.contains("certificateListExactMatch"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn v3_attribute_selection() {
    let server = serve(settings()).await;
    let read = async |asked: &[&str]| {
        let said = server
            .openldap(
                "ldapsearch",
                &with(&["-LLL", "-s", "base", "-b", CA, "(objectClass=*)"], asked),
            )
            .await;
        assert_eq!(said.code, 0, "{said:?}");
        let names = said
            .out
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(name, _)| name.to_owned());
        let mut names: Vec<String> = names.filter(|name| name != "dn").collect();
        names.dedup();
        names.join(" ")
    };
    let user = "objectClass ou cACertificate;binary authorityRevocationList;binary";
    assert_eq!(read(&[]).await, user);
    assert_eq!(read(&["*"]).await, user);
    assert_eq!(read(&["+"]).await, "modifyTimestamp entryDN subschemaSubentry");
    assert_eq!(read(&["1.1"]).await, "");
    assert_eq!(read(&["cACertificate"]).await, "cACertificate;binary");
    assert_eq!(read(&["CACERTIFICATE;BINARY"]).await, "cACertificate;binary");
    assert_eq!(read(&["2.5.4.37"]).await, "cACertificate;binary");
    assert_eq!(read(&["cACertificate;lang-ja"]).await, "");
    assert_eq!(read(&["name", "shoeSize", "entryDN"]).await, "ou entryDN");
}

#[tokio::test(flavor = "multi_thread")]
async fn v3_pages_hold_what_was_asked_for() {
    let server = serve(settings()).await;
    let arguments = ["-E", "pr=3/noprompt", "-s", "one", "-b", POINTS, "(objectClass=*)", "1.1"];
    let said = server.openldap("ldapsearch", &arguments).await;
    assert_eq!((said.code, said.out.matches("dn: ").count()), (0, 7), "{said:?}");
    let searches = server.log.queries().into_iter().filter_map(|query| match query.asked {
        Asked::Search { entries, .. } => Some(entries),
        _ => None,
    });
    assert_eq!(searches.collect::<Vec<_>>(), [3, 3, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn v3_size_limits_cut_the_answer_and_say_so() {
    let server = serve(settings()).await;
    let said =
        server.openldap("ldapsearch", &["-z", "2", "-b", POINTS, "(objectClass=*)", "1.1"]).await;
    assert_eq!((said.code, said.out.matches("dn: ").count()), (4, 2), "{said:?}");
    let limits = Limits { entries: 5, ..Limits::default() };
    let server = serve(Settings { limits, ..settings() }).await;
    let said = server
        .openldap("ldapsearch", &["-z", "none", "-b", POINTS, "(objectClass=*)", "1.1"])
        .await;
    assert_eq!((said.code, said.out.matches("dn: ").count()), (4, 5), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn v3_a_base_that_does_not_exist_names_the_nearest_above() {
    let server = serve(settings()).await;
    let said = server
        .openldap("ldapsearch", &["-o", "ldif-wrap=no", "-b", &format!("CN=Oz CRLDP,{POINTS}")])
        .await;
    assert_eq!(said.code, 32, "{said:?}");
    assert!(said.out.contains(&format!("matchedDN: {POINTS}")), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn v3_nothing_is_written_through_ldap() {
    let server = serve(settings()).await;
    let change = format!("dn: {CA}\nchangetype: modify\nreplace: description\ndescription: x\n");
    let add = "dn: C=US\nchangetype: add\nobjectClass: country\nc: US\n".to_owned();
    let rename = format!("dn: {KAWAGUCHI}\nchangetype: modrdn\nnewrdn: CN=x\ndeleteoldrdn: 1\n");
    for (index, ldif) in [change, add, rename].iter().enumerate() {
        let file = format!("{index}.ldif");
        std::fs::write(server.folder.path().join(&file), ldif).unwrap();
        let said = server.openldap("ldapmodify", &with(&["-f", &file], &BOUND)).await;
        assert_eq!(said.code, 53, "{said:?}");
        assert!(said.err.contains("read only"), "{said:?}");
    }
    let said = server.openldap("ldapdelete", &with(&BOUND, &[KAWAGUCHI])).await;
    assert_eq!(said.code, 53, "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn v3_comparisons() {
    let server = serve(settings()).await;
    let cases: [(&[&str], &str, &str, i32); 7] = [
        (&[], KAWAGUCHI, "cn:kawaguchi-shi crldp", 6),
        (&[], KAWAGUCHI, "cn:Toda-shi CRLDP", 5),
        (&[], KAWAGUCHI, "certificateRevocationList;binary:x", 50),
        (&BOUND, KAWAGUCHI, "certificateRevocationList;binary:x", 18),
        (&[], KAWAGUCHI, "shoeSize:27", 17),
        (&[], KAWAGUCHI, "l:Kawaguchi", 16),
        (&[], "CN=Oz", "cn:Oz", 32),
    ];
    for (bind, entry, assertion, expected) in cases {
        let said = server.openldap("ldapcompare", &with(bind, &[entry, assertion])).await;
        assert_eq!(said.code, expected, "{entry} {assertion}: {said:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn v3_the_server_describes_itself() {
    let server = serve(settings()).await;
    let said = server
        .openldap("ldapsearch", &["-LLL", "-s", "base", "-b", "", "(objectClass=*)", "+"])
        .await;
    for expected in [
        "namingContexts: C=JP",
        "supportedLDAPVersion: 3",
        "supportedControl: 1.2.840.113556.1.4.319",
        "supportedExtension: 1.3.6.1.4.1.1466.20037",
        "subschemaSubentry: cn=Subschema",
    ] {
        assert!(said.out.contains(expected), "{expected} is missing in {said:?}");
    }
    let asked = [
        "-LLL",
        "-o",
        "ldif-wrap=no",
        "-s",
        "base",
        "-b",
        "cn=subschema",
        "(objectClass=subschema)",
        "+",
    ];
    let said = server.openldap("ldapsearch", &asked).await;
    for expected in [
        "( 2.5.4.39 NAME 'certificateRevocationList'",
        "( 2.5.6.22 NAME 'pkiCA' SUP top AUXILIARY MAY",
    ] {
        assert!(said.out.contains(expected), "{expected} is missing in {said:?}");
    }
}
