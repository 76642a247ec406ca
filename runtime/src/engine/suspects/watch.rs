//! Records while code of a suspect is being polled. Other runs have no watch, so their polls cost nothing more.

use super::recorder::Recorder;
use crate::record::AttemptOutcome;
use crate::sql::Tx;
use crate::store::user_code::{TransactionBody, Within, rolled_back};
use futures_util::future::Either;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

/// The watch of one suspect.
pub(crate) struct Watch {
    run: i64,
    recorder: Arc<Recorder>,
    /// The number of threads that poll its code.
    polls: Mutex<u32>,
    /// Cleared once the run has made progress.
    active: AtomicBool,
}

/// A guard: code of the run is being polled while it lives.
pub(crate) struct Polled(Arc<Watch>);

impl Watch {
    pub(super) fn new(run: i64, recorder: Arc<Recorder>) -> Arc<Self> {
        Arc::new(Self { run, recorder, polls: Mutex::new(0), active: AtomicBool::new(true) })
    }

    pub(super) fn end(&self) {
        self.active.store(false, Ordering::Release);
    }

    pub(crate) fn enter(self: &Arc<Self>) -> Polled {
        self.count(|polls| polls + 1);
        Polled(self.clone())
    }

    /// Waits for a database in the middle of a poll: no code of the run runs meanwhile, and a kill from outside is more
    /// likely to come in a wait than in a poll.
    pub(crate) fn aside<T>(watch: Option<&Self>, wait: impl FnOnce() -> T) -> T {
        let Some(watch) = watch else { return wait() };
        watch.count(|polls| polls.saturating_sub(1));
        let answer = wait();
        watch.count(|polls| polls + 1);
        answer
    }

    fn count(&self, change: impl FnOnce(u32) -> u32) {
        let mut polls = self.polls.lock().unwrap_or_else(PoisonError::into_inner);
        let before = *polls;
        *polls = change(before);
        if (before == 0) != (*polls == 0) && self.active.load(Ordering::Acquire) {
            self.recorder.polled(self.run, *polls > 0);
        }
    }
}

impl Drop for Polled {
    fn drop(&mut self) {
        self.0.count(|polls| polls.saturating_sub(1));
    }
}

/// Wraps a future that runs a run's code; watched if the run is a suspect.
pub(crate) fn watched<F: Future>(watch: Option<Arc<Watch>>, future: F) -> Either<F, Watched<F>> {
    match watch {
        None => Either::Left(future),
        Some(watch) => Either::Right(Watched { future: Some(Box::pin(future)), watch }),
    }
}

/// A future that runs a suspect's code.
pub(crate) struct Watched<F> {
    future: Option<Pin<Box<F>>>,
    watch: Arc<Watch>,
}

impl<F: Future> Future for Watched<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let _polled = self.watch.enter();
        let Some(future) = &mut self.future else { return Poll::Pending };
        let ready = future.as_mut().poll(cx);
        if ready.is_ready() {
            self.future = None;
        }
        ready
    }
}

impl<F> Drop for Watched<F> {
    /// Counts as a poll, since the values that it drops run code of the run too.
    fn drop(&mut self) {
        let _polled = self.future.is_some().then(|| self.watch.enter());
        self.future = None;
    }
}

/// Wraps the code of a suspect's transaction: the wait for the committer and the commit are no polls.
pub(crate) fn watched_code(watch: Arc<Watch>, body: Arc<dyn TransactionBody>) -> Arc<dyn TransactionBody> {
    Arc::new(WatchedCode { body: Some(body), watch })
}

struct WatchedCode {
    /// `None` only while it is dropped.
    body: Option<Arc<dyn TransactionBody>>,
    watch: Arc<Watch>,
}

impl TransactionBody for WatchedCode {
    fn run(&self, tx: &mut Tx<'_>, within: &mut dyn Within) -> AttemptOutcome {
        let _polled = self.watch.enter();
        self.body.as_ref().map_or_else(|| rolled_back("it was dropped"), |body| body.run(tx, within))
    }
}

impl Drop for WatchedCode {
    fn drop(&mut self) {
        let _polled = self.watch.enter();
        self.body = None;
    }
}

#[cfg(test)]
mod tests {
    use super::super::recorder::{Recorder, Stage};
    use super::{Watch, watched};
    use futures_util::FutureExt;
    use std::path::{Path, PathBuf};
    use std::sync::{Arc, mpsc};

    fn is_polled(file: &Path) -> bool {
        std::fs::read(file).unwrap()[8 + 19] == 1
    }

    /// Sends, when dropped, whether code of the run is being polled.
    struct Dropped(PathBuf, mpsc::Sender<bool>);

    impl Drop for Dropped {
        fn drop(&mut self) {
            self.1.send(is_polled(&self.0)).unwrap();
        }
    }

    #[test]
    fn a_wait_for_the_database_is_no_poll() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db-owner-1");
        let recorder = Arc::new(Recorder::create(path.clone()).unwrap());
        recorder.set(1, Stage::Alone, 6);
        let watch = Watch::new(1, recorder);
        let polled = watch.enter();
        assert!(is_polled(&path));
        assert!(!Watch::aside(Some(&watch), || is_polled(&path)));
        assert!(is_polled(&path));
        drop(polled);
        assert!(!is_polled(&path));
    }

    #[test]
    fn what_a_suspect_does_is_recorded_while_it_is_polled_and_while_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db-owner-1");
        let recorder = Arc::new(Recorder::create(path.clone()).unwrap());
        recorder.set(1, Stage::Alone, 6);
        let (say, said) = mpsc::channel();
        let dropped = Dropped(path.clone(), say.clone());
        let code = async {
            say.send(is_polled(&path)).unwrap();
            let _dropped = dropped;
            std::future::pending::<()>().await;
        };
        let mut code = Box::pin(watched(Some(Watch::new(1, recorder.clone())), code));
        assert!(code.as_mut().now_or_never().is_none());
        assert!(said.try_recv().unwrap() && !is_polled(&path));
        drop(code);
        assert!(said.try_recv().unwrap() && !is_polled(&path));
    }
}
