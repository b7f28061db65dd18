//! The one thread that hashes passwords, in one block of memory that it keeps.
//!
//! Argon2 is made to cost 19 MiB. A bound on how many run at once bounds nothing while each runs on
//! whatever thread came, because the allocator keeps a block for every thread that ever had one. So
//! there is one thread in the process, and before it a short queue for each kind of caller: strangers
//! wait for strangers, and whom there is no room for is told so at once.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Condvar, Mutex, OnceLock, PoisonError, mpsc};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::Zeroizing;

/// Passwords that wait for each kind of caller. At some 30 ms each, the last has its answer within
/// half a second.
const WAITING: usize = 16;

/// Who has a password hashed. Each kind has a queue of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// Whoever has proven who they are; they go first.
    Known,
    /// Somebody who wants to come in at the desk.
    Entrance,
    /// Somebody who says that they are a verifier.
    Verifier,
    /// The same, from where that verifier came in lately.
    VerifierAtHome,
}

/// Too many wait already; nothing was hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords wait to be checked")]
pub struct Busy;

/// Whether a password belongs to a hash in PHC string form; a hash that cannot be read, or asks for
/// more memory than ours do, belongs to none.
///
/// # Errors
/// [`Busy`].
pub fn fits(caller: Caller, password: &[u8], hash: &str) -> Result<bool, Busy> {
    let (password, hash) = (Zeroizing::new(password.to_vec()), hash.to_owned());
    on_the_thread(caller, move |memory| memory.fits(&password, &hash))
}

/// The hash of a password, PHC string form (Argon2id, the crate's defaults, which are those of the
/// OWASP Password Storage Cheat Sheet); nothing where the random generator fails.
///
/// # Errors
/// [`Busy`].
pub fn hash(caller: Caller, password: &str) -> Result<Option<String>, Busy> {
    let password = Zeroizing::new(password.as_bytes().to_vec());
    on_the_thread(caller, move |memory| memory.hash(&password))
}

/// The block in which every password is hashed.
struct Memory(Vec<Block>);

impl Memory {
    fn new() -> Self {
        Self(vec![Block::new(); Params::DEFAULT.block_count()])
    }

    fn fits(&mut self, password: &[u8], hash: &str) -> bool {
        self.matches(password, hash).unwrap_or(false)
    }

    fn matches(&mut self, password: &[u8], hash: &str) -> Option<bool> {
        let stored = PasswordHash::new(hash).ok()?;
        let (salt, expected) = (stored.salt?, stored.hash?);
        let algorithm = Algorithm::try_from(stored.algorithm.as_str()).ok()?;
        let version = Version::try_from(stored.version?).ok()?;
        let params = Params::try_from(&stored).ok()?;
        if params.block_count() > self.0.len() {
            return None;
        }
        let argon2 = Argon2::new(algorithm, version, params);
        // The comparison of two outputs takes the same time wherever they differ.
        Some(self.derive(&argon2, password, &salt, expected.len())? == expected)
    }

    fn hash(&mut self, password: &[u8]) -> Option<String> {
        let mut drawn = [0; Salt::RECOMMENDED_LENGTH];
        aws_lc_rs::rand::fill(&mut drawn).ok()?;
        let salt = Salt::new(&drawn).ok()?;
        let argon2 = Argon2::default();
        let output = self.derive(&argon2, password, &salt, Params::DEFAULT_OUTPUT_LEN)?;
        let hash = PasswordHash {
            algorithm: Algorithm::default().ident(),
            version: Some(Version::default().into()),
            params: ParamsString::try_from(argon2.params()).ok()?,
            salt: Some(salt),
            hash: Some(output),
        };
        Some(hash.to_string())
    }

    fn derive(
        &mut self,
        argon2: &Argon2<'_>,
        password: &[u8],
        salt: &[u8],
        length: usize,
    ) -> Option<Output> {
        let mut buffer = Zeroizing::new([0; Output::MAX_LENGTH]);
        let out = buffer.get_mut(..length)?;
        argon2.hash_password_into_with_memory(password, salt, out, &mut self.0).ok()?;
        Output::new(out).ok()
    }
}

type Job = Box<dyn FnOnce(&mut Memory) + Send>;

/// What waits for the thread.
struct Queue {
    lanes: Mutex<Lanes>,
    came: Condvar,
}

/// Kinds of caller that take turns.
const STRANGERS: usize = 3;

struct Lanes {
    known: VecDeque<Job>,
    strangers: [VecDeque<Job>; STRANGERS],
    /// Which of the strangers' lanes goes first next.
    turn: usize,
}

static QUEUE: Queue = Queue::new();

/// Whether the thread runs.
static THREAD: OnceLock<bool> = OnceLock::new();

impl Queue {
    const fn new() -> Self {
        let strangers = [const { VecDeque::new() }; STRANGERS];
        let lanes = Lanes { known: VecDeque::new(), strangers, turn: 0 };
        Self { lanes: Mutex::new(lanes), came: Condvar::new() }
    }

    fn put(&self, caller: Caller, job: Job) -> Result<(), Busy> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let lane = lanes.of(caller);
        if lane.len() >= WAITING {
            return Err(Busy);
        }
        lane.push_back(job);
        self.came.notify_one();
        Ok(())
    }

    fn take(&self) -> Job {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(job) = lanes.next() {
                return job;
            }
            lanes = self.came.wait(lanes).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Lanes {
    fn of(&mut self, caller: Caller) -> &mut VecDeque<Job> {
        match caller {
            Caller::Known => &mut self.known,
            Caller::Entrance => &mut self.strangers[0],
            Caller::Verifier => &mut self.strangers[1],
            Caller::VerifierAtHome => &mut self.strangers[2],
        }
    }

    fn next(&mut self) -> Option<Job> {
        let first = self.turn;
        self.turn = (first + 1) % STRANGERS;
        let turns = (0..STRANGERS).map(|after| (first + after) % STRANGERS);
        let lanes = &mut self.strangers;
        self.known.pop_front().or_else(|| turns.filter_map(|lane| lanes[lane].pop_front()).next())
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Queue")
    }
}

fn on_the_thread<T: Send + 'static>(
    caller: Caller,
    work: impl FnOnce(&mut Memory) -> T + Send + 'static,
) -> Result<T, Busy> {
    if !*THREAD.get_or_init(start) {
        return Err(Busy);
    }
    let (answer, answered) = mpsc::sync_channel(1);
    let job = move |memory: &mut Memory| {
        // Who does not wait any more does not get it.
        let _ = answer.send(work(memory));
    };
    QUEUE.put(caller, Box::new(job))?;
    answered.recv().map_err(|_| Busy)
}

fn start() -> bool {
    let started = std::thread::Builder::new().name("passwords".to_owned()).spawn(|| {
        let mut memory = Memory::new();
        loop {
            QUEUE.take()(&mut memory);
        }
    });
    started.inspect_err(|error| tracing::error!(%error, "no thread for passwords")).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w3_a_password_fits_its_own_hash_and_what_cannot_be_read_fits_nothing() {
        let hash = hash(Caller::Known, "correct horse").expect("room").expect("a hash");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        for (password, stored, expected) in [
            ("correct horse", hash.as_str(), true),
            ("correct horsf", &hash, false),
            ("", &hash, false),
            ("correct horse", &hash.replace("m=19456", "m=4194304"), false),
            ("correct horse", "$argon2id$", false),
            ("correct horse", "", false),
        ] {
            let fits = fits(Caller::Entrance, password.as_bytes(), stored);
            assert_eq!(fits, Ok(expected), "{password} {stored}");
        }
    }

    /// RFC 9106 5.3 tests the function; this one the reading of what other programs wrote.
    #[test]
    fn w3_a_hash_by_the_crate_itself_is_read() {
        use argon2::password_hash::PasswordHasher;
        let params = Params::new(64, 1, 1, Some(24)).expect("parameters");
        let argon2 = Argon2::new(Algorithm::Argon2i, Version::V0x10, params);
        let theirs = argon2.hash_password_with_salt(b"secret", b"some salt").expect("a hash");
        let theirs = theirs.to_string();
        assert_eq!(fits(Caller::Known, b"secret", &theirs), Ok(true), "{theirs}");
        assert_eq!(fits(Caller::Known, b"secreu", &theirs), Ok(false));
    }

    #[test]
    fn v6_a_full_queue_turns_strangers_away_and_lets_the_known_in_first() {
        let queue = Queue::new();
        let ran: &'static Mutex<Vec<&str>> = Box::leak(Box::default());
        let job =
            |who: &'static str| -> Job { Box::new(move |_| ran.lock().expect("a lock").push(who)) };
        for _ in 0..WAITING {
            queue.put(Caller::Entrance, job("stranger")).expect("room");
        }
        assert_eq!(queue.put(Caller::Entrance, job("stranger")), Err(Busy));
        for _ in 0..WAITING {
            queue.put(Caller::Verifier, job("guess")).expect("room");
        }
        assert_eq!(queue.put(Caller::Verifier, job("guess")), Err(Busy));
        queue.put(Caller::VerifierAtHome, job("verifier")).expect("a queue of their own");
        queue.put(Caller::Known, job("known")).expect("a queue of their own");
        let mut memory = Memory(Vec::new());
        for _ in 0..4 {
            queue.take()(&mut memory);
        }
        let ran = ran.lock().expect("a lock");
        assert_eq!(ran[0], "known");
        for who in ["stranger", "guess", "verifier"] {
            assert!(ran[1..].contains(&who), "strangers take turns: {ran:?}");
        }
    }

    /// 300 wrong log-ins once left 4.4 GB: a block for each thread that had ever hashed.
    #[test]
    fn v6_many_callers_share_one_block_of_memory() {
        let before = resident_kib();
        std::thread::scope(|scope| {
            for _ in 0..64 {
                scope.spawn(|| {
                    for _ in 0..3 {
                        let _ = fits(Caller::Entrance, b"guess", DECOY);
                    }
                });
            }
        });
        let grown = resident_kib().saturating_sub(before);
        assert!(grown < 64 << 10, "{grown} KiB for one block of 19 MiB");
    }

    const DECOY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZSBzYWx0$\
        MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE";

    fn resident_kib() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").expect("a status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line");
        line.trim().trim_end_matches("kB").trim().parse().expect("a number")
    }
}
