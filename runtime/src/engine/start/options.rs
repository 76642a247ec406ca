//! Options of a start beyond its input.

use super::StartCall;
use crate::record::Principal;
use crate::scope::Scope;
use crate::workflow::WorkflowDef;
use std::time::{Duration, SystemTime};

impl<W: WorkflowDef> StartCall<'_, W> {
    /// Sets the run's id, at most 512 bytes; a time-ordered UUID by default.
    pub fn id(self, id: impl Into<String>) -> Self {
        self.with(Scope::new().id(id))
    }

    /// Limits how long the run may take from its start: a duration, independent of changes of the machine's clock. Time
    /// in which the run is [paused](crate::Run::pause) does not count.
    pub fn time_limit(self, limit: Duration) -> Self {
        self.with(Scope::new().time_limit(limit))
    }

    /// Sets the latest end of the run: a moment of the machine's clock, also when that is set.
    pub fn deadline(self, moment: SystemTime) -> Self {
        self.with(Scope::new().deadline(moment))
    }

    /// Removes any deadline, including that of the run whose step starts it.
    pub fn no_deadline(self) -> Self {
        self.with(Scope::new().no_deadline())
    }

    /// Adds a label by which the run can be found, at most 512 bytes for name and value each: see
    /// [`RunFilter::label`](crate::RunFilter::label). A second value for a name replaces the first.
    pub fn label(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.with(Scope::new().label(name, value))
    }

    /// Sets the span that causes the run: the value of the header `traceparent`. See [`Scope::traceparent`].
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
    /// let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"; // of the request that is being served
    /// let run = engine.start(hello, "Ada".to_owned()).traceparent(header).await?;
    /// # assert_eq!(run.result().await?, "Hello, Ada!");
    /// # Ok(())
    /// # }
    /// ```
    pub fn traceparent(self, header: impl AsRef<str>) -> Self {
        self.with(Scope::new().traceparent(header))
    }

    /// Sets a deduplication key, at most 512 bytes. While this run has not ended, the start of another run with the
    /// same key fails with [`EngineError::Held`](crate::EngineError::Held), which names the run that holds it.
    pub fn deduplication_key(self, key: impl Into<String>) -> Self {
        self.with(Scope::new().deduplication_key(key))
    }

    /// Returns the run that holds the deduplication key, if there is one, in place of an error. It is a run of the same
    /// workflow, perhaps with another input; [`RunHandle::is_new`](crate::RunHandle::is_new) says which it is.
    pub fn return_holder(self) -> Self {
        self.with(Scope::new().return_holder())
    }

    /// Takes the deduplication key from the run that holds it. If that waits in a queue and has not begun, it is
    /// cancelled, and this one has its place there; otherwise it goes on without the key.
    pub fn replace_holder(self) -> Self {
        self.with(Scope::new().replace_holder())
    }

    /// Takes the deduplication key from the run that holds it, and cancels that run.
    pub fn cancel_holder(self) -> Self {
        self.with(Scope::new().cancel_holder())
    }

    /// Has starts with the same key become one, the last of them: the run waits in its [queue](Self::queue) for this time,
    /// and the next start with the key takes its place and waits anew, but not past `longest` from the first start. The
    /// key is a [deduplication key](Self::deduplication_key). In place of [`delay`](Self::delay) and
    /// [`not_before`](Self::not_before).
    pub fn debounce(self, key: impl Into<String>, wait: Duration, longest: Duration) -> Self {
        self.with(Scope::new().debounce(key, wait, longest))
    }

    /// Has starts with the same key become one, the first of them: the run waits in its [queue](Self::queue) for this
    /// time, and the next start with the key is answered by that run, which waits anew, but not past `longest` from the
    /// first start. Once it has begun, the next start is the first one again. Input, priority and time to live stay those
    /// of the first start. As [`debounce`](Self::debounce) otherwise.
    pub fn debounce_leading(self, key: impl Into<String>, wait: Duration, longest: Duration) -> Self {
        self.with(Scope::new().debounce_leading(key, wait, longest))
    }

    /// Has the run wait in a queue until an engine that [serves](crate::EngineBuilder::serve) it has room: see
    /// [`Queue`](crate::Queue) for its limits.
    ///
    /// ```
    /// use steadfast::prelude::*;
    /// use steadfast::Queue;
    ///
    /// #[workflow]
    /// async fn import(_flow: &mut Flow, (tenant, rows): (String, u64)) -> Result<String> {
    ///     Ok(format!("{rows} rows of {tenant}"))
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// let imports = Queue::new("imports").key(|(tenant, _): &(String, u64)| tenant.clone()).per_key(2);
    /// let builder = Engine::builder().in_memory().workflow(import);
    /// let engine = builder.queue(imports).serve("imports", 10).start().await?;
    /// let run = engine.start(import, ("acme".to_owned(), 7)).queue("imports").priority(-1).await?;
    /// assert_eq!(run.result().await?, "7 rows of acme");
    /// # Ok(())
    /// # }
    /// ```
    pub fn queue(self, name: impl Into<String>) -> Self {
        self.with(Scope::new().queue(name))
    }

    /// Sets the priority in the queue: runs with a lower number begin first, then those that came first. 0 by default.
    /// Each minute of waiting counts as one less, so that none waits for ever.
    pub fn priority(self, number: i32) -> Self {
        self.with(Scope::new().priority(number))
    }

    /// Sets how long the run waits in the queue at least, in whole milliseconds.
    pub fn delay(self, wait: Duration) -> Self {
        self.with(Scope::new().delay(wait))
    }

    /// Sets the earliest moment at which the run may leave the queue.
    pub fn not_before(self, moment: SystemTime) -> Self {
        self.with(Scope::new().not_before(moment))
    }

    /// Sets how long the run may wait in the queue: one that has not begun then is cancelled, with a reason that names
    /// the queue. Engines look for such runs a few times in each lease term, up to 1,000 at a time.
    pub fn time_to_live(self, wait: Duration) -> Self {
        self.with(Scope::new().time_to_live(wait))
    }

    /// Sets the principal for whom the run acts: role checks look at its roles. By default it is the principal of the
    /// run whose step starts it.
    ///
    /// ```
    /// use steadfast::prelude::*;
    /// use steadfast::{Principal, RunError};
    ///
    /// #[workflow(roles("admin", "ops"))]
    /// async fn purge(flow: &mut Flow) -> Result<()> {
    ///     Ok(())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// let engine = Engine::builder().in_memory().workflow(purge).start().await?;
    /// engine.start(purge, ()).principal(Principal::new("ada").role("ops")).await?.result().await?;
    ///
    /// let refused = engine.start(purge, ()).await?.result().await;
    /// assert!(matches!(refused, Err(RunError::Refused { .. })));
    /// # Ok(())
    /// # }
    /// ```
    pub fn principal(self, principal: Principal) -> Self {
        self.with(Scope::new().principal(principal))
    }

    /// Applies all options of a scope; options that it does not set are unchanged.
    pub fn with(mut self, scope: Scope) -> Self {
        self.given = scope.or(self.given);
        self
    }
}
