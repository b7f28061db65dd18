//! Who answers OCSP for which key: followed while the program runs, so that a renewed key is answered
//! for, and a delegate replaced, without a restart.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use ca::{CertificationAuthority, Generation};
use status::ocsp::{AuthorityConfig, GenerationConfig, Responder, ResponderIdentity};
use status::query_log::QueryLog;
use store::Store;

use crate::system::System;

/// How often is looked for new generations and delegates: a renewal issues only from a moment that
/// was planned, so seconds do not matter.
const INTERVAL: Duration = Duration::from_secs(10);

/// The responder as things stand.
pub(crate) fn responder(system: &System, queries: &Arc<dyn QueryLog>) -> Result<Responder> {
    let store: Arc<dyn Store> = system.store.clone();
    let responder = Responder::new(
        &configs(system)?,
        Arc::new(store),
        system.service_keys.clone(),
        queries.clone(),
        status::ocsp::Settings::default(),
    )?;
    Ok(responder.gated(system.trusted.watch.clone()))
}

/// Keeps a responder up to date until `stop` completes. What fails is said and tried again.
pub(super) async fn follow(system: &System, responder: &Responder, stop: impl Future<Output = ()>) {
    tokio::pin!(stop);
    let mut known = configs(system).map(|configs| delegates(&configs)).unwrap_or_default();
    loop {
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
        match adopt(system, responder, &known) {
            Ok(now) => known = now,
            Err(error) => tracing::error!("the OCSP responders: {error:#}"),
        }
    }
}

/// Hands on what changed; who answers now.
fn adopt(system: &System, responder: &Responder, known: &[Vec<u8>]) -> Result<Vec<Vec<u8>>> {
    for authority in system.authorities.values() {
        if authority.refresh()? {
            tracing::info!(ca = %authority.id(), "the CA has a new generation of its key");
        }
    }
    let configs = configs(system)?;
    let now = delegates(&configs);
    if now != known {
        responder.adopt(&configs)?;
    }
    Ok(now)
}

/// The certificates of all delegates, by which a change is seen.
fn delegates(configs: &[AuthorityConfig]) -> Vec<Vec<u8>> {
    let generations = configs.iter().flat_map(|config| &config.generations);
    generations.map(|generation| generation.responder.certificate.clone()).collect()
}

/// Every CA with the delegates of its keys, each replaced where it is about to end.
pub(crate) fn configs(system: &System) -> Result<Vec<AuthorityConfig>> {
    // A CA that waits for its first key has nothing that could be asked about.
    let founded = system.authorities.values().filter(|one| !one.generations().is_empty());
    founded.map(|authority| config(system, authority)).collect()
}

fn config(system: &System, authority: &CertificationAuthority) -> Result<AuthorityConfig> {
    let now = system.now();
    let policy = authority.policy();
    let mut generations = Vec::new();
    // Once its root has ended nobody asks about what a generation signed.
    for generation in authority.generations().iter().filter(|one| now <= one.ends) {
        let Some(responder) = delegate(system, authority, generation)? else {
            let (ca, number) = (authority.id(), generation.number);
            tracing::warn!(%ca, number, "no OCSP responder yet: custodians must come");
            continue;
        };
        generations.push(GenerationConfig {
            number: generation.number,
            public_key: generation.key.clone(),
            responder: ResponderIdentity {
                certificate: responder.certificate,
                key: responder.label,
                signature: responder.signature,
            },
        });
    }
    Ok(AuthorityConfig {
        ca: authority.id().clone(),
        issuer_name: authority.current_at(now)?.name.as_der().to_vec(),
        undelivered: policy.applications.undelivered,
        verifiers_only: policy.ocsp.verifiers_only,
        generations,
    })
}

/// The delegate of a generation. One that is about to end is replaced where the CA's key can be used
/// now; where it cannot, it stays, and beyond its end what is asked is to be asked later.
fn delegate(
    system: &System,
    authority: &CertificationAuthority,
    generation: &Generation,
) -> Result<Option<ca::Responder>> {
    let keys = &*system.service_keys;
    match authority.set_up_responder(&system.act("set-up")?, generation, keys) {
        Ok(responder) => Ok(Some(responder)),
        Err(error) => {
            tracing::debug!(ca = %authority.id(), "the OCSP responder has no successor: {error}");
            Ok(authority.responder(system.now(), generation, keys)?)
        }
    }
}
