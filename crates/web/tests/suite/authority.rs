//! The real CAs are what windows take for one, as their twin in memory is.

use std::sync::Arc;

use ca::card_master::dangerous_set_up_without_backup;
use keys::{KeyStore, MemoryKeyStore};
use store::Store;
use testkit::{Clock, Scratch, act};

use super::world::{joined, set_up};

#[test]
fn w1_the_joined_cas_keep_the_contract_that_windows_rely_on() {
    let (scratch, clock) = (Scratch::new(), Clock::at("2026-04-01T03:00:00Z"));
    let keys: Arc<dyn KeyStore> = Arc::new(MemoryKeyStore::new());
    let store: Arc<dyn Store> = scratch.store.clone();
    let cas = set_up(&scratch, &clock, &keys);
    let cards = dangerous_set_up_without_backup(&act(&clock), store.clone(), keys.clone());
    let cards = cards.expect("a card master");
    let transport = |number| cards.card_keys(&number).expect("its keys").transport;
    for authority in joined(&cas, &store) {
        ra::authority::contract::check(&*authority, &transport, clock.now());
    }
}
