//! Declarations of queues: their limits, and the keys by which they count and share.

use crate::panics::caught;
use crate::store::{QueueChange, QueueLimits, Rate};
use std::any::{Any, TypeId, type_name};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The largest weight of a key.
const WEIGHT: u32 = 1_000_000;

/// Returns why a key of a queue cannot have this weight, if it cannot.
pub(crate) fn weight_fault(queue: &str, key: &str, tasks: u32) -> Option<String> {
    let is_fine = (1..=WEIGHT).contains(&tasks);
    (!is_fine).then(|| format!("queue `{queue}`: the weight of key `{key}` is from 1 to {WEIGHT}, not {tasks}"))
}

/// A queue in which remote steps and runs wait for an engine, with the limits of all engines together. Both are its
/// tasks.
///
/// A queue need not be declared: `#[step(queue = "gpu")]`, or [`queue`](crate::StartCall::queue) at the start of a run,
/// and [`serve`](crate::EngineBuilder::serve) are enough. A declaration gives it limits. They are rows of the database:
/// [`Engine::queue`](crate::Engine::queue) changes them while engines run. A limit that was set in this way overrides the
/// declared one until it is [reset](crate::QueueHandle::reset). An engine with a faulty declaration does not start, and
/// the error names the fault.
///
/// ```
/// use steadfast::Queue;
/// use std::time::Duration;
///
/// // Arguments of `#[step(queue = "imports")] async fn import(tenant: String, url: String)`.
/// let queue = Queue::new("imports")
///     .total(50) // run at once, on all engines together
///     .key(|(tenant, _): &(String, String)| tenant.clone())
///     .per_key(2) // of each tenant
///     .rate(100, Duration::from_secs(60)); // started in a minute
/// ```
#[derive(Clone)]
#[must_use = "a queue is declared by `.queue(..)` of an engine's builder"]
pub struct Queue {
    pub(crate) name: String,
    pub(crate) limits: QueueLimits,
    keys: Vec<KeyFn>,
    /// The first fault of its declaration.
    fault: Option<String>,
}

/// Returns the key of an input; `None` for one of another type.
type KeyOf = dyn Fn(&dyn Any) -> Option<String> + Send + Sync;

/// A function that returns the key of an input of one type.
#[derive(Clone)]
struct KeyFn {
    of: TypeId,
    name: &'static str,
    key: Arc<KeyOf>,
}

impl Queue {
    /// Creates a queue without limits.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), limits: QueueLimits::default(), keys: Vec::new(), fault: None }
    }

    /// Limits how many of its tasks run at once, on all engines together. At least 1: to run none, pause it.
    pub fn total(mut self, tasks: u32) -> Self {
        self.positive(tasks, "total");
        self.limits.total = Some(tasks);
        self
    }

    /// Limits how many of its tasks with the same [key](Self::key) run at once, on all engines together; at least 1.
    pub fn per_key(mut self, tasks: u32) -> Self {
        self.positive(tasks, "per_key");
        self.limits.per_key = Some(tasks);
        self
    }

    /// Limits how many of its tasks start within a time, which is from 1 ms to 49 days. At least 1. The others start
    /// later. After a pause up to a tenth of them, and at least one, may start at once.
    pub fn rate(mut self, starts: u32, within: Duration) -> Self {
        self.positive(starts, "rate");
        self.limits.rate = Rate::within(starts, within);
        if self.limits.rate.is_none() {
            let name = &self.name;
            let fault = format!("queue `{name}`: the time of a rate is from 1 ms to 49 days, not {within:?}");
            self.fault.get_or_insert(fault);
        }
        self
    }

    /// Sets the function that returns the key of an input: that of a workflow, or the tuple of a remote step's
    /// arguments. Keys with waiting tasks take turns, each by its [weight](Self::weight). Inputs of other types need a function each. A call fails with
    /// [`StepError::Refused`](crate::StepError::Refused), and a start with [`EngineError::Value`](crate::EngineError), if
    /// no function takes the input, or if the function panics.
    pub fn key<I: 'static, K: ToString>(mut self, key: impl Fn(&I) -> K + Send + Sync + 'static) -> Self {
        let of = TypeId::of::<I>();
        if self.keys.iter().any(|known| known.of == of) {
            let (name, of) = (&self.name, type_name::<I>());
            self.fault.get_or_insert(format!("queue `{name}` has two keys for `{of}`: keep one"));
        }
        let key = Arc::new(move |input: &dyn Any| input.downcast_ref().map(|input| key(input).to_string()));
        self.keys.push(KeyFn { of, name: type_name::<I>(), key });
        self
    }

    /// Has as many tasks of this key start in its turn, from 1 to 1,000,000, in place of one: of two keys with waiting
    /// tasks, one with weight 3 starts three times as many as one without. The key is what the [key function](Self::key)
    /// returns, as text.
    pub fn weight(mut self, key: impl Into<String>, tasks: u32) -> Self {
        let key = key.into();
        if let Some(fault) = weight_fault(&self.name, &key, tasks) {
            self.fault.get_or_insert(fault);
        }
        self.limits.weights.insert(key, tasks);
        self
    }

    /// Has a run keep its room until it ends, also while it is paused or parked. By default it gives it back while it
    /// waits for a time, a message, an answer or another run, and waits for room again before it goes on.
    pub fn held(mut self) -> Self {
        self.limits.held = true;
        self
    }

    /// Starts tasks with the same key one after the other, in the order of their priorities and arrival; a run keeps its
    /// room until it ends. The next attempt of a remote step that failed takes its place behind those that wait.
    pub fn in_order(self) -> Self {
        self.per_key(1).held()
    }

    fn positive(&mut self, number: u32, what: &str) {
        if number == 0 {
            let name = &self.name;
            let fault = format!(
                "queue `{name}`: with `.{what}(0)` nothing of it would ever start; to hold it back for a while, \
                 `engine.queue(\"{name}\").pause(..)`"
            );
            self.fault.get_or_insert(fault);
        }
    }

    /// Returns the write that declares it.
    pub(crate) fn declaration(&self) -> QueueChange {
        QueueChange::Declare { limits: self.limits.clone(), has_keys: self.has_keys() }
    }

    pub(crate) fn has_keys(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Returns the first fault of its declaration.
    pub(crate) fn flaw(&self) -> Option<String> {
        let no_key = || {
            let (name, QueueLimits { per_key, weights, .. }) = (&self.name, &self.limits);
            let of_keys = match (per_key, weights.is_empty()) {
                _ if self.has_keys() => return None,
                (Some(_), _) => "a limit per key",
                (None, false) => "the weight of a key",
                (None, true) => return None,
            };
            Some(format!("queue `{name}` has {of_keys}, and no key: add `.key(|input: &..| ..)` to its declaration"))
        };
        self.fault.clone().or_else(no_key)
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, limits, .. } = self;
        f.debug_struct("Queue").field("name", name).field("limits", limits).finish_non_exhaustive()
    }
}

/// The declared queues of an engine, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Declared(pub(crate) BTreeMap<String, Queue>);

impl Declared {
    /// Returns the key of an input in a queue; `None` in a queue without keys.
    ///
    /// # Errors
    /// The queue has keys and no function for this type of input, or the function has panicked.
    pub(crate) fn key(&self, queue: &str, input: &dyn Any) -> Result<Option<String>, String> {
        let Some(declared) = self.0.get(queue).filter(|declared| declared.has_keys()) else { return Ok(None) };
        let Some(key) = declared.keys.iter().find(|key| key.of == input.type_id()) else {
            let known: Vec<&str> = declared.keys.iter().map(|key| key.name).collect();
            return Err(format!(
                "queue `{queue}` has keys for inputs of type `{}`, and not for this one: add `.key(|input: &..| ..)` \
                 for its type to the declaration of the queue",
                known.join("`, `")
            ));
        };
        caught(|| (key.key)(input)).map_err(|panic| format!("the key function of queue `{queue}` panicked: {panic}"))
    }
}
