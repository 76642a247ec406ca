//! Pseudo-random numbers, reproducible from a seed.

/// A generator that returns the same numbers for the same seed, on every platform.
pub struct Dice(u64);

impl Dice {
    /// Takes the seed from `STEADFAST_SEED`, by default `otherwise`, and prints it.
    #[must_use]
    pub fn seeded(otherwise: u64) -> Self {
        let seed = std::env::var("STEADFAST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(otherwise);
        println!("seed {seed} (set STEADFAST_SEED for another)");
        Self(seed)
    }

    /// Returns a number below a bound of at most 31 bits.
    ///
    /// # Panics
    /// The bound is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    /// Returns an index into a sequence of this length.
    ///
    /// # Panics
    /// The sequence is empty.
    pub fn index(&mut self, length: usize) -> usize {
        let length = u64::try_from(length).expect("64 bits");
        usize::try_from(self.below(length)).expect("below a length")
    }

    /// Returns one of several values.
    ///
    /// # Panics
    /// The sequence is empty.
    pub fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.index(all.len())]
    }
}
