//! The worst day with a million certificates: how long until all are revoked and listed, how much
//! memory that takes, and how long the longest question about a status waits meanwhile.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run may say so by ending")]

#[path = "../revocation_list/memory.rs"]
mod memory;
mod region;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use testkit::{Aim, Figure};

use region::Region;

const CERTIFICATES: usize = 1_000_000;
/// Memory beyond the base that the procedure may take, however many there are.
const ALLOWED_MEBIBYTES: f64 = 64.0;
/// What a client of OCSP waits before it gives up; a question must never wait that long.
const TIMEOUT_SECONDS: f64 = 5.0;

fn main() {
    let count = std::env::var("JITSUIN_BENCH_CERTIFICATES").ok().and_then(|n| n.parse().ok());
    let count = count.unwrap_or(CERTIFICATES);
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let region = Region::open(scratch.path());
    let started = Instant::now();
    let asked = region.fill(count);
    let filling = started.elapsed().as_secs_f64();
    eprintln!("{count} certificates were stored in {filling:.1} s");
    let base = memory::peak();
    let done = AtomicBool::new(false);
    let (revoking, listing, slowest) = std::thread::scope(|scope| {
        let questions = scope.spawn(|| slowest_question(&region, &asked, &done));
        let (revoking, listing) = region.compromise();
        done.store(true, Ordering::SeqCst);
        (revoking, listing, questions.join().unwrap())
    });
    let each = |seconds: f64| seconds * 1_000_000.0 / count as f64;
    let name = "1,000,000 certificates revoked after a compromise";
    Figure::once(name, "s", each(revoking), "storing them, a thousand a unit", each(filling))
        .aim(Aim::AtMost(1.0))
        .print();
    Figure::once("and every list published", "s", listing, "revoking them", revoking).print();
    let beyond = memory::peak() - base;
    Figure::once("its memory beyond the base", "MiB", beyond, "what is allowed", ALLOWED_MEBIBYTES)
        .aim(Aim::AtMost(1.0))
        .print();
    let name = "the slowest of the questions asked meanwhile";
    Figure::once(name, "s", slowest.as_secs_f64(), "a client's timeout", TIMEOUT_SECONDS)
        .aim(Aim::AtMost(1.0))
        .print();
}

/// Asks for the status of one certificate after the other, as OCSP does, until all is done.
fn slowest_question(
    region: &Region,
    serials: &[domain::id::SerialNumber],
    done: &AtomicBool,
) -> Duration {
    let mut slowest = Duration::ZERO;
    let mut asked = serials.iter().cycle();
    while !done.load(Ordering::SeqCst) {
        let started = Instant::now();
        region.ask(asked.next().unwrap());
        slowest = slowest.max(started.elapsed());
        std::thread::sleep(Duration::from_millis(1));
    }
    slowest
}
