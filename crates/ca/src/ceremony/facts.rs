//! Whether what a step says it left behind can be what the script asked for.

use domain::ceremony::{Script, Step};
use x509::read::Certificate;

use super::account::{Happening, Occurrence};
use super::stage::{KeyFact, StepFacts};

type Verdict<T = ()> = Result<T, String>;

/// Refuses facts that do not belong to the step, or contradict an earlier one.
pub(super) fn check(
    script: &Script,
    account: &[Occurrence],
    step: &Step,
    facts: &StepFacts,
) -> Verdict {
    match step {
        Step::GenerateCaKey { .. } => one_key(facts).map(drop),
        Step::SelfSign { ca } => {
            let certificate = self_signed(one_certificate(facts)?)?;
            let made = |done: &Step| matches!(done, Step::GenerateCaKey { ca: of } if of == ca);
            let key = earlier(script, account, made).and_then(|facts| facts.keys.first());
            certifies(&certificate, key.ok_or("no key was generated before")?)
        }
        Step::ResponderCertificate { .. } => certifies(&one_certificate(facts)?, one_key(facts)?),
        Step::TlsCertificate { .. } => one_certificate(facts).map(drop),
        Step::Backup { .. } if facts.files.is_empty() => Err("no file was written".to_owned()),
        Step::Backup { .. } => some_keys(facts),
        Step::Restore { directory, .. } => {
            some_keys(facts)?;
            let wrote =
                |done: &Step| matches!(done, Step::Backup { directory: to } if to == directory);
            same_keys(facts, earlier(script, account, wrote))
        }
        Step::RenewCaKey { .. } => renewed(one_key(facts)?, &certificates(facts)?, facts),
        Step::DestroyCaKey { .. } if facts.statements.is_empty() => {
            Err("nothing says how the destruction was proven".to_owned())
        }
        Step::DestroyCaKey { .. } => one_key(facts).map(drop),
    }
}

/// The facts of the last step that was done and is of this sort.
fn earlier<'a>(
    script: &Script,
    account: &'a [Occurrence],
    sort: impl Fn(&Step) -> bool,
) -> Option<&'a StepFacts> {
    account.iter().rev().find_map(|occurrence| match &occurrence.what {
        Happening::StepDone { step, facts } if script.steps.get(*step).is_some_and(&sort) => {
            Some(facts)
        }
        _ => None,
    })
}

fn one_key(facts: &StepFacts) -> Verdict<&KeyFact> {
    match facts.keys.as_slice() {
        [key] => Ok(key),
        keys => Err(format!("it tells of {} keys instead of one", keys.len())),
    }
}

fn some_keys(facts: &StepFacts) -> Verdict {
    if facts.keys.is_empty() { Err("it tells of no key".to_owned()) } else { Ok(()) }
}

/// A backup that was made before in this ceremony comes back whole.
fn same_keys(restored: &StepFacts, backed_up: Option<&StepFacts>) -> Verdict {
    let Some(backed_up) = backed_up else { return Ok(()) };
    let sorted = |facts: &StepFacts| {
        let mut digests: Vec<[u8; 32]> = facts.keys.iter().map(|key| key.spki_sha256).collect();
        digests.sort_unstable();
        digests
    };
    if sorted(restored) == sorted(backed_up) {
        return Ok(());
    }
    Err("the keys that came back are not those that were backed up".to_owned())
}

fn certificates(facts: &StepFacts) -> Verdict<Vec<Certificate>> {
    let read = |der: &Vec<u8>| Certificate::parse(der).map_err(|error| error.to_string());
    facts.certificates.iter().map(read).collect()
}

fn one_certificate(facts: &StepFacts) -> Verdict<Certificate> {
    let mut all = certificates(facts)?;
    match (all.pop(), all.len()) {
        (Some(certificate), 0) => Ok(certificate),
        _ => Err(format!("it tells of {} certificates instead of one", facts.certificates.len())),
    }
}

fn self_signed(certificate: Certificate) -> Verdict<Certificate> {
    if !certificate.tbs.is_self_issued() {
        return Err("the certificate is not the CA's own".to_owned());
    }
    certificate
        .verify(&certificate.tbs.subject_public_key_info)
        .map_err(|error| format!("the self-signed certificate: {error}"))?;
    Ok(certificate)
}

fn certifies(certificate: &Certificate, key: &KeyFact) -> Verdict {
    if x509::digest::sha256(&certificate.tbs.subject_public_key_info) == key.spki_sha256 {
        return Ok(());
    }
    Err(format!("the certificate is not for the key {}", key.label))
}

/// A renewal leaves a self-signed certificate, OldWithNew and NewWithOld (A 5.6, S 4-9).
fn renewed(key: &KeyFact, certificates: &[Certificate], facts: &StepFacts) -> Verdict {
    let for_new = |one: &&Certificate| certifies(one, key).is_ok();
    let own = certificates.iter().filter(for_new).find(|one| is_signed_by(one, one));
    let Some(own) = own else {
        return Err("no self-signed certificate of the new key is among them".to_owned());
    };
    let links: Vec<&Certificate> = certificates.iter().filter(|one| one.der != own.der).collect();
    let of_one_ca = links
        .iter()
        .all(|link| link.tbs.is_self_issued() && link.tbs.subject.matches(&own.tbs.subject));
    let new_with_old = links.iter().filter(|link| for_new(link) && !is_signed_by(link, own));
    let old_with_new = links.iter().filter(|link| !for_new(link) && is_signed_by(link, own));
    // After a compromise of the old key there are none, and the minutes say why (A 5.7.3).
    if links.is_empty() && !facts.statements.is_empty() {
        return Ok(());
    }
    if links.len() == 2 && of_one_ca && new_with_old.count() == 1 && old_with_new.count() == 1 {
        return Ok(());
    }
    Err("the link certificates OldWithNew and NewWithOld are not both there".to_owned())
}

fn is_signed_by(certificate: &Certificate, issuer: &Certificate) -> bool {
    certificate.verify(&issuer.tbs.subject_public_key_info).is_ok()
}
