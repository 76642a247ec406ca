//! Shows the steps of a run on the console while it runs.

mod screen;
mod view;

use self::screen::Screen;
use self::view::View;
use super::error::EngineError;
use super::handle::Run;
use crate::store::Status;
use std::time::{Duration, Instant};

/// The interval at which the display is updated.
const TICK: Duration = Duration::from_millis(100);
/// The interval at which the status is read for whether the run is parked or blocked.
const ASK: Duration = Duration::from_secs(1);
/// The most activities read before the display is updated.
const AT_ONCE: usize = 4_096;

impl Run {
    /// Shows on the console what the run does until it ends: for each step how many calls are done, running and failed
    /// and [their progress](crate::StepScope::progress), what the run waits for, and each failure on a line of its own
    /// with the command index of its call. Of the failures before this call only the last is shown, with their number.
    ///
    /// ```no_run
    /// # async fn show(engine: steadfast::Engine) -> std::result::Result<(), steadfast::EngineError> {
    /// engine.run("ingest-7").await?.watch_in_terminal().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// It is drawn on standard error. If that is no terminal, plain lines show the changes, at most one line for each
    /// step in a second, and one for each failure. It reads the journal as every reader does, so the run is not
    /// affected, another process may drive it, and the call may be dropped at any time. A run that continues as new is
    /// followed. If the run is parked, its reason is shown and the call returns.
    ///
    /// # Errors
    /// The database cannot be read, the run was deleted, or the engine shuts down. An error of the run itself is none
    /// of this call: see its [result](crate::RunHandle::result).
    pub async fn watch_in_terminal(&self) -> Result<(), EngineError> {
        let mut screen = Screen::new();
        let mut run = self.clone();
        loop {
            watch(&run, &mut screen).await?;
            // The run may have continued as new.
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
        // The timeout loses no item that was read.
        let mut next = match tokio::time::timeout(TICK, activity.next()).await {
            Ok(Ok(None)) => {
                view.caught_up();
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
        match next {
            Some(seen) => view.see(seen),
            // Nothing more is recorded.
            None => view.caught_up(),
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
        screen.show(&mut view, &run.progress().await?);
    }
}
