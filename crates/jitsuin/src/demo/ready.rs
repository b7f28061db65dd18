//! The ready file: what is where, for programs that wait for the demo.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use ca::CertificationAuthority;
use domain::certificate::CertificateKind;
use domain::crl_series::Partition;
use serde_json::{Value, json};
use store::CertificateRow;
use store::reads::{ReadCertificates, ReadVerifiers};
use x509::pem;

use super::people;
use crate::home::write_public;
use crate::serve::Addresses;
use crate::system::System;

/// Where the demo is.
pub(super) struct Place<'a> {
    pub(super) directory: &'a Path,
    pub(super) addresses: Addresses,
}

/// Describes everything that answers, and writes the certificates it names as PEM.
pub(super) fn describe(system: &System, place: &Place<'_>) -> Result<Value> {
    people::for_curl(system)?;
    let out = place.directory.join("certificates");
    fs::create_dir_all(&out)?;
    let addresses = &place.addresses;
    let ocsp_url = format!("http://{}/ocsp", addresses.repository);
    let mut cas = Vec::new();
    let mut certificates = Vec::new();
    for authority in system.authorities.values() {
        cas.push(describe_ca(authority, &out, &ocsp_url)?);
        for row in system.store.certificates(authority.id(), None, 10_000)? {
            certificates.extend(describe_certificate(authority, &row, &out)?);
        }
    }
    Ok(json!({
        "web_url": format!("https://{}", addresses.api),
        "ocsp_url": ocsp_url,
        "ldap_url": format!("ldap://{}", addresses.ldap),
        "ldaps_url": format!("ldaps://{}", addresses.ldaps),
        "repository_url": format!("http://{}", addresses.repository),
        "holder_url": format!("https://{}", addresses.holder),
        "tls_ca_pem": absolute(&system.home.tls().join("ca.pem"))?,
        "audit_public_key": absolute(&system.home.audit_key())?,
        "cas": cas,
        "certificates": certificates,
        "verifier": verifier(system)?,
        "operators": tokens(system)?,
        "pid": std::process::id(),
    }))
}

fn describe_ca(authority: &CertificationAuthority, out: &Path, ocsp_url: &str) -> Result<Value> {
    let path = write_roots(authority, out)?;
    let (mut points, mut arl) = (Vec::new(), String::new());
    for series in authority.list_series().all()? {
        let name = ca::distribution_point(authority.policy(), series.partition)?.to_string();
        match series.partition {
            Partition::ArlSelfSigned => arl = name,
            Partition::ArlLink | Partition::ArlCross => {}
            Partition::Municipality(_) | Partition::Other => points.push(name),
        }
    }
    Ok(json!({
        "id": authority.id().as_str(),
        "certificate_pem": absolute(&path)?,
        "ocsp_url": ocsp_url,
        "crl_dns": points,
        "arl_dn": arl,
    }))
}

/// Writes the roots of a CA: each into a file of its own, and all into one, oldest first. With the one a
/// client trusts what any generation certified, and asks OCSP by the first of it, which certified what the
/// guide shows.
fn write_roots(authority: &CertificationAuthority, out: &Path) -> Result<PathBuf> {
    let mut all = String::new();
    for generation in authority.generations().all() {
        let der = authority.generations().self_signed_certificate(&generation)?;
        let root = pem::encode(pem::CERTIFICATE, &der)?;
        let own = format!("{}.generation-{}.pem", authority.id(), generation.number);
        write_public(&out.join(own), root.as_bytes())?;
        all.push_str(&root);
    }
    let path = out.join(format!("{}.pem", authority.id()));
    write_public(&path, all.as_bytes())?;
    Ok(path)
}

fn describe_certificate(
    authority: &CertificationAuthority,
    row: &CertificateRow,
    out: &Path,
) -> Result<Option<Value>> {
    let (Some(der), false) = (&row.der, row.intent.kind == CertificateKind::SelfSigned) else {
        return Ok(None);
    };
    let path = out.join(format!("{}-{}.pem", authority.id(), row.intent.serial));
    write_public(&path, pem::encode(pem::CERTIFICATE, der)?.as_bytes())?;
    let municipality = match row.intent.partition {
        Partition::Municipality(code) => Value::from(code.to_string()),
        _ => Value::Null,
    };
    let point = ca::distribution_point(authority.policy(), row.intent.partition)?;
    let mut described = json!({
        "ca": authority.id().as_str(),
        "kind": row.intent.kind.name(),
        "serial_hex": row.intent.serial.to_string(),
        "status": row.state.name().name(),
        "certificate_pem": absolute(&path)?,
        "crl_dn": point.to_string(),
    });
    if let (Some(fields), false) = (described.as_object_mut(), municipality.is_null()) {
        fields.insert("municipality".to_owned(), municipality);
    }
    Ok(Some(described))
}

fn verifier(system: &System) -> Result<Value> {
    let row = system.store.verifiers()?.into_iter().next();
    let Some(row) = row else { return Ok(Value::Null) };
    let handed_out = system.home.handed_out();
    let password = handed_out.join(format!("{}.password", row.id));
    Ok(json!({
        "id": row.id.as_str(),
        "password": fs::read_to_string(&password)?,
        "password_file": absolute(&password)?,
        "bind_dn": row.bind_dn,
        "client_certificate_pem": absolute(&handed_out.join(format!("{}.pem", row.id)))?,
        "client_key_pem": absolute(&handed_out.join(format!("{}.key", row.id)))?,
    }))
}

/// The operators; the password is the bearer token for the API.
fn tokens(system: &System) -> Result<Vec<Value>> {
    let handed_out = system.home.handed_out();
    people::all()
        .into_iter()
        .map(|(id, role, _)| {
            let token = fs::read_to_string(handed_out.join(format!("{id}.token")))?;
            Ok(json!({ "role": role.name(), "login": id, "password": token }))
        })
        .collect()
}

fn absolute(path: &Path) -> Result<String> {
    Ok(fs::canonicalize(path)?.display().to_string())
}
