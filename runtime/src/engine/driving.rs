//! The future that drives a run, polled by a task that has something for it: its own, or that of an attempt which has just
//! ended. That one goes on with the next attempt, so that steps in sequence need neither a task nor a wake-up each.
//!
//! What must hold: one task polls at a time; of whatever is said to the future before it is woken, a poll that begins
//! afterwards learns; an attempt that it begins is run once. A model test (`tests/tests/driving`) takes this file as it is and
//! tries every order of a few tasks, with the types of `sync` replaced.

use super::sync::{AtomicU8, AtomicWaker, Mutex, MutexGuard, POLLS};
use futures_util::future::BoxFuture;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

/// A task polls it, and has it to itself.
const POLLED: u8 = 1;
/// It was woken since the last poll began: perhaps for something that this poll did not see any more, so there is to be another.
const WOKEN: u8 = 2;
/// It is ready, and gone. It stays [`POLLED`], so that nobody polls it again.
const ENDED: u8 = 4;

/// How many attempts one task runs, and for how long, before others may.
const IN_A_ROW: usize = 16;
const AT_A_TIME: Duration = Duration::from_micros(100);

/// The future that drives a run, and who polls it.
pub(super) struct Driving {
    /// Who looks whether another polls says in the same change what that one has to know: with a look and then a change, it
    /// could let go in between.
    state: AtomicU8,
    /// Locked by the task that has taken it, so that no task ever waits.
    future: Mutex<Option<BoxFuture<'static, ()>>>,
    /// The same.
    next: Mutex<Next>,
    task: AtomicWaker,
}

/// An attempt of a step. When it has ended, its task runs the one that this gives.
pub(super) struct Job(pub(super) BoxFuture<'static, Option<Job>>);

/// The attempt with which the polling task goes on.
enum Next {
    /// Who polls it runs no attempts.
    Closed,
    Open,
    Taken(Job),
}

/// The task of a future that others may poll too.
pub(super) fn driven(future: impl FnOnce(Weak<Driving>) -> BoxFuture<'static, ()>) -> Task {
    Task(Arc::new_cyclic(|driving| Driving {
        state: AtomicU8::new(0),
        future: Mutex::new(Some(future(driving.clone()))),
        next: Mutex::new(Next::Closed),
        task: AtomicWaker::new(),
    }))
}

/// The task of the future: woken when nobody else polls it.
pub(super) struct Task(Arc<Driving>);

impl Driving {
    /// Says something that wakes the future, and polls it here, unless another task does. Gives an attempt that began then.
    pub(super) fn deliver(self: &Arc<Self>, send: impl FnOnce()) -> Option<Job> {
        let here = self.take();
        send();
        if here { self.poll(true) } else { None }
    }

    /// Gives an attempt to the task of the one that ends now. One that is given back needs a task of its own, which
    /// [`run`]s it. Called by the future.
    #[must_use]
    pub(super) fn begin(&self, job: Job) -> Option<Job> {
        let mut next = self.next();
        if matches!(*next, Next::Open) {
            *next = Next::Taken(job);
            None
        } else {
            Some(job)
        }
    }

    /// Whether the task that asks is the one that polls from now on.
    fn take(&self) -> bool {
        self.state.fetch_or(POLLED, Ordering::AcqRel) & POLLED == 0
    }

    /// Polls the future, by the task that has taken it.
    fn poll(self: &Arc<Self>, runs_attempts: bool) -> Option<Job> {
        let waker = Waker::from(self.clone());
        let mut job = None;
        for _ in 0..POLLS {
            // Before the poll: what wakes it from here on, this poll may have missed.
            self.state.fetch_and(!WOKEN, Ordering::AcqRel);
            if runs_attempts && job.is_none() {
                *self.next() = Next::Open;
            }
            let mut future = self.future.lock().unwrap_or_else(PoisonError::into_inner);
            let mut context = Context::from_waker(&waker);
            let ended = future.as_mut().is_none_or(|future| future.as_mut().poll(&mut context).is_ready());
            if let Next::Taken(taken) = std::mem::replace(&mut *self.next(), Next::Closed) {
                job = Some(taken);
            }
            if ended {
                let future = future.take();
                self.state.fetch_or(ENDED, Ordering::AcqRel);
                self.task.wake();
                drop(future);
                return job;
            }
            // Let go of before the state says so, for the next to find it free.
            drop(future);
            if self.state.compare_exchange(POLLED, 0, Ordering::AcqRel, Ordering::Acquire).is_ok() {
                return job;
            }
        }
        // It was woken each time, and others are to have their turn: its own task goes on, and must find it free.
        self.state.fetch_and(!POLLED, Ordering::AcqRel);
        self.task.wake();
        job
    }

    fn next(&self) -> MutexGuard<'_, Next> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs attempts, one after the other.
pub(super) async fn run(mut job: Job) {
    loop {
        let began = Instant::now();
        for _ in 0..IN_A_ROW {
            let Some(next) = job.0.await else { return };
            job = next;
            if began.elapsed() > AT_A_TIME {
                break;
            }
        }
        tokio::task::yield_now().await;
    }
}

impl Wake for Driving {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // A task that polls it does so once more before it lets go.
        if self.state.fetch_or(WOKEN, Ordering::AcqRel) & POLLED == 0 {
            self.task.wake();
        }
    }
}

impl Future for Task {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let driving = &self.0;
        // Before the look at the state: who lets go afterwards wakes this task.
        driving.task.register(cx.waker());
        // Another that polls does so once more: it has begun since this task was woken, so that nothing is lost without it, but
        // what is said in the meantime is then handled at once.
        if driving.state.fetch_or(POLLED | WOKEN, Ordering::AcqRel) & POLLED == 0 {
            driving.poll(false);
        }
        if driving.state.load(Ordering::Acquire) & ENDED == 0 { Poll::Pending } else { Poll::Ready(()) }
    }
}

impl Drop for Task {
    /// The runtime ends: the future holds its own waker.
    fn drop(&mut self) {
        let future = self.0.future.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(future);
    }
}
