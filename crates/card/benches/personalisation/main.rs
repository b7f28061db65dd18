//! One card personalised and delivered, both slots, beside the RSA and AES that it cannot do without;
//! and what goes over the line for it: commands and octets, which are counted and not measured.
//!
//! Whether the card must be stored is asked twice a command, as in a cabinet, but nothing is written:
//! what a disk takes is no work of the card. The time is the processor's, of which other programs on
//! the machine take nothing away.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run may say so by ending")]

mod bare;
mod holder;
mod office;
mod reader;

use std::fs;

use jitsuin_card::CardSlot;
use testkit::{Aim, Figure, Rounds};

use bare::BareWork;
use holder::Holder;
use office::Office;
use reader::{Length, Reader, Tally};

/// Cards of one round.
const CARDS: usize = 50;

fn main() {
    let rounds = number("JITSUIN_BENCH_ROUNDS", 5);
    let holder = Holder::new();
    let office = Office::new();
    let (issue, delivery) = counted(&office, &holder, Length::Extended);
    let bare = BareWork::of(&holder, &[&issue, &delivery]);
    let personalised = || {
        let reader = Reader::with_blank_card(Length::Extended);
        office.issue_both(&reader, &holder);
        office.deliver_both(&reader);
    };
    Rounds::alternate(rounds, || each(personalised), || each(|| bare.perform()))
        .figure("a card personalised and delivered, both slots", "ms", "its RSA and AES alone")
        .aim(Aim::AtMost(1.3))
        .print();
    print_commands(&office, &holder);
    print_octets(&office, &holder);
}

/// Milliseconds of the processor for one card.
fn each(work: impl Fn()) -> f64 {
    let started = processor_nanoseconds();
    (0..CARDS).for_each(|_| work());
    (processor_nanoseconds() - started) / 1e6 / CARDS as f64
}

/// The processor's time for this thread so far.
fn processor_nanoseconds() -> f64 {
    let statistics = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    statistics.split(' ').next().unwrap().parse().unwrap()
}

/// What went over the line to issue onto both slots of a card, and to deliver them.
fn counted(office: &Office, holder: &Holder, length: Length) -> (Tally, Tally) {
    let reader = Reader::with_blank_card(length);
    office.issue_both(&reader, holder);
    let issue = reader.taken_tally();
    office.deliver_both(&reader);
    (issue, reader.taken_tally())
}

fn print_commands(office: &Office, holder: &Holder) {
    let (issue, delivery) = counted(office, holder, Length::Extended);
    let (short_issue, short_delivery) = counted(office, holder, Length::Short);
    commands("issuing onto both slots in one channel", &issue, &short_issue);
    commands("delivering both slots in one channel", &delivery, &short_delivery);
    for slot in CardSlot::ALL {
        let [(issue, delivery), (short_issue, short_delivery)] = [Length::Extended, Length::Short]
            .map(|length| {
                let reader = Reader::with_blank_card(length);
                office.issue(&reader, holder, slot);
                let issue = reader.taken_tally();
                office.deliver(&reader, slot);
                (issue, reader.taken_tally())
            });
        commands(&format!("a window's issue, {slot}"), &issue, &short_issue);
        commands(&format!("a window's delivery, {slot}"), &delivery, &short_delivery);
    }
}

fn commands(name: &str, extended: &Tally, short: &Tally) {
    let [extended, short] = [extended, short].map(|tally| tally.exchanges.len() as f64);
    Figure::once(name, "commands", extended, "with short commands alone", short).print();
}

fn print_octets(office: &Office, holder: &Holder) {
    let lengths = [(Length::Extended, "extended length"), (Length::Short, "short commands alone")];
    for (length, words) in lengths {
        let (issue, delivery) = counted(office, holder, length);
        let sent = (issue.sent() + delivery.sent()) as f64;
        let name = format!("to the card, both slots, {words}");
        let needed = holder.loaded_octets() as f64;
        Figure::once(&name, "octets", sent, "keys, certificates, secrets alone", needed).print();
        let received = (issue.received() + delivery.received()) as f64;
        let name = format!("from the card, both slots, {words}");
        let proofs = holder::PROOF_OCTETS as f64;
        Figure::once(&name, "octets", received, "the four proofs alone", proofs).print();
    }
}

fn number(variable: &str, otherwise: usize) -> usize {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}
