//! A run that several tasks poll, on real threads. The model in `tests/tests/driving` tries every order of a few
//! events.

use super::driving::{Driving, Job, driven, run};
use futures_util::FutureExt;
use std::sync::{Arc, Weak, mpsc};
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).build().unwrap()
}

/// Returns a future that sums up `count` numbers, with the sender of the numbers and the receiver of the sum.
fn counting(runtime: &Runtime, count: u32) -> (Arc<Driving>, UnboundedSender<u32>, mpsc::Receiver<u32>) {
    let (send, mut numbers) = unbounded_channel();
    let (done, counted) = mpsc::channel();
    let (give, given) = mpsc::channel::<Weak<Driving>>();
    runtime.spawn(driven(move |driving| {
        give.send(driving).unwrap();
        let count = async move {
            let mut sum = 0;
            for _ in 0..count {
                sum += numbers.recv().await.unwrap();
            }
            done.send(sum).unwrap();
        };
        count.boxed()
    }));
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
                        assert!(driving.deliver(|| send.send(1).unwrap()).is_none());
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
    assert!(driving.deliver(|| send.send(1).unwrap()).is_none());
    drop(runtime);
    assert!(send.send(1).is_err());
    assert_eq!(Arc::strong_count(&driving), 1);
    assert!(driving.deliver(|| ()).is_none());
}

#[test]
fn one_of_the_attempts_that_begin_is_for_the_task_of_the_one_that_ends() {
    let runtime = runtime();
    let on: Handle = runtime.handle().clone();
    let (send, mut words) = unbounded_channel();
    let (give, given) = mpsc::channel::<Weak<Driving>>();
    runtime.spawn(driven(move |driving| {
        give.send(driving.clone()).unwrap();
        let drive = async move {
            while words.recv().await.is_some() {
                for _ in 0..3 {
                    let job = Job(std::future::ready(None).boxed());
                    if let Some(job) = driving.upgrade().unwrap().begin(job) {
                        on.spawn(run(job, false));
                    }
                }
            }
        };
        drive.boxed()
    }));
    let driving = given.recv().unwrap().upgrade().unwrap();
    // The task that polls it at this moment may be the future's own.
    let job = std::iter::repeat_with(|| driving.deliver(|| send.send(()).unwrap())).take(1_000).find_map(|job| job);
    assert!(job.is_some());
}
