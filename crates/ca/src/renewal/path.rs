//! The paths that relying parties take after a renewal, each built and checked with its lists.

use std::fmt;

use domain::certificate::CertificateKind;
use jiff::Timestamp;
use x509::crl::Crl;
use x509::path::{Anchor, Budget, Path, Question, Reader, build, look_up};
use x509::read::Certificate;

use super::model::Model;
use super::samples::{Sample, SampleList};

/// How a relying party looks at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// By keys, as RFC 5280 says; Java reads so.
    ByKey,
    /// By issuer and serial of the authorityKeyIdentifier too; OpenSSL reads so.
    ByKeyAndSerial,
}

/// One path of a rehearsal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RehearsedPath {
    /// The generation whose root the relying party holds.
    pub anchor: u32,
    /// What is validated.
    pub target: CertificateKind,
    /// The generation that signed it.
    pub issued_by: u32,
    /// How the relying party reads.
    pub trust: Trust,
    /// Through how many link certificates it goes, or why it does not hold.
    pub outcome: Result<usize, String>,
}

impl fmt::Display for RehearsedPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { anchor, target, issued_by, trust, outcome } = self;
        let reads = match trust {
            Trust::ByKey => "by key",
            Trust::ByKeyAndSerial => "by key, issuer and serial",
        };
        write!(f, "root {anchor}, {target} of generation {issued_by}, read {reads}: ")?;
        match outcome {
            Ok(0) => write!(f, "holds"),
            Ok(links) => write!(f, "holds through {links} link"),
            Err(reason) => write!(f, "BREAKS: {reason}"),
        }
    }
}

/// Every pair of root and sample, in both ways of reading.
pub(super) fn walk(
    model: &Model<'_>,
    samples: &[Sample],
    lists: &[SampleList],
    at: Timestamp,
) -> Vec<RehearsedPath> {
    let mut paths = Vec::new();
    for trust in [Trust::ByKey, Trust::ByKeyAndSerial] {
        for (anchor, generation) in model.anchors.iter().zip(model.generations()) {
            for sample in samples {
                paths.push(RehearsedPath {
                    anchor: generation.number,
                    target: sample.kind,
                    issued_by: sample.generation,
                    trust,
                    outcome: validate(model, anchor, sample, lists, (trust, at)),
                });
            }
        }
    }
    paths
}

fn validate(
    model: &Model<'_>,
    anchor: &Anchor,
    sample: &Sample,
    lists: &[SampleList],
    (trust, at): (Trust, Timestamp),
) -> Result<usize, String> {
    let question = Question {
        at,
        anchors: std::slice::from_ref(anchor),
        intermediates: &model.links,
        reader: match trust {
            Trust::ByKey => Reader::ByKey,
            Trust::ByKeyAndSerial => Reader::ByKeyAndSerial,
        },
        purpose: purpose(sample.kind),
        budget: Budget::default(),
    };
    let path = build(&sample.certificate, &question).map_err(|error| error.to_string())?;
    for (index, certificate) in path.certificates.iter().enumerate() {
        if is_checked(certificate) {
            one_list_answers(&path, index, lists, at)?;
        }
    }
    Ok(path.certificates.len() - 1)
}

fn purpose(kind: CertificateKind) -> Option<x509::oid::ObjectIdentifier> {
    (kind == CertificateKind::OcspResponder).then_some(x509::oid::OCSP_SIGNING)
}

/// A delegate's revocation is not looked up (RFC 6960 4.2.2.2.1).
fn is_checked(certificate: &Certificate) -> bool {
    certificate.tbs.extension(x509::oid::OCSP_NO_CHECK).is_none()
}

/// Of all lists under the certificate's distribution point exactly one is its own: that of another
/// generation must never be taken for it (Kamu SM, 2026).
fn one_list_answers(
    path: &Path,
    index: usize,
    lists: &[SampleList],
    at: Timestamp,
) -> Result<(), String> {
    let mut refusals = Vec::new();
    let mut answers = 0;
    for list in lists {
        let crl = Crl::parse(&list.der).map_err(|error| error.to_string())?;
        match look_up(path, index, &crl, at) {
            Ok(_) => answers += 1,
            Err(fault) => refusals.push(format!(
                "list {} of generation {}: {}",
                list.partition, list.generation, fault.rule
            )),
        }
    }
    match answers {
        1 => Ok(()),
        0 => Err(format!("no list answers for certificate {index}: {}", refusals.join("; "))),
        _ => Err(format!("{answers} lists claim certificate {index}")),
    }
}
