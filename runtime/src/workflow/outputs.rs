//! Outputs of a workflow and its steps: published values and streams.

use super::Flow;
use crate::codec::Storable;
use crate::command::{CloseStream, Command, Publish, WriteStream};
use crate::journal::Journal;
use crate::record::OutputKind;
use crate::step::encode_shown;
use std::marker::PhantomData;
use std::sync::Arc;

impl<C: Send + Sync + 'static> Flow<C> {
    /// Publishes a value under a key, replacing the one before. [`Engine::published`](crate::Engine::published) reads
    /// it, even after the run's end. A value that cannot be stored parks the run, and so does a key longer than 512
    /// bytes.
    pub fn publish<T: Storable>(&self, key: &str, value: &T) {
        show(&self.journal, OutputKind::Published(key), Some(value));
    }

    /// Returns a stream of this run by its name, to write to. [`Run::stream`](crate::Run::stream) reads it, from any
    /// item on.
    #[must_use]
    pub fn stream<'a, T: Storable>(&'a self, name: &'a str) -> StreamWriter<'a, T> {
        StreamWriter { journal: &self.journal, name, items: PhantomData }
    }
}

/// A stream of a run, for its workflow to write to.
pub struct StreamWriter<'a, T> {
    journal: &'a Arc<dyn Journal>,
    name: &'a str,
    items: PhantomData<fn(T)>,
}

impl<T: Storable> StreamWriter<'_, T> {
    /// Adds an item. One that cannot be stored parks the run, and so does a stream's name longer than 512 bytes.
    pub fn write(&self, item: &T) {
        show(self.journal, OutputKind::Written(self.name), Some(item));
    }

    /// Closes the stream: readers reach its end, and never see later items. The run's end closes it too.
    pub fn close(self) {
        show::<T>(self.journal, OutputKind::Closed(self.name), None);
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
