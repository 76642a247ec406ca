//! Lists: read page by page, and written as they come.

use crate::args::ListArgs;
use crate::exit::Failure;
use crate::json::Rest;
use crate::out::{Out, note};
use crate::table::{Cell, Table};
use serde::Serialize;
use steadfast::inspect::{InspectError, Page, Paging};

/// The most items of a page.
const PAGE: usize = 1_000;

/// An item of a list.
pub(crate) trait Listed: Serialize {
    /// What the items are, for people.
    const NAME: &'static str;
    const COLUMNS: &'static [&'static str];

    fn cells(&self) -> Vec<Cell>;

    /// Returns the cells of columns that were asked for by name.
    fn named(&self, columns: &[String]) -> Vec<Cell> {
        columns.iter().map(|_| Cell::Missing).collect()
    }
}

/// Writes a list that comes at once.
pub(crate) fn whole<T: Listed>(out: &mut Out, items: &[T]) -> Result<(), Failure> {
    write(out, items, &[], true)?;
    none_found::<T>(out, items.len());
    Ok(())
}

/// Writes a list page by page, up to the limit of the command line.
pub(crate) async fn pages<T: Listed>(
    out: &mut Out,
    list: &ListArgs,
    read: impl AsyncFnMut(usize, Option<String>) -> Result<Page<T>, InspectError>,
) -> Result<(), Failure> {
    pages_with(out, list, &[], read).await
}

/// Writes a list page by page, with more columns.
pub(crate) async fn pages_with<T: Listed>(
    out: &mut Out,
    list: &ListArgs,
    columns: &[String],
    mut read: impl AsyncFnMut(usize, Option<String>) -> Result<Page<T>, InspectError>,
) -> Result<(), Failure> {
    let (mut cursor, mut left, mut found) = (list.after.clone(), list.most(), 0);
    let (mut kept, mut damaged, mut is_first) = (Vec::new(), Vec::new(), true);
    loop {
        let page = read(left.min(PAGE), cursor.take()).await?;
        (found, left) = (found + page.items.len(), left.saturating_sub(page.items.len()));
        damaged.extend(page.damaged);
        cursor = page.next;
        if out.is_for_people() {
            // One table, whose columns fit all rows.
            kept.extend(page.items);
        } else {
            write(out, &page.items, columns, is_first)?;
            is_first = false;
        }
        if left == 0 || cursor.is_none() {
            break;
        }
    }
    if out.is_for_people() {
        write(out, &kept, columns, true)?;
    }
    none_found::<T>(out, found);
    rest(out, cursor.as_deref(), &damaged)
}

/// Returns which page is wanted.
pub(crate) fn paging(limit: usize, cursor: Option<String>) -> Paging {
    let first = Paging::first(limit);
    match cursor {
        Some(cursor) => first.after(cursor),
        None => first,
    }
}

/// Says how the list goes on, and what is not in it.
fn rest(out: &mut Out, next: Option<&str>, damaged: &[String]) -> Result<(), Failure> {
    if out.is_json() && (next.is_some() || !damaged.is_empty()) {
        out.json(&Rest { next, damaged })?;
    } else if let Some(next) = next {
        note(&format!("there are more: pass `--after {next}`, or `--all`"));
    }
    for why in damaged {
        note(why);
    }
    if damaged.is_empty() { Ok(()) } else { Err(Failure::Damaged(damaged.len())) }
}

fn write<T: Listed>(out: &mut Out, items: &[T], columns: &[String], with_header: bool) -> Result<(), Failure> {
    if out.is_json() {
        return Ok(out.json_lines(items)?);
    }
    if items.is_empty() && out.is_for_people() {
        return Ok(());
    }
    let rows = items.iter().map(|item| item.cells().into_iter().chain(item.named(columns)).collect()).collect();
    let columns: Vec<_> = T::COLUMNS.iter().copied().chain(columns.iter().map(String::as_str)).collect();
    let table = Table { columns: &columns, rows };
    Ok(out.table(&table, with_header)?)
}

fn none_found<T: Listed>(out: &Out, found: usize) {
    if found == 0 && out.is_for_people() {
        note(&format!("no {} found", T::NAME));
    }
}
