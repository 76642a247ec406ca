//! `steps`: the calls of a run's steps, with their attempts.

use crate::args::OfRun;
use crate::exit::Failure;
use crate::list::{Listed, pages, paging};
use crate::out::Out;
use crate::table::Cell;
use steadfast::inspect::{Attempt, Inspector, Step, StepStatus};

impl Listed for Step {
    const NAME: &'static str = "steps";
    const COLUMNS: &'static [&'static str] =
        &["position", "step", "status", "attempts", "context", "called", "ended", "failures"];

    fn cells(&self) -> Vec<Cell> {
        let failures: Vec<_> = self.attempts.iter().filter_map(failure).collect();
        let failures = if failures.is_empty() { Cell::Missing } else { Cell::Value(failures.join("; ")) };
        vec![
            self.position.into(),
            self.name.as_str().into(),
            word(self.status).into(),
            (self.attempts.len() as u64).into(),
            self.context.into(),
            self.called_at.into(),
            self.ended_at.into(),
            failures,
        ]
    }
}

fn failure(attempt: &Attempt) -> Option<String> {
    let number = attempt.attempt;
    if attempt.lost {
        return Some(format!("{number}: lost with its process"));
    }
    attempt.message.as_ref().map(|message| format!("{number}: {message}"))
}

const fn word(status: StepStatus) -> &'static str {
    match status {
        StepStatus::Running => "running",
        StepStatus::Retrying => "retrying",
        StepStatus::Completed => "completed",
        StepStatus::Failed => "failed",
        StepStatus::Abandoned => "abandoned",
        _ => "unknown",
    }
}

pub(super) async fn steps(inspector: &Inspector, out: &mut Out, of: &OfRun) -> Result<(), Failure> {
    pages(out, &of.list, async |limit, cursor| inspector.steps(&of.run, &paging(limit, cursor)).await).await
}
