//! The one place that writes: collects what all runs have appended since the last commit and writes it in one
//! transaction. Natural batching: no timer, no added delay.

use crate::store::{Rejected, Store, StoreError, StoreErrorKind, Write, Written};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// What becomes of one write.
pub(crate) type Answer = Result<Result<Written, Rejected>, StoreError>;
type Reply = Box<dyn FnOnce(Answer) + Send>;

/// The writer of a store, on a thread of its own if the store waits for a disk.
pub(crate) struct Committer {
    shared: Arc<Shared>,
    thread: Option<std::thread::JoinHandle<()>>,
}

struct Shared {
    store: Arc<dyn Store>,
    queue: Mutex<Queue>,
    filled: Condvar,
}

#[derive(Default)]
struct Queue {
    writes: Vec<Write>,
    replies: Vec<Reply>,
    closed: bool,
}

/// The most writes of one transaction: bounds what a single run waits for behind others.
const BATCH: usize = 1_024;

impl Committer {
    pub(crate) fn start(store: Arc<dyn Store>) -> Self {
        let waits = store.waits();
        let shared = Arc::new(Shared { store, queue: Mutex::default(), filled: Condvar::new() });
        let thread = waits.then(|| {
            let shared = shared.clone();
            let name = "steadfast-commit".to_owned();
            std::thread::Builder::new().name(name).spawn(move || shared.run()).expect("a thread can be started")
        });
        Self { shared, thread }
    }

    /// Hands over a write; `reply` is called with its answer, from another thread or before this returns.
    pub(crate) fn submit(&self, write: Write, reply: impl FnOnce(Answer) + Send + 'static) {
        let mut queue = self.shared.queue();
        if queue.closed {
            drop(queue);
            return reply(Err(closed()));
        }
        if self.thread.is_none() {
            // The queue's lock is held, so that the writes of one run keep their order.
            let answer = self.shared.store.commit(std::slice::from_ref(&write)).map(|mut answers| answers.remove(0));
            drop(queue);
            return reply(answer);
        }
        queue.writes.push(write);
        queue.replies.push(Box::new(reply));
        let first = queue.writes.len() == 1;
        drop(queue);
        if first {
            self.shared.filled.notify_one();
        }
    }

    /// Hands over a write and waits for its answer.
    pub(crate) async fn write(&self, write: Write) -> Answer {
        let (tell, told) = tokio::sync::oneshot::channel();
        self.submit(write, move |answer| {
            // Nobody waits any longer: the write is done all the same.
            let _ = tell.send(answer);
        });
        told.await.unwrap_or_else(|_| Err(closed()))
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
            queue.writes.clear();
            std::mem::take(&mut queue.replies)
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
        let (mut writes, mut replies) = (Vec::new(), Vec::new());
        loop {
            {
                let mut queue = self.queue();
                while queue.writes.is_empty() {
                    if queue.closed {
                        return;
                    }
                    queue = self.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
                }
                let batch = queue.writes.len().min(BATCH);
                writes.extend(queue.writes.drain(..batch));
                replies.extend(queue.replies.drain(..batch));
            }
            match self.store.commit(&writes) {
                Ok(answers) => {
                    debug_assert_eq!(answers.len(), replies.len(), "a store answers every write");
                    for (reply, answer) in replies.drain(..).zip(answers) {
                        reply(Ok(answer));
                    }
                }
                Err(error) => replies.drain(..).for_each(|reply| reply(Err(error.clone()))),
            }
            writes.clear();
        }
    }
}
