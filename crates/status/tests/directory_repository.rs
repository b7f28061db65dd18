//! The directory over the store: what `ldapsearch` gets is what was published, as of now.
#![allow(clippy::unwrap_used)]

mod ocsp_fixture;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::crl_series::Partition;
use domain::name::{Attribute, AttributeKind, DistinguishedName};
use jitsuin_status::directory::{CaEntry, PointTable, RepositoryDirectory};
use jitsuin_status::known::Known;
use jitsuin_status::ldap::{
    AttributeDescription, BindRefusal, Directory, DirectoryError, Dn, Entry, Identity, Scope,
};
use jitsuin_status::verifier_auth::{Attempt, VerifierAuth};
use ocsp_fixture::{World, distinguished};
use store::SeriesKey;

const POINTS: &str = "OU=Saitama-ken,CN=jpki-auth,O=JPKI-TEST,C=JP";
const CA: &str = "CN=jpki-auth,O=JPKI-TEST,C=JP";

fn municipality(code: &str) -> Partition {
    Partition::Municipality(code.parse().unwrap())
}

fn point(partition: Partition) -> DistinguishedName {
    let ca = distinguished("jpki-auth");
    match partition {
        Partition::ArlSelfSigned => ca,
        other => ca.below([
            Attribute::new(AttributeKind::OrganizationalUnit, "Saitama-ken"),
            Attribute::new(AttributeKind::CommonName, format!("{other} CRLDP")),
        ]),
    }
}

/// A directory of every series in the store; it counts how often the table is asked for.
fn directory(world: &World) -> (RepositoryDirectory, Arc<AtomicUsize>) {
    let store = world.store.clone();
    let auth = VerifierAuth::new(
        store.clone(),
        Arc::new(|given, _, _| Some(given == b"secret")),
        "decoy",
        Known::default(),
    );
    let name = distinguished("jpki-auth");
    let cas = vec![CaEntry { ca: world.ca.id.clone(), name, cross_certificate_pairs: Vec::new() }];
    let asked = Arc::new(AtomicUsize::new(0));
    let (counter, ca, table_store) = (asked.clone(), world.ca.id.clone(), store.clone());
    let points: Arc<PointTable> = Arc::new(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        let series = table_store.series(&ca).map_err(|error| error.to_string())?;
        Ok(series.into_iter().map(|row| (row.key.clone(), point(row.key.partition))).collect())
    });
    let now = world.now;
    (RepositoryDirectory::new(store, auth, cas, points, Arc::new(move || now)), asked)
}

fn dn(text: &str) -> Dn {
    text.parse().unwrap()
}

fn entry(directory: &RepositoryDirectory, name: &str, caller: &Identity) -> Entry {
    directory.search(&dn(name), Scope::Base, caller).unwrap().entries.remove(0)
}

/// The readable values of an attribute.
fn values(entry: &Entry, attribute: &str) -> Vec<Vec<u8>> {
    let wanted = AttributeDescription::parse(attribute).unwrap();
    let found = entry.readable().find(|held| held.description == wanted);
    let values = found.map(|held| held.values.load().unwrap()).unwrap_or_default();
    values.iter().map(|value| value.to_vec()).collect()
}

#[test]
fn v4_the_ca_entry_holds_its_certificate_and_all_its_authority_lists() {
    let world = World::new();
    world.list(Partition::ArlSelfSigned, 1, b"ARL 1", true);
    world.list(Partition::ArlLink, 1, b"link ARL", true);
    world.list(Partition::ArlCross, 1, b"withheld", false);
    let (directory, _) = directory(&world);
    let ca = entry(&directory, CA, &Identity::Anonymous);
    assert_eq!(values(&ca, "cACertificate;binary"), std::slice::from_ref(&world.ca.certificate));
    let mut lists = values(&ca, "authorityRevocationList;binary");
    lists.sort();
    assert_eq!(lists, [b"ARL 1".to_vec(), b"link ARL".to_vec()]);
    assert!(values(&ca, "objectClass").contains(&b"pkiCA".to_vec()));
    assert_eq!(values(&ca, "crossCertificatePair;binary"), Vec::<Vec<u8>>::new());
    let modified = world.now.strftime("%Y%m%d%H%M%SZ").to_string();
    assert_eq!(values(&ca, "modifyTimestamp"), [modified.into_bytes()]);
    let link = entry(&directory, &format!("CN=arl-link CRLDP,{POINTS}"), &Identity::Anonymous);
    assert_eq!(values(&link, "authorityRevocationList;binary"), [b"link ARL".to_vec()]);
}

#[test]
fn k6_v3_the_ca_entry_holds_the_links_that_are_valid() {
    use domain::certificate::{CertificateKind, CertificateState};
    let world = World::new();
    world.put(5, CertificateKind::LinkOldWithNew, CertificateState::Good);
    let revoked = CertificateState::Revoked {
        at: world.now,
        reason: domain::revocation::RevocationReason::Superseded,
    };
    world.put(6, CertificateKind::LinkNewWithOld, revoked);
    let (directory, _) = directory(&world);
    let ca = entry(&directory, CA, &Identity::Anonymous);
    let mut held = values(&ca, "cACertificate;binary");
    held.sort();
    let mut wanted = vec![b"certificate".to_vec(), world.ca.certificate.clone()];
    wanted.sort();
    assert_eq!(held, wanted, "one link and the root; the revoked link is gone");
    assert_eq!(values(&ca, "crossCertificatePair;binary"), Vec::<Vec<u8>>::new());
}

#[test]
fn v8_user_lists_are_withheld_from_whoever_may_not_read_them() {
    let world = World::new();
    world.list(municipality("11203"), 1, b"Kawaguchi", true);
    world.list(Partition::Other, 1, b"servers", true);
    let mut row = world.verifier("verifier-1", b"certificate");
    world.register(row.clone());
    let (directory, _) = directory(&world);
    let name = dn("cn=VERIFIER-1, o=Verifiers, c=JP");
    let attempt = Attempt { from: [127, 0, 0, 1].into(), at: jiff::Timestamp::UNIX_EPOCH };
    let verifier = directory.authenticate(&name, b"secret", attempt).unwrap();
    assert!(matches!(&verifier, Identity::Verifier { id, .. } if id.as_str() == "verifier-1"));
    for (name, password) in [(name, b"wrong".as_slice()), (dn("CN=nobody,C=JP"), b"secret")] {
        let refused = directory.authenticate(&name, password, attempt);
        assert_eq!(refused, Err(BindRefusal::InvalidCredentials));
    }
    let kawaguchi = format!("CN=11203 CRLDP,{POINTS}");
    let list = |name: &str, caller: &Identity| {
        values(&entry(&directory, name, caller), "certificateRevocationList;binary")
    };
    assert_eq!(list(&kawaguchi, &verifier), [b"Kawaguchi".to_vec()]);
    assert_eq!(list(&kawaguchi, &Identity::Anonymous), Vec::<Vec<u8>>::new());
    assert_eq!(entry(&directory, &kawaguchi, &Identity::Anonymous).withheld.len(), 1);
    let servers = format!("CN=other CRLDP,{POINTS}");
    assert_eq!(list(&servers, &Identity::Anonymous), [b"servers".to_vec()]);
    row.may_read_crl = false;
    world.register(row);
    assert_eq!(list(&kawaguchi, &verifier), Vec::<Vec<u8>>::new(), "the right is taken at once");
}

#[test]
fn v11_a_new_list_and_a_new_point_are_there_at_once() {
    let world = World::new();
    world.list(Partition::Other, 1, b"first", true);
    let (directory, asked) = directory(&world);
    let other = format!("CN=other CRLDP,{POINTS}");
    let list = || {
        let entry = entry(&directory, &other, &Identity::Anonymous);
        values(&entry, "certificateRevocationList;binary")
    };
    assert_eq!([list(), list()], [[b"first".to_vec()], [b"first".to_vec()]]);
    assert_eq!(asked.load(Ordering::Relaxed), 1, "nothing changed, nothing is read again");
    world.list(Partition::Other, 2, b"second", true);
    world.list(Partition::Other, 3, b"withheld", false);
    assert_eq!(list(), [b"second".to_vec()]);
    let warabi = dn(&format!("CN=11223 CRLDP,{POINTS}"));
    let search = || directory.search(&warabi, Scope::Base, &Identity::Anonymous);
    let matched = dn(POINTS);
    assert_eq!(search().unwrap_err(), DirectoryError::NoSuchObject { matched });
    world.list(municipality("11223"), 1, b"Warabi", true);
    assert_eq!(search().unwrap().entries.len(), 1);
}

#[test]
fn v2_the_tree_is_whole_from_the_top() {
    let world = World::new();
    let series = world.list(municipality("11203"), 1, b"Kawaguchi", true);
    assert_eq!(series, SeriesKey { ca: world.ca.id.clone(), generation: 1, ..series.clone() });
    let (directory, _) = directory(&world);
    assert_eq!(directory.naming_contexts().unwrap(), [dn("C=JP")]);
    let names = |base: &str, scope| {
        let found = directory.search(&dn(base), scope, &Identity::Anonymous).unwrap();
        found.entries.iter().map(|entry| entry.dn.to_string()).collect::<Vec<_>>()
    };
    let kawaguchi = format!("CN=11203 CRLDP,{POINTS}");
    let all = ["C=JP", "O=JPKI-TEST,C=JP", CA, POINTS, kawaguchi.as_str()];
    assert_eq!(names("", Scope::Subtree), all);
    assert_eq!(names("C=JP", Scope::OneLevel), ["O=JPKI-TEST,C=JP"]);
    assert_eq!(names(POINTS, Scope::Subtree), &all[3..]);
    let classes =
        |name: &str| values(&entry(&directory, name, &Identity::Anonymous), "objectClass");
    assert_eq!(classes("C=JP"), [b"top".to_vec(), b"country".to_vec()]);
    assert_eq!(classes(&kawaguchi), [b"top".to_vec(), b"cRLDistributionPoint".to_vec()]);
}
