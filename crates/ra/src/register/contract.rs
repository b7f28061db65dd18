//! What every resident register must do, run over each implementation.

use std::fs::{self, OpenOptions};
use std::io::Write;

use domain::act::{Act, Actor};
use domain::id::{MunicipalityCode, ResidentCode};
use domain::resident::{BasicAttribute, BasicFour, Gender, Resident};
use jiff::civil::date;
use jiff::{Timestamp, ToSpan};
use rstest::rstest;
use tempfile::TempDir;

use super::embedded::{Correction, EmbeddedError, EmbeddedRegister};
use super::{RegisterError, RegisterEventKind, Removal, ResidentRegister};

/// A register under test and the way to make it forget what is not on disk.
struct Subject {
    register: EmbeddedRegister,
    directory: Option<TempDir>,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    InMemory,
    OnDisk,
}

impl Subject {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::InMemory => {
                let register = EmbeddedRegister::in_memory(town()).expect("unique codes");
                Self { register, directory: None }
            }
            Kind::OnDisk => {
                let directory = tempfile::tempdir().expect("a directory");
                let register = EmbeddedRegister::create(directory.path(), town()).expect("created");
                Self { register, directory: Some(directory) }
            }
        }
    }

    /// The same register after a restart, where it has a disk to come back from.
    fn restarted(self) -> Self {
        let Some(directory) = self.directory else { return self };
        drop(self.register);
        let register = EmbeddedRegister::open(directory.path()).expect("opened");
        Self { register, directory: Some(directory) }
    }

    fn kinds(&self) -> Vec<RegisterEventKind> {
        let events = self.register.events_after(0, usize::MAX).expect("available");
        events.into_iter().map(|e| e.kind).collect()
    }
}

/// Two hundred residents of two municipalities, four at each address. No two answer to the same four attributes,
/// and some differ in one alone.
fn town() -> Vec<Resident> {
    (0..200).map(resident).collect()
}

fn resident(number: u16) -> Resident {
    let (household, member) = (number / 4, number % 4);
    let (municipality, place) = match household.is_multiple_of(2) {
        true => (kawaguchi(), "埼玉県川口市青木二丁目"),
        false => (saitama(), "埼玉県さいたま市大宮区桜木町一丁目"),
    };
    let is_foreign = household % 10 == 9 && member == 0;
    // Characters beyond the common planes, and what is as long as a register has it.
    let is_hard = household % 10 == 4;
    let (family_name, given_name) = match (is_foreign, is_hard) {
        (true, _) => ("KIM MINJUN".to_owned(), ""),
        (false, true) => ("𠮷邉󠄂".to_owned() + &"髙".repeat(40), "太郎"),
        (false, false) => ("川口".to_owned(), "太郎"),
    };
    let building = if is_hard { "グランドハイツ".repeat(20) } else { String::new() };
    Resident {
        code: format!("1000000{number:04}").parse().expect("a code"),
        municipality,
        family_name,
        given_name: if member == 2 { "花子" } else { given_name }.into(),
        reading: if is_foreign { "キム　ミンジュン" } else { "カワグチ　タロウ" }.into(),
        alias: is_foreign.then(|| "金田一郎".into()),
        address: format!("{place}{household}番{building}"),
        birth_date: date(1940, 1, 1)
            .saturating_add(i32::from(household).months())
            .saturating_add(i32::from(member == 3).days()),
        gender: if member == 1 { Gender::Male } else { Gender::Female },
        is_foreign,
    }
}

fn kawaguchi() -> MunicipalityCode {
    "11203".parse().expect("a code")
}

fn saitama() -> MunicipalityCode {
    "11100".parse().expect("a code")
}

fn someone() -> Resident {
    town().into_iter().find(|r| !r.is_foreign && r.municipality == kawaguchi()).expect("somebody")
}

fn nobody() -> ResidentCode {
    "00000000001".parse().expect("a code")
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + second).expect("in range")
}

#[rstest]
fn w8_a_resident_is_found_by_code(#[values(Kind::InMemory, Kind::OnDisk)] kind: Kind) {
    let subject = Subject::new(kind).restarted();
    for resident in town() {
        assert_eq!(subject.register.find(&resident.code), Ok(resident));
    }
    assert_eq!(subject.register.find(&nobody()), Err(RegisterError::NotFound(nobody())));
}

#[rstest]
fn l10_search_gives_exactly_those_who_answer_to_all_four(
    #[values(Kind::InMemory, Kind::OnDisk)] kind: Kind,
) {
    let subject = Subject::new(kind);
    for resident in town() {
        let found = subject.register.search(&resident.basic_four()).expect("available");
        assert_eq!(found, [resident]);
    }
    let other_birthday = BasicFour { birth_date: date(1919, 1, 1), ..someone().basic_four() };
    assert_eq!(subject.register.search(&other_birthday), Ok(vec![]));
}

#[test]
fn l10_search_gives_every_match() {
    let one = someone();
    let other = Resident { code: nobody(), ..one.clone() };
    let register =
        EmbeddedRegister::in_memory(vec![one.clone(), other.clone()]).expect("two codes");
    assert_eq!(register.search(&one.basic_four()), Ok(vec![other, one]));
}

#[rstest]
fn l8_events_come_in_order_and_change_the_record(
    #[values(Kind::InMemory, Kind::OnDisk)] kind: Kind,
) {
    let subject = Subject::new(kind);
    let (register, code) = (&subject.register, someone().code);
    let married = Correction { family_name: Some("髙橋".into()), ..Correction::default() };
    register.correct(&code, married, at(1)).expect("changed");
    register.declare_error(&code, at(2)).expect("declared");
    register.move_out(&code, date(2026, 5, 1), at(3)).expect("moved out");
    let address = "埼玉県さいたま市浦和区常盤六丁目４番４号";
    register.move_in(&code, saitama(), address, at(4)).expect("moved in");
    let gone = town()[5].code.clone();
    register.remove(&gone, Removal::Death, at(5)).expect("removed");

    let subject = subject.restarted();
    let expected = [
        RegisterEventKind::Changed(vec![BasicAttribute::Name]),
        RegisterEventKind::RecordingError,
        RegisterEventKind::MovedOut { planned: date(2026, 5, 1) },
        RegisterEventKind::MovedIn { municipality: saitama() },
        RegisterEventKind::Changed(vec![BasicAttribute::Address]),
        RegisterEventKind::Removed(Removal::Death),
    ];
    assert_eq!(subject.kinds(), expected);
    let after = subject.register.find(&code).expect("still registered");
    assert_eq!((after.family_name.as_str(), after.address.as_str()), ("髙橋", address));
    assert_eq!(after.municipality, saitama());
    assert_eq!(subject.register.find(&gone), Err(RegisterError::NotFound(gone)));
}

#[rstest]
fn w8_the_event_stream_is_numbered_from_one_and_can_be_read_again(
    #[values(Kind::InMemory, Kind::OnDisk)] kind: Kind,
) {
    let mut subject = Subject::new(kind);
    for (second, resident) in (0..).zip(&town()[..10]) {
        subject.register.declare_error(&resident.code, at(second)).expect("declared");
        subject = subject.restarted();
    }
    let read = |after, limit| subject.register.events_after(after, limit).expect("available");
    let all = read(0, usize::MAX);
    assert!(all.iter().map(|e| e.sequence).eq(1..=10));
    assert!(all.iter().map(|e| e.at).eq((0..10).map(at)));
    assert_eq!(read(3, 4), all[3..7]);
    assert_eq!(read(3, 4), read(3, 4));
    assert_eq!(read(10, 4), []);
    assert_eq!(read(u64::MAX, 4), []);
}

#[rstest]
fn w8_refused_commands_change_nothing(#[values(Kind::InMemory, Kind::OnDisk)] kind: Kind) {
    let subject = Subject::new(kind);
    let (register, code) = (&subject.register, someone().code);
    let refused = |field: &str, result: Result<(), EmbeddedError>| match result {
        Err(EmbeddedError::Field { field: named, .. }) => assert_eq!(named, field),
        other => panic!("{field}: {other:?}"),
    };
    let correct = |correction| register.correct(&code, correction, at(1));
    let none = Correction::default;
    refused("family name", correct(Correction { family_name: Some("　".into()), ..none() }));
    refused("address", correct(Correction { address: Some("川口市".into()), ..none() }));
    refused("address", correct(Correction { address: Some("埼玉県戸田市".into()), ..none() }));
    refused("alias", correct(Correction { alias: Some(Some("金田".into())), ..none() }));
    let same = Correction { gender: Some(someone().gender), ..none() };
    assert!(matches!(correct(same), Err(EmbeddedError::NothingChanged)));

    let move_in = |code, place| register.move_in(code, place, "埼玉県川口市本町", at(1));
    assert!(matches!(move_in(&code, kawaguchi()), Err(EmbeddedError::NotMovedOut)));
    register.move_out(&code, date(2026, 5, 1), at(2)).expect("moved out");
    let again = register.move_out(&code, date(2026, 5, 1), at(3));
    assert!(matches!(again, Err(EmbeddedError::AlreadyMovedOut)));
    refused("municipality", move_in(&code, "99999".parse().expect("five digits")));
    refused("address", move_in(&code, saitama()));
    assert!(matches!(move_in(&nobody(), saitama()), Err(EmbeddedError::NotFound(_))));
    let removed = register.remove(&nobody(), Removal::Departure, at(4));
    assert!(matches!(removed, Err(EmbeddedError::NotFound(_))));

    let subject = subject.restarted();
    assert_eq!(subject.kinds(), [RegisterEventKind::MovedOut { planned: date(2026, 5, 1) }]);
    assert_eq!(subject.register.find(&code), Ok(someone()));
}

#[rstest]
fn w8_a_register_that_is_down_says_so(#[values(Kind::InMemory, Kind::OnDisk)] kind: Kind) {
    let Subject { register, directory: _directory } = Subject::new(kind);
    let (four, code) = (someone().basic_four(), someone().code);
    register.set_available(false);
    assert!(matches!(register.find(&code), Err(RegisterError::Unavailable(_))));
    assert!(matches!(register.search(&four), Err(RegisterError::Unavailable(_))));
    assert!(matches!(register.events_after(0, 1), Err(RegisterError::Unavailable(_))));
    assert!(matches!(register.declare_error(&code, at(1)), Err(EmbeddedError::Off)));
    register.set_available(true);
    assert_eq!(register.find(&code), Ok(someone()));
    assert_eq!(register.events_after(0, 1), Ok(vec![]));
}

#[test]
fn w8_an_event_cut_off_by_a_crash_is_dropped_and_its_number_given_again() {
    let subject = Subject::new(Kind::OnDisk);
    let code = someone().code;
    subject.register.declare_error(&code, at(1)).expect("declared");
    let Subject { register, directory } = subject;
    drop(register);
    let events = directory.as_ref().expect("on disk").path().join("events.jsonl");
    let mut file = OpenOptions::new().append(true).open(&events).expect("there");
    file.write_all(br#"{"at":"2026-04-01T00:00:00Z","resid"#).expect("written");

    let register = EmbeddedRegister::open(directory.as_ref().expect("on disk").path());
    let subject = Subject { register: register.expect("opened"), directory }.restarted();
    assert_eq!(subject.kinds(), [RegisterEventKind::RecordingError]);
    subject.register.remove(&code, Removal::Official, at(2)).expect("removed");
    let subject = subject.restarted();
    let events = subject.register.events_after(1, 9).expect("available");
    assert_eq!(events.iter().map(|e| e.sequence).collect::<Vec<_>>(), [2]);
}

#[test]
fn e6_an_event_that_could_not_be_written_keeps_no_later_one_from_it() {
    let subject = Subject::new(Kind::OnDisk);
    let code = someone().code;
    subject.register.declare_error(&code, at(1)).expect("declared");
    let events = subject.directory.as_ref().expect("on disk").path().join("events.jsonl");
    let away = events.with_extension("away");
    fs::rename(&events, &away).expect("the disk is gone");
    for _ in 0..2 {
        let failed = subject.register.remove(&code, Removal::Official, at(2));
        assert!(matches!(failed, Err(EmbeddedError::Storage(_))), "{failed:?}");
    }
    assert_eq!(subject.kinds(), [RegisterEventKind::RecordingError], "nothing was removed");
    fs::rename(&away, &events).expect("it is back");
    subject.register.remove(&code, Removal::Official, at(2)).expect("removed");
    assert_eq!(subject.restarted().kinds().len(), 2);
}

#[rstest]
#[case::in_memory(Kind::InMemory)]
#[case::on_disk(Kind::OnDisk)]
fn w8_a_command_is_carried_out_once_for_its_operation_over_a_cut(#[case] kind: Kind) {
    let code = someone().code;
    let act = |id: &str| {
        let actor = Actor::System("test".parse().expect("a name"));
        Act::new(actor, at(1), id.parse().expect("an id"))
    };
    let planned = date(2026, 5, 1);
    let subject = Subject::new(kind);
    subject.register.move_out(&code, planned, &act("op-1")).expect("noted");
    let subject = subject.restarted();
    subject.register.move_out(&code, planned, &act("op-1")).expect("noted before");
    let other = subject.register.move_out(&code, planned, &act("op-2"));
    assert!(matches!(other, Err(EmbeddedError::AlreadyMovedOut)), "{other:?}");
    subject.register.remove(&code, Removal::Death, &act("op-3")).expect("removed");
    let subject = subject.restarted();
    subject.register.remove(&code, Removal::Death, &act("op-3")).expect("removed before");
    let other = subject.register.remove(&code, Removal::Death, &act("op-4"));
    assert!(matches!(other, Err(EmbeddedError::NotFound(_))), "{other:?}");
    assert_eq!(subject.kinds().len(), 2);
}

#[rstest]
#[case("events.jsonl", "{\"at\":1}\n")]
#[case("events.jsonl", "\n")]
#[case("residents.jsonl", "not JSON\n")]
#[case("residents.jsonl", "{\"code\":\"1\",\"unknown\":2}\n")]
fn w8_a_damaged_file_is_named_with_its_line(#[case] file: &str, #[case] line: &str) {
    let Subject { register, directory } = Subject::new(Kind::OnDisk);
    let directory = directory.expect("on disk");
    drop(register);
    let path = directory.path().join(file);
    let whole = fs::read_to_string(&path).expect("there");
    fs::write(&path, format!("{whole}{line}{whole}")).expect("written");
    match EmbeddedRegister::open(directory.path()) {
        Err(EmbeddedError::Corrupt { file: named, line, .. }) => {
            assert_eq!((named, line), (file, whole.lines().count() + 1));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn w8_a_register_is_created_once_and_open_in_one_place() {
    let Subject { register, directory } = Subject::new(Kind::OnDisk);
    let directory = directory.expect("on disk");
    assert!(EmbeddedRegister::exists(directory.path()));
    let again = EmbeddedRegister::create(directory.path(), town());
    assert!(matches!(again, Err(EmbeddedError::Storage(_))));
    assert!(matches!(EmbeddedRegister::open(directory.path()), Err(EmbeddedError::InUse(_))));
    drop(register);
    assert_eq!(
        EmbeddedRegister::open(directory.path()).expect("free").residents().map(|r| r.len()),
        Ok(200)
    );
    let twice = vec![someone(), someone()];
    assert!(matches!(EmbeddedRegister::in_memory(twice), Err(EmbeddedError::CodeTaken(_))));
    let empty = tempfile::tempdir().expect("a directory");
    assert!(!EmbeddedRegister::exists(empty.path()));
    assert!(EmbeddedRegister::open(empty.path()).is_err());
}

#[test]
fn l8_every_attribute_can_change_and_is_named() {
    let Subject { register, .. } = Subject::new(Kind::InMemory);
    let before = someone();
    let gender = if before.gender == Gender::Male { Gender::Female } else { Gender::Male };
    let all = Correction {
        given_name: Some("別".into()),
        address: Some("埼玉県川口市青木二丁目１番１号".into()),
        birth_date: Some(date(1999, 12, 31)),
        gender: Some(gender),
        ..Correction::default()
    };
    register.correct(&before.code, all, at(1)).expect("changed");
    let events = register.events_after(0, 9).expect("available");
    assert_eq!(events[0].kind, RegisterEventKind::Changed(BasicAttribute::ALL.to_vec()));
}
