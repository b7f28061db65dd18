//! The services of a place, running.

use std::sync::Arc;

use super::place::Place;
use crate::serve::{Addresses, Listeners, Running};
use crate::system::System;

/// They stop when this is stopped.
pub(super) struct Served {
    pub(super) system: Arc<System>,
    running: Running,
    pub(super) addresses: Addresses,
}

impl Served {
    /// Starts them, with so many custodians who came before.
    pub(super) fn start(place: &Place, custodians: usize) -> Self {
        let system = place.open(custodians);
        let listeners = Listeners::bind(&system.config.listen).expect("ports");
        let addresses = listeners.addresses().expect("addresses");
        let running = Running::start(system.clone(), listeners).expect("it starts");
        Self { system, running, addresses }
    }

    pub(super) fn stop(self) {
        self.running.stop().expect("it stops");
    }
}
