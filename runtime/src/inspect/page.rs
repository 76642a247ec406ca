//! Pages of a list, and counts that end.

use super::InspectError;
use serde::Serialize;

/// The most items of a page.
pub(super) const MOST: usize = 1_000;

/// A page of a list.
///
/// A list in pages holds no lock and no state: an item that is deleted between two pages is simply not there, and none is
/// shown twice.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// The cursor of the next page; `None` if this is the last one. A page with a cursor may have fewer items than asked
    /// for, even none: a search among many for few ends after so many rows, and goes on with the next page.
    pub next: Option<String>,
    /// Why rows of this page cannot be read, each with its place. They are left out of the items.
    pub damaged: Vec<String>,
}

/// Which page of a list: how many items, after which cursor.
#[derive(Clone, Debug)]
#[must_use]
pub struct Paging {
    pub(super) limit: usize,
    after: Option<String>,
}

impl Paging {
    /// Selects the first page, of at most this many items; at most 1,000.
    pub const fn first(limit: usize) -> Self {
        Self { limit, after: None }
    }

    /// Selects the page after this cursor: [`Page::next`] of the page before. For a history, and whatever else is numbered
    /// by entries, the cursor is the number of an entry.
    pub fn after(mut self, cursor: impl Into<String>) -> Self {
        self.after = Some(cursor.into());
        self
    }

    /// Returns the limit.
    ///
    /// # Errors
    /// It is 0, or too large.
    pub(super) fn checked(&self) -> Result<usize, InspectError> {
        checked_limit(self.limit)
    }

    /// Returns the cursor as a number; 0 for the first page.
    ///
    /// # Errors
    /// It is not one.
    pub(super) fn number<T: std::str::FromStr + Default>(&self) -> Result<T, InspectError> {
        let Some(cursor) = &self.after else { return Ok(T::default()) };
        cursor.parse().map_err(|_| bad_cursor(cursor))
    }

    /// Returns the cursor; `None` for the first page.
    pub(super) fn cursor(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// Returns the cursor of a list in which no item has an empty one; empty for the first page.
    pub(super) fn text(&self) -> &str {
        self.cursor().unwrap_or_default()
    }
}

pub(super) fn checked_limit(limit: usize) -> Result<usize, InspectError> {
    if (1..=MOST).contains(&limit) {
        return Ok(limit);
    }
    Err(InspectError::BadQuery(format!("a page has 1 to {MOST} items, not {limit}")))
}

pub(super) fn bad_cursor(cursor: &str) -> InspectError {
    let cursor: String = cursor.chars().take(80).collect();
    InspectError::BadQuery(format!(
        "`{cursor}` is not a cursor of this list; pass the `next` of the page before, with the same filter and order"
    ))
}

impl<T> Page<T> {
    pub(super) const fn new(items: Vec<T>, next: Option<String>) -> Self {
        Self { items, next, damaged: Vec::new() }
    }

    /// Makes a page of at most `limit` items, of which one more was read if there is one. `cursor` is that of an item.
    pub(super) fn of_one_more(mut items: Vec<T>, limit: usize, cursor: impl Fn(&T) -> String) -> Self {
        let is_last = items.len() <= limit;
        items.truncate(limit);
        let next = items.last().filter(|_| !is_last).map(cursor);
        Self::new(items, next)
    }

    pub(super) fn map<U>(self, item: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(item).collect(), next: self.next, damaged: self.damaged }
    }
}

/// How many there are, counted up to a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Count {
    /// The number that was counted.
    pub value: u64,
    /// Whether counting ended at its limit: there may be more.
    pub capped: bool,
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.value, if self.capped { "+" } else { "" })
    }
}
