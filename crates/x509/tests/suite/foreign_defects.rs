//! Defects of the libraries below, pinned: when one of these fails, the defect is gone and the
//! wall around it may be reconsidered.

use const_oid::AssociatedOid;
use der::{Encode, Length, Writer};
use jitsuin_x509 as x509;
use x509_cert::ext::pkix::crl::dp::IssuingDistributionPoint;

#[test]
fn v2_x509_cert_still_has_the_wrong_oid_for_the_issuing_distribution_point() {
    assert_eq!(IssuingDistributionPoint::OID.to_string(), "1.3.6.1.5.5.7.1.11");
    assert_eq!(x509::oid::ISSUING_DISTRIBUTION_POINT.to_string(), "2.5.29.28");
}

/// Takes one octet at a time, as a pipe may.
struct Narrow(Vec<u8>);

impl std::io::Write for Narrow {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.0.extend_from_slice(&octets[..octets.len().min(1)]);
        Ok(octets.len().min(1))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn der_still_truncates_silently_when_it_writes_to_io() {
    let mut narrow = Narrow(Vec::new());
    // A private trait method: the blanket `impl Writer for io::Write` of der.
    let result = Writer::write(&mut narrow, &[1, 2, 3]);
    assert!(result.is_ok() && narrow.0.len() < 3, "der was mended: {result:?} {:?}", narrow.0);
    assert_eq!(Length::new(3).encoded_len(), Ok(Length::new(1)));
}

#[test]
fn v1_our_crl_writer_survives_a_sink_that_takes_one_octet_at_a_time() {
    use crate::crl::{entries, template};
    let (mut narrow, mut wide) = (Narrow(Vec::new()), Vec::new());
    x509::crl::write_tbs(&template("Kawagoe-shi"), || entries(50), &mut narrow).unwrap();
    x509::crl::write_tbs(&template("Kawagoe-shi"), || entries(50), &mut wide).unwrap();
    assert_eq!(narrow.0, wide);
}
