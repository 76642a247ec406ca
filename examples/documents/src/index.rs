//! The search index: which word stands how often in which document.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How often each word stands in one document.
pub(crate) type Words = BTreeMap<String, u32>;

/// Counts the words of a text.
pub(crate) fn words(text: &str) -> Words {
    let mut words = Words::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        *words.entry(word.to_lowercase()).or_default() += 1;
    }
    words
}

/// For each word, the documents in which it stands, by their numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Index {
    documents: Vec<String>,
    places: BTreeMap<String, Vec<(usize, u32)>>,
}

impl Index {
    /// Takes a document in.
    pub(crate) fn add(&mut self, name: String, words: Words) {
        let number = self.documents.len();
        self.documents.push(name);
        for (word, times) in words {
            self.places.entry(word).or_default().push((number, times));
        }
    }

    /// How many different words it holds.
    pub(crate) fn distinct(&self) -> usize {
        self.places.len()
    }

    /// The documents in which a word stands, those that have it most often first.
    pub(crate) fn find(&self, word: &str) -> Vec<(&str, u32)> {
        let places = self.places.get(word).into_iter().flatten();
        let mut found: Vec<(&str, u32)> =
            places.filter_map(|(number, times)| Some((self.documents.get(*number)?.as_str(), *times))).collect();
        found.sort_by_key(|(name, times)| (std::cmp::Reverse(*times), *name));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::{Index, words};

    #[test]
    fn a_word_is_found_where_it_stands_most_often_first() {
        let mut index = Index::default();
        index.add("one".into(), words("Tea, and tea!"));
        index.add("two".into(), words("tea tea\ntea"));
        assert_eq!(index.find("tea"), [("two", 3), ("one", 2)]);
        assert_eq!(index.find("coffee"), []);
        assert_eq!(index.distinct(), 2);
    }
}
