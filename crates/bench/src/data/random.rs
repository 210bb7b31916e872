//! Random numbers that are the same on every machine and in every version.

use route_guide_geo::E7Point;

/// A sequence of 64-bit numbers that a seed determines: splitmix64.
///
/// # References
///
/// G. L. Steele, D. Lea, C. H. Flood: Fast splittable pseudorandom number generators. OOPSLA 2014.
#[derive(Clone, Copy, Debug)]
pub struct Random(u64);

impl Random {
    /// Makes the sequence of a seed and the number of something: different numbers have unrelated sequences.
    #[must_use]
    pub fn new(seed: u64, number: u64) -> Self {
        let mut of_seed = Self(seed);
        Self(of_seed.bits() ^ number.wrapping_mul(0xd6e8_feb8_6659_fd93))
    }

    /// Returns the next number, any of 2⁶⁴.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below `bound`, each as likely within one in 2³²; 0 if there is none.
    pub fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.bits()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// Returns a number from -1 to 1.
    #[expect(
        clippy::cast_precision_loss,
        reason = "the bits that do not fit are not missed"
    )]
    pub fn signed(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }

    /// Returns a point anywhere on the globe, in degrees as likely as any other.
    pub fn point(&mut self) -> E7Point {
        let mut within = |bound: i32| {
            let offset = self.below(u64::from(bound.unsigned_abs()) * 2 + 1);
            i32::try_from(i64::try_from(offset).unwrap_or(0) - i64::from(bound)).unwrap_or(0)
        };
        E7Point::unbounded(within(E7Point::MAX_LAT), within(E7Point::MAX_LON))
    }

    /// Returns one of some things.
    ///
    /// # Panics
    ///
    /// If there are none.
    pub fn pick<T: Copy>(&mut self, things: &[T]) -> T {
        things[usize::try_from(self.below(things.len() as u64)).unwrap_or(0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_that_of_splitmix64() {
        // The first outputs for seed 1234567, as in the reference implementation.
        let mut random = Random(1_234_567);
        assert_eq!(random.bits(), 6_457_827_717_110_365_317);
        assert_eq!(random.bits(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn numbers_stay_within_their_bounds_and_fill_them() {
        let mut random = Random::new(1, 2);
        let mut seen = [false; 10];
        for _ in 0..1_000 {
            seen[usize::try_from(random.below(10)).unwrap()] = true;
            assert!((-1.0..=1.0).contains(&random.signed()));
        }
        assert_eq!(seen, [true; 10]);
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn different_numbers_have_different_sequences() {
        let first = |seed, number| Random::new(seed, number).bits();
        assert_ne!(first(1, 1), first(1, 2));
        assert_ne!(first(1, 1), first(2, 1));
        assert_eq!(first(3, 4), first(3, 4));
    }
}
