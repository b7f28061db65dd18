//! Any two operations at once: whatever comes of them comes of them one after the other too.
//!
//! The first is stopped before a commit, when everything it decides on has been read; the second runs to
//! its end meanwhile; then the first goes on. If it changes anything then, it must be what a model of
//! the clauses admits after the second, however little of it the first has read; else it is refused,
//! and its caller decides again. Each subject has a small model of its own.

mod applications;
mod approvals;
mod people;
mod people_model;
mod requests;

use std::fmt::Debug;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use jitsuin_web::desk::{Desk, Door, Principal, Shown};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use store::{Sequence, Sqlite, Store, Unit};

/// What is done at the moment before a commit.
type Meanwhile = Box<dyn FnOnce() + Send>;

/// The next commit but so many waits for something else.
#[derive(Clone, Default)]
struct Armed(Arc<Mutex<Option<(usize, Meanwhile)>>>);

impl Armed {
    /// Stands before every commit.
    fn commit(&self, store: &Sqlite, unit: Unit) -> store::Result<Sequence> {
        let due = {
            let mut armed = self.0.lock().expect("the hook");
            match armed.take() {
                Some((0, meanwhile)) => Some(meanwhile),
                Some((more, meanwhile)) => {
                    *armed = Some((more - 1, meanwhile));
                    None
                }
                None => None,
            }
        };
        if let Some(meanwhile) = due {
            meanwhile();
        }
        store.commit(unit)
    }

    /// Has the second deed done while the first stands before a commit, and waits for it so long.
    /// `does` says whether it was done.
    fn interleave<D: Clone + Send + 'static>(
        &self,
        does: impl Fn(&D) -> bool + Clone + Send + 'static,
        (first, before): (&D, usize),
        timeout: Duration,
        second: &D,
    ) -> Outcome {
        let answered = self.arm(does.clone(), before, timeout, second.clone());
        let one = does(first);
        // The first may have had fewer commits.
        let unused = self.0.lock().expect("the hook").take();
        let order = match unused {
            Some((_, meanwhile)) => {
                meanwhile();
                Order::FirstThenSecond
            }
            None => Order::SecondBetween,
        };
        let (two, in_time) = answered.recv().expect("an answer");
        Outcome { one, two, order: if in_time { order } else { Order::Either } }
    }

    fn arm<D: Send + 'static>(
        &self,
        does: impl Fn(&D) -> bool + Send + 'static,
        before: usize,
        timeout: Duration,
        deed: D,
    ) -> Receiver<(bool, bool)> {
        let (answer, answered) = channel();
        let meanwhile = move || {
            let (ended, end) = channel();
            let second = thread::spawn(move || {
                let done = does(&deed);
                ended.send(()).ok();
                done
            });
            // It may wait for a turn that the first one has; then the first goes on.
            let in_time = end.recv_timeout(timeout).is_ok();
            thread::spawn(move || {
                let done = second.join().expect("no panic");
                answer.send((done, in_time)).expect("the test waits");
            });
        };
        *self.0.lock().expect("the hook") = Some((before, Box::new(meanwhile)));
        answered
    }
}

/// How long the second is waited for where it may be held up by the first.
const SHORT: Duration = Duration::from_millis(100);

/// And where nothing holds it up but a busy machine.
const LONG: Duration = Duration::from_secs(60);

/// How two deeds were answered.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    one: bool,
    two: bool,
    order: Order,
}

#[derive(Debug, PartialEq, Eq)]
enum Order {
    /// The first had ended, or held the second up.
    FirstThenSecond,
    /// The second came and went while the first stood before a commit.
    SecondBetween,
    /// The second took its time, on a busy machine or held up by the first, which went on.
    Either,
}

/// A subject as its clauses have it.
trait Model: Clone + Debug {
    /// What somebody does.
    type Deed: Clone + Debug;
    /// What of it is one unit.
    type Part;
    /// What can be seen of it from outside.
    type Seen: PartialEq + Debug;

    /// What can be seen of it.
    fn seen(&self) -> Self::Seen;

    /// The units of a deed, in their order, as of now.
    fn parts(&self, deed: &Self::Deed) -> Vec<Self::Part>;

    /// Does one unit, if the clauses permit; whether they did.
    fn does(&mut self, part: &Self::Part) -> bool;

    /// Does so many units of a deed, or all.
    fn goes(&mut self, parts: &[Self::Part]) -> bool {
        parts.iter().all(|part| self.does(part))
    }

    /// Every way in which two deeds may be answered, and what is then: the second comes after the first,
    /// or between any two of its units, where the first may give up as well.
    fn admits(
        &self,
        first: &Self::Deed,
        second: &Self::Deed,
        order: &Order,
    ) -> Vec<(bool, bool, Self)> {
        let mut ways = Vec::new();
        if *order != Order::SecondBetween {
            let mut after = self.clone();
            let one = after.goes(&after.parts(first));
            let two = after.goes(&after.parts(second));
            ways.push((one, two, after));
        }
        if *order != Order::FirstThenSecond {
            let parts = self.parts(first);
            for done in 0..=parts.len().saturating_sub(1) {
                let mut after = self.clone();
                if !after.goes(&parts[..done]) {
                    break;
                }
                let two = after.goes(&after.parts(second));
                ways.push((false, two, after.clone()));
                let one = after.goes(&parts[done..]);
                ways.push((one, two, after));
            }
        }
        ways
    }

    /// Fails where what came of two deeds, and is seen now, is none of what the clauses admit; else what
    /// is now.
    fn expect(
        self,
        (first, before): (&Self::Deed, usize),
        second: &Self::Deed,
        outcome: &Outcome,
        now: &Self::Seen,
    ) -> Self {
        let admitted = self.admits(first, second, &outcome.order);
        let is_it = |(one, two, after): &&(bool, bool, Self)| {
            (*one, *two) == (outcome.one, outcome.two) && after.seen() == *now
        };
        let Some((.., after)) = admitted.iter().find(is_it) else {
            panic!(
                "{first:?} (before commit {before}) and {second:?}: {outcome:?} in {self:#?}\n\
                 came to {now:#?}\nand not to one of {admitted:#?}"
            );
        };
        after.clone()
    }
}

/// Lets somebody in who shows their id as a token, and asks; whether it was done.
fn enters(
    desk: &Desk,
    who: &str,
    operation: Option<&str>,
    asks: impl FnOnce(&Principal) -> bool,
) -> bool {
    let door = Door { name: "test".to_owned(), from: [127, 0, 0, 1].into() };
    let operation = operation.map(|id| id.parse().expect("an operation id"));
    let entered = desk.entrance().enter(Ok(Shown::bearer(who)), &door, operation);
    entered.is_ok_and(|principal| asks(&principal))
}

/// Pairs of deeds, as numbers that a model reads: what is first, before which of its commits the other
/// comes, and that one. The same at every run.
fn pairs(cases: usize, each: usize) -> Vec<Vec<(u8, usize, u8)>> {
    let one = prop::collection::vec((any::<u8>(), 0..4_usize, any::<u8>()), each);
    let mut runner = TestRunner::deterministic();
    (0..cases).map(|_| one.new_tree(&mut runner).expect("pairs").current()).collect()
}
