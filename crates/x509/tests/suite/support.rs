//! Keys, names, profile shapes and the openssl program, for every test here.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::OnceLock;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use const_oid::ObjectIdentifier;
use domain::algorithm::SignatureAlgorithm;
use domain::id::SerialNumber;
use domain::name::{Attribute, AttributeKind, DistinguishedName};
use jiff::Timestamp;
use jitsuin_x509 as x509;
use x509::certificate::{CertificateTemplate, Validity, assemble};
use x509::extension::{
    AuthorityKeyIdentifier, Extension, ExtensionValue, KeyUsage, PolicyInformation,
};
use x509::general_name::GeneralName;
use x509::lint::Expectation;
use x509::name::Name;
use x509::oid;
use x509::public_key::SpkiInfo;

/// An RSA-2048 key that signs.
pub(crate) struct Signer {
    key: RsaKeyPair,
    pub(crate) spki: Vec<u8>,
}

impl Signer {
    pub(crate) fn generate() -> Self {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let spki = key.public_key().as_der().unwrap().as_ref().to_vec();
        Self { key, spki }
    }

    pub(crate) fn sign(&self, tbs: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), tbs, &mut signature).unwrap();
        signature
    }

    pub(crate) fn sign_digest(&self, digest: &aws_lc_rs::digest::Digest) -> Vec<u8> {
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign_digest(&RSA_PKCS1_SHA256, digest, &mut signature).unwrap();
        signature
    }

    pub(crate) fn certificate(&self, template: &CertificateTemplate) -> Vec<u8> {
        let tbs = template.to_tbs().unwrap();
        assemble(&tbs, template.signature, &self.sign(&tbs))
    }
}

/// The CA's key, made once for each process.
pub(crate) fn ca() -> &'static Signer {
    static CA: OnceLock<Signer> = OnceLock::new();
    CA.get_or_init(Signer::generate)
}

pub(crate) fn spki(der: &[u8]) -> SpkiInfo {
    SpkiInfo::parse(der).unwrap()
}

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn serial(fill: u8) -> SerialNumber {
    SerialNumber::from_random([fill; 16]).unwrap()
}

/// A name with JPKI's string types.
pub(crate) fn name(attributes: &[(AttributeKind, &str)]) -> Name {
    let attributes = attributes.iter().map(|(kind, value)| Attribute::new(*kind, *value));
    Name::write(&DistinguishedName(attributes.collect())).unwrap()
}

pub(crate) fn ca_name() -> Name {
    name(&[
        (AttributeKind::Country, "JP"),
        (AttributeKind::Organization, "JPKI-TEST"),
        (AttributeKind::OrganizationalUnit, "JPKI for user authentication"),
        (AttributeKind::OrganizationalUnit, "Japan Agency for Local Authority Information Systems"),
    ])
}

pub(crate) fn ca_japanese_name() -> Name {
    name(&[
        (AttributeKind::Country, "JP"),
        (AttributeKind::Organization, "公的個人認証サービス"),
        (AttributeKind::OrganizationalUnit, "公的個人認証サービス利用者証明用"),
        (AttributeKind::OrganizationalUnit, "地方公共団体情報システム機構"),
    ])
}

pub(crate) fn distribution_point(municipality: &str) -> Name {
    name(&[
        (AttributeKind::Country, "JP"),
        (AttributeKind::Organization, "JPKI-TEST"),
        (AttributeKind::OrganizationalUnit, "JPKI for user authentication"),
        (AttributeKind::OrganizationalUnit, "CRL Distribution Points"),
        (AttributeKind::OrganizationalUnit, "Saitama-ken"),
        (AttributeKind::CommonName, &format!("{municipality} CRLDP")),
    ])
}

fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new(text).unwrap()
}

fn template(subject: Name, spki: &[u8], extensions: Vec<Extension>) -> CertificateTemplate {
    CertificateTemplate {
        serial: serial(0xa5),
        signature: SignatureAlgorithm::RsaSha256,
        issuer: ca_name(),
        validity: Validity {
            not_before: time("2026-11-22T01:02:03Z"),
            not_after: time("2031-11-22T14:59:59Z"),
        },
        subject,
        subject_public_key_info: spki.to_vec(),
        extensions,
    }
}

/// The self-signed CA: keyUsage, subjectAltName, basicConstraints, CRLDP, SKI; no AKI.
pub(crate) fn self_signed(ca_spki: &[u8]) -> CertificateTemplate {
    let ski = spki(ca_spki).key_identifier().to_vec();
    let mut template = template(
        ca_name(),
        ca_spki,
        vec![
            Extension::critical(ExtensionValue::KeyUsage(
                KeyUsage::KEY_CERT_SIGN.and(KeyUsage::CRL_SIGN),
            )),
            Extension::non_critical(ExtensionValue::SubjectAltName(vec![
                GeneralName::DirectoryName(ca_japanese_name()),
            ])),
            Extension::critical(ExtensionValue::BasicConstraints { ca: true, path_length: None }),
            Extension::non_critical(ExtensionValue::CrlDistributionPoints(vec![ca_name()])),
            Extension::non_critical(ExtensionValue::SubjectKeyIdentifier(ski)),
        ],
    );
    template.serial = serial(0x11);
    template.validity.not_after = time("2036-11-21T14:59:59Z");
    template
}

/// What the user profiles end with: policies, issuerAltName, CRLDP, AIA, AKI, SKI.
fn user_tail(ca_spki: &[u8], user_spki: &[u8], policy: &str, point: &str) -> Vec<Extension> {
    let aki = AuthorityKeyIdentifier {
        key_identifier: spki(ca_spki).key_identifier().to_vec(),
        issuer_and_serial: Some((ca_name(), serial(0x11).to_integer())),
    };
    let cps_uri = Some("http://www.jpki.go.jp/cps.html".to_owned());
    vec![
        Extension::critical(ExtensionValue::CertificatePolicies(vec![PolicyInformation {
            policy: oid(policy),
            cps_uri,
        }])),
        Extension::non_critical(ExtensionValue::IssuerAltName(vec![GeneralName::DirectoryName(
            ca_japanese_name(),
        )])),
        Extension::non_critical(ExtensionValue::CrlDistributionPoints(vec![distribution_point(
            point,
        )])),
        Extension::non_critical(ExtensionValue::AuthorityInfoAccess {
            ocsp_uris: vec!["http://127.0.0.1/ocsp".to_owned()],
        }),
        Extension::non_critical(ExtensionValue::AuthorityKeyIdentifier(aki)),
        Extension::non_critical(ExtensionValue::SubjectKeyIdentifier(
            spki(user_spki).key_identifier().to_vec(),
        )),
    ]
}

pub(crate) fn authentication_user(ca_spki: &[u8], user_spki: &[u8]) -> CertificateTemplate {
    let mut extensions = vec![
        Extension::critical(ExtensionValue::KeyUsage(KeyUsage::DIGITAL_SIGNATURE)),
        Extension::non_critical(ExtensionValue::ExtendedKeyUsage(vec![oid::CLIENT_AUTH])),
    ];
    extensions.extend(user_tail(ca_spki, user_spki, "1.2.392.200149.8.5.1.3.30", "Kawagoe-shi"));
    let subject = name(&[
        (AttributeKind::Country, "JP"),
        (AttributeKind::CommonName, "0A1B2C3D4E5F6G11201003A"),
    ]);
    template(subject, user_spki, extensions)
}

/// The six basic attributes in their order: .1 .4 .3 .5 .2 .6.
pub(crate) const BASIC_ATTRIBUTES: [(&str, &str); 6] = [
    ("1.2.392.200149.8.5.5.1", "高橋\u{3000}花子"),
    ("1.2.392.200149.8.5.5.4", "420010203"),
    ("1.2.392.200149.8.5.5.3", "2"),
    ("1.2.392.200149.8.5.5.5", "埼玉県川越市元町一丁目3番地1"),
    ("1.2.392.200149.8.5.5.2", "10000"),
    ("1.2.392.200149.8.5.5.6", "00000000000000"),
];

pub(crate) fn signature_user(ca_spki: &[u8], user_spki: &[u8]) -> CertificateTemplate {
    let names = BASIC_ATTRIBUTES
        .map(|(text, value)| GeneralName::OtherName { oid: oid(text), value: value.to_owned() });
    let mut extensions = vec![
        Extension::critical(ExtensionValue::KeyUsage(
            KeyUsage::DIGITAL_SIGNATURE.and(KeyUsage::NON_REPUDIATION),
        )),
        Extension::non_critical(ExtensionValue::SubjectAltName(names.to_vec())),
    ];
    extensions.extend(user_tail(ca_spki, user_spki, "1.2.392.200149.8.5.1.1.10", "Kawagoe-shi"));
    let subject = name(&[
        (AttributeKind::Country, "JP"),
        (AttributeKind::Locality, "Saitama-ken"),
        (AttributeKind::Locality, "Kawagoe-shi"),
        (AttributeKind::CommonName, "202611221002030001W001"),
    ]);
    template(subject, user_spki, extensions)
}

pub(crate) fn ocsp_responder(ca_spki: &[u8], responder_spki: &[u8]) -> CertificateTemplate {
    let mut extensions = vec![
        Extension::critical(ExtensionValue::KeyUsage(KeyUsage::DIGITAL_SIGNATURE)),
        Extension::non_critical(ExtensionValue::ExtendedKeyUsage(vec![oid::OCSP_SIGNING])),
        Extension::non_critical(ExtensionValue::OcspNoCheck),
    ];
    extensions.extend(user_tail(ca_spki, responder_spki, "1.2.392.200149.8.5.1.3.330", "OCSP"));
    let subject =
        name(&[(AttributeKind::Country, "JP"), (AttributeKind::CommonName, "OCSP responder 1")]);
    template(subject, responder_spki, extensions)
}

pub(crate) fn tls_server(ca_spki: &[u8], server_spki: &[u8]) -> CertificateTemplate {
    let mut extensions = vec![
        Extension::critical(ExtensionValue::KeyUsage(
            KeyUsage::DIGITAL_SIGNATURE.and(KeyUsage::KEY_ENCIPHERMENT),
        )),
        Extension::non_critical(ExtensionValue::ExtendedKeyUsage(vec![oid::SERVER_AUTH])),
        Extension::non_critical(ExtensionValue::SubjectAltName(vec![
            GeneralName::Dns("localhost".to_owned()),
            GeneralName::IpAddress([127, 0, 0, 1].into()),
        ])),
    ];
    extensions.extend(user_tail(ca_spki, server_spki, "1.2.392.200149.8.5.1.3.130", "TLS"));
    let subject = name(&[(AttributeKind::Country, "JP"), (AttributeKind::CommonName, "localhost")]);
    template(subject, server_spki, extensions)
}

/// What a certificate made of `template` should say; the tests then break one of the two.
pub(crate) fn expectation(template: &CertificateTemplate) -> Expectation {
    let aki = template.extensions.iter().find_map(|extension| match &extension.value {
        ExtensionValue::AuthorityKeyIdentifier(aki) => Some(aki.key_identifier.clone()),
        _ => None,
    });
    Expectation {
        serial: template.serial,
        signature: template.signature,
        issuer: template.issuer.clone(),
        validity: template.validity,
        issuer_ends: template.validity.not_after,
        subject: template.subject.clone(),
        subject_public_key_info: template.subject_public_key_info.clone(),
        extensions: template.extensions.iter().map(|e| (e.oid(), e.critical)).collect(),
        authority_key_identifier: aki,
    }
}

/// The certificate of `template`, issued by the CA, as PEM.
pub(crate) fn pem_of(template: &CertificateTemplate) -> String {
    x509::pem::encode(x509::pem::CERTIFICATE, &ca().certificate(template)).unwrap()
}

/// Runs openssl in `directory` and returns what it said, whatever its status.
pub(crate) fn openssl_output(directory: &Path, arguments: &[&str]) -> Output {
    Command::new("openssl").current_dir(directory).args(arguments).output().unwrap()
}

/// Runs openssl in `directory`, which must succeed, and returns its standard output.
pub(crate) fn openssl(directory: &Path, arguments: &[&str]) -> String {
    let output = openssl_output(directory, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn write(directory: &Path, file: &str, octets: impl AsRef<[u8]>) {
    std::fs::write(directory.join(file), octets).unwrap();
}
