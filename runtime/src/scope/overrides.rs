//! What holds for all starts inside of a future: in force only while that future is polled.

use super::Scope;
use std::cell::RefCell;
use std::future::{Future, IntoFuture, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

/// What one `scoped` says. The id and the deduplication key are for one start: the start that takes them leaves nothing.
struct Layer {
    once: Mutex<Scope>,
    always: Scope,
}

thread_local! {
    /// What is in force on this thread, the innermost last.
    static LAYERS: RefCell<Vec<Arc<Layer>>> = const { RefCell::new(Vec::new()) };
}

/// Runs a future with what holds for the runs that it starts.
///
/// Deadline, labels and principal hold for every start inside. Id and deduplication key are for one start: the first takes
/// them, also if it brings its own, and no other gets them. What is said at the start itself wins, and of two scopes around
/// it the inner one. It holds only while this future is polled: neither in a task that it spawns (see
/// [`propagate`](crate::propagate)) nor in the bodies of the runs that it starts.
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
    // What becomes a future by being awaited begins here.
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

/// Puts a layer over those in force, until the guard is dropped.
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

/// What a start is given by what is around it; it takes what is for one start.
pub(crate) fn surrounding() -> Scope {
    let layers = LAYERS.with(|layers| layers.borrow().clone());
    let one = |layer: &Arc<Layer>| {
        let once = std::mem::take(&mut *layer.once.lock().unwrap_or_else(PoisonError::into_inner));
        once.or(layer.always.clone())
    };
    // The innermost is asked last, so that it wins.
    layers.iter().map(one).fold(Scope::default(), |outer, inner| inner.or(outer))
}

/// What is in force on a thread, for another place.
#[derive(Clone, Default)]
pub(super) struct Layers(Vec<Arc<Layer>>);

impl Layers {
    /// Of what is in force here, all that is not for one start.
    pub(super) fn carried() -> Self {
        let shared = |layer: &Arc<Layer>| Arc::new(Layer { once: Mutex::default(), always: layer.always.clone() });
        Self(LAYERS.with(|layers| layers.borrow().iter().map(shared).collect()))
    }

    /// Puts them in force in the place of what is, until the guard is dropped.
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
