//! What a run shows to others: published values, and streams.

use super::InspectError;
use super::inspector::{Inspector, Source};
use super::page::{Page, Paging};
use super::shown::Shown;
use crate::record::OutputKind;
use crate::record::millis::moment;
use crate::store::OutputRow;
use serde::Serialize;
use std::time::SystemTime;

/// A published value or a stream of a run. It belongs to all runs that have had the id.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Channel {
    /// Whether it is a value or a stream.
    pub kind: ChannelKind,
    /// The key of the value, or the name of the stream.
    pub name: String,
    /// How many versions of the value, or items of the stream, there are.
    pub items: u64,
    /// Whether the stream is closed.
    pub closed: bool,
    /// The newest version or item.
    pub last: Option<Item>,
}

/// The kind of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChannelKind {
    /// A value of which the newest version counts.
    Published,
    /// A stream of items.
    Stream,
}

/// A version of a published value, or an item of a stream.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Item {
    /// Its number in its channel, from 1, without gaps.
    pub item: u64,
    /// The time at which it was written.
    #[serde(serialize_with = "crate::record::millis::serialize")]
    pub at: SystemTime,
    /// The number of the run that wrote it.
    pub run: i64,
    /// The entry that wrote it.
    pub seq: u64,
    /// The value; `None` closes a stream.
    pub value: Option<Shown>,
}

impl Item {
    fn of(row: &OutputRow) -> Self {
        let value = row.value.as_ref().map(Shown::of);
        Self { item: row.item, at: moment(row.at), run: row.run, seq: row.seq, value }
    }
}

impl ChannelKind {
    /// Returns the kind and the name of a channel of a store.
    fn parse(channel: &str) -> Option<(Self, &str)> {
        let published = channel.strip_prefix("value:").map(|name| (Self::Published, name));
        published.or_else(|| channel.strip_prefix("stream:").map(|name| (Self::Stream, name)))
    }

    fn channel(self, name: &str) -> String {
        match self {
            Self::Published => OutputKind::Published(name).channel(),
            Self::Stream => OutputKind::Written(name).channel(),
        }
    }
}

impl Source {
    fn channels(&self, run: &str, paging: &Paging) -> Result<Page<Channel>, InspectError> {
        let limit = paging.checked()?;
        let first_run = self.run(run)?.first_run;
        let names = self.store.channels(first_run, paging.text(), limit + 1)?;
        let Page { items: names, next, .. } = Page::of_one_more(names, limit, Clone::clone);
        let mut channels = Vec::with_capacity(names.len());
        for channel in names {
            let Some((kind, name)) = ChannelKind::parse(&channel) else { continue };
            let mut newest = self.store.outputs(first_run, &channel, 0, 2, true)?;
            let last = newest.pop();
            let closed = last.as_ref().is_some_and(|last| last.value.is_none());
            let items = last.as_ref().map_or(0, |last| last.item - u64::from(closed));
            // The end of a stream is no item of it.
            let last = if closed { newest.pop() } else { last };
            channels.push(Channel { kind, name: name.to_owned(), items, closed, last: last.as_ref().map(Item::of) });
        }
        Ok(Page::new(channels, next))
    }
}

impl Inspector {
    /// Returns a page of the published values and streams of a run, each with its newest value.
    ///
    /// # Errors
    /// No run has this id, or the database cannot be read.
    pub async fn channels(&self, run: &str, paging: &Paging) -> Result<Page<Channel>, InspectError> {
        let (run, paging) = (run.to_owned(), paging.clone());
        self.ask(move |source| source.channels(&run, &paging)).await
    }

    /// Returns a page of the versions of a published value, or of the items of a stream, in order. The cursor is the number
    /// of an item.
    ///
    /// # Errors
    /// No run has this id, the cursor is no number, or the database cannot be read.
    pub async fn items(
        &self,
        run: &str,
        kind: ChannelKind,
        name: &str,
        paging: &Paging,
    ) -> Result<Page<Item>, InspectError> {
        let (run, channel, paging) = (run.to_owned(), kind.channel(name), paging.clone());
        self.ask(move |source| {
            let (limit, after) = (paging.checked()?, paging.number::<u64>()?);
            let first_run = source.run(&run)?.first_run;
            let rows = source.store.outputs(first_run, &channel, after, limit + 1, false)?;
            Ok(Page::of_one_more(rows, limit, |row| row.item.to_string()).map(|row| Item::of(&row)))
        })
        .await
    }
}
