//! The desk: every operation of the command line and the API once, as plain blocking calls.
//!
//! An operation says who may ask ([`permission`]), reads the shapes of [`crate::wire`], has `ra` or
//! `ca` do it, and answers with a shape. Refusals by the desk itself are in the journal before they
//! are told, as those of `ra` and `ca` are; so is every reading of records and ledgers (E1).

mod adoption;
pub mod applications;
pub(crate) mod approvals;
pub mod authorities;
pub mod cards;
pub mod ceremonies;
pub mod certificates;
pub mod check;
mod compromises;
pub mod credentials;
mod custodians;
mod endings;
mod findings;
mod first_people;
mod hands;
mod health;
mod holder;
mod joined;
pub mod journal;
pub mod keys;
mod listed;
pub mod lists;
mod parts;
pub mod passkeys;
pub mod people;
pub mod permission;
pub mod progress;
mod proof;
mod recover;
pub mod register;
mod repeat;
pub mod service_requests;
mod starts;
pub mod weak_keys;
mod workshop;

pub use crate::acts::Clock;
pub use crate::entrance::door::Door;
pub(crate) use crate::entrance::door::unproven;
pub use crate::entrance::foreign_issuers::ForeignIssuer;
pub use crate::entrance::principal::{Principal, Proof};
pub use crate::entrance::refusals::Refusals;
pub use crate::entrance::{Entrance, Shown};
pub(crate) use crate::ledger::reading;
pub use adoption::PolicyAdoption;
pub use approvals::{
    Approvable, Approvals, ApproveOperation, AttendCeremony, Attendances, Meeting,
};
pub use check::{Audit, Auditor, SERVER};
pub use compromises::CompromiseProcedures;
pub use endings::{Deadlines, Ending, Endings, RECOVER, WayIn};
pub use first_people::FirstPeople;
pub use hands::Windows;
pub use health::{Condition, Gravity, Health};
pub use holder::Declined;
pub use joined::WindowAuthority;
pub use journal::Evidence;
pub use keys::{Keyroom, Notary};
pub(crate) use parts::Authorities;
pub use parts::{Desk, DeskBuilder};
pub use recover::WayBackIn;
pub(crate) use repeat::Done;
pub use starts::{Approval, Objections, RECORDS_GIVEN_UP, Starts};
pub use workshop::{Invented, Workshop};

/// The most rows one answer holds: at a few kilobytes a row that is a few megabytes.
pub const MAX_PAGE: usize = 1000;

/// The rows of a page unless the caller says otherwise.
pub(crate) fn usual_page() -> usize {
    100
}

/// Cuts rows to a page of `limit`, and returns the last of them where others follow.
fn cut_to_page<T>(rows: &mut Vec<T>, limit: usize) -> Option<&T> {
    let limit = limit.clamp(1, MAX_PAGE);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    rows.last().filter(|_| has_more)
}

/// The last number that has a next one in the store; asking beyond it is asking beyond the end.
const LAST_NUMBER: u64 = i64::MAX.unsigned_abs() - 1;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::net::IpAddr;
    use std::sync::Arc;

    use jiff::SignedDuration;
    use ra::holder::Holders;
    use store::reads::ReadJournal;
    use store::{RoomOnDisk, Store};
    use testkit::{Clock as ClockOfTest, Scratch};

    use super::*;

    /// Whoever is refused at the entrance, and whoever is at home, are in the same sums; and on a full disk
    /// neither writes.
    #[test]
    fn e1_the_refusals_of_all_doors_are_told_together_and_by_one_look_at_the_disk() {
        let (scratch, clock) = (Scratch::new(), ClockOfTest::at("2026-11-28T03:00:00Z"));
        let (told, room) = (clock.clone(), RoomOnDisk::default());
        let holders = Holders::new(scratch.store.clone(), []).expect("randomness");
        let store: Arc<dyn Store> = scratch.store.clone();
        let desk = Desk::builder(store, BTreeMap::new(), [].into(), Arc::new(move || told.now()))
            .holders(Arc::new(holders))
            .room_on_disk(room.clone())
            .build();
        let from = IpAddr::from([192, 0, 2, 1]);
        let door = |name: &str| Door { name: name.to_owned(), from };
        let knock = || {
            let wrong = Ok(Shown::bearer("nobody's"));
            desk.entrance().enter(wrong, &door("GET /a"), None).expect_err("a stranger");
            let of_nobody = Some(&b"no certificate"[..]);
            let shown = desk.self_service().show_own_certificates(of_nobody, &door("/"));
            assert!(shown.is_err());
        };
        let entries = || scratch.store.journal(0, 1000).expect("a journal").len();
        let tell = || {
            clock.advance(SignedDuration::from_mins(1));
            desk.entrance().refusals().tell(false).expect("told");
            entries()
        };
        let before = entries();
        (0..3).for_each(|_| knock());
        assert_eq!(entries(), before + 2, "the first of each");
        assert_eq!(tell(), before + 4, "the sums of both");
        room.note(true);
        (0..3).for_each(|_| knock());
        assert_eq!(tell(), before + 4, "nobody writes on a full disk");
        room.note(false);
        assert_eq!(tell(), before + 6);
    }
}
