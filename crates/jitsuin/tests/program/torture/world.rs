//! What the clients share: the server of the moment, and what was acknowledged.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, RwLock};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::facts::{Facts, Figures};
use crate::installation::{Client, Server};

/// How long a client repeats a request before it counts as stuck.
const TIMEOUT: Duration = Duration::from_secs(300);

/// After so long with one request, a client asks for a life that is long enough for it.
const PATIENCE: Duration = Duration::from_secs(30);

/// How much longer such a life is at most.
const LONGER: Duration = Duration::from_secs(20);

/// How long a client waits before it repeats.
const PAUSE: Duration = Duration::from_millis(40);

/// Where the server of the moment answers.
#[derive(Clone)]
pub(super) struct Life {
    pub(super) client: Client,
    pub(super) repository: SocketAddr,
    pub(super) holder: SocketAddr,
}

/// What all clients share.
#[derive(Default)]
pub(super) struct World {
    life: RwLock<Option<Life>>,
    lives: AtomicU64,
    stopping: AtomicBool,
    /// How many clients no life was long enough for so far.
    kept_waiting: AtomicU64,
    facts: Mutex<Facts>,
    figures: Mutex<Figures>,
}

impl World {
    /// A new life: whoever waits goes on with this one.
    pub(super) fn lives(&self, server: &Server) {
        let Server { client, repository, holder, .. } = server;
        let life = Life { client: client.clone(), repository: *repository, holder: *holder };
        *self.life.write().unwrap() = Some(life);
        self.lives.fetch_add(1, Ordering::SeqCst);
    }

    /// The server is gone.
    pub(super) fn dies(&self) {
        *self.life.write().unwrap() = None;
    }

    /// Lets a life go on until those have their answers whom no life before was long enough for: on a slow
    /// machine they would wait for ever, and would count as stuck.
    pub(super) fn let_the_kept_waiting_end(&self) {
        let begun = Instant::now();
        while self.kept_waiting.load(Ordering::SeqCst) > 0 && begun.elapsed() < LONGER {
            std::thread::sleep(PAUSE);
        }
    }

    /// Nobody begins anything new.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    pub(super) fn life(&self) -> Option<Life> {
        self.life.read().unwrap().clone()
    }

    pub(super) fn acknowledge(&self, fact: impl FnOnce(&mut Facts)) {
        fact(&mut self.facts.lock().unwrap());
    }

    /// Something that was acknowledged is not so.
    pub(super) fn lose(&self, what: String) {
        eprintln!("LOST: {what}");
        self.facts.lock().unwrap().lost.push(what);
    }

    pub(super) fn count(&self, figure: impl FnOnce(&mut Figures)) {
        figure(&mut self.figures.lock().unwrap());
    }

    pub(super) fn figures(&self) -> Figures {
        *self.figures.lock().unwrap()
    }

    pub(super) fn facts<T>(&self, read: impl FnOnce(&Facts) -> T) -> T {
        read(&self.facts.lock().unwrap())
    }
}

/// Counted among those whom no life was long enough for, until it is dropped.
struct KeptWaiting<'a>(&'a AtomicU64);

impl<'a> KeptWaiting<'a> {
    fn counted(count: &'a AtomicU64) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for KeptWaiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Somebody who works: every request has an id of its own and is repeated until it is answered.
pub(super) struct Worker<'a> {
    pub(super) world: &'a World,
    name: String,
    requests: u64,
}

/// The story cannot go on; the world knows why.
#[derive(Debug)]
pub(super) struct BrokenOff;

impl<'a> Worker<'a> {
    pub(super) fn new(world: &'a World, name: String) -> Self {
        Self { world, name, requests: 0 }
    }

    /// The operation id of the request that was made last, or of one so many after it.
    pub(super) fn operation(&self, later: u64) -> String {
        format!("op-{}-{}", self.name, self.requests + later)
    }

    /// Has something done, across as many lives as it takes; the answer.
    pub(super) fn done(
        &mut self,
        who: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, BrokenOff> {
        self.requests += 1;
        let operation = self.operation(0);
        let headers = [("Operation-Id", operation.as_str())];
        let world = self.world;
        let (begun, mut first_life, mut refused) = (Instant::now(), None, false);
        let (mut last, mut kept_waiting) = (String::from("no server"), None);
        while begun.elapsed() < TIMEOUT {
            if begun.elapsed() > PATIENCE {
                kept_waiting.get_or_insert_with(|| KeptWaiting::counted(&world.kept_waiting));
            }
            let life = world.lives.load(Ordering::SeqCst);
            if let Some(Life { client, .. }) = world.life() {
                let is_first = *first_life.get_or_insert(life) == life;
                match client.ask(who, "POST", path, body, &headers) {
                    Ok((200..=299, answer)) => {
                        world.count(|figures| {
                            figures.acknowledged += 1;
                            figures.refused_for_a_while += u64::from(refused);
                        });
                        return Ok(answer);
                    }
                    Ok((status @ (500 | 503), answer)) => {
                        last = format!("{status} {answer}");
                        world.count(|figures| figures.put_off += 1);
                    }
                    // What a cut left open may refuse it until it is settled.
                    Ok((status, answer)) if !is_first => {
                        last = format!("{status} {answer}");
                        refused = true;
                    }
                    Ok((status, answer)) => {
                        world.lose(format!("{who}: {path} ({operation}): {status} {answer}"));
                        return Err(BrokenOff);
                    }
                    Err(error) => {
                        last = error.to_string();
                        world.count(|figures| figures.unanswered += 1);
                    }
                }
            }
            std::thread::sleep(PAUSE);
        }
        world.lose(format!("{who}: {path} ({operation}) is stuck: {last}"));
        Err(BrokenOff)
    }
}
