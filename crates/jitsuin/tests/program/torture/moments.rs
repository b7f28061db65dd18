//! The named moments at which a life ends itself: before and after the commit of every kind of entry,
//! and around a sealing.

use std::collections::BTreeSet;

use domain::journal::EventKind;

use crate::tamper::Chance;

/// What the work here never comes to; every other kind is a moment.
const ELSEWHERE: [EventKind; 20] = [
    EventKind::CaCreated,
    EventKind::KeyBackedUp,
    EventKind::KeyRestored,
    EventKind::KeyActBegun,
    EventKind::KeysDeactivated,
    EventKind::CustodyEstablished,
    EventKind::CeremonyStarted,
    EventKind::CeremonyStep,
    EventKind::CeremonyCompleted,
    EventKind::KeyRenewed,
    EventKind::KeyCompromised,
    EventKind::CertificateDiscarded,
    EventKind::ApplicationApproved,
    EventKind::ApplicationRefused,
    EventKind::ApplicationWithdrawn,
    EventKind::CrlWithheld,
    EventKind::VerifierRegistered,
    EventKind::OperatorRegistered,
    EventKind::RoomEntry,
    EventKind::SystemStopped,
];

/// Every moment in an order drawn by chance, the first, second or third time it comes.
pub(super) fn all(chance: &mut Chance) -> Vec<String> {
    let mut moments: Vec<String> =
        sides().map(|moment| format!("{moment}:{}", 1 + chance.below(3))).collect();
    chance.shuffle(&mut moments);
    moments
}

/// The moments that are not among those that were `reached`, whenever they came.
pub(super) fn unreached(reached: &BTreeSet<String>) -> Vec<String> {
    let is_reached = |moment: &String| {
        let moment = format!("{moment}:");
        reached.iter().any(|one| one.starts_with(&moment))
    };
    sides().filter(|moment| !is_reached(moment)).collect()
}

/// Before and after every kind.
fn sides() -> impl Iterator<Item = String> {
    let kinds = EventKind::ALL.into_iter().filter(|kind| !ELSEWHERE.contains(kind));
    kinds
        .map(EventKind::name)
        .chain(["seal"])
        .flat_map(|kind| ["before", "after"].map(|side| format!("{side}:{kind}")))
}
