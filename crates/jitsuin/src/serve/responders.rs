//! Who answers OCSP for which key: followed while the program runs, so that a renewed key is answered
//! for, and a delegate replaced, without a restart.
//!
//! Each generation of each CA stands alone: one that cannot be answered for keeps no other from it, is
//! tried again at every look, and is a condition that stands until it is mended.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use ca::{CertificationAuthority, Generation};
use jiff::Timestamp;
use keys::SigningKey;
use status::ocsp::{AuthorityConfig, GenerationConfig, Responder, ResponderIdentity};
use store::Published;
use web::desk::Condition;

use crate::join::SealedQueryLog;
use crate::system::System;

/// How often is looked for new generations and delegates: a renewal issues only from a moment that
/// was planned, so seconds do not matter.
const INTERVAL: Duration = Duration::from_secs(10);

/// The part that tells the list of conditions.
const PART: &str = "responders";

/// The responder as things stand.
pub(crate) fn responder(system: &System, queries: &Arc<SealedQueryLog>) -> Result<Responder> {
    let store: Arc<dyn Published> = system.store.clone();
    let responder = Responder::new(
        &configs(system),
        Arc::new(store),
        queries.clone(),
        queries.clone(),
        status::ocsp::Settings::default(),
    )?;
    Ok(responder.gated(system.trusted.watch.clone()))
}

/// Keeps a responder up to date until `stop` completes.
pub(super) async fn follow(system: &System, responder: &Responder, stop: impl Future<Output = ()>) {
    tokio::pin!(stop);
    let mut known = configs(system);
    loop {
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
        let now = look(system, &known);
        if delegates(&now) != delegates(&known) {
            match responder.adopt(&now) {
                Ok(()) => known = now,
                Err(error) => tracing::error!("the OCSP responders: {error:#}"),
            }
        }
    }
}

/// The certificates of all delegates, by which a change is seen.
fn delegates(configs: &[AuthorityConfig]) -> Vec<&[u8]> {
    let generations = configs.iter().flat_map(|config| &config.generations);
    generations.map(|generation| generation.responder.certificate.as_slice()).collect()
}

/// Every CA with the delegates of its keys, each replaced where it is about to end.
pub(crate) fn configs(system: &System) -> Vec<AuthorityConfig> {
    look(system, &[])
}

/// Every generation that can be answered for now, and the list of conditions told of every other. One
/// of `known` that fails now goes on as it was.
fn look(system: &System, known: &[AuthorityConfig]) -> Vec<AuthorityConfig> {
    let (mut configs, mut conditions) = (Vec::new(), Vec::new());
    for authority in system.authorities.values() {
        let ca = authority.id();
        match authority.generations().refresh() {
            Ok(true) => tracing::info!(%ca, "the CA has a new generation of its key"),
            Ok(false) => {}
            Err(error) => {
                let told = Condition::failing("generations-unread", "all", error);
                conditions.push(told.of_ca(ca));
            }
        }
        let before = known.iter().find(|config| config.ca == *ca);
        configs.extend(config(system, authority, before, &mut conditions));
    }
    system.health.tell(PART, conditions);
    configs
}

/// A CA with its generations; none of one that waits for its first key.
fn config(
    system: &System,
    authority: &CertificationAuthority,
    before: Option<&AuthorityConfig>,
    conditions: &mut Vec<Condition>,
) -> Option<AuthorityConfig> {
    let now = system.now();
    let policy = authority.policy();
    // All generations have the CA's one name (A 5.6).
    let issuer_name = authority.generations().all().last()?.name.as_der().to_vec();
    let mut config = AuthorityConfig {
        ca: authority.id().clone(),
        issuer_name,
        undelivered: policy.applications.undelivered,
        verifiers_only: policy.ocsp.verifiers_only,
        generations: Vec::new(),
    };
    // Once its root has ended nobody asks about what a generation signed.
    for generation in authority.generations().all().iter().filter(|one| now <= one.ends) {
        let number = generation.number;
        match served(system, authority, &config, generation, now) {
            Ok(served) => config.generations.extend(served),
            Err(error) => {
                let told = format!("OCSP is not answered for it as it should be: {error:#}");
                let condition = Condition::failing("generation-unanswered", number, told);
                conditions.push(condition.of_ca(authority.id()));
                let mut kept = before.iter().flat_map(|config| &config.generations);
                config.generations.extend(kept.find(|one| one.number == number).cloned());
            }
        }
    }
    Some(config)
}

/// A generation with its delegate, checked as clients will; none where the key was destroyed and its
/// last delegate has ended.
fn served(
    system: &System,
    authority: &CertificationAuthority,
    config: &AuthorityConfig,
    generation: &Generation,
    now: Timestamp,
) -> Result<Option<GenerationConfig>> {
    let Some(responder) = delegate(system, authority, generation, now)? else { return Ok(None) };
    let served = GenerationConfig {
        number: generation.number,
        public_key: generation.key.clone(),
        responder: ResponderIdentity {
            certificate: responder.certificate,
            key: SigningKey::new(system.machine.keys.clone(), responder.label),
            signature: responder.signature,
        },
    };
    served.check(config)?;
    Ok(Some(served))
}

/// The delegate of a generation. One that is about to end is replaced where the CA's key can be used
/// now; where it cannot, it stays, and beyond its end what is asked is to be asked later.
fn delegate(
    system: &System,
    authority: &CertificationAuthority,
    generation: &Generation,
    now: Timestamp,
) -> Result<Option<ca::Responder>> {
    let keys = &*system.machine.keys;
    if authority.generations().is_destroyed(generation)? {
        return Ok(authority.responders().at(now, generation, keys)?);
    }
    let made = authority.responders().set_up(&system.act("set-up")?, generation, keys);
    made.map(Some).or_else(|error| match authority.responders().at(now, generation, keys)? {
        Some(found) => Ok(Some(found)),
        None => Err(anyhow!(error)),
    })
}
