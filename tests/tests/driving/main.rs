//! Checks every order in which a few tasks can drive one run: the hand-off of `runtime/src/engine/driving.rs`,
//! unchanged, over the synchronization types of the model checker.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::{future::block_on, model::Builder, thread};
use std::future::poll_fn;
use std::sync::{Arc, Weak, mpsc};
use std::task::Poll;

/// The synchronization types of the model checker.
mod sync {
    pub(crate) use loom::sync::atomic::AtomicU8;
    pub(crate) use loom::sync::{Mutex, MutexGuard};
    use std::task::Waker;

    /// So low that two messages are enough for a hand-off.
    pub(crate) const POLLS: usize = 1;

    /// A waker with the signatures of `futures_util`.
    pub(crate) struct AtomicWaker(loom::future::AtomicWaker);

    impl AtomicWaker {
        pub(crate) fn new() -> Self {
            Self(loom::future::AtomicWaker::new())
        }

        pub(crate) fn register(&self, waker: &Waker) {
            self.0.register_by_ref(waker);
        }

        pub(crate) fn wake(&self) {
            self.0.wake();
        }
    }
}

#[path = "../../../runtime/src/engine/driving.rs"]
mod driving;

use driving::{Driving, Job, driven, run};

/// The messages to the run, and the attempts that it starts.
struct Talk {
    said: AtomicUsize,
    waker: sync::AtomicWaker,
    /// The number of attempts that ran.
    ran: AtomicUsize,
    /// The number of attempts that the run got back, to spawn as their own tasks.
    given_back: AtomicUsize,
}

impl Talk {
    fn new() -> Arc<Self> {
        let zero = || AtomicUsize::new(0);
        Arc::new(Self { said: zero(), waker: sync::AtomicWaker::new(), ran: zero(), given_back: zero() })
    }

    /// Sends one message, as the mailbox of a driver does.
    fn say(&self) {
        self.said.fetch_add(1, Ordering::SeqCst);
        self.waker.wake();
    }

    /// Receives `words` messages, starts an attempt at each, and is ready.
    fn heard(self: Arc<Self>, words: usize, driving: Weak<Driving>) -> BoxFuture<'static, ()> {
        let mut heard = 0;
        let hear = poll_fn(move |cx| {
            self.waker.register(cx.waker());
            let said = self.said.load(Ordering::SeqCst);
            for _ in heard..said {
                if let Some(driving) = driving.upgrade()
                    && driving.begin(self.clone().attempt()).is_some()
                {
                    self.given_back.fetch_add(1, Ordering::SeqCst);
                }
            }
            heard = said;
            if heard < words { Poll::Pending } else { Poll::Ready(()) }
        });
        hear.boxed()
    }

    fn attempt(self: Arc<Self>) -> Job {
        let attempt = async move {
            self.ran.fetch_add(1, Ordering::SeqCst);
            None
        };
        Job(attempt.boxed())
    }
}

/// Checks one run that waits for a message from each of these tasks: attempts that end, and others that only wake it,
/// as a timer does. In every order the run receives them all, and each attempt that it starts either runs here or is
/// returned, once.
fn all_are_heard(attempts: usize, others: usize) {
    // The number of forced task switches: loom's documentation calls two or three enough for most faults.
    let mut checker = Builder::new();
    checker.preemption_bound = Some(3);
    checker.check(move || {
        let talk = Talk::new();
        let (give, handed) = mpsc::channel();
        let hears = talk.clone();
        let own = driven(move |driving| {
            give.send(driving.clone()).expect("it is waited for");
            hears.heard(attempts + others, driving)
        });
        let driving: Weak<Driving> = handed.recv().expect("it was made");
        let mut threads = Vec::new();
        for _ in 0..attempts {
            let (talk, driving) = (talk.clone(), driving.clone());
            threads.push(thread::spawn(move || {
                let Some(driving) = driving.upgrade() else { return talk.say() };
                if let Some(job) = driving.deliver(|| talk.say()) {
                    block_on(run(job, false));
                }
            }));
        }
        for _ in 0..others {
            let talk = talk.clone();
            threads.push(thread::spawn(move || talk.say()));
        }
        // A lost message leaves this task waiting forever, which the checker reports.
        block_on(own);
        for thread in threads {
            thread.join().expect("no thread panics");
        }
        let done = talk.ran.load(Ordering::SeqCst) + talk.given_back.load(Ordering::SeqCst);
        assert_eq!(done, attempts + others, "every attempt is run once");
    });
}

#[test]
fn two_attempts_that_end_at_once() {
    all_are_heard(2, 0);
}

#[test]
fn an_attempt_that_ends_while_a_timer_fires() {
    all_are_heard(1, 1);
}

#[test]
fn two_that_only_wake_it() {
    all_are_heard(0, 2);
}
