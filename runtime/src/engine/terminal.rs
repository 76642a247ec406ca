//! A run on the console: what its steps do, as long as it runs.

mod screen;
mod view;

use self::screen::Screen;
use self::view::View;
use super::error::EngineError;
use super::handle::Run;
use crate::store::Status;
use std::time::{Duration, Instant};

/// How often what is shown is brought up to date.
const TICK: Duration = Duration::from_millis(100);
/// How often it is asked whether the run is parked or held up.
const ASK: Duration = Duration::from_secs(1);
/// How much is read before something is shown.
const AT_ONCE: usize = 4_096;

impl Run {
    /// Shows on the console what the run does, until it has ended: for each step how many are done, running and failed and
    /// [how far they are](crate::StepScope::progress), what is waited for, and each failure as a line of its own.
    ///
    /// ```no_run
    /// # async fn show(engine: steadfast::Engine) -> std::result::Result<(), steadfast::EngineError> {
    /// engine.run("ingest-7").await?.watch_in_terminal().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// It is drawn on standard error; where that is no terminal, plain lines say what has changed, at most one for each step
    /// in a second, and one for each failure. It reads the journal as every reader does, so the run does not notice, another
    /// process may drive it, and the call may be dropped at any time. A run that goes on with a fresh journal is followed. One
    /// that is parked is said to be, and no longer watched.
    ///
    /// # Errors
    /// The database cannot be read, the run was deleted, or the engine shuts down. How the run ended is no error: ask its
    /// [result](crate::RunHandle::result).
    pub async fn watch_in_terminal(&self) -> Result<(), EngineError> {
        let mut screen = Screen::new();
        let mut run = self.clone();
        loop {
            watch(&run, &mut screen).await?;
            // It may have gone on as another.
            let row = run.row().await?;
            if row.status != Status::Replaced {
                return Ok(());
            }
            run = Self::new(self.engine(), &run.next_row(row).await?);
        }
    }
}

/// Shows one execution of a run to its end.
async fn watch(run: &Run, screen: &mut Screen) -> Result<(), EngineError> {
    let mut activity = run.activity();
    let mut view = View::new(run.workflow(), run.id());
    let mut asked = None::<Instant>;
    loop {
        // It gives up nothing that it has read when the time is over.
        let mut next = match tokio::time::timeout(TICK, activity.next()).await {
            Ok(Ok(None)) => {
                view.is_over(run.status().await?.status);
                screen.finish(&mut view, &[]);
                return Ok(());
            }
            Ok(next) => next?,
            Err(_) => None,
        };
        for _ in 0..AT_ONCE {
            let Some(seen) = next else { break };
            view.see(seen);
            next = activity.try_next().await?;
        }
        if let Some(seen) = next {
            view.see(seen);
        }
        if asked.is_none_or(|asked| asked.elapsed() >= ASK) {
            asked = Some(Instant::now());
            let info = run.status().await?;
            view.blocked = info.blocked;
            if let Some(reason) = info.parked {
                view.say(&format!("parked: {reason}"));
                screen.finish(&mut view, &[]);
                return Ok(());
            }
        }
        screen.show(&mut view, &run.progress());
    }
}
