//! Where work is done for whoever asks: places of a few kinds, of which one asker has a quarter.
//!
//! Nobody waits in one queue with what takes longer, or for ever: who finds no place of their kind is told
//! to come back. What an operation needs is said here, from the table of permissions, and not by its
//! handler.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use hyper::http::request::Parts;
use status::crowd::Crowd;
use status::room::Place;
use status::subscriber::Asker;

use super::Api;
use super::unsent::{self, Unsent};
use crate::desk::permission::{Operation, Pace};
use crate::desk::{Desk, Principal};
use crate::peer::Peer;
use crate::problem::{Fault, Problem};

/// Operations at work at once. Each takes a thread, and the database puts writers in order anyway.
const WORK_AT_ONCE: usize = 64;

/// How long an operation waits for its place: a window's client has more patience than that.
const WORK_TIMEOUT: Duration = Duration::from_secs(30);

/// Pages of lists and of the journal read at once: each is a few megabytes, and takes milliseconds.
const PAGES_AT_ONCE: usize = 4;

/// What reads the whole database, or makes keys to throw away, at once: each has a core for seconds or
/// minutes.
const LONG_AT_ONCE: usize = 2;

/// Answers at once that are made while they are sent: each has a thread, and reads for as long as somebody
/// takes it.
const STREAMS_AT_ONCE: usize = 4;

/// New passwords at once; one thread hashes them.
const PASSWORDS_AT_ONCE: usize = 8;

/// Requests at work at once of those who have not proven who they are, of each kind: apart from the
/// operations of those who have, so that a crowd at the door holds up nobody inside.
pub(super) const STRANGERS_AT_ONCE: usize = 16;

/// Requests at once that show a token or certificate over a connection over which somebody did before, or
/// from where somebody did lately; a look-up takes less than a millisecond.
const LOOK_UPS_AT_ONCE: usize = 16;

/// The places.
#[derive(Clone)]
pub(super) struct Places {
    /// For the operations of people who are known.
    pub(super) work: Crowd,
    pub(super) pages: Crowd,
    pub(super) long: Crowd,
    /// For large answers until they are sent.
    pub(super) unsent: Crowd,
    /// For answers that are made while they are sent, until they are.
    pub(super) streams: Crowd,
    pub(super) new_passwords: Crowd,
    pub(super) look_ups: Crowd,
    /// For whoever shows a token or certificate for the first time over a connection, and for whom nobody
    /// lets in whatever they show.
    pub(super) unknown: Crowd,
    /// For passwords at the door: whoever has them hashed, which takes long, holds up nobody else.
    pub(super) passwords: Crowd,
    /// For passkeys, which take no hashing.
    pub(super) passkeys: Crowd,
}

impl Places {
    /// As many as a site has.
    pub(super) fn new() -> Self {
        Self {
            work: Crowd::with_patience(WORK_AT_ONCE, WORK_TIMEOUT),
            pages: Crowd::of(PAGES_AT_ONCE),
            long: Crowd::of(LONG_AT_ONCE),
            unsent: unsent::shares(),
            streams: Crowd::of(STREAMS_AT_ONCE),
            new_passwords: Crowd::of(PASSWORDS_AT_ONCE),
            look_ups: Crowd::of(LOOK_UPS_AT_ONCE),
            unknown: Crowd::of(STRANGERS_AT_ONCE),
            passwords: Crowd::of(STRANGERS_AT_ONCE),
            passkeys: Crowd::of(STRANGERS_AT_ONCE),
        }
    }

    fn of(&self, pace: Pace) -> &Crowd {
        match pace {
            Pace::Work | Pace::Stream => &self.work,
            Pace::Page => &self.pages,
            Pace::Long => &self.long,
            Pace::Password => &self.new_passwords,
        }
    }
}

/// For whom something is done: whose share it takes, and whose connection a thread works for meanwhile.
#[derive(Debug, Clone)]
pub(crate) struct Asking {
    pub(super) asker: Asker,
    place: Option<Arc<Place>>,
}

impl Asking {
    /// Of a request from which nobody knows yet who sends it.
    pub(crate) fn of(parts: &Parts) -> Self {
        let peer = Peer::of(parts);
        let nowhere = IpAddr::from(Ipv4Addr::UNSPECIFIED);
        let from = peer.map_or(nowhere, |peer| peer.address.ip());
        Self { asker: Asker::at(from), place: peer.and_then(|peer| peer.place.clone()) }
    }

    /// The same, of whoever came in over the connection last, if anybody did.
    fn over_the_connection(self) -> Self {
        let asker = self.place.as_ref().and_then(|place| place.asker()).unwrap_or(self.asker);
        Self { asker, ..self }
    }
}

impl<S: Sync> FromRequestParts<S> for Asking {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

/// The API for one request: what it has the desk do takes a place of who asks.
pub(crate) struct Served {
    api: Api,
    asking: Asking,
    pace: Pace,
    unsent: Unsent,
}

impl FromRequestParts<Api> for Served {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Infallible> {
        Ok(Self::of(parts, api))
    }
}

impl Served {
    /// For a request; once somebody was let in, for them.
    pub(crate) fn of(parts: &Parts, api: &Api) -> Self {
        let asking = Asking::of(parts);
        let person = parts.extensions.get::<Principal>().and_then(Principal::id);
        let asker = person.map(|id| Asker::known(id.as_str()));
        let asking = Asking { asker: asker.unwrap_or(asking.asker), ..asking };
        let pace = api.asked_for(parts).map_or(Pace::Work, Operation::pace);
        Self { api: api.clone(), asking, pace, unsent: Unsent::of(parts) }
    }

    /// Has the desk do `work` on a thread that may block, at a place of the kind that the operation takes. A
    /// panic there becomes an incident.
    ///
    /// # Errors
    /// Those of the work; 503 where there is no place for it in time, and when it takes too long: it goes on
    /// then, and a repetition with the same operation id finds what it did.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Desk) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let places = &self.api.places;
        let until_sent = match self.pace {
            Pace::Page | Pace::Long => Some(&places.unsent),
            Pace::Stream => Some(&places.streams),
            Pace::Work | Pace::Password => None,
        };
        if let Some(crowd) = until_sent {
            let share = crowd.enter(self.asking.asker.clone()).await;
            self.unsent.keep(share.ok_or_else(crowded)?);
        }
        self.api.run_among(places.of(self.pace), &self.asking, work).await
    }

    /// Has the desk do `work` for somebody who shows a password.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub(super) async fn log_in<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Desk) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.api.run_among(&self.api.places.passwords, &self.asking, work).await
    }

    /// Has the desk do `work` for somebody who wants to come in, or does, by a passkey.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub(super) async fn log_in_by_passkey<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Desk) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.api.run_among(&self.api.places.passkeys, &self.asking, work).await
    }
}

impl Api {
    /// Has the desk find out who somebody is who asks over a connection over which somebody has proven
    /// who they are, or from where somebody did lately, beside the operations of those of whom it is known.
    ///
    /// # Errors
    /// As [`Served::run`].
    pub(crate) async fn look_up<T: Send + 'static>(
        &self,
        asking: Asking,
        work: impl FnOnce(&Desk) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.run_among(&self.places.look_ups, &asking.over_the_connection(), work).await
    }

    /// Has the desk do `work` for somebody of whom nothing is known yet.
    ///
    /// # Errors
    /// As [`Served::run`].
    pub(crate) async fn run_for_stranger<T: Send + 'static>(
        &self,
        asking: &Asking,
        work: impl FnOnce(&Desk) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.run_among(&self.places.unknown, asking, work).await
    }

    pub(super) async fn run_among<T: Send + 'static>(
        &self,
        crowd: &Crowd,
        asking: &Asking,
        work: impl FnOnce(&Desk) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let entered = crowd.enter(asking.asker.clone()).await.ok_or_else(crowded)?;
        // Not longer than somebody waits for it: who was cut off is not at work.
        let _at_work = asking.place.as_ref().map(|place| place.at_work());
        let work = move |desk: &Desk| {
            // Until it is done, even where nobody waits for it any more.
            let _entered = entered;
            work(desk)
        };
        self.blocking(work).await
    }
}

fn crowded() -> Problem {
    Problem::new(Fault::Unavailable, "too much of this is asked for: try again shortly")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use testkit::{Clock, Scratch};

    use super::*;

    fn api(scratch: &Scratch, clock: &Clock) -> Api {
        let told = clock.clone();
        let clock = Arc::new(move || told.now());
        let desk = Desk::builder(scratch.store.clone(), BTreeMap::new(), Arc::default(), clock);
        Api::new(Arc::new(desk.build()))
    }

    fn asks(api: &Api, person: &str, operation: Operation) -> Served {
        let asking = Asking { asker: Asker::known(person), place: None };
        let (pace, unsent) = (operation.pace(), Unsent::default());
        Served { api: api.clone(), asking, pace, unsent }
    }

    const PEOPLE: [&str; 4] = ["one", "two", "three", "four"];

    /// Operations of a few people that last until they are let go.
    struct Busy {
        open: std::sync::mpsc::Sender<()>,
        here: tokio::task::JoinSet<Result<(), Problem>>,
    }

    impl Busy {
        /// They ask for as many as a port has connections, in turns; this returns once `at_work` of them are at work.
        async fn of(api: &Api, operation: Operation, people: &[&str], at_work: usize) -> Self {
            let (open, opened) = std::sync::mpsc::channel::<()>();
            let opened = Arc::new(std::sync::Mutex::new(opened));
            let (came, mut coming) = tokio::sync::mpsc::channel(200);
            let mut here = tokio::task::JoinSet::new();
            for number in 0..140 {
                let asked = asks(api, people[number % people.len()], operation);
                let (opened, came) = (Arc::clone(&opened), came.clone());
                here.spawn(async move {
                    let work = move |_: &Desk| {
                        // Nobody counts those who come later.
                        let _ = came.blocking_send(());
                        let _ = opened.lock().expect("a lock").recv();
                        Ok(())
                    };
                    asked.run(work).await
                });
            }
            for _ in 0..at_work {
                coming.recv().await.expect("somebody who comes");
            }
            Self { open, here }
        }

        async fn leave(mut self) {
            drop(self.open);
            while let Some(left) = self.here.join_next().await {
                left.expect("no panic").expect("an answer");
            }
        }
    }

    /// 140 readings of one person with a password once held all the places, and everybody else waited.
    #[tokio::test]
    async fn v6_one_person_has_a_quarter_of_the_places_and_others_work_on() {
        let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-22T03:00:00Z"));
        let api = api(&scratch, &clock);
        let busy = Busy::of(&api, Operation::ShowAuthority, &["one"], 16).await;
        for other in ["two", "three"] {
            asks(&api, other, Operation::RevokeCertificate).run(|_| Ok(())).await.expect("a place");
        }
        busy.leave().await;
    }

    /// Rehearsals, which take minutes, once held up every revocation.
    #[tokio::test]
    async fn v6_no_work_waits_for_long_readings_nor_for_pages() {
        let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-22T03:00:00Z"));
        let api = api(&scratch, &clock);
        let hurried = |places| Crowd::with_patience(places, Duration::ZERO);
        let places = api.places.clone();
        let places = Places { pages: hurried(4), long: hurried(2), ..places };
        let api = Api { places, ..api };
        for (operation, like, at_work) in [
            (Operation::RehearseRenewal, Operation::CheckConsistency, 2),
            (Operation::ReadJournal, Operation::ListApplications, 4),
        ] {
            let busy = Busy::of(&api, operation, &PEOPLE, at_work).await;
            for free in [Operation::HoldCertificates, Operation::DeliverApplication] {
                asks(&api, "one", free).run(|_| Ok(())).await.expect("a place");
            }
            for operation in [operation, like] {
                let late = asks(&api, "five", operation).run(|_| Ok(())).await;
                assert_eq!(late.expect_err("nobody waits for ever").fault, Fault::Unavailable);
            }
            drop(busy);
        }
    }
}
