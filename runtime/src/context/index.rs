//! Conditions on indexed fields, by which runs are found.

use super::StepContext;
use crate::codec;
use crate::fields::Coder;
use crate::index::{FieldValue, WHOLE};
use crate::store::{IndexedIn, KeyRange};
use serde::Serialize;
use std::marker::PhantomData;
use std::ops::Bound;

/// A condition on a field with `#[context(index)]`, as [`RunsQuery::field`](crate::inspect::RunsQuery::field) takes it.
///
/// A run whose field was never written while it was indexed meets none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "it selects runs once it is in a query"]
pub struct FieldCondition {
    name: String,
    /// The keys, or why there are none.
    ranges: Result<Vec<KeyRange>, String>,
}

/// The ways to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Prefix,
}

/// The words of a condition in a text, the longer ones first.
const WORDS: [(&str, Comparison); 7] = [
    ("!=", Comparison::Ne),
    ("<=", Comparison::Le),
    (">=", Comparison::Ge),
    ("^=", Comparison::Prefix),
    ("=", Comparison::Eq),
    ("<", Comparison::Lt),
    (">", Comparison::Gt),
];

impl FieldCondition {
    /// Returns the condition that a field has one of these keys.
    pub(crate) fn within(keys: IndexedIn) -> Self {
        Self { name: keys.name, ranges: Ok(keys.ranges) }
    }

    /// Parses a condition as people write it: `status=paid`, `total>=100`, `city^=Ber` (begins with), `status!=new`,
    /// `due=null`. A value that may be a number, `true`, `false` or `null` is compared with fields of that kind and with
    /// texts; one in quotation marks, `"100"`, with texts alone.
    ///
    /// # Errors
    /// The text is no condition; the error says what is.
    pub fn parse(text: &str) -> Result<Self, String> {
        let help = || format!("`{text}` is no condition on a field; write `status=paid`, `total>=100` or `city^=Ber`");
        let at = text.find(['=', '<', '>', '!', '^']).ok_or_else(help)?;
        let (name, rest) = (text[..at].trim(), &text[at..]);
        let (word, comparison) = WORDS.into_iter().find(|(word, _)| rest.starts_with(word)).ok_or_else(help)?;
        if name.is_empty() {
            return Err(help());
        }
        let written = rest[word.len()..].trim();
        let condition = Self::of(name, comparison, &possible(written));
        condition.ranges.as_ref().map_err(Clone::clone)?;
        Ok(condition)
    }

    fn of(name: &str, comparison: Comparison, values: &[FieldValue]) -> Self {
        let ranges = match comparison {
            Comparison::Ne => Ok(others(values)),
            Comparison::Prefix => match values {
                [.., FieldValue::Text(text)] if text.len() > WHOLE => Err(format!(
                    "the beginning of field `{name}` has at most {WHOLE} bytes, this one has {}",
                    text.len()
                )),
                values => Ok(values.iter().filter_map(beginning).collect()),
            },
            comparison => Ok(values.iter().map(|value| range(comparison, value)).collect()),
        };
        let mut ranges: Result<Vec<KeyRange>, String> = ranges;
        if let Ok(ranges) = &mut ranges {
            ranges.sort_unstable_by(|(a, _), (b, _)| start(a).cmp(start(b)));
        }
        Self { name: name.to_owned(), ranges }
    }

    /// Returns the condition of a store.
    ///
    /// # Errors
    /// The value cannot be that of an indexed field.
    pub(crate) fn indexed(&self) -> Result<IndexedIn, String> {
        Ok(IndexedIn { name: self.name.clone(), ranges: self.ranges.clone()? })
    }
}

/// Returns the values that a text may mean.
fn possible(written: &str) -> Vec<FieldValue> {
    if let Some(Ok(text)) = written.starts_with('"').then(|| serde_json::from_str::<String>(written)) {
        return vec![FieldValue::Text(text)];
    }
    let scalar = match written {
        "null" => Some(FieldValue::None),
        "true" => Some(FieldValue::Bool(true)),
        "false" => Some(FieldValue::Bool(false)),
        number => FieldValue::number(number),
    };
    scalar.into_iter().chain([FieldValue::from(written)]).collect()
}

/// Returns the keys that compare so with a value of the same kind.
fn range(comparison: Comparison, value: &FieldValue) -> KeyRange {
    let key = value.key();
    let (first, last) = value.kind();
    match comparison {
        Comparison::Lt => (first, Bound::Excluded(key)),
        Comparison::Le => (first, Bound::Included(key)),
        Comparison::Gt => (Bound::Excluded(key), last),
        Comparison::Ge => (Bound::Included(key), last),
        Comparison::Eq | Comparison::Ne | Comparison::Prefix => (Bound::Included(key.clone()), Bound::Included(key)),
    }
}

/// Returns the keys other than those of these values.
fn others(values: &[FieldValue]) -> Vec<KeyRange> {
    let mut keys: Vec<_> = values.iter().map(FieldValue::key).collect();
    keys.sort_unstable();
    let mut from = Bound::Unbounded;
    let mut ranges: Vec<KeyRange> = Vec::new();
    for key in keys {
        ranges.push((std::mem::replace(&mut from, Bound::Excluded(key.clone())), Bound::Excluded(key)));
    }
    ranges.push((from, Bound::Unbounded));
    ranges
}

/// Returns the keys of the texts that begin with this one.
fn beginning(value: &FieldValue) -> Option<KeyRange> {
    let FieldValue::Text(text) = value else { return None };
    let from = format!("\"{text}");
    let to = match text.chars().rev().find(|c| *c != char::MAX) {
        None => "#".to_owned(),
        Some(last) => {
            let kept = text.trim_end_matches(char::MAX);
            let next = (u32::from(last) + 1..).find_map(char::from_u32).unwrap_or(char::MAX);
            format!("\"{}{next}", &kept[..kept.len() - last.len_utf8()])
        }
    };
    Some((Bound::Included(from), Bound::Excluded(to)))
}

fn start(bound: &Bound<String>) -> &str {
    match bound {
        Bound::Included(key) | Bound::Excluded(key) => key,
        Bound::Unbounded => "",
    }
}

/// A field with `#[context(index)]`, of values of type `T`; a run has `T` itself or `Option<T>`.
pub struct IndexedField<T> {
    name: &'static str,
    of: PhantomData<fn() -> T>,
}

impl<T: Serialize + 'static> IndexedField<T> {
    /// Names a field; generated code calls this.
    #[doc(hidden)]
    #[must_use]
    pub const fn named(name: &'static str) -> Self {
        Self { name, of: PhantomData }
    }

    /// Selects runs in which it is this value.
    pub fn eq(&self, value: impl FieldArgument<T>) -> FieldCondition {
        self.compared(Comparison::Eq, value)
    }

    /// Selects runs in which it is another value, or none.
    pub fn ne(&self, value: impl FieldArgument<T>) -> FieldCondition {
        self.compared(Comparison::Ne, value)
    }

    /// Selects runs in which it is less. Numbers have their order; texts, and the names of variants, are compared byte by
    /// byte.
    pub fn lt(&self, value: impl FieldArgument<T>) -> FieldCondition {
        self.compared(Comparison::Lt, value)
    }

    /// Selects runs in which it is less or equal; see [`lt`](Self::lt).
    pub fn le(&self, value: impl FieldArgument<T>) -> FieldCondition {
        self.compared(Comparison::Le, value)
    }

    /// Selects runs in which it is greater; see [`lt`](Self::lt).
    pub fn gt(&self, value: impl FieldArgument<T>) -> FieldCondition {
        self.compared(Comparison::Gt, value)
    }

    /// Selects runs in which it is greater or equal; see [`lt`](Self::lt).
    pub fn ge(&self, value: impl FieldArgument<T>) -> FieldCondition {
        self.compared(Comparison::Ge, value)
    }

    /// Selects runs in which it is none of both and between them, or one of both; see [`lt`](Self::lt).
    pub fn between(&self, from: impl FieldArgument<T>, to: impl FieldArgument<T>) -> FieldCondition {
        let bounds = self.value(&from.value()).and_then(|from| Ok((from, self.value(&to.value())?)));
        let ranges = bounds.map(|(from, to)| vec![(Bound::Included(from.key()), Bound::Included(to.key()))]);
        FieldCondition { name: self.name.to_owned(), ranges }
    }

    /// Selects runs in which it begins with this text, of at most 192 bytes.
    pub fn starts_with(&self, text: &str) -> FieldCondition {
        FieldCondition::of(self.name, Comparison::Prefix, &[text.into()])
    }

    /// Selects runs in which it is `None`.
    pub fn is_none(&self) -> FieldCondition {
        FieldCondition::of(self.name, Comparison::Eq, &[FieldValue::None])
    }

    fn compared(&self, comparison: Comparison, value: impl FieldArgument<T>) -> FieldCondition {
        match self.value(&value.value()) {
            Ok(value) => FieldCondition::of(self.name, comparison, &[value]),
            Err(why) => FieldCondition { name: self.name.to_owned(), ranges: Err(why) },
        }
    }

    fn value(&self, value: &T) -> Result<FieldValue, String> {
        let stored = codec::encode_field(Coder::NO_RUN, self.name, codec::form_of::<T>(), value)
            .map_err(|error| format!("no run has this value in field `{}`: {error}", self.name))?;
        FieldValue::read(&stored).map_err(|found| format!("field `{}` is compared with {found}", self.name))
    }
}

/// A value to compare a field of type `T` with: a `T`, or a `&str` for a `String`.
#[diagnostic::on_unimplemented(
    message = "a field of type `{T}` is not compared with `{Self}`",
    label = "expected `{T}`",
    note = "of a field of type `Option<{T}>`, compare with a `{T}`, or ask `.is_none()`"
)]
pub trait FieldArgument<T> {
    /// Returns the value.
    #[doc(hidden)]
    fn value(self) -> T;
}

impl<T> FieldArgument<T> for T {
    fn value(self) -> T {
        self
    }
}

impl FieldArgument<String> for &str {
    fn value(self) -> String {
        self.to_owned()
    }
}

/// A context with fields by which its runs are found.
#[diagnostic::on_unimplemented(
    message = "no field of `{Self}` is indexed",
    label = "its runs cannot be found by a field",
    note = "put `#[context(index)]` on the field"
)]
pub trait IndexedContext: StepContext {
    /// The fields.
    type Index;

    /// Returns the fields.
    #[doc(hidden)]
    fn index() -> Self::Index;
}

/// A field of the context `C` without `#[context(index)]`.
#[doc(hidden)]
pub struct NotIndexed<C>(PhantomData<fn() -> C>);

/// A field that can be compared.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "this field is not indexed, so no run can be found by it",
    label = "a field without `#[context(index)]`",
    note = "put `#[context(index)]` on the field in the context; `engine.reindex(..)` adds the runs that are there already"
)]
pub trait Comparable {}

impl<C> NotIndexed<C> {
    /// Names a field; generated code calls this.
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<C> Default for NotIndexed<C> {
    fn default() -> Self {
        Self::new()
    }
}

#[allow(clippy::unused_self, clippy::needless_pass_by_value, missing_docs, reason = "the compiler refuses every call")]
impl<C> NotIndexed<C> {
    pub fn eq<T>(&self, _: T) -> FieldCondition
    where
        Self: Comparable,
    {
        never()
    }

    pub fn ne<T>(&self, _: T) -> FieldCondition
    where
        Self: Comparable,
    {
        never()
    }

    pub fn lt<T>(&self, _: T) -> FieldCondition
    where
        Self: Comparable,
    {
        never()
    }

    pub fn le<T>(&self, _: T) -> FieldCondition
    where
        Self: Comparable,
    {
        never()
    }

    pub fn gt<T>(&self, _: T) -> FieldCondition
    where
        Self: Comparable,
    {
        never()
    }

    pub fn ge<T>(&self, _: T) -> FieldCondition
    where
        Self: Comparable,
    {
        never()
    }

    pub fn starts_with<T>(&self, _: T) -> FieldCondition
    where
        Self: Comparable,
    {
        never()
    }

    pub fn between<F, T>(&self, _: F, _: T) -> FieldCondition
    where
        Self: Comparable,
    {
        never()
    }

    pub fn is_none(&self) -> FieldCondition
    where
        Self: Comparable,
    {
        never()
    }
}

fn never() -> ! {
    unreachable!("nothing without an index can be compared")
}
