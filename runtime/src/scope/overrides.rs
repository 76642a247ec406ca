//! Options for all starts inside a future: they apply only while that future is polled.

use super::Scope;
use std::cell::RefCell;
use std::future::{Future, IntoFuture, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

/// The options of one `scoped`. Id and deduplication key apply to one start: the first start takes them.
struct Layer {
    once: Mutex<Scope>,
    always: Scope,
}

thread_local! {
    /// The layers of this thread, the innermost last.
    static LAYERS: RefCell<Vec<Arc<Layer>>> = const { RefCell::new(Vec::new()) };
}

/// Runs a future with options for the runs that it starts.
///
/// Deadline, labels and principal apply to every start inside. Id and deduplication key apply to one start: the first
/// one takes them, even if it has its own, and no other gets them. Options of the start itself take precedence, and of
/// two scopes around it those of the inner one. They apply only while this future is polled: neither in a task that it
/// spawns (see [`propagate`](crate::propagate)) nor in the bodies of the runs that it starts.
///
/// ```
/// use steadfast::prelude::*;
/// use steadfast::{Principal, Scope, scoped};
///
/// #[workflow]
/// async fn whose(flow: &mut Flow) -> Result<String> {
///     let who = steadfast::current().and_then(|current| current.principal().cloned());
///     Ok(who.map_or_else(|| "nobody".to_owned(), |who| who.name))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// let engine = Engine::builder().in_memory().workflow(whose).start().await?;
/// let request = Scope::new().id("first").principal(Principal::new("ada"));
/// let (first, second) = scoped(request, async {
///     Ok::<_, steadfast::EngineError>((engine.start(whose, ()).await?, engine.start(whose, ()).await?))
/// })
/// .await?;
/// assert_eq!(first.id(), "first");
/// assert_ne!(second.id(), "first");
/// assert_eq!(second.result().await?, "ada");
/// # Ok(())
/// # }
/// ```
pub async fn scoped<F: IntoFuture>(scope: Scope, future: F) -> F::Output {
    let once =
        Scope { run_id: scope.run_id.clone(), deduplication_key: scope.deduplication_key.clone(), ..Scope::default() };
    let always = Scope { run_id: None, deduplication_key: None, ..scope };
    let layer = Arc::new(Layer { once: Mutex::new(once), always });
    // `into_future` may start runs too, so it is inside.
    let future = {
        let _guard = within(layer.clone());
        future.into_future()
    };
    let mut future = pin!(future);
    poll_fn(move |cx| {
        let _guard = within(layer.clone());
        future.as_mut().poll(cx)
    })
    .await
}

/// Pushes a layer until the guard is dropped.
fn within(layer: Arc<Layer>) -> impl Drop {
    struct Pop;
    impl Drop for Pop {
        fn drop(&mut self) {
            LAYERS.with(|layers| layers.borrow_mut().pop());
        }
    }
    LAYERS.with(|layers| layers.borrow_mut().push(layer));
    Pop
}

/// Returns the options of the surrounding scopes, and takes those that apply to one start.
pub(crate) fn surrounding() -> Scope {
    let layers = LAYERS.with(|layers| layers.borrow().clone());
    let one = |layer: &Arc<Layer>| {
        let once = std::mem::take(&mut *layer.once.lock().unwrap_or_else(PoisonError::into_inner));
        once.or(layer.always.clone())
    };
    // The innermost comes last, so that it takes precedence.
    let scope = layers.iter().map(one).fold(Scope::default(), |outer, inner| inner.or(outer));
    #[cfg(feature = "otel")]
    if scope.traceparent.is_none() {
        return Scope { traceparent: super::span::current(), ..scope };
    }
    scope
}

/// The layers of a thread, to be used elsewhere.
#[derive(Clone, Default)]
pub(super) struct Layers(Vec<Arc<Layer>>);

impl Layers {
    /// Copies the layers of this thread, without the options for one start.
    pub(super) fn carried() -> Self {
        let shared = |layer: &Arc<Layer>| Arc::new(Layer { once: Mutex::default(), always: layer.always.clone() });
        Self(LAYERS.with(|layers| layers.borrow().iter().map(shared).collect()))
    }

    /// Replaces the layers of this thread until the guard is dropped.
    pub(super) fn enter(self) -> impl Drop {
        struct Restore(Vec<Arc<Layer>>);
        impl Drop for Restore {
            fn drop(&mut self) {
                let before = std::mem::take(&mut self.0);
                LAYERS.with(|layers| layers.replace(before));
            }
        }
        Restore(LAYERS.with(|layers| layers.replace(self.0)))
    }
}
