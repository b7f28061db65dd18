//! What a PKCS#10 request asks to be certified, read anew from its octets at every step.

use domain::certificate::CertificateKind;
use domain::rule::Rule;
use domain::service_request::Certification;
use x509::general_name::GeneralName;
use x509::pkcs10::CertificateRequest;

use crate::error::{Error, Result};
use crate::request::ServiceRequest;

const FIELD: &str = "request_pem";

/// The certification that a PKCS#10 request (DER) asks for; the common name is its first DNS name
/// unless another is given.
///
/// # Errors
/// [`Error::Refused`] for a request that cannot be believed, or without a common name.
pub fn certification(
    kind: CertificateKind,
    request: Vec<u8>,
    common_name: Option<String>,
) -> Result<Certification> {
    let (_, dns_names, _) = read(&request)?;
    let common_name = common_name.or_else(|| dns_names.into_iter().next());
    let rule = "it is needed where the request has no DNS name";
    let common_name = common_name.ok_or_else(|| Error::refused("common_name", rule))?;
    Ok(Certification { kind, request, common_name })
}

/// The same as the issue wants it, from nothing but the octets of the request.
///
/// # Errors
/// [`Error::Refused`] for a request that cannot be believed.
pub fn service_request(wanted: &Certification) -> Result<ServiceRequest> {
    let (spki, dns_names, addresses) = read(&wanted.request)?;
    let (kind, common_name) = (wanted.kind, wanted.common_name.clone());
    Ok(ServiceRequest { kind, common_name, spki, dns_names, addresses })
}

type Requested = (Vec<u8>, Vec<String>, Vec<std::net::IpAddr>);

/// Public key, DNS names and addresses of a request that proves to hold its key (A 3.2.1.2).
fn read(request: &[u8]) -> Result<Requested> {
    let unbelievable = |error: x509::Error| {
        Error::refused(FIELD, Rule::from("it is no request that proves its key").telling(error))
    };
    let request = CertificateRequest::parse_and_verify(request).map_err(unbelievable)?;
    let (mut dns_names, mut addresses) = (Vec::new(), Vec::new());
    for name in request.requested_alt_names().map_err(unbelievable)? {
        match name {
            GeneralName::Dns(name) => dns_names.push(name),
            GeneralName::IpAddress(address) => addresses.push(address),
            _ => {
                let rule = "only DNS names and IP addresses can be certified";
                return Err(Error::refused(FIELD, rule));
            }
        }
    }
    Ok((request.public_key.as_der().to_vec(), dns_names, addresses))
}
