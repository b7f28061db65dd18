//! Certificates, CRLs, OCSP and PKCS#10 as bytes, and the lints that re-read them.
