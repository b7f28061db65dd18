//! The search: from the target upwards, depth first, within a budget (RFC 4158 2).

use super::check::{self, Candidate};
use super::fault::{Fault, PathError, shown};
use super::{Path, Question};
use crate::read::Certificate;

/// Finds a path from `target` to an anchor.
///
/// # Errors
/// [`PathError::Broken`] with the rules that the ways there break, [`PathError::NoIssuer`] if none
/// leads on, [`PathError::Budget`].
pub fn build(target: &Certificate, question: &Question<'_>) -> Result<Path, PathError> {
    let own = |fault| PathError::Broken(vec![fault]);
    check::any(target, question.at).map_err(own)?;
    check::target(target, question.purpose).map_err(own)?;
    let mut search = Search { question, signatures: 0, faults: Vec::new() };
    let mut path = vec![target];
    match search.upwards(&mut path)? {
        Some(anchor) => Ok(Path {
            certificates: path.into_iter().cloned().collect(),
            anchor: question.anchors[anchor].clone(),
        }),
        None if search.faults.is_empty() => Err(PathError::NoIssuer(shown(target))),
        None => Err(PathError::Broken(search.faults)),
    }
}

struct Search<'a, 'q> {
    question: &'q Question<'a>,
    signatures: u32,
    faults: Vec<Fault>,
}

impl<'a> Search<'a, '_> {
    /// Leads `path` on from its last certificate; the place of the anchor that it ends at.
    fn upwards<'p>(&mut self, path: &mut Vec<&'p Certificate>) -> Result<Option<usize>, PathError>
    where
        'a: 'p,
    {
        let Some(last) = path.last().copied() else { return Ok(None) };
        for (index, anchor) in self.question.anchors.iter().enumerate() {
            if !self.fits(&Candidate::anchor(anchor), last) {
                continue;
            }
            if !check::holds_at(&anchor.validity, self.question.at) {
                let rule = format!("the trust anchor ended at {}", anchor.validity.not_after);
                self.faults.push(Fault::new(last, rule));
            } else if self.signed(last, &anchor.spki)? {
                return Ok(Some(index));
            }
        }
        for issuer in self.question.intermediates {
            if stands_in(path, issuer) || !self.fits(&Candidate::certificate(issuer), last) {
                continue;
            }
            if path.len() > self.question.budget.intermediates {
                return Err(PathError::Budget("the longest path allowed"));
            }
            if !self.may_certify(issuer, path)
                || !self.signed(last, &issuer.tbs.subject_public_key_info)?
            {
                continue;
            }
            path.push(issuer);
            if let Some(anchor) = self.upwards(path)? {
                return Ok(Some(anchor));
            }
            path.pop();
        }
        Ok(None)
    }

    fn fits(&mut self, candidate: &Candidate<'_>, certificate: &Certificate) -> bool {
        candidate.fits(certificate, self.question.reader).unwrap_or_else(|fault| {
            self.faults.push(fault);
            false
        })
    }

    fn may_certify(&mut self, issuer: &Certificate, path: &[&Certificate]) -> bool {
        // The target counts for no length, and neither do self-issued certificates.
        let below = path.iter().skip(1).filter(|one| !one.tbs.is_self_issued()).count();
        let checked =
            check::any(issuer, self.question.at).and_then(|()| check::authority(issuer, below));
        checked.map_err(|fault| self.faults.push(fault)).is_ok()
    }

    fn signed(&mut self, certificate: &Certificate, spki: &[u8]) -> Result<bool, PathError> {
        if self.signatures == self.question.budget.signatures {
            return Err(PathError::Budget("the signatures allowed"));
        }
        self.signatures += 1;
        let verified = certificate.verify(spki);
        Ok(verified.map_err(|error| self.faults.push(Fault::new(certificate, error))).is_ok())
    }
}

/// Whether the same key of the same name is in the path already: a loop leads nowhere.
fn stands_in(path: &[&Certificate], issuer: &Certificate) -> bool {
    path.iter().any(|one| {
        one.tbs.subject == issuer.tbs.subject
            && one.tbs.subject_public_key_info == issuer.tbs.subject_public_key_info
    })
}
