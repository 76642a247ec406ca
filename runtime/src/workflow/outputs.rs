//! Outputs of a workflow and its steps: published values and streams.

use super::Flow;
use crate::codec::Storable;
use crate::command::{CloseStream, Command, Publish, WriteStream};
use crate::journal::Journal;
use crate::record::OutputKind;
use crate::step::encode_shown;
use std::marker::PhantomData;
use std::sync::Arc;

impl<C: 'static> Flow<C> {
    /// Publishes a value under a key, replacing the one before. [`Engine::published`](crate::Engine::published) reads
    /// it, even after the run's end. A value that cannot be stored parks the run, and so does a key longer than 512
    /// bytes.
    pub fn publish<T: Storable>(&self, key: &str, value: &T) {
        show(&self.journal, OutputKind::Published(key), Some(value));
    }

    /// Returns a stream of this run by its name, to write to. [`Run::stream`](crate::Run::stream) reads it, from any
    /// item on. The writer can be kept while the context is updated.
    #[must_use]
    pub fn stream<T: Storable>(&self, name: impl Into<String>) -> StreamWriter<T> {
        StreamWriter { journal: self.journal.clone(), name: name.into(), items: PhantomData }
    }
}

/// A stream of a run, for its workflow to write to.
///
/// Only the body of the workflow can write to it: a write from another task parks the run.
///
/// ```
/// use steadfast::prelude::*;
///
/// #[derive(StepContext, Clone)]
/// struct Import {
///     #[context(default)]
///     rows: u64,
/// }
///
/// #[workflow(context = Import)]
/// async fn import(flow: &mut Flow<Import>, files: u64) -> Result<u64> {
///     let log = flow.stream::<String>("log");
///     for file in 1..=files {
///         log.write(&format!("file {file}"));
///         flow.update(|import| import.rows(file * 10)).await?;
///     }
///     log.close();
///     Ok(flow.rows)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// let engine = Engine::builder().in_memory().workflow(import).start().await?;
/// let run = engine.start(import, 2).await?;
/// let mut log = run.stream::<String>("log");
/// assert_eq!(log.next().await?, Some((1, "file 1".to_owned())));
/// assert_eq!(log.next().await?, Some((2, "file 2".to_owned())));
/// assert_eq!(log.next().await?, None);
/// # Ok(())
/// # }
/// ```
pub struct StreamWriter<T> {
    journal: Arc<dyn Journal>,
    name: String,
    items: PhantomData<fn(T)>,
}

impl<T: Storable> StreamWriter<T> {
    /// Adds an item. One that cannot be stored parks the run, and so does a stream's name longer than 512 bytes.
    pub fn write(&self, item: &T) {
        show(&self.journal, OutputKind::Written(&self.name), Some(item));
    }

    /// Closes the stream: readers reach its end, and never see later items. The run's end closes it too.
    pub fn close(self) {
        show::<T>(&self.journal, OutputKind::Closed(&self.name), None);
    }
}

fn show<T: Storable>(journal: &Arc<dyn Journal>, what: OutputKind<'_>, value: Option<&T>) {
    let position = journal.next_command_index();
    if let Err(why) = what.check() {
        return journal.unstorable(position, why);
    }
    match value.map(|value| encode_shown(journal.coder(), what, value)).transpose() {
        Ok(value) => journal.issue(
            position,
            match what {
                OutputKind::Published(key) => Command::Publish(Publish { key, value }),
                OutputKind::Written(stream) => Command::WriteStream(WriteStream { stream, item: value }),
                OutputKind::Closed(stream) => Command::CloseStream(CloseStream { stream }),
            },
        ),
        Err(why) => journal.unstorable(position, format!("`{}`: {why}", what.channel())),
    }
}
