//! Who must be present, so that a ceremony may begin or go on.

use domain::ceremony::{Script, Seat};

use super::account::Present;

/// Everything that is wrong with who is present; empty when the ceremony may go on (A 5.2.2,
/// 6.2.2, S 5-2-1).
pub fn objections(script: &Script, present: &[Present]) -> Vec<String> {
    let mut found = Vec::new();
    for (index, one) in present.iter().enumerate() {
        let Present { person, seat } = one;
        match script.seat_of(person) {
            None => found.push(format!("{person} is not named in the script")),
            Some(named) if named != *seat => {
                found.push(format!("{person} is named as a {named}, not as a {seat}"));
            }
            Some(_) if present[..index].iter().any(|earlier| earlier.person == *person) => {
                found.push(format!("{person} came twice"));
            }
            Some(_) => {}
        }
    }
    for seat in Seat::ALL {
        let needed = script.needed(seat);
        let there = script.named_for(seat);
        let there = there.filter(|id| present.iter().any(|p| p.seat == seat && p.person == **id));
        let count = there.count();
        if count < needed {
            found.push(format!("{count} in the seat of {seat}, where {needed} are needed"));
        }
    }
    found
}
