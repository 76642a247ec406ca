//! The one place that writes: collects what all runs have appended since the last commit and writes it in one
//! transaction. Natural batching: no timer, no added delay.

mod queue;

pub(crate) use queue::{Answer, Lane};

use super::error::EngineError;
use super::lease::Leases;
use super::threads;
use crate::panics;
use crate::store::{Rejected, Store, StoreError, StoreErrorKind, Write, Written};
use queue::Queue;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// The writer of a store, on a thread of its own if the store waits for a disk.
pub(crate) struct Committer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    store: Arc<dyn Store>,
    /// Shown to be held by each commit, if that is due.
    leases: Arc<Leases>,
    queue: Mutex<Queue>,
    filled: Condvar,
    /// Whether the queue holds something.
    waiting: AtomicBool,
    /// Whether the files of the database were not there at the last commit.
    gone: AtomicBool,
    /// Told at each commit that finds them gone.
    lost: Notify,
}

/// How long the committer looks for more work before it sleeps.
const LINGER: Duration = Duration::from_micros(100);

impl Committer {
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn start(store: Arc<dyn Store>, leases: Arc<Leases>) -> Result<Self, EngineError> {
        let waits = store.waits();
        let shared = Arc::new(Shared {
            store,
            leases,
            queue: Mutex::default(),
            filled: Condvar::new(),
            waiting: AtomicBool::new(false),
            gone: AtomicBool::new(false),
            lost: Notify::new(),
        });
        let committing = shared.clone();
        let thread = waits.then(|| threads::own("steadfast-commit", move || committing.run())).transpose()?;
        Ok(Self { shared, thread })
    }

    /// Hands over a write; `reply` is called with its answer, from another thread or before this returns.
    pub(crate) fn submit(&self, write: Write, reply: impl FnOnce(Answer) + Send + 'static) {
        self.submit_in(Lane::of(&write), write, reply);
    }

    fn submit_in(&self, lane: Lane, write: Write, reply: impl FnOnce(Answer) + Send + 'static) {
        let mut queue = self.shared.queue();
        if queue.closed {
            drop(queue);
            return reply(Err(closed()));
        }
        if self.thread.is_none() {
            // The queue's lock is held, so that the writes of one run keep their order.
            let answer = self.shared.commit_one(&write);
            drop(queue);
            return reply(answer);
        }
        queue.push(lane, write, Box::new(reply));
        let first = queue.len() == 1;
        self.shared.waiting.store(true, Ordering::Release);
        drop(queue);
        if first {
            self.shared.filled.notify_one();
        }
    }

    /// Hands over a write and waits for its answer.
    pub(crate) async fn write(&self, write: Write) -> Answer {
        self.write_in(Lane::of(&write), write).await
    }

    /// The same in a lane. What one run writes must be in one lane, or wait for what it has written in another.
    pub(crate) async fn write_in(&self, lane: Lane, write: Write) -> Answer {
        let (sender, answer) = tokio::sync::oneshot::channel();
        self.submit_in(lane, write, move |answer| {
            // Nobody waits any longer: the write is done all the same.
            let _ = sender.send(answer);
        });
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Whether the files of the database were not there at the last commit.
    pub(crate) fn is_gone(&self) -> bool {
        self.shared.gone.load(Ordering::Relaxed)
    }

    /// Waits for a commit, from this call on, that finds the files of the database gone.
    pub(crate) fn lost(&self) -> Notified<'_> {
        self.shared.lost.notified()
    }

    /// Refuses what comes from now on; what was handed over before is still written.
    pub(crate) fn close(&self) {
        self.shared.queue().closed = true;
        self.shared.filled.notify_one();
    }

    /// Refuses what comes from now on, and drops what was handed over and is not yet being written: as in a crash.
    pub(crate) fn halt(&self) {
        let replies = {
            let mut queue = self.shared.queue();
            queue.closed = true;
            queue.clear()
        };
        self.shared.filled.notify_one();
        for reply in replies {
            reply(Err(closed()));
        }
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.close();
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
        {
            // A panic of the committer has been reported on its own thread.
            let _ = thread.join();
        }
    }
}

fn closed() -> StoreError {
    StoreError::new(StoreErrorKind::Closed, "the engine has stopped, so nothing is written any more")
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        let (mut writes, mut replies): (Vec<Write>, Vec<queue::Reply>) = (Vec::new(), Vec::new());
        loop {
            {
                self.linger();
                let mut queue = self.queue();
                while queue.len() == 0 {
                    if queue.closed {
                        return;
                    }
                    queue = self.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
                }
                queue.take(&mut writes, &mut replies);
                self.waiting.store(queue.len() > 0, Ordering::Release);
            }
            let begun = Instant::now();
            for (reply, answer) in replies.drain(..).zip(self.commit_with_heartbeats(&mut writes, begun)) {
                reply(answer);
            }
            self.queue().learn(&writes, begun.elapsed());
            writes.clear();
        }
    }

    /// Commits a batch, together with the heartbeats that are due: while it is written, nothing else is.
    fn commit_with_heartbeats(&self, writes: &mut Vec<Write>, begun: Instant) -> Vec<Answer> {
        let mut beats = self.leases.due_in_commit();
        if beats.is_empty() {
            return self.commit(writes);
        }
        writes.splice(0..0, beats.iter().copied().map(Write::Beat));
        let mut answers = self.commit(writes);
        let work = answers.split_off(beats.len());
        // One that is refused is found by the thread of the leases.
        let mut beaten = answers.into_iter().map(|answer| matches!(answer, Ok(Ok(_))));
        beats.retain(|_| beaten.next().unwrap_or(false));
        self.leases.beaten(begun, &beats);
        work
    }

    /// Looks for more work for a moment before the thread sleeps: the next step of a run that has just been answered comes
    /// sooner than a sleeping thread wakes.
    fn linger(&self) {
        let until = Instant::now() + LINGER;
        while !self.waiting.load(Ordering::Acquire) && Instant::now() < until {
            std::hint::spin_loop();
        }
    }

    /// One answer for each write, whatever the store does.
    fn commit(&self, writes: &[Write]) -> Vec<Answer> {
        match self.answers(writes) {
            Ok(answers) => answers.into_iter().map(Ok).collect(),
            Err(error) => writes.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    /// The answer to a single write.
    fn commit_one(&self, write: &Write) -> Answer {
        Ok(self.answers(std::slice::from_ref(write))?.remove(0))
    }

    /// As many answers as writes.
    fn answers(&self, writes: &[Write]) -> Result<Vec<Result<Written, Rejected>>, StoreError> {
        let text = match panics::caught(|| self.store.commit(writes)) {
            Ok(Ok(answers)) if answers.len() == writes.len() => {
                self.gone.store(false, Ordering::Relaxed);
                return Ok(answers);
            }
            Ok(Ok(answers)) => format!("the store gave {} answers to {} writes", answers.len(), writes.len()),
            Ok(Err(error)) => {
                if error.kind == StoreErrorKind::Gone {
                    self.gone.store(true, Ordering::Relaxed);
                    self.lost.notify_waiters();
                }
                return Err(error);
            }
            Err(panic) => format!("the store panicked in a commit: {panic}"),
        };
        Err(StoreError::new(StoreErrorKind::Io, text))
    }
}
