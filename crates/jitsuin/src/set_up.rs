//! `init`: an installation from nothing, or what an earlier, broken-off `init` left to do.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};
use ca::CertificationAuthority;
use domain::act::{Act, Actor};
use domain::journal::EventKind;
use keys::quorum::{CustodianId, Passphrase};
use store::{Entry, Store, Unit};

use crate::config::Config;
use crate::custodians;
use crate::home::write_public;
use crate::join::AuditSigner;
use crate::system::{Clock, Foundation, System, new_operation};

/// Sets an installation up: keys, CAs with their responders, the TLS server, the first verifier,
/// the first lists.
pub(crate) fn set_up(
    path: &Path,
    clock: Clock,
    custodians: &[(CustodianId, Passphrase)],
) -> Result<System> {
    let config = Config::read(path)?;
    let foundation = Foundation::open(&config, true, &clock)?;
    let store: Arc<dyn Store> = foundation.store.clone();
    let keys = foundation.keys.clone();
    let act = || -> Result<Act> {
        Ok(Act {
            actor: Actor::System("set-up".parse()?),
            at: clock(),
            operation: new_operation()?,
        })
    };
    let custody = custodians::establish(&act()?, &config, &foundation, custodians)?;
    let mut authorities = BTreeMap::new();
    for policy in &config.policies {
        let authority =
            CertificationAuthority::set_up(&act()?, policy, store.clone(), keys.clone())?
                .refusing(config.weak_keys.clone());
        authority.recover(&act()?)?;
        for generation in authority.generations() {
            authority.set_up_responder(&act()?, &generation, &*foundation.service_keys)?;
        }
        if authorities.insert(authority.id().clone(), Arc::new(authority)).is_some() {
            bail!("policies: two files are for the same CA");
        }
    }
    let system = System::join(config, foundation, custody, authorities, clock);
    system.hand_out()?;
    Ok(system)
}

impl System {
    /// The signer of checkpoints; the making of its key is in the journal (A 5.4.1).
    fn audit_signer(&self) -> Result<AuditSigner> {
        let known = self.service_keys.labels()?.len();
        let signer = AuditSigner::open(self.service_keys.clone())?;
        if self.service_keys.labels()?.len() > known {
            let entry = Entry::new(EventKind::KeyGenerated, &self.act("set-up")?)
                .subject("audit-1")
                .detail("verifier_key", signer.verifier_key()?);
            self.store.commit(Unit::new(entry))?;
        }
        Ok(signer)
    }

    /// What people and services need to begin with, where it is missing.
    fn hand_out(&self) -> Result<()> {
        let signer = self.audit_signer()?;
        write_public(&self.home.audit_key(), format!("{}\n", signer.verifier_key()?).as_bytes())?;
        if !self.home.tls().join("ca.pem").exists() {
            self.certify_tls_server()?;
        }
        if self.store.verifiers()?.is_empty() {
            self.add_verifier("verifier-1")?;
        }
        self.publish_due()?;
        self.seal()
    }
}
