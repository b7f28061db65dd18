//! Passwords of verifiers: what strangers can make the server spend on checking them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jitsuin_status::verifier_auth::{AuthRefusal, VerifierAuth};
use testkit::Scratch;

/// A check of a password takes some 20 MiB: one for each connection would take all memory.
#[test]
fn v6_a_crowd_of_strangers_has_few_passwords_checked_at_once() {
    const CROWD: usize = 24;
    let scratch = Scratch::new();
    let (running, most, all) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let counters = Arc::new((running, most, all));
    let check = {
        let counters = Arc::clone(&counters);
        move |_: &[u8], _: &str| {
            let (running, most, all) = &*counters;
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            all.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(10));
            running.fetch_sub(1, Ordering::SeqCst);
            false
        }
    };
    let auth = VerifierAuth::new(scratch.store.clone(), Arc::new(check), "decoy");
    std::thread::scope(|scope| {
        for _ in 0..CROWD {
            let auth = auth.clone();
            scope.spawn(move || {
                let refused = auth.by_id("nobody", b"guess").expect_err("nobody has no password");
                assert!(matches!(refused, AuthRefusal::InvalidCredentials));
            });
        }
    });
    assert_eq!(counters.2.load(Ordering::SeqCst), CROWD, "each has its answer");
    assert!(counters.1.load(Ordering::SeqCst) <= 4, "{:?} at once", counters.1);
}
