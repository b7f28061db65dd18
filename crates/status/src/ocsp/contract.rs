//! What everything must do that the responder takes for its memory of requests: one suite, run over each.

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use jiff::{SignedDuration, Timestamp};
use store::HeardRequest;

use super::RequestMemory;

/// Requests that are heard: more than any memory keeps waiting before it writes them.
const MANY: u32 = 1_000;

/// Everything that the contract of [`RequestMemory`] says while the process runs, over one that heard
/// nothing yet. What it heard comes back.
///
/// # Panics
/// At the first sentence of the contract that does not hold.
pub fn check(memory: &dyn RequestMemory) -> Vec<HeardRequest> {
    let mut noted = vec![];
    noted.extend(what_was_heard_comes_back(memory));
    noted.extend(nothing_but_the_same_comes_back(memory));
    noted.extend(of_many_who_hear_one_one_hears_it_first(memory));
    expect_remembered(memory, &noted);
    noted
}

/// Whether all of them are still known, from when and where they were heard first: after [`check`], and after
/// a process's end, where the records of them were written.
///
/// # Panics
/// At the first that is not.
pub fn expect_remembered(memory: &dyn RequestMemory, noted: &[HeardRequest]) {
    for first in noted {
        let later = first.at + SignedDuration::from_secs(30);
        let again = HeardRequest { at: later, from: [203, 0, 113, 9].into(), ..*first };
        expect_first(memory.hear(&again).expect("known"), first);
    }
}

fn what_was_heard_comes_back(memory: &dyn RequestMemory) -> Vec<HeardRequest> {
    let addresses: [IpAddr; 3] = [
        [192, 0, 2, 1].into(),
        "2001:db8::1".parse().expect("an address"),
        "::1".parse().expect("an address"),
    ];
    let heard = addresses.map(|from| HeardRequest { from, ..request(from.to_string().as_bytes()) });
    for first in &heard {
        assert_eq!(memory.hear(first).expect("noted"), None);
        for after in [0, 1, 61] {
            let at = first.at + SignedDuration::from_secs(after);
            let again = HeardRequest { at, from: [203, 0, 113, 9].into(), ..*first };
            expect_first(memory.hear(&again).expect("known"), first);
        }
    }
    heard.to_vec()
}

/// No bit of the digest is left out of account.
fn nothing_but_the_same_comes_back(memory: &dyn RequestMemory) -> Vec<HeardRequest> {
    let one = request(b"one");
    let others = (0..128).map(|bit| {
        let digest = (u128::from_be_bytes(one.digest) ^ (1 << bit)).to_be_bytes();
        HeardRequest { digest, ..one }
    });
    let all: Vec<_> = [one].into_iter().chain(others).collect();
    for first in &all {
        assert_eq!(memory.hear(first).expect("noted"), None);
    }
    all
}

fn of_many_who_hear_one_one_hears_it_first(memory: &dyn RequestMemory) -> Vec<HeardRequest> {
    let all: Vec<_> = (0..MANY).map(|number| request(&number.to_be_bytes())).collect();
    let firsts = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for request in &all {
                    if memory.hear(request).expect("heard").is_none() {
                        firsts.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!(firsts.into_inner(), all.len());
    all
}

fn expect_first(before: Option<HeardRequest>, first: &HeardRequest) {
    let before = before.expect("it was heard before");
    let to_the_second = HeardRequest { at: first.at, ..before };
    assert_eq!((to_the_second, before.at.as_second()), (*first, first.at.as_second()));
}

/// Heard within a second, by a signer whose certificate ends on it.
fn request(what: &[u8]) -> HeardRequest {
    let mut digest = [0; 16];
    digest.copy_from_slice(&x509::digest::sha256(what)[..16]);
    let at = Timestamp::new(1_775_012_400, 700_000_000).expect("a time");
    let until = Timestamp::from_second(1_806_548_400).expect("a time");
    HeardRequest { digest, until, at, from: [192, 0, 2, 1].into() }
}
