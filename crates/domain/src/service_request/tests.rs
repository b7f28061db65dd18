//! Every order of steps and every pair of people, against the tables.

use super::*;
use crate::transition::Cases as _;

fn person(name: &str) -> ActorId {
    name.parse().expect("an actor id")
}

fn serial() -> SerialNumber {
    SerialNumber::from_random([7; 16]).expect("not zero")
}

fn step(name: RequestStepName) -> RequestStep {
    let text = || "found in order".to_owned();
    match name {
        RequestStepName::Receive => {
            RequestStep::Receive { applicant: text(), documents: vec![text()] }
        }
        RequestStepName::Examine => RequestStep::Examine { findings: text() },
        RequestStepName::Approve => RequestStep::Approve,
        RequestStepName::Release => RequestStep::Release,
        RequestStepName::Confirm => RequestStep::Confirm { serial: serial() },
        RequestStepName::Issue => RequestStep::Issue,
        RequestStepName::Revoke => RequestStep::Revoke,
        RequestStepName::Refuse => RequestStep::Refuse { reason: text() },
        RequestStepName::Withdraw => RequestStep::Withdraw,
    }
}

fn done(name: RequestStepName, by: &str) -> Done {
    Done { step: step(name), by: person(by), at: Timestamp::UNIX_EPOCH }
}

fn purposes() -> [Purpose; 3] {
    let certification = Certification {
        kind: CertificateKind::TlsServer,
        request: vec![0x30, 0],
        common_name: "server".to_owned(),
    };
    [
        Purpose::Issue(certification.clone()),
        Purpose::Renew { certification, old: serial() },
        Purpose::Revoke { serial: serial(), cause: RevocationCause::UseEnded },
    ]
}

fn received(purpose: Purpose) -> Request {
    let (id, ca) = ("sr-1".parse().expect("an id"), "jpki-auth".parse().expect("a CA"));
    Request::received(id, ca, purpose, done(RequestStepName::Receive, "receive")).expect("received")
}

/// Every request that any order of steps by people of their own leads to.
fn reachable(purpose: Purpose) -> Vec<Request> {
    let mut all = vec![received(purpose)];
    let mut place = 0;
    while place < all.len() {
        for name in RequestStepName::ALL {
            all.extend(all[place].clone().after(done(name, name.name())).ok());
        }
        place += 1;
    }
    all
}

#[test]
fn l13_every_order_of_steps_is_the_tables_or_refused() {
    for purpose in purposes() {
        let name = purpose.name();
        let all = reachable(purpose);
        assert!(all.len() > 8, "{name}: {}", all.len());
        for request in all {
            for asked in RequestStepName::ALL {
                let row = TRANSITIONS.rows.iter().find(|row| {
                    row.from == request.state() && row.event == asked && row.cases.covers(name)
                });
                let next = request.clone().after(done(asked, "somebody-else"));
                assert_eq!(next.map(|next| next.state()).ok(), row.map(|row| row.to));
            }
        }
    }
}

#[test]
fn l13_what_is_carried_out_passed_through_every_hand_in_order() {
    use RequestStepName as S;
    for purpose in purposes() {
        let issues = purpose.name().issues();
        let ended = |request: &Request| {
            matches!(request.state(), RequestState::Issued | RequestState::Revoked)
        };
        let carried_out: Vec<_> = reachable(purpose).into_iter().filter(ended).collect();
        assert_eq!(carried_out.len(), 1, "there is one way only");
        let names: Vec<_> = carried_out[0].steps().iter().map(|done| done.step.name()).collect();
        let hands = [S::Receive, S::Examine, S::Approve, S::Release];
        let last: &[S] = if issues { &[S::Confirm, S::Issue] } else { &[S::Revoke] };
        assert_eq!(names, [&hands[..], last].concat());
    }
}

#[test]
fn l13_no_person_does_two_steps_of_the_table() {
    use RequestStepName as S;
    for purpose in purposes() {
        let steps: &[S] = match purpose.name().issues() {
            true => &[S::Examine, S::Approve, S::Release, S::Confirm],
            false => &[S::Examine, S::Approve, S::Release, S::Revoke],
        };
        let mut request = received(purpose);
        let mut earlier = vec![S::Receive];
        for next in steps {
            for before in &earlier {
                let refused = request.clone().after(done(*next, before.name()));
                let Err(RefusedStep::SamePerson { rule, .. }) = refused else {
                    panic!("{before} and {next} by one person: {refused:?}")
                };
                assert!(rule.contains("A 5.2"), "{rule}");
            }
            request = request.after(done(*next, next.name())).expect("another person");
            earlier.push(*next);
        }
    }
}

#[test]
fn l13_the_table_of_people_has_every_pair_that_can_follow_each_other() {
    use RequestStepName as S;
    let hands = [S::Receive, S::Examine, S::Approve, S::Release];
    for last in [S::Confirm, S::Revoke] {
        let all = [&hands[..], &[last]].concat();
        for (place, other) in all.iter().enumerate() {
            for one in &all[..place] {
                let rows = SEPARATIONS.iter().filter(|row| row.one == *one && row.other == *other);
                assert_eq!(rows.count(), 1, "{one} and {other}");
            }
        }
    }
    assert_eq!(SEPARATIONS.len(), 14);
}

#[test]
fn l13_what_has_to_be_recorded_is_neither_empty_nor_endless() {
    let long = "x".repeat(2001);
    for text in ["", " ", "a\u{7}b", &long] {
        let findings = RequestStep::Examine { findings: text.to_owned() };
        let at = Timestamp::UNIX_EPOCH;
        let refused = received(purposes()[0].clone()).after(Done {
            step: findings,
            by: person("examiner"),
            at,
        });
        assert!(matches!(refused, Err(RefusedStep::Record { field: "findings", .. })), "{text:?}");
        let reason = RequestStep::Refuse { reason: text.to_owned() };
        let refused =
            received(purposes()[0].clone()).after(Done { step: reason, by: person("e"), at });
        assert!(matches!(refused, Err(RefusedStep::Record { field: "reason", .. })), "{text:?}");
    }
    for (applicant, documents) in
        [("", vec!["a"]), ("a\nb", vec!["a"]), ("a", vec![]), ("a", vec![""]), ("a", vec!["d"; 21])]
    {
        let documents = documents.into_iter().map(str::to_owned).collect();
        let first = Done {
            step: RequestStep::Receive { applicant: applicant.to_owned(), documents },
            by: person("clerk"),
            at: Timestamp::UNIX_EPOCH,
        };
        let (id, ca) = ("sr-1".parse().expect("an id"), "jpki-auth".parse().expect("a CA"));
        let refused = Request::received(id, ca, purposes()[0].clone(), first);
        assert!(matches!(refused, Err(RefusedStep::Record { .. })), "{refused:?}");
    }
}

#[test]
fn l13_a_request_begins_with_its_intake() {
    for name in RequestStepName::ALL.into_iter().filter(|name| *name != RequestStepName::Receive) {
        let (id, ca) = ("sr-1".parse().expect("an id"), "jpki-auth".parse().expect("a CA"));
        let begun = Request::received(id, ca, purposes()[0].clone(), done(name, "a"));
        assert!(matches!(begun, Err(RefusedStep::Order { .. })), "{name}");
    }
}
