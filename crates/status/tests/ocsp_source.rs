//! What the responder relies on of its source: one suite, over the database and what tests put before it.
#![allow(clippy::unwrap_used)]

mod ocsp_fixture;

use std::sync::Arc;

use domain::certificate::{CertificateKind, CertificateState as State};
use domain::id::{SerialNumber, VerifierId};
use domain::revocation::RevocationReason;
use jitsuin_status::ocsp::StatusSource;
use ocsp_fixture::{World, serial};

/// The world whose commits a source must see, and the source.
struct Bench {
    world: World,
    source: Arc<dyn StatusSource>,
}

#[test]
fn v5_v11_the_database_is_the_source_that_the_responder_relies_on() {
    let world = World::new();
    check(Bench { source: world.source(), world });
}

/// A source over a store that another process has open commits nothing and sees everything.
#[test]
fn v5_v11_e6_so_it_is_where_another_process_commits() {
    let world = World::new();
    let source = world.source();
    let world = World { store: world.opened_again(), ..world };
    check(Bench { world, source });
}

#[test]
fn v5_v11_so_is_what_tests_make_fail_while_nothing_does() {
    let world = World::new();
    check(Bench { source: world.failing_source(), world });
}

fn check(bench: Bench) {
    bench.states_are_told_in_the_order_asked();
    bench.every_commit_is_seen_at_once();
    bench.a_number_stands_for_one_state();
    bench.in_doubt_no_number_is_told_nor_any_state();
}

impl Bench {
    fn states_are_told_in_the_order_asked(&self) {
        let Self { world, .. } = self;
        let held = State::Held { since: world.now };
        let revoked = State::Revoked { at: world.now, reason: RevocationReason::KeyCompromise };
        let all = [State::Good, held, revoked, State::Intended];
        let put = |(fill, state)| world.put(fill, CertificateKind::User, state);
        let serials = (1..).zip(all).map(put).collect::<Vec<_>>();
        let never = serial(99);
        let asked = [&[never, serials[3]], &serials[..], &[serials[0]]].concat();
        let expected = [&[None, Some(all[3])], &all.map(Some)[..], &[Some(all[0])]].concat();
        assert_eq!(self.states(&asked), expected);
        assert_eq!(self.states(&[]), []);
        let elsewhere = self.source.look(&"saitama-sign".parse().unwrap(), &serials).unwrap();
        assert_eq!(elsewhere.rows, [None; 4], "a serial number is one of its CA alone");
    }

    fn every_commit_is_seen_at_once(&self) {
        let Self { world, source } = self;
        let certificate = serial(50);
        assert_eq!(self.states(&[certificate]), [None]);
        world.put_serial(certificate, CertificateKind::TlsServer, State::Good);
        assert_eq!(self.states(&[certificate]), [Some(State::Good)]);
        let to = State::Revoked { at: world.now, reason: RevocationReason::Superseded };
        world.change(certificate, State::Good, to);
        assert_eq!(self.states(&[certificate]), [Some(to)]);
        let before = source.last_sequence().unwrap();
        let id: VerifierId = "verifier-1".parse().unwrap();
        assert_eq!((source.access(&id).unwrap(), source.accesses().unwrap()), (None, vec![]));
        let mut row = world.verifier(id.as_str(), b"its certificate");
        for may_query_ocsp in [true, false] {
            row.may_query_ocsp = may_query_ocsp;
            world.register(row.clone());
            let access = source.access(&id).unwrap().unwrap();
            assert_eq!((access.may_query_ocsp, &access.id), (may_query_ocsp, &id));
            assert_eq!(source.accesses().unwrap(), [access]);
        }
        assert_eq!(source.last_sequence().unwrap(), before.map(|last| last + 2));
    }

    /// Nothing differs while it is the same, and no commit leaves it as it was.
    fn a_number_stands_for_one_state(&self) {
        let Self { world, source } = self;
        let mut told = Vec::new();
        for fill in 60..64 {
            world.put(fill, CertificateKind::User, State::Good);
            let changes = source.changes();
            assert!(changes.is_none() || !told.contains(&changes), "{changes:?} {told:?}");
            let looked = source.look(&world.ca.id, &[serial(fill)]).unwrap();
            assert_eq!(looked.changes, changes, "what was read is of this number");
            assert_eq!(source.changes(), changes, "reading is no commit");
            told.push(changes);
        }
    }

    /// Whoever finds something raises the doubt of its own process.
    fn in_doubt_no_number_is_told_nor_any_state(self) {
        let Self { world, source } = &self;
        let certificate = serial(70);
        world.put_serial(certificate, CertificateKind::User, State::Good);
        source.raise_doubt("a finding");
        assert_eq!(source.changes(), None);
        let told = source.look(&world.ca.id, &[certificate]);
        assert!(matches!(told, Err(store::Error::Doubted { .. })), "{told:?}");
    }

    fn states(&self, serials: &[SerialNumber]) -> Vec<Option<State>> {
        let looked = self.source.look(&self.world.ca.id, serials).unwrap();
        looked.rows.into_iter().map(|row| row.map(|row| row.state)).collect()
    }
}
