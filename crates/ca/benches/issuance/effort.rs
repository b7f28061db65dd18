//! The processor time that was spent, of which other programs on the machine take nothing away.
//!
//! On a machine that others use too, many threads get more of it than few, and the rate by the clock
//! flatters whoever has many. What each certificate costs in processor time does not.

use std::fs;

use testkit::{Aim, Figure, Rounds};

/// Runs `work`, notes how many of `count` it did in a second of processor time, and hands its own
/// figure on.
pub(crate) fn noting(into: &mut Vec<f64>, count: usize, work: impl FnOnce() -> f64) -> f64 {
    let before = ticks();
    let own = work();
    into.push(count as f64 * TICKS_IN_A_SECOND / (ticks() - before));
    own
}

/// The figure of all rounds.
pub(crate) fn figure(own: &[f64], raw: &[f64]) -> Figure {
    let (mut own, mut raw) = (own.iter().copied(), raw.iter().copied());
    let next = |of: &mut dyn Iterator<Item = f64>| of.next().unwrap();
    let count = own.len();
    let rounds = Rounds::alternate(count, || next(&mut own), || next(&mut raw));
    let name = "durable issuance, by processor time";
    rounds
        .figure(name, "certificates/s", "raw RSA-2048 signatures, one core")
        .aim(Aim::AtLeast(0.8))
}

/// Linux counts a process's time in hundredths of a second, whatever its own clock does.
const TICKS_IN_A_SECOND: f64 = 100.0;

/// Processor time of this process so far, its ended threads and the kernel's part included.
fn ticks() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    // The fields after the program's name, which may hold spaces: utime and stime are 14 and 15.
    let fields = stat.rsplit_once(')').unwrap().1;
    let times = fields.split_whitespace().skip(11).take(2);
    times.map(|ticks| ticks.parse::<f64>().unwrap()).sum()
}
