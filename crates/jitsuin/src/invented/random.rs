//! A small random number generator that gives the same numbers on every machine for ever.

/// SplitMix64 (Steele, Lea and Flood 2014): good enough to invent people, never to make keys.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    /// The generator for one resident, independent of all others with the same seed.
    pub(super) fn of_resident(seed: u64, index: u64) -> Self {
        let mut random = Self(seed);
        Self(random.next() ^ index.wrapping_mul(0xD1B5_4A32_D192_ED03))
    }

    /// The next 64 bits.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 up to but not including `end`; 0 when `end` is 0.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        // The upper half of a 128-bit product; its bias is below 2^-40 for all ends used here.
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    /// True `chances` times in a thousand.
    pub(super) fn per_thousand(&mut self, chances: u64) -> bool {
        self.below(1000) < chances
    }

    /// One of `items`, or `None` when there are none.
    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len() as u64) as usize)
    }

    /// An index into `weights`, each as likely as its weight.
    pub(super) fn weighted(&mut self, weights: impl Iterator<Item = u64> + Clone) -> usize {
        let mut left = self.below(weights.clone().sum());
        for (index, weight) in weights.enumerate() {
            if left < weight {
                return index;
            }
            left -= weight;
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_published_algorithm() {
        // The first values for the seed 1234567, as the authors' reference program prints them.
        let mut random = Random(1_234_567);
        let first: Vec<_> = (0..3).map(|_| random.next()).collect();
        let published =
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!(first, published);
    }

    #[test]
    fn choices_keep_their_bounds_and_weights() {
        let mut random = Random(1);
        let mut seen = [0; 3];
        for _ in 0..3000 {
            assert!(random.below(7) < 7);
            seen[random.weighted([1, 0, 2].into_iter())] += 1;
        }
        assert_eq!(seen[1], 0);
        assert!((900..1100).contains(&seen[0]), "{seen:?}");
        assert_eq!(random.pick::<u8>(&[]), None);
        assert_eq!(random.below(0), 0);
    }
}
