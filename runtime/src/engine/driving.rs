//! The future that drives a run, polled by any task that has an event for it: its own, or that of an attempt that has
//! just ended. The latter continues with the next attempt, so that steps in sequence need neither a task nor a wake-up
//! each.
//!
//! Invariants: one task polls at a time; a poll that begins after a wake sees every event sent before that wake; an
//! attempt that it starts is run once. A model test (`tests/tests/driving`) takes this file as it is and tries every
//! order of a few tasks, with the types of `sync` replaced.

use super::sync::{AtomicU8, AtomicWaker, Mutex, MutexGuard, POLLS};
use futures_util::future::BoxFuture;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

/// A task polls the future, and has exclusive access.
const POLLED: u8 = 1;
/// The future was woken since the last poll began, perhaps for an event that this poll missed, so another poll must
/// follow.
const WOKEN: u8 = 2;
/// The future is complete, and dropped. [`POLLED`] stays set, so that no task polls it again.
const ENDED: u8 = 4;

/// The number of attempts that one task runs before it yields. A yield costs as much as several short attempts in
/// memory, because it wakes another thread; tokio's budget for one poll, 128 operations, is not used up by that many.
const IN_A_ROW: usize = 64;
/// The time for which one task runs attempts before it yields: several commits, if it leads (`committer`). Each yield
/// wakes another thread of the runtime.
const AT_A_TIME: Duration = Duration::from_micros(500);
/// The same for a store whose commits let the other tasks of the thread go on: they need not wait for the yield.
const ASIDE: Duration = Duration::from_millis(10);

/// The future that drives a run, and the state of who polls it.
pub(super) struct Driving {
    /// Each task sets its own flag and reads those of others in one atomic change: between a read and a later write,
    /// the polling task could let go and miss the flag.
    state: AtomicU8,
    /// Locked by the task that polls, so that no task ever waits.
    future: Mutex<Option<BoxFuture<'static, ()>>>,
    /// Locked likewise.
    next: Mutex<Next>,
    task: AtomicWaker,
}

/// An attempt of a step. When it has ended, its task runs the job that this returns.
pub(super) struct Job(pub(super) BoxFuture<'static, Option<Job>>);

/// The attempt with which the polling task continues.
enum Next {
    /// The polling task runs no attempts.
    Closed,
    Open,
    Taken(Job),
}

/// Returns the task of a future that other tasks may poll too.
pub(super) fn driven(future: impl FnOnce(Weak<Driving>) -> BoxFuture<'static, ()>) -> Task {
    Task(Arc::new_cyclic(|driving| Driving {
        state: AtomicU8::new(0),
        future: Mutex::new(Some(future(driving.clone()))),
        next: Mutex::new(Next::Closed),
        task: AtomicWaker::new(),
    }))
}

/// The future's own task, woken when no other task polls it.
pub(super) struct Task(Arc<Driving>);

impl Driving {
    /// Sends an event that wakes the future, and polls it here unless another task does. Returns an attempt that began
    /// meanwhile.
    pub(super) fn deliver(self: &Arc<Self>, send: impl FnOnce()) -> Option<Job> {
        // Taken before the send: the wake that follows then finds the future being polled, and does not wake its task.
        let here = self.take();
        send();
        if here { self.poll(true) } else { None }
    }

    /// Offers an attempt to the task of the one that ends now. An attempt that is returned needs a task of its own,
    /// which [`run`]s it. Called by the future.
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

    /// Takes the right to poll; returns whether the caller has it.
    fn take(&self) -> bool {
        self.state.fetch_or(POLLED, Ordering::AcqRel) & POLLED == 0
    }

    /// Polls the future in the task that has taken it.
    fn poll(self: &Arc<Self>, runs_attempts: bool) -> Option<Job> {
        let waker = Waker::from(self.clone());
        let mut job = None;
        for _ in 0..POLLS {
            // Before the poll: it may miss whatever wakes it from here on.
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
            // Unlocked before the state is cleared, so that the next task finds the mutex free.
            drop(future);
            if self.state.compare_exchange(POLLED, 0, Ordering::AcqRel, Ordering::Acquire).is_ok() {
                return job;
            }
        }
        // Woken in each poll; other tasks must have their turn. The future's own task continues, and must find it free.
        self.state.fetch_and(!POLLED, Ordering::AcqRel);
        self.task.wake();
        job
    }

    fn next(&self) -> MutexGuard<'_, Next> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs attempts, one after the other; `aside` if other tasks of the thread go on during their commits.
pub(super) async fn run(mut job: Job, aside: bool) {
    let at_a_time = if aside { ASIDE } else { AT_A_TIME };
    loop {
        let began = Instant::now();
        for _ in 0..IN_A_ROW {
            let Some(next) = job.0.await else { return };
            job = next;
            if began.elapsed() > at_a_time {
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
        // A polling task polls once more before it lets go.
        if self.state.fetch_or(WOKEN, Ordering::AcqRel) & POLLED == 0 {
            self.task.wake();
        }
    }
}

impl Future for Task {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let driving = &self.0;
        // Before the state is read: a task that lets go afterwards then wakes this one.
        driving.task.register(cx.waker());
        // A task that polls is made to poll once more. Nothing would be lost without that, because its poll began after
        // this task was woken, but events sent meanwhile are then handled at once.
        if driving.state.fetch_or(POLLED | WOKEN, Ordering::AcqRel) & POLLED == 0 {
            driving.poll(false);
        }
        if driving.state.load(Ordering::Acquire) & ENDED == 0 { Poll::Pending } else { Poll::Ready(()) }
    }
}

impl Drop for Task {
    /// Drops the future when the runtime ends; otherwise it would live on, since it holds its own waker.
    fn drop(&mut self) {
        let future = self.0.future.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(future);
    }
}
