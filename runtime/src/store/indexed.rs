//! The conditions on indexed fields.

use serde::{Deserialize, Serialize};
use std::ops::{Bound, RangeBounds};

/// A range of keys.
pub(crate) type KeyRange = (Bound<String>, Bound<String>);

/// The keys that an indexed field may have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexedIn {
    /// The field's name.
    pub name: String,
    /// The ranges, in order, of which no two have a key in common. A run without a key of the field is in none.
    pub ranges: Vec<KeyRange>,
}

impl IndexedIn {
    /// Returns whether a key is in one of the ranges.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.ranges.iter().any(|(from, to)| {
            let ends = (from.as_ref().map(String::as_str), to.as_ref().map(String::as_str));
            <(Bound<&str>, Bound<&str>) as RangeBounds<str>>::contains(&ends, key)
        })
    }

    /// Keeps the keys that another condition on the same field has too.
    pub(crate) fn narrow(&mut self, other: &Self) {
        let both = |(a, b): (&KeyRange, &KeyRange)| {
            let range = (later(&a.0, &b.0).clone(), earlier(&a.1, &b.1).clone());
            (!is_empty(&range)).then_some(range)
        };
        let pairs = self.ranges.iter().flat_map(|a| other.ranges.iter().map(move |b| (a, b)));
        self.ranges = pairs.filter_map(both).collect();
    }

    /// Returns the key of a range that has one alone.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) fn alone(range: &KeyRange) -> Option<&str> {
        match range {
            (Bound::Included(from), Bound::Included(to)) if from == to => Some(from),
            _ => None,
        }
    }
}

fn later<'a>(a: &'a Bound<String>, b: &'a Bound<String>) -> &'a Bound<String> {
    let rank = |bound: &'a Bound<String>| match bound {
        Bound::Unbounded => None,
        Bound::Included(key) => Some((key, false)),
        Bound::Excluded(key) => Some((key, true)),
    };
    if rank(a) >= rank(b) { a } else { b }
}

fn earlier<'a>(a: &'a Bound<String>, b: &'a Bound<String>) -> &'a Bound<String> {
    let rank = |bound: &'a Bound<String>| match bound {
        Bound::Unbounded => (true, None),
        Bound::Included(key) => (false, Some((key, true))),
        Bound::Excluded(key) => (false, Some((key, false))),
    };
    if rank(a) <= rank(b) { a } else { b }
}

fn is_empty((from, to): &KeyRange) -> bool {
    match (from, to) {
        (Bound::Included(from), Bound::Included(to)) => from > to,
        (Bound::Included(from) | Bound::Excluded(from), Bound::Included(to) | Bound::Excluded(to)) => from >= to,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_conditions_on_a_field_keep_what_both_have() {
        let key = |n: u8| n.to_string();
        let asked = |ranges: Vec<KeyRange>| IndexedIn { name: "total".to_owned(), ranges };
        let narrowed = |a: KeyRange, b: Vec<KeyRange>| {
            let mut both = asked(vec![a]);
            both.narrow(&asked(b));
            both.ranges
        };
        let (from, to) = ((Bound::Included(key(3)), Bound::Unbounded), (Bound::Unbounded, Bound::Excluded(key(5))));
        assert_eq!(narrowed(from.clone(), vec![to.clone()]), [(Bound::Included(key(3)), Bound::Excluded(key(5)))]);
        assert_eq!(narrowed(to.clone(), vec![from.clone()]), [(Bound::Included(key(3)), Bound::Excluded(key(5)))]);
        assert_eq!(narrowed(from, vec![(Bound::Unbounded, Bound::Excluded(key(3)))]), []);
        let one = (Bound::Included(key(5)), Bound::Included(key(5)));
        assert_eq!(narrowed(to, vec![one.clone()]), []);
        assert!(asked(vec![one]).has("5"));
    }
}
