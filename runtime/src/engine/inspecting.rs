//! Looks into the database of a running engine.

use super::Engine;
use crate::inspect::Inspector;

impl Engine {
    /// Returns an inspector of the engine's database: lists, histories, contexts at any entry, queues, workers, without the
    /// types of the program. Its reads wait for no load of the engine, and none waits for them.
    ///
    /// ```
    /// # use steadfast::prelude::*;
    /// # use steadfast::inspect::RunsQuery;
    /// # #[workflow]
    /// # async fn hello(_flow: &mut Flow) -> Result<()> { Ok(()) }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// let engine = Engine::builder().in_memory().workflow(hello).start().await?;
    /// let run = engine.start(hello, ()).id("a").await?;
    /// let details = engine.inspect().run("a").await?;
    /// println!("{}: {} entries", details.run.status, details.run.entries);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn inspect(&self) -> Inspector {
        let store = &self.core.store;
        Inspector::of(store.for_inspection().unwrap_or_else(|| store.clone()), self.core.options.lease_term)
    }
}
