//! Our own table of object identifiers.
//!
//! x509-cert 0.3.0 gives `IssuingDistributionPoint` the identifier of subjectInfoAccess; a CRL
//! written or read through it would lose its partition. So no identifier is ever taken from
//! `AssociatedOid`; `tests/suite/foreign_defects.rs` says when that may change.

pub use const_oid::ObjectIdentifier;

/// Declares documented object identifiers.
macro_rules! oids {
    ($($(#[$meta:meta])* $name:ident = $text:literal;)*) => {
        $($(#[$meta])* pub const $name: ObjectIdentifier = ObjectIdentifier::new_unwrap($text);)*
    };
}

// Attribute types (X.520, RFC 5280 appendix A).
oids! {
    /// commonName.
    COMMON_NAME = "2.5.4.3";
    /// countryName.
    COUNTRY = "2.5.4.6";
    /// localityName.
    LOCALITY = "2.5.4.7";
    /// stateOrProvinceName.
    STATE_OR_PROVINCE = "2.5.4.8";
    /// organizationName.
    ORGANIZATION = "2.5.4.10";
    /// organizationalUnitName.
    ORGANIZATIONAL_UNIT = "2.5.4.11";
}

// Certificate and CRL extensions (RFC 5280 4.2, 5.2, 5.3).
oids! {
    /// subjectKeyIdentifier (RFC 5280 4.2.1.2).
    SUBJECT_KEY_IDENTIFIER = "2.5.29.14";
    /// keyUsage (RFC 5280 4.2.1.3).
    KEY_USAGE = "2.5.29.15";
    /// subjectAltName (RFC 5280 4.2.1.6).
    SUBJECT_ALT_NAME = "2.5.29.17";
    /// issuerAltName (RFC 5280 4.2.1.7).
    ISSUER_ALT_NAME = "2.5.29.18";
    /// basicConstraints (RFC 5280 4.2.1.9).
    BASIC_CONSTRAINTS = "2.5.29.19";
    /// cRLNumber (RFC 5280 5.2.3).
    CRL_NUMBER = "2.5.29.20";
    /// reasonCode of a CRL entry (RFC 5280 5.3.1).
    REASON_CODE = "2.5.29.21";
    /// issuingDistributionPoint (RFC 5280 5.2.5).
    ISSUING_DISTRIBUTION_POINT = "2.5.29.28";
    /// cRLDistributionPoints (RFC 5280 4.2.1.13).
    CRL_DISTRIBUTION_POINTS = "2.5.29.31";
    /// certificatePolicies (RFC 5280 4.2.1.4).
    CERTIFICATE_POLICIES = "2.5.29.32";
    /// policyMappings (RFC 5280 4.2.1.5).
    POLICY_MAPPINGS = "2.5.29.33";
    /// authorityKeyIdentifier (RFC 5280 4.2.1.1).
    AUTHORITY_KEY_IDENTIFIER = "2.5.29.35";
    /// policyConstraints (RFC 5280 4.2.1.11).
    POLICY_CONSTRAINTS = "2.5.29.36";
    /// extKeyUsage (RFC 5280 4.2.1.12).
    EXTENDED_KEY_USAGE = "2.5.29.37";
    /// authorityInfoAccess (RFC 5280 4.2.2.1).
    AUTHORITY_INFO_ACCESS = "1.3.6.1.5.5.7.1.1";
    /// CRL Next Publish: the next planned issue, earlier than nextUpdate.
    CRL_NEXT_PUBLISH = "1.3.6.1.4.1.311.21.4";
    /// The CPS pointer qualifier (RFC 5280 4.2.1.4).
    CPS_QUALIFIER = "1.3.6.1.5.5.7.2.1";
    /// id-ad-ocsp (RFC 5280 4.2.2.1).
    ACCESS_OCSP = "1.3.6.1.5.5.7.48.1";
}

// Extended key usages (RFC 5280 4.2.1.12, RFC 6960 4.2.2.2).
oids! {
    /// serverAuth.
    SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
    /// clientAuth.
    CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
    /// codeSigning.
    CODE_SIGNING = "1.3.6.1.5.5.7.3.3";
    /// OCSPSigning.
    OCSP_SIGNING = "1.3.6.1.5.5.7.3.9";
}

// OCSP (RFC 6960).
oids! {
    /// id-pkix-ocsp-basic.
    OCSP_BASIC = "1.3.6.1.5.5.7.48.1.1";
    /// id-pkix-ocsp-nonce.
    OCSP_NONCE = "1.3.6.1.5.5.7.48.1.2";
    /// id-pkix-ocsp-response, the acceptable response types of a request.
    OCSP_RESPONSE_TYPES = "1.3.6.1.5.5.7.48.1.4";
    /// id-pkix-ocsp-nocheck.
    OCSP_NO_CHECK = "1.3.6.1.5.5.7.48.1.5";
}

// Algorithms (RFC 3279, RFC 4055, RFC 5480, RFC 5758, RFC 8410).
oids! {
    /// rsaEncryption.
    RSA_ENCRYPTION = "1.2.840.113549.1.1.1";
    /// sha256WithRSAEncryption.
    SHA256_WITH_RSA = "1.2.840.113549.1.1.11";
    /// sha384WithRSAEncryption.
    SHA384_WITH_RSA = "1.2.840.113549.1.1.12";
    /// sha512WithRSAEncryption.
    SHA512_WITH_RSA = "1.2.840.113549.1.1.13";
    /// id-RSASSA-PSS.
    RSASSA_PSS = "1.2.840.113549.1.1.10";
    /// id-mgf1, the mask generation of RSASSA-PSS.
    MGF1 = "1.2.840.113549.1.1.8";
    /// id-ecPublicKey.
    EC_PUBLIC_KEY = "1.2.840.10045.2.1";
    /// The curve P-256 (secp256r1).
    P256 = "1.2.840.10045.3.1.7";
    /// The curve P-384 (secp384r1).
    P384 = "1.3.132.0.34";
    /// ecdsa-with-SHA256.
    ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
    /// ecdsa-with-SHA384.
    ECDSA_WITH_SHA384 = "1.2.840.10045.4.3.3";
    /// Ed25519.
    ED25519 = "1.3.101.112";
    /// SHA-1, in CertID only.
    SHA1 = "1.3.14.3.2.26";
    /// SHA-256.
    SHA256 = "2.16.840.1.101.3.4.2.1";
    /// SHA-384.
    SHA384 = "2.16.840.1.101.3.4.2.2";
    /// SHA-512.
    SHA512 = "2.16.840.1.101.3.4.2.3";
}

// CMS (RFC 5652 5.1, 11).
oids! {
    /// id-data.
    CMS_DATA = "1.2.840.113549.1.7.1";
    /// id-signedData.
    SIGNED_DATA = "1.2.840.113549.1.7.2";
    /// The contentType attribute.
    CMS_CONTENT_TYPE = "1.2.840.113549.1.9.3";
    /// The messageDigest attribute.
    CMS_MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
}

oids! {
    /// The extensionRequest attribute of PKCS#10 (RFC 2985 5.4.2).
    EXTENSION_REQUEST = "1.2.840.113549.1.9.14";
}

// The basic attributes of a JPKI signature certificate, as otherName (S 3-1-2, 4-2-2).
oids! {
    /// commonName: the name, with the alias of foreign residents.
    JPKI_NAME = "1.2.392.200149.8.5.5.1";
    /// substituteCharacterOfCommonName: one digit a character.
    JPKI_NAME_SUBSTITUTES = "1.2.392.200149.8.5.5.2";
    /// gender.
    JPKI_GENDER = "1.2.392.200149.8.5.5.3";
    /// dateOfBirth: era digit and Gregorian date.
    JPKI_DATE_OF_BIRTH = "1.2.392.200149.8.5.5.4";
    /// address.
    JPKI_ADDRESS = "1.2.392.200149.8.5.5.5";
    /// substituteCharacterOfAddress: one digit a character.
    JPKI_ADDRESS_SUBSTITUTES = "1.2.392.200149.8.5.5.6";
}
