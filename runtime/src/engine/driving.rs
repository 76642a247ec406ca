//! The future that drives a run, polled by a task that has something for it: its own, or that of an attempt which has just
//! ended. That one goes on with the next attempt, so that steps in sequence need neither a task nor a wake-up each.

use futures_util::future::BoxFuture;
use futures_util::task::AtomicWaker;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// Nobody polls it.
const IDLE: u8 = 0;
/// A task polls it.
const POLLED: u8 = 1;
/// A task polls it, and it was woken since that poll began.
const WOKEN: u8 = 2;
/// It is ready.
const ENDED: u8 = 3;

/// How often the polling task polls it again because it was woken meanwhile; then its own task goes on.
const POLLS: usize = 8;
/// How many attempts one task runs, and for how long, before others may.
const IN_A_ROW: usize = 16;
const AT_A_TIME: Duration = Duration::from_micros(100);

/// The future that drives a run, and who polls it.
pub(super) struct Driving {
    state: AtomicU8,
    /// Locked by the task that has set `state` to [`POLLED`], so that no task ever waits.
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

/// Drives a run in a task of its own.
pub(super) fn spawn(runtime: &Handle, future: impl FnOnce(Weak<Driving>) -> BoxFuture<'static, ()>) {
    runtime.spawn(Task(Arc::new_cyclic(|driving| Driving {
        state: AtomicU8::new(IDLE),
        future: Mutex::new(Some(future(driving.clone()))),
        next: Mutex::new(Next::Closed),
        task: AtomicWaker::new(),
    })));
}

/// The task of the future: woken when nobody else polls it.
struct Task(Arc<Driving>);

impl Driving {
    /// Says something that wakes the future, and polls it here, unless another task does. Gives an attempt that began then.
    pub(super) fn tell(self: &Arc<Self>, say: impl FnOnce()) -> Option<Job> {
        let here = self.turn(IDLE, POLLED);
        say();
        if here { self.poll(true) } else { None }
    }

    /// Runs an attempt, in the task of the one that ends now or in another. Called by the future.
    pub(super) fn begin(&self, job: Job, runtime: &Handle) {
        let mut next = self.next();
        if matches!(*next, Next::Open) {
            *next = Next::Taken(job);
        } else {
            runtime.spawn(run(job));
        }
    }

    /// Polls the future, by the task that has set `state` to [`POLLED`].
    fn poll(self: &Arc<Self>, runs_attempts: bool) -> Option<Job> {
        let waker = Waker::from(self.clone());
        let mut job = None;
        for _ in 0..POLLS {
            self.state.store(POLLED, Ordering::SeqCst);
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
                self.state.store(ENDED, Ordering::SeqCst);
                self.task.wake();
                drop(future);
                return job;
            }
            drop(future);
            if self.turn(POLLED, IDLE) {
                return job;
            }
        }
        self.state.store(IDLE, Ordering::SeqCst);
        self.task.wake();
        job
    }

    fn next(&self) -> MutexGuard<'_, Next> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn(&self, from: u8, to: u8) -> bool {
        self.state.compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }
}

/// Runs attempts, one after the other.
async fn run(mut job: Job) {
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
        if !self.turn(POLLED, WOKEN) && self.state.load(Ordering::SeqCst) != WOKEN {
            self.task.wake();
        }
    }
}

impl Future for Task {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let driving = &self.0;
        driving.task.register(cx.waker());
        if driving.turn(IDLE, POLLED) {
            driving.poll(false);
        } else {
            // The task that polls it now does so once more.
            driving.turn(POLLED, WOKEN);
        }
        if driving.state.load(Ordering::SeqCst) == ENDED { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Task {
    /// The runtime ends: the future holds its own waker.
    fn drop(&mut self) {
        let future = self.0.future.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(future);
    }
}

#[cfg(test)]
mod tests {
    use super::{Driving, Job, spawn};
    use futures_util::FutureExt;
    use std::sync::{Arc, Weak, mpsc};
    use std::time::Duration;
    use tokio::runtime::{Builder, Handle, Runtime};
    use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

    fn runtime() -> Runtime {
        Builder::new_multi_thread().worker_threads(2).build().unwrap()
    }

    /// A future that counts so many numbers, and is told of them here.
    fn counting(runtime: &Runtime, count: u32) -> (Arc<Driving>, UnboundedSender<u32>, mpsc::Receiver<u32>) {
        let (send, mut numbers) = unbounded_channel();
        let (done, counted) = mpsc::channel();
        let (give, given) = mpsc::channel::<Weak<Driving>>();
        spawn(runtime.handle(), move |driving| {
            give.send(driving).unwrap();
            let count = async move {
                let mut sum = 0;
                for _ in 0..count {
                    sum += numbers.recv().await.unwrap();
                }
                done.send(sum).unwrap();
            };
            count.boxed()
        });
        (given.recv().unwrap().upgrade().unwrap(), send, counted)
    }

    #[test]
    fn no_word_is_lost_between_those_who_poll() {
        let runtime = runtime();
        let (driving, send, counted) = counting(&runtime, 80_000);
        std::thread::scope(|threads| {
            for lane in 0..8 {
                let (driving, send) = (&driving, &send);
                threads.spawn(move || {
                    for _ in 0..10_000 {
                        // Some only wake it, as a timer or the store does.
                        if lane % 4 == 0 {
                            send.send(1).unwrap();
                        } else {
                            assert!(driving.tell(|| send.send(1).unwrap()).is_none());
                        }
                    }
                });
            }
        });
        assert_eq!(counted.recv_timeout(Duration::from_secs(20)), Ok(80_000));
    }

    #[test]
    fn what_ends_with_its_runtime_leaves_nothing() {
        let runtime = runtime();
        let (driving, send, _counted) = counting(&runtime, 2);
        assert!(driving.tell(|| send.send(1).unwrap()).is_none());
        drop(runtime);
        assert!(send.send(1).is_err());
        assert_eq!(Arc::strong_count(&driving), 1);
        assert!(driving.tell(|| ()).is_none());
    }

    #[test]
    fn one_of_the_attempts_that_begin_is_for_the_task_of_the_one_that_ends() {
        let runtime = runtime();
        let on: Handle = runtime.handle().clone();
        let (send, mut words) = unbounded_channel();
        let (give, given) = mpsc::channel::<Weak<Driving>>();
        spawn(runtime.handle(), move |driving| {
            give.send(driving.clone()).unwrap();
            let drive = async move {
                while words.recv().await.is_some() {
                    for _ in 0..3 {
                        driving.upgrade().unwrap().begin(Job(std::future::ready(None).boxed()), &on);
                    }
                }
            };
            drive.boxed()
        });
        let driving = given.recv().unwrap().upgrade().unwrap();
        // The task that polls it at this moment may be its own.
        let job = std::iter::repeat_with(|| driving.tell(|| send.send(()).unwrap())).take(1_000).find_map(|job| job);
        assert!(job.is_some());
    }
}
