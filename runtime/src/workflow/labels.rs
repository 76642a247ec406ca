//! Labels of a running workflow: by what it is found.

use super::Flow;
use crate::command::{Command, SetLabel};
use crate::journal::Journal;
use crate::lengths;
use std::sync::Arc;

impl<C: Send + Sync + 'static> Flow<C> {
    /// Gives the run a label, in place of the one that it had by this name: it is found by it
    /// ([`RunFilter::label`](crate::RunFilter::label)) once this is durable, with the next thing that leaves the run.
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
    /// A name that is empty, and a name or a value that is longer than 512 bytes, park the run.
    pub fn set_label(&self, name: &str, value: &str) {
        label(&self.journal, name, Some(value));
    }

    /// Takes a label away; one that the run does not have is no fault. What cannot be the name of a label parks the run.
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
