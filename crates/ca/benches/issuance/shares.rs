//! How long each step takes a caller who is alone, so that one sees where the time goes.

use std::cell::Cell;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use jitsuin_ca::IssuanceStep;
use testkit::{Figure, median};

use super::holders::Holder;
use super::world::World;

/// Few, because every commit of a lonely caller waits for the disk.
const CERTIFICATES: usize = 200;

thread_local! {
    static LAST: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Prints the median of each step in microseconds beside that of one signature.
pub(crate) fn print(holders: &[Holder], signature_micros: f64) {
    let times: Arc<Mutex<Vec<(IssuanceStep, f64)>>> = Arc::default();
    let noted = times.clone();
    let world = World::new(1).observed(Arc::new(move |step| {
        let now = Instant::now();
        // The first step's time includes the checks before it and the caller's way back.
        if let Some(before) = LAST.replace(Some(now)) {
            noted.lock().unwrap().push((step, (now - before).as_secs_f64() * 1e6));
        }
    }));
    world.issue(world.requests(&holders[..CERTIFICATES.min(holders.len())], 1));
    let times = times.lock().unwrap();
    for (step, name) in [
        (IssuanceStep::Reserved, "checks of the request and step 1, reserve"),
        (IssuanceStep::Drafted, "step 2, draft"),
        (IssuanceStep::Linted, "step 3, lint"),
        (IssuanceStep::Intended, "step 4, commit the intent alone"),
        (IssuanceStep::Signed, "step 5, sign and compare"),
        (IssuanceStep::Issued, "step 6, commit the issue alone"),
    ] {
        let own = times.iter().filter(|(of, _)| *of == step).map(|(_, micros)| *micros);
        Figure::once(name, "us", median(own), "one raw signature", signature_micros).print();
    }
}
