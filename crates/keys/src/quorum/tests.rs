//! Fewer custodians than the threshold open nothing, by any route there is.

mod forged;

use jiff::{SignedDuration, Timestamp};

use super::custody::Cost;
use super::*;
use crate::{EmbeddedOpener, KeyError, Opener};

/// A cost that lets hundreds of guesses run in a test.
const LIGHT: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };
const WINDOW: SignedDuration = SignedDuration::from_mins(30);
const NUMBER: usize = 5;
const THRESHOLD: u8 = 3;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("a time")
}

fn id(number: usize) -> CustodianId {
    format!("k-{number}").parse().expect("an id")
}

fn passphrase(number: usize) -> Passphrase {
    Passphrase::new(format!("correct horse battery {number}").as_bytes()).expect("long enough")
}

fn people(number: usize) -> Vec<(CustodianId, Passphrase)> {
    (1..=number).map(|number| (id(number), passphrase(number))).collect()
}

fn establish() -> (CustodySet, QuorumSecret) {
    CustodySet::establish_at_cost(THRESHOLD, &people(NUMBER), at(0), LIGHT).expect("established")
}

fn gathering(set: &CustodySet) -> Gathering {
    Gathering::new(set, WINDOW).expect("a window")
}

/// Every subset of the custodians 1 to `NUMBER`.
fn subsets() -> impl Iterator<Item = Vec<usize>> {
    (0u32..1 << NUMBER).map(|bits| (1..=NUMBER).filter(|n| bits >> (n - 1) & 1 == 1).collect())
}

/// What the custodians of `subset` get by coming one after the other.
fn gather(set: &CustodySet, subset: &[usize]) -> Option<QuorumSecret> {
    let mut gathering = gathering(set);
    for number in subset {
        match gathering.contribute(&id(*number), &passphrase(*number), at(1)) {
            Ok(Progress::Complete(secret)) => return Some(secret),
            Ok(Progress::Waiting { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    None
}

#[test]
fn k2_every_subset_smaller_than_m_opens_nothing() {
    let (set, secret) = establish();
    let directory = tempfile::tempdir().expect("a directory");
    let opener = EmbeddedOpener { directory: directory.path().join("keys") };
    opener.create(&secret).expect("a store");
    let shares: Vec<_> =
        (1..=NUMBER).map(|n| set.open_share(&id(n), &passphrase(n)).expect("a share")).collect();
    let mut tried = 0;
    for subset in subsets() {
        let enough = subset.len() >= usize::from(THRESHOLD);
        // By gathering, and by combining the opened shares without asking how many are needed.
        let gathered = gather(&set, &subset);
        assert_eq!(gathered.is_some(), enough, "{subset:?}");
        let held: Vec<_> = subset.iter().filter_map(|n| shares[n - 1].as_ref()).collect();
        let combined = shares::combine(held.into_iter());
        let fits = combined.as_ref().is_some_and(|combined| set.is_of(combined));
        assert_eq!(fits, enough, "{subset:?}");
        for found in [gathered, combined].into_iter().flatten() {
            assert_eq!(found.octets() == secret.octets(), enough, "{subset:?}");
            match opener.open(&found) {
                Ok(_) => assert!(enough, "{subset:?}"),
                Err(error) => assert!(!enough && matches!(error, KeyError::WrongMasterKey(_))),
            }
        }
        tried += 1;
    }
    assert_eq!(tried, 32);
}

#[test]
fn k2_nobody_counts_twice_and_strangers_do_not_count() {
    let (set, _) = establish();
    let mut gathering = gathering(&set);
    let first = gathering.contribute(&id(1), &passphrase(1), at(1)).expect("comes");
    assert!(matches!(first, Progress::Waiting { have: 1, need: 3, until } if until == at(1801)));
    let twice = gathering.contribute(&id(1), &passphrase(1), at(2));
    assert!(matches!(twice, Err(QuorumError::HereAlready(who)) if who == id(1)));
    let stranger = gathering.contribute(&id(9), &passphrase(9), at(3));
    assert!(matches!(stranger, Err(QuorumError::UnknownCustodian(who)) if who == id(9)));
    let borrowed = gathering.contribute(&id(2), &passphrase(1), at(4));
    assert!(matches!(borrowed, Err(QuorumError::WrongPassphrase { left: 4, .. })));
    assert_eq!(gathering.custodians().collect::<Vec<_>>(), [&id(1)]);
}

#[test]
fn k2_a_window_that_is_over_forgets_everybody() {
    let (set, _) = establish();
    let mut gathering = gathering(&set);
    for number in [1, 2] {
        gathering.contribute(&id(number), &passphrase(number), at(0)).expect("comes");
    }
    let late = gathering.contribute(&id(3), &passphrase(3), at(1801));
    assert!(matches!(late, Err(QuorumError::WindowOver { ended }) if ended == at(1800)));
    assert_eq!(gathering.custodians().count(), 0);
    for number in [3, 1] {
        let again = gathering.contribute(&id(number), &passphrase(number), at(1802));
        assert!(matches!(again, Ok(Progress::Waiting { .. })));
    }
    // The last second belongs to the window.
    let third = gathering.contribute(&id(2), &passphrase(2), at(3602));
    assert!(matches!(third, Ok(Progress::Complete(_))));
    assert_eq!(gathering.custodians().count(), 0);
}

#[test]
fn k2_a_clock_that_goes_back_forgets_everybody() {
    let (set, _) = establish();
    let mut gathering = gathering(&set);
    for number in [1, 2] {
        gathering.contribute(&id(number), &passphrase(number), at(100)).expect("comes");
    }
    let back = gathering.contribute(&id(3), &passphrase(3), at(99));
    assert!(matches!(back, Err(QuorumError::ClockWentBack { .. })));
    let alone = gathering.contribute(&id(3), &passphrase(3), at(99));
    assert!(matches!(alone, Ok(Progress::Waiting { have: 1, .. })));
}

#[test]
fn k2_wrong_passphrases_lock_one_custodian_for_a_window() {
    let (set, _) = establish();
    let mut gathering = gathering(&set);
    for left in (0..WRONG_PASSPHRASES).rev() {
        let wrong = gathering.contribute(&id(1), &passphrase(9), at(0));
        assert!(matches!(wrong, Err(QuorumError::WrongPassphrase { left: l, .. }) if l == left));
    }
    let right = gathering.contribute(&id(1), &passphrase(1), at(1800));
    assert!(matches!(right, Err(QuorumError::Locked { until, .. }) if until == at(1800)));
    assert!(gathering.contribute(&id(2), &passphrase(2), at(1800)).is_ok(), "others may come");
    assert!(gathering.contribute(&id(1), &passphrase(1), at(1801)).is_ok(), "the lock is over");
}

#[test]
fn k2_a_window_has_a_length() {
    let (set, _) = establish();
    for seconds in [-1, 0, 86_401] {
        let refused = Gathering::new(&set, SignedDuration::from_secs(seconds));
        assert!(matches!(refused, Err(QuorumError::Window(_))), "{seconds}");
    }
}

#[test]
fn k2_a_quorum_is_of_several_different_people() {
    for (threshold, number) in [(0, 3), (1, 3), (4, 3), (2, 33)] {
        let refused = CustodySet::establish(threshold, &people(number), at(0));
        assert!(matches!(refused, Err(QuorumError::NoQuorum { .. })), "{threshold} of {number}");
    }
    let mut named_twice = people(3);
    named_twice[2].0 = id(1);
    let refused = CustodySet::establish(2, &named_twice, at(0));
    assert!(matches!(refused, Err(QuorumError::NamedTwice(who)) if who == id(1)));
    let mut same_passphrase = people(3);
    same_passphrase[2].1 = passphrase(1);
    let refused = CustodySet::establish(2, &same_passphrase, at(0));
    assert!(matches!(refused, Err(QuorumError::SamePassphrase)));
}

#[test]
fn k2_renewed_shares_keep_the_secret_and_do_not_mix_with_the_old() {
    let (old, secret) = establish();
    let mut changed = people(4);
    changed[0] = (id(6), passphrase(6));
    let new = old.renew(&secret, THRESHOLD, &changed, at(10)).expect("renewed");
    assert_ne!(new.id(), old.id());
    let kept = gather(&new, &[2, 4, 6]).expect("opens");
    assert_eq!(kept.octets(), secret.octets());
    let gone = gathering(&new).contribute(&id(1), &passphrase(1), at(11));
    assert!(matches!(gone, Err(QuorumError::UnknownCustodian(_))));
    let open = |set: &CustodySet, n| set.open_share(&id(n), &passphrase(n)).expect("opens");
    let mixed = [open(&old, 3), open(&new, 2), open(&new, 4)];
    let mixed = shares::combine(mixed.iter().flatten());
    assert!(mixed.is_none_or(|mixed| !new.is_of(&mixed) && !old.is_of(&mixed)));
    let (_, foreign) = establish();
    let refused = old.renew(&foreign, THRESHOLD, &changed, at(10));
    assert!(matches!(refused, Err(QuorumError::WrongSecret)));
}

#[test]
fn k2_a_record_survives_its_file_and_its_full_cost() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("custody.json");
    let (set, secret) = CustodySet::establish(2, &people(2), at(0)).expect("established");
    set.write_file(&path).expect("written");
    let read = CustodySet::read_file(&path).expect("read");
    assert_eq!(read, set);
    assert_eq!(gather(&read, &[1, 2]).expect("opens").octets(), secret.octets());
}
