//! The gate against lists that are signed by the right key and wrong in one field each.

use std::fs::File;
use std::sync::Arc;

use domain::crl_series::Partition;
use domain::name::{Attribute, AttributeKind};
use keys::MemoryKeyStore;
use store::reads::ReadRevoked;
use store::{CrlKey, CrlRow, SeriesKey};
use testkit::{Clock, Scratch, act};
use x509::crl::{CrlTemplate, DistributionPointScope};
use x509::name::Name;

use super::gate::Served;
use super::{Difference, Lists, list_template, write_list};
use crate::authority::CertificationAuthority;

const POLICY: &str = include_str!("../../../../policy/jpki-auth.toml");

type Spoil = fn(&mut CrlTemplate);

/// What another CA's, another partition's or an older list would bring (Kamu SM, 2026).
const WRONG: [(&str, Spoil); 7] = [
    ("issuer", |list| list.issuer = elsewhere()),
    ("authorityKeyIdentifier", |list| list.authority_key_identifier.key_identifier = vec![7; 20]),
    ("cRLNumber", |list| list.number += 1),
    ("issuingDistributionPoint", |list| {
        list.distribution_point.as_mut().expect("a point").name = elsewhere();
    }),
    ("issuingDistributionPoint", |list| {
        let point = list.distribution_point.as_mut().expect("a point");
        point.scope = DistributionPointScope::UserCertificates;
    }),
    ("thisUpdate", |list| list.this_update -= jiff::SignedDuration::from_secs(1)),
    ("nextUpdate", |list| list.next_update += jiff::SignedDuration::from_secs(1)),
];

fn elsewhere() -> Name {
    let country = Attribute::new(AttributeKind::Country, "JP");
    let name = domain::name::DistinguishedName(vec![country]);
    Name::write(&name.below([Attribute::new(AttributeKind::Organization, "Elsewhere")]))
        .expect("a name")
}

#[test]
fn v11_every_field_that_tells_lists_apart_keeps_a_wrong_one_from_the_public() {
    let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-22T03:00:00Z"));
    let keys = Arc::new(MemoryKeyStore::new());
    let authority =
        CertificationAuthority::set_up(&act(&clock), POLICY, scratch.store.clone(), keys)
            .expect("a CA");
    let generation = authority.generations().current_at(clock.now()).expect("a key");
    let series = SeriesKey {
        ca: authority.id().clone(),
        generation: 1,
        partition: Partition::ArlSelfSigned,
    };
    let lists = authority.lists();
    let right =
        list_template(authority.policy(), clock.now(), &series, 1, &generation).expect("a draft");
    let found = |template: &CrlTemplate| {
        let mut differences = Vec::new();
        let mut judge = |view: &dyn store::RevokedSnapshot| {
            let (list, entries) =
                write_list(&*lists.keys, template, &generation, view).expect("a list");
            differences = judged(lists, &right, &series, (&list, entries), view);
            Ok(())
        };
        scratch
            .store
            .with_revoked(&series, true, jiff::Timestamp::MIN, &mut judge)
            .expect("a view");
        differences
    };
    assert_eq!(found(&right), [], "the right list passes");
    for (field, spoil) in WRONG {
        let mut wrong = right.clone();
        spoil(&mut wrong);
        let differences = found(&wrong);
        let named = |one: &Difference| matches!(one, Difference::Field { field: told, .. } if *told == field);
        assert!(differences.iter().any(named), "{field}: {differences:?}");
    }
}

/// What the gate finds in a list that should be as `right` says.
fn judged(
    lists: &Lists,
    right: &CrlTemplate,
    series: &SeriesKey,
    (list, entries): (&File, u64),
    view: &dyn store::RevokedSnapshot,
) -> Vec<Difference> {
    let row = CrlRow {
        key: CrlKey { series: series.clone(), number: right.number },
        this_update: right.this_update,
        next_update: right.next_update,
        next_publish: right.next_publish.expect("a plan"),
        entries,
        sha256: [0; 32],
        as_of: view.as_of(),
    };
    lists.gate.differences(&row, list, view, &mut Served::default()).expect("a judgement")
}
