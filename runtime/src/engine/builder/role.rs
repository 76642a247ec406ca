//! What an engine does of the work.

use super::EngineBuilder;
use std::sync::Arc;

impl EngineBuilder {
    /// Makes the engine a client: it starts runs, sends messages, answers requests, cancels, and looks at everything, and
    /// leaves all driving to other engines on the same database. It owns no run and takes nobody over. It need not have
    /// the workflows that it starts, and no resources.
    ///
    /// A run that a client starts belongs to nobody until an engine claims it that has its workflow in that version.
    ///
    /// ```
    /// # use steadfast::prelude::*;
    /// # #[workflow]
    /// # async fn hello(_flow: &mut Flow, name: String) -> Result<String> { Ok(format!("Hello, {name}!")) }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let file = folder.path().join("app.db");
    /// let worker = Engine::builder().sqlite(&file).workflow(hello).start().await?;
    /// let client = Engine::builder().sqlite(&file).client().start().await?;
    /// let run = client.start(hello, "world".to_owned()).await?;
    /// assert_eq!(run.result().await?, "Hello, world!");
    /// # drop(worker);
    /// # Ok(())
    /// # }
    /// ```
    pub fn client(mut self) -> Self {
        self.options.is_client = true;
        self
    }

    /// Leaves the limits of queues and the schedules in the database as they are, whatever is declared here.
    pub(crate) fn without_declarations(mut self) -> Self {
        self.options.declared = Arc::default();
        #[cfg(feature = "schedules")]
        {
            self.schedules = super::schedules::Schedules::default();
        }
        self
    }

    /// Sets how many runs may be at work here before the engine claims no more of those that nobody owns; 1,000 unless
    /// chosen otherwise. Runs that wait for long are not at work.
    pub fn max_claimed(mut self, runs: usize) -> Self {
        self.options.max_claimed = runs;
        self
    }
}
