//! The options of a start that has a run wait in a queue.

use super::Scope;
use crate::lengths;
use crate::record::RunScope;
use crate::store::{Holder, NewQueued};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How a run waits in a queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct QueueOptions {
    queue: Option<String>,
    priority: Option<i32>,
    begin: Option<Begin>,
    time_to_live: Option<Duration>,
    /// The longest wait of a run and of those that it replaces.
    longest: Option<Duration>,
    holder: Option<HolderOf>,
}

/// What happens to a run that holds the deduplication key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HolderOf {
    Returned,
    WaitsOn,
    Replaced,
    Cancelled,
}

/// When a run may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begin {
    After(Duration),
    At(SystemTime),
}

impl Scope {
    /// Has the run wait in a queue until an engine that [serves](crate::EngineBuilder::serve) it has room. See
    /// [`Queue`](crate::Queue) for limits and keys.
    #[must_use]
    pub fn queue(mut self, name: impl Into<String>) -> Self {
        self.queued.queue = Some(name.into());
        self
    }

    /// Sets the priority in the queue: runs with a lower number begin first, then those that came first. 0 by default.
    /// Each minute of waiting counts as one less, so that none waits for ever.
    #[must_use]
    pub fn priority(mut self, number: i32) -> Self {
        self.queued.priority = Some(number);
        self
    }

    /// Sets how long the run waits in the queue at least, in whole milliseconds.
    #[must_use]
    pub fn delay(mut self, wait: Duration) -> Self {
        self.queued.begin = Some(Begin::After(wait));
        self
    }

    /// Sets the earliest moment at which the run may leave the queue.
    #[must_use]
    pub fn not_before(mut self, moment: SystemTime) -> Self {
        self.queued.begin = Some(Begin::At(moment));
        self
    }

    /// Sets how long the run may wait in the queue: one that has not begun then is cancelled, with a reason that names
    /// the queue. Engines look for such runs a few times in each lease term, up to 1,000 at a time.
    #[must_use]
    pub fn time_to_live(mut self, wait: Duration) -> Self {
        self.queued.time_to_live = Some(wait);
        self
    }

    /// Returns the run that holds the deduplication key, if there is one, in place of an error.
    #[must_use]
    pub fn return_holder(mut self) -> Self {
        self.queued.holder = Some(HolderOf::Returned);
        self
    }

    /// Takes the deduplication key from the run that holds it. If that waits in a queue and has not begun, it is
    /// cancelled, and this one has its place there; otherwise it goes on without the key.
    #[must_use]
    pub fn replace_holder(mut self) -> Self {
        self.queued.holder = Some(HolderOf::Replaced);
        self
    }

    /// Takes the deduplication key from the run that holds it, and cancels that run.
    #[must_use]
    pub fn cancel_holder(mut self) -> Self {
        self.queued.holder = Some(HolderOf::Cancelled);
        self
    }

    /// Has starts with the same key become one, the last of them: the run waits in its queue for this time, and the next
    /// start with the key takes its place and waits anew, but not past `longest` from the first start. The key is a
    /// [deduplication key](Self::deduplication_key). In place of [`delay`](Self::delay) and
    /// [`not_before`](Self::not_before).
    #[must_use]
    pub fn debounce(self, key: impl Into<String>, wait: Duration, longest: Duration) -> Self {
        self.debounced(key.into(), wait, longest, HolderOf::Replaced)
    }

    /// Has starts with the same key become one, the first of them: the run waits in its queue for this time, and the next
    /// start with the key is answered by that run, which waits anew, but not past `longest` from the first start. Once it
    /// has begun, the next start is the first one again. Input, priority and time to live stay those of the first start. As
    /// [`debounce`](Self::debounce) otherwise.
    #[must_use]
    pub fn debounce_leading(self, key: impl Into<String>, wait: Duration, longest: Duration) -> Self {
        self.debounced(key.into(), wait, longest, HolderOf::WaitsOn)
    }

    fn debounced(self, key: String, wait: Duration, longest: Duration, holder: HolderOf) -> Self {
        let mut debounced = self.deduplication_key(key).delay(wait);
        (debounced.queued.longest, debounced.queued.holder) = (Some(longest), Some(holder));
        debounced
    }

    /// Returns how the run waits in its queue, if it does, from `now` on, in milliseconds since 1970.
    ///
    /// # Errors
    /// The queue's name is too long, it has no key for this input, or an option of a queue is set without one.
    pub(crate) fn queued(
        &self,
        scope: &RunScope,
        now: i64,
        key: impl FnOnce(&str) -> Result<Option<String>, String>,
    ) -> Result<Option<NewQueued>, String> {
        let QueueOptions { queue, priority, begin, time_to_live, longest, holder } = &self.queued;
        if holder.is_some() && self.deduplication_key.is_none() {
            return Err(
                "what happens to the run that holds a deduplication key needs one: add `.deduplication_key(\"..\")`"
                    .to_owned(),
            );
        }
        let Some(queue) = queue else {
            let set = [
                ("a debounced start", longest.is_some()),
                ("the priority of a run", priority.is_some()),
                ("the delay of a run", begin.is_some()),
                ("the time to live of a run", time_to_live.is_some()),
            ];
            return match set.iter().find(|(_, is_set)| *is_set) {
                Some((what, _)) => Err(format!("{what} is for a queue: add `.queue(\"..\")` to the start")),
                None => Ok(None),
            };
        };
        lengths::check("a queue's name", queue, 1)?;
        let delay = match begin {
            None => 0,
            Some(Begin::After(wait)) => millis(*wait),
            Some(Begin::At(moment)) => moment.duration_since(UNIX_EPOCH).map_or(0, millis).saturating_sub(now).max(0),
        };
        Ok(Some(NewQueued {
            queue: queue.clone(),
            key: key(queue)?,
            priority: priority.unwrap_or_default().into(),
            delay,
            expires: time_to_live.map(millis),
            deadline: scope.deadline,
            longest: longest.map(millis),
        }))
    }
}

impl QueueOptions {
    /// Returns these options, and those of the other where this has none.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            queue: self.queue.or(other.queue),
            priority: self.priority.or(other.priority),
            begin: self.begin.or(other.begin),
            time_to_live: self.time_to_live.or(other.time_to_live),
            longest: self.longest.or(other.longest),
            holder: self.holder.or(other.holder),
        }
    }

    pub(crate) const fn holder(&self) -> Holder {
        match self.holder {
            None => Holder::Keeps,
            Some(HolderOf::Returned) => Holder::Answers,
            Some(HolderOf::WaitsOn) => Holder::Waits,
            Some(HolderOf::Replaced) => Holder::Yields,
            Some(HolderOf::Cancelled) => Holder::Ends,
        }
    }

    /// Checks the options of a child, which is a run of its own.
    ///
    /// # Errors
    /// Another run may answer its start.
    pub(crate) fn check_child(&self) -> Result<(), String> {
        let is_refused = matches!(self.holder, Some(HolderOf::Returned | HolderOf::WaitsOn));
        let why = "a child is a run of its own: start it without `.return_holder()` and `.debounce_leading(..)`";
        if is_refused { Err(why.to_owned()) } else { Ok(()) }
    }
}

fn millis(wait: Duration) -> i64 {
    i64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX)
}
