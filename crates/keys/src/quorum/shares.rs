//! Shamir's secret sharing over GF(256), octet by octet, as `vsss-rs` does it.

use std::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};
use vsss_rs::Gf256;
use zeroize::Zeroizing;

use crate::error::KeyError;
use crate::quorum::secret::QuorumSecret;

/// One share in clear: its index, then one octet for each of the secret's.
pub(crate) type Share = Zeroizing<Vec<u8>>;

/// Splits the secret into shares 1 to `number`, of which any `threshold` give it back.
///
/// The polynomials are drawn from the provider's generator, uniformly over the whole field: fewer
/// shares than the threshold fit every secret equally well.
pub(crate) fn split(
    secret: &QuorumSecret,
    threshold: u8,
    number: u8,
) -> Result<Vec<Share>, KeyError> {
    let failed = KeyError::Provider("splitting the custodians' secret");
    let mut random = ProviderRandom { failed: false };
    let (threshold, number) = (usize::from(threshold), usize::from(number));
    let shares = Gf256::split_bytes(threshold, number, secret.octets(), &mut random)
        .map(|shares| shares.into_iter().map(Zeroizing::new).collect());
    match shares {
        Ok(shares) if !random.failed => Ok(shares),
        _ => Err(failed),
    }
}

/// What the shares give: with fewer than the threshold, or others', something that is not the secret.
pub(crate) fn combine<'a>(shares: impl Iterator<Item = &'a Share>) -> Option<QuorumSecret> {
    let shares: Zeroizing<Vec<Vec<u8>>> = Zeroizing::new(shares.map(|s| s.to_vec()).collect());
    let octets = Zeroizing::new(Gf256::combine_bytes(&*shares).ok()?);
    QuorumSecret::from_octets(&octets)
}

/// The provider's generator in the form that the sharing asks for, which has no way to fail.
///
/// So it remembers that it failed, and the shares made meanwhile are thrown away.
struct ProviderRandom {
    failed: bool,
}

impl ProviderRandom {
    fn draw<const N: usize>(&mut self) -> [u8; N] {
        let mut octets = [0; N];
        self.failed |= aws_lc_rs::rand::fill(&mut octets).is_err();
        octets
    }
}

impl TryRng for ProviderRandom {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(self.draw()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(self.draw()))
    }

    fn try_fill_bytes(&mut self, output: &mut [u8]) -> Result<(), Infallible> {
        self.failed |= aws_lc_rs::rand::fill(output).is_err();
        Ok(())
    }
}

impl TryCryptoRng for ProviderRandom {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k2_every_coefficient_occurs_so_that_a_share_fits_every_secret() {
        // Of a zero octet and a threshold of two, the second share is the coefficient times two,
        // which maps the field onto itself. Libraries left out zero, or all even octets.
        let secret = QuorumSecret::from_octets(&[0; 32]).expect("32 octets");
        let mut seen = [false; 256];
        for _ in 0..256 {
            let shares = split(&secret, 2, 2).expect("splits");
            shares[1][1..].iter().for_each(|octet| seen[usize::from(*octet)] = true);
        }
        assert!(seen.iter().all(|seen| *seen), "8192 draws reach all 256 values");
    }

    #[test]
    fn k2_one_of_one_is_no_sharing() {
        let secret = QuorumSecret::generate().expect("randomness");
        assert!(split(&secret, 1, 1).is_err());
        assert!(split(&secret, 3, 2).is_err());
    }
}
