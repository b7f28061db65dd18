//! A policy as lines of text, one fact a line with its clause: for people to check and to compare.

use super::profile::{Extension, ExtensionRule, Profile, SubjectRule, ValidityRule};
use super::{Clause, CustodianRules, KeyMaker, Policy};
use crate::certificate::CertificateKind;

impl Policy {
    /// The whole policy, one fact a line, in a fixed order.
    pub fn show(&self) -> Vec<String> {
        let mut lines = self.show_header();
        lines.extend(self.show_work());
        for kind in self.profiles.keys() {
            lines.extend(self.show_profile(*kind));
        }
        lines
    }

    /// One profile as lines; empty when the policy has none of this kind.
    pub fn show_profile(&self, kind: CertificateKind) -> Vec<String> {
        self.profiles.get(&kind).map(|profile| profile_lines(kind, profile)).unwrap_or_default()
    }

    /// What changes from `self` to `next`: lines of `self` alone with `-`, of `next` alone with `+`.
    pub fn diff(&self, next: &Self) -> Vec<String> {
        let (old, new) = (self.show(), next.show());
        let gone = old.iter().filter(|line| !new.contains(line)).map(|line| format!("- {line}"));
        let come = new.iter().filter(|line| !old.contains(line)).map(|line| format!("+ {line}"));
        gone.chain(come).collect()
    }

    fn show_header(&self) -> Vec<String> {
        let territory = self.prefecture.as_deref().unwrap_or("all of Japan");
        let mut lines = vec![
            format!("CA {} ({}), in effect from {}", self.ca, self.title, self.effective_from),
            format!(
                "test CA: {}; prefecture: {territory}; CPS: {} <{}>",
                self.test, self.cps.title, self.cps.uri
            ),
            line(&format!("issuer: {}", self.issuer.name), &self.issuer.clause),
            line(
                &format!("issuer, alternative: {}", self.issuer.alternative_name),
                &self.issuer.clause,
            ),
            line(
                &format!("CA key: {}, signs with {}", self.keys.ca.algorithm, self.keys.signature),
                &self.keys.ca.clause,
            ),
            line(&format!("other keys: {}", self.keys.other.algorithm), &self.keys.other.clause),
            format!("CA key renewal: every {} years", self.keys.ca_renewal_years),
            self.show_custodians(),
        ];
        lines.extend(self.keys.user.as_ref().map(|user| {
            let ahead = match user.made_by {
                KeyMaker::Authority => format!(", {} ahead of need", user.pool),
                KeyMaker::Holder => String::new(),
            };
            let names: Vec<_> = user.permitted().map(|algorithm| algorithm.to_string()).collect();
            let (algorithms, maker) = (names.join(" or, as the card needs, "), user.made_by.name());
            line(&format!("user keys: {algorithms}, made by the {maker}{ahead}"), &user.clause)
        }));
        lines
    }

    fn show_custodians(&self) -> String {
        let CustodianRules { threshold, number, window_minutes, active_hours, clause } =
            &self.custodians;
        let text = format!(
            "custodians: {threshold} of {number} within {window_minutes} minutes open the CA's keys for {active_hours} h"
        );
        line(&text, clause)
    }

    fn show_work(&self) -> Vec<String> {
        let kinds: Vec<_> = self.applications.kinds.iter().map(|kind| kind.name()).collect();
        let mut lines = vec![line(
            &format!(
                "applications: {}; second approval: {}; undelivered counts as {}",
                kinds.join(", "),
                self.applications.second_approval,
                self.applications.undelivered.name()
            ),
            &self.applications.clause,
        )];
        for rule in &self.identity {
            let evidence: Vec<_> = rule.evidence.iter().map(|evidence| evidence.name()).collect();
            lines.push(line(
                &format!("identity of the {}: {}", rule.applicant, evidence.join(", ")),
                &rule.clause,
            ));
        }
        lines.push(match &self.hold {
            Some(hold) => line(&format!("hold: by {}", names(&hold.requested_by)), &hold.clause),
            None => "hold: none".to_owned(),
        });
        for rule in &self.revocations {
            let second = if rule.second_approval { ", second approval" } else { "" };
            let online = if rule.online { ", online too" } else { "" };
            let asked = names(&rule.requested_by);
            let text = format!(
                "revocation of {}, {}: reason {} {}, by {asked}{second}{online}",
                rule.subjects,
                rule.cause,
                rule.reason.code(),
                rule.reason
            );
            lines.push(line(&text, &rule.clause));
        }
        let lists = &self.lists;
        lines.push(line(
            &format!(
                "lists: valid {} h, every {} h, below {}",
                lists.validity_hours, lists.period_hours, lists.base
            ),
            &lists.clause,
        ));
        let audience = if self.ocsp.verifiers_only {
            "user certificates for verifiers only"
        } else {
            "open to all"
        };
        lines.push(line(&format!("OCSP: {}, {audience}", self.ocsp.uri), &self.ocsp.clause));
        lines
    }
}

fn names(requesters: &[crate::revocation::Requester]) -> String {
    requesters.iter().map(|requester| requester.name()).collect::<Vec<_>>().join(", ")
}

fn line(text: &str, clause: &Clause) -> String {
    format!("{text} [{clause}]")
}

fn profile_lines(kind: CertificateKind, profile: &Profile) -> Vec<String> {
    let subject = match &profile.subject {
        SubjectRule::Issuer => "the CA's own name".to_owned(),
        SubjectRule::RandomAndMunicipality { random, suffix } => {
            format!("C=JP, CN={random} random of [0-9A-Z] + municipality code + {suffix}")
        }
        SubjectRule::PlaceAndSequence => {
            "C=JP, L=prefecture, L=municipality, CN=time + sequence + window".to_owned()
        }
        SubjectRule::Service { base } => format!("the requested CN below {base}"),
    };
    let validity = match profile.validity {
        ValidityRule::Years { years } => format!("{years} years, to 23:59:59 in Japan"),
        ValidityRule::OldWithNew => {
            "from the making of the old key to the end of the old root".to_owned()
        }
        ValidityRule::NewWithOld => {
            "from the making of the new key to the end of the old root".to_owned()
        }
        ValidityRule::Birthdays { count, renewed_count, renewal_months } => format!(
            "to birthday {count} after issue ({renewed_count} when renewed in the last {renewal_months} months), or the card's expiry"
        ),
    };
    let mut lines = vec![
        line(&format!("profile {kind}: version 3, subject: {subject}"), &profile.clause),
        line(&format!("profile {kind}: validity: {validity}"), &profile.clause),
    ];
    lines.extend(profile.extensions.iter().enumerate().map(|(index, extension)| {
        format!("profile {kind}: extension {}: {}", index + 1, extension_text(extension))
    }));
    lines
}

fn extension_text(extension: &Extension) -> String {
    let critical = if extension.critical { ", critical" } else { "" };
    match &extension.rule {
        ExtensionRule::KeyUsage(bits) => {
            let bits: Vec<_> = bits.iter().map(|bit| bit.name()).collect();
            format!("keyUsage{critical}: {}", bits.join(", "))
        }
        ExtensionRule::ExtendedKeyUsage(purposes) => {
            let purposes: Vec<_> = purposes.iter().map(|oid| oid.as_str()).collect();
            format!("extKeyUsage{critical}: {}", purposes.join(", "))
        }
        ExtensionRule::CertificatePolicies { policy, cps } => {
            let qualifier = if *cps { ", with the CPS address" } else { "" };
            format!("certificatePolicies{critical}: {policy}{qualifier}")
        }
        ExtensionRule::SubjectAltName(source) => {
            format!("subjectAltName{critical}: {}", source.name())
        }
        ExtensionRule::IssuerAltName => format!("issuerAltName{critical}: the CA's Japanese name"),
        ExtensionRule::BasicConstraintsAuthority => format!("basicConstraints{critical}: CA:TRUE"),
        ExtensionRule::CrlDistributionPoints(point) => {
            format!("cRLDistributionPoints{critical}: {}", point.name())
        }
        ExtensionRule::AuthorityInfoAccess => format!("authorityInfoAccess{critical}: OCSP"),
        ExtensionRule::AuthorityKeyIdentifier { issuer_and_serial } => {
            let more = if *issuer_and_serial { ", issuer, serial" } else { "" };
            format!("authorityKeyIdentifier{critical}: key id{more}")
        }
        ExtensionRule::SubjectKeyIdentifier => {
            format!("subjectKeyIdentifier{critical}: SHA-1 of the public key")
        }
        ExtensionRule::OcspNoCheck => format!("id-pkix-ocsp-nocheck{critical}"),
    }
}
