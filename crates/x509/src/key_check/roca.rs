//! The mark of ROCA (CVE-2017-15361; Nemec and others, "The Return of Coppersmith's Attack",
//! CCS 2017).
//!
//! The flawed generator made primes `k·M + (65537^a mod M)` with M a product of the first primes.
//! A modulus made of two such primes is `65537^c` modulo M for some c. So it is a power of 65537
//! modulo every prime that divides M, and one exponent serves for all of them. Both are checked;
//! a random modulus passes for marked with a probability of about 2^-154 (section 3.2 of the
//! paper).

use std::sync::OnceLock;

/// The odd primes that divide M for every key size: M of RSA-512 has these and 2, and each larger
/// size has more.
const PRIMES: [u16; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
    101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

const GENERATOR: u32 = 65537;

/// The powers of 65537 modulo one prime.
struct Subgroup {
    /// The order of 65537.
    order: u32,
    /// For each remainder the exponent that gives it, if there is one.
    logarithms: Vec<Option<u32>>,
}

/// Whether `modulus`, given as big-endian octets, bears the mark.
pub fn is_roca_marked(modulus: &[u8]) -> bool {
    static SUBGROUPS: OnceLock<Vec<Subgroup>> = OnceLock::new();
    let subgroups =
        SUBGROUPS.get_or_init(|| PRIMES.iter().map(|p| subgroup(u32::from(*p))).collect());
    let mut exponents = Vec::with_capacity(PRIMES.len());
    for (subgroup, remainder) in subgroups.iter().zip(remainders(modulus)) {
        match subgroup.logarithms[remainder as usize] {
            Some(exponent) => exponents.push((exponent, subgroup.order)),
            None => return false,
        }
    }
    have_common_solution(&exponents)
}

/// Whether one number leaves each remainder for its divisor: the Chinese remainder theorem says
/// so exactly when every two of them agree modulo their common divisor.
fn have_common_solution(congruences: &[(u32, u32)]) -> bool {
    congruences.iter().enumerate().all(|(index, (a, order_a))| {
        congruences[..index].iter().all(|(b, order_b)| {
            let common = greatest_common_divisor(*order_a, *order_b);
            a % common == b % common
        })
    })
}

fn subgroup(prime: u32) -> Subgroup {
    let mut logarithms = vec![None; prime as usize];
    let (mut power, mut order) = (1, 0);
    loop {
        logarithms[power as usize] = Some(order);
        power = power * (GENERATOR % prime) % prime;
        order += 1;
        if power == 1 {
            return Subgroup { order, logarithms };
        }
    }
}

/// The remainders of a big-endian number by each of [`PRIMES`].
fn remainders(number: &[u8]) -> impl Iterator<Item = u32> {
    // Several primes are taken together while their product stays below 2^32.
    let words: Vec<u32> = number
        .rchunks(4)
        .rev()
        .map(|chunk| chunk.iter().fold(0, |word, octet| word << 8 | u32::from(*octet)))
        .collect();
    let mut remainders = [0u32; PRIMES.len()];
    let mut start = 0;
    while start < PRIMES.len() {
        let (product, end) = product_from(start);
        let remainder = words.iter().fold(0, |r: u64, word| (r << 32 | u64::from(*word)) % product);
        for index in start..end {
            remainders[index] = (remainder % u64::from(PRIMES[index])) as u32;
        }
        start = end;
    }
    remainders.into_iter()
}

/// The product of as many primes from `start` on as fit into 32 bits, and where it ends.
fn product_from(start: usize) -> (u64, usize) {
    let (mut product, mut end) = (1, start);
    while let Some(prime) = PRIMES.get(end).map(|prime| u64::from(*prime)) {
        if product * prime > u64::from(u32::MAX) {
            break;
        }
        product *= prime;
        end += 1;
    }
    (product, end)
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Little-endian 32-bit words, enough arithmetic to make marked moduli from the definition.
    #[derive(Clone)]
    struct Big(Vec<u32>);

    impl Big {
        fn times(&self, factor: u32) -> Self {
            let mut carry = 0u64;
            let mut words: Vec<u32> = self
                .0
                .iter()
                .map(|word| {
                    let value = u64::from(*word) * u64::from(factor) + carry;
                    carry = value >> 32;
                    value as u32
                })
                .collect();
            words.push(carry as u32);
            Self(words)
        }

        fn plus(&self, other: &Self) -> Self {
            let mut carry = 0u64;
            let length = self.0.len().max(other.0.len()) + 1;
            Self(
                (0..length)
                    .map(|index| {
                        let word = |big: &Self| u64::from(big.0.get(index).copied().unwrap_or(0));
                        let value = word(self) + word(other) + carry;
                        carry = value >> 32;
                        value as u32
                    })
                    .collect(),
            )
        }

        fn octets(&self) -> Vec<u8> {
            self.0.iter().rev().flat_map(|word| word.to_be_bytes()).collect()
        }
    }

    fn primorial() -> Big {
        PRIMES.iter().fold(Big(vec![2]), |product, prime| product.times(u32::from(*prime)))
    }

    /// The number that leaves 65537^exponent(prime) for every prime of M, by adding multiples of
    /// the primes done before (Garner).
    fn with_exponents(exponent: impl Fn(u32) -> u32) -> Big {
        let (mut number, mut step) = (Big(vec![1]), Big(vec![2]));
        for prime in PRIMES.map(u32::from) {
            let wanted =
                (0..exponent(prime)).fold(1, |power, _| power * (GENERATOR % prime) % prime);
            let remainder = |big: &Big| {
                big.0.iter().rev().fold(0u64, |r, w| (r << 32 | u64::from(*w)) % u64::from(prime))
                    as u32
            };
            while remainder(&number) != wanted {
                number = number.plus(&step);
            }
            step = step.times(prime);
        }
        number
    }

    fn pseudo_random(seed: u64) -> Vec<u8> {
        (0..32)
            .flat_map(|i| {
                crate::digest::sha256(&[seed.to_be_bytes(), [i; 8]].concat())[..8].to_vec()
            })
            .collect()
    }

    #[test]
    fn p9_moduli_of_the_flawed_generator_are_recognised() {
        for exponent in [0, 1, 2, 1000, 54_321] {
            // N = 65537^c + k·M for any k, as the product of two such primes is.
            let number = with_exponents(|_| exponent)
                .plus(&primorial().times(0xdead_beef).times(0x1234_5679));
            assert!(is_roca_marked(&number.octets()), "{exponent}");
        }
    }

    #[test]
    fn p9_one_exponent_must_serve_for_all_primes() {
        // 65537^1 everywhere but modulo 163, where it is 65537^2: each prime alone is content, and
        // only the missing common exponent shows that the flawed generator did not make it.
        let number = with_exponents(|prime| if prime == 163 { 2 } else { 1 }).octets();
        let all_in_subgroups = remainders(&number)
            .zip(PRIMES)
            .all(|(r, p)| subgroup(u32::from(p)).logarithms[r as usize].is_some());
        assert!(all_in_subgroups);
        assert!(!is_roca_marked(&number));
    }

    #[test]
    fn p9_random_moduli_are_not_marked() {
        assert!((0..2000).all(|seed| !is_roca_marked(&pseudo_random(seed))));
    }

    #[test]
    fn the_orders_are_those_of_the_group() {
        // 65537 ≡ 2 modulo 3 and modulo 5: of order 2 and 4.
        assert_eq!(subgroup(3).order, 2);
        assert_eq!(subgroup(5).order, 4);
        assert!(PRIMES.iter().all(|p| u32::from(p - 1) % subgroup(u32::from(*p)).order == 0));
    }
}
