//! Moments and choices that are drawn, and drawn again from the same seed.

/// Numbers from a seed, the same everywhere.
pub struct Dice(u64);

impl Dice {
    /// Takes the seed from `STEADFAST_SEED`, otherwise this one, and prints it.
    #[must_use]
    pub fn seeded(otherwise: u64) -> Self {
        let seed = std::env::var("STEADFAST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(otherwise);
        println!("seed {seed} (set STEADFAST_SEED for another)");
        Self(seed)
    }

    /// A number below a bound of at most 31 bits.
    ///
    /// # Panics
    /// The bound is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    /// The place of one of so many.
    ///
    /// # Panics
    /// There is none.
    pub fn index(&mut self, length: usize) -> usize {
        let length = u64::try_from(length).expect("64 bits");
        usize::try_from(self.below(length)).expect("below a length")
    }

    /// One of several.
    ///
    /// # Panics
    /// There is none.
    pub fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.index(all.len())]
    }
}
