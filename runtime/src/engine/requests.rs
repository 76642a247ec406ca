//! Requests of runs, and answers to them.

use super::clock::{AGAIN, moment};
use super::error::EngineError;
use super::handle::Run;
use super::{Engine, inbox};
use crate::fields::Fields;
use crate::message::{self, Message};
use crate::record::InboxKind;
use crate::store::{
    AuditRow, NewInboxItem, Rejected, RequestKey, RequestRow, RunKey, RunRow, Store, StoreError, Write, Written,
};
use crate::value::Value;
use data_encoding::HEXLOWER;
use std::sync::Arc;
use std::time::SystemTime;

const PAGE: usize = 1_000;
/// A request that waits for its answer.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// # use steadfast::prelude::*;
/// #[derive(Message, Serialize, Deserialize)]
/// struct MayI { cents: u32 }
///
/// #[derive(Message, Serialize, Deserialize)]
/// struct Approved(bool);
///
/// #[workflow]
/// async fn ask(flow: &mut Flow, cents: u32) -> Result<bool> {
///     Ok(flow.request::<MayI, Approved>(MayI { cents }).await?.0)
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// # let engine = Engine::builder().in_memory().workflow(ask).start().await?;
/// let run = engine.start(ask, 5).id("a").await?;
/// while engine.requests().await?.is_empty() {
///     tokio::time::sleep(Duration::from_millis(1)).await; // a person looks now and then
/// }
/// let request = engine.requests().await?.remove(0);
/// assert_eq!((request.run.as_str(), request.read::<MayI>()?.cents), ("a", 5));
/// engine.answer(&request.id, Approved(true)).await?;
/// assert!(run.result().await?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OpenRequest {
    /// The id with which it is answered.
    pub id: String,
    /// The run that made the request.
    pub run: String,
    /// The recorded name of the question's type.
    pub question: String,
    /// The recorded name of the answer's type.
    pub answer: String,
    /// The time of the request.
    pub asked_at: SystemTime,
    /// The end of the wait for an answer, if limited.
    pub due: Option<SystemTime>,
    value: Value,
    fields: Arc<Fields>,
}

impl OpenRequest {
    /// Decodes the question.
    ///
    /// # Errors
    /// The question is of another type, or does not decode.
    pub fn read<Q: Message>(&self) -> Result<Q, EngineError> {
        if self.question != Q::NAME {
            return Err(EngineError::value(format!(
                "request {} of run `{}` asks a `{}`, not a `{}`",
                self.id,
                self.run,
                self.question,
                Q::NAME
            )));
        }
        message::decode(self.fields.coder(), &self.value).map_err(|error| {
            EngineError::value_of(format!("request {} of run `{}` cannot be read: {error}", self.id, self.run), error)
        })
    }

    /// Returns the question as text for people, without secrets.
    #[must_use]
    pub fn text(&self) -> String {
        crate::vault::redact(&self.value.to_string()).into_owned()
    }
}

impl Engine {
    /// Returns the open requests of all runs, in no particular order.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn requests(&self) -> Result<Vec<OpenRequest>, EngineError> {
        let mut requests = Vec::new();
        let mut after = String::new();
        loop {
            let from = after.clone();
            let page = self
                .core
                .ask(move |store| with_runs(store, store.requests(RequestKey::Open { after: &from, limit: PAGE })?));
            let page = page.await?;
            let full = page.len() == PAGE;
            if let Some((last, _)) = page.last() {
                after.clone_from(&last.id);
            }
            requests.extend(page.into_iter().filter_map(|(row, run)| Some(self.opened(row, &run?))));
            if !full {
                return Ok(requests);
            }
        }
    }

    /// Returns an open request by its id.
    ///
    /// # Errors
    /// There is no such request, or it is answered.
    pub async fn request(&self, id: &str) -> Result<OpenRequest, EngineError> {
        let row = self.request_row(id).await?;
        if row.is_moved() {
            return Err(EngineError::NoSuchRequest { id: row.id });
        }
        if row.answered.is_some() {
            return Err(EngineError::Answered { request: row.id });
        }
        self.open(row).await?.ok_or_else(|| EngineError::NoSuchRequest { id: id.to_owned() })
    }

    /// Answers a request. The answer is durable when this returns; repeating the same answer changes nothing.
    ///
    /// # Errors
    /// There is no such request (or its run no longer waits for it), it expects an answer of another type, it has
    /// another answer already, or the answer cannot be stored. An open request stays open.
    pub async fn answer<A: Message>(&self, request: &str, answer: A) -> Result<(), EngineError> {
        let row = self.request_row(request).await?;
        if row.answer != A::NAME {
            return Err(EngineError::OtherAnswer { request: row.id, expected: row.answer, found: A::NAME.to_owned() });
        }
        let run = row.run;
        let run = self.core.ask(move |store| store.run(RunKey::Number(run))).await?;
        let run = run.ok_or_else(|| EngineError::NoSuchRequest { id: request.to_owned() })?;
        let value = encoded(&self.core.fields(&run), &answer);
        drop(answer);
        let value =
            value.map_err(|error| EngineError::value_of(format!("the answer cannot be stored: {error}"), error))?;
        self.answer_run(&run, request, value, None).await
    }

    /// Answers a request of a run by a value that is encoded.
    pub(crate) async fn answer_run(
        &self,
        run: &RunRow,
        request: &str,
        value: Value,
        record: Option<AuditRow>,
    ) -> Result<(), EngineError> {
        let (hash, run) = (hash(&value), run.number);
        let key = Some(format!("answer:{request}"));
        let item =
            NewInboxItem { key, value: Some(value), ..NewInboxItem::new(run, InboxKind::Answer, self.core.now()) };
        let write = Write::Answer { request: request.to_owned(), hash, item }.recorded(record.as_ref());
        // An answer runs to its end even if the caller stops waiting.
        let (core, id) = (self.core.clone(), request.to_owned());
        let answering = self.core.to_the_end(async move {
            let mut again = false;
            loop {
                match core.committer.write(write.clone()).await {
                    Ok(Ok(written)) => {
                        // After an unknown outcome, an answer that exists already may be our own, whose run was not
                        // notified.
                        if again || matches!(written, Written::Number(_)) {
                            inbox::look(&core, run).await;
                        }
                        return Ok(());
                    }
                    Ok(Err(Rejected::Answered)) => return Err(EngineError::Answered { request: id }),
                    Ok(Err(Rejected::Refused(text))) => return Err(EngineError::value(text)),
                    Ok(Err(_)) => return Err(EngineError::NoSuchRequest { id }),
                    // A repeated answer is written once.
                    Err(error) if error.is_for_good() || !core.pause(AGAIN).await => return Err(error.into()),
                    Err(_) => again = true,
                }
            }
        });
        answering.await
    }

    pub(crate) async fn request_row(&self, id: &str) -> Result<RequestRow, EngineError> {
        let key = id.to_owned();
        let rows = self.core.ask(move |store| store.requests(RequestKey::Id(&key))).await?;
        rows.into_iter().next().ok_or_else(|| EngineError::NoSuchRequest { id: id.to_owned() })
    }

    async fn open(&self, row: RequestRow) -> Result<Option<OpenRequest>, EngineError> {
        let number = row.run;
        let run = self.core.ask(move |store| store.run(RunKey::Number(number))).await?;
        Ok(run.map(|run| self.opened(row, &run)))
    }

    fn opened(&self, row: RequestRow, run: &RunRow) -> OpenRequest {
        OpenRequest {
            fields: self.core.fields(run),
            id: row.id,
            run: run.id.clone(),
            question: row.name,
            answer: row.answer,
            asked_at: moment(row.at),
            due: row.due.map(moment),
            value: row.value,
        }
    }
}

/// Reads the run of each request; runs are mostly different, so they are not cached.
fn with_runs(store: &dyn Store, requests: Vec<RequestRow>) -> Result<Vec<(RequestRow, Option<RunRow>)>, StoreError> {
    requests.into_iter().map(|row| store.run(RunKey::Number(row.run)).map(|run| (row, run))).collect()
}

/// Returns the hash by which a repeated answer is recognized.
pub(crate) fn hash(answer: &Value) -> String {
    HEXLOWER.encode(&hmac_sha256::Hash::hash(&answer.bytes))
}

fn encoded<A: Message>(fields: &Arc<Fields>, answer: &A) -> Result<Value, crate::codec::CodecError> {
    message::encode(fields.coder(), answer)
}

impl Run {
    /// Returns the open requests of this run.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn requests(&self) -> Result<Vec<OpenRequest>, EngineError> {
        let number = self.last_row().await?.number;
        let rows = self.core().ask(move |store| with_runs(store, store.requests(RequestKey::Run(number))?)).await?;
        Ok(rows.into_iter().filter_map(|(row, run)| Some(self.engine().opened(row, &run?))).collect())
    }
}
