//! `schedules`: their next times, and their last firings.

use crate::args::ListArgs;
use crate::exit::Failure;
use crate::list::{Listed, pages, paging};
use crate::out::Out;
use crate::table::Cell;
use steadfast::inspect::Inspector;
use steadfast::{FiringOutcome, ScheduleInfo};

impl Listed for ScheduleInfo {
    const NAME: &'static str = "schedules";
    const COLUMNS: &'static [&'static str] =
        &["name", "times", "workflow", "started", "next", "last", "last_outcome", "obstacle"];

    fn cells(&self) -> Vec<Cell> {
        let last = self.last.last();
        let paused = self.paused.as_ref().map(|why| format!("paused: {why}"));
        vec![
            self.name.as_str().into(),
            self.times.as_str().into(),
            format!("{}@{}", self.workflow, self.version).into(),
            self.started.into(),
            self.next.first().copied().into(),
            last.map(|firing| firing.nominal).into(),
            last.map(|firing| outcome(&firing.outcome)).into(),
            paused.or_else(|| self.blocked.clone()).into(),
        ]
    }
}

fn outcome(outcome: &FiringOutcome) -> String {
    match outcome {
        FiringOutcome::Started { run } => format!("started {run}"),
        FiringOutcome::Skipped { running } => format!("skipped, {running} was running"),
        FiringOutcome::Missed { count, .. } => format!("missed {count}"),
        _ => "unknown".to_owned(),
    }
}

pub(super) async fn schedules(inspector: &Inspector, out: &mut Out, list: &ListArgs) -> Result<(), Failure> {
    pages(out, list, async |limit, cursor| inspector.schedules(&paging(limit, cursor)).await).await
}
