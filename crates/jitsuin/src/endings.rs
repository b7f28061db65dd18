//! The certificates that the program itself uses, or that others show it: when each ends, and what is to
//! be done.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use ca::{CertificationAuthority, Custody};
use domain::id::CaId;
use domain::validity::renewal_due;
use jiff::Timestamp;
use keys::Sign;
use store::Sqlite;
use store::reads::ReadVerifiers;
use web::desk::{Ending, Endings};
use x509::read::Certificate;

use crate::home::Home;
use crate::own_tls::TlsFiles;
use crate::system::System;

/// What is renewed by itself, as long as the CAs' keys can be used.
const BY_ITSELF: &str = "it is renewed by itself";

/// While they cannot.
const ASLEEP: &str = "the CAs' keys sleep: custodians must come, then it is renewed by itself";

/// Everything that is looked at.
pub(crate) struct OwnEndings {
    home: Home,
    store: Arc<Sqlite>,
    custody: Arc<Custody>,
    service_keys: Arc<dyn Sign>,
    authorities: BTreeMap<CaId, Arc<CertificationAuthority>>,
}

impl System {
    /// What the desk tells of, beside the roles.
    pub(crate) fn own_endings(&self) -> Arc<OwnEndings> {
        Arc::new(OwnEndings {
            home: self.home.clone(),
            store: self.store.clone(),
            custody: self.custody.clone(),
            service_keys: self.machine.keys.clone(),
            authorities: self.authorities.clone(),
        })
    }
}

impl Endings for OwnEndings {
    fn endings(&self, now: Timestamp) -> Result<Vec<Ending>, String> {
        self.all(now).map_err(|error| format!("{error:#}"))
    }
}

impl OwnEndings {
    fn all(&self, now: Timestamp) -> Result<Vec<Ending>> {
        let mut all = Vec::new();
        all.extend(self.tls()?);
        for authority in self.authorities.values() {
            all.extend(self.responders(authority, now)?);
            all.extend(ca_key(authority, now)?);
        }
        all.extend(self.verifiers(now)?);
        Ok(all)
    }

    fn renewal(&self) -> String {
        let is_awake = self.custody.is_active();
        if is_awake { BY_ITSELF.to_owned() } else { ASLEEP.to_owned() }
    }

    fn tls(&self) -> Result<Option<Ending>> {
        let Some(files) = TlsFiles::read(&self.home)? else { return Ok(None) };
        Ok(Some(Ending {
            kind: "tls-certificate",
            ca: String::new(),
            subject: "the program's own server".to_owned(),
            ends: files.certificate()?.tbs.validity.not_after,
            cure: self.renewal(),
            is_finding: true,
        }))
    }

    /// The delegate of each generation. One that lasts as long as its root needs no other.
    fn responders(
        &self,
        authority: &CertificationAuthority,
        now: Timestamp,
    ) -> Result<Vec<Ending>> {
        let mut endings = Vec::new();
        for generation in authority.generations().all().iter().filter(|one| now <= one.ends) {
            let found = authority.responders().at(now, generation, &*self.service_keys)?;
            let ends = match found {
                Some(found) => Certificate::parse(&found.certificate)?.tbs.validity.not_after,
                None => Timestamp::MIN,
            };
            if ends < generation.ends {
                endings.push(Ending {
                    kind: "ocsp-responder",
                    ca: authority.id().to_string(),
                    subject: format!("generation {}", generation.number),
                    ends,
                    cure: self.renewal(),
                    is_finding: true,
                });
            }
        }
        Ok(endings)
    }

    /// What verifiers sign their requests with: theirs to renew, and to take up.
    fn verifiers(&self, now: Timestamp) -> Result<Vec<Ending>> {
        let ending = |subject: String, certificate: &[u8], cure: &str| -> Result<Ending> {
            Ok(Ending {
                kind: "verifier-certificate",
                ca: String::new(),
                subject,
                ends: Certificate::parse(certificate)?.tbs.validity.not_after,
                cure: cure.to_owned(),
                is_finding: false,
            })
        };
        let mut endings = Vec::new();
        for row in self.store.verifiers()? {
            let cure = "the verifier signs its requests with it: `jitsuin init` hands another out";
            endings.push(ending(row.id.to_string(), &row.request_certificate, cure)?);
            let Some(former) = &row.former_certificate else { continue };
            let cure =
                "the verifier is to sign its requests with the one that was handed out since";
            let former = ending(format!("{} (former)", row.id), former, cure)?;
            // Once it has ended, it has a successor, and nothing is left to do.
            endings.extend(Some(former).filter(|former| now <= former.ends));
        }
        Ok(endings)
    }
}

/// Until when the CA's key is to have a successor (A 6.3.2.1, S 6-3-1-2).
fn ca_key(authority: &CertificationAuthority, now: Timestamp) -> Result<Option<Ending>> {
    let generations = authority.generations().all();
    let Some(newest) = generations.last().filter(|one| now <= one.ends) else { return Ok(None) };
    let years = authority.policy().keys.ca_renewal_years;
    Ok(Some(Ending {
        kind: "ca-key",
        ca: authority.id().to_string(),
        subject: format!("generation {}", newest.number),
        ends: renewal_due(newest.made_at, years)?,
        cure: "the key is renewed in a ceremony (A 5.6, 6.3.2.1, S 4-13)".to_owned(),
        is_finding: true,
    }))
}
