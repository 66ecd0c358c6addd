//! Chance that repeats: a stream for each seed and purpose, the same on every machine and in every version.

use std::ops::RangeInclusive;

/// SplitMix64 (Steele, Lea and Flood 2014). The streams of general generators may change between their versions.
pub struct Dice(u64);

impl Dice {
    /// The stream of a seed for one purpose, for example the number of a case.
    pub fn new(seed: u64, purpose: u64) -> Dice {
        let mut dice = Dice(seed);
        let start = dice.roll();
        Dice(start ^ mix(purpose.wrapping_add(0x5851_f42d_4c95_7f2d)))
    }

    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// 0 to `n` − 1; 0 where `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.roll()) * n as u128) >> 64) as usize
    }

    /// Both ends included.
    pub fn within(&mut self, range: RangeInclusive<u16>) -> u16 {
        let (first, last) = range.into_inner();
        first + self.below(usize::from(last.saturating_sub(first)) + 1) as u16
    }

    /// True `percent` times in a hundred.
    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of what is offered, which must not be nothing.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// The place of one of the weights, heavier ones more often.
    pub fn weighed(&mut self, weights: impl Iterator<Item = u64> + Clone) -> usize {
        let mut left = self.below(weights.clone().sum::<u64>() as usize) as u64;
        for (place, weight) in weights.enumerate() {
            match left.checked_sub(weight) {
                Some(rest) => left = rest,
                None => return place,
            }
        }
        0
    }

    /// Fisher and Yates.
    pub fn shuffle<T>(&mut self, of: &mut [T]) {
        for last in (1..of.len()).rev() {
            of.swap(last, self.below(last + 1));
        }
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_splitmix_s_own() {
        // The reference implementation's first numbers for the seed 1234567.
        let mut dice = Dice(1_234_567);
        let first = [dice.roll(), dice.roll(), dice.roll()];
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn what_is_asked_for_stays_within_its_bounds() {
        let mut dice = Dice::new(2016, 1);
        for _ in 0..1_000 {
            assert!(dice.below(3) < 3);
            assert!((4..=6).contains(&dice.within(4..=6)));
            assert_ne!(dice.weighed([5, 0, 5].into_iter()), 1);
        }
        assert_eq!(dice.below(0), 0);
        assert_eq!(dice.within(7..=7), 7);
    }
}
