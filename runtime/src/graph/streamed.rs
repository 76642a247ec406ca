//! The outputs of a running step: events of its run, and its progress.

use super::event::{self, Event};
use crate::codec;
use crate::error::Error;
use crate::lengths;
use crate::record::OutputKind;
use crate::run_env::Progress;
use crate::scope::{Link, StepScope};
use crate::step::hand_over;
use std::future::Future;
use std::panic::Location;
use std::time::SystemTime;

impl StepScope {
    /// Sends an event to readers of this type, [`Run::events`](crate::Run::events); no step takes it. It is sent once
    /// for all attempts of the step: a later attempt does not send again an event that an earlier one has sent from the
    /// same line of code and the same time around. Readers see it once it is durable, before the step's result.
    ///
    /// ```
    /// use steadfast::prelude::*;
    ///
    /// #[derive(Event)]
    /// struct Page {
    ///     number: u32,
    ///     text: Bytes,
    /// }
    ///
    /// #[step]
    /// async fn read(scope: &StepScope, pages: u32) -> Result<u32> {
    ///     for number in 1..=pages {
    ///         scope.stream(Page { number, text: format!("page {number}").into() }).await?;
    ///     }
    ///     Ok(pages)
    /// }
    ///
    /// #[workflow]
    /// async fn book(flow: &mut Flow, pages: u32) -> Result<u32> {
    ///     Ok(read(flow, pages).await?)
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// let engine = Engine::builder().in_memory().workflow(book).start().await?;
    /// let run = engine.start(book, 3).await?;
    /// let mut pages = run.events::<Page>();
    /// while let Some((cursor, page)) = pages.next().await? {
    ///     assert_eq!(cursor, u64::from(page.number));
    ///     assert!(page.text.starts_with(b"page"));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// In a unit test with [`StepScope::for_tests`] the event is dropped.
    ///
    /// # Errors
    /// The event cannot be stored, the run was evicted (then the step is cancelled), or this is a transaction: it
    /// commits as a whole, so it has no events on the way.
    #[track_caller]
    pub fn stream<E: Event>(&self, event: E) -> impl Future<Output = Result<(), Error>> + Send + use<E> {
        let written = self.write_event(event, Location::caller());
        async move {
            match written? {
                Some(taken) => taken.await.map_err(|_| evicted()),
                None => Ok(()),
            }
        }
    }

    fn write_event<E: Event>(
        &self,
        event: E,
        place: &'static Location<'static>,
    ) -> Result<Option<tokio::sync::oneshot::Receiver<()>>, Error> {
        match self.link {
            Link::Run(_) => {}
            Link::Test => return Ok(None),
            Link::Transaction => {
                let name = E::INFO.name;
                let why = format!("event `{name}` cannot be streamed: step `{}` is a transaction", self.name);
                return Err(Error::msg(why));
            }
        }
        let env = self.link.env().ok_or_else(evicted)?;
        let channel = OutputKind::Written(E::INFO.channel).channel();
        let value = event::encode(env.fields.coder(), codec::Location::Published(&channel), &event);
        drop(event);
        let value = value.map_err(|error| Error::msg(format!("event `{}` cannot be stored: {error}", E::INFO.name)))?;
        Ok(Some(hand_over(self, &env, place, E::INFO.channel, value)))
    }

    /// Reports the progress of this attempt, for people who watch: `scope.progress(3, 10)`. It costs next to nothing,
    /// so report as often as you like.
    ///
    /// The last report of each running attempt is kept, in memory only. The engine that runs the step shows it
    /// ([`Run::progress`](crate::Run::progress), `Run::watch_in_terminal`); later readers do not see it, nor other
    /// processes, except that of a remote step, which is written to the database once a second. Reports in between may be
    /// missed. For events that must be seen use [`stream`](Self::stream).
    pub fn progress(&self, done: impl TryInto<u64>, total: impl TryInto<u64>) {
        self.report(done, total, None);
    }

    /// Reports the progress with a message: `scope.progress_with(3, 10, "reading page 4")`.
    pub fn progress_with(&self, done: impl TryInto<u64>, total: impl TryInto<u64>, message: impl Into<String>) {
        self.report(done, total, Some(message.into()));
    }

    fn report(&self, done: impl TryInto<u64>, total: impl TryInto<u64>, message: Option<String>) {
        let progress = Progress {
            step: self.name.clone(),
            position: self.position,
            attempt: self.attempt,
            // Negative numbers count as 0.
            done: done.try_into().unwrap_or(0),
            total: total.try_into().unwrap_or(0),
            message: message.map(lengths::cut),
            at: SystemTime::now(),
        };
        if self.writes.report(progress)
            && let Some(env) = self.link.env()
        {
            env.board.enter(self.writes.reporter());
        }
    }
}

fn evicted() -> Error {
    Error::msg("the run was evicted: the step must stop")
}
