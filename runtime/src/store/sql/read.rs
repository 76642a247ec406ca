//! The reads of a store.

use super::columns::{Columns, Flaw};
use super::packed;
use super::queries;
use super::rows::FromRow;
use super::select::{Bound, select_runs};
use super::{Cell, Row, Session, find};
use crate::record::FORMAT;
use crate::store::{
    EntryRow, FieldRow, InboxRow, LeaseRow, OutputRow, RequestKey, RequestRow, RunKey, RunPage, RunQuery, RunRow,
    Status, StoreError, StoreErrorKind, WaitingRuns,
};
use std::borrow::Cow;
use std::ops::ControlFlow;

/// Reads through a session. Errors name the database and the row.
pub(in crate::store) struct Reader<'a, S> {
    /// The connection.
    pub(in crate::store) session: &'a S,
    /// The database's name in messages.
    pub(in crate::store) database: &'a str,
}

impl<S: Session> Reader<'_, S> {
    /// Returns the value of a key in the metadata table.
    pub(in crate::store) fn meta(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.one_text(queries::META, Cell::Text(key.as_bytes()))
    }

    pub(in crate::store) fn run(&self, key: RunKey<'_>) -> Result<Option<RunRow>, StoreError> {
        let (query, value) = match key {
            RunKey::Number(number) => (queries::RUN_BY_NUMBER, Cell::Int(number)),
            RunKey::Id(id) => (queries::RUN_BY_ID, Cell::Text(id.as_bytes())),
            RunKey::Lease(_) => return Ok(None),
        };
        Ok(self.rows(None, query, &[value])?.pop())
    }

    pub(in crate::store) fn runs(&self, query: &RunQuery) -> Result<RunPage, StoreError> {
        let workflows = self.workflows_of_fields(query)?;
        let Some(ways) = find::ways(query, workflows.as_deref()) else {
            let (text, values) = select_runs(query);
            let values: Vec<_> = values.iter().map(Bound::cell).collect();
            let mut page = Page::default();
            self.session.select(&text, &values, &mut |row| page.add(row))?;
            return Ok(self.page(page, query));
        };
        if query.limit == 0 {
            return Ok(RunPage::default());
        }
        // One read transaction: a run must not change between being found and being read.
        self.session.begin_read()?;
        let rows = self.first(query, ways).and_then(|found| {
            let mut page = Page { ended_at: found.ended_at, ..Page::default() };
            // Together where each query is a round trip.
            for numbers in found.numbers.chunks(if S::STREAMS { 1 } else { TOGETHER }) {
                let values: Vec<_> = numbers.iter().copied().map(Cell::Int).collect();
                let query = runs_by_numbers(numbers.len(), query.newest_first);
                self.session.select(&query, &values, &mut |row| page.add(row))?;
            }
            Ok(page)
        });
        let ended = self.session.rollback();
        let rows = rows?;
        ended.map(|()| self.page(rows, query))
    }

    pub(in crate::store) fn count(&self, query: &RunQuery) -> Result<(u64, bool), StoreError> {
        let workflows = self.workflows_of_fields(query)?;
        let Some(ways) = find::ways(query, workflows.as_deref()).filter(|_| query.limit > 0) else {
            let page = self.runs(query)?;
            return Ok(counted(&page));
        };
        let query = RunQuery { limit: query.limit.saturating_add(1), ..query.clone() };
        let found = self.first(&query, ways)?;
        let count = found.numbers.len().min(query.limit - 1);
        Ok((count as u64, found.ended_at.is_some() || found.numbers.len() > count))
    }

    pub(in crate::store) fn channels(
        &self,
        first_run: i64,
        after: &str,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        let mut channels: Vec<String> = Vec::new();
        // Steps from channel to channel, however many items each has.
        while channels.len() < limit {
            let after = channels.last().map_or(after, String::as_str);
            let values = [Cell::Int(first_run), Cell::Text(after.as_bytes())];
            let mut next = None;
            self.session.select(queries::NEXT_CHANNEL, &values, &mut |row| {
                if let Cell::Text(text) = row.cell(0) {
                    next = Some(String::from_utf8_lossy(text).into_owned());
                }
                ControlFlow::Break(())
            })?;
            let Some(next) = next else { break };
            channels.push(next);
        }
        Ok(channels)
    }

    fn page(&self, page: Page, query: &RunQuery) -> RunPage {
        let damaged = page.flaws.iter().map(|(place, flaw)| self.sentence(None, place, flaw)).collect();
        let next = page.ended_at.or_else(|| page.last.filter(|_| page.count == query.limit));
        let next_due = next.and_then(|number| Some((page.last_due?, number)));
        RunPage { runs: page.runs, damaged, next, next_due }
    }

    pub(in crate::store) fn entries(&self, run: i64, after: u64, limit: usize) -> Result<Vec<EntryRow>, StoreError> {
        self.unpacked(queries::ENTRIES, run, after, limit)
    }

    pub(in crate::store) fn outline(&self, run: i64, after: u64, limit: usize) -> Result<Vec<EntryRow>, StoreError> {
        self.unpacked(queries::OUTLINE, run, after, limit)
    }

    /// Returns at most `limit` entries after a number, of rows that have one or more each.
    fn unpacked(&self, query: &str, run: i64, after: u64, limit: usize) -> Result<Vec<EntryRow>, StoreError> {
        let mut entries: Vec<EntryRow> = Vec::new();
        let (mut last, mut flaw) = (after, None);
        self.session
            .select(query, &[Cell::Int(run), clamped(after), clamped(limit)], &mut |row| {
                let columns = Columns::new(row, packed::READ);
                match packed::Row::of(&columns).and_then(|row| row.unpack(after, &mut entries)) {
                    Ok(first) if first > last || last == after => {
                        last = entries.last().map_or(last, |entry| entry.seq);
                        if entries.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
                    }
                    Ok(_) => {
                        let twice = Flaw::Damaged("two rows of `steadfast_log` have it".to_owned());
                        flaw = Some((format!("entry {last}"), twice));
                        ControlFlow::Break(())
                    }
                    Err(found) => {
                        flaw = Some((called(&columns, "the row that ends with entry", "seq"), found));
                        ControlFlow::Break(())
                    }
                }
            })
            .map_err(|error| self.while_reading(Some(run), error))?;
        if let Some((place, flaw)) = flaw {
            return Err(self.sentence(Some(run), &place, &flaw));
        }
        entries.truncate(limit);
        Ok(entries)
    }

    pub(in crate::store) fn fields(&self, run: i64, from: u64, to: u64) -> Result<Vec<FieldRow>, StoreError> {
        self.rows(Some(run), queries::FIELDS, &[Cell::Int(run), clamped(from), clamped(to)])
    }

    pub(in crate::store) fn inbox(
        &self,
        of: RunKey<'_>,
        after: i64,
        limit: usize,
    ) -> Result<Vec<InboxRow>, StoreError> {
        let page = |of| [Cell::Int(of), Cell::Int(after), clamped(limit)];
        match of {
            RunKey::Number(run) => self.rows(Some(run), queries::INBOX_OF_RUN, &page(run)),
            RunKey::Lease(lease) => self.rows(None, queries::INBOX_OF_LEASE, &page(lease)),
            RunKey::Id(_) => match self.run(of)? {
                Some(run) => self.inbox(RunKey::Number(run.number), after, limit),
                None => Ok(Vec::new()),
            },
        }
    }

    pub(in crate::store) fn requests(&self, which: RequestKey<'_>) -> Result<Vec<RequestRow>, StoreError> {
        match which {
            RequestKey::Id(id) => self.rows(None, queries::REQUEST, &[Cell::Text(id.as_bytes())]),
            RequestKey::Run(run) => self.rows(Some(run), queries::REQUESTS_OF_RUN, &[Cell::Int(run)]),
            RequestKey::Open { after, limit } => {
                self.rows(None, queries::OPEN_REQUESTS, &[Cell::Text(after.as_bytes()), clamped(limit)])
            }
            RequestKey::OfRun { run, after, limit } => {
                let values = [Cell::Int(run), Cell::Text(after.as_bytes()), clamped(limit)];
                self.rows(Some(run), queries::PAGE_OF_REQUESTS, &values)
            }
        }
    }

    pub(in crate::store) fn outputs(
        &self,
        first_run: i64,
        channel: &str,
        after: u64,
        limit: usize,
        newest: bool,
    ) -> Result<Vec<OutputRow>, StoreError> {
        let query = if newest { queries::NEWEST_OUTPUTS } else { queries::OUTPUTS };
        let values = [Cell::Int(first_run), Cell::Text(channel.as_bytes()), clamped(after), clamped(limit)];
        let mut rows: Vec<OutputRow> = self.rows(Some(first_run), query, &values)?;
        if newest {
            rows.reverse();
        }
        Ok(rows)
    }

    pub(in crate::store) fn labels(&self, run: i64) -> Result<Vec<(String, String)>, StoreError> {
        self.rows(Some(run), queries::LABELS, &[Cell::Int(run)])
    }

    pub(in crate::store) fn indexed(&self, run: i64) -> Result<Vec<(String, String)>, StoreError> {
        self.rows(Some(run), queries::INDEXED, &[Cell::Int(run)])
    }

    pub(in crate::store) fn leases(&self) -> Result<Vec<LeaseRow>, StoreError> {
        self.rows(None, queries::LEASES, &[])
    }

    pub(in crate::store) fn waiting(&self, lease: Option<i64>, limit: usize) -> Result<Vec<WaitingRuns>, StoreError> {
        match lease {
            None => self.rows(None, queries::WAITING_UNOWNED, &[clamped(limit)]),
            Some(lease) => self.rows(None, queries::WAITING_OWNED, &[clamped(limit), Cell::Int(lease)]),
        }
    }

    pub(in crate::store) fn run_counts(&self, limit: usize) -> Result<Vec<(Status, u64)>, StoreError> {
        let mut counts = Vec::new();
        self.session.select(queries::RUN_COUNTS, &[clamped(limit)], &mut |row| {
            let count = |column: usize| if let Cell::Int(count) = row.cell(column) { count } else { 0 };
            let counted = Status::UNFINISHED.into_iter().enumerate();
            counts.extend(counted.map(|(column, status)| (status, u64::try_from(count(column)).unwrap_or_default())));
            ControlFlow::Break(())
        })?;
        Ok(counts)
    }

    /// Returns the meaning of rows that were read before.
    #[cfg(feature = "postgres")]
    pub(in crate::store) fn parsed<T: FromRow>(
        &self,
        run: Option<i64>,
        rows: &[impl Row],
    ) -> Result<Vec<T>, StoreError> {
        rows.iter()
            .map(|row| {
                let columns = Columns::new(row, T::COLUMNS);
                T::from_row(&columns)
                    .map_err(|flaw| self.sentence(run, &called(&columns, T::CALLED.0, T::CALLED.1), &flaw))
            })
            .collect()
    }

    pub(super) fn rows<T: FromRow>(
        &self,
        run: Option<i64>,
        query: &str,
        values: &[Cell<'_>],
    ) -> Result<Vec<T>, StoreError> {
        let mut rows = Vec::new();
        let mut flaw = None;
        self.session
            .select(query, values, &mut |row| {
                let columns = Columns::new(row, T::COLUMNS);
                match T::from_row(&columns) {
                    Ok(row) => {
                        rows.push(row);
                        ControlFlow::Continue(())
                    }
                    Err(found) => {
                        flaw = Some((called(&columns, T::CALLED.0, T::CALLED.1), found));
                        ControlFlow::Break(())
                    }
                }
            })
            .map_err(|error| self.while_reading(run, error))?;
        match flaw {
            None => Ok(rows),
            Some((place, flaw)) => Err(self.sentence(run, &place, &flaw)),
        }
    }

    /// Adds the run that was being read to the error of a damaged page.
    fn while_reading(&self, run: Option<i64>, error: StoreError) -> StoreError {
        match run {
            Some(run) if error.kind == StoreErrorKind::Damaged => {
                let message = format!("{}; found while reading{}", error.message, self.of_run(run));
                StoreError { message, ..error }
            }
            _ => error,
        }
    }

    fn of_run(&self, run: i64) -> String {
        let id = self.one_text(queries::RUN_ID, Cell::Int(run)).ok().flatten();
        format!(" run {run}{}", id.map_or_else(String::new, |id| format!(" (id {id:?})")))
    }

    fn sentence(&self, run: Option<i64>, place: &str, flaw: &Flaw) -> StoreError {
        let of_run = run.map_or_else(String::new, |run| format!(" of{}", self.of_run(run)));
        let place = format!("{}: {place}{of_run}", self.database);
        match flaw {
            Flaw::Damaged(what) => StoreError::new(
                StoreErrorKind::Damaged,
                format!("{place} is damaged: {what}; restore the database from a copy, or delete the run"),
            ),
            Flaw::Newer(format) => StoreError::new(
                StoreErrorKind::Newer,
                format!(
                    "{place} is written in format {format}, and this version reads up to format {FORMAT}: \
                     run it with the newer version of steadfast that wrote it"
                ),
            ),
        }
    }

    /// Returns the texts that a query finds for a number.
    pub(super) fn texts(&self, query: &str, value: i64) -> Result<Vec<String>, StoreError> {
        let mut texts = Vec::new();
        self.session.select(query, &[Cell::Int(value)], &mut |row| {
            if let Cell::Text(text) = row.cell(0) {
                texts.push(String::from_utf8_lossy(text).into_owned());
            }
            ControlFlow::Continue(())
        })?;
        Ok(texts)
    }

    pub(super) fn one_text(&self, query: &str, value: Cell<'_>) -> Result<Option<String>, StoreError> {
        let mut text = None;
        self.session.select(query, &[value], &mut |row| {
            if let Cell::Text(found) = row.cell(0) {
                text = Some(String::from_utf8_lossy(found).into_owned());
            }
            ControlFlow::Break(())
        })?;
        Ok(text)
    }
}

/// The runs that are read by one query.
pub(super) const TOGETHER: usize = 128;

/// Returns the query for runs by so many numbers, in their order.
fn runs_by_numbers(count: usize, newest_first: bool) -> Cow<'static, str> {
    if count == 1 {
        return queries::RUN_BY_NUMBER.into();
    }
    let numbers: Vec<_> = (1..=count).map(|n| format!("?{n}")).collect();
    let order = if newest_first { " DESC" } else { "" };
    format!("{} WHERE number IN ({}) ORDER BY number{order}", queries::SELECT_RUNS, numbers.join(", ")).into()
}

/// Returns the number of the runs of a page, and whether there may be more.
fn counted(page: &RunPage) -> (u64, bool) {
    ((page.runs.len() + page.damaged.len()) as u64, page.next.is_some())
}

/// Rows of runs, and the flaws of those that cannot be read.
#[derive(Default)]
struct Page {
    runs: Vec<RunRow>,
    flaws: Vec<(String, Flaw)>,
    count: usize,
    last: Option<i64>,
    last_due: Option<i64>,
    /// Where the search ended before it was complete.
    ended_at: Option<i64>,
}

impl Page {
    fn add(&mut self, row: &dyn Row) -> ControlFlow<()> {
        let columns = Columns::new(row, RunRow::COLUMNS);
        self.count += 1;
        self.last = columns.int("number").ok().or(self.last);
        self.last_due = columns.maybe_int("wake_at").ok().flatten().or(self.last_due);
        match RunRow::from_row(&columns) {
            Ok(run) => self.runs.push(run),
            Err(flaw) => self.flaws.push((called(&columns, RunRow::CALLED.0, RunRow::CALLED.1), flaw)),
        }
        ControlFlow::Continue(())
    }
}

/// Names a row in messages, by a column.
fn called(columns: &Columns<'_>, called: &str, key: &str) -> String {
    let number = columns.int(key).map(|number| number.to_string());
    let key = number.or_else(|_| columns.text(key).map(|text| format!("{text:?}")));
    format!("{called} {}", key.as_deref().unwrap_or("(its number is damaged too)"))
}

/// Clamps a number to the integers of a database.
pub(super) fn clamped<T: TryInto<i64>>(number: T) -> Cell<'static> {
    Cell::Int(number.try_into().unwrap_or(i64::MAX))
}
