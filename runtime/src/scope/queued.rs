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
    /// the queue. Engines look for such runs a few times in each lease term.
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

    /// Has starts with the same key become one: the run waits in its queue for this time, and the next start with the
    /// key takes its place and waits anew, but not past `longest` from the first start. The key is a
    /// [deduplication key](Self::deduplication_key).
    #[must_use]
    pub fn debounce(self, key: impl Into<String>, wait: Duration, longest: Duration) -> Self {
        let mut debounced = self.deduplication_key(key).replace_holder().delay(wait);
        debounced.queued.longest = Some(longest);
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
                ("a priority", priority.is_some()),
                ("a delay", begin.is_some()),
                ("a time to live", time_to_live.is_some()),
            ];
            return match set.iter().find(|(_, is_set)| *is_set) {
                Some((what, _)) => Err(format!("{what} of a run is for a queue: add `.queue(\"..\")` to its start")),
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
            None | Some(HolderOf::Returned) => Holder::Keeps,
            Some(HolderOf::Replaced) => Holder::Yields,
            Some(HolderOf::Cancelled) => Holder::Ends,
        }
    }

    pub(crate) const fn returns_holder(&self) -> bool {
        matches!(self.holder, Some(HolderOf::Returned))
    }
}

fn millis(wait: Duration) -> i64 {
    i64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX)
}
