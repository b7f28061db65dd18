//! Renewal of the CA's key: when it may be, what it leaves, who signs what before and after.

use std::sync::Arc;

use ca::{CertificationAuthority, ListOutcome, Renewal, Weight};
use domain::algorithm::KeyAlgorithm;
use domain::application::ApplicationKind;
use domain::certificate::{CertificateKind, CertificateState};
use domain::crl_series::Partition;
use domain::journal::EventKind;
use domain::revocation::RevocationReason;
use domain::validity;
use jiff::SignedDuration;
use keys::{Administer, KeyStore};
use store::reads::{ReadAuthorities, ReadJournal};
use store::{Change, Entry, Store, Unit};
use testkit::act;
use x509::crl::Crl;
use x509::read::Certificate;

use super::town::{Town, links, moved, quick};
use super::world::{AUTH, auth_request, card};

fn read(der: &[u8]) -> Certificate {
    Certificate::parse(der).expect("a certificate")
}

fn entries(town: &Town) -> usize {
    town.scratch.store.journal(0, 1_000).expect("a read").len()
}

#[test]
fn k6_p3_p4_a_renewal_makes_root_and_links_with_their_periods_and_extensions() {
    let town = Town::new(&quick());
    let (made, old) = (town.clock.now(), read(&town.root(1)));
    town.clock.advance(SignedDuration::from_hours(24 * 365));
    let renewed = town.renew(&town.renewal()).expect("renewed");
    let (new, now) = (read(&town.root(2)), town.clock.now());
    assert_eq!(new.der, renewed.self_signed);
    assert_eq!(new.tbs.subject, old.tbs.subject, "every generation has the same name");
    for (link, subject_key, signer, from) in [
        (&links(&renewed).old_with_new, &old, &new, made),
        (&links(&renewed).new_with_old, &new, &old, now),
    ] {
        let link = read(link);
        link.verify(&signer.tbs.subject_public_key_info).expect("by the other key");
        assert!(link.tbs.is_self_issued());
        assert_eq!(link.tbs.subject_public_key_info, subject_key.tbs.subject_public_key_info);
        assert_eq!(link.tbs.validity.not_before, from);
        assert_eq!(link.tbs.validity.not_after, old.tbs.validity.not_after);
        let identifier = link.tbs.authority_key_identifier().expect("readable").expect("there");
        let of_signer = signer.tbs.subject_key_identifier().expect("readable").expect("there");
        assert_eq!(identifier.key_identifier, of_signer);
        assert_eq!(identifier.issuer_and_serial, None);
        let constraints = link.tbs.basic_constraints().expect("readable").expect("there");
        assert!(constraints.ca && constraints.path_length.is_none());
        let points = link.tbs.crl_distribution_points().expect("readable");
        let own = ca::distribution_point(town.authority.policy(), Partition::ArlLink);
        let own = x509::name::Name::write(&own.expect("a name")).expect("a name");
        assert_eq!(points, [x509::read::DistributionPoint::DirectoryName(own)]);
    }
}

#[test]
fn k6_issuance_moves_over_at_the_planned_moment_and_not_before() {
    let town = Town::new(&quick());
    let renewal = town.renewal();
    let renewed = town.renew(&renewal).expect("renewed");
    assert_eq!(renewed.generation.issues_from, renewal.issues_from);
    let by = |der: &[u8], generation: u32| {
        let key = town.authority.generations().numbered(generation).expect("it exists").key.clone();
        read(der).verify(key.as_der()).is_ok()
    };
    let server = town.server("before");
    assert!(by(&server, 1) && !by(&server, 2), "the old key until then");
    town.clock.advance(SignedDuration::from_secs(3599));
    assert!(by(&town.user(1), 1), "to the last second");
    town.clock.advance(SignedDuration::from_secs(1));
    let server = town.server("after");
    assert!(by(&server, 2) && !by(&server, 1), "the new key from then on");
    assert!(by(&town.user(2), 2));
}

#[test]
fn p5_users_responders_and_lists_follow_the_algorithm_of_the_policy() {
    for key in [KeyAlgorithm::Rsa3072, KeyAlgorithm::EcP256, KeyAlgorithm::EcP384] {
        let mut town = Town::new(AUTH);
        let first = town.authority.generations().numbered(1).expect("a key");
        let now = act(&town.clock);
        let responder = town.authority.responders().set_up(&now, &first, &town.service_keys);
        let responder = responder.expect("a responder");
        town.adopt(&moved(AUTH, key));
        let renewed = town.renew(&town.renewal()).expect("renewed");
        town.clock.advance(SignedDuration::from_hours(2));
        let (user, signature) = (read(&town.user(1)), key.own_signature().expect("it signs"));
        assert_eq!(user.algorithm().expect("known"), signature);
        let of_user = user.tbs.public_key().expect("a key").key_algorithm();
        assert_eq!(of_user, Some(key), "the users' keys follow");
        assert_eq!(renewed.responder.signature, signature, "the new responder follows");
        assert!(responder.signature.fits(KeyAlgorithm::Rsa2048), "the old one stays");
        let delegate = read(&renewed.responder.certificate);
        delegate.verify(renewed.generation.key.as_der()).expect("by the new key");
        town.publish();
        for (generation, wanted) in [(1, first.signature), (2, signature)] {
            let list = town.list(generation, Partition::Other);
            let list = Crl::parse(&list).expect("a list");
            assert_eq!(list.algorithm().expect("known"), wanted, "{key}: generation {generation}");
        }
        // Links are signed each in the way of their signer.
        let old_with_new = read(&links(&renewed).old_with_new).algorithm().expect("known");
        let new_with_old = read(&links(&renewed).new_with_old).algorithm().expect("known");
        assert_eq!((old_with_new, new_with_old), (signature, first.signature));
    }
}

#[test]
fn k6_both_generations_publish_until_the_old_root_ends_and_each_list_holds_all() {
    let town = Town::new(&quick());
    town.clock.advance(SignedDuration::from_hours(24 * 365));
    let before = read(&town.user(1)).tbs.serial;
    town.renew(&town.renewal()).expect("renewed");
    town.clock.advance(SignedDuration::from_hours(2));
    let after = read(&town.user(2)).tbs.serial;
    assert_eq!(town.publish(), 10, "of each key one municipality, the servers, three ARLs");
    let kawaguchi = Partition::Municipality(super::world::KAWAGUCHI.parse().expect("a code"));
    for generation in [1, 2] {
        let list = town.list(generation, kawaguchi);
        let list = Crl::parse(&list).expect("a list");
        let key = &town.authority.generations().numbered(generation).expect("it exists").key;
        list.verify(key.as_der()).expect("by its own key");
        let mut listed: Vec<Vec<u8>> =
            list.entries().map(|entry| entry.expect("readable").serial.to_vec()).collect();
        listed.sort();
        let mut wanted = vec![before.clone(), after.clone()];
        wanted.sort();
        assert_eq!(listed, wanted, "generation {generation}: both wait for delivery");
    }
    let old = town.authority.generations().numbered(1).expect("it exists");
    let series = town.authority.list_series().at(old.ends).expect("series");
    assert_eq!(series.len(), 10, "to the last second");
    let late = old.ends + SignedDuration::from_secs(1);
    let series = town.authority.list_series().at(late).expect("series");
    assert!(series.iter().all(|series| series.generation == 2), "then no more");
    let missed = town.authority.list_series().late(late).expect("series");
    assert!(missed.iter().all(|list| list.series.generation == 2), "and nobody misses them");
    let own = series[0].clone();
    let ended = store::SeriesKey { generation: 1, ..own };
    let now = domain::act::Act { at: late, ..act(&town.clock) };
    let refused = town.authority.lists().publish(&now, &ended).expect_err("it ended").to_string();
    assert!(refused.contains("its root ended"), "{refused}");
}

/// Destroys the key of generation 1 as a ceremony does, and nothing is owed with it two days later.
fn destroy_the_first(town: &Town) {
    let permitted = town.authority.destructions().permit(1, town.clock.now()).expect("permitted");
    let label = permitted.generation.label.clone();
    town.keys.destroy(&label).expect("destroyed");
    for again in [false, true] {
        let entry = Entry::new(EventKind::KeyDestroyed, &act(&town.clock)).subject(&label);
        town.authority.destructions().record(&permitted, entry).expect("noted");
        assert!(
            town.authority.generations().is_destroyed(&permitted.generation).expect("a read"),
            "{again}"
        );
    }
    town.clock.advance(SignedDuration::from_hours(48));
    assert_eq!(town.publish(), 5, "the lists of the other key, each of which passes");
    assert!(town.authority.list_series().late(town.clock.now()).expect("series").is_empty());
    assert!(
        town.authority.generations().unusable_keys(town.clock.now()).expect("a read").is_empty()
    );
}

#[test]
fn v8_k6_numbers_of_lists_increase_over_the_generations_of_one_issuer() {
    let town = Town::new(&quick());
    town.user(1);
    for _ in 0..2 {
        town.clock.advance(SignedDuration::from_hours(24));
        town.publish();
    }
    town.clock.advance(SignedDuration::from_hours(24 * 365));
    town.renew(&town.renewal()).expect("renewed");
    // What a relying party would keep: the highest number that it saw of a distribution point.
    let mut highest = std::collections::HashMap::new();
    for _ in 0..3 {
        town.clock.advance(SignedDuration::from_hours(25));
        let due = town.authority.list_series().due(town.clock.now()).expect("series");
        assert_eq!(due.len(), 10, "both keys sign");
        for outcome in town.authority.lists().publish_all(&act(&town.clock), &due) {
            let ListOutcome::Published(row) = outcome else { panic!("{outcome:?}") };
            let list = town.list(row.key.series.generation, row.key.series.partition);
            let list = Crl::parse(&list).expect("a list");
            let number = list.number().expect("readable").expect("a number");
            let point = list.issuing_distribution_point().expect("readable").expect("a point");
            let seen = (list.issuer.to_string(), format!("{:?}", point.names));
            let before = highest.insert(seen, number);
            assert!(before.unwrap_or(2) < number, "{before:?} before {number}: {:?}", row.key);
        }
    }
    assert_eq!(
        highest.into_values().collect::<Vec<_>>(),
        [8; 5],
        "two keys, three times, after two"
    );
}

#[test]
fn k9_a_key_that_certificates_or_lists_need_is_not_destroyed_and_says_until_when() {
    let town = Town::new(&quick());
    let issuing = town.authority.destructions().permit(1, town.clock.now()).expect_err("it issues");
    assert!(issuing.to_string().contains("still issues"), "{issuing}");
    town.clock.advance(SignedDuration::from_hours(24 * 365));
    town.renew(&town.renewal()).expect("renewed");
    let user = read(&town.user(1));
    town.clock.advance(SignedDuration::from_hours(2));
    let old = town.authority.generations().numbered(1).expect("it exists");
    let needed = town.authority.destructions().permit(1, town.clock.now()).expect_err("needed");
    let (needed, last) = (needed.to_string(), user.tbs.validity.not_after.max(old.ends));
    for told in ["certificates under it are in force", "5 lists", &last.to_string()] {
        assert!(needed.contains(told), "{told}: {needed}");
    }
    town.clock.advance(old.ends.duration_since(town.clock.now()));
    let needed = town.authority.destructions().permit(1, town.clock.now());
    assert!(needed.is_err(), "to the last second");
    town.clock.advance(SignedDuration::from_secs(1));
    destroy_the_first(&town);
}

#[test]
fn k9_after_a_compromise_that_was_carried_out_the_key_is_destroyed_and_no_list_is_late() {
    let town = Town::new(&quick());
    town.renew(&town.renewal()).expect("renewed");
    town.user(1);
    town.clock.advance(SignedDuration::from_hours(2));
    let second = "operator-2".parse().expect("an id");
    town.authority.compromises().declare(&act(&town.clock), 1, &second).expect("declared");
    let begun = town.authority.destructions().permit(1, town.clock.now()).expect_err("begun");
    assert!(begun.to_string().contains("not carried out to the end"), "{begun}");
    for _ in 0..3 {
        town.clock.advance(SignedDuration::from_secs(1));
        town.authority.compromises().proceed(&act(&town.clock), 1, &mut |_| ()).expect("a step");
    }
    town.authority.compromises().complete(&act(&town.clock), 1, &[7; 32]).expect("completed");
    destroy_the_first(&town);
}

/// The clock that said that the root had ended was ahead, or people set it back since.
#[test]
fn k9_a_destruction_that_was_begun_goes_on_whatever_the_clock_says() {
    let town = Town::new(&quick());
    town.renew(&town.renewal()).expect("renewed");
    let old = town.authority.generations().numbered(1).expect("it exists");
    let late = old.ends + SignedDuration::from_secs(1);
    let needed = town.authority.destructions().permit(1, old.ends).expect_err("it is needed");
    assert!(needed.to_string().contains("is still needed"), "{needed}");
    let permitted = town.authority.destructions().permit(1, late).expect("its root ended");
    let told = |kind| Entry::new(kind, &act(&town.clock)).subject(&old.label);
    let copy = || ca::while_kept(Unit::new(told(EventKind::KeyActBegun)), [&old.label]);
    town.scratch.store.commit(copy().expect("a unit")).expect("it is kept");
    let before = copy().expect("a unit");
    let begun = told(EventKind::KeyActBegun);
    town.authority.destructions().begin(&permitted, begun, b"[]".to_vec()).expect("begun");
    let refused = town.scratch.store.commit(before).expect_err("no copy is made any more");
    assert!(matches!(refused, store::Error::Stale { .. }), "{refused}");
    let again = town.authority.destructions().permit(1, old.ends).expect("it goes on");
    town.authority.destructions().record(&again, told(EventKind::KeyDestroyed)).expect("noted");
    town.authority.destructions().permit(1, old.ends).expect("once more, for what came back");
}

#[test]
fn k6_a_renewal_before_its_time_needs_a_reason() {
    let town = Town::new(&quick());
    let early = town.renewal();
    let bare = Renewal { early: None, ..early.clone() };
    let blank = Renewal { early: Some("  ".to_owned()), ..early };
    for (renewal, rule) in [(&bare, "needs a reason"), (&blank, "a reason of 1 to 400")] {
        let (labels, before) = (town.keys.labels().expect("labels"), entries(&town));
        let refused = town.renew(renewal).expect_err("too early").to_string();
        assert!(refused.contains(rule), "{refused}");
        assert_eq!(town.keys.labels().expect("labels"), labels, "no key was made");
        assert_eq!(entries(&town), before + 1, "the refusal is in the journal");
    }
    // Four years less six months after the key was made it is time.
    town.clock.advance(SignedDuration::from_hours(24 * (365 * 4 - 180)));
    let renewal = Renewal { early: None, issues_from: town.clock.now() };
    town.renew(&renewal).expect("in time");
}

#[test]
fn k6_one_renewal_after_another_and_none_of_the_past() {
    let town = Town::new(&quick());
    let past =
        Renewal { issues_from: town.clock.now() - SignedDuration::from_secs(1), ..town.renewal() };
    assert!(town.renew(&past).expect_err("past").to_string().contains("past"));
    let beyond = town.authority.generations().numbered(1).expect("a key").ends;
    let beyond = Renewal { issues_from: beyond, ..town.renewal() };
    assert!(town.renew(&beyond).expect_err("ended").to_string().contains("no link spans it"));
    let renewal = town.renewal();
    let first = town.renew(&renewal).expect("renewed");
    // Asked again it answers the same and makes nothing.
    let labels = town.keys.labels().expect("labels");
    let again = town.renew(&renewal).expect("no-op");
    assert!(again.no_op && !first.no_op);
    assert_eq!(again.self_signed, first.self_signed);
    assert_eq!(
        (&links(&again).old_with_new, &links(&again).new_with_old),
        (&links(&first).old_with_new, &links(&first).new_with_old)
    );
    assert_eq!(again.responder, first.responder);
    assert_eq!(town.keys.labels().expect("labels"), labels);
    let later = SignedDuration::from_hours(1);
    let next = Renewal { issues_from: renewal.issues_from + later, ..renewal };
    let refused = town.renew(&next).expect_err("the move is still to come").to_string();
    assert!(refused.contains("one move after another"), "{refused}");
}

/// GlobalSign, 2016: every path is simulated before a link exists.
#[test]
fn k6_a_renewal_that_would_break_a_path_is_refused_before_any_real_key_signs() {
    let broken = quick().replacen(
        "validity = { rule = \"new-with-old\" }\nextensions = [\n  { id = \"keyUsage\", critical = true, bits = [\"keyCertSign\", \"cRLSign\"] },",
        "validity = { rule = \"new-with-old\" }\nextensions = [\n  { id = \"keyUsage\", critical = true, bits = [\"keyCertSign\"] },",
        1,
    );
    assert_ne!(broken, quick());
    let mut town = Town::new(&quick());
    town.adopt(&broken);
    let rehearsal = town
        .authority
        .rehearsals()
        .rehearse(town.clock.now(), town.renewal().issues_from)
        .expect("it can be rehearsed");
    assert!(!rehearsal.is_sound());
    let breaks = rehearsal.findings.iter().find(|finding| finding.weight == Weight::Breaks);
    let text = breaks.expect("a path breaks").text.clone();
    assert!(text.contains("cRLSign") && text.contains("root 1"), "{text}");
    let (labels, before) = (town.keys.labels().expect("labels"), entries(&town));
    let refused = town.renew(&town.renewal()).expect_err("it would break").to_string();
    assert!(refused.contains("cRLSign"), "{refused}");
    assert_eq!(town.keys.labels().expect("labels"), labels);
    assert_eq!(entries(&town), before + 1, "nothing but the refusal");
}

#[test]
fn k6_a_rehearsal_touches_nothing_and_tells_what_will_be() {
    let mut town = Town::new(AUTH);
    town.adopt(&moved(AUTH, KeyAlgorithm::EcP384));
    let (labels, before) = (town.keys.labels().expect("labels"), entries(&town));
    // So late that users outlive the old root: 4 years of 10 are gone, and 7 more.
    let now = town.clock.now() + SignedDuration::from_hours(24 * 365 * 5);
    let rehearsal = town.authority.rehearsals().rehearse(now, now).expect("a rehearsal");
    assert_eq!(town.keys.labels().expect("labels"), labels);
    assert_eq!(entries(&town), before);
    assert!(rehearsal.is_sound(), "{:?}", rehearsal.findings);
    assert_eq!(rehearsal.paths.len(), 2 * 2 * 6, "readers, roots, samples");
    let told: String = rehearsal.findings.iter().map(|finding| format!("{finding}\n")).collect();
    for wanted in [
        "beware: certificates of kind user name their root by issuer and serial too",
        "beware: users whose certificates would last until 2037-11-21T14:59:59Z are refused until the move",
        "beware: it is late",
        "beware: the algorithm moves from rsa-2048 with sha256WithRSAEncryption to ec-p384",
        "note: who holds only root 1",
    ] {
        assert!(told.contains(wanted), "{wanted}: {told}");
    }
}

#[test]
fn k6_another_process_learns_of_the_new_generation() {
    let town = Town::new(&quick());
    let other = CertificationAuthority::open(
        &quick(),
        town.scratch.store.clone(),
        Arc::clone(&town.keys) as Arc<dyn KeyStore>,
    )
    .expect("the CA");
    assert!(!other.generations().refresh().expect("a read"));
    let renewal = town.renewal();
    town.renew(&renewal).expect("renewed");
    assert_eq!(other.generations().all().len(), 1);
    assert!(other.generations().refresh().expect("a read"));
    assert_eq!(other.generations().current_at(renewal.issues_from).expect("a key").number, 2);
    assert!(!other.generations().refresh().expect("a read"), "once");
}

#[test]
fn k6_a_responder_that_is_about_to_end_or_was_revoked_gets_a_successor() {
    let town = Town::new(&quick());
    let root = town.authority.generations().numbered(1).expect("a key");
    let set_up =
        || town.authority.responders().set_up(&act(&town.clock), &root, &town.service_keys);
    let first = set_up().expect("a responder");
    assert_eq!(set_up().expect("the same"), first);
    town.clock.advance(SignedDuration::from_hours(24 * (365 * 5 - 20)));
    let second = set_up().expect("a successor");
    assert_eq!(second.label.as_str(), "jpki-auth-ocsp-1-2");
    let at = town.clock.now();
    let found = town.authority.responders().at(at, &root, &town.service_keys).expect("a read");
    assert_eq!(found, Some(second.clone()), "the newest answers");
    // As if five people had asked for it: what matters here is that it ended.
    let serial = read(&second.certificate).tbs.serial_number().expect("ours");
    let reason = RevocationReason::KeyCompromise;
    let change = Change::SetCertificate {
        ca: town.authority.id().clone(),
        serial,
        from: CertificateState::Good,
        to: CertificateState::Revoked { at, reason },
    };
    let entry = Entry::new(EventKind::CertificateRevoked, &act(&town.clock));
    town.scratch.store.commit(Unit::new(entry).change(change)).expect("revoked");
    let third = set_up().expect("a successor");
    assert_eq!(third.label.as_str(), "jpki-auth-ocsp-1-3");
    town.clock.advance(root.ends.duration_since(town.clock.now()) + SignedDuration::from_secs(1));
    let refused = set_up().expect_err("its root ended").to_string();
    assert!(refused.contains("its root ended"), "{refused}");
}

#[test]
fn k6_link_certificates_have_their_kinds_and_no_third_ever_comes() {
    let town = Town::new(&quick());
    town.renew(&town.renewal()).expect("renewed");
    let name = town.authority.generations().numbered(1).expect("a key").name.clone();
    let rows = town.scratch.store.self_issued(town.authority.id(), name.as_der()).expect("a read");
    let kinds: Vec<_> = rows.iter().map(|row| (row.intent.kind, row.intent.generation)).collect();
    assert_eq!(
        kinds,
        [
            (CertificateKind::SelfSigned, 1),
            (CertificateKind::SelfSigned, 2),
            (CertificateKind::LinkOldWithNew, 2),
            (CertificateKind::LinkNewWithOld, 1),
        ]
    );
}

#[test]
fn k9_p4_the_last_responder_of_a_generation_ends_with_its_root() {
    let town = Town::new(&quick());
    let old = town.authority.generations().numbered(1).expect("it exists");
    town.clock.advance(SignedDuration::from_hours(24 * 366 * 7));
    let now = act(&town.clock);
    let responder =
        town.authority.responders().set_up(&now, &old, &town.service_keys).expect("one");
    assert_eq!(read(&responder.certificate).tbs.validity.not_after, old.ends);
}

#[test]
fn k9_after_the_period_of_its_use_a_key_certifies_nobody_and_signs_lists_all_the_same() {
    let town = Town::new(&quick());
    let old = town.authority.generations().numbered(1).expect("it exists");
    let years = town.authority.policy().keys.ca_renewal_years;
    let ends = validity::renewal_due(old.made_at, years).expect("a time");
    town.clock.advance(ends.duration_since(town.clock.now()));
    town.user(1);
    town.clock.advance(SignedDuration::from_secs(1));
    let issue = |number| {
        let request = auth_request(number, ApplicationKind::IssueWithCard, &card(number));
        town.authority.user_certificates().issue(&act(&town.clock), request).map(drop)
    };
    let refused = issue(2).expect_err("its use has ended").to_string();
    assert!(refused.contains("the use of its key ended"), "{refused}");
    assert!(town.publish() > 0, "lists go on");
    let renewal = Renewal { early: None, ..town.renewal() };
    town.renew(&renewal).expect("it is time");
    issue(2).expect_err("the new key does not issue yet");
    town.clock.advance(SignedDuration::from_hours(2));
    issue(2).expect("by the new key");
}

#[test]
fn k9_p4_what_would_outlive_the_root_of_its_key_is_refused_before_anything_is_on_disk() {
    let long = quick().replacen("count = 5, renewed_count = 6", "count = 9, renewed_count = 9", 1);
    assert_ne!(long, quick());
    let town = Town::new(&long);
    town.user(1);
    town.clock.advance(SignedDuration::from_hours(24 * 365 * 3));
    let before = entries(&town);
    let request = auth_request(2, ApplicationKind::IssueWithCard, &card(2));
    let refused = town.authority.user_certificates().issue(&act(&town.clock), request).map(drop);
    let refused = refused.expect_err("it would outlive the root").to_string();
    let ends = town.authority.generations().numbered(1).expect("it exists").ends;
    assert!(
        refused.contains(&format!("the root of the key that signs it ends at {ends}")),
        "{refused}"
    );
    let journal = town.scratch.store.journal(0, 1_000).expect("a read");
    let intended = |body: &Vec<u8>| {
        let text = String::from_utf8_lossy(body);
        text.contains("certificate-intended") && !text.contains("refused")
    };
    let new = journal.iter().skip(before).filter(|(_, body)| intended(body)).count();
    assert_eq!(new, 0, "no intent");
}
