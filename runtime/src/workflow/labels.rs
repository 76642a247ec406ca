//! Labels of a running workflow, by which it is found.

use super::Flow;
use crate::command::{Command, SetLabel};
use crate::journal::Journal;
use crate::lengths;
use std::sync::Arc;

impl<C: 'static> Flow<C> {
    /// Sets a label of the run, replacing the value that this name had. [`RunFilter::label`](crate::RunFilter::label)
    /// finds the run by it once this is durable, which is with the run's next effect.
    ///
    /// ```
    /// use steadfast::RunFilter;
    /// use steadfast::prelude::*;
    ///
    /// #[workflow]
    /// async fn order(flow: &mut Flow, cents: u64) -> Result<u64> {
    ///     flow.set_label("stage", "packing");
    ///     flow.sleep(Duration::from_millis(1)).await;
    ///     flow.set_label("stage", "sent");
    ///     Ok(cents)
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// let engine = Engine::builder().in_memory().workflow(order).start().await?;
    /// let run = engine.start(order, 5).label("stage", "new").await?;
    /// run.result().await?;
    /// assert_eq!(engine.list(RunFilter::all().label("stage", "sent")).await?.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// An empty name parks the run, and so does a name or a value longer than 512 bytes.
    pub fn set_label(&self, name: &str, value: &str) {
        label(&self.journal, name, Some(value));
    }

    /// Removes a label; does nothing if the run does not have it. A name that no label can have parks the run.
    pub fn remove_label(&self, name: &str) {
        label(&self.journal, name, None);
    }
}

fn label(journal: &Arc<dyn Journal>, name: &str, value: Option<&str>) {
    let position = journal.next_command_index();
    match lengths::check_label(name, value.unwrap_or_default()) {
        Ok(()) => journal.issue(position, Command::SetLabel(SetLabel { name, value: value.map(Into::into) })),
        Err(why) => journal.unstorable(position, why),
    }
}
