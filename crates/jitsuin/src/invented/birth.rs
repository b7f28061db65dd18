//! Dates of birth and genders after the age pyramid of Japan in the 2020s.

use domain::resident::Gender;
use jiff::ToSpan;
use jiff::civil::{Date, date};

use super::random::Random;

/// The year of the first births.
pub(super) const FIRST_YEAR: i16 = 1920;

const FIRST_DAY: Date = date(FIRST_YEAR, 1, 1);

/// Residents by age in bands of five years, in ten thousands, rounded (census and estimates).
const BANDS: [u64; 21] = [
    420, 490, 530, 550, 610, 640, 640, 700, 780, 910, 960, 830, 750, 730, 840, 780, 590, 400, 210,
    60, 9,
];

/// A date of birth of somebody alive on `today`, never before 1920.
pub(super) fn date_of_birth(random: &mut Random, today: Date) -> Date {
    let band = random.weighted(BANDS.iter().copied()) as i64;
    let days = band * 1826 + random.below(1826) as i64;
    let born = today.saturating_sub(days.days());
    if born >= FIRST_DAY {
        return born;
    }
    let living_days = (today - FIRST_DAY).get_days();
    FIRST_DAY.saturating_add((random.below(living_days as u64) as i64).days())
}

/// A birthday on Feb 29, of somebody alive on `today`.
pub(super) fn leap_day(random: &mut Random, today: Date) -> Date {
    let born = date_of_birth(random, today);
    let leap_year = (born.year() - born.year() % 4).max(FIRST_YEAR);
    match Date::new(leap_year, 2, 29) {
        Ok(day) if day <= today => day,
        // 1920 was a leap year, and today lies after it.
        _ => date(FIRST_YEAR, 2, 29),
    }
}

/// A gender: slightly more boys are born, and women live longer.
pub(super) fn gender(random: &mut Random, born: Date, today: Date) -> Gender {
    let women_per_thousand = match today.year() - born.year() {
        ..20 => 488,
        20..65 => 495,
        65..80 => 530,
        80..90 => 630,
        _ => 740,
    };
    if random.per_thousand(women_per_thousand) { Gender::Female } else { Gender::Male }
}
