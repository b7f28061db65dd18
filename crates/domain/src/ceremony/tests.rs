//! Scripts that are right, scripts that are wrong in many places at once, and the way of progress.

use super::*;

const GENESIS: &str = r#"
[ceremony]
id = "genesis-2026"
title = "利用者証明用認証局 鍵生成式"
place = "第一認証室"
planned = "2026-12-01"
threshold = 2
custodians = ["custodian-1", "custodian-2", "custodian-3"]
witnesses = ["auditor-1"]
operators = ["operator-1", "operator-2"]
[[step]]
do = "generate-ca-key"
ca = "bridge"
[[step]]
do = "self-sign"
ca = "bridge"
[[step]]
do = "backup"
directory = "medium-1"
[[step]]
do = "restore"
directory = "medium-1"
"#;

fn premises() -> Premises {
    Premises { threshold: 2, cas: None }
}

fn problems(text: &str, premises: &Premises) -> Vec<String> {
    Script::from_toml(text, premises).expect_err("it is wrong").lines()
}

/// The head of [`GENESIS`] with these steps.
fn with_steps(steps: &str) -> String {
    let head = GENESIS.split("[[step]]").next().unwrap_or_default();
    format!("{head}{steps}")
}

fn step_problems(steps: &[&str]) -> Vec<String> {
    let steps: String = steps.iter().map(|step| format!("[[step]]\n{step}\n")).collect();
    match Script::from_toml(&with_steps(&steps), &premises()) {
        Ok(_) => Vec::new(),
        Err(error) => error.lines(),
    }
}

#[test]
fn k3_a_script_says_who_sits_where_and_what_is_done() {
    let script = Script::from_toml(GENESIS, &premises()).expect("a valid script");
    assert_eq!(script.id.as_str(), "genesis-2026");
    let kinds: Vec<StepKind> = script.steps.iter().map(Step::kind).collect();
    use StepKind as K;
    assert_eq!(kinds, [K::GenerateCaKey, K::SelfSign, K::Backup, K::Restore]);
    let seat = |person: &str| script.seat_of(&person.parse().expect("an id"));
    assert_eq!(seat("auditor-1"), Some(Seat::Witness));
    assert_eq!(seat("custodian-3"), Some(Seat::Custodian));
    assert_eq!(seat("stranger"), None);
    assert_eq!(script.named_for(Seat::Operator).count(), 2);
    assert_eq!(Seat::ALL.map(|seat| script.needed(seat)), [2, 1, 2]);
}

#[test]
fn k3_everything_that_is_wrong_with_a_script_is_told_at_once() {
    let text = r#"
colour = "red"
[ceremony]
id = "Genesis 2026"
title = ""
planned = "2026-13-01"
threshold = 4
custodians = ["custodian-1", "custodian-1", "a b"]
witnesses = []
operators = ["operator-1", "custodian-1"]
sponsor = "x"
[[step]]
do = "self-sign"
ca = "bridge"
[[step]]
do = "generate-ca-key"
ca = "bridge"
bits = 512
[[step]]
do = "burn"
[[step]]
ca = "bridge"
[[step]]
do = "destroy-ca-key"
ca = "bridge"
generation = 0
"#;
    let expected = [
        "ceremony.id: ceremony id \"Genesis 2026\" is not valid",
        "ceremony.title: it must be filled in",
        "ceremony.place: is missing",
        "ceremony.planned: ",
        "ceremony.custodians[2]: actor id \"a b\" is not valid",
        "ceremony.sponsor: there is no such field here",
        "ceremony.witnesses: at least 1",
        "ceremony.operators[1]: custodian-1",
        "step 2 (generate-ca-key).bits: there is no such field here",
        "step 3.do: \"burn\" is no step",
        "step 4.do: ",
        "step 5 (destroy-ca-key).generation: a whole number from 1",
        "colour: there is no such table",
        "step 1 (self-sign): no earlier step generates",
    ];
    let found = problems(text, &premises());
    // The custodians could not be read as a whole, so that their number proves nothing.
    let expected: Vec<&str> =
        expected.into_iter().filter(|line| !line.contains("operators[1]")).collect();
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found:?} for {expected:?}");
    }
}

#[test]
fn k3_people_are_enough_and_nobody_sits_in_two_seats() {
    let text = GENESIS
        .replace("[\"custodian-1\", \"custodian-2\", \"custodian-3\"]", "[\"one\", \"one\"]")
        .replace("[\"auditor-1\"]", "[\"one\"]")
        .replace("[\"operator-1\", \"operator-2\"]", "[\"operator-1\"]")
        .replace("threshold = 2", "threshold = 3");
    let expected = [
        "ceremony.custodians[1]: one is named twice",
        "ceremony.witnesses[0]: one is a custodian already: nobody sits in two seats",
        "ceremony.operators: at least 2 (A 5.2.2, S 5-2-1)",
        "ceremony.threshold: the policy asks for at least 5",
        "ceremony.threshold: more than there are custodians",
    ];
    let premises = Premises { threshold: 5, cas: None };
    assert_eq!(problems(&text, &premises), expected);
    let alone = GENESIS.replace("threshold = 2", "threshold = 1");
    let alone = problems(&alone, &Premises { threshold: 1, cas: None });
    assert!(alone[0].contains("nobody opens a key alone"), "{alone:?}");
}

#[test]
fn k3_steps_in_an_order_that_cannot_be_are_refused() {
    const GENERATE: &str = "do = 'generate-ca-key'\nca = 'bridge'";
    const SELF_SIGN: &str = "do = 'self-sign'\nca = 'bridge'";
    const RESPONDER: &str = "do = 'responder-certificate'\nca = 'bridge'";
    const TLS: &str = "do = 'tls-certificate'\nca = 'bridge'\nrequest = 'a.csr'";
    const BACKUP: &str = "do = 'backup'\ndirectory = 'm'";
    const RESTORE: &str = "do = 'restore'\ndirectory = 'm'\ninto = 'second'";
    const RENEW: &str =
        "do = 'renew-ca-key'\nca = 'bridge'\nissues_from = '2027-04-01T00:00:00+09:00'";
    const EARLY: &str =
        "do = 'renew-ca-key'\nca = 'bridge'\nissues_from = '2026-11-30T23:59:59+09:00'";
    const REASONED: &str = "do = 'renew-ca-key'\nca = 'bridge'\n\
        issues_from = '2027-04-01T00:00:00+09:00'\nearly = 'RSA is broken'";
    const DESTROY: &str = "do = 'destroy-ca-key'\nca = 'bridge'\ngeneration = 1";
    let cases: &[(&[&str], &[&str])] = &[
        (&[GENERATE, SELF_SIGN, RESPONDER, TLS, BACKUP, RESTORE], &[]),
        (&[RENEW, DESTROY, BACKUP], &[]),
        (&[REASONED], &[]),
        (&[BACKUP, RESTORE], &[]),
        (&[RESTORE], &[]),
        (&[SELF_SIGN], &["no earlier step generates"]),
        (&[GENERATE, GENERATE], &["has a key already"]),
        (&[GENERATE, SELF_SIGN, SELF_SIGN], &["certifies the CA's key already"]),
        (&[GENERATE, RESPONDER], &["no earlier step certifies"]),
        (&[TLS, GENERATE], &["no earlier step generates"]),
        (&[BACKUP, GENERATE], &["no key yet"]),
        (&[BACKUP, BACKUP], &["same directory"]),
        (&[RESTORE, BACKUP], &["before the backup"]),
        (&[RESTORE, RESTORE], &["same store"]),
        (&[DESTROY, RENEW], &["before the renewal"]),
        (&[RENEW, RENEW], &["renews the CA's key already"]),
        (&[EARLY], &["before the day of the ceremony"]),
        (&[DESTROY, DESTROY], &["destroys this generation already"]),
        (&[GENERATE, SELF_SIGN, DESTROY, TLS], &["destroys the CA's key"]),
        (&[DESTROY, GENERATE, RESPONDER], &["no earlier step generates", "no earlier step cert"]),
    ];
    for (steps, expected) in cases {
        let found = step_problems(steps);
        assert_eq!(found.len(), expected.len(), "{steps:?}: {found:?}");
        for (found, expected) in found.iter().zip(*expected) {
            assert!(found.starts_with("step ") && found.contains(expected), "{found}");
        }
    }
}

#[test]
fn k3_a_script_is_held_against_the_installation() {
    let cas = |newest| Some([("bridge".parse().expect("an id"), newest)].into());
    let check = |text: &str, newest| {
        Script::from_toml(text, &Premises { threshold: 2, cas: cas(newest) }).map(|_| ())
    };
    assert_eq!(check(GENESIS, 0), Ok(()));
    let told = check(GENESIS, 1).expect_err("it has a key").to_string();
    assert!(told.contains("step 1 (generate-ca-key): the CA has a key already"), "{told}");
    let elsewhere = GENESIS.replace("\"bridge\"", "\"other\"");
    let told = check(&elsewhere, 0).expect_err("no such CA").to_string();
    assert!(told.contains("step 1 (generate-ca-key): there is no such CA here"), "{told}");
    let destroy = with_steps("[[step]]\ndo = 'destroy-ca-key'\nca = 'bridge'\ngeneration = 2\n");
    assert_eq!(check(&destroy, 2), Ok(()));
    let told = check(&destroy, 1).expect_err("no generation 2").to_string();
    assert!(told.contains("no generation 2"), "{told}");
}

#[test]
fn k3_what_is_no_script_is_refused_and_never_panics() {
    for text in ["", "[ceremony", "step = 3", "ceremony = 1\nstep = []", "[[ceremony]]\n[[step]]"] {
        assert!(!problems(text, &premises()).is_empty(), "{text}");
    }
    let steps = "[[step]]\ndo = 'backup'\ndirectory = 'm'\n".repeat(101);
    assert!(problems(&with_steps(&steps), &premises())[0].contains("at most 100 steps"));
    assert!(problems(&" ".repeat(1 << 19), &premises())[0].contains("longer than"));
}

#[test]
fn k3_progress_goes_step_by_step_and_ends_for_good() {
    let start = |step| Event::StartStep { step, repeatable: true };
    let mut progress = Progress::planned(2);
    assert!(progress.clone().after(start(0)).is_err(), "it has not begun");
    for event in [Event::Begin, start(0)] {
        progress = progress.after(event).expect("allowed");
    }
    for early in [start(1), Event::FinishStep { step: 1 }, Event::Complete, Event::Begin] {
        assert!(progress.clone().after(early).is_err(), "{early:?}");
    }
    progress = progress.after(Event::Interrupt).expect("a cut");
    assert!(progress.clone().after(start(0)).is_err(), "nobody resumed it");
    assert_eq!(progress.steps(), [StepState::Started, StepState::Pending]);
    progress = progress.after(Event::Resume).expect("people are back");
    let once = Event::StartStep { step: 0, repeatable: false };
    let refused = progress.clone().after(once).expect_err("not repeatable").to_string();
    assert!(refused.contains("cannot be repeated"), "{refused}");
    for event in [start(0), Event::FinishStep { step: 0 }, start(1), Event::FinishStep { step: 1 }]
    {
        progress = progress.after(event).expect("allowed");
    }
    assert!(progress.clone().after(start(1)).is_err(), "no step is carried out twice");
    progress = progress.after(Event::Complete).expect("all are done");
    assert_eq!((progress.state(), progress.next_step()), (State::Completed, None));
    for event in [Event::Begin, Event::Resume, Event::Interrupt, Event::Abandon, start(0)] {
        assert!(progress.clone().after(event).is_err(), "{event:?}");
    }
}

#[test]
fn k3_every_state_and_event_without_a_row_is_refused() {
    for state in State::ALL {
        for event in EventName::ALL {
            let rows =
                TRANSITIONS.rows.iter().filter(|row| row.from == state && row.event == event);
            assert!(rows.count() <= 1, "{state} {event} has two ends");
        }
        let leaves = TRANSITIONS.rows.iter().any(|row| row.from == state);
        assert_eq!(leaves, !matches!(state, State::Completed | State::Abandoned), "{state}");
    }
}

#[test]
fn k3_the_sample_scripts_fit_the_installation_they_are_for() {
    let at = |newest| {
        ["bridge", "jpki-auth", "saitama-sign"].map(|ca| (ca.parse().expect("an id"), newest))
    };
    for (script, newest) in [
        (include_str!("../../../../docs/ceremonies/genesis.toml"), 0),
        (include_str!("../../../../docs/ceremonies/renewal.toml"), 1),
        (include_str!("../../../../docs/ceremonies/backup-restore.toml"), 1),
        (include_str!("../../../../docs/ceremonies/destruction.toml"), 2),
    ] {
        let premises = |newest| Premises { threshold: 2, cas: Some(at(newest).into()) };
        let read = Script::from_toml(script, &premises(newest));
        assert_eq!(read.err(), None, "{script}");
        let elsewhere = if newest == 0 { 1 } else { 0 };
        assert!(Script::from_toml(script, &premises(elsewhere)).is_err(), "{script}");
    }
}
