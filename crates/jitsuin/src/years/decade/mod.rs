//! Ten years of an installation, a week's work at each stop, against a model of what must be so: every
//! certificate's answer agrees between database, OCSP and lists; nothing ends unrenewed or untold.
//!
//! The short form stops twice a year. `JITSUIN_EVERY_MONTH=1` stops in every one.

mod model;
mod office;
mod witness;

use jiff::civil::{DateTime, date};
use jiff::{Timestamp, ToSpan, tz};

use self::model::Model;
use self::office::Office;
use super::place::Place;

/// Where it begins: ten years from there have leap days in 2028, 2032 and 2036.
const BEGINS: &str = "2026-11-27T08:00:00Z";

#[test]
fn e2_l12_ten_years_of_work_and_renewals_leave_nothing_ended_untold_or_in_disagreement() {
    let months = if std::env::var_os("JITSUIN_EVERY_MONTH").is_some() { 1 } else { 6 };
    let place = Place::at(BEGINS);
    office::set_up(&place);
    let mut model = Model::default();
    for at in stops(months) {
        place.move_to(at);
        let office = Office::open(&place);
        office.keep(&mut model);
        office.work(&mut model);
        office.close(&mut model);
        witness::agree(&office.system, &model);
    }
    // The years had in them what they were to have.
    assert!(model.renewed_keys >= 3, "both CAs' keys: {}", model.renewed_keys);
    assert!(model.renewed_tls >= 9, "the server's certificate: {}", model.renewed_tls);
    assert!(model.let_in >= 3, "people let in by custodians: {}", model.let_in);
    assert!(model.ended(place.now()) > 5, "certificates that ended by themselves");
}

/// The stops: the 28th or 29th of a month, so that leap days are among them.
fn stops(months: i32) -> Vec<Timestamp> {
    let mut stops = Vec::new();
    let mut month = date(2026, 11, 1);
    while month < date(2036, 11, 1) {
        month = month.checked_add(months.months()).expect("a date");
        let day = if month.in_leap_year() && month.month() == 2 { 29 } else { 28 };
        let noon: DateTime = month.with().day(day).build().expect("a day").at(3, 0, 0, 0);
        stops.push(noon.to_zoned(tz::TimeZone::UTC).expect("a time").timestamp());
    }
    // Every leap day is a stop, whatever the steps.
    for year in [2028, 2032, 2036] {
        let leap = date(year, 2, 29).at(3, 0, 0, 0);
        stops.push(leap.to_zoned(tz::TimeZone::UTC).expect("a time").timestamp());
    }
    stops.sort_unstable();
    stops.dedup();
    stops
}
