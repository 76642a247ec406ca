//! Carries the scope into other tasks and threads.

use super::overrides::Layers;
use super::{AMBIENT, Ambient, put};
use std::future::{Future, IntoFuture, poll_fn};
use std::pin::pin;

/// The scope of this thread, to be set elsewhere.
struct Carried {
    ambient: Option<Ambient>,
    layers: Layers,
}

impl Carried {
    fn here() -> Self {
        Self { ambient: AMBIENT.with(|slot| slot.borrow().clone()), layers: Layers::carried() }
    }

    fn enter(&self) -> impl Drop + use<> {
        put(self.ambient.clone(), self.layers.clone())
    }
}

/// Wraps a future in the scope of the calling code: for `tokio::spawn` in a step, and in the future of
/// [`scoped`](crate::scoped). In a task that is spawned without it [`current`](crate::current) is `None`.
///
/// The id and deduplication key of a `scoped` apply to one start, and are not carried. A task may outlast its step, and
/// still has the scope of its attempt.
///
/// ```
/// use steadfast::prelude::*;
///
/// #[step]
/// async fn sums(parts: Vec<u64>) -> Result<String> {
///     let task = tokio::spawn(steadfast::propagate(async move {
///         let run = steadfast::current().map(|current| current.run_id().to_owned());
///         format!("{} in run {}", parts.iter().sum::<u64>(), run.unwrap_or_default())
///     }));
///     Ok(task.await?)
/// }
///
/// #[workflow]
/// async fn adding(flow: &mut Flow) -> Result<String> {
///     Ok(sums(flow, vec![1, 2]).await?)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// let engine = Engine::builder().in_memory().workflow(adding).start().await?;
/// assert_eq!(engine.start(adding, ()).id("r").await?.result().await?, "3 in run r");
/// # Ok(())
/// # }
/// ```
pub fn propagate<F: IntoFuture>(future: F) -> impl Future<Output = F::Output> + use<F> {
    let carried = Carried::here();
    async move {
        let mut future = pin!(future.into_future());
        poll_fn(move |cx| {
            let _guard = carried.enter();
            future.as_mut().poll(cx)
        })
        .await
    }
}

/// Wraps a closure in the scope of the calling code: for `std::thread::spawn` and `tokio::task::spawn_blocking`. See
/// [`propagate`].
///
/// ```
/// // Outside of any run there is nothing to carry.
/// let thread = std::thread::spawn(steadfast::propagate_fn(|| steadfast::current().is_none()));
/// assert!(thread.join().unwrap());
/// ```
pub fn propagate_fn<T>(closure: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let carried = Carried::here();
    move || {
        let _guard = carried.enter();
        closure()
    }
}
