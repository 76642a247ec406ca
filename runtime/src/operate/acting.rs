//! Actions on runs.

use crate::engine::{AskedFork, Engine, EngineError, ForkPoint, Pause, Run, value_of_json};
use crate::store::{Act, ActOutcome, AuditRow, RunKey, RunRow, Status, Write, successor};
use crate::value::Value;
use serde_json::json;
#[cfg(feature = "sqlite")]
use std::path::PathBuf;

/// Actions for one reason: see [`Operator::because`](super::Operator::because). Each runs to its end even if the caller
/// stops waiting.
#[derive(Clone, Debug)]
#[must_use]
pub struct Acting<'operator> {
    pub(super) engine: &'operator Engine,
    who: &'operator str,
    why: String,
    /// The keys of the records of a job; otherwise each action has a key of its own.
    key: Option<String>,
    /// The number of the run on which a job acts: another run may have its id by now.
    only: Option<i64>,
}

/// What a fork or a rewind changes.
#[derive(Clone, Debug, Default)]
pub struct ForkOptions {
    /// The id of a fork; a time-ordered UUID by default. A rewind keeps its id.
    pub id: Option<String>,
    /// The version of the workflow with which it goes on; that of the run by default.
    pub version: Option<u32>,
    /// Another input, as JSON. What is kept of the history must fit it, or the new run is parked.
    pub input: Option<String>,
    /// Fields of the context with other values, as JSON, as if the workflow had set them so before the point. What is kept
    /// of the history must fit them, or the new run is parked.
    pub context: Vec<(String, String)>,
    /// Labels beside those of the run.
    pub labels: Vec<(String, String)>,
}

impl<'operator> Acting<'operator> {
    pub(super) const fn new(engine: &'operator Engine, who: &'operator str, why: String) -> Self {
        Self { engine, who, why, key: None, only: None }
    }

    /// Returns the record of an action.
    pub(super) fn record(&self, action: &str, subject: &str, details: &serde_json::Value) -> AuditRow {
        AuditRow {
            number: 0,
            key: self.key.clone().unwrap_or_else(|| uuid::Uuid::now_v7().to_string()),
            at: 0,
            who: self.who.to_owned(),
            why: self.why.clone(),
            action: action.to_owned(),
            subject: subject.to_owned(),
            details: details.to_string(),
            outcome: ActOutcome::Done,
        }
    }

    /// Has the next action recorded under this key, and refused unless it is on the run with this number.
    pub(super) fn keyed(self, key: String, run: i64) -> Self {
        Self { key: Some(key), only: Some(run), ..self }
    }

    pub(super) const fn who(&self) -> &str {
        self.who
    }

    pub(super) fn why(&self) -> &str {
        &self.why
    }

    pub(super) fn json(&self, what: &str, text: &str) -> Result<Value, EngineError> {
        value_of_json(&self.engine.core, what, text)
    }

    async fn run(&self, id: &str, action: &str, details: &serde_json::Value) -> Result<Run, EngineError> {
        let row = self.row(id).await?;
        Ok(Run::new(self.engine, &row).recorded(self.record(action, id, details)))
    }

    /// Returns the row of a run. One that was replaced is refused, because an action on it would reach its successor.
    pub(super) async fn row(&self, id: &str) -> Result<RunRow, EngineError> {
        let key = id.to_owned();
        let found = self.engine.core.ask(move |store| {
            let Some(row) = store.run(RunKey::Id(&key))? else { return Ok(None) };
            let mut current = row.clone();
            while current.status == Status::Replaced
                && let Some(next) = successor(store, &current)?
            {
                current = next;
            }
            Ok(Some((row, current)))
        });
        let (row, current) = found.await?.ok_or_else(|| EngineError::NoSuchRun { id: id.to_owned() })?;
        if row.status == Status::Replaced {
            let current = current.id;
            return Err(EngineError::value(format!(
                "run `{id}` was replaced, by a continue-as-new or a rewind, and does nothing more; act on the current one, `{current}`"
            )));
        }
        match self.only {
            Some(number) if number != row.number => Err(other_has(id, number)),
            _ => Ok(row),
        }
    }

    /// Requests the cancellation of a run: see [`Run::cancel`](crate::Run::cancel). Its reason is that of the action.
    ///
    /// # Errors
    /// There is no such run, it has ended, or the database does not work.
    pub async fn cancel(&self, run: &str) -> Result<(), EngineError> {
        let run = self.run(run, "cancel", &json!({})).await?;
        run.cancel(self.reason()).await.map(drop)
    }

    /// Ends a parked run without running any of its code.
    ///
    /// # Errors
    /// There is no such run, it is not parked, an engine is trying it, or the database does not work.
    pub async fn force_cancel(&self, run: &str) -> Result<(), EngineError> {
        let run = self.run(run, "force_cancel", &json!({})).await?;
        run.end_parked(self.reason()).await
    }

    fn reason(&self) -> String {
        if self.why.is_empty() { format!("cancelled by {}", self.who) } else { self.why.clone() }
    }

    /// Pauses a run: see [`Run::pause`](crate::Run::pause).
    ///
    /// # Errors
    /// There is no such run, it has ended, or the database does not work.
    pub async fn pause(&self, run: &str, how: Pause) -> Result<(), EngineError> {
        let abandon = matches!(how, Pause::Abandon);
        self.run(run, "pause", &json!({ "abandon": abandon })).await?.pause(how).await
    }

    /// Resumes a paused run.
    ///
    /// # Errors
    /// There is no such run, it has ended, or the database does not work.
    pub async fn resume(&self, run: &str) -> Result<(), EngineError> {
        self.run(run, "resume", &json!({})).await?.resume().await
    }

    /// Has a parked or quarantined run tried again, with its count of deaths cleared. An operator of its own database
    /// leaves it to any engine that has its workflow.
    ///
    /// # Errors
    /// There is no such run, it is not parked, or the database does not work.
    pub async fn revive(&self, run: &str) -> Result<(), EngineError> {
        self.run(run, "revive", &json!({})).await?.revive().await
    }

    /// Makes another run with the history of this one before a point: see [`Engine::fork`](crate::Engine::fork). Returns
    /// its id.
    ///
    /// # Errors
    /// There is no such run or no such point in its history, the id is taken, the input is no JSON, or the run has secrets
    /// or contents in field stores and this engine has no keys or stores for them: use the program's own command line.
    pub async fn fork(&self, run: &str, at: ForkPoint, options: ForkOptions) -> Result<String, EngineError> {
        let id = options.id.clone().unwrap_or_else(|| uuid::Uuid::now_v7().to_string());
        let mut details = details(&at, &options);
        details["from"] = json!(run);
        let mut call = self.engine.fork(run, at).id(&id);
        call = call.acted(self.asked(&options, self.record("fork", &id, &details))?);
        if let Some(version) = options.version {
            call = call.version(version);
        }
        for (name, value) in options.labels {
            call = call.label(name, value);
        }
        Ok(call.await?.id().to_owned())
    }

    /// Has a run go on from an earlier point of its history: see [`Engine::rewind`](crate::Engine::rewind).
    ///
    /// # Errors
    /// Those of [`fork`](Self::fork), the run is neither ended, parked nor paused, or another engine owns it.
    pub async fn rewind(&self, run: &str, at: ForkPoint, options: ForkOptions) -> Result<(), EngineError> {
        if options.id.is_some() {
            return Err(EngineError::value("a rewind keeps the id of its run; give another id to a fork".to_owned()));
        }
        let record = self.record("rewind", run, &details(&at, &options));
        self.rewound(run, at, options, record).await
    }

    pub(super) async fn rewound(
        &self,
        run: &str,
        at: ForkPoint,
        options: ForkOptions,
        record: AuditRow,
    ) -> Result<(), EngineError> {
        let mut call = self.engine.rewind(run, at).acted(self.asked(&options, record)?);
        if let Some(version) = options.version {
            call = call.version(version);
        }
        for (name, value) in options.labels {
            call = call.label(name, value);
        }
        call.await.map(drop)
    }

    fn asked(&self, options: &ForkOptions, record: AuditRow) -> Result<AskedFork, EngineError> {
        let input = options.input.as_deref().map(|input| self.json("the input", input)).transpose()?;
        let read = |(name, json): &(String, String)| {
            let value = self.json(&format!("the value of field `{name}`"), json)?;
            Ok((name.clone(), value))
        };
        let fields = options.context.iter().map(read).collect::<Result<_, EngineError>>()?;
        Ok(AskedFork { record: Some(record), input, fields })
    }

    /// Answers a request by JSON, as the run's code reads the type of its answer.
    ///
    /// # Errors
    /// There is no such request, it has another answer already, the answer is no JSON, or the database does not work.
    pub async fn answer(&self, request: &str, answer: &str) -> Result<(), EngineError> {
        let value = self.json("the answer", answer)?;
        let run = self.engine.run_of_request(request).await?;
        let details = json!({ "request": request, "answer_bytes": value.bytes.len() });
        let record = self.record("answer", &run.id, &details);
        self.engine.answer_run(&run, request, value, Some(record)).await
    }

    /// Sends a message by the recorded name of its type and by JSON. With a key, the run gets one message of that key.
    ///
    /// # Errors
    /// There is no such run, it has ended, the message is no JSON, or the database does not work.
    pub async fn send(&self, run: &str, message: &str, json: &str, key: Option<&str>) -> Result<(), EngineError> {
        let value = self.json("the message", json)?;
        let details = json!({ "message": message, "key": key, "message_bytes": value.bytes.len() });
        self.run(run, "send", &details).await?.send_untyped(message, value, key).await
    }

    /// Writes a copy of a run into a file: see [`Run::export`](crate::Run::export). The record says `begun` until the file
    /// is complete.
    ///
    /// # Errors
    /// There is no such run, or the file cannot be written: then the record says `failed`.
    #[cfg(feature = "sqlite")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
    pub async fn export(&self, run: &str, path: impl Into<PathBuf>) -> Result<crate::ExportInfo, EngineError> {
        let path = path.into();
        let handle = self.engine.run(run).await?;
        let begun = self.record("export", run, &json!({ "file": path.display().to_string() }));
        let how =
            |info: &crate::ExportInfo| (ActOutcome::Done, json!({ "entries": info.entries, "bytes": info.bytes }));
        self.in_steps(begun, handle.export(path), how).await
    }

    /// Imports a run from a file: see [`Engine::import`](crate::Engine::import). Returns its id.
    ///
    /// # Errors
    /// Those of [`Engine::import`](crate::Engine::import); for a run with secrets or contents in field stores use the
    /// program's own command line, which has its keys and stores.
    #[cfg(feature = "sqlite")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
    pub async fn import(&self, path: impl Into<PathBuf>, id: Option<&str>) -> Result<String, EngineError> {
        let path = path.into();
        let mut call = self.engine.import(&path);
        if let Some(id) = id {
            call = call.id(id);
        }
        let record = self.record("import", id.unwrap_or_default(), &json!({ "file": path.display().to_string() }));
        Ok(call.recorded(record).await?.id().to_owned())
    }

    /// Deletes a run that has ended or is parked: see [`Run::delete`](crate::Run::delete). Its records stay.
    ///
    /// # Errors
    /// There is no such run, it has not ended and is not parked, or the database does not work.
    pub async fn delete(&self, run: &str) -> Result<(), EngineError> {
        self.run(run, "delete", &json!({})).await?.delete().await
    }

    /// Performs an action that takes several commits, and records it before and after: how it went, and details.
    pub(super) async fn in_steps<T>(
        &self,
        record: AuditRow,
        action: impl IntoFuture<Output = Result<T, EngineError>>,
        how: impl FnOnce(&T) -> (ActOutcome, serde_json::Value),
    ) -> Result<T, EngineError> {
        let begun = AuditRow { outcome: ActOutcome::Begun, ..record };
        self.note(begun.clone()).await?;
        let done = action.await;
        let (outcome, details) = match &done {
            Ok(done) => how(done),
            Err(error) => (ActOutcome::Failed, json!({ "error": error.to_string() })),
        };
        self.note(AuditRow { outcome, details: with(&begun.details, details), ..begun }).await?;
        done
    }

    /// Records how an action goes that takes several commits.
    pub(super) async fn note(&self, record: AuditRow) -> Result<(), EngineError> {
        let write = Write::Act(Box::new(Act { record, write: None }));
        self.engine
            .core
            .committer
            .write(write)
            .await?
            .map(drop)
            .map_err(|rejected| EngineError::value(format!("the record of the action cannot be written: {rejected:?}")))
    }
}

/// Returns why a job does not act on the run that has this id.
pub(super) fn other_has(id: &str, number: i64) -> EngineError {
    EngineError::value(format!("the job does not act on run `{id}` (number {number}): another run has its id by now"))
}

/// Returns the details of a fork or a rewind: no values, only their sizes and names.
fn details(at: &ForkPoint, options: &ForkOptions) -> serde_json::Value {
    let fields: Vec<_> = options.context.iter().map(|(name, _)| name).collect();
    json!({ "at": at.to_string(), "fields": fields, "input_bytes": options.input.as_ref().map(String::len) })
}

/// Adds details to those of a record.
fn with(details: &str, more: serde_json::Value) -> String {
    let mut all: serde_json::Value = serde_json::from_str(details).unwrap_or_default();
    if let (Some(all), serde_json::Value::Object(more)) = (all.as_object_mut(), more) {
        all.extend(more);
    }
    all.to_string()
}
