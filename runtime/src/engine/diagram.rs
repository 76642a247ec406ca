//! A diagram of a run's path.

use super::error::EngineError;
use super::handle::Run;
use crate::graph::{Diagram, Path};

/// The number of entries read at a time.
const PAGE: usize = 4_096;

impl Run {
    /// Returns a diagram of the path that the run has taken so far, from its journal alone: each step with how often it
    /// was called and how many of its calls run or failed, and on the edges the events, with their number. It is
    /// available while the run runs, after its end, and where its workflow is not registered.
    ///
    /// For a workflow that is a function the edges are its calls, numbered in their order: each leads from what was
    /// delivered to the workflow last before it made the call.
    ///
    /// ```
    /// use steadfast::prelude::*;
    ///
    /// #[derive(Event)]
    /// struct Page(String);
    ///
    /// #[derive(Event)]
    /// struct Words(usize);
    ///
    /// struct Count;
    ///
    /// #[workflow]
    /// impl Count {
    ///     #[step]
    ///     async fn split(begin: Begin<String>) -> Result<Vec<Page>> {
    ///         Ok(begin.lines().map(|line| Page(line.to_owned())).collect())
    ///     }
    ///
    ///     #[step]
    ///     async fn count(page: Page) -> Result<Words> {
    ///         Ok(Words(page.0.split_whitespace().count()))
    ///     }
    ///
    ///     #[step]
    ///     async fn add(#[collect] words: Vec<Words>) -> Result<Stop<usize>> {
    ///         Ok(Stop(words.iter().map(|words| words.0).sum()))
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// let engine = Engine::builder().in_memory().workflow(Count).start().await?;
    /// let run = engine.start(Count, "one two\nthree\n".to_owned()).await?;
    /// assert_eq!(run.result().await?, 3);
    /// let diagram = run.diagram().await?.mermaid();
    /// assert!(diagram.contains(r#"step_count["count ×2"]"#), "{diagram}");
    /// assert!(diagram.contains(r#"step_split -->|"Page ×2"| step_count"#), "{diagram}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The database cannot be read, or the run was deleted.
    pub async fn diagram(&self) -> Result<Diagram, EngineError> {
        let row = self.row().await?;
        let workflow = self.core().workflows.get(&row.workflow, row.version);
        let is_graph = workflow.map(|workflow| workflow.events().is_some());
        let number = self.number();
        let path = self.core().ask(move |store| {
            let (mut path, mut after) = (Path::new(&row.workflow), 0);
            loop {
                let entries = store.entries(number, after, PAGE)?;
                for entry in &entries {
                    path.read(entry);
                }
                match entries.last() {
                    Some(last) if entries.len() == PAGE => after = last.seq,
                    _ => return Ok(path),
                }
            }
        });
        Ok(path.await?.diagram(is_graph))
    }
}
