//! What lists must hold, the lists themselves, and where each series stands.

use std::io::Cursor;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use aws_lc_rs::digest::{SHA256, digest};
use domain::certificate::{CertificateEvent, CertificateKind, CertificateState};
use domain::crl_series::{Partition, SeriesState};
use domain::journal::EventKind;
use domain::revocation::RevocationReason;

use super::fixtures::*;
use crate::{
    Change, CrlKey, CrlRow, Error, IntentRow, Result, SeriesKey, SeriesRow, StatusRow, Store,
    Tally, Unit,
};

/// Revoked and held always, undelivered when asked, good and intended never; by serial.
pub fn l10_a_list_holds_what_is_revoked_held_and_undelivered(store: &dyn Store) {
    with_cas(store);
    let other = Partition::Municipality("01100".parse().expect("a code"));
    issue(store, intent(0x90), REVOKED);
    let held = issue(store, intent(0x10), HELD);
    issue(store, intent(0x50), &[]);
    issue(store, intent(0x60), &[CertificateEvent::Deliver]);
    issue(store, IntentRow { partition: other, ..intent(0x70) }, REVOKED);
    issue(store, IntentRow { generation: 2, ..intent(0x80) }, REVOKED);
    issue(store, IntentRow { ca: other_ca(), ..intent(0xa0) }, REVOKED);
    intend(store, intent(0x20));
    let serials = |rows: Vec<StatusRow>| -> Vec<_> { rows.iter().map(|r| r.serial).collect() };
    let without = listed(store, false, at(0));
    assert_eq!(without[0].state, held);
    let reason = RevocationReason::KeyCompromise;
    assert_eq!(without[2].state, CertificateState::Revoked { at: at(5), reason });
    assert_eq!(serials(without), [serial(0x10), serial(0x80), serial(0x90)]);
    let with = serials(listed(store, true, at(0)));
    assert_eq!(with, [serial(0x10), serial(0x50), serial(0x80), serial(0x90)]);
}

/// The last second of a certificate belongs to its period (RFC 5280 4.1.2.5).
pub fn l10_a_list_leaves_out_what_expired(store: &dyn Store) {
    with_cas(store);
    issue(store, intent(1), REVOKED);
    let not_after = intent(1).not_after;
    assert_eq!(listed(store, false, not_after).len(), 1);
    let later = not_after + jiff::Span::new().microseconds(1);
    assert_eq!(listed(store, false, later), []);
    let expired = |from| {
        let mut expired = 0;
        let mut read = |snapshot: &dyn crate::RevokedSnapshot| -> Result<()> {
            expired = snapshot.for_each(&mut |_| {})?;
            assert_eq!(snapshot.tally()?.revoked, 1, "it counts all the same");
            Ok(())
        };
        store.with_revoked(&series(), false, from, &mut read).expect("a view");
        expired
    };
    assert_eq!((expired(not_after), expired(later)), (0, 1));
}

/// A commit during the reading changes nothing in the view, however often it is read.
pub fn l10_a_snapshot_does_not_move(store: &dyn Store) {
    with_cas(store);
    let good = issue(store, intent(1), &[CertificateEvent::Deliver]);
    issue(store, intent(2), REVOKED);
    let before = store.last_sequence().expect("read").expect("an entry");
    let (mut first, mut second) = (Vec::new(), Vec::new());
    let mut read = |snapshot: &dyn crate::RevokedSnapshot| -> Result<()> {
        assert_eq!(snapshot.as_of(), before);
        snapshot.for_each(&mut |row| first.push(row.serial))?;
        let to = CertificateState::Held { since: at(50) };
        commit(store, Change::SetCertificate { ca: ca(), serial: serial(1), from: good, to });
        assert_eq!(snapshot.as_of(), before);
        snapshot.for_each(&mut |row| second.push(row.serial)).map(drop)
    };
    store.with_revoked(&series(), false, at(0), &mut read).expect("a view");
    assert_eq!((first.as_slice(), second.as_slice()), (&[serial(2)][..], &[serial(2)][..]));
    assert_eq!(listed(store, false, at(0)).len(), 2, "a new view sees the commit");
    let fault = || Error::Unavailable("the list could not be written".into());
    let outcome = store.with_revoked(&series(), false, at(0), &mut |_| Err(fault()));
    assert!(matches!(outcome, Err(Error::Unavailable(_))), "the reader's error comes back");
}

/// The tally counts by partition, of one CA and all its generations, what enters and leaves lists.
pub fn v2_the_tally_over_partitions_is_the_lists(store: &dyn Store) {
    with_cas(store);
    let other = Partition::Municipality("01100".parse().expect("a code"));
    for number in [1, 2] {
        issue(store, intent(number), REVOKED);
    }
    issue(store, IntentRow { partition: other, ..intent(3) }, HELD);
    issue(store, IntentRow { partition: other, ..intent(4) }, &[]);
    issue(store, IntentRow { partition: Partition::Other, ..intent(5) }, REVOKED);
    issue(store, IntentRow { generation: 2, ..intent(6) }, REVOKED);
    issue(store, IntentRow { ca: other_ca(), ..intent(7) }, REVOKED);
    let tally = |undelivered, held, revoked| Tally { undelivered, held, revoked };
    let expected = [
        (other, tally(1, 1, 0)),
        (series().partition, tally(0, 0, 3)),
        (Partition::Other, tally(0, 0, 1)),
    ];
    assert_eq!(store.tallies(&ca()).expect("read"), expected);
    assert_eq!((expected[0].1.listed(false), expected[0].1.listed(true)), (1, 2));
    let released = CertificateState::Good;
    let held = CertificateState::Held { since: at(5) };
    let release = Change::SetCertificate { ca: ca(), serial: serial(3), from: held, to: released };
    commit(store, release);
    assert_eq!(store.tallies(&ca()).expect("read")[0], (other, tally(1, 0, 0)));
    let own = |snapshot: &dyn crate::RevokedSnapshot| -> Result<()> {
        assert_eq!(snapshot.tally()?, tally(0, 0, 3));
        let state = snapshot.status(&serial(1))?.map(|row| row.state.name());
        assert_eq!(state, Some(domain::certificate::StateName::Revoked));
        Ok(())
    };
    store.with_revoked(&series(), true, at(0), &mut { own }).expect("a view");
    let partitions = |generation| store.partitions(&ca(), generation).expect("read");
    assert_eq!(partitions(1), [other, series().partition, Partition::Other]);
    assert_eq!(partitions(2), [series().partition]);
    assert_eq!(partitions(3), []);
}

/// The same row as among all series of the CA.
pub fn v8_one_series_is_read_without_the_others(store: &dyn Store) {
    with_cas(store);
    assert_eq!(store.series_row(&series()).expect("read"), None);
    commit(store, add(list(1, b"one"), b"one"));
    let all = store.series(&ca()).expect("read");
    assert_eq!(store.series_row(&series()).expect("read").as_ref(), all.first());
    let other = SeriesKey { generation: 9, ..series() };
    assert_eq!(store.series_row(&other).expect("read"), None);
}

/// A list row of this number with this content.
fn list(number: u64, content: &[u8]) -> CrlRow {
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(digest(&SHA256, content).as_ref());
    CrlRow {
        key: CrlKey { series: series(), number },
        this_update: at(0),
        next_update: at(72 * 3600),
        next_publish: at(24 * 3600),
        entries: 5,
        sha256,
        as_of: 1,
    }
}

fn add(row: CrlRow, content: &[u8]) -> Change {
    Change::AddCrl { row, content: Box::new(Cursor::new(content.to_vec())) }
}

fn set(from: SeriesState, to: SeriesState, published: Option<u64>) -> Change {
    Change::SetSeries { series: series(), from, to, published }
}

fn standing(store: &dyn Store) -> SeriesRow {
    let mut rows = store.series(&ca()).expect("read");
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

/// V8: every list can be had again by its number, byte for byte.
pub fn v8_every_list_is_kept_and_its_numbers_have_no_gap(store: &dyn Store) {
    with_cas(store);
    assert_eq!(store.series(&ca()).expect("read"), []);
    let contents: [Vec<u8>; 3] =
        [vec![], vec![7; 64 * 1024], (0..200_000_u32).map(|i| i as u8).collect()];
    for (content, number) in contents.iter().zip(1..) {
        let row = list(number, content);
        for wrong in [number - 1, number + 1] {
            let change = add(
                CrlRow { key: CrlKey { series: series(), number: wrong }, ..row.clone() },
                content,
            );
            let outcome = store.commit(unit(EventKind::CrlBuilt, change));
            assert!(matches!(outcome, Err(Error::Stale { .. })), "number {wrong}");
        }
        commit(store, add(row.clone(), content));
        assert_eq!(store.crl(&row.key).expect("read"), Some(row));
        let withheld = (SeriesState::Withheld, None);
        let (to, published) =
            if number == 2 { withheld } else { (SeriesState::Published, Some(number)) };
        commit(store, set(SeriesState::Built, to, published));
    }
    for (content, number) in contents.iter().zip(1..) {
        let found = store.crl_content(&list(number, content).key).expect("read");
        assert!(found.as_ref() == Some(content), "content of list {number}");
    }
    assert_eq!(store.crl_numbers(&series()).expect("read"), [1, 3], "2 was withheld");
    let absent = CrlKey { series: series(), number: 4 };
    assert_eq!(store.crl(&absent).expect("read"), None);
    assert_eq!(store.crl_content(&absent).expect("read"), None);
    let other = SeriesKey { generation: 2, ..series() };
    assert_eq!(store.crl_numbers(&other).expect("read"), [0_u64; 0]);
}

/// V8: outside the CA's name and the partition's point are one issuer and one scope, for which the
/// numbers increase (RFC 5280 5.2.3), so the series of all keys draw on one count.
pub fn v8_lists_of_a_partition_share_one_count_whatever_key_signs(store: &dyn Store) {
    with_cas(store);
    let last = |ca, partition| store.last_crl_number(&ca, partition).expect("read");
    let own = series().partition;
    assert_eq!(last(ca(), own), 0);
    let of = |generation, number| {
        let mut row = list(number, b"list");
        row.key.series.generation = generation;
        row
    };
    for (generation, number) in [(1, 1), (2, 2), (2, 3), (1, 4), (3, 5)] {
        for taken in 1..number {
            let change = add(of(generation, taken), b"list");
            let outcome = store.commit(unit(EventKind::CrlBuilt, change));
            assert!(matches!(outcome, Err(Error::Stale { .. })), "{generation}: {taken} again");
        }
        commit(store, add(of(generation, number), b"list"));
        assert_eq!(last(ca(), own), number);
    }
    assert_eq!(last(ca(), Partition::Other), 0, "another scope");
    assert_eq!(last(other_ca(), own), 0, "another issuer");
    let built = |row: &SeriesRow| (row.key.generation, row.built);
    let rows = store.series(&ca()).expect("read");
    assert_eq!(rows.iter().map(built).collect::<Vec<_>>(), [(1, 4), (2, 3), (3, 5)]);
}

/// Bytes that are not the announced ones, and bytes that cannot be read, leave nothing.
pub fn v8_a_list_must_be_what_it_was_announced_as(store: &dyn Store) {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the file is gone"))
        }
    }
    with_cas(store);
    let change = add(list(1, b"announced"), b"delivered");
    let outcome = store.commit(unit(EventKind::CrlBuilt, change));
    assert!(matches!(outcome, Err(Error::Corrupt { .. })));
    let change = Change::AddCrl { row: list(1, b"list"), content: Box::new(Broken) };
    let outcome = store.commit(unit(EventKind::CrlBuilt, change));
    assert!(matches!(outcome, Err(Error::Unavailable(_))));
    assert_eq!(store.series(&ca()).expect("read"), []);
    assert_eq!(store.crl_numbers(&series()).expect("read"), [0_u64; 0]);
}

/// A list's content is read once, whatever becomes of the units that are committed with it.
pub fn v8_e2_a_list_is_whole_among_units_that_fail(store: &dyn Store) {
    const LISTS: u64 = 20;
    const OTHERS: usize = 6;
    with_cas(store);
    let content = b"a list of some length".repeat(20);
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..OTHERS {
            scope.spawn(|| {
                while !is_done.load(Ordering::SeqCst) {
                    let stale = Change::SetRegisterCursor { from: 999, to: 1000 };
                    store.commit(unit(EventKind::CrlBuilt, stale)).expect_err("stale");
                }
            });
        }
        for number in 1..=LISTS {
            let change = add(list(number, &content), &content);
            let added = store.commit(unit(EventKind::CrlBuilt, change));
            if added.is_err() {
                is_done.store(true, Ordering::SeqCst);
            }
            added.expect("a list");
        }
        is_done.store(true, Ordering::SeqCst);
    });
    for number in 1..=LISTS {
        let key = CrlKey { series: series(), number };
        assert_eq!(store.crl_content(&key).expect("read").expect("there"), content);
    }
}

/// Adding a list takes the series to built; a unit may say so too, and from where.
pub fn v8_a_series_moves_only_from_where_it_stands(store: &dyn Store) {
    use SeriesState::{Built, Empty, Published, Withheld};
    with_cas(store);
    let try_set =
        |from, to, published| store.commit(unit(EventKind::CrlPublished, set(from, to, published)));
    assert!(matches!(try_set(Built, Published, Some(1)), Err(Error::Missing { .. })));
    commit(store, add(list(1, b"one"), b"one"));
    let row = |state, built, published| SeriesRow { key: series(), state, built, published };
    assert_eq!(standing(store), row(Built, 1, None));
    assert!(matches!(try_set(Published, Withheld, None), Err(Error::Stale { .. })));
    commit(store, set(Built, Published, Some(1)));
    assert_eq!(standing(store), row(Published, 1, Some(1)));

    let stated = |number, from| {
        unit(EventKind::CrlBuilt, add(list(number, b"x"), b"x")).change(set(from, Built, None))
    };
    assert!(matches!(store.commit(stated(2, Empty)), Err(Error::Stale { .. })));
    store.commit(stated(2, Published)).expect("where it stood");
    assert_eq!(standing(store), row(Built, 2, Some(1)));
    commit(store, set(Built, Withheld, None));
    assert_eq!(standing(store), row(Withheld, 2, Some(1)), "the one before stays up");
    assert_eq!(store.series(&other_ca()).expect("read"), []);
}

/// A number that was never built cannot be published, nor nothing at all.
pub fn v8_a_published_number_was_built(store: &dyn Store) {
    use SeriesState::{Built, Published};
    with_cas(store);
    commit(store, add(list(1, b"one"), b"one"));
    for published in [None, Some(0), Some(2)] {
        let unit =
            Unit::new(entry(EventKind::CrlPublished)).change(set(Built, Published, published));
        store.commit(unit).expect_err("there is no such list");
    }
    assert_eq!(standing(store).published, None);
    // Kinds other than users are listed alike: an ARL is a series of its own.
    let arl = IntentRow {
        kind: CertificateKind::SelfSigned,
        partition: Partition::ArlSelfSigned,
        ..intent(1)
    };
    issue(store, arl, REVOKED);
    let tally = Tally { revoked: 1, ..Tally::default() };
    assert_eq!(store.tallies(&ca()).expect("read"), [(Partition::ArlSelfSigned, tally)]);
}
