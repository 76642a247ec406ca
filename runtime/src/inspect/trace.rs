//! The trace of a run: a span for the run, and for each step, attempt and wait, made of its journal alone. So its times
//! are those of the journal, and the same run gives the same spans in every process, whenever they are made.

pub(super) mod calls;
mod follow;
mod otlp;
mod read;
mod span;

pub(crate) use follow::Follow;
#[cfg(not(feature = "otel"))]
use span::Span;
#[cfg(feature = "otel")]
pub(crate) use span::{Attribute, RELATION, Span, SpanStatus};

use super::InspectError;
use super::inspector::Inspector;
use crate::store::RunRow;
use std::fmt;

/// The number of entries that are read at a time, and of spans in a request.
const PAGE: usize = 512;

/// Reads the spans of one run, a request of OTLP at a time; see [`Inspector::trace`].
pub struct TraceReader {
    inspector: Inspector,
    service: String,
    row: RunRow,
    /// The run; `None` once all of it was read.
    follow: Option<Follow>,
}

impl Inspector {
    /// Returns a reader of the spans of a run: whatever of it has ended, as an engine with the feature `otel` exports it,
    /// with the same ids. A run whose caller does not record its trace (the flags of its `traceparent` say so) has none.
    ///
    /// ```
    /// use steadfast::prelude::*;
    ///
    /// #[workflow]
    /// async fn hello(_flow: &mut Flow, name: String) -> Result<String> {
    ///     Ok(format!("Hello, {name}!"))
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// let engine = Engine::builder().in_memory().workflow(hello).start().await?;
    /// engine.start(hello, "Ada".to_owned()).id("a").await?.result().await?;
    ///
    /// let mut trace = engine.inspect().trace("a").await?.service_name("greeter");
    /// let request = trace.next().await?.expect("a run that has ended has a span");
    /// assert!(request.contains("resourceSpans") && !request.contains("Ada"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// No run has this id, or the database cannot be read.
    pub async fn trace(&self, run: &str) -> Result<TraceReader, InspectError> {
        let run = run.to_owned();
        let begun = self.ask(move |source| {
            let row = source.run(&run)?;
            let follow = Follow::new(&row);
            Ok((row, Some(follow)))
        });
        let (row, follow) = begun.await?;
        Ok(TraceReader { inspector: self.clone(), service: "steadfast".to_owned(), row, follow })
    }
}

impl TraceReader {
    /// Sets the name of the program whose spans these are (`service.name`); `steadfast` unless chosen otherwise.
    #[must_use]
    pub fn service_name(mut self, name: impl Into<String>) -> Self {
        self.service = name.into();
        self
    }

    /// Returns the next spans as one OTLP request in JSON (`ExportTraceServiceRequest`), on one line without a line break:
    /// for a file of such lines, or for the path `/v1/traces` of a collector. `None` after the last one.
    ///
    /// # Errors
    /// The database cannot be read, or an entry of the run is damaged.
    pub async fn next(&mut self) -> Result<Option<String>, InspectError> {
        while let Some(follow) = self.follow.take() {
            let row = self.row.clone();
            let read = self.inspector.ask(move |source| {
                let (mut follow, mut spans) = (follow, Vec::new());
                let may_have_more = follow.advance(&*source.store, PAGE, &mut spans)?;
                if !may_have_more {
                    follow.close(&row, &mut spans);
                }
                Ok((may_have_more.then_some(follow), spans))
            });
            let (follow, spans): (_, Vec<Span>) = read.await?;
            self.follow = follow;
            if !spans.is_empty() {
                return Ok(Some(otlp::request(&self.service, &spans)));
            }
        }
        Ok(None)
    }
}

impl fmt::Debug for TraceReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceReader").field("run", &self.row.id).finish_non_exhaustive()
    }
}
