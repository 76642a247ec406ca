//! Starts of runs by JSON.

use super::acting::Acting;
use crate::engine::{EngineError, UntypedStart};
use crate::scope::Scope;
use serde_json::json;

/// A run to be started, without the type of its input.
#[derive(Clone, Debug, Default)]
pub struct StartOptions {
    /// The name of the workflow.
    pub workflow: String,
    /// Its version; 1 by default.
    pub version: Option<u32>,
    /// The input as JSON; `null` by default, for a workflow without one.
    pub input: Option<String>,
    /// The id of the run; a time-ordered UUID by default.
    pub id: Option<String>,
    /// The queue in which it waits.
    pub queue: Option<String>,
    /// The key of the input in a queue that has keys.
    pub queue_key: Option<String>,
    /// The priority in the queue.
    pub priority: Option<i32>,
    /// The deduplication key.
    pub deduplication_key: Option<String>,
    /// Labels by which it can be found.
    pub labels: Vec<(String, String)>,
}

impl Acting<'_> {
    /// Starts a run of a workflow. An engine that has the workflow in that version drives it; without one it waits. An
    /// input that the workflow cannot read parks the run. Returns its id, and whether it is new: the same id with the same
    /// workflow and input is the same run.
    ///
    /// # Errors
    /// The input is no JSON, the id is that of another run, or the database does not work.
    pub async fn start(&self, options: StartOptions) -> Result<(String, bool), EngineError> {
        let input = self.json("the input", options.input.as_deref().unwrap_or("null"))?;
        let version = options.version.unwrap_or(1);
        let StartOptions { workflow, id, queue, queue_key, priority, deduplication_key, labels, .. } = options;
        let mut given = Scope::new();
        if let Some(id) = id {
            given = given.id(id);
        }
        if let Some(queue) = queue.clone() {
            given = given.queue(queue);
        }
        if let Some(priority) = priority {
            given = given.priority(priority);
        }
        if let Some(key) = deduplication_key {
            given = given.deduplication_key(key);
        }
        for (name, value) in labels {
            given = given.label(name, value);
        }
        let details = json!({
            "workflow": workflow, "version": version, "queue": queue, "input_bytes": input.bytes.len(),
        });
        let start = UntypedStart { workflow, version, input, given, queue_key };
        let (run, is_new) = self.engine.start_untyped(start, |id| self.record("start", id, &details)).await?;
        Ok((run.id().to_owned(), is_new))
    }
}
