//! From a policy as read to a policy that is valid: every refusal names the entry and the rule.

use std::collections::BTreeMap;

use super::error::{PolicyError, Result, refuse};
use super::file::{self, File};
use super::profile::{Extension, ExtensionRule, ListPoint, Profile, SubjectRule, ValidityRule};
use super::read::{choice, choices, clause, each, name, parse, prefecture, text, uri};
use super::{
    ApplicationRules, Cps, CustodianRules, HoldRule, IdentityRule, Issuer, KeyMaker, KeyRule,
    KeyRules, ListRules, OcspRules, Policy, RevocationRule, Subjects, Undelivered, UserKeyRule,
};
use crate::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use crate::application::ApplicationKind;
use crate::certificate::CertificateKind;
use crate::identity::{Applicant, Evidence};
use crate::revocation::{Requester, RevocationCause, RevocationReason};

/// A policy is a few pages; a megabyte is a mistake.
const MAXIMUM_BYTES: usize = 1 << 20;

/// Ten thousand keys are the work of half a day for one core; more is a mistake.
const MAXIMUM_POOL: u16 = 10_000;

/// So many people are hardly ever in one room.
const MAXIMUM_CUSTODIANS: u8 = 16;

impl Policy {
    /// Reads and checks a policy.
    /// ```
    /// use jitsuin_domain::policy::Policy;
    ///
    /// let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../policy/saitama-sign.toml"))?;
    /// let policy = Policy::from_toml(&text)?;
    /// assert!(policy.serves("11203".parse()?) && !policy.serves("13101".parse()?));
    /// assert!(policy.certifies_signatures() && policy.hold.is_none());
    ///
    /// // An entry that nobody reads is an error.
    /// let misspelt = text.replacen("[ocsp]", "[oscp]", 1);
    /// assert!(Policy::from_toml(&misspelt).unwrap_err().to_string().contains("oscp"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`PolicyError`] names the first entry that breaks a rule; unknown entries are errors too.
    pub fn from_toml(text: &str) -> Result<Self> {
        if text.len() > MAXIMUM_BYTES {
            return Err(PolicyError::Shape(format!("longer than {MAXIMUM_BYTES} bytes")));
        }
        let file: File =
            toml::from_str(text).map_err(|error| PolicyError::Shape(error.to_string()))?;
        let policy = convert(file)?;
        check_whole(&policy)?;
        Ok(policy)
    }
}

fn convert(file: File) -> Result<Policy> {
    Ok(Policy {
        ca: parse("policy.ca", &file.policy.ca)?,
        title: text("policy.title", file.policy.title)?,
        effective_from: parse("policy.effective_from", &file.policy.effective_from)?,
        test: file.policy.test,
        prefecture: file.policy.prefecture.map(prefecture).transpose()?,
        cps: cps(file.cps)?,
        issuer: issuer(file.issuer)?,
        keys: keys(file.keys)?,
        custodians: custodians(file.custodians)?,
        applications: applications(file.applications)?,
        identity: each("identity", file.identity, identity)?,
        hold: file.hold.map(hold).transpose()?,
        revocations: each("revocation", file.revocation, revocation)?,
        lists: lists(file.lists)?,
        ocsp: ocsp(file.ocsp)?,
        profiles: profiles(file.profile)?,
    })
}

/// Rules that hold between entries.
fn check_whole(policy: &Policy) -> Result<()> {
    check_profiles(policy)?;
    check_keys(&policy.keys)?;
    check_users(policy)?;
    let holds = policy.hold.is_some();
    if policy.applications.undelivered == Undelivered::Hold && !holds {
        return refuse(
            "applications.undelivered",
            "a CPS without hold cannot list undelivered certificates as held",
        );
    }
    if policy.applications.kinds.contains(&ApplicationKind::HoldRelease) != holds {
        return refuse(
            "applications.kinds",
            "hold-release is taken exactly where there is a [hold]",
        );
    }
    check_revocations(policy)?;
    Ok(())
}

/// A CA has users, windows and identity rules, or none of them.
fn check_users(policy: &Policy) -> Result<()> {
    let takes = !policy.applications.kinds.is_empty();
    let parts = [
        ("keys.user", policy.keys.user.is_some()),
        ("profile user", policy.profiles.contains_key(&CertificateKind::User)),
        ("identity (resident)", policy.evidence(Applicant::Resident).is_some()),
    ];
    for (entry, present) in parts {
        if present != takes {
            return refuse(entry, "stands exactly where applications are taken");
        }
    }
    for (index, rule) in policy.identity.iter().enumerate() {
        if policy.identity[..index].iter().any(|earlier| earlier.applicant == rule.applicant) {
            return refuse(
                format!("identity[{index}]"),
                format!("a second rule for {}", rule.applicant),
            );
        }
    }
    for (index, rule) in policy.revocations.iter().enumerate() {
        if policy.revocations[..index]
            .iter()
            .any(|earlier| earlier.cause == rule.cause && earlier.subjects == rule.subjects)
        {
            return refuse(
                format!("revocation[{index}]"),
                format!("a second row for {}", rule.cause),
            );
        }
    }
    Ok(())
}

/// Every kind of certificate that the CA issues can end; what needs a second person has one.
fn check_revocations(policy: &Policy) -> Result<()> {
    let users =
        policy.profiles.contains_key(&CertificateKind::User).then_some(CertificateKind::User);
    for kind in users.into_iter().chain([CertificateKind::SelfSigned]) {
        for cause in [
            RevocationCause::DestroyedBeforeDelivery,
            RevocationCause::Renewed,
            RevocationCause::CaKeyCompromised,
            RevocationCause::KeyCompromised,
            RevocationCause::UseEnded,
        ] {
            if policy.revocation_of(kind, cause).is_none() {
                return refuse("revocation", format!("a row for {cause} of {kind} is missing"));
            }
        }
    }
    let others =
        policy.revocations.iter().enumerate().filter(|(_, row)| row.subjects == Subjects::Others);
    for (index, row) in others {
        if !row.second_approval || row.requested_by != [Requester::Authority] {
            let rule = "what is no resident's ends by two senior operators alone (A 5.2.1.1(6), 5.2.2, S 5-2-1)";
            return refuse(format!("revocation[{index}]"), rule);
        }
    }
    Ok(())
}

fn check_profiles(policy: &Policy) -> Result<()> {
    for kind in [
        CertificateKind::SelfSigned,
        CertificateKind::LinkOldWithNew,
        CertificateKind::LinkNewWithOld,
        CertificateKind::OcspResponder,
        CertificateKind::TlsServer,
    ] {
        if !policy.profiles.contains_key(&kind) {
            return refuse("profile", format!("the profile of {kind} is missing"));
        }
    }
    for (kind, profile) in &policy.profiles {
        check_kind(*kind, profile)?;
        check_list_point(*kind, profile)?;
        for extension in &profile.extensions {
            if let ExtensionRule::CertificatePolicies { policy: oid, .. } = &extension.rule
                && !oid.is_any_policy()
                && oid.is_test_policy() != policy.test
            {
                let rule = "test policy OIDs belong to test CAs, and only to them (S 1-2)";
                return refuse(format!("profile {kind}"), rule);
            }
        }
    }
    Ok(())
}

/// Links last as links do and bear the CA's own name; nothing else does.
fn check_kind(kind: CertificateKind, profile: &Profile) -> Result<()> {
    let of_link = match profile.validity {
        ValidityRule::OldWithNew => Some(CertificateKind::LinkOldWithNew),
        ValidityRule::NewWithOld => Some(CertificateKind::LinkNewWithOld),
        ValidityRule::Years { .. } | ValidityRule::Birthdays { .. } => None,
    };
    let is_link = matches!(kind, CertificateKind::LinkOldWithNew | CertificateKind::LinkNewWithOld);
    if is_link != of_link.is_some() || of_link.is_some_and(|wanted| wanted != kind) {
        return refuse(
            format!("profile {kind}"),
            "links, and only they, have the validity rule of their own name (A 7.1(3), S 7-1-4)",
        );
    }
    if is_link && profile.subject != SubjectRule::Issuer {
        return refuse(format!("profile {kind}"), "a link bears the CA's own name (A 7.1(3))");
    }
    Ok(())
}

/// Every certificate names the list that would tell of its revocation. A list whose issuing distribution
/// point names another point than the certificate does, or a certificate that names none, is passed over
/// by relying parties (RFC 5280 6.3.3(b)(2)(i)): nobody could learn that it was revoked.
fn check_list_point(kind: CertificateKind, profile: &Profile) -> Result<()> {
    let point = profile.extensions.iter().find_map(|extension| match extension.rule {
        ExtensionRule::CrlDistributionPoints(point) => Some(point),
        _ => None,
    });
    // The list of self-signed certificates stands at the CA's own entry (A 7.2, S 7-2-2).
    let (names_it, wanted) = match kind {
        CertificateKind::SelfSigned => (point.is_some(), "the issuer or the partition"),
        _ => (point == Some(ListPoint::Partition), "the partition"),
    };
    if !names_it {
        let rule = format!("cRLDistributionPoints names the point of {wanted} (RFC 5280 6.3.3)");
        return refuse(format!("profile {kind}"), rule);
    }
    Ok(())
}

fn check_keys(keys: &KeyRules) -> Result<()> {
    if !keys.signature.fits(keys.ca.algorithm) {
        return refuse(
            "keys.signature",
            format!("{} needs another key than {}", keys.signature, keys.ca.algorithm),
        );
    }
    for (entry, rule) in [("keys.ca", &keys.ca), ("keys.other", &keys.other)] {
        if rule.algorithm == KeyAlgorithm::Rsa1024 {
            return refuse(entry, "rsa-1024 is only for users, by S 6-1-2-3");
        }
    }
    let users = keys.user.iter().flat_map(UserKeyRule::permitted);
    let mut algorithms = [keys.ca.algorithm, keys.other.algorithm].into_iter().chain(users);
    if algorithms.any(|algorithm| algorithm == KeyAlgorithm::Ed25519) {
        return refuse("keys", "no certificate is issued for ed25519");
    }
    let Some(user) = &keys.user else { return Ok(()) };
    if user.instead.contains(&user.algorithm) || user.instead.contains(&KeyAlgorithm::Rsa1024) {
        return refuse("keys.user.instead", "other algorithms than the rule's, and never rsa-1024");
    }
    if user.algorithm == KeyAlgorithm::Rsa1024 && !user.clause.0.starts_with("S ") {
        return refuse("keys.user", "rsa-1024 is accepted only where a clause of S says so");
    }
    Ok(())
}

fn cps(table: file::CpsTable) -> Result<Cps> {
    let laws = each("cps.laws", table.laws, |entry, law| {
        Ok((text(entry, law.title)?, uri(entry, law.uri)?))
    })?;
    Ok(Cps { title: text("cps.title", table.title)?, uri: uri("cps.uri", table.uri)?, laws })
}

fn issuer(table: file::IssuerTable) -> Result<Issuer> {
    Ok(Issuer {
        name: name("issuer.name", &table.name)?,
        alternative_name: name("issuer.alternative_name", &table.alternative_name)?,
        clause: clause("issuer", table.clause)?,
    })
}

fn keys(table: file::KeysTable) -> Result<KeyRules> {
    if !(1..=10).contains(&table.ca_renewal_years) {
        return refuse("keys.ca_renewal_years", "1 to 10 years");
    }
    Ok(KeyRules {
        ca: key("keys.ca", table.ca)?,
        signature: choice("keys.signature", &table.signature, SignatureAlgorithm::from_name)?,
        user: table.user.map(user_key).transpose()?,
        other: key("keys.other", table.other)?,
        ca_renewal_years: table.ca_renewal_years,
    })
}

fn key(entry: &str, table: file::KeyTable) -> Result<KeyRule> {
    let algorithm = choice(entry, &table.algorithm, KeyAlgorithm::from_name)?;
    Ok(KeyRule { algorithm, clause: clause(entry, table.clause)? })
}

fn user_key(table: file::UserKeyTable) -> Result<UserKeyRule> {
    let entry = "keys.user";
    let maker =
        |name: &str| [KeyMaker::Authority, KeyMaker::Holder].into_iter().find(|m| m.name() == name);
    let made_by = choice(entry, &table.made_by, maker)?;
    let pool = match (made_by, table.pool) {
        (KeyMaker::Authority, Some(pool)) if pool <= MAXIMUM_POOL => pool,
        (KeyMaker::Holder, None) => 0,
        _ => {
            return refuse(
                "keys.user.pool",
                "0 to 10000 keys made ahead, exactly where the authority makes them",
            );
        }
    };
    Ok(UserKeyRule {
        algorithm: choice(entry, &table.algorithm, KeyAlgorithm::from_name)?,
        instead: choices("keys.user.instead", &table.instead, KeyAlgorithm::from_name)?,
        made_by,
        pool,
        clause: clause(entry, table.clause)?,
    })
}

fn custodians(table: file::CustodiansTable) -> Result<CustodianRules> {
    let file::CustodiansTable { threshold, number, window_minutes, active_hours, .. } = table;
    if !(2..=number).contains(&threshold) || number > MAXIMUM_CUSTODIANS {
        return refuse("custodians", "2 <= threshold <= number <= 16: no one alone opens a key");
    }
    if !(1..=24 * 60).contains(&window_minutes) || !(1..=24 * 366).contains(&active_hours) {
        return refuse("custodians", "a window of at most a day, at most a year of activity");
    }
    let clause = clause("custodians", table.clause)?;
    Ok(CustodianRules { threshold, number, window_minutes, active_hours, clause })
}

fn applications(table: file::ApplicationsTable) -> Result<ApplicationRules> {
    let entry = "applications";
    let undelivered =
        |name: &str| [Undelivered::Hold, Undelivered::Good].into_iter().find(|u| u.name() == name);
    Ok(ApplicationRules {
        kinds: choices("applications.kinds", &table.kinds, ApplicationKind::from_name)?,
        second_approval: table.second_approval,
        undelivered: choice("applications.undelivered", &table.undelivered, undelivered)?,
        clause: clause(entry, table.clause)?,
    })
}

fn identity(entry: &str, table: file::IdentityTable) -> Result<IdentityRule> {
    Ok(IdentityRule {
        applicant: choice(entry, &table.applicant, Applicant::from_name)?,
        evidence: choices(entry, &table.evidence, Evidence::from_name)?,
        clause: clause(entry, table.clause)?,
    })
}

fn hold(table: file::HoldTable) -> Result<HoldRule> {
    Ok(HoldRule {
        requested_by: choices("hold.requested_by", &table.requested_by, Requester::from_name)?,
        clause: clause("hold", table.clause)?,
    })
}

fn revocation(entry: &str, table: file::RevocationTable) -> Result<RevocationRule> {
    let Some(reason) = RevocationReason::from_code(table.reason) else {
        return refuse(format!("{entry}.reason"), "0 to 5; hold (6) is a state, not a revocation");
    };
    let requested_by = choices(entry, &table.requested_by, Requester::from_name)?;
    if table.online && (table.second_approval || !requested_by.contains(&Requester::Holder)) {
        let rule = "online the holder asks, and nobody else stands by (A 4.9.3.1(1), S 4-4-2-2)";
        return refuse(format!("{entry}.online"), rule);
    }
    Ok(RevocationRule {
        subjects: choice(entry, &table.subjects, Subjects::from_name)?,
        cause: choice(entry, &table.cause, RevocationCause::from_name)?,
        reason,
        requested_by,
        second_approval: table.second_approval,
        online: table.online,
        clause: clause(entry, table.clause)?,
    })
}

fn lists(table: file::ListsTable) -> Result<ListRules> {
    if table.period_hours == 0
        || table.period_hours >= table.validity_hours
        || table.validity_hours > 24 * 30
    {
        return refuse("lists", "0 < period_hours < validity_hours <= 720");
    }
    Ok(ListRules {
        validity_hours: table.validity_hours,
        period_hours: table.period_hours,
        base: name("lists.base", &table.base)?,
        clause: clause("lists", table.clause)?,
    })
}

fn ocsp(table: file::OcspTable) -> Result<OcspRules> {
    Ok(OcspRules {
        uri: uri("ocsp.uri", table.uri)?,
        verifiers_only: table.verifiers_only,
        clause: clause("ocsp", table.clause)?,
    })
}

fn profiles(tables: Vec<file::ProfileTable>) -> Result<BTreeMap<CertificateKind, Profile>> {
    let mut profiles = BTreeMap::new();
    for (index, table) in tables.into_iter().enumerate() {
        let entry = format!("profile[{index}]");
        let kind = choice(&entry, &table.kind, CertificateKind::from_name)?;
        let profile = profile(&format!("profile {kind}"), table)?;
        if profiles.insert(kind, profile).is_some() {
            return refuse(entry, format!("a second profile of {kind}"));
        }
    }
    Ok(profiles)
}

fn profile(entry: &str, table: file::ProfileTable) -> Result<Profile> {
    let extensions = table
        .extensions
        .into_iter()
        .map(|extension| super::profile::extension(entry, extension))
        .collect::<Result<Vec<Extension>>>()?;
    for (index, extension) in extensions.iter().enumerate() {
        let same = |other: &Extension| {
            std::mem::discriminant(&other.rule) == std::mem::discriminant(&extension.rule)
        };
        if extensions[..index].iter().any(same) {
            return refuse(entry, "an extension stands twice (RFC 5280 4.2)");
        }
    }
    Ok(Profile {
        subject: super::profile::subject(entry, table.subject)?,
        validity: super::profile::validity(entry, table.validity)?,
        extensions,
        clause: clause(entry, table.clause)?,
    })
}
