//! The search index: how often each word occurs in each document.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The number of occurrences of each word in one document.
pub(crate) type Words = BTreeMap<String, u32>;

/// Counts the words of a text.
pub(crate) fn words(text: &str) -> Words {
    let mut words = Words::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        *words.entry(word.to_lowercase()).or_default() += 1;
    }
    words
}

/// An index from each word to its documents, by number, with the number of occurrences.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Index {
    documents: Vec<String>,
    places: BTreeMap<String, Vec<(usize, u32)>>,
}

impl Index {
    /// Adds a document.
    pub(crate) fn add(&mut self, name: String, words: Words) {
        let number = self.documents.len();
        self.documents.push(name);
        for (word, times) in words {
            self.places.entry(word).or_default().push((number, times));
        }
    }

    /// Returns the number of distinct words.
    pub(crate) fn distinct(&self) -> usize {
        self.places.len()
    }

    /// Returns the documents that contain a word, those with the most occurrences first.
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
