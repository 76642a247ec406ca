//! Texts as vectors. A real program would ask a model here, for which its workers have the machines.

use serde::{Deserialize, Serialize};

/// Which parts of a text its vector is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Model {
    /// Single words.
    Words,
    /// Single words, and pairs of words that follow each other.
    WordsAndPairs,
}

/// A vector of length 1, or of zeros for a text without words. Texts with the same words have vectors near each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Vector(Vec<f64>);

impl Vector {
    /// Computes the vector of a text: the same for the same text, on every machine.
    ///
    /// # Panics
    /// There are no dimensions.
    #[must_use]
    pub fn of(text: &str, model: Model, dimensions: usize) -> Self {
        let words = text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
        // Short words are in every text.
        let words: Vec<String> = words.filter(|word| word.chars().count() > 3).collect();
        let pairs = words.windows(2).filter(|_| model == Model::WordsAndPairs).map(|pair| pair.join(" "));
        let mut sums = vec![0.0; dimensions];
        for part in words.iter().cloned().chain(pairs) {
            sums[place(&part, dimensions)] += 1.0;
        }
        let length = sums.iter().map(|sum| sum * sum).sum::<f64>().sqrt();
        if length > 0.0 {
            sums = sums.into_iter().map(|sum| sum / length).collect();
        }
        Self(sums)
    }

    /// Returns the cosine of the angle to another vector: 1 for the same text, 0 for texts without a common word.
    #[must_use]
    pub fn similarity(&self, other: &Self) -> f64 {
        self.0.iter().zip(&other.0).map(|(one, other)| one * other).sum()
    }
}

/// Returns the dimension of a part of a text, by the FNV-1a hash.
fn place(part: &str, dimensions: usize) -> usize {
    let hash = part
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let dimension = (hash >> 32) % dimensions as u64;
    usize::try_from(dimension).expect("below a number of dimensions")
}

#[cfg(test)]
mod tests {
    use super::{Model, Vector};

    #[test]
    fn texts_with_the_same_words_are_near_each_other() {
        let vector = |text| Vector::of(text, Model::WordsAndPairs, 64);
        let bread = vector("The bread rises in the warm oven.");
        assert!((bread.similarity(&vector("the BREAD rises, in the warm oven")) - 1.0).abs() < 1e-9);
        assert!(bread.similarity(&vector("warm bread")) > bread.similarity(&vector("cold stone")));
        assert_eq!(vector("a an of").similarity(&bread).to_bits(), 0.0_f64.to_bits());
    }
}
