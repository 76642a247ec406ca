//! What runs ask people, and what others have sent them.

use super::InspectError;
use super::inspector::{Inspector, Source};
use super::page::{Page, Paging};
use super::shown::Shown;
use crate::record::millis::moment;
use crate::store::{InboxRow, RequestKey, RequestRow, RunKey, StoreError};
use serde::Serialize;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::SystemTime;

/// A human-in-the-loop request of a run.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct RequestView {
    /// The id with which it is answered.
    pub id: String,
    /// The id of the run that made it.
    pub run: String,
    /// The command index of the call that waits for the answer.
    pub position: u64,
    /// The recorded name of the question's type.
    pub question: String,
    /// The recorded name of the answer's type.
    pub answer: String,
    /// The time of the request.
    #[serde(serialize_with = "crate::record::millis::serialize")]
    pub asked_at: SystemTime,
    /// The end of the wait for an answer, if limited.
    #[serde(serialize_with = "crate::record::millis::option::serialize")]
    pub due: Option<SystemTime>,
    /// Whether it waits for an answer: it was neither answered nor moved with its run to another database.
    pub open: bool,
    /// The question itself.
    pub value: Shown,
}

/// An item in the inbox of a run, which the run has not taken yet.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct InboxItem {
    /// Its number, in order of arrival over all runs.
    pub number: i64,
    /// Its kind: `cancel`, `pause`, `resume`, `message`, `answer`, `ended`, `attempt`, `wrote`.
    pub kind: String,
    /// The time at which it was sent.
    #[serde(serialize_with = "crate::record::millis::serialize")]
    pub at: SystemTime,
    /// The channel of a message, the id of an answered request, or the status of a run that ended.
    pub name: Option<String>,
    /// The command index of the call that waits for it.
    pub position: Option<u64>,
    /// The id of the run that sent it.
    pub sender: Option<String>,
    /// The key chosen by the sender, by which it arrives once.
    pub key: Option<String>,
    /// Its content.
    pub value: Option<Shown>,
}

impl RequestView {
    fn of(row: RequestRow, run: String) -> Self {
        Self {
            open: row.is_open(),
            id: row.id,
            run,
            position: row.position,
            question: row.name,
            answer: row.answer,
            asked_at: moment(row.at),
            due: row.due.map(moment),
            value: Shown::of(&row.value),
        }
    }
}

impl InboxItem {
    fn of(row: InboxRow) -> Self {
        Self {
            number: row.number,
            kind: row.kind.as_str().to_owned(),
            at: moment(row.at),
            name: row.name,
            position: row.position,
            sender: row.sender,
            key: row.key,
            value: row.value.as_ref().map(Shown::of),
        }
    }
}

impl Source {
    /// Returns the requests with the ids of their runs. Those of a run that is deleted meanwhile are left out.
    fn named(&self, rows: Vec<RequestRow>) -> Result<Vec<RequestView>, StoreError> {
        let mut ids: HashMap<i64, Option<String>> = HashMap::new();
        let mut requests = Vec::with_capacity(rows.len());
        for row in rows {
            let id = match ids.entry(row.run) {
                Entry::Occupied(known) => known.get().clone(),
                Entry::Vacant(place) => {
                    place.insert(self.store.run(RunKey::Number(row.run))?.map(|run| run.id)).clone()
                }
            };
            requests.extend(id.map(|id| RequestView::of(row, id)));
        }
        Ok(requests)
    }
}

impl Inspector {
    /// Returns a page of the requests of all runs that wait for an answer, in order of their ids.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn open_requests(&self, paging: &Paging) -> Result<Page<RequestView>, InspectError> {
        let paging = paging.clone();
        self.ask(move |source| {
            let limit = paging.checked()?;
            let rows = source.store.requests(RequestKey::Open { after: paging.text(), limit: limit + 1 })?;
            let Page { items, next, .. } = Page::of_one_more(rows, limit, |row| row.id.clone());
            Ok(Page::new(source.named(items)?, next))
        })
        .await
    }

    /// Returns a page of the requests of one run, answered or not, in order of their ids.
    ///
    /// # Errors
    /// No run has this id, or the database cannot be read.
    pub async fn requests(&self, run: &str, paging: &Paging) -> Result<Page<RequestView>, InspectError> {
        let (run, paging) = (run.to_owned(), paging.clone());
        self.ask(move |source| {
            let limit = paging.checked()?;
            let row = source.run(&run)?;
            let key = RequestKey::OfRun { run: row.number, after: paging.text(), limit: limit + 1 };
            let page = Page::of_one_more(source.store.requests(key)?, limit, |row| row.id.clone());
            Ok(page.map(|request| RequestView::of(request, row.id.clone())))
        })
        .await
    }

    /// Returns a page of the items in the inbox of a run, in order of arrival.
    ///
    /// # Errors
    /// No run has this id, the cursor is no number, or the database cannot be read.
    pub async fn inbox(&self, run: &str, paging: &Paging) -> Result<Page<InboxItem>, InspectError> {
        let (run, paging) = (run.to_owned(), paging.clone());
        self.ask(move |source| {
            let (limit, after) = (paging.checked()?, paging.number::<i64>()?);
            let number = source.run(&run)?.number;
            let rows = source.store.inbox(RunKey::Number(number), after, limit + 1)?;
            Ok(Page::of_one_more(rows, limit, |row| row.number.to_string()).map(InboxItem::of))
        })
        .await
    }
}
