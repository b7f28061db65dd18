//! Whether everybody says the same of a certificate: model, database, OCSP and lists.

use std::collections::BTreeMap;
use std::sync::Arc;

use ca::CertificationAuthority;
use store::reads::{ReadLists, ReadVerifiers};
use store::{CrlKey, SeriesKey, SeriesRow};
use testkit::run;
use web::desk::Principal;
use web::desk::check::CheckConsistency;
use x509::crl::Crl;
use x509::ocsp::{OcspResponse, ReceivedStatus};
use x509::pem;

use super::model::{Known, Model, Stand};
use crate::serve::{query_log, responder};
use crate::system::System;

/// At most so many certificates in one question: the newest of a key.
const ASKED: usize = 40;

pub(super) fn agree(system: &Arc<System>, model: &Model) {
    let mut by_key: BTreeMap<(&str, u32), Vec<&Known>> = BTreeMap::new();
    for known in &model.known {
        let authority = system.authority(known.ca).expect("a CA");
        let row = authority.certificate(&known.serial).expect("a certificate");
        assert_eq!(row.state.name().to_string(), known.stand.name(), "the database: {known:?}");
        by_key.entry((known.ca, row.intent.generation)).or_default().push(known);
        in_lists(system, authority, known, row.intent.partition);
    }
    asked(system, &by_key);
    let act = Principal::program(system.act("witness").expect("an act"));
    let report = system.desk().expect("a desk").ask(&act, CheckConsistency {}).expect("a check");
    assert_eq!(report.findings, [], "check");
}

/// A list has who is held or revoked and has not ended, and nobody who is good.
fn in_lists(
    system: &System,
    authority: &CertificationAuthority,
    known: &Known,
    partition: domain::crl_series::Partition,
) {
    if known.ends <= system.now() {
        return;
    }
    for generation in authority.generations().all().iter().filter(|one| system.now() <= one.ends) {
        let (ca, number) = (authority.id().clone(), generation.number);
        let series = SeriesKey { ca, generation: number, partition };
        let row = system.store.series_row(&series).expect("a read");
        let Some(SeriesRow { published: Some(number), .. }) = row else { panic!("no {series:?}") };
        let content = system.store.crl_content(&CrlKey { series, number }).expect("a read");
        let content = content.expect("a list");
        let list = Crl::parse(&content).expect("a list");
        list.verify(generation.key.as_der()).expect("a signature");
        let serial = known.serial.to_integer();
        let is_listed = list.entries().any(|entry| entry.expect("an entry").serial == serial);
        assert_eq!(is_listed, known.stand != Stand::Good, "list {number}: {known:?}");
    }
}

/// The responder as the program has it, asked by the newest verifier.
fn asked(system: &Arc<System>, by_key: &BTreeMap<(&str, u32), Vec<&Known>>) {
    let log = query_log(system, system.hold.owned().expect("the owner")).expect("a log");
    let responder = responder(system, &log).expect("a responder");
    for ((ca, generation), all) in by_key {
        let authority = system.authority(ca).expect("a CA");
        let generation = authority.generations().numbered(*generation).expect("a key");
        if generation.ends < system.now() {
            continue;
        }
        let newest: Vec<_> = all.iter().rev().take(ASKED).collect();
        let root = authority.generations().self_signed_certificate(&generation).expect("a root");
        let request = question(system, &root, &newest);
        let peer = ([127, 0, 0, 1], 1).into();
        let answer = responder.answer(&request, peer, system.now());
        let OcspResponse::Successful(basic) = OcspResponse::parse(&answer.bytes).expect("read")
        else {
            panic!("{ca}: {answer:?}")
        };
        let delegate = &basic.certificates[0];
        delegate.verify(generation.key.as_der()).expect("by the CA's key");
        let validity = &delegate.tbs.validity;
        assert!(system.now() <= validity.not_after, "a delegate in force");
        for (known, single) in newest.iter().zip(&basic.data.singles) {
            let (is_good, said) = (known.stand == Stand::Good, single.status);
            let fits = match said {
                ReceivedStatus::Good => is_good,
                ReceivedStatus::Revoked { reason, .. } => {
                    !is_good && (reason == Some(6)) == (known.stand == Stand::Held)
                }
                ReceivedStatus::Unknown => false,
            };
            assert!(fits, "OCSP {said:?}: {known:?}");
        }
    }
    log.close().expect("closed");
}

/// A request as openssl signs it for the newest verifier.
fn question(system: &System, root: &[u8], all: &[&&Known]) -> Vec<u8> {
    let directory = system.home.handed_out();
    let text = pem::encode(pem::CERTIFICATE, root).expect("PEM");
    std::fs::write(directory.join("root.pem"), text).expect("written");
    let verifier = system.store.verifiers().expect("a read").pop().expect("a verifier").id;
    let serials = all.iter().map(|one| format!("-serial 0x{}", one.serial)).collect::<Vec<_>>();
    let ask = format!(
        "openssl ocsp -sha256 -issuer root.pem {} -signer {verifier}.pem -signkey {verifier}.key \
         -reqout request.der",
        serials.join(" ")
    );
    let said = run(&directory, "sh", &["-c", &ask]);
    assert!(said.success, "{}", said.text);
    std::fs::read(directory.join("request.der")).expect("a request")
}
