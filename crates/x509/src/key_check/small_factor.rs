//! Trial division of RSA moduli by every small prime, many primes at a time.
//!
//! Primes are multiplied into 64-bit products. Montgomery's reduction then turns the modulus into
//! `modulus · 2^(-64k)` modulo each product with two multiplications for every 64 bits and no
//! division. The factor `2^(-64k)` is a unit, so a prime divides the remainder if and only if it
//! divides the modulus.

use std::sync::OnceLock;

/// Primes below this are tried: eleven times what NIST SP 800-89 5.3.3 asks (752), and as many as
/// fit into a few microseconds.
pub const SMALL_FACTOR_LIMIT: u32 = 1 << 13;

/// Products reduced side by side, so that their multiplications overlap in the processor.
const LANES: usize = 4;

/// Four products of primes with what Montgomery's reduction needs of each.
struct Group {
    products: [u64; LANES],
    /// `-product^(-1)` modulo 2^64.
    negated_inverses: [u64; LANES],
    primes: [Vec<u32>; LANES],
}

/// The smallest odd prime below [`SMALL_FACTOR_LIMIT`] that divides `modulus`, given as
/// big-endian octets.
pub fn small_factor(modulus: &[u8]) -> Option<u32> {
    static GROUPS: OnceLock<Vec<Group>> = OnceLock::new();
    let limbs = little_endian_limbs(modulus);
    GROUPS.get_or_init(groups).iter().find_map(|group| group.divisor(&limbs))
}

impl Group {
    fn divisor(&self, limbs: &[u64]) -> Option<u32> {
        let remainders = self.reduce(limbs);
        remainders.iter().zip(&self.primes).find_map(|(remainder, primes)| {
            primes.iter().copied().find(|prime| remainder % u64::from(*prime) == 0)
        })
    }

    /// A number congruent to `limbs · 2^(-64 · limbs.len())` modulo each product.
    fn reduce(&self, limbs: &[u64]) -> [u64; LANES] {
        let mut remainders = [0u64; LANES];
        for limb in limbs {
            for (lane, remainder) in remainders.iter_mut().enumerate() {
                let product = self.products[lane];
                // Adding a multiple of the product clears the low 64 bits; what is left is exact.
                let sum = u128::from(*remainder) + u128::from(*limb);
                let multiple = (sum as u64).wrapping_mul(self.negated_inverses[lane]);
                let cleared = (sum + u128::from(multiple) * u128::from(product)) >> 64;
                // sum < 2^65 and multiple · product < 2^64 · product, so this is product + 1 at most.
                *remainder = cleared as u64;
            }
        }
        remainders
    }
}

fn groups() -> Vec<Group> {
    let mut products: Vec<(u64, Vec<u32>)> = vec![(1, Vec::new())];
    for prime in odd_primes_below(SMALL_FACTOR_LIMIT) {
        match products.last_mut() {
            // One bit is kept free so that sums stay below 2^64.
            Some((product, primes)) if *product < (1 << 63) / u64::from(prime) => {
                *product *= u64::from(prime);
                primes.push(prime);
            }
            _ => products.push((u64::from(prime), vec![prime])),
        }
    }
    products.chunks(LANES).map(group).collect()
}

/// Unused lanes of the last group hold the product 1 and no prime.
fn group(products: &[(u64, Vec<u32>)]) -> Group {
    let product = |lane: usize| products.get(lane).map_or(1, |(product, _)| *product);
    let primes = |lane: usize| products.get(lane).map_or_else(Vec::new, |(_, p)| p.clone());
    Group {
        products: std::array::from_fn(product),
        negated_inverses: std::array::from_fn(|lane| inverse(product(lane)).wrapping_neg()),
        primes: std::array::from_fn(primes),
    }
}

/// The inverse of an odd number modulo 2^64, by Newton's iteration: each step doubles the bits.
fn inverse(odd: u64) -> u64 {
    (0..6).fold(odd, |x, _| x.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(x))))
}

/// The odd primes below `limit`, by the sieve of Eratosthenes.
fn odd_primes_below(limit: u32) -> Vec<u32> {
    let mut composite = vec![false; limit as usize];
    let mut primes = Vec::new();
    for candidate in (3..limit).step_by(2) {
        if !composite[candidate as usize] {
            primes.push(candidate);
            let multiples = (candidate * candidate..limit).step_by(2 * candidate as usize);
            multiples.for_each(|multiple| composite[multiple as usize] = true);
        }
    }
    primes
}

/// The limbs of a big-endian number, least significant first.
pub(super) fn little_endian_limbs(number: &[u8]) -> Vec<u64> {
    number
        .rchunks(8)
        .map(|chunk| chunk.iter().fold(0, |limb, octet| limb << 8 | u64::from(*octet)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `factor` times a large odd number with no small factor of its own: 2^521 - 1 is prime.
    fn multiple_of_a_mersenne_prime(factor: u32) -> Vec<u8> {
        let mut product = vec![0xff; 66];
        product[0] = 1;
        let mut carry = 0u64;
        for octet in product.iter_mut().rev() {
            let value = u64::from(*octet) * u64::from(factor) + carry;
            *octet = value as u8;
            carry = value >> 8;
        }
        let mut octets = carry.to_be_bytes().to_vec();
        octets.extend(product);
        octets
    }

    #[test]
    fn p9_every_small_prime_is_found_and_no_other() {
        for prime in odd_primes_below(SMALL_FACTOR_LIMIT) {
            assert_eq!(small_factor(&multiple_of_a_mersenne_prime(prime)), Some(prime));
        }
        // 8209 is the first prime beyond the limit.
        assert_eq!(small_factor(&multiple_of_a_mersenne_prime(8209)), None);
        assert_eq!(small_factor(&multiple_of_a_mersenne_prime(1)), None);
    }

    #[test]
    fn the_sieve_knows_how_many_primes_there_are() {
        assert_eq!(odd_primes_below(SMALL_FACTOR_LIMIT).len(), 1027);
    }
}
