//! Chance that can be had again: everything random here follows from one seed.

/// A sequence of numbers (SplitMix64).
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    /// The sequence of a seed and a name, whatever other sequences were drawn from.
    pub(crate) fn named(seed: u64, name: &str) -> Self {
        let mixed = |state: u64, octet: u8| Self(state ^ u64::from(octet)).next();
        Self(name.bytes().fold(seed, mixed))
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    /// A place in something so long; none if it is empty.
    pub(crate) fn pick(&mut self, length: usize) -> Option<usize> {
        let place = self.below(length as u64);
        (length > 0).then(|| usize::try_from(place).unwrap())
    }

    /// Puts things in another order.
    pub(crate) fn shuffle<T>(&mut self, things: &mut [T]) {
        for place in (1..things.len()).rev() {
            let other = usize::try_from(self.below(place as u64 + 1)).unwrap();
            things.swap(place, other);
        }
    }

    pub(crate) fn flip(&mut self) -> bool {
        self.below(2) == 0
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
