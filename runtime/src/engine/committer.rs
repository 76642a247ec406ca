//! The single writer: collects the appends of all runs since the last commit and writes them in one transaction.
//! Batching is natural: no timer, no added delay. While one run is at work alone, the thread that brings its append
//! commits it itself.

mod pace;
mod queue;

pub(crate) use queue::{Answer, Lane};

use super::error::EngineError;
use super::lease::Leases;
use super::threads;
use crate::metrics;
use crate::panics;
use crate::store::{Rejected, Store, StoreError, StoreErrorKind, Write, Written};
use queue::Queue;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// The writer of a store, on a thread of its own if the store waits for a disk.
pub(crate) struct Committer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    store: Arc<dyn Store>,
    /// The leases whose heartbeats are written with commits when due.
    leases: Arc<Leases>,
    queue: Mutex<Queue>,
    filled: Condvar,
    /// Whether the queue is not empty.
    waiting: AtomicBool,
    /// Whether the database's files were missing at the last commit.
    gone: AtomicBool,
    /// Notified at each commit that finds them missing.
    lost: Notify,
    /// Whether threads that bring a write may commit it: of several threads of the runtime, one may wait for the disk.
    leads: bool,
}

/// The time for which the committer looks for more work before it sleeps.
const LINGER: Duration = Duration::from_micros(100);

impl Committer {
    /// Starts the committer, with a thread if the store waits for a disk.
    ///
    /// # Errors
    /// The system cannot start a thread.
    pub(crate) fn start(store: Arc<dyn Store>, leases: Arc<Leases>, runtime: &Handle) -> Result<Self, EngineError> {
        let waits = store.waits();
        let shared = Arc::new(Shared {
            store,
            leases,
            queue: Mutex::default(),
            filled: Condvar::new(),
            waiting: AtomicBool::new(false),
            gone: AtomicBool::new(false),
            lost: Notify::new(),
            leads: waits && runtime.metrics().num_workers() > 1,
        });
        let committing = shared.clone();
        let thread = waits.then(|| threads::own("steadfast-commit", move || committing.run())).transpose()?;
        Ok(Self { shared, thread })
    }

    /// Enqueues a write; `reply` is called with its outcome, from another thread or before this returns.
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
            // The lock is held during the commit, so that the writes of one run keep their order.
            let answer = self.shared.commit_one(&write);
            drop(queue);
            return reply(answer);
        }
        if self.shared.leads && queue.may_lead(&write) {
            queue.committing = true;
            drop(queue);
            return self.shared.lead(write, reply);
        }
        queue.push(lane, write, Box::new(reply));
        // A thread that commits looks for it at its end.
        let first = queue.len() == 1 && !queue.committing;
        self.shared.waiting.store(true, Ordering::Release);
        drop(queue);
        if first {
            self.shared.filled.notify_one();
        }
    }

    /// Enqueues a write and waits for its outcome.
    pub(crate) async fn write(&self, write: Write) -> Answer {
        self.write_in(Lane::of(&write), write).await
    }

    /// Enqueues a write in a lane and waits. All writes of one run must use one lane, or wait for those in another.
    pub(crate) async fn write_in(&self, lane: Lane, write: Write) -> Answer {
        let (sender, answer) = tokio::sync::oneshot::channel();
        self.submit_in(lane, write, move |answer| {
            // The caller may have stopped waiting; the write is done all the same.
            let _ = sender.send(answer);
        });
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Returns how long the last commits took, on average.
    pub(crate) fn took(&self) -> Duration {
        self.shared.queue().took()
    }

    /// Returns whether the database's files were missing at the last commit.
    pub(crate) fn is_gone(&self) -> bool {
        self.shared.gone.load(Ordering::Relaxed)
    }

    /// Waits for a commit, from this call on, that finds the database's files missing.
    pub(crate) fn lost(&self) -> Notified<'_> {
        self.shared.lost.notified()
    }

    /// Refuses new writes; those enqueued before are still written.
    pub(crate) fn close(&self) {
        self.shared.queue().closed = true;
        self.shared.filled.notify_one();
    }

    /// Refuses new writes, and drops enqueued ones that are not yet being written, as in a crash.
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
            // A panic of the committer was reported on its own thread.
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
                while queue.len() == 0 || queue.committing {
                    if queue.closed && !queue.committing {
                        return;
                    }
                    queue = self.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
                }
                queue.take(&mut writes, &mut replies);
                queue.committing = true;
                self.waiting.store(queue.len() > 0, Ordering::Release);
            }
            let committing = self.committing();
            let begun = Instant::now();
            let answers = self.commit_with_heartbeats(&mut writes, begun);
            self.queue().learn(&writes, begun.elapsed());
            // Before the replies: an append is freed where it was made.
            writes.clear();
            for (reply, answer) in replies.drain(..).zip(answers) {
                reply(answer);
            }
            drop(committing);
        }
    }

    /// Commits a write where it stands, for the caller has set `committing`. If another process writes to the database,
    /// the committer's thread waits for it.
    fn lead(&self, write: Write, reply: impl FnOnce(Answer) + Send + 'static) {
        let committing = self.committing();
        let begun = Instant::now();
        let answer = match self.answers(std::slice::from_ref(&write), |writes| self.store.try_commit(writes)) {
            Ok(Some(mut answers)) => Ok(answers.remove(0)),
            Ok(None) => {
                self.queue().push_first(write, Box::new(reply));
                // The guard wakes the committer's thread.
                return;
            }
            Err(error) => Err(error),
        };
        self.queue().learn(std::slice::from_ref(&write), begun.elapsed());
        drop(write);
        reply(answer);
        drop(committing);
    }

    /// Returns a guard that lets the next commit begin when it is dropped.
    fn committing(&self) -> impl Drop {
        struct Committing<'a>(&'a Shared);
        impl Drop for Committing<'_> {
            fn drop(&mut self) {
                let mut queue = self.0.queue();
                queue.committing = false;
                let more = queue.len() > 0 || queue.closed;
                drop(queue);
                if more {
                    self.0.filled.notify_one();
                }
            }
        }
        Committing(self)
    }

    /// Commits a batch together with the heartbeats that are due, because no other write happens meanwhile.
    fn commit_with_heartbeats(&self, writes: &mut Vec<Write>, begun: Instant) -> Vec<Answer> {
        let mut beats = self.leases.due_in_commit();
        // The lease thread submits heartbeats too: the same one is not written twice.
        beats.retain(|lease| !writes.iter().any(|write| matches!(write, Write::Heartbeat(other) if other == lease)));
        if beats.is_empty() {
            return self.commit(writes);
        }
        writes.splice(0..0, beats.iter().copied().map(Write::Heartbeat));
        let mut answers = self.commit(writes);
        let work = answers.split_off(beats.len());
        // The lease thread finds those that are refused.
        let mut beaten = answers.into_iter().map(|answer| matches!(answer, Ok(Ok(_))));
        beats.retain(|_| beaten.next().unwrap_or(false));
        self.leases.beaten(begun, &beats);
        work
    }

    /// Looks for more work before the thread sleeps: the next step of a run that was just answered arrives sooner than
    /// a sleeping thread wakes.
    fn linger(&self) {
        let until = Instant::now() + LINGER;
        while !self.waiting.load(Ordering::Acquire) && Instant::now() < until {
            std::hint::spin_loop();
        }
    }

    /// Returns one outcome for each write, whatever the store does.
    fn commit(&self, writes: &[Write]) -> Vec<Answer> {
        match self.answers(writes, |writes| self.store.commit(writes).map(Some)) {
            Ok(answers) => answers.into_iter().flatten().map(Ok).collect(),
            Err(error) => writes.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    /// Commits a single write.
    fn commit_one(&self, write: &Write) -> Answer {
        let answers = self.answers(std::slice::from_ref(write), |writes| self.store.commit(writes).map(Some))?;
        answers.map_or_else(|| Err(closed()), |mut answers| Ok(answers.remove(0)))
    }

    /// Returns as many outcomes as writes, if the store has written.
    fn answers(
        &self,
        writes: &[Write],
        commit: impl FnOnce(&[Write]) -> Result<Option<Vec<Result<Written, Rejected>>>, StoreError>,
    ) -> Result<Option<Vec<Result<Written, Rejected>>>, StoreError> {
        let batch = metrics::Batch::of(writes);
        let text = match panics::caught(|| commit(writes)) {
            Ok(Ok(None)) => return Ok(None),
            Ok(Ok(Some(answers))) if answers.len() == writes.len() => {
                if let Some(batch) = batch {
                    batch.committed();
                }
                self.gone.store(false, Ordering::Relaxed);
                return Ok(Some(answers));
            }
            Ok(Ok(Some(answers))) => format!("the store gave {} answers to {} writes", answers.len(), writes.len()),
            Ok(Err(error)) => {
                metrics::store_failed("commit", &error);
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
