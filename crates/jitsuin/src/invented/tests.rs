//! The invented residents are the same each time and in the proportions of a real town.

use std::collections::{BTreeMap, BTreeSet};

use domain::resident::Gender;
use domain::text;
use jiff::civil::date;

use super::*;

fn parameters(count: usize) -> Parameters {
    let municipalities = ["11100", "11203", "11201", "11301", "13101", "08201"];
    Parameters {
        seed: 42,
        count,
        municipalities: municipalities.iter().map(|c| c.parse().expect("a code")).collect(),
        today: date(2026, 4, 1),
    }
}

fn town(count: usize) -> Vec<Resident> {
    residents(&parameters(count)).expect("valid parameters")
}

/// How many in a thousand of `town` are so.
fn per_thousand(town: &[Resident], is_so: impl Fn(&Resident) -> bool) -> usize {
    town.iter().filter(|r| is_so(r)).count() * 1000 / town.len()
}

#[test]
fn w8_the_same_seed_gives_the_same_residents_and_another_gives_others() {
    assert_eq!(town(2000), town(2000));
    assert_eq!(town(2000)[..500], town(500));
    let other = residents(&Parameters { seed: 43, ..parameters(500) }).expect("valid");
    let same = other.iter().zip(town(500)).filter(|(a, b)| a.basic_four() == b.basic_four());
    assert!(same.count() < 5);
}

#[test]
fn w8_the_first_residents_are_as_reviewed() {
    let shown = |r: &Resident| {
        let alias = r.alias.as_deref().unwrap_or("-");
        let name = r.name();
        format!(
            "{} {name} {} {alias} {} {} {:?}",
            r.code, r.reading, r.address, r.birth_date, r.gender
        )
    };
    let first = town(32).iter().map(shown).collect::<Vec<_>>().join("\n");
    assert_eq!(first, include_str!("first_residents.txt").trim_end());
}

#[test]
fn w8_codes_are_unique_and_end_in_their_check_digit() {
    let town = town(20_000);
    let codes: BTreeSet<_> = town.iter().map(|r| r.code.as_str()).collect();
    assert_eq!(codes.len(), town.len());
    for code in codes {
        // Weights 2 to 7 and again 2 to 5 from the right of the ten digits.
        let digits: Vec<u32> = code.chars().rev().filter_map(|c| c.to_digit(10)).collect();
        let weights = [2, 3, 4, 5, 6, 7, 2, 3, 4, 5];
        let sum: u32 = digits[1..].iter().zip(weights).map(|(d, w)| d * w).sum();
        let expected = if sum % 11 <= 1 { 0 } else { 11 - sum % 11 };
        assert_eq!(digits[0], expected, "{code}");
    }
}

#[test]
fn w8_proportions_are_those_of_a_real_town() {
    let town = town(10_000);
    let hard = per_thousand(&town, |r| text::check(&r.name_with_alias()).is_err());
    assert!((10..=20).contains(&hard), "{hard} names need substitutes");
    let foreign = per_thousand(&town, |r| r.is_foreign);
    assert!((20..=30).contains(&foreign), "{foreign} foreign");
    let aliases = town.iter().filter(|r| r.alias.is_some()).count();
    let foreigners = town.iter().filter(|r| r.is_foreign).count();
    assert!(aliases * 100 / foreigners > 25 && aliases < foreigners, "{aliases} of {foreigners}");
    assert!(town.iter().all(|r| r.is_foreign || r.alias.is_none()));
    let women = per_thousand(&town, |r| r.gender == Gender::Female);
    assert!((490..=535).contains(&women), "{women} women");
    let minors = per_thousand(&town, |r| r.birth_date > date(2008, 4, 1));
    assert!((120..=180).contains(&minors), "{minors} minors");
    let old = per_thousand(&town, |r| r.birth_date <= date(1961, 4, 1));
    assert!((260..=340).contains(&old), "{old} of 65 and over");
}

#[test]
fn w8_every_thousand_holds_the_rare_cases() {
    for thousand in town(3000).chunks(1000) {
        let leap = |r: &&Resident| (r.birth_date.month(), r.birth_date.day()) == (2, 29);
        assert!(thousand.iter().any(|r| leap(&r)));
        let mut alike = BTreeMap::new();
        for r in thousand {
            *alike.entry((r.name(), r.birth_date, r.gender)).or_insert(0) += 1;
        }
        assert!(alike.values().any(|n| *n == 2));
        assert!(thousand.iter().any(|r| text::length(&r.name_with_alias()) > 80));
        let longest = thousand.iter().map(|r| text::length(&r.address)).max();
        assert!(longest.is_some_and(|n| (180..=200).contains(&n)), "{longest:?}");
    }
}

#[test]
fn w8_addresses_can_be_certified_and_lie_in_their_municipality() {
    for r in town(6000) {
        assert_eq!(text::check_address(&r.address), Ok(()), "{}", r.address);
        let home = municipality::find(r.municipality).expect("in the list");
        assert!(r.address.starts_with(&home.prefecture) && r.address.contains(&home.name));
        let (earliest, latest) = (date(1920, 1, 1), date(2026, 4, 1));
        assert!((earliest..=latest).contains(&r.birth_date), "{}", r.birth_date);
        let text_problem = text::check_name(&r.name_with_alias()).err();
        let is_only_hard = matches!(text_problem, None | Some(text::TextError::Characters { .. }));
        assert!(is_only_hard, "{text_problem:?}");
        assert!(!r.reading.trim().is_empty() && !r.reading.starts_with('　'), "{}", r.name());
    }
}

#[test]
fn w8_impossible_parameters_are_refused() {
    let with = |change: fn(&mut Parameters)| {
        let mut wrong = parameters(1);
        change(&mut wrong);
        residents(&wrong).expect_err("wrong")
    };
    assert_eq!(with(|p| p.municipalities.clear()), SyntheticError::NoMunicipality);
    assert_eq!(with(|p| p.count = MAX_COUNT + 1), SyntheticError::TooMany);
    assert_eq!(with(|p| p.today = date(1920, 12, 31)), SyntheticError::TooEarly);
    let nowhere: MunicipalityCode = "99999".parse().expect("five digits");
    let error = residents(&Parameters { municipalities: vec![nowhere], ..parameters(1) });
    assert_eq!(error, Err(SyntheticError::UnknownMunicipality(nowhere)));
    assert_eq!(town(0), []);
    for today in [date(1921, 1, 1), date(1921, 1, 2), date(2124, 2, 29)] {
        let town = residents(&Parameters { today, ..parameters(1000) }).expect("valid");
        assert!(town.iter().all(|r| r.birth_date <= today), "{today}");
    }
}
