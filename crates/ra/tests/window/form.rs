//! Every field of the form, and what each refuses.

use domain::certificate::CertificateKind;
use domain::id::CaId;
use domain::journal::EventKind;
use domain::policy::Policy;
use jiff::civil::date;
use jitsuin_ra::WindowError;
use jitsuin_ra::authority::CertifiedAttributes;
use jitsuin_ra::form::{Form, FormError, Problem, ReceivedForm, Request};

use crate::fixture::{AUTH, SIGN, World, form, hanako, kim, taro};

fn parse(received: &ReceivedForm) -> Result<Form, FormError> {
    let policies = [AUTH, SIGN].map(|text| Policy::from_toml(text).expect("a policy"));
    let policy_of = |ca: &CaId| policies.iter().find(|policy| policy.ca == *ca);
    Form::parse(received, date(2026, 4, 1), &policy_of)
}

/// The form of taro's with one field typed otherwise.
fn with(base: &ReceivedForm, field: &str, value: &str) -> ReceivedForm {
    let mut fields = serde_json::to_value(base).expect("a form");
    let place = fields.get_mut(field).expect("a field of the form");
    assert_ne!(*place, value, "the case must change the field");
    *place = value.into();
    serde_json::from_value(fields).expect("a form")
}

fn sign_form() -> ReceivedForm {
    ReceivedForm { card: "card-1".into(), ..form(&taro(), "saitama-sign", "issue-on-card") }
}

fn agent_form() -> ReceivedForm {
    ReceivedForm {
        applicant: "agent".into(),
        agent_name: "代理　次郎".into(),
        agent_address: "埼玉県川口市青木二丁目１番２号".into(),
        ..sign_form()
    }
}

fn revocation(ca: &str, cause: &str) -> ReceivedForm {
    ReceivedForm { cause: cause.into(), ..form(&taro(), ca, "revocation") }
}

#[test]
fn l4_a_form_holds_what_the_cps_asks_for() {
    let received = agent_form();
    let form = parse(&received).expect("a valid form");
    assert_eq!(form.request, Request::IssueOnCard("card-1".parse().expect("an id")));
    assert_eq!((form.date, form.window), (date(2026, 4, 1), 3));
    assert_eq!(form.reading, received.reading);
    assert_eq!(form.applicant.role().name(), "agent");
    let hiragana = parse(&with(&sign_form(), "reading", "かわぐち　たろう"));
    assert!(hiragana.is_ok());
}

#[test]
fn l4_every_bad_field_is_refused_by_name_and_rule() {
    let long = "山".repeat(201);
    let long_reading = "ア".repeat(401);
    let long_code = "1".repeat(101);
    let cases: &[(&str, &str, &str)] = &[
        ("kind", "", "kind: it must be filled in"),
        ("kind", "divorce", "kind: not found"),
        ("kind", "hold-release", "kind: saitama-sign does not take it (S 4-1-1)"),
        ("kind", "revocation", "card: it must be left open"),
        ("ca", "", "ca: it must be filled in"),
        ("ca", "no such ca", "ca: not found"),
        ("ca", "bridge", "ca: not found"),
        ("municipality", "", "municipality: it must be filled in"),
        ("municipality", "Kawaguchi", "municipality: it must be 5 digits"),
        ("municipality", "112039", "municipality: it must be 5 digits"),
        ("municipality", "11999", "municipality: not found"),
        ("municipality", "13101", "municipality: it lies outside the territory of saitama-sign"),
        ("window", "", "window: it must be filled in"),
        ("window", "100", "window: it must be a number from 0 to 99"),
        ("window", "-1", "window: it must be a number from 0 to 99"),
        ("window", "three", "window: it must be a number from 0 to 99"),
        ("date", "", "date: it must be filled in"),
        ("date", "2026/04/01", "date: it must be a date, YYYY-MM-DD"),
        ("date", "2026-02-29", "date: there is no such day"),
        ("date", "2026-04-02", "date: the day has not come yet"),
        ("resident", "", "resident: it must be filled in"),
        ("resident", "1000000000", "resident: it must be exactly 11 digits"),
        ("resident", "1000000000x", "resident: it must be exactly 11 digits"),
        ("resident", &long_code, "resident: it has 101 characters, at most 100"),
        ("family_name", "", "family_name: it must be filled in"),
        ("family_name", "　", "family_name: it must be filled in"),
        ("family_name", " 川口", "family_name: it begins or ends with a space"),
        ("family_name", "川\u{7}口", "family_name: the character at 1 is a control"),
        ("family_name", "川\u{202E}口", "family_name: the character at 1 is a control"),
        ("family_name", &long, "family_name: it has 201 characters, at most 200"),
        ("given_name", "太\n郎", "given_name: the character at 1 is a control"),
        ("reading", "", "reading: it must be filled in"),
        ("reading", "川口", "reading: it must be hiragana or katakana"),
        ("reading", &long_reading, "reading: it has 401 characters, at most 400"),
        ("alias", "金田\t一郎", "alias: the character at 2 is a control"),
        ("address", "", "address: it must be filled in"),
        ("address", "川口市青木", "address: it must be an address that begins with a prefecture"),
        ("address", &long, "address: it has 201 characters, at most 200"),
        ("birth_date", "", "birth_date: it must be filled in"),
        ("birth_date", "S55.1.2", "birth_date: it must be a date, YYYY-MM-DD"),
        ("birth_date", "1981-02-29", "birth_date: there is no such day"),
        ("birth_date", "2026-04-02", "birth_date: the day has not come yet"),
        ("birth_date", "1868-01-24", "birth_date: the day lies before 1868-01-25"),
        ("gender", "", "gender: it must be filled in"),
        ("gender", "4", "gender: not found"),
        ("gender", "man", "gender: not found"),
        ("name_substitutes", "0", "name_substitutes: it must be position:character pairs"),
        ("name_substitutes", "x:高", "name_substitutes: it must be position:character pairs"),
        ("name_substitutes", "0:高い", "name_substitutes: it must be position:character pairs"),
        ("name_substitutes", "0:高 0:高", "name_substitutes: it must be position:character pairs"),
        ("name_substitutes", "0:高", "name_substitutes: the character at 0 needs no substitute"),
        ("address_substitutes", "99:高", "address_substitutes: the character at 99 needs no"),
        ("applicant", "friend", "applicant: not found"),
        ("applicant", "agent", "agent_name: it must be filled in"),
        ("agent_name", "代理", "agent_name: it must be left open: only for an agent"),
        ("agent_address", "埼玉県", "agent_address: it must be left open: only for an agent"),
        ("cause", "use-ended", "cause: it must be left open: only for a revocation"),
        ("card", "", "card: it must be filled in"),
        ("card", "カード", "card: it must be 1 to 64 ASCII letters, digits and hyphens"),
    ];
    expect_all(&sign_form(), cases);
}

#[test]
fn l4_an_agent_is_named_with_address() {
    let cases = [
        ("agent_name", "", "agent_name: it must be filled in"),
        ("agent_address", "", "agent_address: it must be filled in"),
        ("agent_name", "代理\u{0}次郎", "agent_name: the character at 2 is a control"),
    ];
    expect_all(&agent_form(), &cases);
}

#[test]
fn l7_only_causes_of_the_policy_and_the_applicant_are_taken() {
    let cases = [
        ("cause", "", "cause: it must be filled in"),
        ("cause", "boredom", "cause: not found"),
        ("cause", "record-removed", "cause: nobody applies for it at a window"),
        ("cause", "renewed", "cause: nobody applies for it at a window"),
        ("cause", "card-unusable", "cause: the CPS of saitama-sign does not know it"),
        ("card", "card-1", "card: it must be left open"),
    ];
    expect_all(&revocation("saitama-sign", "use-ended"), &cases);
    assert!(parse(&revocation("jpki-auth", "card-unusable")).is_ok());
    let agent = ReceivedForm {
        applicant: "agent".into(),
        agent_name: "代理".into(),
        agent_address: "埼玉県".into(),
        ..revocation("saitama-sign", "use-ended")
    };
    let refused = parse(&agent).expect_err("S knows the holder alone").to_string();
    assert_eq!(refused, "cause: the agent may not ask for it (S 4-4-2-1)");
    assert!(parse(&ReceivedForm { ca: "jpki-auth".into(), ..agent }).is_ok());
}

#[test]
fn p8_hard_characters_are_refused_with_their_substitutes_where_they_are_certified() {
    let received =
        ReceivedForm { card: "card-1".into(), ..form(&hanako(), "saitama-sign", "issue-on-card") };
    let error = parse(&received).expect_err("髙 may not be certified");
    assert_eq!(error.field, "name");
    assert!(error.to_string().contains("髙 at 0, on offer: 高 (MJ1)"), "{error}");
    assert!(matches!(error.problem, Problem::Repertoire(offences) if offences.len() == 1));
    let received = with(&received, "name_substitutes", "0:高");
    let error = parse(&received).expect_err("𠮷 may not be certified");
    assert_eq!(error.field, "address");
    let wrong = parse(&with(&received, "name_substitutes", "0:橋")).expect_err("not on offer");
    assert!(wrong.to_string().contains("not on offer"), "{wrong}");
    let at_auth = form(&hanako(), "jpki-auth", "issue-with-card");
    assert!(parse(&at_auth).is_ok(), "the authentication CA certifies no names");
}

#[test]
fn p7_p8_chosen_substitutes_are_flagged_and_recorded() {
    let received = ReceivedForm {
        card: "card-1".into(),
        name_substitutes: "0:高".into(),
        address_substitutes: "6:吉".into(),
        ..form(&hanako(), "saitama-sign", "issue-on-card")
    };
    let certified = parse(&received).expect("valid").certified.expect("S carries the attributes");
    let expected = CertifiedAttributes {
        name: "高橋　花子".into(),
        name_flags: "10000".into(),
        date_of_birth: "420000229".into(),
        gender: '2',
        address: "埼玉県川口市吉野一丁目２番３号".into(),
        address_flags: "000000100000000".into(),
    };
    assert_eq!(certified.attributes, expected);
    assert_eq!(certified.name_replacements[0].original, "髙");
    assert_eq!(certified.address_replacements[0].original, "𠮷");
}

#[test]
fn p7_a_foreign_resident_is_certified_with_the_alias() {
    let received =
        ReceivedForm { card: "card-1".into(), ..form(&kim(), "saitama-sign", "issue-on-card") };
    let certified = parse(&received).expect("valid").certified.expect("attributes");
    assert_eq!(certified.attributes.name, "KIM MINJUN　（金田一郎）");
}

#[test]
fn p7_attributes_go_with_the_profile_that_carries_them_alone() {
    let auth = Policy::from_toml(AUTH).expect("a policy");
    assert!(auth.profiles.contains_key(&CertificateKind::User));
    let parsed = parse(&form(&taro(), "jpki-auth", "issue-with-card")).expect("valid");
    assert_eq!(parsed.certified, None);
    let asked = with(&form(&taro(), "jpki-auth", "issue-with-card"), "name_substitutes", "0:高");
    assert_eq!(parse(&asked).expect_err("nothing to replace").field, "name_substitutes");
    assert_eq!(parse(&revocation("saitama-sign", "use-ended")).expect("valid").certified, None);
}

#[test]
fn l4_a_refused_form_is_journaled_without_what_was_typed_and_changes_nothing() {
    let world = World::new();
    let received = ReceivedForm { resident: "髙橋の番号".into(), ..sign_form() };
    let act = world.act();
    let refused = world.window.applications().receive(&act, &received).expect_err("no code");
    assert!(matches!(refused, WindowError::Form(ref e) if e.field == "resident"), "{refused}");
    world.expect_refusal(EventKind::ApplicationReceived, "resident: it must be exactly 11 digits");
    let journal = world.journal().join("");
    assert!(!journal.contains("髙橋") && !journal.contains("川口　太郎"));
    assert_eq!(
        world.window.applications().list(&act.actor, None, None, 10).expect("a list").rows,
        []
    );
    // What was refused under an id may be asked again, mended, under the same id.
    assert!(world.window.applications().receive(&act, &sign_form()).is_ok());
}

fn expect_all(base: &ReceivedForm, cases: &[(&str, &str, &str)]) {
    assert!(parse(base).is_ok(), "the form must be valid before a field is spoiled");
    for (field, value, expected) in cases {
        let error = parse(&with(base, field, value)).expect_err(expected).to_string();
        assert!(error.starts_with(expected), "{field} = {value:?}: {error}");
    }
}
