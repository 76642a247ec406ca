//! Finds the runs of a workflow by the fields of its context.

use super::Engine;
use crate::context::{FieldCondition, IndexedContext};
use crate::inspect::{Count, InspectError, Page, RunSummary, RunsQuery};
use crate::store::Status;
use crate::workflow::{Startable, WorkflowDef};
use futures_util::future::BoxFuture;
use std::future::IntoFuture;
use std::marker::PhantomData;

/// A search for runs of a workflow: add conditions, or `.await` it for the first page.
#[must_use = "nothing is searched for until the call is awaited: add `.await`"]
pub struct FindCall<'engine, W> {
    engine: &'engine Engine,
    query: RunsQuery,
    of: PhantomData<fn() -> W>,
}

impl Engine {
    /// Finds runs of a workflow by the fields of its context that have `#[context(index)]`: the newest first, 50 a page.
    ///
    /// ```
    /// use steadfast::prelude::*;
    ///
    /// #[derive(StepContext, Clone)]
    /// pub struct Order {
    ///     #[context(index)]
    ///     pub customer: String,
    ///     #[context(default, index)]
    ///     pub cents: u64,
    /// }
    ///
    /// #[workflow(context = Order)]
    /// async fn order(start: Start<Order>, customer: String) -> Result<u64> {
    ///     let mut flow = start.with(Order::builder().customer(customer).build()).await?;
    ///     flow.update(|order| order.cents(500)).await?;
    ///     Ok(flow.cents)
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// let engine = Engine::builder().in_memory().workflow(order).start().await?;
    /// engine.start(order, "Ada".to_owned()).id("a").await?.result().await?;
    /// let page = engine.find(order).by(|order| order.customer.eq("Ada")).by(|order| order.cents.ge(100)).await?;
    /// assert_eq!(page.items[0].id, "a");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A run is found as its last commit has left it. A run that has not written the field since it is indexed is found
    /// after [`reindex`](Engine::reindex).
    pub fn find<S, F: Startable<S>>(&self, _workflow: F) -> FindCall<'_, F::Workflow> {
        let query = RunsQuery::all().workflow(<F::Workflow as WorkflowDef>::NAME).with_fields();
        FindCall { engine: self, query, of: PhantomData }
    }
}

impl<W: WorkflowDef> FindCall<'_, W> {
    /// Selects only runs in which a field meets a condition; with several calls, all of them.
    pub fn by(mut self, condition: impl FnOnce(&<W::Context as IndexedContext>::Index) -> FieldCondition) -> Self
    where
        W::Context: IndexedContext,
    {
        self.query = self.query.field(condition(&W::Context::index()));
        self
    }

    /// Selects only runs in this status; each further call adds a status.
    pub fn status(mut self, status: Status) -> Self {
        self.query = self.query.status(status);
        self
    }

    /// Orders the runs as they came into the database, instead of the newest first.
    pub fn oldest_first(mut self) -> Self {
        self.query = self.query.oldest_first();
        self
    }

    /// Sets how many runs a page has; at most 1,000.
    pub fn limit(mut self, runs: usize) -> Self {
        self.query = self.query.limit(runs);
        self
    }

    /// Selects the page after this cursor: [`Page::next`] of the page before, of the same conditions and order.
    pub fn after(mut self, cursor: impl Into<String>) -> Self {
        self.query = self.query.after(cursor);
        self
    }

    /// Counts the runs, up to 10,000.
    ///
    /// # Errors
    /// A condition makes no sense, or the database cannot be read.
    pub async fn count(&self) -> Result<Count, InspectError> {
        self.engine.inspect().count(&self.query).await
    }
}

impl<'engine, W: WorkflowDef> IntoFuture for FindCall<'engine, W> {
    type Output = Result<Page<RunSummary>, InspectError>;
    type IntoFuture = BoxFuture<'engine, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.engine.inspect().runs(&self.query).await })
    }
}
